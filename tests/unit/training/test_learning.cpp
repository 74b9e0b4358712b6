// What can be chosen around the training's step: clipping, moving average, early stopping, schedules, the log.

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include <idm/models/baseline.hpp>
#include <idm/models/cnn1.hpp>
#include <idm/models/cnn2.hpp>
#include <idm/training/csv_log.hpp>
#include <idm/training/trainer.hpp>

#include "loss_of.hpp"
#include "support/catch.hpp"
#include "support/small_dataset.hpp"
#include "support/temporary_folder.hpp"

using namespace idm;
using namespace idm_test;

namespace {

/// Two parts with gradients of 0 for an update of `size` parameters.
template <class T>
std::vector<detail::BatchPart<T>> two_parts(Index size) {
    std::vector<detail::BatchPart<T>> parts;
    for (int p = 0; p < 2; ++p) parts.emplace_back(size);
    return parts;
}

template <class M>
std::pair<M, History> trained(const Dataset<typename M::Scalar>& data, Index window, const TrainerConfig& config,
                              const EpochCallback& on_epoch = {}) {
    M model({window, data.inputs.cols(), data.targets.cols()});
    model.initialise(1);
    History history = train(model, data, config, on_epoch);
    return {std::move(model), std::move(history)};
}

/// The validation loss goes up and down.
const TrainerConfig restless{
    .epochs = 30, .batch_size = 16, .rate = 3e-2, .schedule = Schedule::constant, .threads = 1};

}  // namespace

TEMPLATE_TEST_CASE("a gradient longer than the clipping norm is scaled to it, as PyTorch does", "[learning]", float,
                   double) {
    using T = TestType;
    // The sum over parts is 3 in one share of the parameters and 4 in the other: a norm of 5. The weights move by it.
    const auto clipped = [](double norm) {
        auto parts = two_parts<T>(32);
        parts[0].gradient[1] = 1;
        parts[1].gradient[1] = 2;
        parts[1].gradient[20] = -4;
        detail::Update<T> update(
            {.optimiser = OptimiserKind::sgd, .sgd = {.momentum = 0, .nesterov = false}, .clip_norm = norm}, 32);
        Buffer<T> weights(32);
        update.begin_step(1, 1);
        with_crew(1, [&](Crew& crew) { update.apply(crew, parts, weights.data()); });
        return weights;
    };
    const double eps = std::numeric_limits<T>::epsilon();
    const Buffer<T> shorter = clipped(2);  // torch.nn.utils.clip_grad_norm_: times 2 / (5 + 1e-6)
    CHECK(shorter[1] == Approx(-3 * 2 / (5 + 1e-6)).epsilon(4 * eps));
    CHECK(shorter[20] == Approx(4 * 2 / (5 + 1e-6)).epsilon(4 * eps));
    for (const double norm : {0.0, 5.1}) {
        const Buffer<T> same = clipped(norm);
        CHECK(same[1] == T(-3));
        CHECK(same[20] == T(4));
    }
}

TEMPLATE_TEST_CASE("an update is that of the summed gradient, block by block", "[learning]", float, double) {
    using T = TestType;
    // 5 lines more than two blocks of each of 3 shares; statistics across the border of two blocks.
    constexpr Index size = 3 * (2 * 512 + 5 * 16);
    const std::vector<Range> statistics = {{500, 530}};
    for (const double norm : {0.0, 0.5})
        for (const int threads : {1, 2, 3}) {
            INFO("norm " << norm << ", " << threads << " threads");
            const TrainerConfig config{.clip_norm = norm, .ema = 0.5, .gradient_parts = 3};
            auto parts = two_parts<T>(size);
            const auto first = numbers<T>(1, 0, size), second = numbers<T>(1, 1, size), start = numbers<T>(1, 2, size);
            std::copy(first.begin(), first.end(), parts[0].gradient.data());
            std::copy(second.begin(), second.end(), parts[1].gradient.data());
            std::vector<T> weights = start, total(first), expected = start;
            detail::Update<T> update(config, size, statistics);
            update.begin_step(1e-3, 4);
            with_crew(threads, [&](Crew& crew) { update.apply(crew, parts, weights.data()); });

            double square = 0;
            for (Index i = 0; i < size; ++i) {
                const auto at = static_cast<std::size_t>(i);
                total[at] += second[at];
                if (i < 500 || i >= 530) square += static_cast<double>(total[at]) * static_cast<double>(total[at]);
            }
            const T factor = norm > 0 ? static_cast<T>(norm / (std::sqrt(square) + 1e-6)) : T(1);
            for (T& g : total) g *= factor;
            Adam<T> adam(config.adam, size);
            adam.step(expected, total, 1e-3);
            for (std::size_t i = 500; i < 530; ++i) expected[i] = start[i] - T(0.25) * (first[i] + second[i]);
            // Numbers of at most 1: a rounding for each of weight, quotient and factor.
            const T rounding = 3 * std::numeric_limits<T>::epsilon();
            for (std::size_t i = 0; i < weights.size(); ++i) CHECK(std::abs(weights[i] - expected[i]) <= rounding);
            std::vector<T> average(weights.size(), T(7));
            update.swap_average(average);  // which begins with the first step's weights
            CHECK(average == weights);
        }
}

