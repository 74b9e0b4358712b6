#pragma once

#include <algorithm>
#include <atomic>
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
#include <idm/layers/network.hpp>
#include <idm/layers/without_padding.hpp>
#include <idm/training/loss.hpp>
#include <idm/training/useful_threads.hpp>

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

namespace detail {

inline constexpr Index predicted_together = 64;  // rows of one forward pass

/// Runs of rows that follow each other in one segment, as ranges of indices into `rows`, cut at `predicted_together`.
inline std::vector<Range> runs_of(std::span<const WindowRow> rows) {
    std::vector<Range> runs;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const Index at = static_cast<Index>(i);
        if (!runs.empty() && runs.back().end - runs.back().begin < predicted_together &&
            rows[i] == WindowRow{rows[i - 1].row + 1, rows[i - 1].begin, rows[i - 1].end})
            ++runs.back().end;
        else
            runs.push_back({at, at + 1});
    }
    return runs;
}

/// Every window by itself.
template <class M, class T>
void predict_windows(const M& model, const Matrix<T>& inputs, Index ahead, std::span<const WindowRow> rows, int threads,
                     Matrix<T>& result) {
    const Index count = std::ssize(rows), blocks = (count + predicted_together - 1) / predicted_together;
    std::atomic<Index> next = 0;  // a thread that shares its processor takes fewer
    parallel(useful_threads(count * multiply_adds(model.network()), threads, blocks), [&](const Team&) {
        Workspace<T> workspace = model.make_workspace(predicted_together);
        for (Index b = next++; b < blocks; b = next++) {
            const Index begin = b * predicted_together, samples = std::min(predicted_together, count - begin);
            for (Index n = 0; n < samples; ++n)
                gather_window(inputs, rows[static_cast<std::size_t>(begin + n)], model.window(), ahead,
                              workspace.input().sample(n));
            model.forward(workspace, samples);
            for (Index n = 0; n < samples; ++n)
                std::copy_n(workspace.output().sample(n), model.outputs(), &result(begin + n, 0));
        }
    });
}

/// Rows that follow each other as one chunk, in which a step is computed once, not once for each window that holds it.
template <class M, class T>
void predict_chunks(const M& model, const Matrix<T>& inputs, Index ahead, std::span<const WindowRow> rows, int threads,
                    Matrix<T>& result) {
    const std::vector<Range> runs = runs_of(rows);
    // A product of one row alone would be summed in another order.
    Index chunk = 2;
    for (const Range& run : runs) chunk = std::max(chunk, run.end - run.begin);
    const Index history = model.network().history();
    const auto sequence = without_padding(sequence_network(model.network(), history + chunk));
    std::atomic<Index> next = 0;
    parallel(useful_threads(std::ssize(runs) * multiply_adds(sequence), threads, std::ssize(runs)), [&](const Team&) {
        Workspace<T> workspace(sequence.template workspace_shape<T>(1, Mode::inference));
        const Index before = sequence.output_shape().size() - chunk * model.outputs();
        for (Index r = next++; r < std::ssize(runs); r = next++) {
            const Range run = runs[static_cast<std::size_t>(r)];
            const Index size = run.end - run.begin;
            // Behind a shorter run lies stale data, on which none of its outputs depends.
            gather_window(inputs, rows[static_cast<std::size_t>(run.end - 1)], history + size, ahead,
                          workspace.input().sample(0));
            sequence.forward(model.parameters().data(), workspace, 1);
            std::copy_n(workspace.output().sample(0) + before, size * model.outputs(), &result(run.begin, 0));
        }
    });
}

}  // namespace detail

/// Predicts the given rows, each from its window.
///
/// *Shapes*: `inputs` [all rows, inputs]; result [rows.size(), outputs]. *Units*: normalised.
/// *Errors*: `ShapeError` when the model has another number of inputs.
/// *Cost*: where the model can train on sequences, rows that follow each other share the steps between them: for Cnn2
/// and a window of 32, at most 94 steps for 64 rows in place of 2048.
/// *Threads*: `threads` (0: all), fewer for little work; the result does not depend on their number.
template <class M>
Matrix<typename M::Scalar> predict_rows(const M& model, const Matrix<typename M::Scalar>& inputs, Index ahead,
                                        std::span<const WindowRow> rows, int threads = 0) {
    detail::require_inputs(model, inputs);
    Matrix<typename M::Scalar> result(std::ssize(rows), model.outputs());
    if constexpr (SequenceTrainable<typename M::NetworkType::Layers>) {
        if (model.network().history() < model.window()) {
            detail::predict_chunks(model, inputs, ahead, rows, threads, result);
            return result;
        }
    }
    detail::predict_windows(model, inputs, ahead, rows, threads, result);
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
