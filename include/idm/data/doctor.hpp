#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include <idm/core/config.hpp>
#include <idm/core/error.hpp>
#include <idm/core/tensor.hpp>
#include <idm/data/delay.hpp>
#include <idm/data/doctor_channels.hpp>
#include <idm/data/doctor_findings.hpp>
#include <idm/data/doctor_torque.hpp>
#include <idm/data/features.hpp>
#include <idm/data/split.hpp>
#include <idm/data/trajectory.hpp>

IDM_NAMESPACE_BEGIN
namespace detail {

/// The recipe of the motion alone: q, qd, qdd, sin q, cos q, sign qd, as `check_torques` expects them.
IDM_INLINE Recipe motion_recipe(Recipe recipe);

/// Where the joints have been. A joint that moves by less than 0.1 rad (6 degrees) changes its gravity torque by at
/// most a tenth of its amplitude: little to learn about it, and if all move so little, about the robot.
IDM_INLINE void cover(const Features<double>& features, Index joints, Diagnosis& out);

/// Root mean square distance of two trajectories' positions at 64 places spread over them, in standard deviations of
/// the log's positions; infinite where their lengths differ by more than 5 %.
IDM_INLINE double distance(const Features<double>& features, const Segment& a, const Segment& b, Index joints,
                           const std::vector<double>& deviations);

}  // namespace detail

/// Tells before training what is wrong with a log: stamps, values that are not finite, constant, stuck and clipped
/// channels, degrees or radians, recorded against differentiated velocity, sign and delay of the torques (or of
/// commanded positions: targets in rad or deg, or with origins), coverage, targets that are inputs too, and repeated
/// trajectories, which leak where `split` parts them.
///
/// Velocity, torque, coverage and repeats are looked at only where stamps and values allow. The log may come from
/// `read_log` without a time column, its `time` filled in behind: that one refuses what is diagnosed here.
///
/// *Errors*: `DataError` for unknown columns and a log without rows or too short to judge; `ConfigError` for a recipe
/// without positions or targets, or that contradicts itself. *Cost*: rows x (terms^2 + 20 terms x joints) operations.
IDM_INLINE Diagnosis diagnose(const Log& log, const Recipe& recipe, const std::optional<SplitRule>& split = {});

#if !IDM_HAS_COMPILED