TEST_CASE("a clipping norm that is never reached leaves the training's bits alone", "[learning]") {
    const auto data = linear_dataset<float>();
    TrainerConfig config{.epochs = 2, .threads = 1};
    const auto plain = parameters_of(trained<Cnn1<float>>(data, 8, config).first);
    config.clip_norm = 1e6;
    CHECK(parameters_of(trained<Cnn1<float>>(data, 8, config).first) == plain);
    config.clip_norm = 0.1;
    CHECK(parameters_of(trained<Cnn1<float>>(data, 8, config).first) != plain);
}

TEST_CASE("the moving average of the weights, worked out by hand", "[learning]") {
    auto parts = two_parts<double>(16);
    detail::Update<double> update({.adam = {}, .ema = 0.75}, 16);
    Buffer<double> weights(16);
    std::vector<double> seen;
    for (int step = 0; step < 3; ++step) {
        parts[0].gradient.fill(0);
        parts[0].gradient[3] = 1;
        update.begin_step(0.5, 1);
        with_crew(1, [&](Crew& crew) { update.apply(crew, parts, weights.data()); });
        seen.push_back(weights[3]);
    }
    REQUIRE(seen[2] < seen[1]);
    // It begins with the first step's weights.
    const double average = 0.75 * (0.75 * seen[0] + 0.25 * seen[1]) + 0.25 * seen[2];
    update.swap_average(weights.span());
    // Each of the two means of numbers of one sign rounds three times.
    CHECK(weights[3] == Approx(average).epsilon(6 * std::numeric_limits<double>::epsilon()));
    CHECK(weights[4] == 0);
    update.swap_average(weights.span());
    CHECK(weights[3] == seen[2]);
}

TEST_CASE("averaged weights are validated and kept, and learning does not notice them", "[learning]") {
    const auto data = linear_dataset<float>();
    TrainerConfig config = restless;
    config.epochs = 8;
    const History plain = trained<Cnn1<float>>(data, 8, config).second;
    config.ema = 0.9;
    Cnn1<float> model({8, 2, 1});
    model.initialise(1);
    std::vector<float> best;
    const History history = train(model, data, config, [&](const EpochReport& report) {
        CHECK(loss_of(model, data, data.split.validation) == report.validation_loss);
        if (report.best) best = parameters_of(model);
        return true;
    });
    CHECK(parameters_of(model) == best);
    double lowest = std::numeric_limits<double>::infinity(), lowest_plain = lowest;
    for (std::size_t i = 0; i < 8; ++i) {
        CHECK(history.epochs[i].training_loss == plain.epochs[i].training_loss);
        CHECK(history.epochs[i].validation_loss != plain.epochs[i].validation_loss);
        lowest = std::min(lowest, history.epochs[i].validation_loss);
        lowest_plain = std::min(lowest_plain, plain.epochs[i].validation_loss);
    }
    CHECK(loss_of(model, data, data.split.validation) == lowest);
    CHECK(lowest < lowest_plain);  // a constant high rate leaves noise that the average takes out
}

TEST_CASE("training stops when the validation loss has not fallen for the epochs of its patience", "[learning]") {
    const auto data = linear_dataset<float>();
    const History all = trained<Cnn1<float>>(data, 8, restless).second;
    const Index patience = GENERATE(Index(1), Index(2), Index(3));
    TrainerConfig config = restless;
    config.patience = patience;
    const auto [model, history] = trained<Cnn1<float>>(data, 8, config);
    // The first epoch that is `patience` epochs behind the lowest loss before it.
    std::size_t expected = 0;
    for (Index best = 0; expected < all.epochs.size(); ++expected) {
        if (all.epochs[expected].best) best = all.epochs[expected].epoch;
        if (all.epochs[expected].epoch - best >= patience) break;
    }
    REQUIRE(expected < all.epochs.size());
    REQUIRE(history.epochs.size() == expected + 1);
    for (std::size_t i = 0; i <= expected; ++i)
        CHECK(history.epochs[i].validation_loss == all.epochs[i].validation_loss);
    CHECK(history.best_epoch + patience == history.epochs.back().epoch);
    CHECK(loss_of(model, data, data.split.validation) ==
          history.epochs[static_cast<std::size_t>(history.best_epoch - 1)].validation_loss);
}

