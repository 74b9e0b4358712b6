#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

#include <idm/training/analysis.hpp>

#include "support/catch.hpp"

using namespace idm;

namespace {

std::vector<Index> first_rows(Index count) {
    std::vector<Index> rows(static_cast<std::size_t>(count));
    std::iota(rows.begin(), rows.end(), Index{0});
    return rows;
}

}  // namespace

TEST_CASE("trajectory errors share one variance and average to the whole", "[analysis]") {
    // Variance of 0 0 0 4 over all four rows: 3. Errors: trajectory 7: 3; trajectory 2: 0 0 6.
    const Matrix<double> measured{{0}, {0}, {0}, {4}}, predicted{{3}, {0}, {0}, {10}};
    const std::vector<Index> trajectory{7, 2, 2, 2}, rows = first_rows(4);
    const auto scores = trajectory_scores(measured, predicted, trajectory, rows);
    REQUIRE(scores.size() == 2);
    CHECK(scores[0].trajectory == 2);
    CHECK(scores[0].rows == 3);
    CHECK(scores[0].nmse == Approx(36.0 / 3.0 / 3.0).epsilon(1e-14));
    CHECK(scores[1].trajectory == 7);
    CHECK(scores[1].nmse == Approx(9.0 / 3.0).epsilon(1e-14));
    const double mean = (3 * scores[0].nmse + 1 * scores[1].nmse) / 4;
    CHECK(mean == Approx(evaluate_predictions(measured, predicted).nmse).epsilon(1e-14));
}

TEST_CASE("trajectory errors average to the nMSE on random data with several joints", "[analysis]") {
    Random random(3);
    const Index count = 300;
    Matrix<float> measured(count, 4), predicted(count, 4);
    std::vector<Index> trajectory, rows;
    for (Index row = 0; row < count; ++row) {
        trajectory.push_back(row / 70);
        if (row % 70 >= 10) rows.push_back(row);
        for (Index joint = 0; joint < 4; ++joint) {
            measured(row, joint) = static_cast<float>(random.normal() * static_cast<double>(joint + 1));
            predicted(row, joint) = static_cast<float>(random.normal());
        }
    }
    double sum = 0;
    for (const auto& s : trajectory_scores(measured, predicted, trajectory, rows))
        sum += s.nmse * static_cast<double>(s.rows);
    CHECK(sum / static_cast<double>(rows.size()) ==
          Approx(evaluate_predictions(measured, predicted, std::span<const Index>(rows)).nmse).epsilon(1e-12));
}

TEST_CASE("the median trajectory exists and ties go to the lower number", "[analysis]") {
    const auto odd = typical_trajectories({{4, 1, 0.3}, {1, 1, 0.9}, {2, 1, 0.1}});
    CHECK(odd.best.trajectory == 2);
    CHECK(odd.median.trajectory == 4);
    CHECK(odd.worst.trajectory == 1);
    const auto even = typical_trajectories({{0, 1, 0.4}, {1, 1, 0.3}, {2, 1, 0.2}, {3, 1, 0.1}});
    CHECK(even.median.trajectory == 2);
    const auto tie = typical_trajectories({{9, 1, 0.5}, {3, 1, 0.5}, {5, 1, 0.5}});
    CHECK(tie.best.trajectory == 3);
    CHECK(tie.median.trajectory == 5);
    CHECK(tie.worst.trajectory == 9);
    const auto one = typical_trajectories({{6, 1, 0.5}});
    CHECK(one.median.trajectory == 6);
    CHECK_THROWS_AS(typical_trajectories({}), DataError);
}

TEST_CASE("roughness compares total variation inside trajectories only", "[analysis]") {
    // Measured varies by 1 + 1 inside trajectory 0 and 2 inside trajectory 1; the jump of 100 between them is not one.
    const Matrix<double> measured{{0}, {1}, {0}, {100}, {102}};
    const Matrix<double> predicted{{0}, {3}, {0}, {50}, {50}};
    const std::vector<Index> trajectory{0, 0, 0, 1, 1};
    CHECK(roughness(measured, predicted, trajectory, first_rows(5)).mean == Approx(6.0 / 4.0).epsilon(1e-14));
    CHECK(roughness(measured, measured, trajectory, first_rows(5)).mean == 1.0);

    SECTION("rows that are no neighbours form no pair") {
        const std::vector<Index> rows{0, 2, 3, 4};
        CHECK(roughness(measured, predicted, trajectory, rows).mean == 0.0);
    }
    SECTION("joints are weighed alike") {
        Matrix<double> m(5, 2), p(5, 2);
        m << measured, 10 * measured;
        p << predicted, 10 * measured;
        const Roughness r = roughness(m, p, trajectory, first_rows(5));
        CHECK(r.joints[0] == Approx(1.5).epsilon(1e-14));
        CHECK(r.joints[1] == Approx(1.0).epsilon(1e-14));
        CHECK(r.mean == Approx(1.25).epsilon(1e-14));
    }
    SECTION("undefined without a change") {
        const std::vector<Index> rows{0, 3};
        CHECK_THROWS_AS(roughness(measured, predicted, trajectory, rows), DataError);
    }
    SECTION("one number per row") {
        const std::vector<Index> shorter{0, 0};
        CHECK_THROWS_AS(roughness(measured, predicted, shorter, first_rows(5)), ShapeError);
    }
}

