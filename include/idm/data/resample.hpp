#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <idm/core/config.hpp>
#include <idm/core/error.hpp>
#include <idm/core/tensor.hpp>
#include <idm/data/trajectory.hpp>

IDM_NAMESPACE_BEGIN

enum class Interpolation { linear, cubic };

/// How a log of uneven stamps becomes one of even steps. The stamps are taken for the true times of the rows.
struct ResampleConfig {
    /// Hz; 0: rows stay as they are.
    double rate = 0;
    /// cubic: Hermite with the slopes of the parabola through three neighbours, exact for parabolas.
    Interpolation interpolation = Interpolation::cubic;
    /// Where the time to the next row is longer than this many usual steps, the trajectory is split.
    double longest_gap = 4;
};

/// What the stamps of one trajectory say. *Units*: s.
struct TimeReport {
    double period = 0;          ///< median of the steps above 0
    double jitter = 0;          ///< largest deviation of a step from the period, as a part of it; gaps left out
    double longest_step = 0;    ///< gaps included
    double largest_return = 0;  ///< by how much a stamp lies before the latest one so far, at most
    Index gaps = 0;
    Index duplicates = 0;    ///< rows with the stamp of the row before
    Index out_of_order = 0;  ///< rows with a stamp before that of the row before
};

/// *Cost*: O(rows). *Errors*: `ConfigError` for a gap of not more than one step.
IDM_INLINE TimeReport inspect_time(std::span<const double> time, double longest_gap = ResampleConfig{}.longest_gap);

namespace detail {

IDM_INLINE Trajectory sample(const Trajectory& from, double rate, Interpolation kind);

}  // namespace detail

/// Rows in the order of their stamps; of rows with equal stamps the first stays.
///
/// *Errors*: `DataError` where a stamp lies `longest_gap` steps or more before an earlier row's: that is not a late
/// packet but a clock that was set back, and sorting would mix two recordings.
IDM_INLINE Trajectory sort_by_time(const Trajectory& trajectory, double longest_gap = ResampleConfig{}.longest_gap);

/// The pieces between gaps, all under the trajectory's name. Time must rise.
IDM_INLINE std::vector<Trajectory> split_at_gaps(const Trajectory& trajectory,
                                                 double longest_gap = ResampleConfig{}.longest_gap);

/// A trajectory of rising stamps at even steps of 1 / rate from its first stamp on. Where the rate drops, a low-pass
/// keeps what the new rate can't show from turning into slow motion that never was.
///
/// Every column is interpolated: angles must not wrap, and labels must not change inside a trajectory.
/// *Errors*: `ConfigError` for a rate of 0 or less; `DataError` without rising stamps.
/// *Cost*: O(rows x columns), x 16 old / new rate behind a low-pass.
IDM_INLINE Trajectory resample(const Trajectory& trajectory, const ResampleConfig& config);

#if !IDM_HAS_COMPILED

IDM_INLINE TimeReport inspect_time(std::span<const double> time, double longest_gap) {
    detail::require<ConfigError>(longest_gap > 1, "expected a longest gap above 1 step, got ", longest_gap);
    TimeReport report;
    std::vector<double> steps;
    double latest = time.empty() ? 0 : time[0];
    for (std::size_t i = 1; i < time.size(); ++i) {
        const double step = time[i] - time[i - 1];
        if (step > 0) steps.push_back(step);
        report.duplicates += step == 0;
        report.out_of_order += step < 0;
        report.largest_return = std::max(report.largest_return, latest - time[i]);
        latest = std::max(latest, time[i]);
    }
    if (steps.empty()) return report;
    const auto middle = steps.begin() + static_cast<std::ptrdiff_t>(steps.size() / 2);
    std::nth_element(steps.begin(), middle, steps.end());
    report.period = *middle;
    for (const double step : steps) {
        report.longest_step = std::max(report.longest_step, step);
        if (step > longest_gap * report.period)
            ++report.gaps;
        else
            report.jitter = std::max(report.jitter, std::abs(step - report.period) / report.period);
    }
    return report;
}

