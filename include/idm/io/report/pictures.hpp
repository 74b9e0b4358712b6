#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <idm/core/config.hpp>
#include <idm/io/chart_script.hpp>
#include <idm/io/report/input.hpp>
#include <idm/training/analysis.hpp>

// What the report's pictures show; charts.hpp draws them.

IDM_NAMESPACE_BEGIN
namespace detail {

/// Training and validation loss of every seed, one panel for each model, all on the same axes. No panels when no model
/// was trained in epochs.
IDM_INLINE Chart loss_chart(const ReportContext& context);

/// The rows of one trajectory that a picture shows: all, or the first `picture_rows`.
struct PictureRows {
    std::vector<Index> rows;
    Index of = 0;

    bool cut() const { return static_cast<Index>(rows.size()) < of; }
};

IDM_INLINE PictureRows picture_rows(const ReportContext& context, Index trajectory);

/// Stretches of time that no figure counts: their rows are not among the scored ones.
IDM_INLINE std::vector<std::pair<double, double>> unscored_times(const ReportContext& context,
                                                                 const std::vector<Index>& rows);

/// Predicted against measured over time, a panel for each joint.
IDM_INLINE Chart trajectory_chart(const ReportContext& context, Index trajectory);

/// Errors of each model in standard deviations of the joint's torque, all on the same bins.
struct ErrorHistograms {
    std::vector<Histogram> models;

