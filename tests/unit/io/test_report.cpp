#include <algorithm>
#include <cmath>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include <idm/io/report.hpp>

#include "report_example.hpp"
#include "support/catch.hpp"
#include "support/pictures.hpp"

#if defined(IDM_TEST_HAS_JSON)
#include <nlohmann/json.hpp>
#endif

using namespace idm;
using namespace idm_test;
namespace fs = std::filesystem;

namespace {

const ReportConfig no_pictures{.gnuplot = "no-such-program-as-this"};

}  // namespace

TEST_CASE("a report with pictures is one page that needs nothing else", "[report]") {
    if (!has_gnuplot()) return;
    const detail::TemporaryFolder temporary;
    const ReportFiles files = write_report(report_example::input(), temporary.path() / "report");
    CHECK(files.missing.empty());
    const std::string page = detail::read_text(files.page);
    // Loss, median and worst trajectory, errors.
    CHECK(occurrences(page, "<svg") == 4);
    CHECK(occurrences(page, "Median test trajectory") == 1);
    CHECK(occurrences(page, "Worst test trajectory") == 1);
    CHECK(occurrences(page, "http://") == occurrences(page, "http://www.w3.org/"));
    CHECK(occurrences(page, "https://") == 0);
    CHECK(occurrences(page, "class=\"missing\"") == 0);
    CHECK(fs::exists(files.metrics));
    CHECK(fs::exists(files.predictions));
}

TEST_CASE("without gnuplot the figures come and the page says what is missing", "[report]") {
    const detail::TemporaryFolder temporary;
    const ReportFiles files = write_report(report_example::input(), temporary.path(), no_pictures);
    REQUIRE(files.missing.size() == 1);
    CHECK_THAT(files.missing[0], ContainsSubstring("apt-get install gnuplot-nox"));
    const std::string page = detail::read_text(files.page);
    CHECK(occurrences(page, "<svg") == 0);
    CHECK(occurrences(page, "<figure") == 0);
    CHECK(occurrences(page, "apt-get install gnuplot-nox") == 1);
    // Comparison, learning, trajectories, joints after and before learning.
    CHECK(occurrences(page, "<table>") == 5);
    CHECK(occurrences(page, "Joints after learning") == 1);
    CHECK(occurrences(page, "Joints before learning") == 1);
    CHECK(fs::file_size(files.metrics) > 0);
    CHECK(fs::file_size(files.predictions) > 0);
}

TEST_CASE("names from a log cannot break the page", "[report]") {
    ReportInput input = report_example::input();
    input.title = "<script>\"&";
    input.data.joints[0] = "tau<1>";
    input.data.description = "L\xE4nge";
    const detail::TemporaryFolder temporary;
    const std::string page = detail::read_text(write_report(input, temporary.path(), no_pictures).page);
    CHECK(occurrences(page, "<script>") == 0);
    CHECK(occurrences(page, "<title>&lt;script&gt;&quot;&amp;</title>") == 1);
    CHECK(occurrences(page, "tau<1>") == 0);
    CHECK(occurrences(page, "L\xEF\xBF\xBDnge") == 1);
}

TEST_CASE("predictions.csv holds every test row with the seed that validation chose", "[report]") {
    ReportInput input = report_example::input();
    input.data.joints[1] = "elbow, \"left\"";
    input.models[3].after.validation.scored.nmse = 0;  // baseline, second seed
    const detail::TemporaryFolder temporary;
    std::istringstream lines(detail::read_text(write_report(input, temporary.path(), no_pictures).predictions));
    std::string line;
    std::getline(lines, line);
    CHECK(line ==
          "trajectory,time_s,scored,joint 1_measured,joint 1_baseline,joint 1_cnn1,joint 1_cnn2,"
          "\"elbow, \"\"left\"\"_measured\",\"elbow, \"\"left\"\"_baseline\",\"elbow, \"\"left\"\"_cnn1\","
          "\"elbow, \"\"left\"\"_cnn2\"");
    Index row = 0, scored = 0;
    while (std::getline(lines, line)) {
        std::istringstream fields(line);
        std::string trajectory, time, flag, measured, baseline;
        for (std::string* field : {&trajectory, &time, &flag, &measured, &baseline}) std::getline(fields, *field, ',');
        const auto at = static_cast<std::size_t>(row);
        REQUIRE(trajectory == "run" + std::to_string(60 + input.test.trajectory[at]));
        REQUIRE(std::stod(time) == Approx(input.test.time[at]));
        REQUIRE(std::stod(measured) == Approx(input.test.measured(row, 0)).epsilon(1e-5));
        REQUIRE(std::stod(baseline) == Approx(input.models[3].predicted(row, 0)).epsilon(1e-5));
        REQUIRE((flag == "1" || flag == "0"));
        if (flag == "1") ++scored;
        ++row;
    }
    CHECK(row == input.test.measured.rows());
    CHECK(scored == static_cast<Index>(input.test.scored_rows.size()));
}

