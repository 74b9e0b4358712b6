#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <idm/core/config.hpp>
#include <idm/core/error.hpp>
#include <idm/core/tensor.hpp>
#include <idm/data/trajectory.hpp>

IDM_NAMESPACE_BEGIN

namespace detail {

/// Mean and population standard deviation of each column over the rows of some segments, summed in double.
struct ColumnMoments {
    Vector<double> mean, deviation, low, high;
    std::vector<bool> constant;
};

template <class T>
ColumnMoments column_moments(const Matrix<T>& values, std::span<const Segment> segments) {
    const Index columns = values.cols();
    const Vector<double> none = Vector<double>::Constant(columns, std::numeric_limits<double>::infinity());
    ColumnMoments result{Vector<double>::Zero(columns), Vector<double>::Zero(columns), none, -none, {}};
    Index rows = 0;
    for (const Segment& segment : segments) {
        rows += segment.size();
        for (Index row = segment.begin; row < segment.end; ++row) {
            const Vector<double> value = values.row(row).transpose().template cast<double>();
            result.mean += value;
            result.low = result.low.cwiseMin(value);
            result.high = result.high.cwiseMax(value);
        }
    }
    require<DataError>(rows > 0, "expected training rows to normalise with, got none");
    result.mean /= static_cast<double>(rows);
    for (const Segment& segment : segments)
        for (Index row = segment.begin; row < segment.end; ++row)
            result.deviation +=
                (values.row(row).transpose().template cast<double>() - result.mean).array().square().matrix();
    result.deviation = (result.deviation / static_cast<double>(rows)).cwiseSqrt();
    // A spread of a few roundings is no signal: scaled up it would be noise of variance 1.
    for (Index i = 0; i < columns; ++i)
        result.constant.push_back(result.high[i] - result.low[i] <=
                                  4 * static_cast<double>(std::numeric_limits<T>::epsilon()) *
                                      std::max(std::abs(result.low[i]), std::abs(result.high[i])));
    return result;
}

}  // namespace detail

/// Gives every input and target column mean 0 and standard deviation 1 over the training rows.
///
/// normalised = (value - mean) / scale.
/// *Shapes*: inputs `[rows, C]`, targets `[rows, J]`; means and scales `[C]`, `[J]`.
/// *Errors*: `ShapeError` for a matrix with other columns. *Threads*: const members may be called at the same time.
template <class T>
class Normaliser {
public:
    Normaliser() = default;

    /// From stored values. *Errors*: `DataError` unless all are finite and the scales positive.
    Normaliser(Vector<T> input_mean, Vector<T> input_scale, Vector<T> target_mean, Vector<T> target_scale,
               std::vector<std::string> constant_inputs = {})
        : input_mean_(std::move(input_mean)),
          input_scale_(std::move(input_scale)),
          target_mean_(std::move(target_mean)),
          target_scale_(std::move(target_scale)),
          constant_inputs_(std::move(constant_inputs)) {
        check(input_mean_, input_scale_, "input");
        check(target_mean_, target_scale_, "target");
    }

    /// Fitted on the rows of `train` alone. A constant input keeps scale 1 and is named in `constant_inputs()`.
    ///
    /// *Errors*: `DataError` for a constant target: there is nothing to learn, and no variance to measure errors by.
    static Normaliser fit(const Matrix<T>& inputs, const Matrix<T>& targets, std::span<const Segment> train,
                          const std::vector<std::string>& input_names, const std::vector<std::string>& target_names) {
        const detail::ColumnMoments input = detail::column_moments(inputs, train);
        const detail::ColumnMoments target = detail::column_moments(targets, train);
        std::vector<std::string> constant;
        Vector<T> input_scale = input.deviation.cast<T>();
        for (std::size_t i = 0; i < input_names.size(); ++i) {
            if (!input.constant[i]) continue;
            input_scale[static_cast<Index>(i)] = T(1);
            constant.push_back(input_names[i]);
        }
        for (std::size_t i = 0; i < target_names.size(); ++i)
            detail::require<DataError>(!target.constant[i], "target column '", target_names[i],
                                       "' has the constant value ", target.mean[static_cast<Index>(i)],
                                       " in all training rows, expected one that varies; leave it out of the targets");
        Normaliser result(input.mean.cast<T>(), std::move(input_scale), target.mean.cast<T>(),
                          target.deviation.cast<T>(), std::move(constant));
        result.set_input_range(input.low.cast<T>(), input.high.cast<T>());
        return result;
    }

