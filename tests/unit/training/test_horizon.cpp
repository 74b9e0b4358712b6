// Learning and scoring chunks of actions that are relative to the observed state.

#include <cmath>
#include <span>
#include <string>
#include <vector>

#include <idm/models/cnn2.hpp>
#include <idm/training/batches.hpp>
#include <idm/training/evaluate.hpp>
#include <idm/training/ridge.hpp>

#include "support/catch.hpp"

using namespace idm;

namespace {

/// Five trajectories of 100 rows in which the observed joints run behind the commands by two rows, p[t] = a[t - 2], on
/// sines, so that commands follow linearly from a window of observations.
Log commands() {
    Log log{.columns = {"p", "q", "a", "b"}, .trajectories = {}};
    for (Index k = 0; k < 5; ++k) {
        Trajectory run{.name = std::to_string(k), .time = {}, .values = Matrix<double>(100, 4)};
        for (Index row = 0; row < 100; ++row) {
            const auto phase = 0.7 * static_cast<double>(k), t = static_cast<double>(row);
            const auto a = [&](double time) { return std::sin(0.2 * time + phase); };
            const auto b = [&](double time) { return 3 + 0.5 * std::cos(0.13 * time - phase); };
            run.time.push_back(t / 30);
            run.values.row(row) << a(t - 2), b(t - 2), a(t), b(t);
        }
        log.trajectories.push_back(std::move(run));
    }
    return log;
}

template <class T>
Dataset<T> command_data(Index horizon, Index window = 8) {
    const Recipe recipe{.positions = {.columns = {"p", "q"}},
                        .targets = {.columns = {"a", "b"}},
                        .target_origins = {.columns = {"p", "q"}},
                        .target_quantity = "action",
                        .target_unit = "rad",
                        .use_velocities = false,
                        .use_accelerations = false,
                        .window = window,
                        .horizon = horizon};
    return make_dataset<T>(commands(), recipe, ByName{{"0", "1", "2"}, {"3"}, {"4"}});
}

}  // namespace

TEMPLATE_TEST_CASE("chunks are scored as the log's actions, on the rows of every horizon", "", float, double) {
    const auto data = command_data<TestType>(8);
    const EvaluationSet set = evaluation_set(data, std::span<const Segment>(data.split.test));
    const Log log = commands();
    REQUIRE(set.rows.size() == 100 - 7);
    REQUIRE(set.measured.cols() == 16);
    const double rounding = std::is_same_v<TestType, float> ? 1e-6 : 1e-14;
    for (Index row = 0; row < 93; ++row)
        for (Index step = 0; step < 8; ++step)
            for (Index joint = 0; joint < 2; ++joint)
                REQUIRE(std::abs(set.measured(row, 2 * step + joint) -
                                 log.trajectories[4].values(row + step, 2 + joint)) <= 4 * rounding);
    const auto one = command_data<TestType>(1);
    CHECK(set.scored == evaluation_set(one, std::span<const Segment>(one.split.test)).scored);
    CHECK(set.scored.size() == 100 - 79);
}

TEMPLATE_TEST_CASE("ridge learns chunks that are linear in the window", "", float, double) {
    const auto data = command_data<TestType>(8);
    Baseline<TestType> model({.window = 8, .inputs = 2, .outputs = 16});
    // A model of zeros predicts the mean difference to the state: a good deal worse than nothing left.
    const std::span<const Segment> test(data.split.test);
    CHECK(evaluate(model, data, test).scored.nmse > 0.3);
    fit_ridge(model, data, {1e-9});
    CHECK(evaluate(model, data, test).scored.nmse < 1e-4);
}

TEST_CASE("training by chunks of rows and by windows sees the same samples, none without its whole chunk of targets") {
    for (const Index horizon : {1, 5}) {
        const auto data = command_data<float>(horizon, 32);
        const Cnn2<float> model({.window = 32, .inputs = 2, .outputs = 2 * horizon});
        const auto sequence = sequence_network(model.network(), 31 + 16);
        detail::SequenceBatches sequences(sequence, data, std::span<const Segment>(data.split.train), 32);
        detail::WindowBatches windows(model.network(), data, std::span<const Segment>(data.split.train));
        Index targets = 0;
        for (Index item = 0; item < sequences.items(); ++item) targets += sequences.targets(item);
        CHECK(targets == windows.items());
        CHECK(targets == 3 * (100 - 31 - (horizon - 1)));
    }
}
