#pragma once

#include <cmath>
#include <span>
#include <string>
#include <vector>

#include <idm/core/config.hpp>
#include <idm/io/json_writer.hpp>
#include <idm/io/report/input.hpp>
#include <idm/io/text.hpp>
#include <idm/training/metrics.hpp>

// metrics.json and predictions.csv: what other programs read.

IDM_NAMESPACE_BEGIN
namespace detail {

/// The figures of a report. Keys of `models` are a fixed schema that scripts rely on.
///
///     {"data": {...}, "models": [{"name", "seed", ..., "before": {...}, "after": {"validation": {...}, "test":
///     {...}}}],
///      "summary": [{"name", "seeds", ...}], "references": [{"name", "test": {...}}]}
IDM_INLINE std::string metrics_json(const ReportContext& context);

/// Every row of the test set: measured, and predicted by the chosen seed of each model. Six significant digits.
IDM_INLINE std::string predictions_csv(const ReportContext& context);

#if !IDM_HAS_COMPILED

/// `groups` become members by their names: mean, median and pooled nMSE on the scored rows.
inline void write_score(JsonWriter& json, const Score& score, const std::vector<TargetGroup>& groups) {
    std::vector<double> nmse;
    for (const JointMetrics& joint : score.scored.joints) nmse.push_back(joint.nmse);
    json.begin_object().member("nmse_mean", score.scored.nmse).key("nmse").array(nmse);
    json.member("nmse_all_rows_mean", score.all_rows.nmse).member("rmse", score.scored.rmse);
    json.member("r2", score.scored.r2);
    if (!groups.empty()) {
        json.key("groups").begin_object();
        for (const TargetGroup& group : groups) {
            const GroupScore figures = group_score(score.scored, group);
            json.key(group.name).begin_object().member("nmse_mean", figures.mean);
            json.member("nmse_median", figures.median).member("nmse_pooled", figures.pooled).end_object();
        }
        json.end_object();
    }
    json.end_object();
}

inline void write_scores(JsonWriter& json, const SplitScores& scores, const std::vector<TargetGroup>& groups) {
    json.begin_object().key("validation");
    write_score(json, scores.validation, groups);
    json.key("test");
    write_score(json, scores.test, groups);
    json.end_object();
}

inline void write_model(JsonWriter& json, const ModelReport& model, const std::vector<TargetGroup>& groups) {
    json.begin_object().member("name", model.name).member("seed", model.seed);
    json.member("parameters", model.parameters).member("window", model.window).member("ahead", model.ahead);
    json.member("epochs", model.epochs).member("train_seconds", model.train_seconds).key("before");
    write_scores(json, model.before, groups);
    json.key("after");
    write_scores(json, model.after, groups);
    json.end_object();
}

inline void write_summary(JsonWriter& json, const ReportContext& context, const ModelGroup& group) {
    const Spread nmse = group.over_seeds([](const ModelReport& model) { return model.after.test.scored.nmse; });
    json.begin_object().member("name", group.first().name).member("seeds", group.seeds.size());
    json.member("nmse_mean", nmse.mean).member("nmse_min", nmse.low).member("nmse_max", nmse.high);
    json.member("nmse_deviation", nmse.deviation);
    const auto rough = [&](const ModelReport& model) { return context.roughness_of(model.predicted); };
    json.member("roughness", group.over_seeds(rough).mean).key("noise_sensitivity");
    const auto noise = [](const ModelReport& model) { return model.noise_sensitivity.value_or(std::nan("")); };
    json.value(group.over_seeds(noise).mean).end_object();
}

IDM_INLINE std::string metrics_json(const ReportContext& context) {
    const ReportInput& input = context.input;
    JsonWriter json;
    json.begin_object().key("data").begin_object().member("name", input.data.name);
    json.member("description", input.data.description).key("joints").array(input.data.joints);
    json.member("quantity", input.data.quantity).member("unit", input.data.unit);
    json.member("test_rows", input.test.measured.rows());
    json.member("test_rows_scored", input.test.scored_rows.size()).key("facts").begin_object();
    for (const auto& [name, text] : input.data.facts) json.member(name, text);
    json.end_object().end_object().key("models").begin_array();
    for (const ModelReport& model : input.models) write_model(json, model, input.data.groups);
    json.end_array().key("summary").begin_array();
    for (const ModelGroup& group : context.groups) write_summary(json, context, group);
    json.end_array().key("references").begin_array();
    for (const ReferenceReport& reference : input.references) {
        json.begin_object().member("name", reference.name).key("test");
        write_score(
            json,
            score_predictions(input.test.measured, reference.predicted, std::span<const Index>(input.test.scored_rows)),
            input.data.groups);
        json.end_object();
    }
    json.end_array().end_object();
    return json.text() + "\n";
}

/// A field of a CSV file, quoted where it needs to be (RFC 4180).
inline std::string csv_field(const std::string& text) {
    if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
    std::string out = "\"";
    for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
    return out + "\"";
}

IDM_INLINE std::string predictions_csv(const ReportContext& context) {
    const TestReport& test = context.test();
    std::string out = "trajectory,time_s,scored";
    for (const std::string& joint : context.input.data.joints) {
        out += ',' + csv_field(joint + "_measured");
        for (const ModelGroup& group : context.groups) out += ',' + csv_field(joint + '_' + group.first().name);
    }
    out += '\n';
    auto scored = test.scored_rows.begin();
    for (Index row = 0; row < test.measured.rows(); ++row) {
        const bool is_scored = scored != test.scored_rows.end() && *scored == row;
        if (is_scored) ++scored;
        out += csv_field(context.trajectory_name(test.trajectory[static_cast<std::size_t>(row)])) + ',';
        append_rounded(out, test.time[static_cast<std::size_t>(row)], 9);
        out += is_scored ? ",1" : ",0";
        const auto number = [&](double value) {
            out += ',';
            append_rounded(out, value, 6);
        };
        for (Index joint = 0; joint < test.measured.cols(); ++joint) {
            number(test.measured(row, joint));
            for (const ModelGroup& group : context.groups) number(group.chosen->predicted(row, joint));
        }
        out += '\n';
    }
    return out;
}

#endif  // !IDM_HAS_COMPILED

}  // namespace detail

IDM_NAMESPACE_END