namespace detail {

/// Rows `order` of a trajectory, under the same name and source.
inline Trajectory take_rows(const Trajectory& from, std::span<const Index> order) {
    Trajectory out{.name = from.name,
                   .time = {},
                   .values = Matrix<double>(std::ssize(order), from.values.cols()),
                   .source = from.source};
    for (std::size_t i = 0; i < order.size(); ++i) {
        out.time.push_back(from.time[static_cast<std::size_t>(order[i])]);
        out.values.row(static_cast<Index>(i)) = from.values.row(order[i]);
    }
    return out;
}

/// Values of one trajectory between its rows; ends are held.
///
/// *Source*: cubic: Hermite's basis; slopes of the parabola through three points of uneven distance.
class Interpolator {
public:
    Interpolator(const Trajectory& from, Interpolation kind) : from_(from), kind_(kind) {}

    /// Row of values at time `t`; calls must come with rising `t`.
    Eigen::RowVectorXd at(double t) {
        const Index last = from_.values.rows() - 1;
        while (row_ + 1 < last && time(row_ + 1) <= t) ++row_;
        const double width = last > 0 ? time(row_ + 1) - time(row_) : 1;
        const double u = std::clamp((t - time(row_)) / width, 0.0, 1.0);
        const auto a = from_.values.row(row_), b = from_.values.row(std::min(row_ + 1, last));
        if (kind_ == Interpolation::linear || last < 2) return a + u * (b - a);
        const double v = 1 - u;
        return a * (v * v * (1 + 2 * u)) + b * (u * u * (1 + 2 * v)) + slope(row_) * (width * u * v * v) -
               slope(row_ + 1) * (width * u * u * v);
    }

private:
    double time(Index row) const { return from_.time[static_cast<std::size_t>(row)]; }

    Eigen::RowVectorXd slope(Index row) const {
        const Index middle = std::clamp<Index>(row, 1, from_.values.rows() - 2);
        const double h0 = time(middle) - time(middle - 1), h1 = time(middle + 1) - time(middle);
        const Eigen::RowVectorXd s0 = (from_.values.row(middle) - from_.values.row(middle - 1)) / h0;
        const Eigen::RowVectorXd s1 = (from_.values.row(middle + 1) - from_.values.row(middle)) / h1;
        const Eigen::RowVectorXd curvature = (s1 - s0) / (h0 + h1);  // half the second derivative
        return s0 + curvature * (h0 + 2 * (time(row) - time(middle)));
    }

    const Trajectory& from_;
    Interpolation kind_;
    Index row_ = 0;
};

IDM_INLINE Trajectory sample(const Trajectory& from, double rate, Interpolation kind) {
    // The small excess keeps the last row when the duration is a whole number of steps but for rounding.
    const Index rows = static_cast<Index>(std::floor((from.time.back() - from.time.front()) * rate + 1e-6)) + 1;
    Trajectory out{
        .name = from.name, .time = {}, .values = Matrix<double>(rows, from.values.cols()), .source = from.source};
    Interpolator interpolator(from, kind);
    for (Index row = 0; row < rows; ++row) {
        out.time.push_back(from.time.front() + static_cast<double>(row) / rate);
        out.values.row(row) = interpolator.at(out.time.back());
    }
    return out;
}

/// Every `factor`-th row behind a low-pass. The ends are continued by point reflection, which keeps straight lines.
///
/// Sinc of cut-off 0.4 of the new rate under a Hamming window of 8 new samples to each side: -6 dB at 0.4 of the new
/// rate, -50 dB or less from 0.5 on. *Source*: Oppenheim, Schafer, Discrete-Time Signal Processing, 7.5.
inline Trajectory decimate(const Trajectory& from, Index factor) {
    const Index half = 8 * factor, last = from.values.rows() - 1;
    std::vector<double> weights;
    for (Index k = 0; k <= half; ++k) {
        const double x = 0.8 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(factor);
        const double window =
            0.54 + 0.46 * std::cos(std::numbers::pi * static_cast<double>(k) / static_cast<double>(half));
        weights.push_back((k == 0 ? 1 : std::sin(x) / x) * window);
    }
    const double sum = 2 * std::accumulate(weights.begin(), weights.end(), 0.0) - weights[0];
    const auto at = [&](Index row) -> Eigen::RowVectorXd {
        if (row >= 0 && row <= last) return from.values.row(row);
        const Index end = row < 0 ? 0 : last;
        return 2 * from.values.row(end) - from.values.row(std::clamp<Index>(2 * end - row, 0, last));
    };
    Trajectory out{.name = from.name,
                   .time = {},
                   .values = Matrix<double>(last / factor + 1, from.values.cols()),
                   .source = from.source};
    for (Index row = 0; row < out.values.rows(); ++row) {
        const Index centre = row * factor;
        out.time.push_back(from.time[static_cast<std::size_t>(centre)]);
        Eigen::RowVectorXd value = weights[0] * at(centre);
        for (Index k = 1; k <= half; ++k)
            value += weights[static_cast<std::size_t>(k)] * (at(centre - k) + at(centre + k));
        out.values.row(row) = value / sum;
    }
    return out;
}

}  // namespace detail

