#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include <idm/training/metrics.hpp>

#include "support/catch.hpp"

using namespace idm;

namespace {

// Joint 1: values 1 2 3 4 (variance 5/4), errors 0.5 -0.5 0 1. Joint 2: 0 10 0 10 (variance 25), errors 2 0 0 0.
template <class T>
struct Example {
    Matrix<T> measured{{1, 0}, {2, 10}, {3, 0}, {4, 10}};
    Matrix<T> predicted{{T(1.5), 2}, {T(1.5), 10}, {3, 0}, {5, 10}};
};

}  // namespace

TEMPLATE_TEST_CASE("metrics agree with figures worked out by hand", "[metrics]", float, double) {
    const Example<TestType> e;
    const Metrics m = evaluate_predictions(e.measured, e.predicted);
    REQUIRE(m.rows == 4);
    REQUIRE(m.joints.size() == 2);
    // 1.5 / 4 = 0.375; 0.375 / 1.25 = 0.3
    CHECK(m.joints[0].nmse == Approx(0.3).epsilon(1e-14));
    CHECK(m.joints[0].rmse == Approx(std::sqrt(0.375)).epsilon(1e-14));
    CHECK(m.joints[0].mae == Approx(0.5).epsilon(1e-14));
    CHECK(m.joints[0].r2 == Approx(0.7).epsilon(1e-14));
    CHECK(m.joints[0].worst_error == 1.0);
    CHECK(m.joints[0].worst_row == 3);
    // 4 / 4 = 1; 1 / 25 = 0.04
    CHECK(m.joints[1].nmse == Approx(0.04).epsilon(1e-14));
    CHECK(m.joints[1].rmse == Approx(1.0).epsilon(1e-14));
    CHECK(m.joints[1].worst_error == 2.0);
    CHECK(m.joints[1].worst_row == 0);
    CHECK(m.nmse == Approx(0.17).epsilon(1e-14));
    CHECK(m.rmse == Approx((std::sqrt(0.375) + 1) / 2).epsilon(1e-14));
    CHECK(m.mae == Approx(0.5).epsilon(1e-14));
    CHECK(m.r2 == Approx(0.83).epsilon(1e-14));
    CHECK(m.worst_joint == 1);
    CHECK(m.worst().worst_row == 0);
}

TEST_CASE("only the rows to score count, in error and in variance, and the worst row keeps its number", "[metrics]") {
    const Example<double> e;
    const std::vector<Index> rows{0, 1, 3};
    const Metrics m = evaluate_predictions(e.measured, e.predicted, std::span<const Index>(rows));
    // 1 2 4: variance 14/9; errors 0.5 0.5 1: mean square 1/2.
    CHECK(m.rows == 3);
    CHECK(m.joints[0].nmse == Approx(9.0 / 28.0).epsilon(1e-14));
    CHECK(m.joints[0].worst_row == 3);

    const Score score = score_predictions(e.measured, e.predicted, std::span<const Index>(rows));
    CHECK(score.scored.nmse == m.nmse);
    CHECK(score.all_rows.nmse == Approx(0.17).epsilon(1e-14));
    CHECK(score.all_rows.rows == 4);
}

TEST_CASE("a large offset does not spoil the variance of float torques", "[metrics]") {
    // 100000 +- 1/64: in float sums the variance would be lost altogether.
    const Index rows = 4096;
    Matrix<float> measured(rows, 1), predicted(rows, 1);
    for (Index row = 0; row < rows; ++row) {
        measured(row, 0) = 100000.0f + (row % 2 ? 0.015625f : -0.015625f);
        predicted(row, 0) = 100000.0f;
    }
    CHECK(evaluate_predictions(measured, predicted).nmse == Approx(1.0).epsilon(1e-9));
}

TEST_CASE("the first of equal errors is the worst", "[metrics]") {
    const Matrix<double> measured{{0}, {1}, {0}}, predicted{{0}, {2}, {1}};
    CHECK(evaluate_predictions(measured, predicted).joints[0].worst_row == 1);
}

TEST_CASE("metrics refuse what they can not score", "[metrics]") {
    Example<double> e;
    SECTION("shapes") {
        const Matrix<double> narrow = e.predicted.leftCols(1);
        CHECK_THROWS_AS(evaluate_predictions(e.measured, narrow), ShapeError);
        CHECK_THROWS_WITH(evaluate_predictions(e.measured, narrow),
                          ContainsSubstring("[4, 2]") && ContainsSubstring("[4, 1]"));
    }
    SECTION("no rows") {
        const Matrix<double> none(0, 2);
        CHECK_THROWS_AS(evaluate_predictions(none, none), DataError);
        CHECK_THROWS_AS(evaluate_predictions(e.measured, e.predicted, std::span<const Index>()), DataError);
    }
    SECTION("a row that is not there") {
        const std::vector<Index> rows{0, 4};
        CHECK_THROWS_AS(evaluate_predictions(e.measured, e.predicted, std::span<const Index>(rows)), ShapeError);
    }
    SECTION("constant joint") {
        // 0.1 is not exact: a variance from sums would be tiny instead of zero.
        e.measured.col(1).setConstant(0.1);
        CHECK_THROWS_AS(evaluate_predictions(e.measured, e.predicted), DataError);
        CHECK_THROWS_WITH(evaluate_predictions(e.measured, e.predicted),
                          ContainsSubstring("joint 2 is constant") && ContainsSubstring("undefined"));
    }
    SECTION("prediction not finite") {
        e.predicted(2, 1) = std::numeric_limits<double>::quiet_NaN();
        CHECK_THROWS_AS(evaluate_predictions(e.measured, e.predicted), NumericError);
        CHECK_THROWS_WITH(evaluate_predictions(e.measured, e.predicted), ContainsSubstring("row 2, joint 2"));
    }
    SECTION("measurement not finite") {
        e.measured(1, 0) = std::numeric_limits<double>::infinity();
        CHECK_THROWS_AS(evaluate_predictions(e.measured, e.predicted), DataError);
    }
}
