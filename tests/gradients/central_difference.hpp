#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "support/catch.hpp"
#include "support/network_run.hpp"

namespace gradients {

using idm::Index;
using idm_test::NetworkRun;

/// Half the distance of a central difference. Along one coordinate the networks are linear between two kinks, so the
/// only error is rounding: 1e-15 / h relative to the values.
inline constexpr double half_step = 0x1p-17;

/// No pre-activation may be nearer to its kink than this.
inline constexpr double kink_margin = 1e-4;

/// The scalar whose gradient is taken: sum of y * d_y.
template <class Run>
double objective(Run& run, const std::vector<double>& x, const std::vector<double>& d_y) {
    const std::vector<double> y = run.forward(x);
    double sum = 0;
    for (std::size_t i = 0; i < y.size(); ++i) sum += y[i] * d_y[i];
    return sum;
}

/// |a - b| / |b| over every `step`-th number; `slope(i)` gives b[i].
template <class Slope>
double norm_error(const std::vector<double>& a, Index step, Slope&& slope) {
    double error = 0, norm = 0;
    for (std::size_t i = 0; i < a.size(); i += static_cast<std::size_t>(step)) {
        const double b = slope(static_cast<Index>(i));
        error += (a[i] - b) * (a[i] - b);
        norm += b * b;
    }
    return norm > 0 ? std::sqrt(error / norm) : std::sqrt(error);
}

/// Slope of the objective as `value` moves.
template <class F>
double slope_along(double& value, F&& objective) {
    const double at = value;
    value = at + half_step;
    const double above = objective();
    value = at - half_step;
    const double below = objective();
    value = at;
    return (above - below) / (2 * half_step);
}

/// The first seed that keeps every pre-activation of `network` away from its kink.
template <class N>
std::uint64_t quiet_seed(const N& network, Index samples) {
    double nearest = 0;
    const auto watched = idm_test::watch(network.layers(), &nearest);
    NetworkRun<double, idm::Network<typename N::InputShape, std::remove_const_t<decltype(watched)>>> run(
        {network.input_shape(), watched}, samples, idm::Mode::inference);
    for (std::uint64_t seed = 1; seed < 2000; ++seed) {
        nearest = std::numeric_limits<double>::infinity();
        run.draw_parameters(seed);
        run.forward(run.draw_input(seed));
        if (nearest > kink_margin) return seed;
    }
    FAIL("no seed keeps the pre-activations away from their kinks");
    return 0;
}

/// Every parameter's and the input's gradient against central differences; of a tensor with more than `most` numbers
/// about `most` are moved one by one. Two passes must give the same bits, a third adds to a gradient that is not zero.
template <class N>
void check_gradient(const N& network, Index samples, Index most = 4000) {
    const std::uint64_t seed = quiet_seed(network, samples);
    INFO("seed " << seed);
    NetworkRun<double, N> run(network, samples);
    run.draw_parameters(seed);
    std::vector<double> x = run.draw_input(seed);
    const std::vector<double> d_y = run.draw_d_output(seed);

    run.forward(x);
    const std::vector<double> d_x = run.backward(d_y);
    const std::vector<double> gradient = idm_test::values_of(run.gradient);
    run.gradient.fill(0);
    run.forward(x);
    REQUIRE(run.backward(d_y) == d_x);
    REQUIRE((idm_test::values_of(run.gradient) == gradient));

    constexpr double start = 0.5;  // what the gradient is to be added to
    run.gradient.fill(start);
    run.forward(x);
    run.backward(d_y);

    const auto value = [&] { return objective(run, x, d_y); };
    const auto step_of = [&](Index size) { return size <= most ? 1 : size / most | 1; };
    CHECK(norm_error(d_x, step_of(static_cast<Index>(x.size())),
                     [&](Index i) { return slope_along(x[static_cast<std::size_t>(i)], value); }) <= 1e-6);
    const auto named = run.named();
    const auto accumulated = run.named_gradient();
    for (std::size_t p = 0; p < named.size(); ++p) {
        if (named[p].info().statistic) continue;  // measured: its gradient is no slope
        INFO(named[p].name());
        std::vector<double> d_p = idm_test::values_of(accumulated[p]);
        for (double& d : d_p) d -= start;
        CHECK(norm_error(d_p, step_of(named[p].size()), [&](Index i) { return slope_along(named[p][i], value); }) <=
              1e-6);
    }
}

}  // namespace gradients
