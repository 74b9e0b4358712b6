#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <idm/layers/dropout.hpp>

#include "support/catch.hpp"
#include "support/network_run.hpp"

using namespace idm;
using namespace idm_test;

namespace {

template <class T>
std::vector<T> pass(Mode mode, RandomKey key, const std::vector<T>& x, Index samples, double rate) {
    const Index size = static_cast<Index>(x.size()) / samples;
    auto run = network_run<T>(Shape<1, dynamic>(1, size), Sequential(Dropout(rate)), samples, mode);
    for (Index n = 0; n < samples; ++n) std::copy_n(x.data() + n * size, size, run.workspace.input().sample(n));
    run.network.forward(run.parameters.data(), run.workspace, samples, key);
    std::vector<T> y(x.size());
    for (Index n = 0; n < samples; ++n) std::copy_n(run.workspace.output().sample(n), size, y.data() + n * size);
    return y;
}

}  // namespace

// The fourth of the numbers that stay is 4 / 3 of it; a share of 10^5 numbers has the deviation sqrt(p (1 - p) / 10^5).
TEMPLATE_TEST_CASE("Dropout leaves out as many as its rate says and scales the others", "[dropout]", float, double) {
    using T = TestType;
    for (const double rate : {0.25, 0.5, 0.0}) {
        const auto y = pass<T>(Mode::training, {7, 0}, std::vector<T>(100000, T(3)), 4, rate);
        Index zeros = 0;
        for (const T value : y) {
            zeros += value == 0;
            if (value != 0) REQUIRE(value == T(3) * static_cast<T>(1 / (1 - rate)));
        }
        CHECK(std::abs(static_cast<double>(zeros) / 1e5 - rate) <= 4 * std::sqrt(rate * (1 - rate) / 1e5));
    }
}

TEMPLATE_TEST_CASE("Dropout is the identity outside of training", "[dropout]", float, double) {
    using T = TestType;
    const auto x = numbers<T>(1, 0, 30);
    CHECK(pass<T>(Mode::inference, {7, 0}, x, 2, 0.5) == x);
    CHECK(pass<T>(Mode::training, {7, 0}, x, 2, 0.5) != x);
}

TEST_CASE("Dropout's mask is a function of key, sample and place", "[dropout]") {
    constexpr Index size = 40, samples = 5;
    const std::vector<double> x(size * samples, 1);
    const auto whole = pass<double>(Mode::training, {7, 10}, x, samples, 0.5);
    const auto of = [&](Index n) {
        return std::vector<double>(whole.begin() + n * size, whole.begin() + (n + 1) * size);
    };
    for (Index n = 0; n < samples; ++n) {
        const std::vector<double> one(size, 1);
        CHECK(pass<double>(Mode::training, {7, 10 + n}, one, 1, 0.5) == of(n));
        CHECK(pass<double>(Mode::training, {8, 10 + n}, one, 1, 0.5) != of(n));
        if (n > 0) CHECK(of(n) != of(0));
    }
}

TEST_CASE("two Dropouts of one network have masks of their own", "[dropout]") {
    auto run = network_run<double>(Shape<1, 64>(), Sequential(Dropout(0.5), Dropout(0.5)));
    const auto y = run.forward(std::vector<double>(64, 1));
    Index twice = 0;
    for (const double value : y) twice += value == 4;
    CHECK(twice > 4);  // 16 expected, 3 standard deviations are 11; one mask twice would leave 32
    CHECK(twice < 28);
}

TEMPLATE_TEST_CASE("Dropout's gradient has the forward pass's mask", "[dropout]", float, double) {
    using T = TestType;
    auto run = network_run<T>(Shape<3, 7>(), Sequential(Dropout(0.5)), 2);
    const std::vector<T> ones(42, 1);
    for (const std::uint64_t key : {1u, 2u}) {
        for (Index n = 0; n < 2; ++n) std::fill_n(run.workspace.input().sample(n), 21, T(1));
        run.network.forward(run.parameters.data(), run.workspace, 2, {key, 3});
        std::vector<T> y(42);
        for (Index n = 0; n < 2; ++n) std::copy_n(run.workspace.output().sample(n), 21, y.data() + n * 21);
        CHECK(run.backward(ones) == y);
    }
}

TEST_CASE("Dropout refuses a rate that leaves nothing", "[dropout]") {
    REQUIRE_THROWS_AS(Dropout(1), ConfigError);
    REQUIRE_THROWS_WITH(Dropout(-0.5), "Dropout: expected a rate in [0, 1), got -0.5");
}
