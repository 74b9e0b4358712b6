#include <string>
#include <vector>

#include <idm/layers/conv1d.hpp>

#include "support/catch.hpp"
#include "support/network_run.hpp"

using namespace idm;
using namespace idm_test;

namespace {

template <class T, Padding P>
std::vector<T> convolve(const std::vector<T>& x, const std::vector<T>& w, Index stride, Index dilation) {
    using Conv = Conv1D<dynamic, dynamic, P, dynamic, dynamic>;
    auto run = network_run<T>(Shape<dynamic, 1>(static_cast<Index>(x.size()), 1),
                              Sequential(Conv(1, static_cast<Index>(w.size()), stride, dilation)));
    run.named()[0].copy_from(w);
    run.named()[1][0] = T(0.5);
    return run.forward(x);
}

template <class T>
using V = std::vector<T>;

}  // namespace

TEMPLATE_TEST_CASE("Conv1D forward by hand: each padding, stride and dilation", "[conv1d]", float, double) {
    using T = TestType;
    const V<T> x{1, 2, 3, 4, 5}, w{1, 10, 100};
    CHECK(convolve<T, Padding::valid>(x, w, 1, 1) == V<T>{321.5, 432.5, 543.5});
    CHECK(convolve<T, Padding::same>(x, w, 1, 1) == V<T>{210.5, 321.5, 432.5, 543.5, 54.5});
    CHECK(convolve<T, Padding::causal>(x, w, 1, 1) == V<T>{100.5, 210.5, 321.5, 432.5, 543.5});
    CHECK(convolve<T, Padding::valid>(x, w, 2, 1) == V<T>{321.5, 543.5});
    CHECK(convolve<T, Padding::causal>(x, w, 3, 1) == V<T>{100.5, 432.5});
    CHECK(convolve<T, Padding::valid>(x, w, 1, 2) == V<T>{531.5});
    CHECK(convolve<T, Padding::same>(x, w, 1, 2) == V<T>{310.5, 420.5, 531.5, 42.5, 53.5});
    CHECK(convolve<T, Padding::causal>(x, w, 1, 2) == V<T>{100.5, 200.5, 310.5, 420.5, 531.5});
    // An even kernel: PyTorch puts the odd zero behind.
    CHECK(convolve<T, Padding::same>(x, {1, 10}, 1, 1) == V<T>{21.5, 32.5, 43.5, 54.5, 5.5});
}

TEMPLATE_TEST_CASE("Conv1D sums over the input channels, weight in PyTorch's order [out, in, k]", "[conv1d]", float,
                   double) {
    using T = TestType;
    auto run = network_run<T>(Shape<3, 2>(), Sequential(Conv1D<2, 2>()));
    REQUIRE(run.named()[0].shape() == std::vector<Index>{2, 2, 2});
    run.named()[0].copy_from(V<T>{1, 2, 3, 4, 10, 20, 30, 40});
    run.named()[1].copy_from(V<T>{0, 5});
    // y[0][0] = 1*1 + 2*3 (channel 0, steps 0 and 1) + 3*2 + 4*4 (channel 1) = 29
    CHECK(run.forward({1, 2, 3, 4, 5, 6}) == V<T>{29, 295, 49, 495});
}

TEMPLATE_TEST_CASE("Conv1D backward by hand, and its parameters' gradient accumulates", "[conv1d]", float, double) {
    using T = TestType;
    auto run = network_run<T>(Shape<5, 1>(), Sequential(Conv1D<1, 3>()));
    run.named()[0].copy_from(V<T>{1, 10, 100});
    run.named_gradient()[0].copy_from(V<T>{1000, 0, 0});
    run.forward({1, 2, 3, 4, 5});
    CHECK(run.backward({1, 1, 2}) == V<T>{1, 11, 112, 120, 200});
    // d_w[k] = x[k] + x[k + 1] + 2 x[k + 2], d_b = 1 + 1 + 2
    CHECK(values_of(run.named_gradient()[0]) == V<T>{1009, 13, 17});
    CHECK(values_of(run.named_gradient()[1]) == V<T>{4});
    run.forward({1, 2, 3, 4, 5});
    CHECK(run.backward({1, 1, 2}) == V<T>{1, 11, 112, 120, 200});
    CHECK(values_of(run.named_gradient()[0]) == V<T>{1018, 26, 34});
    CHECK(values_of(run.named_gradient()[1]) == V<T>{8});
}

TEMPLATE_TEST_CASE("Conv1D backward by hand: rows that a stride skips have gradient 0", "[conv1d]", float, double) {
    using T = TestType;
    auto run = network_run<T>(Shape<6, 1>(), Sequential(Conv1D<1, 2, Padding::valid, 3>()));
    run.named()[0].copy_from(V<T>{1, 10});
    CHECK(run.forward({1, 2, 3, 4, 5, 6}) == V<T>{21, 54});
    CHECK(run.backward({1, 2}) == V<T>{1, 10, 0, 2, 20, 0});
    CHECK(values_of(run.named_gradient()[0]) == V<T>{9, 12});
}

TEST_CASE("Conv1D: a window longer than the input is a ShapeError that says both", "[conv1d]") {
    using Net = Sequential<Conv1D<dynamic, dynamic, Padding::valid, dynamic, dynamic>>;
    using In = Shape<dynamic, dynamic>;
    const Net net(Conv1D<dynamic, dynamic, Padding::valid, dynamic, dynamic>(4, 3, 1, 4));
    REQUIRE_THROWS_AS((Network<In, Net>(In(8, 2), net)), ShapeError);
    REQUIRE_THROWS_WITH((Network<In, Net>(In(8, 2), net)),
                        "Conv1D(4, k3, dilation 4, valid): expected an input of at least 9 steps ((kernel - 1) * "
                        "dilation + 1), got 8; take a longer window or a smaller kernel");
    CHECK(Network<In, Net>(In(9, 2), net).output_shape().length() == 1);
}

TEST_CASE("Conv1D refuses counts below 1, and 'same' with a stride", "[conv1d]") {
    using Same = Conv1D<dynamic, dynamic, Padding::same, dynamic, dynamic>;
    REQUIRE_THROWS_AS(Same(0, 3), ConfigError);
    REQUIRE_THROWS_AS(Same(1, 0), ConfigError);
    REQUIRE_THROWS_AS(Same(1, 3, 0), ConfigError);
    REQUIRE_THROWS_AS(Same(1, 3, 1, 0), ConfigError);
    REQUIRE_THROWS_WITH(Same(1, 0),
                        "Conv1D: expected out_channels, kernel, stride and dilation of at least 1, got 1, 0, 1, 1");
    REQUIRE_THROWS_AS(Same(1, 3, 2), ConfigError);
    REQUIRE_THROWS_WITH(Same(1, 3, 2), ContainsSubstring("needs stride 1, got 2"));
    // An extent fixed by the type refuses another value.
    REQUIRE_THROWS_WITH((Conv1D<8, 3>(9, 3)), ContainsSubstring("expected extent 8 (fixed by the type), got 9"));
}
