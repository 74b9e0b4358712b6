#pragma once

#include <vector>

#include <idm/training/trainer.hpp>

namespace idm_test {

/// Mean squared error over the rows that training, or its validation, uses.
template <class M>
double loss_of(const M& model, const idm::Dataset<typename M::Scalar>& data,
               const std::vector<idm::Segment>& segments) {
    const auto rows = idm::window_rows(segments, model.window(), data.recipe.ahead, idm::Rows::full);
    return idm::mean_squared_error(model, data, rows, 1);
}

}  // namespace idm_test