TEST_CASE("figures are written with three digits that count", "[report]") {
    CHECK(detail::figure(0.0461234) == "0.0461");
    CHECK(detail::figure(0.09996) == "0.100");
    CHECK(detail::figure(0.1254) == "0.125");
    CHECK(detail::figure(1.0) == "1.00");
    CHECK(detail::figure(9.996) == "10.0");
    CHECK(detail::figure(43.71) == "43.7");
    CHECK(detail::figure(99.96) == "100");
    CHECK(detail::figure(1378.6) == "1379");
    CHECK(detail::figure(0.0003121) == "0.000312");
    CHECK(detail::figure(-0.247) == "&minus;0.247");
    CHECK(detail::figure(0.0) == "0");
    CHECK(detail::figure(std::nan("")) == "&ndash;");
    CHECK(detail::fixed(-0.0001, 3) == "0.000");
    CHECK(detail::count(36240) == "36&#8239;240");
    CHECK(detail::count(1234567) == "1&#8239;234&#8239;567");
    CHECK(detail::count(604) == "604");
}

TEST_CASE("grey ground lies under the rows that are not scored", "[report]") {
    const ReportInput input = report_example::input();
    const ReportConfig config;
    const auto context = detail::report_context(input, config);
    // Rows 0..62 and 104..119 at 10 Hz; each range reaches the neighbouring scored row.
    const auto shaded = detail::unscored_times(context, detail::picture_rows(context, 0).rows);
    REQUIRE(shaded.size() == 2);
    CHECK(shaded[0].first == 0);
    CHECK(shaded[0].second == Approx(6.3));
    CHECK(shaded[1].first == Approx(10.4));
    CHECK(shaded[1].second == Approx(11.9));
}

TEST_CASE("pictures show the trajectory that was asked for, cut where it is long", "[report]") {
    const ReportInput input = report_example::input();
    const ReportConfig config{.picture_rows = 50};
    const auto context = detail::report_context(input, config);
    const auto rows = detail::picture_rows(context, 1);
    CHECK(rows.of == 120);
    CHECK(rows.cut());
    REQUIRE(rows.rows.size() == 50);
    CHECK(rows.rows.front() == 120);
    const Chart chart = detail::trajectory_chart(context, 1);
    REQUIRE(chart.panels.size() == 2);
    REQUIRE(chart.panels[1].curves.size() == 4);
    CHECK(chart.panels[1].curves[0].y[3] == input.test.measured(123, 1));
    CHECK(chart.panels[1].curves[3].y[3] == context.groups[2].chosen->predicted(123, 1));
    CHECK(chart.panels[0].x_limits.second == Approx(5.0));
}

TEST_CASE("error histograms of all models share bins and count every error", "[report]") {
    const ReportInput input = report_example::input();
    const ReportConfig config;
    const auto context = detail::report_context(input, config);
    const auto histograms = detail::error_histograms(context);
    REQUIRE(histograms.models.size() == 3);
    for (const Histogram& one : histograms.models) {
        CHECK(one.limit == histograms.models[0].limit);
        CHECK(one.total() == 2 * static_cast<Index>(input.test.scored_rows.size()));
    }
    // The widest model sets the axis: 1 % of its errors lie beyond.
    CHECK(histograms.outside(0) == Approx(0.01).margin(0.005));
    CHECK(histograms.outside(2) < histograms.outside(0));
}

