#pragma once

#include <cstddef>
#include <span>

#include <idm/core/config.hpp>
#include <idm/core/tensor.hpp>
#include <idm/data/dynamics.hpp>
#include <idm/training/evaluate.hpp>
#include <idm/training/metrics.hpp>

IDM_NAMESPACE_BEGIN

namespace physics {

/// F in each row of a set. *Shapes*: [rows, targets]. *Units*: the targets'.
template <class T>
Matrix<double> dynamics_of(const ResidualDataset<T>& data, const EvaluationSet& set) {
    Matrix<double> result(static_cast<Index>(set.rows.size()), data.dynamics.cols());
    for (std::size_t i = 0; i < set.rows.size(); ++i)
        result.row(static_cast<Index>(i)) = data.dynamics.row(set.rows[i].row);
    return result;
}

/// F + model in each row of a set. *Shapes*: [rows, targets]. *Units*: the targets'. *Threads*: as `predict_rows`.
template <class M>
Matrix<double> predict(const M& model, const ResidualDataset<typename M::Scalar>& data, const EvaluationSet& set,
                       int threads = 0) {
    return dynamics_of(data, set) + idm::predict(model, data, set, threads);
}

/// Scores F + model on the whole torque, so that the figures compare with those of models that know no physics.
/// (`idm::evaluate` scores the model on what F leaves.)
///
/// *Units*: the targets'. *Errors*: those of `evaluation_set` and `evaluate_predictions`.
template <class M>
Score evaluate(const M& model, const ResidualDataset<typename M::Scalar>& data, std::span<const Segment> segments,
               int threads = 0) {
    const EvaluationSet set = evaluation_set(data, segments);
    const Matrix<double> measured = set.measured + dynamics_of(data, set);
    return score_predictions(measured, physics::predict(model, data, set, threads), std::span<const Index>(set.scored));
}

/// The same for F alone.
template <class T>
Score evaluate_dynamics(const ResidualDataset<T>& data, std::span<const Segment> segments) {
    const EvaluationSet set = evaluation_set(data, segments);
    const Matrix<double> known = dynamics_of(data, set);
    const Matrix<double> measured = set.measured + known;
    return score_predictions(measured, known, std::span<const Index>(set.scored));
}

}  // namespace physics

IDM_NAMESPACE_END
