#include <cmath>
#include <limits>
#include <vector>

#include <idm/layers/pooling.hpp>

#include "support/catch.hpp"
#include "support/network_run.hpp"

using namespace idm;
using namespace idm_test;

namespace {
template <class T>
using V = std::vector<T>;
}

TEMPLATE_TEST_CASE("AveragePool by hand: two channels, the last step in no window", "[pooling]", float, double) {
    using T = TestType;
    auto run = network_run<T>(Shape<5, 2>(), Sequential(AveragePool<2>()));
    for (int pass = 0; pass < 2; ++pass) {
        CHECK(run.forward({1, 10, 3, 20, 5, 30, 8, 60, 100, 100}) == V<T>{2, 15, 6.5, 45});
        CHECK(run.backward({2, 4, 6, 8}) == V<T>{1, 2, 1, 2, 3, 4, 3, 4, 0, 0});
    }
}

TEMPLATE_TEST_CASE("AveragePool by hand: a step in two windows gets both gradients", "[pooling]", float, double) {
    using T = TestType;
    auto run = network_run<T>(Shape<3, 1>(), Sequential(AveragePool<>(2, 1)));
    CHECK(run.forward({1, 3, 7}) == V<T>{2, 5});
    CHECK(run.backward({2, 8}) == V<T>{1, 5, 4});
}

TEMPLATE_TEST_CASE("MaxPool by hand: the first of equal steps gets the gradient", "[pooling]", float, double) {
    using T = TestType;
    auto run = network_run<T>(Shape<4, 2>(), Sequential(MaxPool<2, 2>()), 2);
    for (int pass = 0; pass < 2; ++pass) {
        CHECK(run.forward({1, 5, 2, 5, -3, -1, -4, -2, 0, 1, 0, 2, 0, 3, 0, 4}) == V<T>{2, 5, -3, -1, 0, 2, 0, 4});
        CHECK(run.backward({1, 2, 3, 4, 5, 6, 7, 8}) == V<T>{0, 2, 1, 0, 3, 4, 0, 0, 5, 0, 0, 6, 7, 0, 0, 8});
    }
    auto overlap = network_run<T>(Shape<3, 1>(), Sequential(MaxPool<>(2, 1)));
    CHECK(overlap.forward({1, 9, 2}) == V<T>{9, 9});
    CHECK(overlap.backward({3, 4}) == V<T>{0, 7, 0});
}

TEMPLATE_TEST_CASE("a NaN in a window is its largest", "[pooling]", float, double) {
    using T = TestType;
    const T nan = std::numeric_limits<T>::quiet_NaN();
    auto run = network_run<T>(Shape<4, 1>(), Sequential(MaxPool<>(2)));
    const V<T> y = run.forward({nan, 1, 1, nan});
    CHECK(std::isnan(y[0]));
    CHECK(std::isnan(y[1]));
    CHECK(run.backward({1, 2}) == V<T>{1, 0, 0, 2});
}

TEMPLATE_TEST_CASE("GlobalAveragePool by hand", "[pooling]", float, double) {
    using T = TestType;
    auto run = network_run<T>(Shape<4, 2>(), Sequential(GlobalAveragePool()));
    CHECK(run.network.output_shape().length() == 1);
    CHECK(run.forward({1, 10, 2, 20, 3, 30, 6, 0}) == V<T>{3, 15});
    CHECK(run.backward({4, 8}) == V<T>{1, 2, 1, 2, 1, 2, 1, 2});
}

TEST_CASE("a pool's static and dynamic shapes are the same", "[pooling]") {
    const auto shape = MaxPool<3, 2>().output_shape(Shape<8, 5>());
    STATIC_REQUIRE(decltype(shape)::static_length == 3);
    STATIC_REQUIRE(decltype(shape)::static_channels == 5);
    CHECK(MaxPool<>(3, 2).output_shape(Shape<dynamic, dynamic>(8, 5)).length() == 3);
    CHECK(AveragePool<>(3).stride() == 3);
    CHECK(AveragePool<>(3).name() == "AveragePool(k3, stride 3)");
}

TEST_CASE("a pool that does not fit says what it got", "[pooling]") {
    const auto shape = [](const auto& pool, Index length) { return pool.output_shape(Shape<dynamic, 1>(length, 1)); };
    REQUIRE_THROWS_AS(shape(MaxPool<>(4), 3), ShapeError);
    REQUIRE_THROWS_WITH(shape(AveragePool<>(4), 3),
                        ContainsSubstring("expected an input of at least 4 steps, as many as its kernel, got 3"));
    REQUIRE_THROWS_WITH(shape(GlobalAveragePool(), 0), "GlobalAveragePool: expected at least 1 step, got 0");
    REQUIRE_THROWS_AS(AveragePool<>(0), ConfigError);
    REQUIRE_THROWS_WITH(MaxPool<>(2, 0), "pool: expected a kernel and a stride of at least 1, got 2 and 0");
}
