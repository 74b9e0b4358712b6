#include <cmath>
#include <limits>
#include <vector>

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
    auto run = network_run<T>(Shape<2, 2>(), Sequential(LayerNorm(3)));
    for (int pass = 0; pass < 2; ++pass) {
        const auto y = run.forward({1, 3, 3, 1});
        CHECK(y == std::vector<T>{-0.5, 0.5, 0.5, -0.5});
        CHECK(run.backward({4, 0, 0, 4}) == std::vector<T>{0.75, -0.75, -0.75, 0.75});
    }
    auto other = network_run<T>(Shape<1, 2>(), Sequential(LayerNorm(9)));
    const T unit = std::numeric_limits<T>::epsilon();
    CHECK(std::abs(other.forward({0, 8})[0] - T(-0.8)) <= unit);
    CHECK(std::abs(other.forward({0, 8})[1] - T(0.8)) <= unit);
}

TEMPLATE_TEST_CASE("LayerNorm of one channel, or of equal ones, is 0", "[norm]", float, double) {
    using T = TestType;
    auto one = network_run<T>(Shape<3, 1>(), Sequential(LayerNorm()));
    CHECK(one.forward({-7, 0, 1000}) == std::vector<T>{0, 0, 0});
    CHECK(one.backward({1, 2, 3}) == std::vector<T>{0, 0, 0});
    auto equal = network_run<T>(Shape<1, 3>(), Sequential(LayerNorm()));
    CHECK(equal.forward({4, 4, 4}) == std::vector<T>{0, 0, 0});
}

TEST_CASE("LayerNorm needs an epsilon above 0", "[norm]") {
    REQUIRE_THROWS_AS(LayerNorm(0), ConfigError);
    REQUIRE_THROWS_WITH(LayerNorm(-1), "LayerNorm: expected an epsilon above 0, got -1");
}
