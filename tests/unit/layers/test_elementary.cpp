#include <cmath>
#include <limits>
#include <vector>

#include <idm/layers/activation.hpp>

#include "support/catch.hpp"
#include "support/network_run.hpp"

using namespace idm;
using namespace idm_test;

namespace {
template <class T>
using V = std::vector<T>;
}

TEMPLATE_TEST_CASE("ReLU by hand: the gradient at 0 is 0", "[relu]", float, double) {
    using T = TestType;
    auto run = network_run<T>(Shape<5, 1>(), Sequential(ReLU()));
    CHECK(run.forward({-2, T(-0.5), 0, T(0.5), 2}) == V<T>{0, 0, 0, 0.5, 2});
    CHECK(run.backward({1, 2, 3, 4, 5}) == V<T>{0, 0, 0, 4, 5});
}

TEMPLATE_TEST_CASE("ReLU keeps a NaN, alone and fused", "[relu]", float, double) {
    using T = TestType;
    const T nan = std::numeric_limits<T>::quiet_NaN();
    auto alone = network_run<T>(Shape<2, 1>(), Sequential(ReLU()));
    CHECK(std::isnan(alone.forward({nan, 1})[0]));
    auto fused = network_run<T>(Shape<2, 1>(), Sequential(Dense<1>(), ReLU()));
    fused.named()[0][0] = 1;
    const V<T> y = fused.forward({nan, -1});
    CHECK(std::isnan(y[0]));
    CHECK(y[1] == 0);
}

TEMPLATE_TEST_CASE("Flatten moves nothing", "[flatten]", float, double) {
    using T = TestType;
    auto run = network_run<T>(Shape<3, 2>(), Sequential(Flatten()), 2);
    const V<T> x{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    CHECK(run.network.output_shape().length() == 1);
    CHECK(run.network.output_shape().channels() == 6);
    CHECK(run.network.output_shape().folded() == 3);
    CHECK(run.forward(x) == x);
    CHECK(run.backward(x) == x);
}

TEMPLATE_TEST_CASE("LastStep by hand", "[last_step]", float, double) {
    using T = TestType;
    auto run = network_run<T>(Shape<3, 2>(), Sequential(LastStep()), 2);
    CHECK(run.forward({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}) == V<T>{5, 6, 11, 12});
    CHECK(run.backward({1, 2, 3, 4}) == V<T>{0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 3, 4});
}

TEST_CASE("LastStep of no step is an error", "[last_step]") {
    using Net = Sequential<LastStep>;
    using In = Shape<dynamic, dynamic>;
    REQUIRE_THROWS_AS((Network<In, Net>(In(0, 2), Net())), ShapeError);
    REQUIRE_THROWS_WITH((Network<In, Net>(In(0, 2), Net())), "LastStep: expected at least 1 step, got 0");
}

TEMPLATE_TEST_CASE("Residual by hand: y = x + (2 x + 1), d_x = 3 d_y", "[residual]", float, double) {
    using T = TestType;
    auto run = network_run<T>(Shape<3, 1>(), Sequential(Residual<Conv1D<1, 1>>()));
    REQUIRE(run.named()[0].name() == "0.body.0.weight");
    run.named()[0][0] = 2;
    run.named()[1][0] = 1;
    CHECK(run.forward({1, -1, 4}) == V<T>{4, -2, 13});
    CHECK(run.backward({1, 10, 100}) == V<T>{3, 30, 300});
    CHECK(values_of(run.named_gradient()[0]) == V<T>{391});
    CHECK(values_of(run.named_gradient()[1]) == V<T>{111});
}

TEMPLATE_TEST_CASE("a Residual whose body ends in ReLU: the mask is that of the body's output, not of the sum",
                   "[residual]", float, double) {
    using T = TestType;
    // Body: relu(2 x - 3). At x = 1 the body gives 0 though the sum is positive; at x = -1 both are not positive.
    const auto check = [](auto run, Index first) {
        run.named()[0][0] = 2;
        run.named()[1][0] = -3;
        const V<T> y = run.forward({1, -1, 4});
        if (first == 0) CHECK(y == V<T>{1, -1, 9});
        if (first == 1) CHECK(y == V<T>{1, 0, 9});
        CHECK(run.backward({1, 10, 100}) == (first == 0 ? V<T>{1, 10, 300} : V<T>{1, 0, 300}));
        CHECK(values_of(run.named_gradient()[0]) == V<T>{400});
        CHECK(values_of(run.named_gradient()[1]) == V<T>{100});
    };
    using Block = Residual<Conv1D<1, 1>, ReLU>;
    check(network_run<T>(Shape<3, 1>(), Sequential(Block())), 0);
    check(network_run<T>(Shape<3, 1>(), Sequential(Block(), ReLU())), 1);
    check(network_run<T>(Shape<3, 1>(), Sequential(Sequential(Block()), ReLU())), 1);
}

TEMPLATE_TEST_CASE("a Residual whose body begins with ReLU leaves its input as it was", "[residual]", float, double) {
    using T = TestType;
    auto run = network_run<T>(Shape<3, 1>(), Sequential(Dense<1>(), Residual<ReLU, Conv1D<1, 1>>()));
    run.named()[0][0] = 1;
    run.named()[2][0] = 2;
    CHECK(run.forward({1, -1, 4}) == V<T>{3, -1, 12});
    CHECK(run.backward({1, 10, 100}) == V<T>{3, 10, 300});
}

TEST_CASE("a Residual that changes the shape is an error that says both shapes", "[residual]") {
    using Block = Residual<Conv1D<dynamic, 3>>;
    using Net = Sequential<Block>;
    using In = Shape<dynamic, dynamic>;
    const Net net(Block(Conv1D<dynamic, 3>(5, 3)));
    REQUIRE_THROWS_AS((Network<In, Net>(In(8, 4), net)), ShapeError);
    REQUIRE_THROWS_WITH((Network<In, Net>(In(8, 4), net)),
                        ContainsSubstring("Residual: expected a body that keeps the shape [8, 4], got [6, 5]"));
}
