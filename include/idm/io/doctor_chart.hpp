#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <idm/core/config.hpp>
#include <idm/core/tensor.hpp>
#include <idm/data/doctor.hpp>
#include <idm/data/features.hpp>
#include <idm/data/resample.hpp>
#include <idm/data/split.hpp>
#include <idm/data/trajectory.hpp>
#include <idm/io/chart_script.hpp>

// What the log doctor's picture shows; charts.hpp draws it.

IDM_NAMESPACE_BEGIN
namespace detail {

inline Stroke row_stroke() { return {"#3a6ea5", 1.2}; }
IDM_INLINE void add_point(Curve& curve, double x, double y);

}  // namespace detail

/// The picture of a diagnosis. Above: time steps, their histogram, coverage and torque lag by joint. Below, a line for
/// each joint: its position with stuck and clipped rows marked, velocity over position with the test's rows in another
/// colour, its target with marks, and what the motion leaves unexplained of it by lag. What could not be looked at is
/// left empty.
///
/// *Errors*: those of `diagnose`, whose arguments it takes.
IDM_INLINE Chart doctor_chart(const Log& log, const Recipe& recipe, const std::optional<SplitRule>& rule,
                              const Diagnosis& diagnosis);

#if !IDM_HAS_COMPILED

namespace detail {

inline Stroke dot_stroke() { return {"#3a6ea5", 2.0}; }
inline Stroke test_stroke() { return {"#d9822b", 2.0}; }
inline Stroke mark_stroke() { return {"#c0392b", 3.0}; }
inline Stroke bar_stroke() { return {"#3a6ea5", 7.0}; }

IDM_INLINE void add_point(Curve& curve, double x, double y) {
    curve.x.push_back(x);
    curve.y.push_back(y);
}

inline void end_line(Curve& curve) { add_point(curve, 0, std::numeric_limits<double>::quiet_NaN()); }

/// Axes without anything: gnuplot refuses a panel without limits that has no points.
inline Panel empty_panel(std::string title = {}) {
    return {.title = std::move(title), .curves = {{row_stroke(), {}, {}}}, .x_limits = {0, 1}, .y_limits = {0, 1}};
}

/// One bar for each value, at 1, 2, ...
inline Panel bar_panel(std::string title, const std::vector<double>& values, std::pair<double, double> limits) {
    Panel panel{.title = std::move(title), .curves = {{bar_stroke(), {}, {}}}, .y_limits = limits};
    for (std::size_t i = 0; i < values.size(); ++i) {
        const double x = static_cast<double>(i + 1);
        add_point(panel.curves[0], x, 0);
        add_point(panel.curves[0], x, values[i]);
        end_line(panel.curves[0]);
    }
    panel.x_limits = {0.3, static_cast<double>(values.size()) + 0.7};
    return panel;
}

/// Every time step in usual ones, and how often which deviation occurs.
inline std::pair<Panel, Panel> step_panels(const Log& log) {
    constexpr Index buckets = 600, bins = 41;
    std::vector<double> steps;
    for (const Trajectory& trajectory : log.trajectories) {
        const double period = inspect_time(trajectory.time).period;
        for (std::size_t i = 1; period > 0 && i < trajectory.time.size(); ++i)
            steps.push_back((trajectory.time[i] - trajectory.time[i - 1]) / period);
    }
    if (steps.empty()) return {empty_panel("no stamps"), empty_panel("no stamps")};
    Panel over{.title = "time steps in usual ones, along the log (%)", .curves = {{row_stroke(), {}, {}}}};
    Panel histogram{.title = "steps by deviation (%), counts", .curves = {{row_stroke(), {}, {}}}};
    // Of each bucket the extremes: one late row among a million is seen.
    const std::size_t width = (steps.size() + buckets - 1) / buckets;
    double farthest = 0.05;
    for (std::size_t begin = 0; begin < steps.size(); begin += width) {
        const auto end = steps.begin() + static_cast<std::ptrdiff_t>(std::min(begin + width, steps.size()));
        const auto [low, high] = std::minmax_element(steps.begin() + static_cast<std::ptrdiff_t>(begin), end);
        for (const double step : {*low, *high})
            add_point(over.curves[0], 100 * static_cast<double>(begin) / static_cast<double>(steps.size()), step);
        farthest = std::max({farthest, 1 - *low, *high - 1});
    }
    over.x_limits = {0, 100};
    over.y_limits = {1 - 1.1 * farthest, 1 + 1.1 * farthest};
    const double range = std::min(farthest, 1.0);
    std::vector<double> counts(bins, 0.0);
    for (const double step : steps) {
        const double place = (std::clamp(step - 1, -range, range) / range + 1) / 2 * static_cast<double>(bins);
        ++counts[static_cast<std::size_t>(std::min(place, static_cast<double>(bins) - 1))];
    }
    for (Index bin = 0; bin < bins; ++bin) {
        const double count = std::max(0.8, counts[static_cast<std::size_t>(bin)]);
        for (const Index edge : {bin, bin + 1})
            add_point(histogram.curves[0], 100 * range * (2 * static_cast<double>(edge) / bins - 1), count);
    }
    histogram.logarithmic_y = true;
    histogram.y_limits = {0.8, 2 * static_cast<double>(steps.size())};
    return {over, histogram};
}

/// One column over the time of the trajectory with most marked rows, the marked ones on top.
inline Panel column_panel(const Log& log, const std::string& name, const Diagnosis& diagnosis,
                          const std::string& unit) {
    const Index column = log.column(name);
    std::vector<Index> marked(log.trajectories.size());
    for (const Mark& mark : diagnosis.marks)
        if (mark.column == column) marked[static_cast<std::size_t>(mark.trajectory)] += mark.end - mark.begin;
    const auto shown = static_cast<std::size_t>(std::max_element(marked.begin(), marked.end()) - marked.begin());
    const Trajectory& trajectory = log.trajectories[shown];
    const Index rows = trajectory.values.rows(), stride = (rows + 1499) / 1500;
    const auto time = [&](Index row) {
        return trajectory.time.empty() ? static_cast<double>(row) : trajectory.time[static_cast<std::size_t>(row)];
    };
    Panel panel{.title = message(log.columns[static_cast<std::size_t>(column)], unit.empty() ? "" : " (" + unit + ")",
                                 ", trajectory ", trajectory.name),
                .x_label = trajectory.time.empty() ? "row" : "time (s)",
                .curves = {{row_stroke(), {}, {}}, {mark_stroke(), {}, {}}}};
    for (Index row = 0; row < rows; row += stride)
        add_point(panel.curves[0], time(row), trajectory.values(row, column));
    for (const Mark& mark : diagnosis.marks) {
        if (mark.column != column || static_cast<std::size_t>(mark.trajectory) != shown) continue;
        for (const Index row : {mark.begin, mark.end - 1})
            add_point(panel.curves[1], time(row), trajectory.values(row, column));
        end_line(panel.curves[1]);
    }
    return panel;
}

/// Velocity over position of one joint, in dots; those of the test in their own colour.
inline Panel phase_panel(const Features<double>& features, Index joint, Index joints,
                         const std::optional<Split>& split) {
    const Index rows = features.inputs.rows(), stride = (rows + 1199) / 1200;
    const auto q = features.inputs.col(joint), qd = features.inputs.col(joints + joint);
    const double dot = 0.008 * (q.maxCoeff() - q.minCoeff());
    const auto is_test = [&](Index row) {
        return split && std::any_of(split->test.begin(), split->test.end(),
                                    [&](const Segment& s) { return row >= s.begin && row < s.end; });
    };
    Panel panel{.title = "velocity over position (rad/s, rad)",
                .x_label = "position (rad)",
                .curves = {{dot_stroke(), {}, {}}, {test_stroke(), {}, {}}}};
    for (Index row = 0; row < rows; row += stride) {
        Curve& curve = panel.curves[is_test(row) ? 1 : 0];
        add_point(curve, q(row), qd(row));
        add_point(curve, q(row) + dot, qd(row));
        end_line(curve);
    }
    return panel;
}

/// What the motion leaves unexplained of one torque, by the rows that it is taken later.
inline Panel lag_panel(const Matrix<double>& unexplained, Index joint) {
    const Index longest = (unexplained.cols() - 1) / 2;
    Panel panel{
        .title = "unexplained (%), by torque's lag", .x_label = "lag (rows)", .curves = {{row_stroke(), {}, {}}}};
    for (Index lag = -longest; lag <= longest; ++lag)
        add_point(panel.curves[0], static_cast<double>(lag), 100 * unexplained(joint, lag + longest));
    Index best = 0;
    const double least = 100 * unexplained.row(joint).minCoeff(&best);
    const double place = static_cast<double>(best - longest), top = 100 * unexplained.row(joint).maxCoeff();
    panel.curves.push_back({{"#8a8a8a", 1.2}, {place, place}, {0, least}});
    panel.y_limits = {0, 1.1 * top};
    panel.x_limits = {-static_cast<double>(longest), static_cast<double>(longest)};
    return panel;
}

/// How much of each joint's plane of (q, qd) was visited, and at which lag each torque fits best.
inline std::pair<Panel, Panel> overview_panels(const Diagnosis& diagnosis) {
    std::vector<double> visited, lags;
    for (const Coverage& coverage : diagnosis.coverage) visited.push_back(100 * coverage.cells);
    const double longest = static_cast<double>((diagnosis.unexplained.cols() - 1) / 2);
    for (Index joint = 0; joint < diagnosis.unexplained.rows(); ++joint) {
        Index best = 0;
        diagnosis.unexplained.row(joint).minCoeff(&best);
        lags.push_back(static_cast<double>(best) - longest);
    }
    return {
        visited.empty() ? empty_panel("coverage not looked at") : bar_panel("visited (%), by joint", visited, {0, 105}),
        lags.empty() ? empty_panel("delay not looked at")
                     : bar_panel("lag of best fit (rows), by joint", lags, {-10.5, 10.5})};
}

}  // namespace detail

