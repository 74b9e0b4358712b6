#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <idm/core/config.hpp>
#include <idm/core/status.hpp>
#include <idm/data/normaliser.hpp>
#include <idm/data/recipe.hpp>
#include <idm/io/json_writer.hpp>
#include <idm/io/weights/fields.hpp>

IDM_NAMESPACE_BEGIN

/// How the weights came about.
struct TrainingSummary {
    std::string data = {};  // name of the log or recording
    std::uint64_t seed = 0;
    Index epochs = 0;
    double train_seconds = 0;
    double validation_nmse = 0;
};

/// What goes with a model's weights, so that whoever loads them can apply them: feature recipe, normaliser, names.
template <class T>
struct WeightsInfo {
    Recipe recipe = {};
    std::vector<std::string> input_names = {}, target_names = {};
    Normaliser<T> normaliser = {};
    TrainingSummary training = {};
};

namespace detail {

/// Version 1 had neither `target_quantity` nor `horizon`.
inline constexpr int recipe_version = 2;

IDM_INLINE void write_recipe(JsonWriter& json, const Recipe& recipe);
IDM_INLINE void read_recipe(Fields fields, Recipe& recipe, Status& status);

template <class T>
void write_normaliser(JsonWriter& json, const Normaliser<T>& normaliser) {
    json.begin_object().key("input_mean").array(normaliser.input_mean());
    json.key("input_scale").array(normaliser.input_scale()).key("target_mean").array(normaliser.target_mean());
    json.key("target_scale").array(normaliser.target_scale());
    json.key("input_low").array(normaliser.input_low()).key("input_high").array(normaliser.input_high());
    json.key("constant_inputs").array(normaliser.constant_inputs()).end_object();
}

template <class T>
Vector<T> as_vector(const std::vector<T>& values) {
    return Eigen::Map<const Vector<T>>(values.data(), static_cast<Index>(values.size()));
}

/// `constant_inputs`, `input_low` and `input_high` came with format version 2.
template <class T>
void read_normaliser(Fields fields, Normaliser<T>& out, int format, std::size_t inputs, std::size_t outputs,
                     Status& status) {
    std::vector<T> values[4], low, high;
    std::vector<std::string> constant_inputs;
    const char* keys[] = {"input_mean", "input_scale", "target_mean", "target_scale"};
    for (int i = 0; i < 4; ++i) fields.numbers(keys[i], values[i]);
    if (format >= 2) {
        fields.numbers("input_low", low);
        fields.numbers("input_high", high);
        fields.strings("constant_inputs", constant_inputs);
    }
    fields.finish();
    Vector<T> vectors[4];
    for (int i = 0; i < 4 && status; ++i) {
        bool good = values[i].size() == (i < 2 ? inputs : outputs);
        for (const T value : values[i]) good = good && std::isfinite(value) && (i % 2 == 0 || value > 0);
        if (!good)
            status = failure("normaliser.", keys[i], ": expected ", i < 2 ? inputs : outputs, " finite numbers",
                             i % 2 == 0 ? "" : " above 0");
        vectors[i] = as_vector(values[i]);
    }
    bool ranges = (low.size() == inputs || low.empty()) && high.size() == low.size();
    for (std::size_t i = 0; i < low.size() && ranges; ++i)
        ranges = std::isfinite(low[i]) && std::isfinite(high[i]) && low[i] <= high[i];
    if (status && !ranges)
        status = failure("normaliser.input_low and input_high: expected ", inputs, " finite ranges, or none");
    if (!status) return;
    out = Normaliser<T>(vectors[0], vectors[1], vectors[2], vectors[3], std::move(constant_inputs));
    out.set_input_range(as_vector(low), as_vector(high));
}

IDM_INLINE void write_training(JsonWriter& json, const TrainingSummary& training);
IDM_INLINE void read_training(Fields fields, TrainingSummary& training);

#if !IDM_HAS_COMPILED

inline void write_group(JsonWriter& json, const char* key, const ColumnGroup& group) {
    json.key(key).begin_object().key("columns").array(group.columns);
    json.member("unit", group.unit == AngleUnit::degree ? "deg" : "rad");
    json.key("scale").array(group.scale).end_object();
}

inline void read_group(Fields& parent, const char* key, ColumnGroup& group, Status& status) {
    Fields fields = parent.object(key);
    std::string unit;
    fields.strings("columns", group.columns);
    fields.string("unit", unit);
    fields.numbers("scale", group.scale);
    fields.finish();
    group.unit = unit == "deg" ? AngleUnit::degree : AngleUnit::radian;
    if (!status) return;
    if (unit != "deg" && unit != "rad")
        status = failure("recipe.", key, ".unit: expected deg or rad, got '", unit, "'");
    else if (!group.scale.empty() && group.scale.size() != group.columns.size())
        status = failure("recipe.", key, ".scale: expected none or one per column");
}

IDM_INLINE void write_recipe(JsonWriter& json, const Recipe& recipe) {
    json.begin_object().member("version", recipe_version);
    write_group(json, "positions", recipe.positions);
    write_group(json, "velocities", recipe.velocities);
    write_group(json, "accelerations", recipe.accelerations);
    write_group(json, "extras", recipe.extras);
    write_group(json, "targets", recipe.targets);
    write_group(json, "target_origins", recipe.target_origins);
    json.member("target_quantity", recipe.target_quantity).member("target_unit", recipe.target_unit);
    json.member("use_positions", recipe.use_positions);
    json.member("use_velocities", recipe.use_velocities).member("use_accelerations", recipe.use_accelerations);
    json.member("use_sin", recipe.use_sin).member("use_cos", recipe.use_cos);
    json.member("sign_velocity", recipe.sign_velocity).key("filter").begin_object();
    json.member("length", recipe.filter.length).member("order", recipe.filter.order);
    json.member("alignment", recipe.filter.alignment == Alignment::causal ? "causal" : "centred").end_object();
    json.member("window", recipe.window).member("ahead", recipe.ahead).member("horizon", recipe.horizon);
    json.member("sample_period", recipe.sample_period).end_object();
}

IDM_INLINE void read_recipe(Fields fields, Recipe& recipe, Status& status) {
    int version = 0;
    fields.number("version", version);
    if (status && (version < 1 || version > recipe_version))
        status = failure("recipe: expected version 1 to ", recipe_version, ", got ", version,
                         "; it was written by another version of the library");
    read_group(fields, "positions", recipe.positions, status);
    read_group(fields, "velocities", recipe.velocities, status);
    read_group(fields, "accelerations", recipe.accelerations, status);
    read_group(fields, "extras", recipe.extras, status);
    read_group(fields, "targets", recipe.targets, status);
    read_group(fields, "target_origins", recipe.target_origins, status);
    if (version >= 2) fields.string("target_quantity", recipe.target_quantity);
    fields.string("target_unit", recipe.target_unit);
    fields.boolean("use_positions", recipe.use_positions);
    fields.boolean("use_velocities", recipe.use_velocities);
    fields.boolean("use_accelerations", recipe.use_accelerations);
    fields.boolean("use_sin", recipe.use_sin);
    fields.boolean("use_cos", recipe.use_cos);
    fields.number("sign_velocity", recipe.sign_velocity);
    Fields filter = fields.object("filter");
    std::string alignment;
    filter.number("length", recipe.filter.length);
    filter.number("order", recipe.filter.order);
    filter.string("alignment", alignment);
    filter.finish();
    recipe.filter.alignment = alignment == "causal" ? Alignment::causal : Alignment::centred;
    fields.number("window", recipe.window);
    fields.number("ahead", recipe.ahead);
    if (version >= 2) fields.number("horizon", recipe.horizon);
    fields.number("sample_period", recipe.sample_period);
    fields.finish();
    if (!status) return;
    const bool odd = recipe.filter.length % 2 == 1 || alignment == "causal";
    if ((alignment != "causal" && alignment != "centred") || recipe.filter.order < 0 || recipe.filter.length < 2 ||
        recipe.filter.length > 1000 || recipe.filter.order >= recipe.filter.length || !odd)
        status = failure("recipe.filter: expected a length from 2 to 1000, odd if centred, and an order below it");
    else if (recipe.filter.order < filter_derivative(recipe))
        status = failure("recipe.filter: expected an order of at least ", filter_derivative(recipe),
                         ", for the derivatives that the recipe takes, got ", recipe.filter.order);
    else if (recipe.ahead < 0 || recipe.horizon < 1 || recipe.sign_velocity < 0 || recipe.sample_period < 0)
        status =
            failure("recipe: expected ahead, sign_velocity and sample_period of at least 0, a horizon of at least 1");
    else if (!recipe.target_origins.columns.empty() &&
             recipe.target_origins.columns.size() != recipe.targets.columns.size())
        status = failure("recipe.target_origins: expected none or one per target");
}

IDM_INLINE void write_training(JsonWriter& json, const TrainingSummary& training) {
    json.begin_object().member("data", training.data).member("seed", training.seed);
    json.member("epochs", training.epochs).member("train_seconds", training.train_seconds);
    json.member("validation_nmse", training.validation_nmse).end_object();
}

IDM_INLINE void read_training(Fields fields, TrainingSummary& training) {
    fields.string("data", training.data);
    fields.number("seed", training.seed);
    fields.number("epochs", training.epochs);
    fields.number("train_seconds", training.train_seconds);
    fields.number("validation_nmse", training.validation_nmse);
    fields.finish();
}

#endif  // !IDM_HAS_COMPILED

}  // namespace detail
IDM_NAMESPACE_END
