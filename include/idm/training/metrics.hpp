#pragma once

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include <idm/core/config.hpp>
#include <idm/core/error.hpp>
#include <idm/core/tensor.hpp>

IDM_NAMESPACE_BEGIN

/// How well one joint is predicted. `worst_row` counts in the rows of the matrices that were compared.
struct JointMetrics {
    double nmse = 0;
    double variance = 0;  // of the measurement
    double rmse = 0;
    double mae = 0;
    double r2 = 0;
    double worst_error = 0;
    Index worst_row = 0;
};

/// Figures of all joints, and their means over the joints (each joint counts the same).
struct Metrics {
    std::vector<JointMetrics> joints;
    Index rows = 0;
    double nmse = 0;
    double rmse = 0;
    double mae = 0;
    double r2 = 0;
    Index worst_joint = 0;

    const JointMetrics& worst() const { return joints[static_cast<std::size_t>(worst_joint)]; }
};

/// One prediction, scored twice: on the rows that every model is compared on, and on all rows.
struct Score {
    Metrics scored;
    Metrics all_rows;
};

namespace detail {

/// Mean and population variance of each column of `values`, over the given rows.
struct MeasuredMoments {
    std::vector<double> mean, variance;
};

inline std::vector<Index> all_rows_of(Index rows) {
    std::vector<Index> out(static_cast<std::size_t>(rows));
    for (Index i = 0; i < rows; ++i) out[static_cast<std::size_t>(i)] = i;
    return out;
}

/// *Errors*: `DataError` for a column that is not finite or constant, because nMSE divides by its variance.
template <class T>
MeasuredMoments measured_moments(const Matrix<T>& measured, std::span<const Index> rows) {
    const double count = static_cast<double>(rows.size());
    MeasuredMoments out;
    for (Index joint = 0; joint < measured.cols(); ++joint) {
        double sum = 0, square = 0;
        T low = measured(rows[0], joint), high = low;
        for (const Index row : rows) {
            const T value = measured(row, joint);
            require<DataError>(std::isfinite(value), "expected finite measurements, got ", value, " at row ", row,
                               ", joint ", joint + 1, "; drop or repair this row of the log");
            sum += static_cast<double>(value);
            low = std::min(low, value);
            high = std::max(high, value);
        }
        require<DataError>(low < high, "joint ", joint + 1, " is constant (", low, ") over the ", rows.size(),
                           " rows to score, so its nMSE (error / variance) is undefined; leave this joint out or score "
                           "rows in which it moves");
        const double mean = sum / count;
        for (const Index row : rows) {
            const double deviation = static_cast<double>(measured(row, joint)) - mean;
            square += deviation * deviation;
        }
        out.mean.push_back(mean);
        out.variance.push_back(square / count);
    }
    return out;
}

template <class T>
void require_comparable(const Matrix<T>& measured, const Matrix<T>& predicted, std::span<const Index> rows) {
    require<ShapeError>(measured.rows() == predicted.rows() && measured.cols() == predicted.cols(),
                        "expected a prediction of the measurement's shape [", measured.rows(), ", ", measured.cols(),
                        "], got [", predicted.rows(), ", ", predicted.cols(), "]");
    require<DataError>(!rows.empty() && measured.cols() > 0, "expected at least one row and one joint to score, got ",
                       rows.size(), " rows of ", measured.cols(),
                       " joints; the trajectories may be shorter than the rows that scoring leaves out");
    for (const Index row : rows)
        require<ShapeError>(row >= 0 && row < measured.rows(), "expected rows to score in [0, ", measured.rows(),
                            "), got row ", row);
}

template <class T>
JointMetrics joint_metrics(const Matrix<T>& measured, const Matrix<T>& predicted, std::span<const Index> rows,
                           Index joint, double variance) {
    const double count = static_cast<double>(rows.size());
    double square = 0, absolute = 0;
    JointMetrics out;
    out.worst_row = rows[0];
    for (const Index row : rows) {
        const double value = static_cast<double>(predicted(row, joint));
        require<NumericError>(std::isfinite(value), "expected finite predictions, got ", value, " at row ", row,
                              ", joint ", joint + 1, "; the training may have diverged: lower the learning rate");
        const double error = std::abs(value - static_cast<double>(measured(row, joint)));
        square += error * error;
        absolute += error;
        if (error > out.worst_error) {
            out.worst_error = error;
            out.worst_row = row;
        }
    }
    out.nmse = square / count / variance;
    out.variance = variance;
    out.rmse = std::sqrt(square / count);
    out.mae = absolute / count;
    out.r2 = 1.0 - out.nmse;
    return out;
}

}  // namespace detail

/// Compares a prediction with the measurement on the given rows; sums are taken in double.
///
///     nMSE = mean (predicted - measured)^2 / variance(measured), population variance over the same rows
///     R^2  = 1 - nMSE
///
/// *Shapes*: both [rows, joints]; `rows` are row numbers, `worst_row` is one of them (the first of equal errors).
/// *Units*: RMSE, MAE and the worst error in the unit of the matrices (N m for torques); nMSE and R^2 have none. The
/// mean RMSE and MAE over joints are plain means; the worst joint is the one with the largest absolute error.
/// *Errors*: `ShapeError` if the shapes differ; `DataError` for no rows, or a measured joint that is constant or not
/// finite; `NumericError` for a prediction that is not finite.
template <class T>
Metrics evaluate_predictions(const Matrix<T>& measured, const Matrix<T>& predicted, std::span<const Index> rows) {
    detail::require_comparable(measured, predicted, rows);
    const detail::MeasuredMoments moments = detail::measured_moments(measured, rows);
    const double joints = static_cast<double>(measured.cols());
    Metrics out;
    out.rows = static_cast<Index>(rows.size());
    for (Index joint = 0; joint < measured.cols(); ++joint) {
        const JointMetrics one =
            detail::joint_metrics(measured, predicted, rows, joint, moments.variance[static_cast<std::size_t>(joint)]);
        out.joints.push_back(one);
        out.nmse += one.nmse / joints;
        out.rmse += one.rmse / joints;
        out.mae += one.mae / joints;
        out.r2 += one.r2 / joints;
        if (one.worst_error > out.worst().worst_error) out.worst_joint = joint;
    }
    return out;
}

/// The same over all rows.
template <class T>
Metrics evaluate_predictions(const Matrix<T>& measured, const Matrix<T>& predicted) {
    const std::vector<Index> rows = detail::all_rows_of(measured.rows());
    return evaluate_predictions(measured, predicted, std::span<const Index>(rows));
}

/// Scores a prediction of all rows on `scored_rows` and on all rows.
template <class T>
Score score_predictions(const Matrix<T>& measured, const Matrix<T>& predicted, std::span<const Index> scored_rows) {
    return {evaluate_predictions(measured, predicted, scored_rows), evaluate_predictions(measured, predicted)};
}

IDM_NAMESPACE_END
