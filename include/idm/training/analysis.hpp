#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include <idm/core/config.hpp>
#include <idm/core/error.hpp>
#include <idm/core/random.hpp>
#include <idm/core/tensor.hpp>
#include <idm/training/metrics.hpp>

IDM_NAMESPACE_BEGIN

/// Error of one trajectory (mean over joints).
struct TrajectoryScore {
    Index trajectory = 0;
    Index rows = 0;
    double nmse = 0;
};

namespace detail {

template <class T>
void require_trajectory_per_row(const Matrix<T>& measured, std::span<const Index> trajectory) {
    require<ShapeError>(static_cast<Index>(trajectory.size()) == measured.rows(),
                        "expected one trajectory number per row (", measured.rows(), "), got ", trajectory.size());
}

}  // namespace detail

/// nMSE of each trajectory, in ascending order of the trajectory's number.
///
///     nMSE = mean over joints of: mean over the trajectory's rows (predicted - measured)^2 / variance(measured)
///
/// The variance is that of all given rows, not the trajectory's own: so the figures are comparable (a trajectory in
/// which a joint rests does not explode) and their mean, weighted by rows, is the nMSE of the whole set.
///
/// *Shapes*: matrices [rows, joints], `trajectory` one number per row, `rows` the row numbers to score.
/// *Errors*: as `evaluate_predictions`.
template <class T>
std::vector<TrajectoryScore> trajectory_scores(const Matrix<T>& measured, const Matrix<T>& predicted,
                                               std::span<const Index> trajectory, std::span<const Index> rows) {
    detail::require_comparable(measured, predicted, rows);
    detail::require_trajectory_per_row(measured, trajectory);
    const detail::MeasuredMoments moments = detail::measured_moments(measured, rows);
    std::map<Index, TrajectoryScore> by_number;
    for (const Index row : rows) {
        double sum = 0;
        for (Index joint = 0; joint < measured.cols(); ++joint) {
            const double error = static_cast<double>(predicted(row, joint)) - static_cast<double>(measured(row, joint));
            sum += error * error / moments.variance[static_cast<std::size_t>(joint)];
        }
        detail::require<NumericError>(std::isfinite(sum), "expected finite predictions, got another in row ", row);
        const Index number = trajectory[static_cast<std::size_t>(row)];
        TrajectoryScore& score = by_number[number];
        score.trajectory = number;
        score.rows += 1;
        score.nmse += sum / static_cast<double>(measured.cols());
    }
    std::vector<TrajectoryScore> out;
    for (auto& [number, score] : by_number) {
        score.nmse /= static_cast<double>(score.rows);
        out.push_back(score);
    }
    return out;
}

/// The trajectories that are shown for the rest.
struct TypicalTrajectories {
    TrajectoryScore best;
    TrajectoryScore median;
    TrajectoryScore worst;
};

/// Ranks by nMSE, equal ones by number. Of an even count the better of the two middle ones is the median, so that it
/// is a trajectory that exists.
///
/// *Errors*: `DataError` for an empty list.
IDM_INLINE TypicalTrajectories typical_trajectories(std::vector<TrajectoryScore> scores);

/// Roughness of each joint, and its mean over joints.
struct Roughness {
    std::vector<double> joints;
    double mean = 0;
};

