#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <idm/core/config.hpp>
#include <idm/core/error.hpp>
#include <idm/core/tensor.hpp>
#include <idm/data/dataset.hpp>
#include <idm/data/features.hpp>
#include <idm/data/recipe.hpp>
#include <idm/data/split.hpp>
#include <idm/data/trajectory.hpp>

IDM_NAMESPACE_BEGIN

/// What is known of a robot by the laws of mechanics, and a model that learns the rest of its torques.
namespace physics {

/// Inverse dynamics F: a callable (q, qd, qdd) -> tau on vectors of doubles, one number for each joint. A function of
/// any rigid-body library fits in a lambda, as examples/03_physics_residual.cpp shows for this library and for others.
///
/// *Units*: rad, rad/s, rad/s^2 to N m (prismatic joints: m to N).
template <class F>
concept InverseDynamics = requires(const F& dynamics, const Vector<double>& x) {
    { dynamics(x, x, x) } -> std::convertible_to<Vector<double>>;
};

/// A data set whose targets are what F leaves of the torques, so that it serves every trainer, and F itself.
///
/// *Shapes*: `dynamics` [rows, targets]. *Units*: `dynamics` in the targets' own (N m), `inputs` and `targets`
/// normalised.
template <class T>
struct ResidualDataset : Dataset<T> {
    Matrix<double> dynamics;
};

namespace detail {

/// The recipe that makes q, qd and qdd, and nothing else, in the way of another one.
inline Recipe state_recipe(const Recipe& recipe) {
    return {.positions = recipe.positions,
            .velocities = recipe.velocities,
            .accelerations = recipe.accelerations,
            .targets = recipe.targets,
            .filter = recipe.filter,
            .sample_period = recipe.sample_period};
}

/// F in each row. *Shapes*: `states` [rows, 3 * joints]: q, qd, qdd; result [rows, joints].
///
/// *Errors*: `ShapeError` for another number of torques, `NumericError` for one that is not finite.
template <InverseDynamics F>
Matrix<double> dynamics_rows(const Matrix<double>& states, Index joints, const F& dynamics) {
    Matrix<double> result(states.rows(), joints);
    for (Index row = 0; row < states.rows(); ++row) {
        const auto part = [&](Index k) { return Vector<double>(states.row(row).segment(k * joints, joints)); };
        const Vector<double> tau = dynamics(part(0), part(1), part(2));
        idm::detail::require<ShapeError>(tau.size() == joints, "expected inverse dynamics of ", joints,
                                         " torques, one for each position and target, got ", tau.size());
        idm::detail::require<NumericError>(tau.allFinite(), "the inverse dynamics give NaN or infinity in row ", row,
                                           " (counted from 0) of the log; check their parameters and that the "
                                           "positions are in their unit");
        result.row(row) = tau.transpose();
    }
    return result;
}

}  // namespace detail

/// As `make_dataset`, with targets tau - F(q, qd, qdd): a model that is trained on them learns what F does not know,
/// for example friction.
///
/// q, qd and qdd are those of the recipe, in SI: from their columns, or derived by its filter where the log lacks them,
/// whether the model sees them or not. Target k is the torque of position k.
///
/// *Errors*: those of `make_dataset`; `ConfigError` unless velocities, accelerations (where named) and targets are as
/// many as the positions, and for a horizon other than 1; `ShapeError` when F gives another number; `NumericError` when
/// it gives NaN or infinity. *Cost*: one call of F for each row; a copy of the log in memory meanwhile.
template <class T, InverseDynamics F>
ResidualDataset<T> make_residual_dataset(const Log& log, const Recipe& recipe, const SplitRule& rule,
                                         const F& dynamics) {
    const Recipe state = detail::state_recipe(recipe);
    const auto joints = static_cast<Index>(recipe.positions.columns.size());
    const auto fits = [&](const ColumnGroup& group, bool or_none) {
        return static_cast<Index>(group.columns.size()) == joints || (or_none && group.columns.empty());
    };
    idm::detail::require<ConfigError>(
        fits(recipe.velocities, true) && fits(recipe.accelerations, true) && fits(recipe.targets, false),
        "physics: ", joints,
        " positions, expected as many targets, and as many velocities and accelerations or none, got ",
        recipe.targets.columns.size(), ", ", recipe.velocities.columns.size(), " and ",
        recipe.accelerations.columns.size());
    idm::detail::require<ConfigError>(recipe.horizon == 1,
                                      "physics: expected a horizon of 1 row, F being that of each row alone, got ",
                                      recipe.horizon);
    const Features<double> states = make_features<double>(log, state);
    ResidualDataset<T> result{{}, detail::dynamics_rows(states.inputs, joints, dynamics)};

    Log rest = log;
    Recipe on_rest = recipe;
    on_rest.targets = {};
    for (const std::string& name : states.target_names) {
        on_rest.targets.columns.push_back(name + " - F");
        idm::detail::require<DataError>(
            std::find(log.columns.begin(), log.columns.end(), name + " - F") == log.columns.end(),
            "the log has a column '", name, " - F' of its own; rename it");
        rest.columns.push_back(on_rest.targets.columns.back());
    }
    for (std::size_t i = 0; i < rest.trajectories.size(); ++i) {
        const Segment& segment = states.segments[i];
        Matrix<double>& values = rest.trajectories[i].values;
        values.conservativeResize(Eigen::NoChange, values.cols() + joints);
        values.rightCols(joints) = states.targets.middleRows(segment.begin, segment.size()) -
                                   result.dynamics.middleRows(segment.begin, segment.size());
    }
    // The window sets the gap between blocks alone here: F reaches as far as its filter, whatever the model's inputs
    // do.
    on_rest.window += filter_span(state) - std::min(filter_span(state), filter_span(recipe));
    static_cast<Dataset<T>&>(result) = make_dataset<T>(rest, on_rest, rule);
    result.recipe.window = recipe.window;
    result.recipe.targets = recipe.targets;
    return result;
}

}  // namespace physics

IDM_NAMESPACE_END
