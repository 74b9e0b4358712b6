#pragma once

#include <span>
#include <vector>

#include <idm/core/tensor.hpp>
#include <idm/data/dataset.hpp>
#include <idm/data/window.hpp>
#include <idm/training/metrics.hpp>
#include <idm/training/predict.hpp>

IDM_NAMESPACE_BEGIN

/// Every row of some segments that can be a sample, as models are compared on them. It depends on the data alone, so
/// all models and references of one table are scored on the same rows, whatever their windows.
///
/// Targets that are relative to state columns are scored as they are in the log, not as differences.
///
/// *Shapes*: `measured` [rows, horizon * J]. *Units*: the log's (N m for torques).
struct EvaluationSet {
    std::vector<WindowRow> rows;    // all of them, in order
    std::vector<Index> scored;      // positions in `rows` that count: see `scored_rows_before` and `_after`
    std::vector<Index> trajectory;  // number of each row's segment
    Matrix<double> measured;
};

/// *Errors*: `DataError` when no row can be scored: every segment is shorter than 80 rows.
template <class T>
EvaluationSet evaluation_set(const Dataset<T>& data, std::span<const Segment> segments) {
    EvaluationSet set;
    set.rows = window_rows(segments, 1, data.recipe.ahead, Rows::all, data.recipe.horizon);
    Index number = -1, begin = -1;
    for (std::size_t i = 0; i < set.rows.size(); ++i) {
        const WindowRow& row = set.rows[i];
        if (row.begin != begin) ++number;
        begin = row.begin;
        set.trajectory.push_back(number);
        if (row.row - row.begin >= scored_rows_before && row.end - 1 - row.row >= scored_rows_after)
            set.scored.push_back(static_cast<Index>(i));
    }
    detail::require<DataError>(!set.scored.empty(), "expected a trajectory of at least ",
                               scored_rows_before + scored_rows_after + 1, " rows to score, got none among ",
                               segments.size(), "; record longer trajectories or join them");
    const std::span<const WindowRow> rows(set.rows);
    set.measured = in_log_units(data, rows, target_rows(data, rows));
    return set;
}

/// Predicts every row of the set. *Units*: the log's. *Threads*: as `predict_rows`.
template <class M>
Matrix<double> predict(const M& model, const Dataset<typename M::Scalar>& data, const EvaluationSet& set,
                       int threads = 0) {
    const std::span<const WindowRow> rows(set.rows);
    return in_log_units(data, rows, predict_rows(model, data, rows, threads));
}

/// Predicts some segments and scores the prediction, on the rows that every model is compared on and on all rows.
///
/// *Units*: the log's. *Errors*: those of `evaluation_set` and `evaluate_predictions`.
template <class M>
Score evaluate(const M& model, const Dataset<typename M::Scalar>& data, std::span<const Segment> segments,
               int threads = 0) {
    const EvaluationSet set = evaluation_set(data, segments);
    return score_predictions(set.measured, predict(model, data, set, threads), std::span<const Index>(set.scored));
}

IDM_NAMESPACE_END
