#include <cmath>
#include <limits>
#include <vector>

#include <idm/models/baseline.hpp>
#include <idm/models/cnn2.hpp>
#include <idm/training/trainer.hpp>

#include "support/catch.hpp"
#include "support/small_dataset.hpp"

using namespace idm;
using namespace idm_test;

// From mse_loss, l1_loss, huber_loss(delta=0.75) and log(cosh(y - t)) of PyTorch 1.13 in double, reduction "none",
// times the weights, mean and backward().
TEMPLATE_TEST_CASE("losses and their gradients are PyTorch's", "[loss]", float, double) {
    using T = TestType;
    struct Expected {
        LossConfig config;
        double loss;
        std::vector<double> gradient;
    };
    const std::vector<T> y{0.5, -2, 3, 0.25, -1.5, 1}, target{0.25, 1, 0.5, 0.25, -1, -1};
    const std::vector<double> weights{2, 0.5};
    for (const Expected& e : {
             Expected{{}, 3.2604166666666665, {1 / 12.0, -1, 5 / 6.0, 0, -1 / 6.0, 2 / 3.0}},
             {{.weights = weights}, 3.2708333333333335, {1 / 6.0, -0.5, 5 / 3.0, 0, -1 / 3.0, 1 / 3.0}},
             {{LossKind::absolute}, 1.375, {1 / 6.0, -1 / 6.0, 1 / 6.0, 0, -1 / 6.0, 1 / 6.0}},
             {{LossKind::absolute, 1, weights}, 1.5, {1 / 3.0, -1 / 12.0, 1 / 3.0, 0, -1 / 3.0, 1 / 12.0}},
             {{LossKind::huber, 0.75}, 0.8229166666666666, {1 / 24.0, -0.125, 0.125, 0, -1 / 12.0, 0.125}},
             {{LossKind::huber, 0.75, weights}, 0.8489583333333334, {1 / 12.0, -1 / 16.0, 0.25, 0, -1 / 6.0, 1 / 16.0}},
             {{LossKind::log_cosh},
              0.9331572884072101,
              {0.04081977706728485, -0.16584245894778843, 0.16443571635857174, 0, -0.07701952621000163,
               0.16067126334596948}},
             {{LossKind::log_cosh, 1, weights},
              0.9577317638305081,
              {0.0816395541345697, -0.08292122947389421, 0.3288714327171435, 0, -0.15403905242000326,
               0.08033563167298474}},
         }) {
        INFO("kind " << static_cast<int>(e.config.kind) << ", " << e.config.weights.size() << " weights");
        const Loss<T> loss(2, e.config);
        std::vector<T> d(6, T(99));
        const double eps = std::numeric_limits<T>::epsilon();
        CHECK(loss(3, y.data(), target.data(), T(1) / 6, d.data()) / 6 == Approx(e.loss).epsilon(8 * eps));
        CHECK(loss.sum(3, y.data(), target.data()) / 6 == Approx(e.loss).epsilon(1e-15));
        for (std::size_t i = 0; i < d.size(); ++i)
            CHECK(static_cast<double>(d[i]) == Approx(e.gradient[i]).epsilon(4 * eps));
    }
}

TEST_CASE("log-cosh of a large error is its size less log 2, and NaN stays NaN", "[loss]") {
    const Loss<double> loss(1, {LossKind::log_cosh});
    const double far = -1e300, zero = 0;
    double d = 0;
    CHECK(loss(1, &far, &zero, 1, &d) == 1e300);
    CHECK(d == -1);
    const double nan = std::numeric_limits<double>::quiet_NaN();
    for (const LossKind kind : {LossKind::squared, LossKind::absolute, LossKind::huber, LossKind::log_cosh})
        CHECK(std::isnan(Loss<double>(1, {kind})(1, &nan, &zero, 1, &d)));
}

TEST_CASE("a loss refuses settings out of range", "[loss]") {
    const double inf = std::numeric_limits<double>::infinity();
    for (const LossConfig& bad : std::vector<LossConfig>{{.delta = 0},
                                                         {.delta = -1},
                                                         {.delta = inf},
                                                         {.weights = {1}},
                                                         {.weights = {1, 1, 1}},
                                                         {.weights = {1, -1}},
                                                         {.weights = {0, 0}},
                                                         {.weights = {1, inf}}})
        CHECK_THROWS_AS(Loss<float>(2, bad), ConfigError);
    CHECK_THROWS_WITH(Loss<float>(2, {.weights = {1}}), ContainsSubstring("each of 2 outputs, got 1"));
}

TEMPLATE_TEST_CASE("training and validation take the loss of the settings", "[loss]", Baseline<double>, Cnn2<double>) {
    using M = TestType;
    const auto data = linear_dataset<double>({.rows = 45, .outputs = 2});
    M model({31, 2, 2});
    model.initialise(1);
    const LossConfig loss{LossKind::huber, 0.25, {3, 0.5}};
    const auto rows = [&](const auto& segments) { return window_rows(segments, 31, 0, idm::Rows::full); };
    const double before = mean_loss(model, data, rows(data.split.train), loss, 1);
    // A rate so small that the weights stay.
    const TrainerConfig config{.epochs = 1,
                               .batch_size = 16,
                               .rate = 1e-30,
                               .schedule = Schedule::constant,
                               .loss = loss,
                               .chunk = 4,
                               .threads = 1};
    const History history = train(model, data, config);
    CHECK(history.epochs[0].training_loss == Approx(before).epsilon(1e-13));
    CHECK(history.epochs[0].validation_loss == mean_loss(model, data, rows(data.split.validation), loss, 1));
    CHECK(before != mean_squared_error(model, data, rows(data.split.train), 1));
    TrainerConfig wrong = config;
    wrong.loss.weights = {1, 2, 3};
    CHECK_THROWS_AS(train(model, data, wrong), ConfigError);
}

TEST_CASE("an output of weight 0 is not learned", "[loss]") {
    const auto data = linear_dataset<double>({.outputs = 2});
    Baseline<double> model({4, 2, 2});
    model.initialise(1);
    const std::vector<double> before = parameters_of(model);
    train(model, data, {.epochs = 1, .loss = {.weights = {1, 0}}, .adam = {}, .threads = 1});
    const auto bias = model.named_parameters()[1];
    CHECK(parameters_of(model)[static_cast<std::size_t>(bias.info().buffer_index(0))] !=
          before[static_cast<std::size_t>(bias.info().buffer_index(0))]);
    CHECK(parameters_of(model)[static_cast<std::size_t>(bias.info().buffer_index(1))] ==
          before[static_cast<std::size_t>(bias.info().buffer_index(1))]);
}

TEST_CASE("training with the absolute loss resists outliers that draw the squared loss", "[loss]") {
    auto data = linear_dataset<double>();
    // In validation too, which chooses the epoch; the test's trajectory is clean.
    for (Index row = 0; row < data.split.test[0].begin; row += 8) data.targets(row, 0) += 20;
    const auto trained = [&](LossKind kind) {
        Baseline<double> model({4, 2, 1});
        model.initialise(1);
        train(model, data, {.epochs = 60, .batch_size = 32, .rate = 5e-2, .loss = {kind}, .adam = {}, .threads = 1});
        return mean_squared_error(model, data, window_rows(data.split.test, 4, 0, idm::Rows::full), 1);
    };
    const double squared = trained(LossKind::squared);
    CHECK(squared > 1);  // the outliers' mean of 20 / 8 draws the bias, and so its square the error
    for (const LossKind kind : {LossKind::absolute, LossKind::huber, LossKind::log_cosh})
        CHECK(trained(kind) < 0.1 * squared);
}
