#include <cmath>
#include <filesystem>
#include <string>

#include <idm/io/charts.hpp>

#include "support/catch.hpp"
#include "support/pictures.hpp"

using namespace idm;
using namespace idm_test;

namespace {

Chart two_panels() {
    Chart chart;
    chart.title = "a < b & 'c'";
    chart.legend = {{"model_1", {"#112233", 2}}};
    chart.columns = 2;
    for (const char* title : {"left_panel", "it's `date` right"}) {
        Panel panel;
        panel.title = title;
        panel.x_label = "time (s)";
        panel.y_label = "torque (N m)";
        panel.curves = {{{"#112233", 1}, {0, 1, 2, 3}, {-123456, 1, std::nan(""), 3}}};
        panel.shaded = {{0, 0.5}};
        chart.panels.push_back(panel);
    }
    return chart;
}

}  // namespace

TEST_CASE("text reaches gnuplot as text", "[charts]") {
    CHECK(detail::gnuplot_quote("it's\n`date` @x") == "'it''s `date` @x'");
    CHECK(detail::shell_quote("/tmp/a b/it's$(x)") == "'/tmp/a b/it'\\''s$(x)'");
}

TEST_CASE("axis steps are round and few", "[charts]") {
    CHECK(detail::tic_step(10) == 2);
    CHECK(detail::tic_step(4) == 1);
    CHECK(detail::tic_step(22) == 5);
    CHECK(detail::tic_step(5000) == 1000);
    CHECK(detail::tic_step(0.35) == Approx(0.1).epsilon(1e-12));
    for (double span = 1e-3; span < 1e4; span *= 1.07) {
        const double steps = span / detail::tic_step(span);
        CHECK(steps <= 5.51);
        CHECK(steps >= 2.19);
    }
}

TEST_CASE("axes follow finite data or the limits given", "[charts]") {
    Panel panel;
    panel.curves = {{{}, {0, 1, 2}, {0, std::nan(""), 100}}, {{}, {0}, {-100}}};
    CHECK(detail::y_limits(panel).first == Approx(-108));
    CHECK(detail::y_limits(panel).second == Approx(108));
    panel.y_limits = {1, 2};
    CHECK(detail::y_limits(panel).second == 2);
}

TEST_CASE("the script keeps gaps where points are missing and drops what a logarithm cannot show", "[charts]") {
    Panel panel;
    panel.curves = {{{}, {1, 2, 3, 4}, {0.5, std::nan(""), -1, 2}}};
    CHECK(detail::gnuplot_data(panel, 7) == "$d7_0 << END\n1 0.5\n\n3 -1\n4 2\nNaN NaN\nEND\n");
    panel.logarithmic_y = true;
    CHECK(detail::gnuplot_data(panel, 0) == "$d0_0 << END\n1 0.5\n\n\n4 2\nNaN NaN\nEND\n");
}

TEST_CASE("panels stand side by side without touching", "[charts]") {
    Chart chart = two_panels();
    chart.panels.push_back(chart.panels[0]);
    const detail::ChartGrid grid(chart);
    CHECK(grid.rows == 2);
    CHECK(grid.x(0) + static_cast<double>(grid.panel_width) < grid.x(1));
    CHECK(grid.x(1) + static_cast<double>(grid.panel_width) < static_cast<double>(grid.width));
    CHECK(grid.y(0) + static_cast<double>(grid.panel_height) < grid.y(2));
    CHECK(grid.y(2) + static_cast<double>(grid.panel_height) < static_cast<double>(grid.height()));
    CHECK(grid.x(2) == grid.x(0));
}

TEST_CASE("gnuplot draws an element that can stand inside a page", "[charts]") {
    if (!has_gnuplot()) return;
    const Picture picture = draw_chart(two_panels());
    INFO(picture.failure);
    REQUIRE(picture.failure.empty());
    CHECK(picture.svg.starts_with("<svg"));
    CHECK(picture.svg.ends_with("</svg>"));
    CHECK(occurrences(picture.svg, " id=") == 0);
    CHECK(occurrences(picture.svg, "<title>") == 0);
    CHECK(occurrences(picture.svg, "aria-label=\"a &lt; b &amp; &#39;c&#39;\"") == 1);
    CHECK(occurrences(picture.svg, ">left_panel<") == 1);
    CHECK(occurrences(picture.svg, "`date`") == 1);
    CHECK(occurrences(picture.svg, ">model_1<") == 1);
    CHECK(occurrences(picture.svg, ">time (s)<") == 2);
    // Seven-character tic labels would push gnuplot's own axis label off the picture.
    CHECK(occurrences(picture.svg, ">torque (N m)<") == 1);
}

TEST_CASE("a program that is missing or fails is an answer, not an error", "[charts]") {
    const Picture missing = draw_chart(two_panels(), "no-such-program-as-this");
    CHECK(missing.svg.empty());
    CHECK_THAT(missing.failure, ContainsSubstring("no-such-program-as-this"));
    const Picture silent = draw_chart(two_panels(), "true");
    CHECK(silent.svg.empty());
    CHECK_FALSE(silent.failure.empty());
}

TEST_CASE("no temporary folder is left behind", "[charts]") {
    std::filesystem::path path;
    {
        const detail::TemporaryFolder folder;
        path = folder.path();
        CHECK(std::filesystem::is_directory(path));
    }
    CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("a chart needs a panel", "[charts]") { CHECK_THROWS_AS(draw_chart(Chart{}), ConfigError); }
