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
IDM_INLINE bool check_stamps(const Log& log, const Recipe& recipe, Diagnosis& out);

/// True if all values of the columns in use are finite.
IDM_INLINE bool check_finite(const Log& log, const std::vector<std::string>& columns, Diagnosis& out);

/// Three or more rows that read the same, and the steps to and from them.
struct EqualRun {
    Mark rows;
    double value = 0, step_in = 0, step_out = 0;

    Index size() const { return rows.end - rows.begin; }
};

/// How one column moves.
struct ChannelReport {
    double low = 0, high = 0;
    double usual_step = 0;        // mean of the steps that are not 0
    double smallest_step = 0;     // of those: the quantum of a coarse channel
    Index rows = 0, repeats = 0;  // rows in all, and such as are equal to the row before
    std::vector<EqualRun> runs = {};

    /// Equal but for rounding: a coarse velocity, a quotient, reads the same counts in different last digits.
    bool same(double a, double b) const { return std::abs(a - b) <= 1e-9 * (high - low); }
};

enum class Channel { position, velocity, target };

/// Rows from which a run of equal values is no chance.
///
/// A channel of n rows that repeats itself with probability p from row to row shows n p^(L - 1) runs of L rows: the
/// result is the L at which one log in a thousand shows one. It is at least 20: shorter runs are a few packets lost,
/// and leave a window of 16 rows something to go by.
IDM_INLINE double surprising_run(Index repeats, Index rows);

/// Constant, stuck and clipped channels.
IDM_INLINE void check_channel(const Log& log, const std::string& name, Channel kind, bool commanded, Diagnosis& out);

/// Positions as the recipe reads them: joints of arms turn by two turns at most, and a log in which no joint of a robot
/// comes further than 6.3 degrees (2 pi, a turn in rad) from 0 is hardly one in degrees. Between the two the range
/// alone can't tell; a recorded velocity can.
IDM_INLINE void check_angle_unit(const Log& log, const Recipe& recipe, Diagnosis& out);

/// A recorded velocity against the derivative of its position.
///
/// Their correlation r says how far sign and scale can be trusted: from 0.7 on each explains half of the other's
/// variance, from 0.9 on four fifths. Scales may differ by a quarter: a derivative filter of 5 points loses 21 % of
/// motion at a tenth of the sample rate; what is looked for are factors of 57.3, of a gear or of the rate.
///
/// *Shapes*: `recorded` and `derived` one value per row of each trajectory, in the same unit.
IDM_INLINE void check_velocity(const std::vector<SignalPair>& pairs, const std::string& where, Diagnosis& out);

#if !IDM_HAS_COMPILED