IDM_INLINE Trajectory sort_by_time(const Trajectory& trajectory, double longest_gap) {
    const TimeReport report = inspect_time(trajectory.time, longest_gap);
    detail::require<DataError>(report.largest_return < longest_gap * report.period || report.largest_return == 0,
                               "trajectory '", trajectory.name, "': time runs back by ", report.largest_return,
                               " s, expected less than ", longest_gap, " steps of ", report.period,
                               " s; name the column that tells trajectories apart, or cut the log there");
    if (report.out_of_order == 0 && report.duplicates == 0) return trajectory;
    const auto time = [&](Index row) { return trajectory.time[static_cast<std::size_t>(row)]; };
    std::vector<Index> order(trajectory.time.size());
    std::iota(order.begin(), order.end(), Index(0));
    std::stable_sort(order.begin(), order.end(), [&](Index a, Index b) { return time(a) < time(b); });
    order.erase(std::unique(order.begin(), order.end(), [&](Index a, Index b) { return time(a) == time(b); }),
                order.end());
    return detail::take_rows(trajectory, order);
}

IDM_INLINE std::vector<Trajectory> split_at_gaps(const Trajectory& trajectory, double longest_gap) {
    const double longest = longest_gap * inspect_time(trajectory.time, longest_gap).period;
    std::vector<Trajectory> pieces;
    std::vector<Index> rows;
    for (std::size_t i = 0; i < trajectory.time.size(); ++i) {
        if (i > 0 && trajectory.time[i] - trajectory.time[i - 1] > longest) {
            pieces.push_back(detail::take_rows(trajectory, rows));
            rows.clear();
        }
        rows.push_back(static_cast<Index>(i));
    }
    if (!rows.empty()) pieces.push_back(detail::take_rows(trajectory, rows));
    return pieces;
}

IDM_INLINE Trajectory resample(const Trajectory& trajectory, const ResampleConfig& config) {
    detail::require<ConfigError>(config.rate > 0 && std::isfinite(config.rate), "expected a rate above 0 Hz, got ",
                                 config.rate);
    const TimeReport report = inspect_time(trajectory.time, config.longest_gap);
    detail::require<DataError>(!trajectory.time.empty() && report.duplicates == 0 && report.out_of_order == 0,
                               "trajectory '", trajectory.name,
                               "': expected rising stamps to resample by; sort_by_time gives them");
    // 1 % is what the sample periods of a log may differ by: such a drop aliases nothing that matters.
    if (report.period == 0 || config.rate * report.period > 0.99)
        return detail::sample(trajectory, config.rate, config.interpolation);
    const Index factor = static_cast<Index>(std::ceil(1 / (config.rate * report.period) - 1e-6));
    return detail::decimate(detail::sample(trajectory, config.rate * static_cast<double>(factor), config.interpolation),
                            factor);
}

#endif  // !IDM_HAS_COMPILED

IDM_NAMESPACE_END