IDM_INLINE Chart doctor_chart(const Log& log, const Recipe& recipe, const std::optional<SplitRule>& rule,
                              const Diagnosis& diagnosis) {
    Chart chart{.title = "Log doctor",
                .legend = {{"rows", detail::row_stroke()},
                           {"test rows", detail::test_stroke()},
                           {"stuck or clipped", detail::mark_stroke()}},
                .columns = 4,
                .width = 1320,
                .panel_height = 130};
    const auto add = [&](std::pair<Panel, Panel> two) {
        chart.panels.push_back(std::move(two.first));
        chart.panels.push_back(std::move(two.second));
    };
    add(detail::step_panels(log));
    add(detail::overview_panels(diagnosis));
    const auto& positions = recipe.positions.columns;
    const auto& targets = recipe.targets.columns;
    const Index joints = std::ssize(positions), lines = std::max<Index>(joints, std::ssize(targets));
    std::optional<Features<double>> features;
    std::optional<Split> split;
    if (!diagnosis.coverage.empty()) {
        features = make_features<double>(log, detail::motion_recipe(recipe));
        if (rule) split = make_split(features->segments, *rule, 0);
    }
    const std::string unit = recipe.positions.unit == AngleUnit::degree ? "deg" : "rad";
    for (Index i = 0; i < lines; ++i) {
        const auto k = static_cast<std::size_t>(i);
        const Panel none = detail::empty_panel();
        chart.panels.push_back(i < joints ? detail::column_panel(log, positions[k], diagnosis, unit) : none);
        chart.panels.push_back(features && i < joints ? detail::phase_panel(*features, i, joints, split) : none);
        chart.panels.push_back(k < targets.size() ? detail::column_panel(log, targets[k], diagnosis, recipe.target_unit)
                                                  : none);
        chart.panels.push_back(i < diagnosis.unexplained.rows() ? detail::lag_panel(diagnosis.unexplained, i) : none);
    }
    return chart;
}

#endif  // !IDM_HAS_COMPILED

IDM_NAMESPACE_END