    /// Part of a model's errors that lies beyond the axis.
    double outside(std::size_t model) const {
        return static_cast<double>(models[model].outside) / static_cast<double>(models[model].total());
    }
};

/// The axis ends where 99 % of the errors of the least exact model do.
IDM_INLINE ErrorHistograms error_histograms(const ReportContext& context);
IDM_INLINE Chart histogram_chart(const ReportContext& context, const ErrorHistograms& histograms);

#if !IDM_HAS_COMPILED

/// Lines of the models lie on a wider grey line of the measurement, so that neither hides the other.
inline Stroke measured_stroke() { return {"#a6a6a2", 3.0}; }
inline Stroke training_stroke() { return {"#b4b4b0", 1.2}; }

inline std::vector<LegendEntry> model_legend(const ReportContext& context) {
    std::vector<LegendEntry> legend;
    for (const ModelGroup& group : context.groups) legend.push_back({group.first().label, {group.colour, 1.6}});
    return legend;
}

IDM_INLINE Chart loss_chart(const ReportContext& context) {
    Chart chart{.title = "Loss over the epochs", .legend = {{"training", training_stroke()}}, .panel_height = 230};
    double low = std::numeric_limits<double>::infinity(), high = 0, last = 1;
    for (const ModelGroup& group : context.groups) {
        Panel panel{.title = group.first().label,
                    .x_label = "epoch",
                    .y_label = "loss (MSE, normalised)",
                    .logarithmic_y = true};
        std::vector<Curve> validation;
        for (const ModelReport* model : group.seeds) {
            if (model->history.empty()) continue;
            Curve train{training_stroke(), {}, {}}, valid{{group.colour, 1.6}, {}, {}};
            for (const EpochReport& epoch : model->history) {
                for (Curve* curve : {&train, &valid}) curve->x.push_back(static_cast<double>(epoch.epoch));
                train.y.push_back(epoch.training_loss);
                valid.y.push_back(epoch.validation_loss);
                last = std::max(last, static_cast<double>(epoch.epoch));
                for (const double loss : {epoch.training_loss, epoch.validation_loss}) {
                    if (!(std::isfinite(loss) && loss > 0)) continue;
                    low = std::min(low, loss);
                    high = std::max(high, loss);
                }
            }
            panel.curves.push_back(std::move(train));
            validation.push_back(std::move(valid));
        }
        if (panel.curves.empty()) continue;
        panel.curves.insert(panel.curves.end(), validation.begin(), validation.end());
        chart.legend.push_back({"validation, " + group.first().label, {group.colour, 1.6}});
        chart.panels.push_back(std::move(panel));
    }
    chart.columns = std::max<Index>(1, static_cast<Index>(chart.panels.size()));
    for (Panel& panel : chart.panels) {
        panel.x_limits = {0, last};
        if (high > 0) panel.y_limits = {low / 1.2, high * 1.2};
    }
    return chart;
}

IDM_INLINE PictureRows picture_rows(const ReportContext& context, Index trajectory) {
    PictureRows out;
    for (Index row = 0; row < context.test().measured.rows(); ++row) {
        if (context.test().trajectory[static_cast<std::size_t>(row)] != trajectory) continue;
        if (out.of++ < context.config.picture_rows) out.rows.push_back(row);
    }
    return out;
}

IDM_INLINE std::vector<std::pair<double, double>> unscored_times(const ReportContext& context,
                                                                 const std::vector<Index>& rows) {
    const TestReport& test = context.test();
    std::vector<std::pair<double, double>> out;
    bool inside = false;
    for (const Index row : rows) {
        const double time = test.time[static_cast<std::size_t>(row)];
        const bool scored = std::binary_search(test.scored_rows.begin(), test.scored_rows.end(), row);
        if (!scored && !inside) out.push_back({time, time});
        if (inside || !scored) out.back().second = time;
        inside = !scored;
    }
    return out;
}

IDM_INLINE Chart trajectory_chart(const ReportContext& context, Index trajectory) {
    const TestReport& test = context.test();
    const std::vector<Index> rows = picture_rows(context, trajectory).rows;
    Chart chart{.title = "Predicted and measured, trajectory " + context.trajectory_name(trajectory),
                .legend = {{"measured", measured_stroke()}},
                .columns = 2};
    for (const LegendEntry& entry : model_legend(context)) chart.legend.push_back(entry);
    const auto curve = [&](const Matrix<double>& values, Index joint, const Stroke& stroke) {
        Curve out{stroke, {}, {}};
        for (const Index row : rows) {
            out.x.push_back(test.time[static_cast<std::size_t>(row)]);
            out.y.push_back(values(row, joint));
        }
        return out;
    };
    const auto shaded = unscored_times(context, rows);
    for (const Index joint : context.shown()) {
        Panel panel{.title = context.input.data.joints[static_cast<std::size_t>(joint)],
                    .x_label = "time (s)",
                    .y_label = context.input.data.quantity + " (" + context.input.data.unit + ")",
                    .shaded = shaded};
        panel.curves.push_back(curve(test.measured, joint, measured_stroke()));
        for (const ModelGroup& group : context.groups)
            panel.curves.push_back(curve(group.chosen->predicted, joint, {group.colour, 1.2}));
        // Up to the end of the last sample: ten seconds end at the tic 10, not at 9.99.
        const std::vector<double>& time = panel.curves[0].x;
        panel.x_limits = {time.front(), time.back() + (time.back() - time.front()) /
                                                          std::max(1.0, static_cast<double>(time.size() - 1))};
        chart.panels.push_back(std::move(panel));
    }
    return chart;
}

IDM_INLINE ErrorHistograms error_histograms(const ReportContext& context) {
    std::vector<std::vector<double>> errors;
    double limit = 0;
    for (const ModelGroup& group : context.groups) {
        errors.push_back(normalised_errors(context.test().measured, group.chosen->predicted,
                                           std::span<const Index>(context.test().scored_rows)));
        std::vector<double> sizes;
        for (const double error : errors.back()) sizes.push_back(std::abs(error));
        const auto place = sizes.begin() + static_cast<std::ptrdiff_t>(0.99 * static_cast<double>(sizes.size() - 1));
        std::nth_element(sizes.begin(), place, sizes.end());
        limit = std::max(limit, *place);
    }
    // An odd number of bins puts zero in the middle of one. A limit of 0 means predictions without any error.
    ErrorHistograms out;
    for (const auto& values : errors) out.models.push_back(histogram(values, limit > 0 ? limit : 1.0, 61));
    return out;
}

IDM_INLINE Chart histogram_chart(const ReportContext& context, const ErrorHistograms& histograms) {
    Chart chart{.title = "Distribution of the errors", .legend = model_legend(context), .panel_height = 240};
    Panel panel{.x_label = "error / standard deviation of the joint's measured " + context.input.data.quantity,
                .y_label = "share of errors (%)"};
    double high = 0;
    for (std::size_t i = 0; i < context.groups.size(); ++i) {
        const Histogram& bins = histograms.models[i];
        Curve curve{{context.groups[i].colour, 1.8}, {}, {}};
        for (std::size_t bin = 0; bin < bins.counts.size(); ++bin) {
            const double share = 100.0 * static_cast<double>(bins.counts[bin]) / static_cast<double>(bins.total());
            for (const double side : {-0.5, 0.5}) {
                curve.x.push_back(bins.centre(bin) + side * bins.width());
                curve.y.push_back(share);
            }
            high = std::max(high, share);
        }
        panel.curves.push_back(std::move(curve));
        panel.x_limits = {-bins.limit, bins.limit};
    }
    panel.y_limits = {0, 1.05 * high};
    chart.panels.push_back(std::move(panel));
    return chart;
}

#endif  // !IDM_HAS_COMPILED

}  // namespace detail

IDM_NAMESPACE_END
