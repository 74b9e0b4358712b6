#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <idm/core/config.hpp>
#include <idm/io/report/input.hpp>
#include <idm/io/text.hpp>
#include <idm/training/analysis.hpp>
#include <idm/training/metrics.hpp>

IDM_NAMESPACE_BEGIN
namespace detail {

IDM_INLINE std::string fixed(double value, int decimals);

/// Three significant digits, or whole numbers from 100 on; a dash for what was not measured.
IDM_INLINE std::string figure(double value);
inline std::string figure(const std::optional<double>& value) { return figure(value.value_or(std::nan(""))); }

/// 36240 as 36 240, with spaces that do not break.
IDM_INLINE std::string count(Index value);
IDM_INLINE std::string facts_table(const DataReport& data);

/// All models and references on the test set, each model as the mean over its seeds.
IDM_INLINE std::string comparison_table(const ReportContext& context);

/// Mean over seeds, before learning and after.
IDM_INLINE std::string learning_table(const ReportContext& context);

/// Every joint with every model (its chosen seed), before or after learning: `scores` is one of `ModelReport`'s.
IDM_INLINE std::string joint_table(const ReportContext& context, SplitScores ModelReport::*scores);

/// The groups' figures on the test set, each the mean over a model's seeds.
IDM_INLINE std::string group_table(const ReportContext& context);

/// How the error spreads over the test trajectories.
IDM_INLINE std::string trajectory_table(const ReportContext& context);

#if !IDM_HAS_COMPILED

IDM_INLINE std::string fixed(double value, int decimals) {
    if (!std::isfinite(value)) return "&ndash;";
    char text[64];
    const auto end = std::to_chars(text, text + sizeof text, std::abs(value), std::chars_format::fixed, decimals).ptr;
    const std::string number(text, end);
    const bool zero = number.find_first_not_of("0.") == std::string::npos;
    return (value < 0 && !zero ? "&minus;" : "") + number;
}

IDM_INLINE std::string figure(double value) {
    const double size = std::abs(value);
    if (!std::isfinite(size) || size == 0 || size >= 99.95) return fixed(value, 0);
    // 0.09996 reads 0.100: rounding to three digits first decides how many stand behind the point.
    return fixed(value, std::clamp(2 - static_cast<int>(std::floor(std::log10(size * 1.0005))), 0, 7));
}

IDM_INLINE std::string count(Index value) {
    std::string out = std::to_string(value);
    for (auto place = static_cast<std::ptrdiff_t>(out.size()) - 3; place > 0; place -= 3)
        out.insert(static_cast<std::size_t>(place), "&#8239;");
    return out;
}

/// One HTML table; cells hold HTML. The first column is text, the others are figures.
class HtmlTable {
public:
    explicit HtmlTable(const std::vector<std::string>& head) {
        html_ = "<div class=\"table\"><table><thead><tr>";
        for (const std::string& cell : head) html_ += "<th>" + cell + "</th>";
        html_ += "</tr></thead><tbody>\n";
    }
    HtmlTable& row(const std::vector<std::string>& cells, const std::string& style = {}) {
        html_ += style.empty() ? "<tr>" : "<tr class=\"" + style + "\">";
        for (const std::string& cell : cells) html_ += "<td>" + cell + "</td>";
        html_ += "</tr>\n";
        return *this;
    }
    std::string html() const { return html_ + "</tbody></table></div>\n"; }

private:
    std::string html_;
};

inline std::string model_name(const ModelGroup& group) {
    return "<i class=\"dot\" style=\"background:" + group.colour + "\"></i>" + escape_html(group.first().label);
}

IDM_INLINE std::string facts_table(const DataReport& data) {
    std::string html = "<dl>";
    for (const auto& [name, text] : data.facts)
        html += "<dt>" + escape_html(name) + "</dt><dd>" + escape_html(text) + "</dd>";
    return html + "</dl>\n";
}

IDM_INLINE std::string comparison_table(const ReportContext& context) {
    const std::string unit = escape_html(context.input.data.unit);
    HtmlTable table({"Test set", "nMSE", "nMSE over seeds", "nMSE, all rows", "RMSE (" + unit + ")", "R&sup2;",
                     "Parameters", "Window", "Training (s)", "Roughness", "Noise sensitivity"});
    for (const ModelGroup& group : context.groups) {
        const auto mean = [&](auto value) { return group.over_seeds(value).mean; };
        const Spread nmse = group.over_seeds([](const ModelReport& m) { return m.after.test.scored.nmse; });
        std::string over = "one seed";
        if (group.seeds.size() > 1)
            over = figure(nmse.low) + " &ndash; " + figure(nmse.high) + " <small>&plusmn; " + figure(nmse.deviation) +
                   "</small>";
        table.row({model_name(group), "<b>" + figure(nmse.mean) + "</b>", over,
                   figure(mean([](const ModelReport& m) { return m.after.test.all_rows.nmse; })),
                   figure(mean([](const ModelReport& m) { return m.after.test.scored.rmse; })),
                   fixed(mean([](const ModelReport& m) { return m.after.test.scored.r2; }), 3),
                   count(group.first().parameters), count(group.first().window),
                   figure(mean([](const ModelReport& m) { return m.train_seconds; })),
                   figure(mean([&](const ModelReport& m) { return context.roughness_of(m.predicted); })),
                   figure(mean([](const ModelReport& m) { return m.noise_sensitivity.value_or(std::nan("")); }))},
                  &group == context.best ? "best" : "");
    }
    for (const ReferenceReport& reference : context.input.references) {
        const Score score = score_predictions(context.test().measured, reference.predicted,
                                              std::span<const Index>(context.test().scored_rows));
        table.row(
            {"<i class=\"dot\"></i>" + escape_html(reference.label), "<b>" + figure(score.scored.nmse) + "</b>",
             "&ndash;", figure(score.all_rows.nmse), figure(score.scored.rmse), fixed(score.scored.r2, 3), "&ndash;",
             "1", "&ndash;", figure(context.roughness_of(reference.predicted)), figure(reference.noise_sensitivity)},
            "reference");
    }
    return table.html();
}

IDM_INLINE std::string learning_table(const ReportContext& context) {
    HtmlTable table({"Mean over seeds", "Validation nMSE before", "after", "Test nMSE before", "after",
                     "Test RMSE before (" + escape_html(context.input.data.unit) + ")", "after", "Test R&sup2; before",
                     "after"});
    for (const ModelGroup& group : context.groups) {
        std::vector<std::string> cells{model_name(group)};
        const auto pair = [&](auto text, auto value) {
            cells.push_back(text(group.over_seeds([&](const ModelReport& m) { return value(m.before); }).mean));
            cells.push_back(text(group.over_seeds([&](const ModelReport& m) { return value(m.after); }).mean));
        };
        const auto three_digits = [](double value) { return figure(value); };
        pair(three_digits, [](const SplitScores& s) { return s.validation.scored.nmse; });
        pair(three_digits, [](const SplitScores& s) { return s.test.scored.nmse; });
        pair(three_digits, [](const SplitScores& s) { return s.test.scored.rmse; });
        pair([](double value) { return fixed(value, 3); }, [](const SplitScores& s) { return s.test.scored.r2; });
        table.row(cells);
    }
    return table.html();
}

inline std::string place_of(const ReportContext& context, Index row) {
    const TestReport& test = context.test();
    return "trajectory " + escape_html(context.trajectory_name(test.trajectory[static_cast<std::size_t>(row)])) + ", " +
           fixed(test.time[static_cast<std::size_t>(row)], 2) + " s";
}

IDM_INLINE std::string joint_table(const ReportContext& context, SplitScores ModelReport::*scores) {
    const std::string unit = " (" + escape_html(context.input.data.unit) + ")";
    HtmlTable table({"Joint", "Model", "nMSE", "RMSE" + unit, "MAE" + unit, "R&sup2;", "Worst error" + unit, "Where"});
    for (const Index target : context.shown()) {
        const auto joint = static_cast<std::size_t>(target);
        for (const ModelGroup& group : context.groups) {
            const bool first = &group == &context.groups.front();
            const JointMetrics& m = (group.chosen->*scores).test.scored.joints[joint];
            table.row(
                {first ? escape_html(context.input.data.joints[joint]) : "", model_name(group), figure(m.nmse),
                 figure(m.rmse), figure(m.mae), fixed(m.r2, 3), figure(m.worst_error), place_of(context, m.worst_row)},
                first ? "group" : "");
        }
    }
    for (const ModelGroup& group : context.groups) {
        const bool first = &group == &context.groups.front();
        const Metrics& m = (group.chosen->*scores).test.scored;
        table.row({first ? "mean, worst" : "", model_name(group), figure(m.nmse), figure(m.rmse), figure(m.mae),
                   fixed(m.r2, 3), figure(m.worst().worst_error),
                   escape_html(context.input.data.joints[static_cast<std::size_t>(m.worst_joint)]) + ", " +
                       place_of(context, m.worst().worst_row)},
                  first ? "group" : "");
    }
    return table.html();
}

IDM_INLINE std::string group_table(const ReportContext& context) {
    HtmlTable table({"Group", "Model", "Targets", "nMSE, mean", "median", "pooled"});
    for (const TargetGroup& targets : context.input.data.groups) {
        for (const ModelGroup& group : context.groups) {
            const bool first = &group == &context.groups.front();
            const auto mean = [&](double GroupScore::*part) {
                return figure(group
                                  .over_seeds([&](const ModelReport& m) {
                                      return group_score(m.after.test.scored, targets).*part;
                                  })
                                  .mean);
            };
            table.row({first ? escape_html(targets.name) : "", model_name(group),
                       first ? count(static_cast<Index>(targets.targets.size())) : "", mean(&GroupScore::mean),
                       mean(&GroupScore::median), mean(&GroupScore::pooled)},
                      first ? "group" : "");
        }
    }
    return table.html();
}

IDM_INLINE std::string trajectory_table(const ReportContext& context) {
    HtmlTable table({"nMSE of a trajectory", "Best", "Trajectory", "Median", "Trajectory", "Worst", "Trajectory"});
    const auto row = [&](const std::string& name, const Matrix<double>& predicted, const std::string& style) {
        const TypicalTrajectories typical = typical_trajectories(context.trajectory_scores_of(predicted));
        std::vector<std::string> cells{name};
        for (const TrajectoryScore& score : {typical.best, typical.median, typical.worst}) {
            cells.push_back(figure(score.nmse));
            cells.push_back(escape_html(context.trajectory_name(score.trajectory)));
        }
        table.row(cells, style);
    };
    for (const ModelGroup& group : context.groups) row(model_name(group), group.chosen->predicted, "");
    for (const ReferenceReport& reference : context.input.references)
        row("<i class=\"dot\"></i>" + escape_html(reference.label), reference.predicted, "reference");
    return table.html();
}

#endif  // !IDM_HAS_COMPILED

}  // namespace detail

IDM_NAMESPACE_END
