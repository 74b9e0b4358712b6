#pragma once

#include <string>
#include <vector>

#include <idm/core/config.hpp>
#include <idm/core/tensor.hpp>
#include <idm/data/savitzky_golay.hpp>
#include <idm/data/trajectory.hpp>

IDM_NAMESPACE_BEGIN

enum class AngleUnit { radian, degree };

/// Columns of one kind, by name or number, with what turns them into SI: value x scale, then degrees to radians.
struct ColumnGroup {
    std::vector<std::string> columns;
    AngleUnit unit = AngleUnit::radian;
    /// Sign and scale per column; empty: 1 for all.
    std::vector<double> scale = {};
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
    /// s; 0: taken from the log's time.
    double sample_period = 0;
};

/// Inputs and targets, one row per log row, and where each trajectory lies.
///
/// *Shapes*: `inputs [rows, C]`, `targets [rows, J]`.
template <class T>
struct Features {
    std::vector<std::string> input_names, target_names;
    std::string target_unit;
    double sample_period = 0;
    Matrix<T> inputs;
    Matrix<T> targets;
    std::vector<Segment> segments;
};

/// Computes every feature once per log row, trajectory by trajectory.
template <class T>
Features<T> make_features(const Log& log, const Recipe& recipe);

IDM_NAMESPACE_END
