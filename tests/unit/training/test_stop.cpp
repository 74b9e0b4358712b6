#include <csignal>

#include <idm/models/baseline.hpp>
#include <idm/training/trainer.hpp>

#include "support/catch.hpp"
#include "support/small_dataset.hpp"

using namespace idm;
using namespace idm_test;

namespace {

int earlier_calls = 0;
extern "C" void count_call(int) { ++earlier_calls; }

}  // namespace

TEST_CASE("the first signal is a request, the second one what it was before", "[stop]") {
    REQUIRE(std::signal(SIGTERM, count_call) != SIG_ERR);
    earlier_calls = 0;
    StopFlag flag;
    {
        const StopOnSignal watch(flag, SIGTERM);
        CHECK_THROWS_AS(StopOnSignal(flag, SIGINT), ConfigError);
        CHECK_FALSE(flag.requested());
        std::raise(SIGTERM);
        CHECK(flag.requested());
        CHECK(earlier_calls == 0);
        std::raise(SIGTERM);
        CHECK(earlier_calls == 1);
    }
    flag.clear();
    { const StopOnSignal unused(flag, SIGTERM); }
    std::signal(SIGTERM, std::signal(SIGTERM, count_call));
    std::raise(SIGTERM);
    CHECK(earlier_calls == 2);
    CHECK_FALSE(flag.requested());
    CHECK(std::signal(SIGTERM, SIG_DFL) == count_call);
    CHECK_THROWS_AS(StopOnSignal(flag, 100000), ConfigError);
    CHECK_NOTHROW(StopOnSignal(flag, SIGTERM));  // the failure left nothing installed
}

TEST_CASE("a request ends the training after its step or epoch, the best weights kept", "[stop]") {
    const auto data = linear_dataset<float>();
    Baseline<float> model({4, 2, 1});
    model.initialise(1);
    const auto start = parameters_of(model);
    StopFlag flag;
    flag.request();
    History history = train(model, data, {.epochs = 9}, TrainingHooks<float>{.stop = &flag});
    CHECK(history.stopped);
    CHECK(history.epochs.empty());
    CHECK(parameters_of(model) == start);
    flag.clear();
    const EpochCallback on_epoch = [&](const EpochReport& report) {
        if (report.epoch == 3) flag.request();
        return true;
    };
    history = train(model, data, {.epochs = 9}, TrainingHooks<float>{.on_epoch = on_epoch, .stop = &flag});
    CHECK(history.stopped);
    CHECK(history.epochs.size() == 3);
    const auto rows = window_rows(data.split.validation, 4, 0, idm::Rows::full);
    CHECK(mean_squared_error(model, data, rows) ==
          history.epochs[static_cast<std::size_t>(history.best_epoch - 1)].validation_loss);
    // A request behind the last epoch has nothing to stop.
    flag.clear();
    history = train(model, data, {.epochs = 3}, TrainingHooks<float>{.on_epoch = on_epoch, .stop = &flag});
    CHECK_FALSE(history.stopped);
}

TEST_CASE("a state that is not whole is refused, the model left as it was", "[stop]") {
    const auto data = linear_dataset<float>();
    const TrainerConfig config{.epochs = 2, .ema = 0.5};
    Baseline<float> model({4, 2, 1});
    TrainingState<float> whole;
    train(model, data, config,
          TrainingHooks<float>{.on_state = [&](const TrainingState<float>& state) { whole = state; }});
    REQUIRE(whole.memory.size() == 3);
    model.initialise(2);
    const auto before = parameters_of(model);
    const auto refused = [&](auto spoil) {
        TrainingState<float> state = whole;
        spoil(state);
        CHECK_THROWS_AS(train(model, data, config, TrainingHooks<float>{.resume = &state}), DataError);
        CHECK(parameters_of(model) == before);
    };
    refused([](auto& state) { state.weights.pop_back(); });
    refused([](auto& state) { state.best_weights.pop_back(); });
    refused([](auto& state) { state.memory.pop_back(); });
    refused([](auto& state) { state.memory[2].pop_back(); });
    refused([](auto& state) { state.progress.epoch = 2; });
    refused([](auto& state) { state.progress.step = -1; });
    CHECK_THROWS_AS(train(model, data, config, TrainingHooks<float>{.state_epochs = 0}), ConfigError);
}
