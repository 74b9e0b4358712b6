#include <span>
#include <string>
#include <utility>
#include <vector>

#include <idm/training/groups.hpp>

#include "support/catch.hpp"

using namespace idm;

TEST_CASE("groups are all targets, limbs over all steps, and steps") {
    const std::vector<std::pair<std::string, Index>> limbs{{"arm", 2}, {"hand", 1}};
    const auto groups = target_groups(limbs, 3, 2);
    REQUIRE(groups.size() == 5);
    const std::vector<std::string> names{"all", "arm", "hand", "step +0", "step +1"};
    const std::vector<std::vector<Index>> targets{{0, 1, 2, 3, 4, 5}, {0, 1, 3, 4}, {2, 5}, {0, 1, 2}, {3, 4, 5}};
    for (std::size_t i = 0; i < 5; ++i) {
        CHECK(groups[i].name == names[i]);
        CHECK(groups[i].targets == targets[i]);
    }
    CHECK(target_groups(limbs, 3, 1).size() == 3);
    CHECK(target_groups({}, 3, 2).size() == 3);
    CHECK(target_groups({}, 3, 1).empty());
    CHECK_THROWS_AS(target_groups(limbs, 4, 1), ConfigError);
}

TEST_CASE("mean, median and pooled error of a group, by hand") {
    // Variances 1 and 4 (values +-1 and +-2), 0.01 (+-0.1); errors 0.5, 1 and 0.1 everywhere: nMSE 0.25, 0.25 and 1.
    const Matrix<double> measured{{1, 2, 0.1}, {-1, -2, -0.1}};
    const Matrix<double> predicted{{1.5, 3, 0.2}, {-0.5, -1, 0}};
    const Metrics metrics = evaluate_predictions(measured, predicted);
    CHECK(metrics.joints[1].variance == Approx(4));
    const GroupScore all = group_score(metrics, {"all", {0, 1, 2}});
    CHECK(all.mean == Approx(0.5));
    CHECK(all.median == Approx(0.25));
    CHECK(all.pooled == Approx((0.25 + 1 + 0.01) / (1 + 4 + 0.01)));
    const GroupScore two = group_score(metrics, {"two", {1, 2}});
    CHECK(two.median == Approx(0.625));
    CHECK(two.pooled == Approx(1.01 / 4.01));
    CHECK_THROWS_AS(group_score(metrics, {"none", {}}), ShapeError);
    CHECK_THROWS_AS(group_score(metrics, {"far", {3}}), ShapeError);
}
