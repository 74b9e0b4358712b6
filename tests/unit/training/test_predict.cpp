#include <algorithm>
#include <span>
#include <vector>

#include <idm/models/baseline.hpp>
#include <idm/models/cnn1.hpp>
#include <idm/models/cnn2.hpp>
#include <idm/models/linear_skip.hpp>
#include <idm/training/predict.hpp>

#include "support/catch.hpp"
#include "support/small_dataset.hpp"

using namespace idm;
using namespace idm_test;

namespace {

/// Every row's prediction has the bits of the model on the row's window, whatever rows are predicted with it.
template <class M>
void check_predictions(const M& model, const Dataset<typename M::Scalar>& data, const std::vector<WindowRow>& rows) {
    const auto predicted = predict_rows(model, data, rows, 1);
    REQUIRE(predicted.rows() == std::ssize(rows));
    REQUIRE(predicted.cols() == model.outputs());
    const Index count = std::ssize(rows);
    auto workspace = model.make_workspace(count + 1);  // a single row of a product would be summed in another order
    for (Index n = 0; n < count; ++n)
        gather_window(data.inputs, rows[static_cast<std::size_t>(n)], model.window(), data.recipe.ahead,
                      workspace.input().sample(n));
    model.forward(workspace, count + 1);
    for (Index n = 0; n < count; ++n)
        for (Index o = 0; o < model.outputs(); ++o) {
            INFO("row " << rows[static_cast<std::size_t>(n)].row);
            REQUIRE(predicted(n, o) == workspace.output().sample(n)[o]);
        }
    for (const int threads : {0, 2, 3, 4, 7}) CHECK(predict_rows(model, data, rows, threads) == predicted);
}

}  // namespace

TEMPLATE_TEST_CASE("predict_rows is the model on each row's window, on any number of threads", "[predict]", float,
                   double) {
    using T = TestType;
    const auto ahead = GENERATE(Index(0), Index(2));
    const auto data = linear_dataset<T>({.rows = 50, .outputs = 3, .ahead = ahead});
    Cnn1<T> model({8, 2, 3});
    model.initialise(1);
    // 200 rows: three blocks of 64 and a rest; in an order that is not the log's.
    std::vector<WindowRow> rows = window_rows(data.split.train, 8, ahead, Rows::all);
    REQUIRE(rows.size() == 200);
    std::reverse(rows.begin(), rows.end());
    check_predictions(model, data, rows);
}

TEMPLATE_TEST_CASE("predict_rows by chunks is the model on each row's window", "[predict]", float, double) {
    using T = TestType;
    const auto ahead = GENERATE(Index(0), Index(45));
    const auto data = linear_dataset<T>({.trajectories = 4, .rows = 70, .outputs = 3, .ahead = ahead});
    const std::vector<WindowRow> all = window_rows(data.split.train, 33, ahead, Rows::all);
    REQUIRE(all.size() == 140);
    // Single rows, short runs, backwards, twice, a run that a second segment seems to continue.
    const std::vector<WindowRow> some{all[40], all[41],     all[41],     all[39],     all[38],    all[69],
                                      all[70], {10, 0, 20}, {11, 0, 20}, {12, 0, 21}, {13, 5, 21}};
    const auto check = [&](auto model, const std::vector<WindowRow>& rows) {
        for (auto& named : model.named_parameters()) named.copy_from(numbers<T>(3, 0, named.size(), 0.125));
        check_predictions(model, data, rows);
    };
    // Windows that leave their segment, a run longer than a chunk, a second segment.
    check(Cnn2<T>({33, 2, 3}), {all.begin(), all.begin() + 72});
    check(Cnn2<T>({31, 2, 3}), some);
    check(Cnn2<T>({31, 2, 3}), {all[7]});
    check(Cnn2<T>({30, 2, 3}), some);  // sees padding, in windows alone
    check(LinearSkip<Cnn2<T>>({33, 2, 3}), some);
}

TEMPLATE_TEST_CASE("mean_squared_error is the mean over rows and outputs", "[predict]", float, double) {
    using T = TestType;
    auto data = linear_dataset<T>({.outputs = 2});
    // All weights 0 and biases (1, -1): errors are 1 - y.
    Baseline<T> model({4, 2, 2});
    model.named_parameters()[1].copy_from(std::vector<T>{1, -1});
    data.targets.row(10) << 3, T(-0.5);
    data.targets.row(12) << 1, 2;
    const std::vector<WindowRow> rows{{10, 0, 60}, {12, 0, 60}};
    CHECK(target_rows(data, std::span<const WindowRow>(rows)) == Matrix<T>{{3, T(-0.5)}, {1, 2}});
    CHECK(mean_squared_error(model, data, rows) == (4 + 0.25 + 0 + 9) / 4.0);
}

TEST_CASE("no rows, no predictions", "[predict]") {
    const auto data = linear_dataset<float>();
    const Baseline<float> model({4, 2, 1});
    CHECK(predict_rows(model, data, std::span<const WindowRow>()).rows() == 0);
    const Cnn2<float> chunks({32, 2, 1});
    CHECK(predict_rows(chunks, data, std::span<const WindowRow>()).rows() == 0);
}

TEST_CASE("predict_rows refuses data of other extents than the model's", "[predict]") {
    const auto data = linear_dataset<float>({.inputs = 3, .outputs = 2});
    const std::vector<WindowRow> rows = window_rows(data.split.test, 4, 0, Rows::full);
    CHECK_THROWS_AS(predict_rows(Baseline<float>({4, 2, 2}), data, rows), ShapeError);
    CHECK_THROWS_WITH(predict_rows(Baseline<float>({4, 2, 2}), data, rows),
                      ContainsSubstring("rows of 2 inputs (the model's), got 3"));
    CHECK_THROWS_WITH(predict_rows(Baseline<float>({4, 3, 1}), data, rows),
                      ContainsSubstring("1 targets (the model's outputs), got 2"));
}