TEST_CASE("a report is refused where its figures could not be compared, and an old one stays", "[report]") {
    const detail::TemporaryFolder temporary;
    ReportInput input = report_example::input();
    const ReportFiles files = write_report(input, temporary.path(), no_pictures);
    const std::string before = detail::read_text(files.page);
    const auto refused = [&] { write_report(input, temporary.path(), no_pictures); };
    SECTION("other rows scored") {
        input.models[1].after.test.scored.rows -= 1;
        CHECK_THROWS_AS(refused(), DataError);
        CHECK_THROWS_WITH(refused(), ContainsSubstring("cnn1") && ContainsSubstring("same rows"));
    }
    SECTION("other validation rows") {
        input.models[2].before.validation.all_rows.rows += 1;
        CHECK_THROWS_AS(refused(), DataError);
    }
    SECTION("prediction of another shape") {
        input.models[1].predicted.conservativeResize(5, 2);
        CHECK_THROWS_AS(refused(), ShapeError);
    }
    SECTION("reference not finite") {
        input.references[0].predicted(70, 0) = std::nan("");
        CHECK_THROWS_AS(refused(), NumericError);
    }
    SECTION("no model") {
        input.models.clear();
        CHECK_THROWS_AS(refused(), DataError);
    }
    SECTION("joint names missing") {
        input.data.joints.pop_back();
        CHECK_THROWS_AS(refused(), ShapeError);
    }
    SECTION("time missing") {
        input.test.time.pop_back();
        CHECK_THROWS_AS(refused(), ShapeError);
    }
    CHECK(detail::read_text(files.page) == before);
}

TEST_CASE("a single test trajectory is shown once, and a model in closed form has no curve", "[report]") {
    ReportInput input = report_example::input({.trajectories = 1, .seeds = 1});
    const detail::TemporaryFolder temporary;
    for (ModelReport& model : input.models) model.history.clear();
    if (!has_gnuplot()) return;
    const std::string page = detail::read_text(write_report(input, temporary.path()).page);
    CHECK(occurrences(page, "The only test trajectory") == 1);
    CHECK(occurrences(page, "<svg") == 2);
    CHECK(occurrences(page, "one seed") == 3);
}

#if defined(IDM_TEST_HAS_JSON)

TEST_CASE("metrics.json has the promised keys and the models' figures", "[report]") {
    const ReportInput input = report_example::input();
    const detail::TemporaryFolder temporary;
    const auto json =
        nlohmann::json::parse(detail::read_text(write_report(input, temporary.path(), no_pictures).metrics));
    const auto keys = [](const nlohmann::json& object) {
        std::vector<std::string> names;
        for (const auto& item : object.items()) names.push_back(item.key());
        return names;  // nlohmann sorts them
    };
    CHECK(keys(json) == std::vector<std::string>{"data", "models", "references", "summary"});
    REQUIRE(json["models"].size() == 6);
    const auto& cnn1 = json["models"][1];
    CHECK(keys(cnn1) == std::vector<std::string>{"after", "ahead", "before", "epochs", "name", "parameters", "seed",
                                                 "train_seconds", "window"});
    CHECK(cnn1["name"] == "cnn1");
    CHECK(cnn1["window"] == 16);
    for (const char* stage : {"before", "after"})
        for (const char* split : {"validation", "test"})
            CHECK(keys(cnn1[stage][split]) ==
                  std::vector<std::string>{"nmse", "nmse_all_rows_mean", "nmse_mean", "r2", "rmse"});
    const Score& score = input.models[1].after.test;
    CHECK(cnn1["after"]["test"]["nmse_mean"] == score.scored.nmse);
    CHECK(cnn1["after"]["test"]["nmse"][1] == score.scored.joints[1].nmse);
    CHECK(cnn1["after"]["test"]["nmse_all_rows_mean"] == score.all_rows.nmse);
    CHECK(cnn1["after"]["test"]["rmse"] == score.scored.rmse);
    CHECK(cnn1["after"]["test"]["r2"] == score.scored.r2);
    CHECK(cnn1["before"]["validation"]["nmse_mean"] == input.models[1].before.validation.scored.nmse);

    CHECK(json["references"][0]["name"] == "mean");
    CHECK(json["references"][0]["test"]["nmse_all_rows_mean"] == Approx(1.0).epsilon(1e-12));
    CHECK(json["summary"][2]["name"] == "cnn2");
    CHECK(json["summary"][2]["seeds"] == 2);
    const double a = input.models[2].after.test.scored.nmse, b = input.models[5].after.test.scored.nmse;
    CHECK(json["summary"][2]["nmse_mean"] == Approx((a + b) / 2).epsilon(1e-12));
    CHECK(json["summary"][2]["nmse_deviation"] == Approx(std::abs(a - b) / std::sqrt(2.0)).epsilon(1e-12));
    CHECK(json["data"]["joints"].size() == 2);
    CHECK(json["data"]["facts"]["Rate"] == "10 Hz");
}

#endif
