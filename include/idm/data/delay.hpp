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

/// What `estimate_delay` found.
struct DelayEstimate {
    /// By how many samples the effect lags behind the cause; negative where it comes before.
    double samples = 0;
    /// Correlation of the increments at the whole sample nearest to that delay, and without any; negative for opposite
    /// signs.
    double correlation = 0;
    double correlation_undelayed = 0;
};

namespace detail {

/// x[i + step] - x[i].
IDM_INLINE std::vector<double> increments(const std::vector<double>& x, Index step);

}  // namespace detail

/// Delay by cross-correlation of increments: the lag of the largest |r(lag)|, refined by the parabola through it and
/// its neighbours.
///
/// r(lag) is the correlation of dx[i] and dy[i + lag], dx[i] = x[i + longest] - x[i] of the cause and dy of the effect,
/// over all trajectories and the same i for every lag, so that no lag is favoured by its rows. The signals themselves
/// would not do: drift and slow motion make r almost the same at every lag. Increments over one sample drop that too,
/// but are mostly noise where the motion is slow; those over the longest delay keep all that can tell two lags apart.
/// Where the effect follows like a low-pass, its mean delay is found: dead time and time constant.
///
/// *Errors*: `ConfigError` for `longest` below 1; `DataError` when no trajectory has 3 * longest + 2 rows or when a
/// signal is constant. *Cost*: O(rows x longest).
IDM_INLINE DelayEstimate estimate_delay(std::span<const SignalPair> signals, Index longest);

/// Delay between two columns of a log, for example from a joint's commanded to its measured position.
///
/// *Errors*: those above, and `DataError` for an unknown column.
IDM_INLINE DelayEstimate estimate_delay(const Log& log, std::string_view cause, std::string_view effect, Index longest);

#if !IDM_HAS_COMPILED

namespace detail {

IDM_INLINE std::vector<double> increments(const std::vector<double>& x, Index step) {
    std::vector<double> out;
    for (Index i = step; i < std::ssize(x); ++i)
        out.push_back(x[static_cast<std::size_t>(i)] - x[static_cast<std::size_t>(i - step)]);
    return out;
}

}  // namespace detail

IDM_INLINE DelayEstimate estimate_delay(std::span<const SignalPair> signals, Index longest) {
    detail::require<ConfigError>(longest >= 1, "expected a longest delay of 1 sample or more, got ", longest);
    std::vector<SignalPair> trajectories;
    for (const SignalPair& pair : signals) {
        detail::require<ShapeError>(pair.cause.size() == pair.effect.size(), "expected signals of equal length, got ",
                                    pair.cause.size(), " and ", pair.effect.size());
        trajectories.push_back({detail::increments(pair.cause, longest), detail::increments(pair.effect, longest)});
    }
    double rows = 0, mean_cause = 0;
    const auto used = [&](const SignalPair& pair) { return std::max<Index>(0, std::ssize(pair.cause) - 2 * longest); };
    const auto at = [](const std::vector<double>& signal, Index i) { return signal[static_cast<std::size_t>(i)]; };
    for (const SignalPair& pair : trajectories) {
        rows += static_cast<double>(used(pair));
        for (Index i = 0; i < used(pair); ++i) mean_cause += at(pair.cause, i + longest);
    }
    detail::require<DataError>(rows >= 2, "expected a trajectory of ", 3 * longest + 2,
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

IDM_INLINE DelayEstimate estimate_delay(const Log& log, std::string_view cause, std::string_view effect,
                                        Index longest) {
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

#endif  // !IDM_HAS_COMPILED

IDM_NAMESPACE_END
