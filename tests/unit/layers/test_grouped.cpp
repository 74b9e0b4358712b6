#include <cmath>
#include <limits>
#include <type_traits>
#include <vector>

#include <idm/layers/depthwise.hpp>
#include <idm/layers/streaming.hpp>

#include "support/catch.hpp"
#include "support/network_run.hpp"

using namespace idm;
using namespace idm_test;

namespace {
template <class T>
using V = std::vector<T>;
template <Index Out, Index Kernel, Index Groups, Padding P = Padding::valid, Index Stride = 1, Index Dilation = 1>
using Grouped = Conv1D<Out, Kernel, P, Stride, Dilation, Groups>;
}  // namespace

// Two groups of two inputs and one output: the first reads channels 0 and 1, the second 2 and 3.
TEMPLATE_TEST_CASE("Conv1D in groups by hand, forward and backward, twice", "[grouped]", float, double) {
    using T = TestType;
    auto run = network_run<T>(Shape<2, 4>(), Sequential(Grouped<2, 2, 2>()));
    REQUIRE(run.named()[0].shape() == std::vector<Index>{2, 2, 2});
    run.named()[0].copy_from(V<T>{1, 10, 100, 1000, 2, 20, 200, 2000});
    run.named()[1].copy_from(V<T>{0, 5});
    for (int pass = 1; pass <= 2; ++pass) {
        // 1 * 1 + 5 * 10 + 2 * 100 + 6 * 1000 and 5 + 3 * 2 + 7 * 20 + 4 * 200 + 8 * 2000.
        CHECK(run.forward({1, 2, 3, 4, 5, 6, 7, 8}) == V<T>{6251, 16951});
        CHECK(run.backward({1, 3}) == V<T>{1, 100, 6, 600, 10, 1000, 60, 6000});
        const T times = static_cast<T>(pass);
        CHECK(values_of(run.named_gradient()[0]) ==
              V<T>{times, 5 * times, 2 * times, 6 * times, 9 * times, 21 * times, 12 * times, 24 * times});
        CHECK(values_of(run.named_gradient()[1]) == V<T>{times, 3 * times});
    }
}

TEST_CASE("Conv1D in groups: shapes, names and what it refuses", "[grouped]") {
    const auto shape = Grouped<6, 3, 3, Padding::valid, 2>().output_shape(Shape<9, 12>());
    STATIC_REQUIRE(decltype(shape)::static_length == 4);
    STATIC_REQUIRE(decltype(shape)::static_channels == 6);
    STATIC_REQUIRE(Grouped<6, 3, 3, Padding::causal>::is_causal);
    CHECK(Grouped<6, 3, 3, Padding::causal>().name() == "Conv1D(6, k3, groups 3, causal)");
    REQUIRE_THROWS_WITH((Grouped<dynamic, 3, dynamic>(7, 3, 1, 1, 2)),
                        "Conv1D: expected groups that share the output channels evenly, got 2 groups of 7 channels");
    REQUIRE_THROWS_AS((Grouped<dynamic, 3, dynamic>(7, 3, 1, 1, 0)), ConfigError);
    REQUIRE_THROWS_WITH(
        (Grouped<6, 3, 3>().output_shape(Shape<9, 4>())),
        "Conv1D(6, k3, groups 3, valid): expected input channels that 3 groups can share evenly, got 4");
}

// Small whole numbers: sums are exact in any order.
TEMPLATE_TEST_CASE("Conv1D with as many groups as channels is DepthwiseConv1D", "[grouped]", float, double) {
    using T = TestType;
    auto grouped = network_run<T>(Shape<9, 5>(), Sequential(Grouped<5, 3, 5, Padding::same, 1, 2>()));
    auto depthwise = network_run<T>(Shape<9, 5>(), Sequential(DepthwiseConv1D<3, Padding::same, 1, 2>()));
    V<T> w(15), b(5), x(45), d_y(45);
    for (std::size_t i = 0; i < 45; ++i) x[i] = static_cast<T>(i * 7 % 11), d_y[i] = static_cast<T>(i * 5 % 13);
    for (std::size_t i = 0; i < 15; ++i) w[i] = static_cast<T>(i * 3 % 7);
    for (std::size_t i = 0; i < 5; ++i) b[i] = static_cast<T>(i);
    grouped.named()[0].copy_from(w), depthwise.named()[0].copy_from(w);
    grouped.named()[1].copy_from(b), depthwise.named()[1].copy_from(b);
    CHECK(grouped.forward(x) == depthwise.forward(x));
    CHECK(grouped.backward(d_y) == depthwise.backward(d_y));
    for (std::size_t i = 0; i < 2; ++i)
        CHECK(values_of(grouped.named_gradient()[i]) == values_of(depthwise.named_gradient()[i]));
}

TEMPLATE_TEST_CASE("Conv1D in groups runs sample by sample", "[grouped]", float, double) {
    using T = TestType;
    const auto net = Sequential(Grouped<4, 3, 2, Padding::causal, 1, 2>(), ReLU(), LastStep());
    auto window = network_run<T>(Shape<9, 6>(), net);
    window.draw_parameters(3);
    const auto stream_network = streaming_network(window.network);
    NetworkRun<T, std::remove_const_t<decltype(stream_network)>> stream(stream_network, 1, Mode::inference);
    stream.draw_parameters(3);
    const V<T> x = window.draw_input(4), expected = window.forward(x);
    V<T> y;
    for (auto at = x.begin(); at != x.end(); at += 6) y = stream.forward(V<T>(at, at + 6));
    REQUIRE(y.size() == expected.size());
    // The sum of 9 products and a bias in another order: one row against tiles of rows.
    for (std::size_t i = 0; i < y.size(); ++i)
        CHECK(std::abs(y[i] - expected[i]) <= 10 * std::numeric_limits<T>::epsilon());
}
