#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <Eigen/Eigenvalues>
#include <Eigen/QR>

#include <idm/training/evaluate.hpp>
#include <idm/training/ridge.hpp>
#include <idm/training/trainer.hpp>

#include "support/catch.hpp"
#include "support/small_dataset.hpp"

using namespace idm;
using namespace idm_test;

namespace {

/// The training windows as a matrix [N, inputs * window + 1], columns in PyTorch's order (channels first), ones last.
template <class T>
Matrix<double> design(const Dataset<T>& data, Index window, const std::vector<Segment>& segments,
                      Matrix<double>* targets = nullptr) {
    const auto rows = window_rows(segments, window, data.recipe.ahead, Rows::full);
    const Index inputs = data.inputs.cols();
    Matrix<double> x(static_cast<Index>(rows.size()), inputs * window + 1);
    if (targets) targets->resize(x.rows(), data.targets.cols());
    for (Index n = 0; n < x.rows(); ++n) {
        const Index row = rows[static_cast<std::size_t>(n)].row;
        for (Index c = 0; c < inputs; ++c)
            for (Index l = 0; l < window; ++l)
                x(n, c * window + l) = static_cast<double>(data.inputs(row + data.recipe.ahead - window + 1 + l, c));
        x(n, inputs * window) = 1;
        if (targets) targets->row(n) = data.targets.row(row).template cast<double>();
    }
    return x;
}

/// Ridge by QR of the stacked system [X; sqrt(N lambda) I] w = [y; 0], which never forms X^T X. The bias has no row
/// below.
Matrix<double> ridge_by_qr(const Matrix<double>& x, const Matrix<double>& y, double lambda) {
    const Index size = x.cols() - 1;
    Matrix<double> stacked = Matrix<double>::Zero(x.rows() + size, x.cols());
    Matrix<double> right = Matrix<double>::Zero(x.rows() + size, y.cols());
    stacked.topRows(x.rows()) = x;
    stacked.block(x.rows(), 0, size, size).diagonal().setConstant(std::sqrt(static_cast<double>(x.rows()) * lambda));
    right.topRows(x.rows()) = y;
    return stacked.colPivHouseholderQr().solve(right);
}

/// The model's weights and bias as [inputs * window + 1, outputs].
template <class M>
Matrix<double> coefficients(const M& model) {
    const Index size = model.window() * model.inputs();
    Matrix<double> w(size + 1, model.outputs());
    const auto named = model.named_parameters();
    for (Index o = 0; o < model.outputs(); ++o) {
        for (Index i = 0; i < size; ++i) w(i, o) = static_cast<double>(named[0][o * size + i]);
        w(size, o) = static_cast<double>(named[1][o]);
    }
    return w;
}

/// A nonlinear target with an offset: no linear model is exact.
template <class T>
Dataset<T> curved_dataset(const SmallData& small) {
    return small_dataset<T>(small, [](const auto& at, Index o) {
        const double a = static_cast<double>(at(0, 0)), b = static_cast<double>(at(2, 1));
        return 3 + a - 0.5 * b + (o ? a * b : a * a);
    });
}

}  // namespace

TEMPLATE_TEST_CASE("ridge regression agrees with a solution by QR, the bias unpenalised", "[ridge]", float, double) {
    using T = TestType;
    const auto ahead = GENERATE(Index(0), Index(1), Index(5));
    const auto lambda = GENERATE(1e-3, 0.5);
    const auto data = curved_dataset<T>({.rows = 100, .outputs = 2, .ahead = ahead});
    Matrix<double> y;
    const Matrix<double> x = design(data, 3, data.split.train, &y);
    Baseline<T> model({3, 2, 2});
    const RidgeResult result = fit_ridge(model, data, {lambda}, 1);
    const Matrix<double> expected = ridge_by_qr(x, y, lambda);
    // The condition number of X^T X / N + lambda is about 3 / lambda at most; rounding to T comes last.
    const double tolerance = std::max(1e-12, 2.0 * static_cast<double>(std::numeric_limits<T>::epsilon()));
    CHECK((coefficients(model) - expected).cwiseAbs().maxCoeff() <= tolerance * expected.cwiseAbs().maxCoeff());
    CHECK(result.lambda == lambda);
    // The offset of 3 passes into the bias whole; a penalty of 0.5 on it would have left about 2.
    if (lambda == 0.5) CHECK(coefficients(model)(6, 1) == Approx(3).margin(0.1));
}

TEST_CASE("a target that is one channel's value at one lag has weight 1 there and 0 elsewhere", "[ridge]") {
    constexpr Index window = 4, inputs = 3;
    const auto ahead = GENERATE(Index(0), Index(2), Index(6));
    const auto channel = GENERATE(Index(0), Index(1), Index(2));
    const auto step = GENERATE(Index(0), Index(1), Index(3));  // of the window, 0 the oldest
    const auto data = small_dataset<double>({.inputs = inputs, .ahead = ahead}, [&](const auto& at, Index) {
        return at(window - 1 - step - ahead, channel);
    });
    Baseline<double> model({window, inputs, 1});
    fit_ridge(model, data, {0.0}, 1);
    const Matrix<double> w = coefficients(model);
    for (Index i = 0; i < w.rows(); ++i) {
        INFO("coefficient " << i);
        // At most cond(X) epsilon, about 10 epsilon.
        CHECK(w(i, 0) == Approx(i == channel * window + step ? 1.0 : 0.0).epsilon(0).margin(1e-13));
    }
}

