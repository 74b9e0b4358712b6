#include <cmath>
#include <limits>
#include <vector>

#include <idm/layers/init.hpp>
#include <idm/layers/norm.hpp>

#include "support/catch.hpp"
#include "support/network_run.hpp"

using namespace idm;
using namespace idm_test;

// Row (1, 3): mean 2, variance 1; row (0, 8): mean 4, variance 16. Epsilon 3 and 9 make the roots 2 and 5.
// d_x of the first row for d_y = (4, 0): scale 1/2, y = (-1/2, 1/2), mean(d_y) = 2, mean(d_y y) = -1, so
// d_x = (4 - 2 - 1/2, 0 - 2 + 1/2) / 2 = (3/4, -3/4).
TEMPLATE_TEST_CASE("LayerNorm by hand", "[norm]", float, double) {
    using T = TestType;
    auto run = network_run<T>(Shape<2, 2>(), Sequential(LayerNorm<false>(3)));
    for (int pass = 0; pass < 2; ++pass) {
        const auto y = run.forward({1, 3, 3, 1});
        CHECK(y == std::vector<T>{-0.5, 0.5, 0.5, -0.5});
        CHECK(run.backward({4, 0, 0, 4}) == std::vector<T>{0.75, -0.75, -0.75, 0.75});
    }
    auto other = network_run<T>(Shape<1, 2>(), Sequential(LayerNorm<false>(9)));
    const T unit = std::numeric_limits<T>::epsilon();
    CHECK(std::abs(other.forward({0, 8})[0] - T(-0.8)) <= unit);
    CHECK(std::abs(other.forward({0, 8})[1] - T(0.8)) <= unit);
}

TEMPLATE_TEST_CASE("LayerNorm of one channel, or of equal ones, is 0", "[norm]", float, double) {
    using T = TestType;
    auto one = network_run<T>(Shape<3, 1>(), Sequential(LayerNorm<false>()));
    CHECK(one.forward({-7, 0, 1000}) == std::vector<T>{0, 0, 0});
    CHECK(one.backward({1, 2, 3}) == std::vector<T>{0, 0, 0});
    auto equal = network_run<T>(Shape<1, 3>(), Sequential(LayerNorm<false>()));
    CHECK(equal.forward({4, 4, 4}) == std::vector<T>{0, 0, 0});
}

// The first rows again: (-1/2, 1/2) and (1/2, -1/2) times (2, 4) plus (10, 20). d_y times the weight is the d_y above.
TEMPLATE_TEST_CASE("LayerNorm with weight and bias by hand", "[norm]", float, double) {
    using T = TestType;
    auto run = network_run<T>(Shape<2, 2>(), Sequential(LayerNorm(3)));
    const auto named = run.named(), gradient = run.named_gradient();
    REQUIRE(named.size() == 2);
    CHECK(named[0].name() == "0.weight");
    CHECK(named[1].name() == "0.bias");
    initialise_uniform<T>(named, 1);
    CHECK(run.forward({1, 3, 3, 1}) == std::vector<T>{-0.5, 0.5, 0.5, -0.5});
    named[0].copy_from(std::vector<T>{2, 4});
    named[1].copy_from(std::vector<T>{10, 20});
    for (int pass = 1; pass <= 2; ++pass) {
        CHECK(run.forward({1, 3, 3, 1}) == std::vector<T>{9, 22, 11, 18});
        CHECK(run.backward({2, 0, 0, 1}) == std::vector<T>{0.75, -0.75, -0.75, 0.75});
        CHECK(values_of(gradient[0]) == std::vector<T>{T(-pass), T(-0.5) * T(pass)});
        CHECK(values_of(gradient[1]) == std::vector<T>{T(2 * pass), T(pass)});
    }
}

TEST_CASE("LayerNorm needs an epsilon above 0", "[norm]") {
    REQUIRE_THROWS_AS(LayerNorm<false>(0), ConfigError);
    REQUIRE_THROWS_WITH(LayerNorm<false>(-1), "LayerNorm: expected an epsilon above 0, got -1");
}
