#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <string>
#include <string_view>
#include <vector>

#include <idm/core/config.hpp>
#include <idm/core/tensor.hpp>
#include <idm/data/delay.hpp>
#include <idm/data/doctor_findings.hpp>
#include <idm/data/features.hpp>
#include <idm/data/log_reader.hpp>
#include <idm/data/resample.hpp>
#include <idm/data/trajectory.hpp>

// What single channels of a log show: their stamps, their values, their units.

IDM_NAMESPACE_BEGIN
namespace detail {

/// *Errors*: none. True if the steps of time are even enough to differentiate.
inline bool check_stamps(const Log& log, const Recipe& recipe, Diagnosis& out) {
    TimeReport worst;
    std::string jittery, slower, first;
    double shortest = 0, longest = 0;
    for (const Trajectory& trajectory : log.trajectories) {
        if (trajectory.time.size() < 3) continue;
        const TimeReport report = inspect_time(trajectory.time);
        if (report.jitter > worst.jitter) worst.jitter = report.jitter, jittery = trajectory.name;
        worst.gaps += report.gaps, worst.duplicates += report.duplicates, worst.out_of_order += report.out_of_order;
        worst.longest_step = std::max(worst.longest_step, report.longest_step);
        if (shortest == 0 || report.period < shortest) shortest = report.period;
        if (report.period > longest) longest = report.period, slower = trajectory.name;
    }
    if (longest == 0 && recipe.sample_period <= 0) {
        out.add(Severity::fault, "no time", "log", "there are no stamps; name the time column or state the rate");
        return false;
    }
    if (longest == 0) return true;
    out.facts.push_back(message("rate ", 1 / shortest, " Hz, jitter up to ", 100 * worst.jitter, " %"));
    const std::size_t before = out.findings.size();
    const char* mend = "; resample the log (LogConfig::resample)";
    if (worst.jitter > largest_jitter + 1e-6)
        out.add(Severity::fault, "jitter", "trajectory " + jittery, "a time step is ", 100 * worst.jitter,
                " % off the usual one, expected at most ", 100 * largest_jitter, " %", mend);
    if (worst.gaps > 0)
        out.add(Severity::fault, "gap", "time", worst.gaps, " gaps, the longest ", worst.longest_step, " s", mend);
    if (worst.duplicates > 0)
        out.add(Severity::fault, "equal stamps", "time", worst.duplicates, " rows repeat the stamp before them", mend);
    if (worst.out_of_order > 0)
        out.add(Severity::fault, "late stamps", "time", worst.out_of_order, " rows have a stamp before the last", mend);
    if (longest > 1.01 * shortest)
        out.add(Severity::fault, "rates differ", "trajectory " + slower, "periods from ", shortest, " s to ", longest,
                " s, expected them within 1 %", mend);
    return out.findings.size() == before;
}

/// True if all values of the columns in use are finite.
inline bool check_finite(const Log& log, const std::vector<std::string>& columns, Diagnosis& out) {
    bool finite = true;
    if (log.dropped_rows > 0)
        out.add(Severity::fault, "not finite", "log", log.dropped_rows,
                " rows hold NaN or Inf, or lie in short pieces between such rows; mend them or drop them on request");
    for (const std::string& name : columns) {
        const Index column = log.column(name);
        Index bad = 0;
        for (const Trajectory& trajectory : log.trajectories)
            for (Index row = 0; row < trajectory.values.rows(); ++row)
                bad += !std::isfinite(trajectory.values(row, column));
        if (bad == 0) continue;
        finite = false;
        out.add(Severity::fault, "not finite", log.columns[static_cast<std::size_t>(column)], bad,
                " values are NaN or Inf; mend or drop such rows");
    }
    return finite;
}

/// Extremes of one column and its longest run of equal values.
struct ChannelReport {
    double low = 0, high = 0;
    Index rows = 0, repeats = 0;  // rows equal to the row before, extremes left out
    Index run = 0;                // length of the longest run that is not at an extreme
    double run_value = 0, run_jump = 0, usual_step = 0;
    std::string run_trajectory = {};
    Index at_extreme = 0, near_extreme = 0;  // rows at the more crowded extreme, and within 2 % of the range beside it
};

inline ChannelReport inspect_channel(const Log& log, Index column) {
    ChannelReport report{.low = log.trajectories[0].values(0, column), .high = log.trajectories[0].values(0, column)};
    for (const Trajectory& trajectory : log.trajectories) {
        report.low = std::min(report.low, trajectory.values.col(column).minCoeff());
        report.high = std::max(report.high, trajectory.values.col(column).maxCoeff());
        report.rows += trajectory.values.rows();
    }
    const double band = 0.02 * (report.high - report.low);
    Index at[2] = {}, near[2] = {};
    double steps = 0, changes = 0;
    for (const Trajectory& trajectory : log.trajectories) {
        const auto x = trajectory.values.col(column);
        for (Index begin = 0, end = 0; begin < x.size(); begin = end) {
            while (end < x.size() && x(end) == x(begin)) ++end;
            const double jump = end < x.size() ? std::abs(x(end) - x(begin)) : 0;
            steps += jump, changes += jump > 0;
            for (int side = 0; side < 2; ++side) {
                const double distance = side == 0 ? x(begin) - report.low : report.high - x(begin);
                if (distance == 0 && end - begin >= 3) at[side] += end - begin;
                if (distance > 0 && distance <= band) near[side] += end - begin;
            }
            if (x(begin) == report.low || x(begin) == report.high) continue;
            report.repeats += end - begin - 1;
            if (end - begin <= report.run) continue;
            report.run = end - begin, report.run_value = x(begin), report.run_jump = jump;
            report.run_trajectory = trajectory.name;
        }
    }
    const int side = at[1] > at[0];
    report.at_extreme = at[side], report.near_extreme = near[side];
    report.usual_step = steps / std::max(1.0, changes);
    return report;
}

enum class Channel { position, velocity, target };

/// Constant, stuck and clipped channels. A robot may rest: a position is stuck only if it jumps at the end of the run,
/// a velocity not at 0; and a channel that often repeats itself (more than one row in five beside that run) is coarse,
/// not stuck.
inline void check_channel(const Log& log, const std::string& name, Channel kind, Diagnosis& out) {
    constexpr Index shortest_run = 20;
    const Index column = log.column(name);
    const ChannelReport report = inspect_channel(log, column);
    const std::string& where = log.columns[static_cast<std::size_t>(column)];
    if (report.low == report.high) {
        out.add(kind == Channel::target ? Severity::fault : Severity::warning, "constant", where, "always ", report.low,
                kind == Channel::target ? "; there is nothing to learn: leave it out" : "");
        return;
    }
    const bool coarse = 5 * (report.repeats - report.run) > report.rows;
    const bool rests = kind == Channel::position   ? report.run_jump < 8 * report.usual_step
                       : kind == Channel::velocity ? report.run_value == 0
                                                   : false;
    if (report.run >= shortest_run && !coarse && !rests)
        out.add(Severity::fault, "stuck", where, report.run, " rows in a row read ", report.run_value,
                " in trajectory '", report.run_trajectory, "'; cut them out");
    const bool piled = report.at_extreme > report.near_extreme;
    if (kind != Channel::position && !coarse && piled && 200 * report.at_extreme > report.rows)
        out.add(
            Severity::warning, "clipped", where, report.at_extreme, " rows lie exactly at one end of the range ",
            report.low, " to ", report.high,
            ": where a measured value saturates the true one is unknown, cut those rows out; a command may end there");
}

/// Positions as the recipe reads them, in rad: beyond two turns they are degrees, within 1/20 of one degrees' radians.
inline void check_angle_unit(const Log& log, const Recipe& recipe, Diagnosis& out) {
    double largest = 0;
    for (const std::string& name : recipe.positions.columns)
        for (const Trajectory& trajectory : log.trajectories)
            largest = std::max(largest, trajectory.values.col(log.column(name)).cwiseAbs().maxCoeff());
    const bool degrees = recipe.positions.unit == AngleUnit::degree;
    if (!degrees && largest > 4 * std::numbers::pi)
        out.add(Severity::fault, "unit", "positions", "they reach ", largest,
                ", more than two turns in rad: they look like degrees");
    if (degrees && largest < 2 * std::numbers::pi)
        out.add(Severity::fault, "unit", "positions", "they stay within ", largest,
                ", a few degrees: they look like radians");
}

/// A recorded velocity against the derivative of its position.
///
/// *Shapes*: `recorded` and `derived` one value per row of each trajectory, in the same unit.
inline void check_velocity(const std::vector<SignalPair>& pairs, const std::string& where, Diagnosis& out) {
    double dd = 0, rd = 0, rr = 0;
    for (const SignalPair& pair : pairs)
        for (std::size_t i = 0; i < pair.cause.size(); ++i) {
            const double derived = pair.cause[i], recorded = pair.effect[i];
            dd += derived * derived, rd += recorded * derived, rr += recorded * recorded;
        }
    if (dd == 0 || rr == 0) return;  // constant channels are named elsewhere
    const double alike = rd / std::sqrt(dd * rr), factor = std::sqrt(rr / dd), turn = 180 / std::numbers::pi;
    if (alike < -0.7) {
        out.add(Severity::fault, "velocity sign", where, "it has the opposite sign of the position's derivative");
    } else if (alike > 0.7 && (std::abs(factor * turn - 1) < 0.25 || std::abs(factor / turn - 1) < 0.25)) {
        out.add(Severity::fault, "unit", where, "it is ", factor,
                " times the position's derivative: one is in degrees, the other in radians");
    } else if (alike > 0.7 && std::abs(factor - 1) > 0.25) {
        out.add(Severity::fault, "velocity scale", where, "it is ", factor, " times the position's derivative");
    } else if (alike <= 0.7) {
        out.add(Severity::fault, "velocity differs", where, "its correlation with the position's derivative is ", alike,
                ", expected 0.9 or more: is it another joint's, or the rate wrong?");
    } else if (alike < 0.9) {
        out.add(Severity::warning, "velocity differs", where, "its correlation with the position's derivative is only ",
                alike, "; is it filtered, late, or the position coarse?");
    }
}

}  // namespace detail
IDM_NAMESPACE_END