TEST_CASE("noise sensitivity of a linear map is the norm of its weights", "[analysis]") {
    const Index rows = 20000;
    const Matrix<double> inputs = Matrix<double>::Ones(rows, 2);
    const auto predict = [](const Matrix<double>& x) { return Matrix<double>(3.0 * x.col(0) - 2.0 * x.col(1)); };
    const std::vector<double> input_deviation{0.5, 2.0}, target_deviation{5.0};
    // sqrt((3 * 0.5)^2 + (2 * 2)^2) / 5; the RMS of 20000 normals is 0.5 % wide (1 / sqrt(2 n)), four of these allowed.
    const double expected = std::sqrt(2.25 + 16.0) / 5.0;
    for (const double level : {0.01, 1.0})
        CHECK(noise_sensitivity(predict, inputs, input_deviation, target_deviation, {level, 11}) ==
              Approx(expected).epsilon(0.02));
    const double once = noise_sensitivity(predict, inputs, input_deviation, target_deviation, {0.01, 5});
    CHECK(once == noise_sensitivity(predict, inputs, input_deviation, target_deviation, {0.01, 5}));
    CHECK(once != noise_sensitivity(predict, inputs, input_deviation, target_deviation, {0.01, 6}));
}

TEST_CASE("noise sensitivity is the change that the model really saw", "[analysis]") {
    const Matrix<double> inputs{{1, 2}, {3, 4}, {5, 6}};
    std::vector<Matrix<double>> seen;
    const auto predict = [&](const Matrix<double>& x) {
        seen.push_back(x);
        return Matrix<double>(x.cwiseAbs2());
    };
    const std::vector<double> input_deviation{1.0, 0.0}, target_deviation{2.0, 4.0};
    const double sensitivity = noise_sensitivity(predict, inputs, input_deviation, target_deviation, {0.1, 1});
    REQUIRE(seen.size() == 2);
    CHECK(seen[0] == inputs);
    CHECK(seen[1].col(1) == inputs.col(1));
    CHECK((seen[1] - inputs).col(0).cwiseAbs().minCoeff() > 0);
    double square = 0;
    for (Index row = 0; row < 3; ++row)
        square += std::pow((seen[1](row, 0) * seen[1](row, 0) - inputs(row, 0) * inputs(row, 0)) / 2.0, 2);
    CHECK(sensitivity == Approx(std::sqrt(square / 6.0) / 0.1).epsilon(1e-12));

    CHECK_THROWS_AS(noise_sensitivity(predict, inputs, input_deviation, target_deviation, {0.0, 1}), ConfigError);
    CHECK_THROWS_AS(noise_sensitivity(predict, inputs, target_deviation, std::vector<double>{1.0}), ShapeError);
    CHECK_THROWS_AS(noise_sensitivity(predict, inputs, std::vector<double>{1.0}, target_deviation), ShapeError);
    CHECK_THROWS_AS(noise_sensitivity(predict, inputs, input_deviation, std::vector<double>{1.0, 0.0}), ConfigError);
}

TEST_CASE("spread of a few values", "[analysis]") {
    const std::vector<double> values{2, 4, 9};
    const Spread s = spread(values);
    CHECK(s.mean == Approx(5.0).epsilon(1e-14));
    CHECK(s.low == 2);
    CHECK(s.high == 9);
    CHECK(s.deviation == Approx(std::sqrt(13.0)).epsilon(1e-14));  // (9 + 1 + 16) / 2
    CHECK(spread(std::vector<double>{3}).deviation == 0);
    CHECK_THROWS_AS(spread(std::span<const double>()), DataError);
}

TEST_CASE("histogram bins are half open and nothing is lost", "[analysis]") {
    const std::vector<double> values{
        -2.1, -2, -1.01, -1, 0, 0.99, 1, 1.99, 2, 5, std::numeric_limits<double>::infinity()};
    const Histogram h = histogram(values, 2.0, 4);
    CHECK(h.counts == std::vector<Index>{2, 1, 2, 2});
    CHECK(h.outside == 4);
    CHECK(h.total() == 11);
    CHECK(h.width() == 1.0);
    CHECK(h.centre(0) == -1.5);
    CHECK(h.centre(3) == 1.5);
    CHECK_THROWS_AS(histogram(values, 0.0, 4), ConfigError);
    CHECK_THROWS_AS(histogram(values, 1.0, 0), ConfigError);
}

TEST_CASE("errors are given in deviations of their own joint", "[analysis]") {
    const Matrix<double> measured{{-1, 0}, {1, 20}}, predicted{{0, 0}, {1, 15}};
    const auto errors = normalised_errors(measured, predicted, first_rows(2));
    REQUIRE(errors.size() == 4);
    CHECK(errors == std::vector<double>{1.0, 0.0, 0.0, -0.5});
}