TEST_CASE("the trainer's rates are the schedule's", "[learning]") {
    const auto data = linear_dataset<float>();  // 4 x 53 windows: 14 steps of 16
    TrainerConfig config = restless;
    config.epochs = 6;
    config.schedule_config = {.step_epochs = 2,
                              .step_factor = 0.5,
                              .plateau = {.factor = 0.5, .patience = 0},
                              .warmup_epochs = 1,
                              .warmup_start = 0.1};
    for (const Schedule schedule : {Schedule::step, Schedule::cosine, Schedule::plateau}) {
        config.schedule = schedule;
        const History history = trained<Cnn1<float>>(data, 8, config).second;
        Plateau plateau(config.schedule_config.plateau);
        REQUIRE(history.epochs.size() == 6);
        for (const EpochReport& epoch : history.epochs) {
            CHECK(epoch.learning_rate == plateau.share() * learning_rate(schedule, 3e-2, 14 * epoch.epoch - 1, 84,
                                                                         config.schedule_config, 14));
            if (schedule == Schedule::plateau) plateau.observe(epoch.validation_loss);
        }
        if (schedule == Schedule::plateau) CHECK(history.epochs.back().learning_rate < 3e-2);
    }
}

TEMPLATE_TEST_CASE("each setting has the same bits on any number of threads", "[learning][threads]", Cnn1<float>,
                   Cnn2<double>) {
    using M = TestType;
    const auto data = linear_dataset<typename M::Scalar>({.trajectories = 4, .rows = 45, .outputs = 2});
    const TrainerConfig plain{.epochs = 2, .batch_size = 35, .chunk = 5, .gradient_parts = 3};
    std::vector<TrainerConfig> settings;
    for (const LossKind kind : {LossKind::absolute, LossKind::huber, LossKind::log_cosh}) {
        settings.push_back(plain);
        settings.back().loss = {kind, 0.5, {2, 0.5}};
    }
    settings.push_back(plain);
    settings.back().clip_norm = 0.1;
    settings.push_back(plain);
    settings.back().ema = 0.9;
    settings.push_back(plain);
    settings.back().schedule = Schedule::plateau;
    settings.back().schedule_config = {.plateau = {.patience = 0, .threshold = 0.9}, .warmup_epochs = 1};
    for (std::size_t i = 0; i < settings.size(); ++i) {
        INFO("setting " << i);
        settings[i].threads = 1;
        const auto one = trained<M>(data, 31, settings[i]);
        for (const int threads : {2, 3, 4}) {
            settings[i].threads = threads;
            const auto several = trained<M>(data, 31, settings[i]);
            CHECK(parameters_of(several.first) == parameters_of(one.first));
            for (std::size_t e = 0; e < 2; ++e) {
                CHECK(several.second.epochs[e].training_loss == one.second.epochs[e].training_loss);
                CHECK(several.second.epochs[e].validation_loss == one.second.epochs[e].validation_loss);
            }
        }
    }
}

TEST_CASE("the CSV log has a line for each epoch and passes on what the next callback says", "[learning]") {
    const TemporaryFolder folder;
    const std::filesystem::path path = folder.path() / "log.csv";
    const auto data = linear_dataset<double>();
    TrainerConfig config = restless;
    const History history =
        trained<Baseline<double>>(data, 4, config,
                                  csv_log(path, [](const EpochReport& report) { return report.epoch < 3; }))
            .second;
    REQUIRE(history.epochs.size() == 3);
    std::ifstream in(path);
    std::string line;
    std::getline(in, line);
    CHECK(line == "epoch,training_loss,validation_loss,learning_rate,samples_per_second,best");
    for (const EpochReport& epoch : history.epochs) {
        std::getline(in, line);
        std::replace(line.begin(), line.end(), ',', ' ');
        std::istringstream fields(line);
        std::vector<double> numbers(6);
        for (double& number : numbers) fields >> number;
        REQUIRE(fields);
        CHECK(numbers == std::vector<double>{static_cast<double>(epoch.epoch), epoch.training_loss,
                                             epoch.validation_loss, epoch.learning_rate, epoch.samples_per_second,
                                             epoch.best ? 1.0 : 0.0});
    }
    CHECK(!std::getline(in, line));
    CHECK_THAT(message_of<FileError>([&] { csv_log(path / "none" / "log.csv"); }), ContainsSubstring("log.csv"));
}

TEST_CASE("the trainer refuses settings of learning out of range", "[learning]") {
    const auto data = linear_dataset<float>();
    Baseline<float> model({4, 2, 1});
    for (const TrainerConfig& bad : std::vector<TrainerConfig>{{.schedule_config = {.step_epochs = 0}},
                                                               {.schedule_config = {.step_factor = 0}},
                                                               {.schedule_config = {.cosine_end = -0.1}},
                                                               {.schedule_config = {.plateau = {.factor = 1.5}}},
                                                               {.schedule_config = {.plateau = {.patience = -1}}},
                                                               {.schedule_config = {.plateau = {.threshold = 1}}},
                                                               {.schedule_config = {.warmup_epochs = -1}},
                                                               {.schedule_config = {.warmup_start = 0}},
                                                               {.clip_norm = -1},
                                                               {.clip_norm = std::nan("")},
                                                               {.ema = 1},
                                                               {.ema = -0.1},
                                                               {.patience = -1}})
        CHECK_THROWS_AS(train(model, data, bad), ConfigError);
}