IDM_INLINE bool check_stamps(const Log& log, const Recipe& recipe, Diagnosis& out) {
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

IDM_INLINE bool check_finite(const Log& log, const std::vector<std::string>& columns, Diagnosis& out) {
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

inline ChannelReport inspect_channel(const Log& log, Index column) {
    ChannelReport report{.low = log.trajectories[0].values(0, column), .high = log.trajectories[0].values(0, column)};
    for (const Trajectory& trajectory : log.trajectories) {
        report.low = std::min(report.low, trajectory.values.col(column).minCoeff());
        report.high = std::max(report.high, trajectory.values.col(column).maxCoeff());
        report.rows += trajectory.values.rows();
    }
    double steps = 0, changes = 0;
    for (std::size_t k = 0; k < log.trajectories.size(); ++k) {
        const auto x = log.trajectories[k].values.col(column);
        double step_in = 0;
        for (Index begin = 0, end = 0; begin < x.size(); begin = end) {
            while (end < x.size() && report.same(x(end), x(begin))) ++end;
            const double step = end < x.size() ? std::abs(x(end) - x(begin)) : 0;
            if (step > 0) {
                steps += step, ++changes;
                if (report.smallest_step == 0 || step < report.smallest_step) report.smallest_step = step;
            }
            report.repeats += end - begin - 1;
            if (end - begin >= 3)
                report.runs.push_back({{column, static_cast<Index>(k), begin, end}, x(begin), step_in, step});
            step_in = step;
        }
    }
    report.usual_step = steps / std::max(1.0, changes);
    return report;
}

IDM_INLINE double surprising_run(Index repeats, Index rows) {
    const double n = static_cast<double>(rows), p = static_cast<double>(repeats + 1) / (n + 2);
    return std::max(20.0, 1 + std::log(1e-3 / n) / std::log(p));
}

/// Stuck: a surprising run away from the extremes (those are clipped, or a robot at rest), unless the channel only
/// dwells. A position does where the robot rests: it leaves by a small step. After 20 stuck rows of a joint that moved
/// on, even at less than half its usual speed, it would catch up by 8 usual steps or more. A velocity dwells at 0, and
/// a coarse channel where it turns: it leaves by its quantum.
///
/// One stuck row in 20 costs a model less than a tenth of its error, one in 10 more ("what a model loses to spoilt
/// torques" in the tests of the training): a fault above one in 20, below it a warning.
inline void check_stuck(const Log& log, const ChannelReport& report, Channel kind, const std::string& where,
                        Diagnosis& out) {
    Index longest_run = 0;
    for (const EqualRun& run : report.runs) longest_run = std::max(longest_run, run.size());
    const double surprising = surprising_run(report.repeats - std::max<Index>(0, longest_run - 1), report.rows);
    const EqualRun* longest = nullptr;
    Index rows = 0;
    for (const EqualRun& run : report.runs) {
        if (static_cast<double>(run.size()) < surprising || report.same(run.value, report.low) ||
            report.same(run.value, report.high))
            continue;
        const bool dwells = kind == Channel::position ? run.step_out < 8 * report.usual_step
                                                      : run.step_out <= 1.5 * report.smallest_step ||
                                                            (kind == Channel::velocity && run.value == 0);
        if (dwells) continue;
        out.marks.push_back(run.rows);
        rows += run.size();
        if (!longest || run.size() > longest->size()) longest = &run;
    }
    if (longest)
        out.add(20 * rows > report.rows ? Severity::fault : Severity::warning, "stuck", where, longest->size(),
                " rows in a row read ", longest->value, " in trajectory '",
                log.trajectories[static_cast<std::size_t>(longest->rows.trajectory)].name, "' (", rows,
                " such rows in all); cut them out");
}

/// Clipped: more rows lie exactly at an extreme than close beside it, in runs, and more than one in 200.
///
/// No motion does that: a density falls toward its end, and even a slow sine, which lingers at its ends, has sqrt(5) -
/// 1 times as many rows in the four quanta beside the last one as in that one; a fine channel is compared over 2 % of
/// its range. A position may rest at an extreme; there it arrives slowly. One that is clipped arrives in the middle of
/// a step: on average at half a usual one, taken for sure from an eighth on.
///
/// Up to one row in 10 clipped costs a model less than a tenth of its error, one in 5 more than a fifth ("what a model
/// loses to spoilt torques" in the tests of the training): above one in 10 a fault. Not so where positions are
/// commanded: commands end at a limit, and joints at their stops.
inline void check_clipped(const Log& log, const ChannelReport& report, Channel kind, bool commanded,
                          const std::string& where, Diagnosis& out) {
    const Index column = log.column(where);
    const double band = std::max(0.02 * (report.high - report.low), 4.5 * report.smallest_step);
    for (const double extreme : {report.low, report.high}) {
        Index at = 0, near = 0;
        double arrival = 0, arrivals = 0;
        for (const EqualRun& run : report.runs) {
            if (!report.same(run.value, extreme)) continue;
            at += run.size();
            for (const double step : {run.step_in, run.step_out})
                if (step > 0) arrival += step, ++arrivals;
        }
        for (const Trajectory& trajectory : log.trajectories) {
            const auto distance = (trajectory.values.col(column).array() - extreme).abs();
            near += (distance > 1e-9 * (report.high - report.low) && distance <= band).count();
        }
        const bool rests = kind == Channel::position && arrival <= arrivals * report.usual_step / 8;
        if (at <= near || 200 * at <= report.rows || rests) continue;
        for (const EqualRun& run : report.runs)
            if (report.same(run.value, extreme)) out.marks.push_back(run.rows);
        out.add(10 * at > report.rows && !commanded ? Severity::fault : Severity::warning, "clipped", where, at, " of ",
                report.rows, " rows lie exactly at the end ", extreme, " of the range ", report.low, " to ",
                report.high,
                ": where a measured value saturates the true one is unknown, cut those rows out; a command may end "
                "there");
    }
}

IDM_INLINE void check_channel(const Log& log, const std::string& name, Channel kind, bool commanded, Diagnosis& out) {
    const Index column = log.column(name);
    const ChannelReport report = inspect_channel(log, column);
    const std::string& where = log.columns[static_cast<std::size_t>(column)];
    if (report.low == report.high) {
        out.add(kind == Channel::target ? Severity::fault : Severity::warning, "constant", where, "always ", report.low,
                kind == Channel::target ? "; there is nothing to learn: leave it out" : "");
        return;
    }
    check_stuck(log, report, kind, where, out);
    check_clipped(log, report, kind, commanded, where, out);
}

IDM_INLINE void check_angle_unit(const Log& log, const Recipe& recipe, Diagnosis& out) {
    double largest = 0;
    for (std::size_t i = 0; i < recipe.positions.columns.size(); ++i)
        for (const Trajectory& trajectory : log.trajectories)
            largest =
                std::max(largest, trajectory.values.col(log.column(recipe.positions.columns[i])).cwiseAbs().maxCoeff() *
                                      (recipe.positions.scale.empty() ? 1 : std::abs(recipe.positions.scale[i])));
    const bool degrees = recipe.positions.unit == AngleUnit::degree;
    if (!degrees && largest > 4 * std::numbers::pi)
        out.add(Severity::fault, "unit", "positions", "they reach ", largest,
                ", more than two turns in rad: they look like degrees");
    if (degrees && largest < 2 * std::numbers::pi)
        out.add(Severity::fault, "unit", "positions", "they stay within ", largest,
                ", a few degrees: they look like radians");
}

IDM_INLINE void check_velocity(const std::vector<SignalPair>& pairs, const std::string& where, Diagnosis& out) {
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

#endif  // !IDM_HAS_COMPILED

}  // namespace detail
IDM_NAMESPACE_END