/// Total variation of the predicted torque over that of the measured torque: below 1 the prediction is smoother than
/// the sensor (noise left out), above 1 it chatters and would be felt in a controller.
///
///     sum |x[row] - x[row - 1]|, over pairs of neighbouring rows of one trajectory that are both in `rows`
///
/// *Shapes*: matrices [rows, joints], `trajectory` one number per row, `rows` ascending row numbers.
/// *Errors*: `ShapeError` if shapes differ; `DataError` if a measured joint never changes inside a trajectory.
template <class T>
Roughness roughness(const Matrix<T>& measured, const Matrix<T>& predicted, std::span<const Index> trajectory,
                    std::span<const Index> rows) {
    detail::require_comparable(measured, predicted, rows);
    detail::require_trajectory_per_row(measured, trajectory);
    Roughness out;
    for (Index joint = 0; joint < measured.cols(); ++joint) {
        double of_measured = 0, of_predicted = 0;
        for (std::size_t i = 1; i < rows.size(); ++i) {
            const Index row = rows[i], before = rows[i - 1];
            if (before != row - 1) continue;
            if (trajectory[static_cast<std::size_t>(row)] != trajectory[static_cast<std::size_t>(before)]) continue;
            of_measured +=
                std::abs(static_cast<double>(measured(row, joint)) - static_cast<double>(measured(before, joint)));
            of_predicted +=
                std::abs(static_cast<double>(predicted(row, joint)) - static_cast<double>(predicted(before, joint)));
        }
        detail::require<DataError>(of_measured > 0, "joint ", joint + 1,
                                   " never changes between neighbouring rows, so its roughness (predicted / measured "
                                   "total variation) is undefined; score longer runs of rows");
        out.joints.push_back(of_predicted / of_measured);
        out.mean += out.joints.back() / static_cast<double>(measured.cols());
    }
    return out;
}

/// Input noise for `noise_sensitivity`, as a share of each input's standard deviation.
struct NoiseConfig {
    double level = 0.01;
    std::uint64_t seed = 0;
};

/// How much noise on the inputs comes out of the model, in standard deviations per standard deviation.
///
///     sqrt(mean over rows and joints ((f(x + noise) - f(x)) / target_deviation)^2) / level
///     noise = level * input_deviation * normal(), independent for each row and column
///
/// A linear map gives the root of its summed squared weights (in normalised units) for any level; for a network `level`
/// should be small against its curvature.
///
/// *Shapes*: `inputs` [rows, columns]; `predict` maps it to a matrix [any rows, joints]; `input_deviation` one number
/// per column, `target_deviation` one per joint.
/// *Errors*: `ShapeError` if these do not fit; `ConfigError` for a level or a target deviation that is not above 0.
template <class T, class Predict>
double noise_sensitivity(Predict&& predict, const Matrix<T>& inputs, std::span<const double> input_deviation,
                         std::span<const double> target_deviation, const NoiseConfig& config = {}) {
    detail::require<ConfigError>(config.level > 0, "expected a noise level above 0, got ", config.level);
    detail::require<ShapeError>(static_cast<Index>(input_deviation.size()) == inputs.cols(),
                                "expected one input deviation per column (", inputs.cols(), "), got ",
                                input_deviation.size());
    Random random(config.seed);
    Matrix<T> noisy = inputs;
    for (Index row = 0; row < inputs.rows(); ++row)
        for (Index column = 0; column < inputs.cols(); ++column)
            noisy(row, column) +=
                static_cast<T>(config.level * input_deviation[static_cast<std::size_t>(column)] * random.normal());
    const Matrix<T> clean_output = predict(inputs);
    const Matrix<T> noisy_output = predict(static_cast<const Matrix<T>&>(noisy));
    detail::require<ShapeError>(clean_output.cols() == static_cast<Index>(target_deviation.size()) &&
                                    clean_output.size() > 0 && noisy_output.size() == clean_output.size(),
                                "expected predictions with ", target_deviation.size(),
                                " joints and at least one row, got [", clean_output.rows(), ", ", clean_output.cols(),
                                "]");
    double sum = 0;
    for (Index joint = 0; joint < clean_output.cols(); ++joint) {
        const double deviation = target_deviation[static_cast<std::size_t>(joint)];
        detail::require<ConfigError>(deviation > 0, "expected a target deviation above 0, got ", deviation,
                                     " for joint ", joint + 1);
        for (Index row = 0; row < clean_output.rows(); ++row) {
            const double change =
                (static_cast<double>(noisy_output(row, joint)) - static_cast<double>(clean_output(row, joint))) /
                deviation;
            sum += change * change;
        }
    }
    return std::sqrt(sum / static_cast<double>(clean_output.size())) / config.level;
}