    const Vector<T>& input_mean() const { return input_mean_; }
    const Vector<T>& input_scale() const { return input_scale_; }
    const Vector<T>& target_mean() const { return target_mean_; }
    const Vector<T>& target_scale() const { return target_scale_; }

    /// Names of the inputs that do not vary in the training rows.
    const std::vector<std::string>& constant_inputs() const { return constant_inputs_; }

    /// The range of each input over the training rows, in the input's unit; empty where it is not known.
    const Vector<T>& input_low() const { return input_low_; }
    const Vector<T>& input_high() const { return input_high_; }
    bool has_input_range() const { return input_low_.size() > 0; }
    /// *Errors*: `DataError` unless there are as many finite numbers as inputs, or none, and low <= high.
    void set_input_range(Vector<T> low, Vector<T> high) {
        const bool fits = (low.size() == input_mean_.size() || low.size() == 0) && high.size() == low.size();
        detail::require<DataError>(fits && low.allFinite() && high.allFinite() && (low.array() <= high.array()).all(),
                                   "expected a finite range low <= high for each of ", input_mean_.size(),
                                   " inputs, or none");
        input_low_ = std::move(low);
        input_high_ = std::move(high);
    }
    /// How far a row of normalised inputs lies outside the training rows: the largest distance of an input from its
    /// range, in standard deviations; 0 inside, NaN for a NaN. A constant input counts in its own unit.
    ///
    /// *Shapes*: `row` [inputs]. *Cost*: no allocation.
    T distance(const T* row) const noexcept {
        T largest = 0;
        for (Index i = 0; i < input_low_.size(); ++i) {
            const T value = row[i] * input_scale_[i] + input_mean_[i];
            const T outside = std::max(input_low_[i] - value, value - input_high_[i]) / input_scale_[i];
            if (!(outside <= largest)) largest = outside;
            if (std::isnan(outside)) return outside;
        }
        return largest;
    }

    void normalise_inputs(Matrix<T>& inputs) const { normalise(inputs, input_mean_, input_scale_); }
    void normalise_targets(Matrix<T>& targets) const { normalise(targets, target_mean_, target_scale_); }

    /// Back to the target's unit.
    void denormalise_targets(Matrix<T>& targets) const {
        check_columns(targets, target_mean_);
        for (Index row = 0; row < targets.rows(); ++row)
            for (Index i = 0; i < targets.cols(); ++i) targets(row, i) = denormalise_target(targets(row, i), i);
    }
    T denormalise_target(T value, Index column) const { return value * target_scale_[column] + target_mean_[column]; }

private:
    static void check(const Vector<T>& mean, const Vector<T>& scale, const char* what) {
        detail::require<ShapeError>(mean.size() == scale.size(), "expected as many ", what, " scales as means (",
                                    mean.size(), "), got ", scale.size());
        for (Index i = 0; i < mean.size(); ++i)
            detail::require<DataError>(std::isfinite(mean[i]) && std::isfinite(scale[i]) && scale[i] > 0, what,
                                       " column ", i, ": expected a finite mean and a positive scale, got ", mean[i],
                                       " and ", scale[i]);
    }

    static void check_columns(const Matrix<T>& values, const Vector<T>& mean) {
        detail::require<ShapeError>(values.cols() == mean.size(), "expected ", mean.size(), " columns, got ",
                                    values.cols());
    }

    static void normalise(Matrix<T>& values, const Vector<T>& mean, const Vector<T>& scale) {
        check_columns(values, mean);
        for (Index row = 0; row < values.rows(); ++row)
            for (Index i = 0; i < values.cols(); ++i) values(row, i) = (values(row, i) - mean[i]) / scale[i];
    }

    Vector<T> input_mean_, input_scale_, target_mean_, target_scale_, input_low_, input_high_;
    std::vector<std::string> constant_inputs_;
};

IDM_NAMESPACE_END
