// The selected activations against their reference, for every size up to several vectors and a rest.

#include <algorithm>
#include <cmath>
#include <limits>

#include "implementations.hpp"
#include "support/catch.hpp"
#include "support/guarded.hpp"

using namespace test;

namespace {

/// Each of exp, expm1, log1p_unit, tanh and erf is at most 4 units in the last place off (see test_functions.cpp), on
/// numbers below 2, and at most 8 roundings follow.
template <class T>
double bound() {
    return 2 * (4 + 8) * static_cast<double>(std::numeric_limits<T>::epsilon());
}

template <class T>
double largest_difference(const Guarded<T>& a, const Guarded<T>& b) {
    double worst = 0;
    for (Index i = 0; i < a.run(); ++i)
        worst = std::max(worst, std::abs(static_cast<double>(a.at(0, i)) - static_cast<double>(b.at(0, i))));
    return worst;
}

template <class T, class F>
void check(const char* name, const F& f) {
    for (Index size = 0; size <= most_numbers; ++size) {
        INFO(name << ", size " << size);
        const auto x = guarded_uniform<T>(size, 1), d_y = guarded_uniform<T>(size, 2);
        auto y = guarded_line<T>(size), expected = y, one_by_one = y;
        Selected<T>::template activation_forward<F>(f, size, x.data(), y.data());
        Reference<T>::template activation_forward<F>(f, size, x.data(), expected.data());
        CHECK(largest_difference(y, expected) <= bound<T>());
        CHECK(y.is_untouched_outside());
        for (Index i = 0; i < size; ++i)
            Selected<T>::template activation_forward<F>(f, 1, x.data() + i, one_by_one.data() + i);
        CHECK(difference_in_bits(one_by_one, y) == "");
        auto in_place = x;
        Selected<T>::template activation_forward<F>(f, size, in_place.data(), in_place.data());
        CHECK(difference_in_bits(in_place, y) == "");

        const auto& kept = F::from_output ? y : x;
        auto d_x = guarded_line<T>(size), expected_d_x = d_x;
        Selected<T>::template activation_backward<F>(f, size, kept.data(), d_y.data(), d_x.data());
        Reference<T>::template activation_backward<F>(f, size, kept.data(), d_y.data(), expected_d_x.data());
        CHECK(largest_difference(d_x, expected_d_x) <= bound<T>());
        CHECK(d_x.is_untouched_outside());
        for (Index i = 0; i < size; ++i)
            Selected<T>::template activation_backward<F>(f, 1, kept.data() + i, d_y.data() + i, one_by_one.data() + i);
        CHECK(difference_in_bits(one_by_one, d_x) == "");
        in_place = d_y;
        Selected<T>::template activation_backward<F>(f, size, kept.data(), in_place.data(), in_place.data());
        CHECK(difference_in_bits(in_place, d_x) == "");
    }
    T not_a_number = std::numeric_limits<T>::quiet_NaN();
    Selected<T>::template activation_forward<F>(f, 1, &not_a_number, &not_a_number);
    CHECK(std::isnan(not_a_number));
}

}  // namespace

TEMPLATE_TEST_CASE("activations agree with the reference, wherever a number lies", "[activation]", float, double) {
    check<TestType>("LeakyReLU", kernels::LeakyReLU{0.2});
    check<TestType>("ELU", kernels::ELU{0.7});
    check<TestType>("Tanh", kernels::Tanh{});
    check<TestType>("Sigmoid", kernels::Sigmoid{});
    check<TestType>("Softplus", kernels::Softplus{});
    check<TestType>("SiLU", kernels::SiLU{});
    check<TestType>("GELU", kernels::GELU{});
}