/// How far a figure spreads, for example over training seeds.
struct Spread {
    double mean = 0;
    double low = 0;
    double high = 0;
    /// Sample standard deviation (divisor n - 1); 0 for a single value.
    double deviation = 0;
};

/// *Errors*: `DataError` for no values.
IDM_INLINE Spread spread(std::span<const double> values);

/// Counts in bins of equal width over [-limit, limit); what lies outside is counted apart, never hidden in an edge bin.
struct Histogram {
    double limit = 0;
    std::vector<Index> counts;
    Index outside = 0;

    double width() const { return 2.0 * limit / static_cast<double>(counts.size()); }
    double centre(std::size_t bin) const { return -limit + (static_cast<double>(bin) + 0.5) * width(); }
    Index total() const {
        Index sum = outside;
        for (const Index count : counts) sum += count;
        return sum;
    }
};

/// Errors predicted - measured of all joints over the given rows, each in standard deviations of its measured joint, so
/// that strong and weak joints share one axis.
///
/// *Errors*: as `evaluate_predictions`.
template <class T>
std::vector<double> normalised_errors(const Matrix<T>& measured, const Matrix<T>& predicted,
                                      std::span<const Index> rows) {
    detail::require_comparable(measured, predicted, rows);
    const detail::MeasuredMoments moments = detail::measured_moments(measured, rows);
    std::vector<double> out;
    out.reserve(rows.size() * static_cast<std::size_t>(measured.cols()));
    for (const Index row : rows)
        for (Index joint = 0; joint < measured.cols(); ++joint)
            out.push_back((static_cast<double>(predicted(row, joint)) - static_cast<double>(measured(row, joint))) /
                          std::sqrt(moments.variance[static_cast<std::size_t>(joint)]));
    return out;
}

/// *Errors*: `ConfigError` for a limit or a number of bins that is not above 0.
IDM_INLINE Histogram histogram(std::span<const double> values, double limit, Index bins);

#if !IDM_HAS_COMPILED

IDM_INLINE TypicalTrajectories typical_trajectories(std::vector<TrajectoryScore> scores) {
    detail::require<DataError>(!scores.empty(), "expected at least one trajectory to rank, got none");
    std::sort(scores.begin(), scores.end(), [](const TrajectoryScore& a, const TrajectoryScore& b) {
        return a.nmse != b.nmse ? a.nmse < b.nmse : a.trajectory < b.trajectory;
    });
    return {scores.front(), scores[(scores.size() - 1) / 2], scores.back()};
}

IDM_INLINE Spread spread(std::span<const double> values) {
    detail::require<DataError>(!values.empty(), "expected at least one value to summarise, got none");
    Spread out{0, values[0], values[0], 0};
    for (const double value : values) {
        out.mean += value / static_cast<double>(values.size());
        out.low = std::min(out.low, value);
        out.high = std::max(out.high, value);
    }
    if (values.size() == 1) return out;
    double square = 0;
    for (const double value : values) square += (value - out.mean) * (value - out.mean);
    out.deviation = std::sqrt(square / static_cast<double>(values.size() - 1));
    return out;
}

IDM_INLINE Histogram histogram(std::span<const double> values, double limit, Index bins) {
    detail::require<ConfigError>(limit > 0 && bins > 0, "expected a limit and a number of bins above 0, got ", limit,
                                 " and ", bins);
    Histogram out;
    out.limit = limit;
    out.counts.assign(static_cast<std::size_t>(bins), 0);
    for (const double value : values) {
        const double place = std::floor((value + limit) / out.width());
        if (place >= 0 && place < static_cast<double>(bins))
            ++out.counts[static_cast<std::size_t>(place)];
        else
            ++out.outside;
    }
    return out;
}

#endif  // !IDM_HAS_COMPILED

IDM_NAMESPACE_END
