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
}

TEMPLATE_TEST_CASE("DepthwiseConv1D by hand: two channels, forward and backward, twice", "[depthwise]", float, double) {
    using T = TestType;
    auto run = network_run<T>(Shape<3, 2>(), Sequential(DepthwiseConv1D<2>()));
    REQUIRE(run.named()[0].shape() == std::vector<Index>{2, 1, 2});
    run.named()[0].copy_from(V<T>{1, 10, 2, 20});
    run.named()[1].copy_from(V<T>{0, 5});
    for (int pass = 1; pass <= 2; ++pass) {
        // Channel 0 is 1, 3, 5 and channel 1 is 2, 4, 6.
        CHECK(run.forward({1, 2, 3, 4, 5, 6}) == V<T>{31, 89, 53, 133});
        CHECK(run.backward({1, 2, 3, 4}) == V<T>{1, 4, 13, 48, 30, 80});
        const T times = static_cast<T>(pass);
        CHECK(values_of(run.named_gradient()[0]) == V<T>{10 * times, 18 * times, 20 * times, 32 * times});
        CHECK(values_of(run.named_gradient()[1]) == V<T>{4 * times, 6 * times});
    }
}

TEMPLATE_TEST_CASE("DepthwiseConv1D by hand: paddings, a stride and a dilation", "[depthwise]", float, double) {
    using T = TestType;
    const auto convolve = [](auto layer) {
        auto run = network_run<T>(Shape<5, 1>(), Sequential(layer));
        run.named()[0].copy_from(V<T>{1, 10, 100});
        run.named()[1][0] = T(0.5);
        return run.forward({1, 2, 3, 4, 5});
    };
    CHECK(convolve(DepthwiseConv1D<3, Padding::same>()) == V<T>{210.5, 321.5, 432.5, 543.5, 54.5});
    CHECK(convolve(DepthwiseConv1D<3, Padding::causal>()) == V<T>{100.5, 210.5, 321.5, 432.5, 543.5});
    CHECK(convolve(DepthwiseConv1D<3, Padding::valid, 2>()) == V<T>{321.5, 543.5});
    CHECK(convolve(DepthwiseConv1D<3, Padding::causal, 1, 2>()) == V<T>{100.5, 200.5, 310.5, 420.5, 531.5});
}

TEST_CASE("DepthwiseConv1D keeps the channels and refuses what Conv1D refuses", "[depthwise]") {
    const auto shape = DepthwiseConv1D<3, Padding::valid, 2>().output_shape(Shape<9, 5>());
    STATIC_REQUIRE(decltype(shape)::static_length == 4);
    STATIC_REQUIRE(decltype(shape)::static_channels == 5);
    STATIC_REQUIRE(DepthwiseConv1D<3, Padding::causal>::is_causal);
    STATIC_REQUIRE(!DepthwiseConv1D<3, Padding::same>::is_causal);
    CHECK(DepthwiseConv1D<dynamic, Padding::causal, 1, dynamic>(3, 1, 4).history(Shape<9, 5>()) == 8);
    CHECK(DepthwiseConv1D<3, Padding::causal, 1, 2>().name() == "DepthwiseConv1D(k3, dilation 2, causal)");
    REQUIRE_THROWS_AS(DepthwiseConv1D<>(0), ConfigError);
    REQUIRE_THROWS_AS((DepthwiseConv1D<dynamic, Padding::same, dynamic>(3, 2)), ConfigError);
    REQUIRE_THROWS_WITH(DepthwiseConv1D<>(4).output_shape(Shape<dynamic, 2>(3, 2)),
                        "DepthwiseConv1D(k4, valid): expected an input of at least 4 steps ((kernel - 1) * dilation + "
                        "1), got 3; take a longer window or a smaller kernel");
}

TEMPLATE_TEST_CASE("DepthwiseConv1D runs sample by sample", "[depthwise]", float, double) {
    using T = TestType;
    const auto net = Sequential(DepthwiseConv1D<3, Padding::causal, 1, 2>(), ReLU(), LastStep());
    auto window = network_run<T>(Shape<9, 5>(), net);
    window.draw_parameters(3);
    const auto stream_network = streaming_network(window.network);
    NetworkRun<T, std::remove_const_t<decltype(stream_network)>> stream(stream_network, 1, Mode::inference);
    stream.draw_parameters(3);
    const V<T> x = window.draw_input(4);
    V<T> y;
    for (auto at = x.begin(); at != x.end(); at += 5) y = stream.forward(V<T>(at, at + 5));
    CHECK(y == window.forward(x));
}
