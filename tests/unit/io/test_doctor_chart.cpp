#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include <idm/io/charts.hpp>
#include <idm/io/doctor_chart.hpp>
#include <idm/robot/arm7.hpp>
#include <idm/robot/simulate.hpp>

#include "support/catch.hpp"

using idm::Index;

namespace {

const idm::Recipe recipe{.positions = {.columns = idm::numbered("q{}", 1, 7)},
                         .velocities = {.columns = idm::numbered("qd{}", 1, 7)},
                         .targets = {.columns = idm::numbered("tau{}", 1, 7)}};
const idm::ByName split{.train = {"1", "2"}, .validation = {"3"}, .test = {"4"}};
constexpr Index tau4 = 17;

idm::Log simulated() { return idm::robot::simulate(idm::robot::arm7(), {.trajectories = 4}); }

idm::Chart chart_of(const idm::Log& log) { return idm::doctor_chart(log, recipe, split, diagnose(log, recipe, split)); }

const idm::Panel& panel(const idm::Chart& chart, std::size_t line, std::size_t column) {
    return chart.panels.at(4 * line + column);
}

/// Points of a curve, gaps left out.
std::size_t points(const idm::Curve& curve) {
    return static_cast<std::size_t>(
        std::count_if(curve.y.begin(), curve.y.end(), [](double y) { return std::isfinite(y); }));
}

}  // namespace

TEST_CASE("the doctor's picture has a line for each joint, the test's rows apart from the others") {
    const idm::Chart chart = chart_of(simulated());
    REQUIRE(chart.panels.size() == 4 * 8);
    CHECK(panel(chart, 1, 0).title == "q1 (rad), trajectory 1");
    CHECK(panel(chart, 7, 2).title == "tau7 (N m), trajectory 1");
    // 4000 rows, every fourth drawn as a dot of two points: three of four trajectories, and the test's.
    CHECK(points(panel(chart, 3, 1).curves[0]) == 2 * 750);
    CHECK(points(panel(chart, 3, 1).curves[1]) == 2 * 250);
    const idm::Curve& lags = panel(chart, 2, 3).curves[0];
    CHECK(lags.x.front() == -10);
    CHECK(lags.x.back() == 10);
    CHECK(std::min_element(lags.y.begin(), lags.y.end()) - lags.y.begin() == 10);
    CHECK(points(panel(chart, 0, 2).curves[0]) == 14);
}

TEST_CASE("stuck rows are marked, in the trajectory that has them") {
    idm::Log log = simulated();
    log.trajectories[2].values.col(tau4).segment(200, 300).setConstant(log.trajectories[2].values(200, tau4));
    const idm::Panel shown = panel(chart_of(log), 4, 2);
    CHECK(shown.title == "tau4 (N m), trajectory 3");
    REQUIRE(points(shown.curves[1]) == 2);
    CHECK(shown.curves[1].x[0] == Approx(2.00));
    CHECK(shown.curves[1].x[1] == Approx(4.99));
}

TEST_CASE("one late row among many shows in the time steps") {
    idm::Log log = simulated();
    log.trajectories[1].time[500] += 0.005;
    const idm::Chart chart = chart_of(log);
    const std::vector<double>& steps = panel(chart, 0, 0).curves[0].y;
    CHECK(*std::max_element(steps.begin(), steps.end()) == Approx(1.5));
    CHECK(*std::min_element(steps.begin(), steps.end()) == Approx(0.5));
    const std::vector<double>& counts = panel(chart, 0, 1).curves[0].y;
    CHECK(counts.front() == 1);
    CHECK(counts.back() == 1);
    // Uneven stamps allow no velocity and no torque to be judged.
    CHECK(points(panel(chart, 1, 1).curves[0]) == 0);
    CHECK(panel(chart, 0, 3).title == "delay not looked at");
}

TEST_CASE("gnuplot draws the doctor's picture, whatever could not be looked at") {
    idm::Log log = simulated();
    for (idm::Trajectory& t : log.trajectories) t.time.clear();
    const idm::Picture whole = draw_chart(chart_of(simulated()));
    const idm::Picture without_time = draw_chart(chart_of(log));
    const bool installed = whole.failure.find("not found") == std::string::npos;
    for (const idm::Picture& picture : {whole, without_time}) {
        INFO(picture.failure);
        // Without the program there is a reason instead.
        CHECK((picture.svg.find("</svg>") != std::string::npos) == installed);
        CHECK(picture.failure.empty() == installed);
    }
}
