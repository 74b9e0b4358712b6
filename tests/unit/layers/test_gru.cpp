#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <idm/layers/gru.hpp>

#include "support/catch.hpp"
#include "support/network_run.hpp"

using namespace idm;
using namespace idm_test;

namespace {

template <class T>
using V = std::vector<T>;

// Behind GRU the newest step's value could be asked at every step; yet no fixed history holds all that it depends on.
static_assert(!GRU<4>::is_causal);
static_assert(!SequenceTrainable<Sequential<GRU<4>, LastStep, Dense<1>>>);

template <class T>
bool is_near(const V<T>& values, const V<double>& expected, Index roundings = 4) {
    bool near = values.size() == expected.size();
    for (std::size_t i = 0; near && i < values.size(); ++i)
        near = std::abs(static_cast<double>(values[i]) - expected[i]) <=
               static_cast<double>(roundings) * static_cast<double>(std::numeric_limits<T>::epsilon());
    return near;
}

}  // namespace

// One unit. With b_in = log(3) / 2 and all else 0: n = tanh(b_in) = (3 - 1) / (3 + 1) = 1/2 and z = 1/2 at every step,
// so y = (n + h) / 2: 1/4, 3/8, 7/16.
TEMPLATE_TEST_CASE("GRU by hand: half of the way to the new state at every step", "[gru]", float, double) {
    using T = TestType;
    auto run = network_run<T>(Shape<3, 1>(), Sequential(GRU<1>()));
    REQUIRE(run.named().size() == 4);
    run.named()[2].copy_from(V<T>{0, 0, static_cast<T>(std::log(3.0) / 2)});
    for (int pass = 1; pass <= 2; ++pass) {
        CHECK(is_near(run.forward({5, -1, 2}), {0.25, 0.375, 0.4375}));
        // d_n = (1 - z) (1 - n^2) d_y = 3/8 d_y; a state's gradient is halved at every step: 1/4, 1/2, 1 for d_y of the
        // last step alone. d_b_in = 3/8 (1/4 + 1/2 + 1); d_w_in weighs the steps by x = 5, -1, 2.
        CHECK(run.backward({0, 0, 1}) == V<T>{0, 0, 0});
        // d_b_z = z (1 - z) ((0 - 1/2) / 4 + (1/4 - 1/2) / 2 + (3/8 - 1/2)) = -3/32.
        CHECK(is_near(values_of(run.named_gradient()[2]), {0, -0.09375 * pass, 0.65625 * pass}));
        CHECK(std::abs(static_cast<double>(values_of(run.named_gradient()[0])[2]) - 3.0 / 8 * 2.75 * pass) <=
              16 * static_cast<double>(std::numeric_limits<T>::epsilon()));
    }
}

// A batch of more than a second-level cache holds, whose state before the first step is one row of zeros for all: it
// was divided by the distance of its rows.
TEMPLATE_TEST_CASE("GRU by hand: a large batch", "[gru]", float, double) {
    using T = TestType;
    auto run = network_run<T>(Shape<32, 1>(), Sequential(GRU<64>()), 64, Mode::training);
    V<T> biases(3 * 64, T(0));
    std::fill_n(biases.begin() + 2 * 64, 64, static_cast<T>(std::log(3.0) / 2));
    run.named()[2].copy_from(biases);
    V<double> expected;
    for (int n = 0; n < 64; ++n)
        for (int t = 1; t <= 32; ++t) expected.insert(expected.end(), 64, (1 - std::pow(0.5, t)) / 2);
    CHECK(is_near(run.forward(run.draw_input(1)), expected));
    CHECK_NOTHROW(run.backward(run.draw_d_output(2)));
}

// r scales what the state adds to n. With b_hn = log(3), b_ir = 0: r = 1/2, n = tanh(log(3) / 2) = 1/2.
TEMPLATE_TEST_CASE("GRU by hand: the gates' order is r, z, n", "[gru]", float, double) {
    using T = TestType;
    auto run = network_run<T>(Shape<1, 1>(), Sequential(GRU<1>()));
    const T log3 = static_cast<T>(std::log(3.0));
    run.named()[3].copy_from(V<T>{0, 0, log3});
    CHECK(is_near(run.forward({0}), {0.25}));
    // z = sigmoid(-log(3)) = 1/4: y = 3/4 n.
    run.named()[0].copy_from(V<T>{0, -log3, 0});
    CHECK(is_near(run.forward({1}), {0.375}));
    CHECK(run.named()[0].name() == "0.weight_ih_l0");
    CHECK(run.named()[1].name() == "0.weight_hh_l0");
    CHECK(run.named()[2].name() == "0.bias_ih_l0");
    CHECK(run.named()[3].name() == "0.bias_hh_l0");
}

TEMPLATE_TEST_CASE("GRU in inference, sample by sample and step by step gives what it gives in training", "[gru]",
                   float, double) {
    using T = TestType;
    for (Index hidden = 1; hidden <= 33; ++hidden) {
        INFO(hidden);
        const GRU<> layer(hidden);
        const Shape<dynamic, dynamic> in(6, 3);
        auto trained = network_run<T>(in, Sequential(layer), 3);
        trained.draw_parameters(1);
        const V<T> x = trained.draw_input(1), y = trained.forward(x);
        auto inferred = network_run<T>(in, Sequential(layer), 3, Mode::inference);
        inferred.draw_parameters(1);
        CHECK(inferred.forward(x) == y);

        V<T> gates(static_cast<std::size_t>(3 * hidden)), product = gates;
        for (Index n = 0; n < 3; ++n) {
            V<T> state(static_cast<std::size_t>(hidden));
            for (Index t = 0; t < 6; ++t)
                layer.step<T>(in, 1, trained.parameters.data(), {x.data() + (n * 6 + t) * 3, 3}, {state.data(), hidden},
                              {gates.data(), 3 * hidden}, {product.data(), 3 * hidden}, {state.data(), hidden});
            // A product of one row adds in another order: 6 steps, each a sum of hidden + 3 products and two biases
            // below 1.
            const auto last = y.begin() + (n * 6 + 5) * hidden;
            CHECK(is_near(state, V<double>(last, last + hidden), 6 * (hidden + 5)));
        }
    }
}

TEST_CASE("GRU starts uniform in +-1 / sqrt(units), whatever its inputs", "[gru]") {
    auto run = network_run<double>(Shape<2, 25>(), Sequential(GRU<4>()));
    for (const auto& p : run.named()) CHECK(p.info().fan_in == 4);
    REQUIRE_THROWS_WITH(GRU<>(0), "GRU: expected at least 1 hidden unit, got 0");
}
