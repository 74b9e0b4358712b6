#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include <idm/core/random.hpp>
#include <idm/training/metrics.hpp>
#include <idm/training/neighbours.hpp>

#include "support/catch.hpp"

using namespace idm;

namespace {

template <class T>
Matrix<T> random_matrix(Random& random, Index rows, Index columns) {
    Matrix<T> out(rows, columns);
    for (Index i = 0; i < out.size(); ++i) out.data()[i] = static_cast<T>(random.normal());
    return out;
}

// Sorts all rows by (distance, row number).
template <class T>
Matrix<T> brute_force(const Matrix<T>& inputs, const Matrix<T>& targets, const Matrix<T>& queries, int k) {
    Matrix<T> out = Matrix<T>::Zero(queries.rows(), targets.cols());
    for (Index q = 0; q < queries.rows(); ++q) {
        std::vector<T> distance;
        for (Index row = 0; row < inputs.rows(); ++row) {
            T sum = 0;
            for (Index c = 0; c < inputs.cols(); ++c)
                sum += (inputs(row, c) - queries(q, c)) * (inputs(row, c) - queries(q, c));
            distance.push_back(sum);
        }
        std::vector<Index> order(distance.size());
        std::iota(order.begin(), order.end(), Index{0});
        std::stable_sort(order.begin(), order.end(), [&](Index a, Index b) {
            return distance[static_cast<std::size_t>(a)] < distance[static_cast<std::size_t>(b)];
        });
        for (int i = 0; i < k; ++i) out.row(q) += targets.row(order[static_cast<std::size_t>(i)]) / T(k);
    }
    return out;
}

}  // namespace

TEST_CASE("nearest neighbours by hand", "[neighbours]") {
    const Matrix<double> inputs{{0}, {1}, {2}, {10}}, targets{{3, 0}, {6, 0}, {9, 0}, {100, 1}};
    const Matrix<double> queries{{0.9}, {9}};
    const Matrix<double> three = nearest_neighbour_prediction(inputs, targets, queries);
    CHECK(three(0, 0) == Approx(6.0).epsilon(1e-14));
    CHECK(three(1, 0) == Approx(115.0 / 3.0).epsilon(1e-14));
    CHECK(three(1, 1) == Approx(1.0 / 3.0).epsilon(1e-14));
    CHECK(nearest_neighbour_prediction(inputs, targets, queries, 1)(1, 0) == 100);
    CHECK(nearest_neighbour_prediction(inputs, targets, queries, 4)(0, 0) == Approx(29.5).epsilon(1e-14));
}

TEST_CASE("of equally near rows the lower number wins", "[neighbours]") {
    // Rows 1, 2, 40 and 70 are the same point; 40 and 70 lie in other blocks of the search.
    Matrix<float> inputs = Matrix<float>::Constant(80, 2, 5.0f), targets(80, 1);
    for (Index row = 0; row < 80; ++row) targets(row, 0) = static_cast<float>(1 << (row % 20));
    for (const Index row : {1, 2, 40, 70}) inputs.row(row).setZero();
    const Matrix<float> query = Matrix<float>::Zero(1, 2);
    CHECK(nearest_neighbour_prediction(inputs, targets, query, 1)(0, 0) == 2.0f);
    CHECK(nearest_neighbour_prediction(inputs, targets, query, 2)(0, 0) == 3.0f);
    // The fifth nearest is row 0: the lowest of the 76 that are equally far.
    CHECK(nearest_neighbour_prediction(inputs, targets, query, 5)(0, 0) ==
          Approx((2 + 4 + 1 + 1024 + 1) / 5.0).epsilon(1e-6));
}

TEMPLATE_TEST_CASE("nearest neighbours agree with a full sort, for any number of threads", "[neighbours]", float,
                   double) {
    Random random(17);
    REQUIRE(detail::useful_threads(2100 * 257 * 7, 3, 2100) == 3);
    for (const auto& [count, asked] : {std::pair<Index, Index>{3, 37}, {31, 37}, {32, 37}, {33, 37}, {257, 2100}}) {
        const Matrix<TestType> inputs = random_matrix<TestType>(random, count, 7);
        const Matrix<TestType> targets = random_matrix<TestType>(random, count, 3);
        const Matrix<TestType> queries = random_matrix<TestType>(random, asked, 7);
        const Matrix<TestType> one = nearest_neighbour_prediction(inputs, targets, queries, 3, 1);
        // The means differ by the rounding of two additions of numbers below 4.
        const double bound = 16 * static_cast<double>(std::numeric_limits<TestType>::epsilon());
        CHECK(static_cast<double>((one - brute_force(inputs, targets, queries, 3)).cwiseAbs().maxCoeff()) <= bound);
        for (const int threads : {2, 3, 8})
            CHECK(nearest_neighbour_prediction(inputs, targets, queries, 3, threads) == one);
    }
}

TEST_CASE("a look-up of the training rows finds them", "[neighbours]") {
    Random random(5);
    const Matrix<float> inputs = random_matrix<float>(random, 100, 4), targets = random_matrix<float>(random, 100, 2);
    CHECK(nearest_neighbour_prediction(inputs, targets, inputs, 1) == targets);
}

TEST_CASE("the neighbour search refuses what does not fit", "[neighbours]") {
    const Matrix<double> inputs{{0}, {1}}, targets{{0}, {1}};
    Matrix<double> queries{{0}};
    CHECK_THROWS_AS(nearest_neighbour_prediction(inputs, targets, queries, 3), ConfigError);
    CHECK_THROWS_AS(nearest_neighbour_prediction(inputs, targets, queries, 0), ConfigError);
    CHECK_THROWS_AS(nearest_neighbour_prediction(inputs, Matrix<double>{{0}}, queries, 1), ShapeError);
    CHECK_THROWS_AS(nearest_neighbour_prediction(inputs, targets, Matrix<double>{{0, 0}}, 1), ShapeError);
    queries(0, 0) = std::numeric_limits<double>::quiet_NaN();
    CHECK_THROWS_AS(nearest_neighbour_prediction(inputs, targets, queries, 1), DataError);
    queries(0, 0) = 1e200;
    CHECK_THROWS_AS(nearest_neighbour_prediction(inputs, targets, queries, 1), NumericError);
    queries.setConstant(500'000, 1, 0.25);  // work for two threads, of which the last one fails
    queries(queries.rows() - 1, 0) = 1e200;
    CHECK_THROWS_AS(nearest_neighbour_prediction(inputs, targets, queries, 1, 2), NumericError);
}

TEST_CASE("the mean predictor scores 1 on its own data and more after a shift", "[neighbours]") {
    const Matrix<double> train{{0, 1}, {2, 3}, {4, 8}};
    const Matrix<double> mean = mean_prediction(train, 3);
    CHECK(mean.rows() == 3);
    CHECK(mean(2, 0) == Approx(2.0).epsilon(1e-14));
    CHECK(mean(2, 1) == Approx(4.0).epsilon(1e-14));
    CHECK(evaluate_predictions(train, mean).nmse == Approx(1.0).epsilon(1e-14));
    // Shifted by one deviation: 1 + 1.
    Matrix<double> shifted = train;
    shifted.col(0).array() += std::sqrt(8.0 / 3.0);
    CHECK(evaluate_predictions(shifted, mean).joints[0].nmse == Approx(2.0).epsilon(1e-14));
    CHECK_THROWS_AS(mean_prediction(Matrix<double>(0, 2), 3), DataError);
}
