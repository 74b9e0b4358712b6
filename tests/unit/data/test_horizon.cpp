// Chunks of targets: what a sample of a recipe with a horizon predicts, by hand.

#include <string>
#include <vector>

#include <idm/data/dataset.hpp>

#include "support/catch.hpp"

using namespace idm;

namespace {

/// Three trajectories: action a = 100 k + row, b = 10 a, observed p = row / 2, q = -row.
Log actions(Index rows = 30) {
    Log log{.columns = {"p", "q", "a", "b"}, .trajectories = {}};
    for (Index k = 0; k < 3; ++k) {
        Trajectory run{.name = std::to_string(k), .time = {}, .values = Matrix<double>(rows, 4)};
        for (Index row = 0; row < rows; ++row) {
            const auto t = static_cast<double>(row), a = 100 * static_cast<double>(k) + t;
            run.time.push_back(t);
            run.values.row(row) << t / 2, -t, a, 10 * a;
        }
        log.trajectories.push_back(std::move(run));
    }
    return log;
}

Recipe chunks(Index horizon) {
    return {.positions = {.columns = {"p", "q"}},
            .targets = {.columns = {"a", "b"}},
            .use_velocities = false,
            .use_accelerations = false,
            .window = 4,
            .horizon = horizon};
}

}  // namespace

TEMPLATE_TEST_CASE("a chunk holds the targets of its row and of those behind it, step by step", "", float, double) {
    const auto features = make_features<TestType>(actions(), chunks(3));
    CHECK(features.target_names == std::vector<std::string>{"a@+0", "b@+0", "a@+1", "b@+1", "a@+2", "b@+2"});
    REQUIRE(features.targets.cols() == 6);
    CHECK(features.origins.size() == 0);
    const auto chunk = [&](Index row) {
        return std::vector<double>(features.targets.data() + 6 * row, features.targets.data() + 6 * row + 6);
    };
    CHECK(chunk(5) == std::vector<double>{5, 50, 6, 60, 7, 70});
    CHECK(chunk(30) == std::vector<double>{100, 1000, 101, 1010, 102, 1020});
    // Beyond its trajectory the last row is repeated; no sample uses it.
    CHECK(chunk(28) == std::vector<double>{28, 280, 29, 290, 29, 290});
    CHECK(make_features<TestType>(actions(), chunks(1)).target_names == std::vector<std::string>{"a", "b"});
    CHECK_THROWS_AS(make_features<TestType>(actions(), chunks(0)), ConfigError);
}

TEMPLATE_TEST_CASE("a chunk is relative to the state of its first row, and comes back as actions", "", float, double) {
    Recipe recipe = chunks(2);
    recipe.target_origins = {.columns = {"p", "q"}};
    const auto data = make_dataset<TestType>(actions(), recipe, ByName{{"0"}, {"1"}, {"2"}});
    const auto features = make_features<TestType>(actions(), recipe);
    REQUIRE(features.origins.rows() == 90);
    // Row 7: a = 7, b = 70 less p = 3.5, q = -7; row 8 less the same.
    const std::vector<double> expected{3.5, 77, 4.5, 87};
    for (Index i = 0; i < 4; ++i)
        CHECK(static_cast<double>(features.targets(7, i)) == expected[static_cast<std::size_t>(i)]);
    const std::vector<WindowRow> rows{{7, 0, 30}, {65, 60, 90}};
    Matrix<TestType> normalised(2, 4);
    for (Index n = 0; n < 2; ++n) normalised.row(n) = data.targets.row(rows[static_cast<std::size_t>(n)].row);
    const Matrix<double> back = in_log_units(data, std::span<const WindowRow>(rows), normalised);
    const Matrix<double> actual{{7, 70, 8, 80}, {205, 2050, 206, 2060}};
    const double rounding = std::is_same_v<TestType, float> ? 1e-6 : 1e-14;
    for (Index n = 0; n < 2; ++n)
        for (Index i = 0; i < 4; ++i) CHECK(back(n, i) == Approx(actual(n, i)).epsilon(rounding));
}

TEST_CASE("rows whose chunk would leave the trajectory are no samples") {
    const std::vector<Segment> segments{{0, 30, "0"}, {30, 120, "1"}};
    const std::vector<Segment> first(segments.begin(), segments.begin() + 1);
    const auto range = [&](Rows rows, Index ahead, Index horizon) {
        const auto samples = window_rows(first, 4, ahead, rows, horizon);
        return std::vector<Index>{samples.front().row, samples.back().row};
    };
    CHECK(range(Rows::full, 0, 1) == std::vector<Index>{3, 29});
    CHECK(range(Rows::full, 0, 8) == std::vector<Index>{3, 22});
    CHECK(range(Rows::full, 2, 8) == std::vector<Index>{1, 22});
    CHECK(range(Rows::full, 9, 8) == std::vector<Index>{0, 20});
    CHECK(range(Rows::all, 0, 8) == std::vector<Index>{0, 22});
    // What is scored does not depend on the horizon.
    for (const Index horizon : {1, 8, 17})
        CHECK(window_rows(segments, 4, 0, Rows::scored, horizon) == window_rows(segments, 4, 0, Rows::scored));
    CHECK_THROWS_AS(window_rows(segments, 4, 0, Rows::full, 0), ConfigError);
    CHECK_THROWS_AS(window_rows(segments, 4, 0, Rows::full, 18), ConfigError);
    CHECK_THROWS_AS(window_rows(first, 16, 0, Rows::full, 16), DataError);
    CHECK(window_rows(first, 16, 0, Rows::full, 15).size() == 1);
}

TEST_CASE("blocks keep a gap that chunks do not bridge") {
    Log log = actions(300);
    log.trajectories.resize(1);
    const auto gap = [&](Index horizon) {
        const auto data = make_dataset<double>(log, chunks(horizon), ByBlock{});
        return data.split.validation.front().begin - data.split.train.back().end;
    };
    CHECK(gap(1) == 4 + 1);
    CHECK(gap(3) == 4 + 1 + 2);
}

TEMPLATE_TEST_CASE("a prediction is seen as steps of actions", "", float, double) {
    const std::vector<TestType> prediction{1, 2, 3, 4, 5, 6};
    const auto steps = chunk_view(std::span<const TestType>(prediction), 3);
    REQUIRE(steps.rows() == 3);
    REQUIRE(steps.cols() == 2);
    CHECK(steps(2, 0) == 5);
    CHECK(steps(0, 1) == 2);
    CHECK_THROWS_AS(chunk_view(std::span<const TestType>(prediction), 4), ShapeError);
}