namespace detail {

IDM_INLINE Recipe motion_recipe(Recipe recipe) {
    recipe.use_positions = recipe.use_velocities = recipe.use_accelerations = recipe.use_sin = recipe.use_cos = true;
    recipe.sign_velocity = 0.02;
    recipe.extras = {};
    return recipe;
}

IDM_INLINE void cover(const Features<double>& features, Index joints, Diagnosis& out) {
    constexpr Index cells = 8;
    Index still = 0;
    for (Index j = 0; j < joints; ++j) {
        const auto q = features.inputs.col(j), qd = features.inputs.col(joints + j);
        Coverage c{.joint = features.input_names[static_cast<std::size_t>(j)],
                   .q_low = q.minCoeff(),
                   .q_high = q.maxCoeff(),
                   .qd_low = qd.minCoeff(),
                   .qd_high = qd.maxCoeff()};
        const auto cell = [](double value, double low, double high) {
            return high > low ? std::min(cells - 1, static_cast<Index>((value - low) / (high - low) * cells)) : 0;
        };
        std::vector<bool> visited(cells * cells);
        for (Index row = 0; row < q.size(); ++row)
            visited[static_cast<std::size_t>(cell(q(row), c.q_low, c.q_high) * cells +
                                             cell(qd(row), c.qd_low, c.qd_high))] = true;
        c.cells = static_cast<double>(std::count(visited.begin(), visited.end(), true)) / (cells * cells);
        still += c.q_high - c.q_low < 0.1;
        if (c.q_high - c.q_low < 0.1)
            out.add(Severity::warning, "coverage", c.joint, "it moves by ", c.q_high - c.q_low,
                    " rad alone: a model learns little about it");
        else if (c.qd_low >= 0 || c.qd_high <= 0)
            out.add(Severity::warning, "coverage", c.joint,
                    "it moves in one direction alone, friction in the other is unseen");
        out.coverage.push_back(std::move(c));
    }
    if (still == joints)
        out.add(Severity::fault, "coverage", "all joints", "none moves by 0.1 rad: there is no motion to learn from");
}

/// Rows of the test beyond the training rows' positions or velocities: models extrapolate badly, and the test tells of
/// that more than of the motion that was learned. Named above one row in five, a choice.
inline void check_extrapolation(const Features<double>& features, Index joints, const Split& split, Diagnosis& out) {
    for (Index column = 0; column < 2 * joints; ++column) {
        const auto x = features.inputs.col(column);
        double low = std::numeric_limits<double>::infinity(), high = -low;
        for (const Segment& segment : split.train) {
            low = std::min(low, x.segment(segment.begin, segment.size()).minCoeff());
            high = std::max(high, x.segment(segment.begin, segment.size()).maxCoeff());
        }
        Index beyond = 0, rows = 0;
        for (const Segment& segment : split.test) {
            const auto part = x.segment(segment.begin, segment.size()).array();
            beyond += (part < low || part > high).count(), rows += segment.size();
        }
        if (5 * beyond > rows)
            out.add(Severity::warning, "extrapolation", features.input_names[static_cast<std::size_t>(column)], beyond,
                    " of ", rows, " test rows lie beyond its ", low, " to ", high, " of the training rows");
    }
}

IDM_INLINE double distance(const Features<double>& features, const Segment& a, const Segment& b, Index joints,
                           const std::vector<double>& deviations) {
    constexpr Index places = 64;
    const Index shorter = std::min(a.size(), b.size()), longer = std::max(a.size(), b.size());
    if (20 * (longer - shorter) > longer) return std::numeric_limits<double>::infinity();
    double sum = 0;
    for (Index i = 0; i < places; ++i)
        for (Index j = 0; j < joints; ++j) {
            const Index row = i * (shorter - 1) / (places - 1);
            const double d = features.inputs(a.begin + row, j) - features.inputs(b.begin + row, j);
            const double deviation = deviations[static_cast<std::size_t>(j)];
            if (deviation > 0) sum += d * d / (deviation * deviation);
        }
    return std::sqrt(sum / static_cast<double>(places * joints));
}

/// Trajectories that repeat another's motion from its start: harmless on one side of a split, a leak across it.
///
/// Repeats lie within 0.1 standard deviations: the copy explains 99 % of the variance. Motions that have nothing to do
/// with each other lie sqrt(2) apart; the closest of the 60 simulated ones 1.0, of the SARCOS recording's 0.6, those of
/// the KUKA recording that were driven twice 0.005 to 0.007.
inline void check_repeats(const Features<double>& features, Index joints, const std::optional<Split>& split,
                          Diagnosis& out) {
    std::vector<double> deviations;
    for (Index j = 0; j < joints; ++j) {
        const auto q = features.inputs.col(j).array();
        deviations.push_back(std::sqrt((q - q.mean()).square().mean()));
    }
    const auto part_of = [&](const Segment& segment) {
        if (!split) return 0;
        const std::array<const std::vector<Segment>*, 3> blocks = {&split->train, &split->validation, &split->test};
        for (std::size_t i = 0; i < 3; ++i)
            for (const Segment& block : *blocks[i])
                if (block.begin == segment.begin && block.end == segment.end) return static_cast<int>(i);
        return -1;
    };
    const std::vector<Segment>& all = features.segments;
    Index repeats = 0, leaks = 0;
    std::string pair, leak;
    for (std::size_t i = 0; i < all.size(); ++i)
        for (std::size_t k = i + 1; k < all.size(); ++k) {
            if (distance(features, all[i], all[k], joints, deviations) > 0.1) continue;
            ++repeats;
            pair = message("'", all[i].name, "' and '", all[k].name, "'");
            if (part_of(all[i]) == part_of(all[k])) continue;
            ++leaks;
            leak = pair;
        }
    if (leaks > 0)
        out.add(Severity::fault, "leak", leak, leaks,
                " pairs of trajectories repeat a motion on both sides of the split: a test would measure memory; keep "
                "them on one side");
    else if (repeats > 0)
        out.add(split ? Severity::note : Severity::warning, "repeated", pair, repeats,
                " pairs of trajectories repeat a motion",
                split ? ", each on one side of the split" : "; keep each on one side of a split");
}

/// Targets that are inputs of the same row: a model copies them, and a test measures that. Later rows of a state are
/// another matter.
inline void check_targets(const Log& log, const Recipe& recipe, Diagnosis& out) {
    if (recipe.horizon > 1) return;
    for (const ColumnGroup* group : {&recipe.positions, &recipe.velocities, &recipe.accelerations, &recipe.extras})
        for (const std::string& input : group->columns)
            for (const std::string& target : recipe.targets.columns)
                if (log.column(input) == log.column(target))
                    out.add(Severity::fault, "leak", log.columns[static_cast<std::size_t>(log.column(target))],
                            "it is an input and a target: there is nothing to predict; leave it out of one of them");
}

/// Recorded velocities of each joint beside the derivative of its position.
inline void check_velocities(const Log& log, const Recipe& recipe, const Features<double>& recorded, Diagnosis& out) {
    const Index joints = std::ssize(recipe.positions.columns);
    Recipe derive = recipe;
    derive.velocities = {};
    derive.accelerations = {};
    derive.filter.alignment = Alignment::centred;
    const Features<double> derived = make_features<double>(log, derive);
    for (Index j = 0; j < joints; ++j) {
        std::vector<SignalPair> pairs;
        for (const Segment& segment : recorded.segments) {
            SignalPair& pair = pairs.emplace_back();
            for (Index row = segment.begin; row < segment.end; ++row) {
                pair.cause.push_back(derived.inputs(row, joints + j));
                pair.effect.push_back(recorded.inputs(row, joints + j));
            }
        }
        check_velocity(pairs, recipe.velocities.columns[static_cast<std::size_t>(j)], out);
    }
}

inline void check_motion(const Log& log, const Recipe& recipe, const std::optional<SplitRule>& split, Diagnosis& out) {
    const Index joints = std::ssize(recipe.positions.columns);
    const Recipe motion = motion_recipe(recipe);
    const Features<double> features = make_features<double>(log, motion);
    std::optional<Split> parts;
    if (split) parts = make_split(features.segments, *split, 0);
    cover(features, joints, out);
    if (parts) check_extrapolation(features, joints, *parts, out);
    check_repeats(features, joints, parts, out);
    if (!recipe.velocities.columns.empty()) check_velocities(log, motion, features, out);
    if (features.targets.cols() == joints && are_commands(recipe))
        check_commands(log, recipe, out);
    else if (features.targets.cols() == joints)
        check_torques(features, recipe.ahead, out);
    else
        out.add(Severity::note, "torque unchecked", "targets", features.targets.cols(), " targets for ", joints,
                " joints: sign and delay were not looked at");
}

}  // namespace detail

