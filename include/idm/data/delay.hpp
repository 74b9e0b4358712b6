#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include <idm/core/config.hpp>
#include <idm/core/error.hpp>
#include <idm/core/tensor.hpp>
#include <idm/data/trajectory.hpp>

IDM_NAMESPACE_BEGIN

/// What drives (a command) and what follows (the motion), sample by sample over one trajectory.
struct SignalPair {
    std::vector<double> cause, effect;
};

struct DelayEstimate {
    /// By how many samples the effect lags behind the cause; negative where it comes before.
    double samples = 0;
    /// Correlation at the whole sample nearest to that delay, and without any; negative for opposite signs.
    double correlation = 0;
    double correlation_undelayed = 0;
};

/// Delay by cross-correlation: the lag of the largest |r(lag)|, refined by the parabola through it and its neighbours.
///
/// r(lag) is the correlation of cause[i] and effect[i + lag] over all trajectories, over the same i for every lag, so
/// that no lag is favoured by its rows.
///
/// *Errors*: `ConfigError` for `longest` below 1; `DataError` when no trajectory has 2 * longest + 2 rows or when a
/// signal is constant. *Cost*: O(rows x longest).
inline DelayEstimate estimate_delay(std::span<const SignalPair> trajectories, Index longest) {
    detail::require<ConfigError>(longest >= 1, "expected a longest delay of 1 sample or more, got ", longest);
    double rows = 0, mean_cause = 0;
    const auto used = [&](const SignalPair& pair) {
        detail::require<ShapeError>(pair.cause.size() == pair.effect.size(), "expected signals of equal length, got ",
                                    pair.cause.size(), " and ", pair.effect.size());
        return std::max<Index>(0, std::ssize(pair.cause) - 2 * longest);
    };
    const auto at = [](const std::vector<double>& signal, Index i) { return signal[static_cast<std::size_t>(i)]; };
    for (const SignalPair& pair : trajectories) {
        rows += static_cast<double>(used(pair));
        for (Index i = 0; i < used(pair); ++i) mean_cause += at(pair.cause, i + longest);
    }
    detail::require<DataError>(rows >= 2, "expected a trajectory of ", 2 * longest + 2,
                               " rows or more to look for delays of up to ", longest, " samples");
    mean_cause /= rows;
    const auto correlation = [&](Index lag) {
        double mean_effect = 0, xx = 0, yy = 0, xy = 0;
        for (const SignalPair& pair : trajectories)
            for (Index i = 0; i < used(pair); ++i) mean_effect += at(pair.effect, i + longest + lag) / rows;
        for (const SignalPair& pair : trajectories)
            for (Index i = 0; i < used(pair); ++i) {
                const double x = at(pair.cause, i + longest) - mean_cause;
                const double y = at(pair.effect, i + longest + lag) - mean_effect;
                xx += x * x, yy += y * y, xy += x * y;
            }
        detail::require<DataError>(xx > 0 && yy > 0, "expected signals that change, got a constant ",
                                   xx > 0 ? "effect" : "cause");
        return xy / std::sqrt(xx * yy);
    };
    std::vector<double> r;
    for (Index lag = -longest; lag <= longest; ++lag) r.push_back(correlation(lag));
    const auto best =
        std::max_element(r.begin(), r.end(), [](double a, double b) { return std::abs(a) < std::abs(b); });
    DelayEstimate out{.samples = static_cast<double>(best - r.begin() - longest),
                      .correlation = *best,
                      .correlation_undelayed = r[static_cast<std::size_t>(longest)]};
    if (best != r.begin() && best + 1 != r.end()) {
        const double curvature = best[-1] - 2 * best[0] + best[1];
        if (curvature != 0) out.samples += 0.5 * (best[-1] - best[1]) / curvature;
    }
    return out;
}

/// Delay between two columns of a log, for example from a joint's commanded to its measured position.
///
/// *Errors*: those above, and `DataError` for an unknown column.
inline DelayEstimate estimate_delay(const Log& log, std::string_view cause, std::string_view effect, Index longest) {
    const Index from = log.column(cause), to = log.column(effect);
    std::vector<SignalPair> pairs;
    for (const Trajectory& trajectory : log.trajectories) {
        SignalPair& pair = pairs.emplace_back();
        for (Index row = 0; row < trajectory.values.rows(); ++row) {
            pair.cause.push_back(trajectory.values(row, from));
            pair.effect.push_back(trajectory.values(row, to));
        }
    }
    return estimate_delay(std::span<const SignalPair>(pairs), longest);
}

IDM_NAMESPACE_END
