#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <idm/models/baseline.hpp>
#include <idm/models/cnn1.hpp>
#include <idm/models/cnn2.hpp>
#include <idm/training/ridge.hpp>
#include <idm/training/trainer.hpp>

#include "loss_of.hpp"
#include "support/catch.hpp"
#include "support/small_dataset.hpp"

using namespace idm;
using namespace idm_test;

namespace {

template <class M>
M initialised(const ModelConfig& config, std::uint64_t seed = 1) {
    M model(config);
    model.initialise(seed);
    return model;
}

bool all_finite(const std::vector<float>& values) {
    return std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); });
}

}  // namespace

TEMPLATE_TEST_CASE("training learns a linear problem", "[trainer]", Cnn1<float>, Cnn1<double>, Baseline<float>) {
    using M = TestType;
    const auto data = linear_dataset<typename M::Scalar>({.outputs = 2});
    auto model = initialised<M>({8, 2, 2});
    const double before = loss_of(model, data, data.split.validation);
    const History history = train(model, data, {.epochs = 30, .batch_size = 32, .rate = 2e-2, .threads = 1});
    REQUIRE(history.epochs.size() == 30);
    // The targets' variance is 1/3 (1 + 1/4 + 2/4) = 0.58: a model that ignores its input has that loss. The weight
    // decay of 0.01 draws the baseline's weights back, so its loss ends above 0.01.
    CHECK(before > 0.3);
    CHECK(loss_of(model, data, data.split.validation) < 0.03);
    CHECK(history.epochs.back().training_loss < 0.03);
    CHECK(history.epochs.front().training_loss > history.epochs.back().training_loss);
    CHECK(history.seconds > 0);
}

TEST_CASE("Cnn2 learns from sequences what it learns from windows", "[trainer]") {
    const auto data = linear_dataset<float>({.rows = 50});
    for (const Sampling sampling : {Sampling::windows, Sampling::sequences}) {
        auto model = initialised<Cnn2<float>>({31, 2, 1});
        train(model, data,
              {.epochs = 8, .batch_size = 16, .rate = 5e-3, .sampling = sampling, .chunk = 8, .threads = 1});
        CHECK(loss_of(model, data, data.split.validation) < 0.05);
    }
}

TEST_CASE("the model is left with the weights of the lowest validation loss", "[trainer]") {
    const auto data = linear_dataset<float>();
    auto model = initialised<Cnn1<float>>({8, 2, 1});
    std::vector<float> best;
    // A constant high rate: the loss goes up and down.
    const TrainerConfig config{.epochs = 12, .batch_size = 16, .rate = 3e-2, .schedule = Schedule::constant};
    const History history = train(model, data, config, [&](const EpochReport& report) {
        if (report.best) best = parameters_of(model);
        CHECK(loss_of(model, data, data.split.validation) == report.validation_loss);
        return true;
    });
    REQUIRE(history.best_epoch >= 1);
    REQUIRE(history.best_epoch < 12);
    double lowest = std::numeric_limits<double>::infinity();
    for (const EpochReport& epoch : history.epochs) {
        CHECK(epoch.best == (epoch.validation_loss < lowest));
        if (epoch.best) lowest = epoch.validation_loss;
    }
    CHECK(history.epochs[static_cast<std::size_t>(history.best_epoch - 1)].validation_loss == lowest);
    CHECK(loss_of(model, data, data.split.validation) == lowest);
    CHECK(parameters_of(model) == best);
}

