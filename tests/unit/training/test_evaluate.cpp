#include <algorithm>
#include <span>
#include <vector>

#include <idm/models/baseline.hpp>
#include <idm/models/cnn1.hpp>
#include <idm/models/cnn2.hpp>
#include <idm/training/evaluate.hpp>

#include "support/catch.hpp"
#include "support/small_dataset.hpp"

using namespace idm;
using namespace idm_test;

namespace {

template <class T>
std::span<const Segment> all_segments(const Dataset<T>& data, std::vector<Segment>& storage) {
    storage = data.split.train;
    storage.insert(storage.end(), data.split.validation.begin(), data.split.validation.end());
    storage.insert(storage.end(), data.split.test.begin(), data.split.test.end());
    return storage;
}

/// The model on the window that ends `ahead` rows behind `row`, cut from the log as it is; where it leaves rows
/// [begin, end) their first or last row is taken.
template <class M>
std::vector<double> predict_one(const M& model, const Dataset<typename M::Scalar>& data, Index row, Index begin,
                                Index end) {
    auto workspace = model.make_workspace(2);  // a single row of a product would be summed in another order
    for (Index i = 0; i < model.window(); ++i) {
        const Index from = row + data.recipe.ahead - (model.window() - 1) + i;
        for (Index c = 0; c < model.inputs(); ++c)
            workspace.input().sample(0)[i * model.inputs() + c] = data.inputs(from < begin  ? begin
                                                                              : from >= end ? end - 1
                                                                                            : from,
                                                                              c);
    }
    model.forward(workspace, 2);
    std::vector<double> y;
    for (Index o = 0; o < model.outputs(); ++o)
        y.push_back(static_cast<double>(data.normaliser.denormalise_target(workspace.output().sample(0)[o], o)));
    return y;
}

/// Every row's prediction is that of its own window.
template <class M>
void check_rows(const M& model, const Dataset<typename M::Scalar>& data, const EvaluationSet& set) {
    const Matrix<double> predicted = predict(model, data, set, 2);
    REQUIRE(predicted.rows() == static_cast<Index>(set.rows.size()));
    for (std::size_t i = 0; i < set.rows.size(); ++i) {
        const WindowRow& row = set.rows[i];
        const std::vector<double> expected = predict_one(model, data, row.row, row.begin, row.end);
        for (Index o = 0; o < model.outputs(); ++o)
            REQUIRE(predicted(static_cast<Index>(i), o) == expected[static_cast<std::size_t>(o)]);
    }
}

}  // namespace

TEST_CASE("an evaluation set is every row, its trajectory and its measurement in the log's unit", "[evaluate]") {
    auto data = linear_dataset<double>({.trajectories = 4, .rows = 90, .outputs = 2});
    data.normaliser = {Vector<double>::Zero(2), Vector<double>::Ones(2), Vector<double>{{10, -20}},
                       Vector<double>{{2, 4}}};
    std::vector<Segment> storage{{90, 180, "b"}, {200, 290, "a part"}};
    const EvaluationSet set = evaluation_set(data, std::span<const Segment>(storage));
    REQUIRE(set.rows.size() == 180);
    REQUIRE(set.measured.rows() == 180);
    for (const std::size_t i : {0u, 89u, 90u, 179u}) {
        const Index row = i < 90 ? 90 + Index(i) : 200 + Index(i) - 90;
        CHECK(set.rows[i].row == row);
        CHECK(set.trajectory[i] == (i < 90 ? 0 : 1));
        CHECK(set.measured(Index(i), 0) == 10 + 2 * data.targets(row, 0));
        CHECK(set.measured(Index(i), 1) == -20 + 4 * data.targets(row, 1));
    }
    // 90 rows less 63 before and 16 behind: positions 63 to 73 of each.
    REQUIRE(set.scored.size() == 22);
    CHECK(set.scored.front() == 63);
    CHECK(set.scored[10] == 73);
    CHECK(set.scored[11] == 90 + 63);
    CHECK(set.scored.back() == 90 + 73);
}

