#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include <idm/core/error.hpp>
#include <idm/core/parallel.hpp>
#include <idm/core/tensor.hpp>
#include <idm/core/workspace.hpp>
#include <idm/data/dataset.hpp>
#include <idm/data/window.hpp>
#include <idm/training/loss.hpp>

IDM_NAMESPACE_BEGIN

namespace detail {

template <class M>
void require_inputs(const M& model, const Matrix<typename M::Scalar>& inputs) {
    require<ShapeError>(model.inputs() == inputs.cols(), "expected rows of ", model.inputs(),
                        " inputs (the model's), got ", inputs.cols());
}

/// *Errors*: `ShapeError` when the model has another number of inputs or outputs than the data set.
template <class M>
void require_extents(const M& model, const Dataset<typename M::Scalar>& data) {
    require_inputs(model, data.inputs);
    require<ShapeError>(model.outputs() == data.targets.cols(), "expected a data set of ", model.outputs(),
                        " targets (the model's outputs), got ", data.targets.cols());
}

/// The sum of some rows' weights. *Errors*: `DataError` for weights that are not one number of at least 0 for each row
/// of the data set, or none above 0 among these rows.
template <class T>
double weight_of(const Dataset<T>& data, std::span<const WindowRow> rows) {
    require<DataError>(data.row_weights.empty() || static_cast<Index>(data.row_weights.size()) == data.targets.rows(),
                       "expected one weight for each of ", data.targets.rows(), " rows of the data set, or none, got ",
                       data.row_weights.size());
    double sum = 0;
    for (const WindowRow& row : rows) {
        const double weight = data.row_weight(row.row);
        require<DataError>(weight >= 0 && std::isfinite(weight), "row ", row.row,
                           ": expected a finite weight of at least 0, got ", weight);
        sum += weight;
    }
    require<DataError>(sum > 0, "expected a row weight above 0 among ", rows.size(), " rows, got none");
    return sum;
}

}  // namespace detail

/// Predicts the given rows, window by window.
///
/// *Shapes*: `inputs` [all rows, inputs]; result [rows.size(), outputs]. *Units*: normalised.
/// *Errors*: `ShapeError` when the model has another number of inputs.
/// *Threads*: `threads` (0: all); the result does not depend on their number.
template <class M>
Matrix<typename M::Scalar> predict_rows(const M& model, const Matrix<typename M::Scalar>& inputs, Index ahead,
                                        std::span<const WindowRow> rows, int threads = 0) {
    using T = typename M::Scalar;
    constexpr Index block = 64;
    const Index count = static_cast<Index>(rows.size()), blocks = (count + block - 1) / block;
    detail::require_inputs(model, inputs);
    Matrix<T> result(count, model.outputs());
    parallel(threads, [&](const Team& team) {
        Workspace<T> workspace = model.make_workspace(block);
        const Range share = team.share(blocks);
        for (Index b = share.begin; b < share.end; ++b) {
            const Index begin = b * block, samples = std::min(block, count - begin);
            for (Index n = 0; n < samples; ++n)
                gather_window(inputs, rows[static_cast<std::size_t>(begin + n)], model.window(), ahead,
                              workspace.input().sample(n));
            model.forward(workspace, samples);
            for (Index n = 0; n < samples; ++n)
                std::copy_n(workspace.output().sample(n), model.outputs(), &result(begin + n, 0));
        }
    });
    return result;
}

/// The same for rows of a data set; `in_log_units` turns the result into the log's units.
template <class M>
Matrix<typename M::Scalar> predict_rows(const M& model, const Dataset<typename M::Scalar>& data,
                                        std::span<const WindowRow> rows, int threads = 0) {
    detail::require_extents(model, data);
    return predict_rows(model, data.inputs, data.recipe.ahead, rows, threads);
}

/// The targets of the given rows. *Units*: normalised.
template <class T>
Matrix<T> target_rows(const Dataset<T>& data, std::span<const WindowRow> rows) {
    Matrix<T> result(static_cast<Index>(rows.size()), data.targets.cols());
    for (std::size_t i = 0; i < rows.size(); ++i) result.row(static_cast<Index>(i)) = data.targets.row(rows[i].row);
    return result;
}

/// Mean loss of normalised targets over the given rows, by their weights: what training minimises.
///
/// *Errors*: `ConfigError` for a loss that does not fit the outputs, `DataError` for row weights that do not.
/// *Threads*: as `predict_rows`.
template <class M>
double mean_loss(const M& model, const Dataset<typename M::Scalar>& data, std::span<const WindowRow> rows,
                 const LossConfig& config, int threads = 0) {
    const Loss<typename M::Scalar> loss(data.targets.cols(), config);
    const auto predicted = predict_rows(model, data, rows, threads);
    if (data.row_weights.empty()) {
        const auto measured = target_rows(data, rows);
        return loss.sum(predicted.rows(), predicted.data(), measured.data()) / static_cast<double>(predicted.size());
    }
    const double weight = detail::weight_of(data, rows) * static_cast<double>(data.targets.cols());
    double sum = 0;
    for (std::size_t i = 0; i < rows.size(); ++i)
        if (const double w = data.row_weight(rows[i].row); w > 0)
            sum += w * loss.sum(1, &predicted(static_cast<Index>(i), 0), &data.targets(rows[i].row, 0));
    return sum / weight;
}

/// The same with the squared loss.
template <class M>
double mean_squared_error(const M& model, const Dataset<typename M::Scalar>& data, std::span<const WindowRow> rows,
                          int threads = 0) {
    return mean_loss(model, data, rows, {}, threads);
}

IDM_NAMESPACE_END
