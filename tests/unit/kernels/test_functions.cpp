// The error of exp, expm1, log1p_unit, tanh and erf as the build has selected them, in units in the last place: the
// distance from the exact value over the spacing of T's numbers there. docs/numerics.md states the bounds.

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <thread>
#include <type_traits>
#include <vector>

#include <idm/kernels/select.hpp>

#include "support/catch.hpp"

namespace {

using idm::Index;
namespace kernels = idm::kernels;

// A function as an activation, so that it runs as the layers run it.
#define IDM_TEST_FUNCTION(Name, function)                                                         \
    struct Name {                                                                                 \
        template <class M>                                                                        \
        typename M::V value(const typename M::V& x) const {                                       \
            return M::function(x);                                                                \
        }                                                                                         \
        static double exact(float x) { return std::function(double(x)); }                         \
        static long double exact(double x) { return std::function(static_cast<long double>(x)); } \
    }
IDM_TEST_FUNCTION(Exp, exp);
IDM_TEST_FUNCTION(Expm1, expm1);
IDM_TEST_FUNCTION(Tanh, tanh);
IDM_TEST_FUNCTION(Erf, erf);

/// Defined on [0, 1]; elsewhere the test asks for nothing.
struct Log1pUnit {
    template <class M>
    typename M::V value(const typename M::V& x) const {
        return M::log1p_unit(x);
    }
    static double exact(float x) { return std::log1p(double(x)); }
    static long double exact(double x) { return std::log1p(static_cast<long double>(x)); }
};

struct Error {
    double worst = 0;      // in units in the last place
    double at = 0;         // where
    long not_special = 0;  // values that should be NaN or infinite and are not, or the other way round
};

template <class T, class Exact>
double units(T value, Exact exact) {
    int exponent = 0;
    std::frexp(exact, &exponent);
    exponent = std::max(exponent, std::numeric_limits<T>::min_exponent);
    const Exact spacing = std::ldexp(Exact(1), exponent - std::numeric_limits<T>::digits);
    return static_cast<double>(std::abs(static_cast<Exact>(value) - exact) / spacing);
}

// exp and expm1 may overflow for the last 0.35 before they must, and exp may give 0 for a subnormal result.
template <class T, class Exact>
bool is_edge(T value, Exact exact) {
    using limits = std::numeric_limits<T>;
    return (exact > static_cast<Exact>(limits::max()) / Exact(1.5) && std::isinf(value) && value > 0) ||
           (exact < static_cast<Exact>(limits::min()) && exact > 0 && value == 0);
}

template <class F, class T>
void add(Error& error, const std::vector<T>& x, std::vector<T>& y) {
    y.resize(x.size());
    kernels::activation_forward(F(), static_cast<Index>(x.size()), x.data(), y.data());
    for (std::size_t i = 0; i < x.size(); ++i) {
        if (std::is_same_v<F, Log1pUnit> && (x[i] < 0 || x[i] > 1)) continue;
        const auto exact = F::exact(x[i]);
        const T rounded = static_cast<T>(exact);
        if (std::is_same_v<F, Exp> || std::is_same_v<F, Expm1>)
            if (is_edge(y[i], exact)) continue;
        if (!std::isfinite(rounded) || !std::isfinite(y[i])) {
            error.not_special += !(std::isnan(rounded) ? std::isnan(y[i]) : rounded == y[i]);
        } else if (const double u = units(y[i], exact); u > error.worst) {
            error.worst = u;
            error.at = static_cast<double>(x[i]);
        }
    }
}

/// Every `step`-th bit pattern of a float, from `begin` on: all magnitudes, both signs, infinities and NaNs.
template <class F>
Error over_floats(std::uint64_t step, std::uint64_t begin = 0) {
    Error error;
    std::vector<float> x, y;
    for (std::uint64_t pattern = begin; pattern < std::uint64_t{1} << 32;) {
        x.clear();
        for (; x.size() < 4096 && pattern < std::uint64_t{1} << 32; pattern += step)
            x.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(pattern)));
        add<F>(error, x, y);
    }
    return error;
}

/// The same of double, whose last bits a fixed odd step runs through.
template <class F>
Error over_doubles(std::uint64_t count) {
    Error error;
    std::vector<double> x, y;
    const std::uint64_t step = (~std::uint64_t{0} / count) | 1;
    for (std::uint64_t i = 0; i < count;) {
        x.clear();
        for (; x.size() < 4096 && i < count; ++i) x.push_back(std::bit_cast<double>(i * step));
        // A second series where the functions bend: uniform in [-8, 8).
        for (std::size_t k = 0; k < 4096; ++k)
            x.push_back(-8 + 16 * (static_cast<double>(k) + static_cast<double>(i % 4093) / 4093) / 4096);
        add<F>(error, x, y);
    }
    return error;
}

template <class F>
void check(const char* name, const Error& error, double bound) {
    INFO(name << ": " << error.worst << " units at " << error.at << ", " << error.not_special << " specials wrong");
    CHECK(error.worst <= bound);
    CHECK(error.not_special == 0);
}

/// All floats, on four threads.
template <class F>
Error over_all_floats() {
    Error errors[4];
    std::vector<std::thread> threads;
    for (std::uint64_t t = 0; t < 4; ++t) threads.emplace_back([&errors, t] { errors[t] = over_floats<F>(4, t); });
    for (std::thread& thread : threads) thread.join();
    Error all;
    for (const Error& e : errors) {
        if (e.worst > all.worst) all.worst = e.worst, all.at = e.at;
        all.not_special += e.not_special;
    }
    return all;
}

}  // namespace

TEST_CASE("float functions, every 1021st of all floats", "[functions]") {
    check<Exp>("exp", over_floats<Exp>(1021), 2);
    check<Expm1>("expm1", over_floats<Expm1>(1021), 2.5);
    check<Log1pUnit>("log1p_unit", over_floats<Log1pUnit>(1021), 3);
    check<Tanh>("tanh", over_floats<Tanh>(1021), 2.5);
    check<Erf>("erf", over_floats<Erf>(1021), 2.5);
}

TEST_CASE("double functions, a million numbers, a sixteenth of it where a processor is emulated", "[functions]") {
#if defined(IDM_TEST_EMULATED)
    constexpr int count = 1 << 16;
#else
    constexpr int count = 1 << 20;
#endif
    check<Exp>("exp", over_doubles<Exp>(count), 1.5);
    check<Expm1>("expm1", over_doubles<Expm1>(count), 2.5);
    check<Log1pUnit>("log1p_unit", over_doubles<Log1pUnit>(count), 3);
    check<Tanh>("tanh", over_doubles<Tanh>(count), 2.5);
    check<Erf>("erf", over_doubles<Erf>(count), 4);
}

TEST_CASE("float functions, all floats", "[functions][.long]") {
    check<Exp>("exp", over_all_floats<Exp>(), 2);
    check<Expm1>("expm1", over_all_floats<Expm1>(), 2.5);
    check<Log1pUnit>("log1p_unit", over_all_floats<Log1pUnit>(), 3);
    check<Tanh>("tanh", over_all_floats<Tanh>(), 2.5);
    check<Erf>("erf", over_all_floats<Erf>(), 2.5);
}
