#include <vector>

#include <idm/layers/dense.hpp>

#include "support/catch.hpp"
#include "support/network_run.hpp"

using namespace idm;
using namespace idm_test;

namespace {
template <class T>
using V = std::vector<T>;
}

TEMPLATE_TEST_CASE("Dense forward and backward by hand, on every step", "[dense]", float, double) {
    using T = TestType;
    auto run = network_run<T>(Shape<2, 2>(), Sequential(Dense<3>()));
    run.named()[0].copy_from(V<T>{1, 2, 3, 4, 5, 6});
    run.named()[1].copy_from(V<T>{0.5, 0, -1});
    CHECK(run.forward({1, 2, -1, 3}) == V<T>{5.5, 11, 16, 5.5, 9, 12});
    run.named_gradient()[1].copy_from(V<T>{100, 0, 0});
    CHECK(run.backward({1, 0, 0, 0, 1, 10}) == V<T>{1, 2, 53, 64});
    CHECK(values_of(run.named_gradient()[0]) == V<T>{1, 2, -1, 3, -10, 30});
    CHECK(values_of(run.named_gradient()[1]) == V<T>{101, 1, 10});
}

TEMPLATE_TEST_CASE("Dense behind Flatten has PyTorch's columns: channels first", "[dense]", float, double) {
    using T = TestType;
    auto run = network_run<T>(Shape<2, 2>(), Sequential(Flatten(), Dense<1>()));
    REQUIRE(run.named()[0].shape() == std::vector<Index>{1, 4});
    REQUIRE(run.named()[0].name() == "1.weight");
    run.named()[0].copy_from(V<T>{1, 10, 100, 1000});
    // [[1, 2], [3, 4]] over [time, channel] flattens to 1, 3, 2, 4.
    CHECK(run.forward({1, 2, 3, 4}) == V<T>{4231});
    CHECK(run.backward({2}) == V<T>{2, 200, 20, 2000});
    CHECK(values_of(run.named_gradient()[0]) == V<T>{2, 6, 4, 8});
}

TEST_CASE("the column order passes through an activation between Flatten and Dense", "[dense]") {
    auto run = network_run<double>(Shape<2, 2>(), Sequential(Flatten(), ReLU(), Dense<1>()));
    run.named()[0].copy_from(V<double>{1, 10, 100, 1000});
    CHECK(run.forward({1, -2, 3, 4}) == V<double>{4031});
}

TEST_CASE("Dense refuses to have no output", "[dense]") {
    REQUIRE_THROWS_AS(Dense<dynamic>(0), ConfigError);
    REQUIRE_THROWS_WITH(Dense<dynamic>(0), "Dense: expected at least 1 output, got 0");
}