TEST_CASE("a callback learns of each epoch", "[trainer]") {
    const auto data = linear_dataset<double>();
    auto model = initialised<Baseline<double>>({4, 2, 1});
    std::vector<EpochReport> reports;
    // 4 trajectories of 57 windows: 228 targets are 7 steps of 36.
    const TrainerConfig config{.epochs = 5, .batch_size = 36, .rate = 1e-2};
    const History history = train(model, data, config, [&](const EpochReport& report) {
        reports.push_back(report);
        return true;
    });
    REQUIRE(reports.size() == 5);
    REQUIRE(history.epochs.size() == 5);
    for (Index i = 0; i < 5; ++i) {
        const EpochReport& report = reports[static_cast<std::size_t>(i)];
        CHECK(report.epoch == i + 1);
        CHECK(report.epochs == 5);
        CHECK(report.learning_rate == learning_rate(Schedule::one_cycle, 1e-2, 7 * i + 6, 35));
        CHECK(report.samples_per_second > 0);
        CHECK((report.seconds_left > 0) == (i < 4));
        CHECK(history.epochs[static_cast<std::size_t>(i)].validation_loss == report.validation_loss);
        CHECK(history.epochs[static_cast<std::size_t>(i)].training_loss == report.training_loss);
    }
}

TEST_CASE("a callback ends the training by returning false", "[trainer]") {
    const auto data = linear_dataset<float>();
    auto model = initialised<Baseline<float>>({4, 2, 1});
    const History history =
        train(model, data, {.epochs = 9}, [](const EpochReport& report) { return report.epoch < 3; });
    CHECK(history.epochs.size() == 3);
    CHECK(loss_of(model, data, data.split.validation) ==
          history.epochs[static_cast<std::size_t>(history.best_epoch - 1)].validation_loss);
}

TEST_CASE("a callback that throws leaves the best weights in the model", "[trainer]") {
    const auto data = linear_dataset<float>();
    auto model = initialised<Baseline<float>>({4, 2, 1});
    double lowest = std::numeric_limits<double>::infinity();
    const TrainerConfig config{.epochs = 9, .batch_size = 8, .rate = 0.3, .schedule = Schedule::constant};
    CHECK_THROWS_AS(train(model, data, config,
                          [&](const EpochReport& report) {
                              lowest = std::min(lowest, report.validation_loss);
                              if (report.epoch > 2 && !report.best) throw std::runtime_error("enough");
                              return true;
                          }),
                    std::runtime_error);
    CHECK(loss_of(model, data, data.split.validation) == lowest);
}

TEMPLATE_TEST_CASE("a training is a function of its seeds", "[trainer]", float, double) {
    using T = TestType;
    const auto data = linear_dataset<T>();
    const auto trained = [&](std::uint64_t weights, std::uint64_t order) {
        auto model = initialised<Cnn1<T>>({8, 2, 1}, weights);
        train(model, data, {.epochs = 2, .batch_size = 50, .seed = order});
        return parameters_of(model);
    };
    const std::vector<T> first = trained(1, 1);
    CHECK(trained(1, 1) == first);
    CHECK(trained(1, 2) != first);
    CHECK(trained(2, 1) != first);
}

TEMPLATE_TEST_CASE("an epoch learns from every target once, the last batch being smaller", "[trainer]",
                   Baseline<double>, Cnn2<double>) {
    using M = TestType;
    const auto ahead = GENERATE(Index(0), Index(2));
    const auto data = linear_dataset<double>({.rows = 45, .outputs = 2, .ahead = ahead});
    auto model = initialised<M>({31, 2, 2});
    const double expected = loss_of(model, data, data.split.train);
    // A rate so small that the weights stay: the training loss is that of the weights before, over all targets.
    for (const Index batch : {7, 16, 59, 1000}) {
        INFO("batch " << batch);
        const TrainerConfig config{
            .epochs = 1, .batch_size = batch, .rate = 1e-30, .schedule = Schedule::constant, .chunk = 4, .threads = 1};
        const History history = train(model, data, config);
        // 120 errors summed in another order: 120 roundings at most.
        CHECK(history.epochs[0].training_loss == Approx(expected).epsilon(120 * 1.2e-16));
    }
}