IDM_INLINE Diagnosis diagnose(const Log& log, const Recipe& recipe, const std::optional<SplitRule>& split) {
    detail::require<DataError>(log.rows() > 0, "expected a log with rows, got an empty one");
    detail::require<ConfigError>(!recipe.positions.columns.empty() && !recipe.targets.columns.empty(),
                                 "expected position and target columns in the recipe");
    for (const ColumnGroup* group : {&recipe.velocities, &recipe.accelerations})
        detail::require<ConfigError>(group->columns.empty() || group->columns.size() == recipe.positions.columns.size(),
                                     "expected as many velocities and accelerations as positions (",
                                     recipe.positions.columns.size(), "), or none, got ", group->columns.size());
    Diagnosis out;
    out.facts.push_back(detail::message(log.rows(), " rows in ", log.trajectories.size(), " trajectories"));
    std::vector<std::string> used;
    for (const ColumnGroup* group : {&recipe.positions, &recipe.velocities, &recipe.accelerations, &recipe.targets})
        used.insert(used.end(), group->columns.begin(), group->columns.end());
    detail::check_targets(log, recipe, out);
    const bool even = detail::check_stamps(log, recipe, out);
    if (!detail::check_finite(log, used, out)) return out;
    const bool commanded = detail::are_commands(recipe);
    for (const std::string& name : recipe.positions.columns)
        detail::check_channel(log, name, detail::Channel::position, commanded, out);
    for (const std::string& name : recipe.velocities.columns)
        detail::check_channel(log, name, detail::Channel::velocity, commanded, out);
    for (const std::string& name : recipe.targets.columns)
        detail::check_channel(log, name, detail::Channel::target, commanded, out);
    detail::check_angle_unit(log, recipe, out);
    if (even) detail::check_motion(log, recipe, split, out);
    return out;
}

#endif  // !IDM_HAS_COMPILED

IDM_NAMESPACE_END