TEST_CASE("the penalty with the lowest validation loss is chosen", "[ridge]") {
    // 20 training windows for 24 weights: without a penalty the noise is learned, with a large one nothing.
    const auto noise = numbers<double>(7, 7, 10000);
    std::size_t next = 0;
    const auto data = small_dataset<double>({.trajectories = 3, .rows = 31, .inputs = 2, .outputs = 2},
                                            [&](const auto& at, Index o) { return at(0, o) + noise[next++]; });
    const std::vector<double> lambdas{1e-6, 1e-3, 1e-2, 0.1, 0.5, 100};
    Baseline<double> model({12, 2, 2});
    const RidgeResult result = fit_ridge(model, data, lambdas, 1);

    Matrix<double> y, y_validation;
    const Matrix<double> x = design(data, 12, data.split.train, &y);
    const Matrix<double> x_validation = design(data, 12, data.split.validation, &y_validation);
    REQUIRE(x.rows() == 20);
    REQUIRE(result.candidates.size() == lambdas.size());
    std::size_t best = 0;
    for (std::size_t i = 0; i < lambdas.size(); ++i) {
        const double loss = (x_validation * ridge_by_qr(x, y, lambdas[i]) - y_validation).squaredNorm() /
                            static_cast<double>(y_validation.size());
        CHECK(result.candidates[i].lambda == lambdas[i]);
        CHECK(result.candidates[i].validation_loss == Approx(loss).epsilon(1e-6));
        if (result.candidates[i].validation_loss < result.candidates[best].validation_loss) best = i;
    }
    CHECK(best > 0);
    CHECK(best + 1 < lambdas.size());
    CHECK(result.lambda == lambdas[best]);
    CHECK(result.validation_loss == result.candidates[best].validation_loss);
    const auto rows = window_rows(data.split.validation, 12, 0, Rows::full);
    CHECK(mean_squared_error(model, data, rows, 1) == result.validation_loss);
}

TEST_CASE("the order of the candidates and the number of threads do not change the fit", "[ridge]") {
    const auto data = curved_dataset<float>({.rows = 100});
    Baseline<float> a({5, 2, 1}), b({5, 2, 1});
    fit_ridge(a, data, {1e-6, 1e-2, 1}, 1);
    fit_ridge(b, data, {1, 1e-6, 1e-2}, 3);
    CHECK(parameters_of(a) == parameters_of(b));
}

TEST_CASE("a constant input column has no weight", "[ridge]") {
    auto data = linear_dataset<double>();
    data.inputs.col(1).setZero();
    Baseline<double> model({4, 2, 1});
    fit_ridge(model, data);
    const Matrix<double> w = coefficients(model);
    for (Index i = 4; i < 8; ++i) CHECK(w(i, 0) == 0);
}

TEST_CASE("fit_ridge refuses penalties it can not use", "[ridge]") {
    const auto data = linear_dataset<float>();
    Baseline<float> model({4, 2, 1});
    CHECK_THROWS_AS(fit_ridge(model, data, {}), ConfigError);
    CHECK_THROWS_AS(fit_ridge(model, data, {1e-3, -1e-3}), ConfigError);
    CHECK_THROWS_AS(fit_ridge(model, data, {1e-3, std::nan("")}), ConfigError);
    Baseline<float> longer({61, 2, 1});
    CHECK_THROWS_AS(fit_ridge(longer, data), DataError);
}

TEST_CASE("bug: fit_ridge wrote beyond its window when the data had more inputs than the model", "[ridge]") {
    const auto data = linear_dataset<float>({.inputs = 3, .outputs = 2});
    Baseline<float> narrow({4, 2, 2}), few({4, 3, 1});
    CHECK_THAT(message_of<ShapeError>([&] { fit_ridge(narrow, data); }), ContainsSubstring("rows of 2 inputs"));
    CHECK_THAT(message_of<ShapeError>([&] { fit_ridge(few, data); }), ContainsSubstring("1 targets"));
}

TEST_CASE("bug: fit_ridge kept the old weights in silence when no penalty had a solution", "[ridge]") {
    auto data = linear_dataset<double>();
    data.inputs.col(1).setZero();
    Baseline<double> model({4, 2, 1});
    model.initialise(1);
    const auto before = parameters_of(model);
    CHECK_THAT(message_of<NumericError>([&] { fit_ridge(model, data, {0.0}); }), ContainsSubstring("lambda"));
    CHECK(parameters_of(model) == before);
    // A candidate that fails does not spoil those that do not.
    CHECK(fit_ridge(model, data, {0.0, 1e-6}).lambda == 1e-6);
}

TEST_CASE("training the baseline by gradient converges to the ridge solution of a small penalty", "[ridge]") {
    constexpr double lambda = 1e-6;
    const auto data = linear_dataset<double>({.outputs = 2});
    Baseline<double> ridge({4, 2, 2}), trained({4, 2, 2});
    fit_ridge(ridge, data, {lambda}, 1);
    trained.initialise(1);
    const TrainerConfig config{.epochs = 800, .batch_size = 1000, .rate = 2e-2, .adam = {}, .threads = 1};
    train(trained, data, config);
    // The target is linear, so the least-squares solution has no error. Ridge is off by at most lambda |w| / mu, with
    // mu the smallest eigenvalue of X^T X / N, and so is the training when its loss is down to (lambda |w|)^2 / mu.
    const Matrix<double> x = design(data, 4, data.split.train), w = coefficients(ridge);
    const Matrix<double> gram = x.transpose() * x / static_cast<double>(x.rows());
    const double mu = Eigen::SelfAdjointEigenSolver<Matrix<double>>(gram).eigenvalues().minCoeff();
    const double distance = (coefficients(trained) - w).norm();
    CHECK(distance <= 2 * lambda * w.norm() / mu);
}