TEST_CASE("a batch larger than the data is one of its size", "[trainer]") {
    const auto data = linear_dataset<float>();
    const auto trained = [&](Index batch) {
        auto model = initialised<Baseline<float>>({4, 2, 1});
        train(model, data, {.epochs = 3, .batch_size = batch});
        return parameters_of(model);
    };
    CHECK(trained(228) == trained(1000000000));  // and needs no memory for what is not there
    CHECK(trained(228) != trained(227));
}

TEST_CASE("the sampling is what was asked for", "[trainer]") {
    const auto data = linear_dataset<float>({.trajectories = 4, .rows = 45});
    const auto trained = [&](Index window, Sampling sampling) {
        auto model = initialised<Cnn2<float>>({window, 2, 1});
        train(model, data, {.epochs = 1, .batch_size = 32, .sampling = sampling, .chunk = 8, .threads = 1});
        return parameters_of(model);
    };
    CHECK(trained(31, Sampling::automatic) == trained(31, Sampling::sequences));
    CHECK(trained(31, Sampling::automatic) != trained(31, Sampling::windows));
    // Padding reaches the output of a window of 30.
    CHECK(trained(30, Sampling::automatic) == trained(30, Sampling::windows));
    auto cnn1 = initialised<Cnn1<float>>({8, 2, 1});
    auto cnn2 = initialised<Cnn2<float>>({30, 2, 1});
    CHECK_THAT(message_of<ConfigError>([&] { train(cnn1, data, {.sampling = Sampling::sequences}); }),
               ContainsSubstring("ends in LastStep") && ContainsSubstring("Sampling::windows"));
    CHECK_THAT(message_of<ConfigError>([&] { train(cnn2, data, {.sampling = Sampling::sequences}); }),
               ContainsSubstring("at least 31 rows") && ContainsSubstring("got 30"));
}

TEST_CASE("the trainer refuses settings out of range", "[trainer]") {
    const auto data = linear_dataset<float>();
    auto model = initialised<Baseline<float>>({4, 2, 1});
    const auto before = parameters_of(model);
    for (const TrainerConfig& bad :
         {TrainerConfig{.epochs = 0}, TrainerConfig{.batch_size = 0}, TrainerConfig{.rate = 0},
          TrainerConfig{.rate = -1e-3}, TrainerConfig{.rate = std::nan("")},
          TrainerConfig{.rate = std::numeric_limits<double>::infinity()}, TrainerConfig{.adam = {.beta1 = 1}},
          TrainerConfig{.chunk = 0}, TrainerConfig{.gradient_parts = 0}})
        CHECK_THROWS_AS(train(model, data, bad), ConfigError);
    CHECK_THAT(message_of<ConfigError>([&] { train(model, data, {.rate = -1}); }), ContainsSubstring("got -1"));
    auto longer = initialised<Baseline<float>>({61, 2, 1});
    CHECK_THAT(message_of<DataError>([&] { train(longer, data); }), ContainsSubstring("60 rows, expected at least 61"));
    CHECK(parameters_of(model) == before);
}

TEST_CASE("bug: train wrote beyond its workspace when the data had more inputs than the model", "[trainer]") {
    const auto data = linear_dataset<float>({.inputs = 3, .outputs = 2});
    auto narrow = initialised<Baseline<float>>({4, 2, 2});
    auto few = initialised<Baseline<float>>({4, 3, 1});
    const auto before = parameters_of(narrow);
    CHECK_THAT(message_of<ShapeError>([&] { train(narrow, data); }), ContainsSubstring("rows of 2 inputs"));
    CHECK_THAT(message_of<ShapeError>([&] { train(few, data); }), ContainsSubstring("1 targets"));
    CHECK(parameters_of(narrow) == before);
}

