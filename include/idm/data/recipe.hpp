#pragma once

#include <algorithm>
#include <cstddef>
#include <numbers>
#include <string>
#include <vector>

#include <idm/core/config.hpp>
#include <idm/core/error.hpp>
#include <idm/data/savitzky_golay.hpp>

IDM_NAMESPACE_BEGIN

enum class AngleUnit { radian, degree };

/// Columns of one kind, by name or number, with what turns them into SI: value x scale, then degrees to radians.
struct ColumnGroup {
    std::vector<std::string> columns;
    AngleUnit unit = AngleUnit::radian;
    /// Sign and scale per column; empty: 1 for all.
    std::vector<double> scale = {};

    friend bool operator==(const ColumnGroup&, const ColumnGroup&) = default;
};

/// How log rows become a model's inputs and targets. It is part of the model: a controller must apply the same one.
///
/// *Units*: inputs in rad, rad/s, rad/s^2 (extras as recorded); targets in `target_unit`.
struct Recipe {
    ColumnGroup positions = {};
    /// Derived from the positions where empty and needed.
    ColumnGroup velocities = {};
    /// Derived from the velocities, or else from the positions, where empty and needed.
    ColumnGroup accelerations = {};
    ColumnGroup extras = {};
    ColumnGroup targets = {};
    /// State columns, one per target, that targets are relative to: a model predicts target - origin, for example how
    /// far a command lies ahead of the measured position. Empty: targets as they are.
    ColumnGroup target_origins = {};
    /// What the targets are, for reports: "torque", "action".
    std::string target_quantity = "torque";
    std::string target_unit = "N m";

    bool use_positions = true;
    bool use_velocities = true;
    bool use_accelerations = true;
    bool use_sin = false;
    bool use_cos = false;
    /// tanh(qd / v0), a smooth sign of the velocity for friction: v0 in rad/s, 0 for none.
    double sign_velocity = 0;

    SavitzkyGolayConfig filter = {};
    Index window = 16;
    /// Rows behind the target row that the window may see; 0 for a causal model.
    Index ahead = 0;
    /// Rows that one sample predicts: the targets of rows r .. r + horizon - 1 as one chunk [horizon, J], row-major,
    /// all relative to the origins of row r.
    Index horizon = 1;
    /// s; 0: taken from the log's time.
    double sample_period = 0;

    friend bool operator==(const Recipe&, const Recipe&) = default;
};

namespace detail {

/// What turns the columns of a group into SI. *Errors*: `ConfigError` for another number of scales than columns.
IDM_INLINE std::vector<double> si_factors(const ColumnGroup& group, const char* what);

/// Rows behind a sample's row that its window or its chunk of targets reads.
inline Index rows_behind(const Recipe& recipe) { return std::max(recipe.ahead, recipe.horizon - 1); }

/// Outputs of a model of this recipe.
inline std::size_t output_count(const Recipe& recipe) {
    return recipe.targets.columns.size() * static_cast<std::size_t>(recipe.horizon);
}

/// Inputs that the recipe makes.
IDM_INLINE std::size_t input_count(const Recipe& recipe);

}  // namespace detail

/// The highest derivative that the recipe's filter takes, which its order must reach; 0: the log has all that is used.
IDM_INLINE Index filter_derivative(const Recipe& recipe);

/// Rows of a log that one feature row may have been computed from, on both sides together; 1 without a derivative
/// filter. A gap between blocks must cover it.
inline Index filter_span(const Recipe& recipe) { return filter_derivative(recipe) > 0 ? recipe.filter.length : 1; }

#if !IDM_HAS_COMPILED

namespace detail {

IDM_INLINE std::vector<double> si_factors(const ColumnGroup& group, const char* what) {
    require<ConfigError>(group.scale.empty() || group.scale.size() == group.columns.size(), "expected ",
                         group.columns.size(), " scales for the ", what, ", one per column, got ", group.scale.size());
    std::vector<double> factors(group.columns.size(), group.unit == AngleUnit::degree ? std::numbers::pi / 180 : 1.0);
    for (std::size_t i = 0; i < group.scale.size(); ++i) factors[i] *= group.scale[i];
    return factors;
}

IDM_INLINE std::size_t input_count(const Recipe& recipe) {
    const std::size_t q = recipe.positions.columns.size(), qd = recipe.velocities.columns.size(),
                      qdd = recipe.accelerations.columns.size(), rates = qd > 0 ? qd : q;
    return (recipe.use_positions ? q : 0) + (recipe.use_velocities ? rates : 0) +
           (recipe.use_accelerations ? (qdd > 0 ? qdd : rates) : 0) + (recipe.use_sin ? q : 0) +
           (recipe.use_cos ? q : 0) + (recipe.sign_velocity > 0 ? rates : 0) + recipe.extras.columns.size();
}

}  // namespace detail

IDM_INLINE Index filter_derivative(const Recipe& recipe) {
    if (!recipe.velocities.columns.empty()) return recipe.use_accelerations && recipe.accelerations.columns.empty();
    if (recipe.positions.columns.empty()) return 0;
    if (recipe.use_accelerations && recipe.accelerations.columns.empty()) return 2;
    return recipe.use_velocities || recipe.sign_velocity > 0;
}

#endif  // !IDM_HAS_COMPILED

IDM_NAMESPACE_END