TEST_CASE("the rows to score are the same for every window", "[evaluate]") {
    const auto ahead = GENERATE(Index(0), Index(16));
    const auto data = linear_dataset<float>({.trajectories = 4, .rows = 100, .ahead = ahead});
    std::vector<Segment> storage;
    const auto segments = all_segments(data, storage);
    const EvaluationSet set = evaluation_set(data, segments);
    std::vector<WindowRow> scored;
    for (const Index i : set.scored) scored.push_back(set.rows[static_cast<std::size_t>(i)]);
    for (const Index window : {1, 16, 32, 64}) {
        CHECK(scored == window_rows(segments, window, ahead, Rows::scored));
        // None of them is padded: each has a full window.
        const auto full = window_rows(segments, window, ahead, Rows::full);
        for (const WindowRow& row : scored) CHECK(std::find(full.begin(), full.end(), row) != full.end());
    }
}

TEST_CASE("Baseline, Cnn1 and Cnn2 are scored on the same rows, whatever their windows", "[evaluate]") {
    const auto ahead = GENERATE(Index(0), Index(3));
    const auto data = linear_dataset<float>({.trajectories = 3, .rows = 85, .outputs = 2, .ahead = ahead});
    std::vector<Segment> storage;
    const auto segments = all_segments(data, storage);
    const EvaluationSet set = evaluation_set(data, segments);
    Baseline<float> baseline({9, 2, 2});
    Cnn1<float> cnn1({16, 2, 2});
    Cnn2<float> cnn2({32, 2, 2});
    baseline.initialise(1);
    cnn1.initialise(1);
    cnn2.initialise(1);
    // The prediction at each position belongs to the same row of the log, and so does the measurement.
    check_rows(baseline, data, set);
    check_rows(cnn1, data, set);
    check_rows(cnn2, data, set);
    for (std::size_t i = 0; i < set.rows.size(); ++i)
        REQUIRE(set.measured.row(Index(i)) == data.targets.row(set.rows[i].row).cast<double>());
    for (const Score& score :
         {evaluate(baseline, data, segments), evaluate(cnn1, data, segments), evaluate(cnn2, data, segments)}) {
        CHECK(score.scored.rows == 3 * (85 - 79));
        CHECK(score.all_rows.rows == 3 * 85);
    }
}

TEST_CASE("evaluate scores in the log's unit", "[evaluate]") {
    auto data = linear_dataset<double>({.trajectories = 3, .rows = 100});
    data.normaliser = {Vector<double>::Zero(2), Vector<double>::Ones(2), Vector<double>{{7}}, Vector<double>{{3}}};
    // The model predicts the normalised 0, which is 7: the error is 3 times the normalised target.
    const Baseline<double> model({4, 2, 1});
    const Score score = evaluate(model, data, std::span<const Segment>(data.split.test));
    double scored = 0, all = 0;
    for (Index row = 200; row < 300; ++row) {
        const double square = 9 * data.targets(row, 0) * data.targets(row, 0);
        all += square / 100;
        if (row >= 263 && row < 284) scored += square / 21;
    }
    CHECK(score.scored.rows == 21);
    CHECK(score.scored.rmse == Approx(std::sqrt(scored)).epsilon(1e-13));
    CHECK(score.all_rows.rmse == Approx(std::sqrt(all)).epsilon(1e-13));
}

TEST_CASE("trajectories too short to score are refused, beside longer ones they count in the figure over all rows",
          "[evaluate]") {
    const auto data = linear_dataset<float>({.trajectories = 3, .rows = 100});
    const std::vector<Segment> shorter{{0, 79, "a"}, {100, 179, "b"}};
    CHECK_THROWS_WITH(evaluation_set(data, std::span<const Segment>(shorter)),
                      ContainsSubstring("at least 80 rows") && ContainsSubstring("2"));
    const std::vector<Segment> mixed{{0, 79, "a"}, {100, 180, "b"}};
    const EvaluationSet set = evaluation_set(data, std::span<const Segment>(mixed));
    CHECK(set.rows.size() == 159);
    CHECK(set.scored == std::vector<Index>{79 + 63});
}
