#include <algorithm>
#include <span>
#include <vector>

#include <idm/models/baseline.hpp>
#include <idm/models/cnn1.hpp>
#include <idm/training/predict.hpp>

#include "support/catch.hpp"
#include "support/small_dataset.hpp"

using namespace idm;
using namespace idm_test;

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
    const Matrix<T> predicted = predict_rows(model, data, rows, 1);
    REQUIRE(predicted.rows() == 200);
    REQUIRE(predicted.cols() == 3);
    auto workspace = model.make_workspace(2);  // a single row of a product would be summed in another order
    for (std::size_t i = 0; i < rows.size(); ++i) {
        gather_window(data.inputs, rows[i], 8, ahead, workspace.input().sample(0));
        model.forward(workspace, 2);
        for (Index o = 0; o < 3; ++o) REQUIRE(predicted(static_cast<Index>(i), o) == workspace.output().sample(0)[o]);
    }
    for (const int threads : {0, 2, 3, 4, 7}) CHECK(predict_rows(model, data, rows, threads) == predicted);
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
