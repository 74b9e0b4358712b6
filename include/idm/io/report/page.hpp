#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <idm/core/config.hpp>
#include <idm/io/charts.hpp>
#include <idm/io/report/input.hpp>
#include <idm/io/report/pictures.hpp>
#include <idm/io/report/tables.hpp>
#include <idm/io/text.hpp>

IDM_NAMESPACE_BEGIN
namespace detail {

/// Draws a chart, or leaves the reason in `missing` (once) and returns nothing.
class PictureMaker {
public:
    explicit PictureMaker(const std::string& gnuplot) : gnuplot_(gnuplot) {}

    std::string figure(const Chart& chart, const std::string& caption) {
        if (!missing_.empty()) return {};
        const Picture picture = draw_chart(chart, gnuplot_);
        if (picture.svg.empty()) {
            missing_.push_back(
                "The pictures are missing: " + picture.failure +
                ". Install gnuplot (Debian, Ubuntu: apt-get install gnuplot-nox; macOS: brew install gnuplot) and make "
                "the report again; tables, metrics.json and predictions.csv are complete.");
            return {};
        }
        return "<figure>" + picture.svg + "<figcaption>" + caption + "</figcaption></figure>\n";
    }
    const std::vector<std::string>& missing() const { return missing_; }

private:
    std::string gnuplot_;
    std::vector<std::string> missing_;
};

IDM_INLINE std::string section(const std::string& title, const std::string& content, const std::string& style = {});
inline std::string note(const std::string& html) { return "<p class=\"note\">" + html + "</p>\n"; }

/// What a hurried reader takes along.
IDM_INLINE std::string lead(const ReportContext& context);

/// The whole page, self-contained: style and pictures are inside.
IDM_INLINE std::string report_page(const ReportContext& context, PictureMaker& pictures);

#if !IDM_HAS_COMPILED

inline constexpr std::string_view report_style = R"css(
:root { color-scheme: light; --ink: #1d1d1f; --soft: #63635f; --line: #e2e2de; --paper: #fff; --ground: #f6f6f3; }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 15px/1.55 system-ui, -apple-system, "Segoe UI",
       "Helvetica Neue", Arial, sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 40px 24px 64px; }
header { margin-bottom: 28px; }
h1 { font-size: 30px; line-height: 1.2; letter-spacing: -0.015em; margin: 0 0 8px; }
h2 { font-size: 19px; letter-spacing: -0.01em; margin: 0 0 6px; }
p { margin: 0 0 12px; max-width: 84ch; }
p.note { max-width: none; }
.lead { font-size: 17px; }
.note, figcaption, small { color: var(--soft); font-size: 13px; }
figcaption { margin-top: 4px; }
small { font-size: 12px; white-space: nowrap; }
section { background: var(--paper); border: 1px solid var(--line); border-radius: 8px; padding: 22px 24px;
          margin: 0 0 18px; }
.missing { border-left: 4px solid #b3541e; }
.table { overflow-x: auto; margin: 6px 0 10px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 13.5px; }
th { text-align: right; font-weight: 600; color: var(--soft); font-size: 12px; line-height: 1.3;
     vertical-align: bottom; padding: 6px 7px; border-bottom: 1.5px solid #b9b9b4; }
td { text-align: right; padding: 5px 7px; border-bottom: 1px solid var(--line); white-space: nowrap; }
th:first-child, td:first-child, .joints th:nth-child(2), .joints td:nth-child(2) { text-align: left; padding-left: 2px; }
.joints td { border-bottom: 0; padding-top: 3px; padding-bottom: 3px; }
.joints tr.group td { border-top: 1px solid var(--line); padding-top: 7px; }
.joints td:first-child { font-weight: 600; }
tr.best td { background: #f3f8f4; }
tr.reference td { color: var(--soft); }
.dot { display: inline-block; width: 10px; height: 10px; border-radius: 50%; margin-right: 8px; background: #cfcfca; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 3px 20px; margin: 10px 0 0; font-size: 14px; }
section > :last-child { margin-bottom: 0; }
dt { color: var(--soft); } dd { margin: 0; }
figure { margin: 12px 0 4px; } figure + figure { margin-top: 26px; }
svg { display: block; width: 100%; height: auto; }
svg text { font-family: system-ui, -apple-system, "Segoe UI", "Helvetica Neue", Arial, sans-serif; }
@media print { body { background: #fff; } section { break-inside: avoid; } }
)css";

IDM_INLINE std::string section(const std::string& title, const std::string& content, const std::string& style) {
    return "<section" + (style.empty() ? "" : " class=\"" + style + "\"") + "><h2>" + title + "</h2>\n" + content +
           "</section>\n";
}

IDM_INLINE std::string lead(const ReportContext& context) {
    const auto nmse = [](const ModelReport& model) { return model.after.test.scored.nmse; };
    const ModelGroup& best = *context.best;
    const double error = best.over_seeds(nmse).mean;
    std::string html = "<p class=\"lead\"><b>" + escape_html(best.first().label) +
                       "</b> was best on validation data. On the test set its error is " + figure(100.0 * error) +
                       "&nbsp;% of the " + escape_html(context.input.data.quantity) + "&rsquo;s variance (nMSE&nbsp;" +
                       figure(error) + ")";
    const ModelGroup& first = context.groups.front();
    if (&first != &best)
        html += ", that of " + escape_html(first.first().label) + " " + figure(100.0 * first.over_seeds(nmse).mean) +
                "&nbsp;%";
    return html + ".</p>\n";
}

inline std::string loss_section(const ReportContext& context, PictureMaker& pictures) {
    const Chart chart = loss_chart(context);
    if (chart.panels.empty()) return {};
    const std::string picture = pictures.figure(
        chart,
        "A line for each seed. The weights kept are those of the epoch with the lowest validation loss. A model "
        "without a panel was solved in closed form.");
    return picture.empty() ? "" : section("Learning curves", picture);
}

inline std::string trajectory_figure(const ReportContext& context, PictureMaker& pictures, const std::string& rank,
                                     const TrajectoryScore& score) {
    const PictureRows rows = picture_rows(context, score.trajectory);
    std::string caption = "<b>" + rank + "</b>: trajectory " + escape_html(context.trajectory_name(score.trajectory)) +
                          ", nMSE " + figure(score.nmse) + " with " + escape_html(context.best->first().label) + ".";
    if (rows.cut())
        caption += " The first " + count(static_cast<Index>(rows.rows.size())) + " of " + count(rows.of) + " rows.";
    if (!unscored_times(context, rows.rows).empty()) caption += " Rows on grey ground are not scored.";
    return pictures.figure(trajectory_chart(context, score.trajectory), caption);
}

inline std::string trajectory_section(const ReportContext& context, PictureMaker& pictures) {
    const TypicalTrajectories& typical = context.typical;
    std::string html = trajectory_table(context);
    html += note(
        "Each model with the seed that was best on validation data. Squared errors are divided by the variance "
        "of the whole test set, so the trajectories&rsquo; figures average to the total (weighted by rows).");
    if (typical.median.trajectory == typical.worst.trajectory && typical.best.trajectory == typical.worst.trajectory) {
        html += trajectory_figure(context, pictures, "The only test trajectory", typical.worst);
    } else {
        html += trajectory_figure(context, pictures, "Median test trajectory", typical.median);
        if (typical.median.trajectory != typical.worst.trajectory)
            html += trajectory_figure(context, pictures, "Worst test trajectory", typical.worst);
    }
    return section("Predicted and measured " + escape_html(context.input.data.quantity), html);
}

inline std::string error_section(const ReportContext& context, PictureMaker& pictures) {
    const ErrorHistograms histograms = error_histograms(context);
    std::string caption = "All joints together, scored rows. Beyond the axis: ";
    for (std::size_t i = 0; i < context.groups.size(); ++i)
        caption += (i ? ", " : "") + escape_html(context.groups[i].first().label) + " " +
                   figure(100.0 * histograms.outside(i)) + "&nbsp;%";
    const std::string picture = pictures.figure(histogram_chart(context, histograms), caption + ".");
    return picture.empty() ? "" : section("Errors", picture);
}

inline std::string definitions(const std::string& quantity) {
    return "<dl><dt>nMSE</dt><dd>mean squared error / variance of the joint&rsquo;s measured " + quantity +
           " over the same "
           "rows, mean over joints; 0 is perfect, 1 is what the mean of the test set would score</dd>"
           "<dt>scored rows</dt><dd>the same rows for every model and reference: those with enough history in their "
           "trajectory and enough rows left after them; &ldquo;all rows&rdquo; adds the rest, with the first sample "
           "repeated where a window reaches before the start</dd>"
           "<dt>RMSE, MAE, R&sup2;</dt><dd>root mean squared error, mean absolute error, 1 &minus; nMSE; on scored "
           "rows, "
           "mean over joints</dd>"
           "<dt>over seeds</dt><dd>lowest and highest value, &plusmn; sample standard deviation</dd>"
           "<dt>roughness</dt><dd>total variation of the predicted " +
           quantity +
           " / that of the measured one; below 1 the "
           "prediction is smoother than the sensor, above 1 it chatters</dd>"
           "<dt>noise sensitivity</dt><dd>RMS change of the prediction, in standard deviations of the " +
           quantity +
           ", for each "
           "standard deviation of white noise on the inputs</dd></dl>\n";
}

IDM_INLINE std::string report_page(const ReportContext& context, PictureMaker& pictures) {
    const ReportInput& input = context.input;
    std::string body = section("Data", "<p>" + escape_html(input.data.description) + "</p>" + facts_table(input.data));
    body += section("Comparison", comparison_table(context) +
                                      note("Test set, " + count(static_cast<Index>(input.test.scored_rows.size())) +
                                           " scored rows of " + count(input.test.measured.rows()) +
                                           "; figures are means over seeds. The tinted model was best on validation "
                                           "data, which alone chose epochs and seeds."));
    if (!input.data.groups.empty())
        body += section("Groups of targets",
                        "<div class=\"joints\">" + group_table(context) + "</div>" +
                            note("Test set, scored rows, means over seeds. Pooled: sum of squared errors / sum of "
                                 "variances, in which a nearly constant joint counts for little."));
    body += section("Before and after learning", learning_table(context));
    body += loss_section(context, pictures) + trajectory_section(context, pictures) + error_section(context, pictures);
    const std::string rows = note("Each model with the seed that was best on validation data; scored test rows." +
                                  std::string(input.data.shown.empty() ? "" : " Only some targets have rows here."));
    const auto joints = [&](SplitScores ModelReport::*scores) {
        return "<div class=\"joints\">" + joint_table(context, scores) + "</div>" + rows;
    };
    body += section("Joints after learning", joints(&ModelReport::after));
    body += section("Joints before learning", joints(&ModelReport::before));
    body += section("How to read the figures", definitions(escape_html(input.data.quantity)));

    std::string missing;
    for (const std::string& line : pictures.missing()) missing += "<p>" + escape_html(line) + "</p>\n";
    if (!missing.empty()) missing = section("Missing", missing, "missing");
    const std::string title = escape_html(input.title);
    return "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>" + title +
           "</title>\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<style>" +
           std::string(report_style) + "</style></head>\n<body><main><header><h1>" + title + "</h1>\n" + lead(context) +
           "</header>\n" + missing + body + "</main></body></html>\n";
}

#endif  // !IDM_HAS_COMPILED

}  // namespace detail

IDM_NAMESPACE_END
