#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <idm/data/dataset.hpp>

#include "support/network_run.hpp"

namespace idm_test {

/// Extents of a small data set. The last trajectory is for the test, the one before it for validation.
struct SmallData {
    Index trajectories = 6, rows = 60, inputs = 2, outputs = 1, ahead = 0;
    std::uint64_t seed = 1;
};

/// A data set of uniform random inputs in [-1, 1), with a normaliser that changes nothing, made without a log.
/// `target(at, o)` gives output o of a row; `at(lag, channel)` reads the inputs `lag` rows earlier, the first or last
/// row of the trajectory in the place of rows outside of it.
template <class T, class Target>
idm::Dataset<T> small_dataset(const SmallData& small, Target target) {
    idm::Dataset<T> data;
    data.recipe.ahead = small.ahead;
    data.inputs.resize(small.trajectories * small.rows, small.inputs);
    data.targets.resize(small.trajectories * small.rows, small.outputs);
    const std::vector<T> x = numbers<T>(small.seed, 0, data.inputs.size());
    std::copy(x.begin(), x.end(), data.inputs.data());
    for (Index k = 0; k < small.trajectories; ++k) {
        const idm::Segment segment{k * small.rows, (k + 1) * small.rows, std::to_string(k)};
        for (Index row = segment.begin; row < segment.end; ++row) {
            const auto at = [&](Index lag, Index channel) {
                return data.inputs(std::clamp(row - lag, segment.begin, segment.end - 1), channel);
            };
            for (Index o = 0; o < small.outputs; ++o) data.targets(row, o) = static_cast<T>(target(at, o));
        }
        (k == small.trajectories - 1   ? data.split.test
         : k == small.trajectories - 2 ? data.split.validation
                                       : data.split.train)
            .push_back(segment);
    }
    const auto constant = [](Index size, T value) { return idm::Vector<T>(idm::Vector<T>::Constant(size, value)); };
    data.normaliser = {constant(small.inputs, T(0)), constant(small.inputs, T(1)), constant(small.outputs, T(0)),
                       constant(small.outputs, T(1))};
    return data;
}

/// Each output is linear in the newest rows of all inputs: what every model can learn.
template <class T>
idm::Dataset<T> linear_dataset(const SmallData& small = {}) {
    return small_dataset<T>(small, [&](const auto& at, Index o) {
        double y = 0.25 * static_cast<double>(o + 1);
        for (Index c = 0; c < small.inputs; ++c)
            y += static_cast<double>(at(0, c)) * (c == o ? 1.0 : 0.5) - 0.5 * static_cast<double>(at(1 + o, c));
        return y;
    });
}

template <class M>
std::vector<typename M::Scalar> parameters_of(const M& model) {
    return {model.parameters().begin(), model.parameters().end()};
}

/// The message of the exception of type `E` that `action` throws; empty when it throws none.
template <class E, class Action>
std::string message_of(Action action) {
    try {
        action();
    } catch (const E& error) {
        return error.what();
    }
    return {};
}

}  // namespace idm_test
