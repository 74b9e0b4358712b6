// The selected LayerNorm kernels against their reference, which unit/layers/test_norm.cpp works out by hand.

#include <cmath>
#include <limits>

#include "implementations.hpp"
#include "support/catch.hpp"
#include "support/guarded.hpp"

using namespace test;

namespace {

/// Two sums over the channels in another order, then few operations on numbers of order 1 (epsilon 1/4: a scale of 2 at
/// the most).
template <class T>
bool is_near(const Guarded<T>& a, const Guarded<T>& b, Index channels) {
    const T bound = static_cast<T>(channels + 8) * std::numeric_limits<T>::epsilon();
    bool near = true;
    for (Index i = 0; i < a.run(); ++i) near = near && std::abs(a.at(0, i) - b.at(0, i)) <= bound;
    return near;
}

template <class K, class T>
Guarded<T> run_forward(Index rows, Index channels, const Guarded<T>& x, Index offset) {
    auto y = guarded_line<T>(rows * channels, offset);
    K::layer_norm_forward(rows, channels, T(0.25), x.data(), y.data());
    CHECK(y.is_untouched_outside());
    return y;
}
template <class K, class T>
Guarded<T> run_backward(Index rows, Index channels, const Guarded<T>& x, const Guarded<T>& d_y, Index offset) {
    auto d_x = guarded_line<T>(rows * channels, offset);
    K::layer_norm_backward(rows, channels, T(0.25), x.data(), d_y.data(), d_x.data());
    CHECK(d_x.is_untouched_outside());
    return d_x;
}

}  // namespace

TEMPLATE_TEST_CASE("LayerNorm kernels agree with the reference and write their output only, aligned or not", "[norm]",
                   float, double) {
    using T = TestType;
    const Index rows = 3;
    for (Index channels = 1; channels <= 65; ++channels) {
        INFO(channels);
        auto x = line<T>(rows * channels), d_y = line<T>(rows * channels), x0 = line<T>(rows * channels, 0);
        Random random(9), same(9);
        x.fill_uniform(random);
        x0.fill_uniform(same);
        d_y.fill_uniform(random);
        const auto y = run_forward<Selected<T>>(rows, channels, x, 1);
        CHECK(is_near(y, run_forward<Reference<T>>(rows, channels, x, 1), channels));
        CHECK(difference_in_bits(y, run_forward<Selected<T>>(rows, channels, x0, 0)) == "");
        const auto d_x = run_backward<Selected<T>>(rows, channels, x, d_y, 1);
        CHECK(is_near(d_x, run_backward<Reference<T>>(rows, channels, x, d_y, 1), channels));
        CHECK(difference_in_bits(d_x, run_backward<Selected<T>>(rows, channels, x0, d_y, 0)) == "");
    }
}