TEST_CASE("a loss that is not finite stops the training, the best weights kept", "[trainer]") {
    const float bad = GENERATE(std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity());
    auto data = linear_dataset<float>({.outputs = 2});
    auto model = initialised<Cnn1<float>>({8, 2, 2});
    std::vector<float> best;
    std::vector<double> losses;
    const std::string message = message_of<NumericError>([&] {
        train(model, data, {.epochs = 9, .batch_size = 64}, [&](const EpochReport& report) {
            if (report.best) best = parameters_of(model);
            losses.push_back(report.validation_loss);
            if (report.epoch == 2) data.targets.col(1).setConstant(bad);
            return true;
        });
    });
    CHECK_THAT(message, ContainsSubstring("epoch 3, step 1;") && ContainsSubstring("learning rate"));
    // The last layer and those before it have met the error; every name stands there once.
    for (const char* name : {"0.weight", "0.bias", "2.weight", "5.weight", "7.bias"})
        CHECK_THAT(message, ContainsSubstring(name));
    CHECK(losses.size() == 2);
    REQUIRE(!best.empty());
    CHECK(parameters_of(model) == best);
    CHECK(all_finite(best));
}

TEST_CASE("a NaN in one target is found in its step", "[trainer]") {
    auto data = linear_dataset<float>();
    data.targets(30, 0) = std::numeric_limits<float>::quiet_NaN();
    auto model = initialised<Cnn2<float>>({31, 2, 1});
    const auto before = parameters_of(model);
    const auto sampling = GENERATE(Sampling::windows, Sampling::sequences);
    CHECK_THAT(message_of<NumericError>([&] { train(model, data, {.batch_size = 16, .sampling = sampling}); }),
               ContainsSubstring("epoch 1, step "));
    CHECK(parameters_of(model) == before);
}

TEST_CASE("an absurd learning rate is an error and leaves no NaN in the model", "[trainer]") {
    const auto data = linear_dataset<float>();
    auto model = initialised<Cnn1<float>>({8, 2, 1});
    const auto before = parameters_of(model);
    CHECK_THAT(message_of<NumericError>([&] { train(model, data, {.batch_size = 64, .rate = 1e30}); }),
               ContainsSubstring("epoch 1, step 2") && ContainsSubstring("lower the learning rate"));
    CHECK(parameters_of(model) == before);
}

TEST_CASE("bug: a validation loss that is not finite ended in the untrained weights, in silence", "[trainer]") {
    auto data = linear_dataset<float>();
    data.targets(data.split.validation[0].begin + 20, 0) = std::numeric_limits<float>::quiet_NaN();
    auto model = initialised<Baseline<float>>({4, 2, 1});
    CHECK_THAT(message_of<NumericError>([&] { train(model, data, {.threads = 1}); }),
               ContainsSubstring("validation loss") && ContainsSubstring("epoch 1"));
}

TEST_CASE("bug: a batch smaller than a chunk was one chunk", "[trainer]") {
    const auto data = linear_dataset<float>();
    const auto trained = [&](Index chunk) {
        auto model = initialised<Cnn2<float>>({31, 2, 1});
        const History history = train(model, data, {.epochs = 1, .batch_size = 4, .chunk = chunk, .threads = 1});
        return std::pair(parameters_of(model), history.epochs[0].validation_loss);
    };
    CHECK(trained(16) == trained(4));
    CHECK(trained(2) != trained(4));  // two chunks of 2 are cut elsewhere than one of 4
}

TEST_CASE("bug: a window longer than the gap between blocks allows was trained on", "[trainer]") {
    auto data = linear_dataset<float>();
    data.split.gap = 8 + 1;  // of a recipe with a window of 8 and no filter
    const auto fit = [&](Index window) {
        Baseline<float> model({window, 2, 1});
        (void)fit_ridge(model, data);
        (void)train(model, data, {.epochs = 1});
    };
    CHECK_NOTHROW(fit(8));
    CHECK_THROWS_AS(fit(9), ConfigError);
    Baseline<float> model({9, 2, 1});
    CHECK_THROWS_WITH(train(model, data), ContainsSubstring("expected a gap of at least 10 rows"));
    data.split.gap = {};
    CHECK_NOTHROW(fit(9));
}
