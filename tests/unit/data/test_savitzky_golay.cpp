#include <cmath>
#include <span>
#include <vector>

#include <idm/data/savitzky_golay.hpp>

#include "files.hpp"

using idm::Alignment;
using idm::Index;
using idm::SavitzkyGolay;

namespace {

void check_weights(std::span<const double> weights, const std::vector<double>& numerators, double denominator) {
    REQUIRE(weights.size() == numerators.size());
    for (std::size_t i = 0; i < weights.size(); ++i)
        CHECK(std::abs(weights[i] - numerators[i] / denominator) < 1e-15 * 8);
}

std::vector<double> filter(const SavitzkyGolay& filter, const std::vector<double>& x, Index derivative,
                           double period = 1) {
    std::vector<double> out(x.size(), -99);
    filter.apply(x, derivative, period, out);
    return out;
}

}  // namespace

TEST_CASE("five-point quadratic weights are those of the tables") {
    const SavitzkyGolay centred({.length = 5, .order = 2});
    check_weights(centred.weights(0, 2), {-3, 12, 17, 12, -3}, 35);
    check_weights(centred.weights(1, 2), {-2, -1, 0, 1, 2}, 10);
    check_weights(centred.weights(2, 2), {2, -1, -2, -1, 2}, 7);
    // Evaluated at the newest sample: t / 10 + 4 (t^2 - 2) / 14 for t = -2 .. 2.
    const SavitzkyGolay causal({.length = 5, .order = 2, .alignment = Alignment::causal});
    check_weights(causal.weights(1, causal.position()), {26, -27, -40, -13, 54}, 70);
    check_weights(causal.weights(2, causal.position()), {2, -1, -2, -1, 2}, 7);
    const SavitzkyGolay cubic({.length = 7, .order = 3});
    check_weights(cubic.weights(0, 3), {-2, 3, 6, 7, 6, 3, -2}, 21);
    check_weights(cubic.weights(1, 3), {22, -67, -58, 0, 58, 67, -22}, 252);
}

TEST_CASE("position, look-ahead and delay are stated") {
    const SavitzkyGolay centred({.length = 7, .order = 2});
    CHECK(centred.position() == 3);
    CHECK(centred.look_ahead() == 3);
    const SavitzkyGolay causal({.length = 7, .order = 2, .alignment = Alignment::causal});
    CHECK(causal.position() == 6);
    CHECK(causal.look_ahead() == 0);
    for (Index derivative : {0, 1, 2}) CHECK(std::abs(centred.delay_samples(derivative)) < 1e-12);
    CHECK(std::abs(causal.delay_samples(0)) < 1e-12);
    CHECK(std::abs(causal.delay_samples(1)) < 1e-12);
    CHECK(causal.delay_samples(2) == Approx(3).epsilon(1e-12));
    // The slope of a straight line fitted to 7 points is that of their middle.
    CHECK(SavitzkyGolay({.length = 7, .order = 1, .alignment = Alignment::causal}).delay_samples(1) ==
          Approx(3).epsilon(1e-12));
}

TEST_CASE("derivatives of polynomials up to the order are exact, to the ends") {
    const double period = 0.01;
    for (Index order : {2, 3, 4})
        for (Index length : {5, 9, 21}) {
            std::vector<double> x, first, second;
            for (int i = 0; i < 30; ++i) {
                const double t = period * i;
                double value = 1, d1 = 0, d2 = 0;
                for (Index k = 1; k <= order; ++k) {
                    const double n = static_cast<double>(k), c = 2.0 - n;
                    value += c * std::pow(t, n);
                    d1 += c * n * std::pow(t, n - 1);
                    d2 += k > 1 ? c * n * (n - 1) * std::pow(t, n - 2) : 0;
                }
                x.push_back(value);
                first.push_back(d1);
                second.push_back(d2);
            }
            const SavitzkyGolay centred({.length = length, .order = order});
            const SavitzkyGolay causal({.length = length, .order = order, .alignment = Alignment::causal});
            for (std::size_t i = 0; i < x.size(); ++i) {
                // Values of order 1 carry roundings of 2e-16; weights near 1 for each derivative over the period,
                // up to 2e2 at the ends of a quartic through 5 points.
                CHECK(std::abs(filter(centred, x, 0, period)[i] - x[i]) < 1e-12);
                CHECK(std::abs(filter(centred, x, 1, period)[i] - first[i]) < 1e-10);
                CHECK(std::abs(filter(centred, x, 2, period)[i] - second[i]) < 1e-8);
                if (static_cast<Index>(i) < length - 1) continue;
                CHECK(std::abs(filter(causal, x, 1, period)[i] - first[i]) < 1e-10);
                if (order > 2) CHECK(std::abs(filter(causal, x, 2, period)[i] - second[i]) < 1e-8);
            }
        }
}

TEST_CASE("the causal filter repeats the first sample and never looks ahead") {
    const SavitzkyGolay causal({.length = 3, .order = 1, .alignment = Alignment::causal});
    // The slope of a line through 3 samples is (newest - oldest) / 2.
    const std::vector<double> slopes = filter(causal, {1, 3, 4, 4}, 1, 0.5), expected = {0, 2, 3, 1};
    for (std::size_t i = 0; i < 4; ++i) CHECK(std::abs(slopes[i] - expected[i]) < 1e-14);
    std::vector<double> x = {1, 3, 4, 4, 7};
    const std::vector<double> before = filter(causal, x, 1);
    x[4] = -100;
    const std::vector<double> after = filter(causal, x, 1);
    CHECK(std::vector<double>(before.begin(), before.begin() + 4) ==
          std::vector<double>(after.begin(), after.begin() + 4));
    CHECK(filter(causal, {5}, 1) == std::vector<double>{0});
}

TEST_CASE("a robot at rest has exactly no velocity") {
    const SavitzkyGolay centred({.length = 5, .order = 2});
    for (Index derivative : {1, 2})
        CHECK(filter(centred, std::vector<double>(9, 0.1), derivative, 1e-3) == std::vector<double>(9, 0.0));
    CHECK(filter(centred, std::vector<double>(9, 0.1), 0) == std::vector<double>(9, 0.1));
}

TEST_CASE("filters that can't be fitted are refused") {
    CHECK_THROWS_AS(SavitzkyGolay({.length = 4, .order = 2}), idm::ConfigError);
    CHECK_NOTHROW(SavitzkyGolay({.length = 4, .order = 2, .alignment = Alignment::causal}));
    CHECK_THROWS_AS(SavitzkyGolay({.length = 3, .order = 3}), idm::ConfigError);
    CHECK_THROWS_AS(SavitzkyGolay({.length = 1, .order = 0}), idm::ConfigError);
    CHECK_THROWS_AS(SavitzkyGolay({.length = 5, .order = -1}), idm::ConfigError);
    const SavitzkyGolay line({.length = 5, .order = 1});
    CHECK_THROWS_AS(line.weights(2, 2), idm::ConfigError);
    CHECK_THROWS_AS(line.weights(1, 5), idm::ConfigError);
    CHECK_THAT(message_of<idm::DataError>([&] {
                   filter(line, {1, 2, 3, 4}, 1);
               }),
               ContainsSubstring("at least 5 rows") && ContainsSubstring("got 4"));
}
