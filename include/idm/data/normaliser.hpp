#pragma once

#include <string>
#include <vector>

#include <idm/core/config.hpp>
#include <idm/core/tensor.hpp>
#include <idm/data/trajectory.hpp>

IDM_NAMESPACE_BEGIN

/// Gives each input and target column mean 0 and standard deviation 1 on the training rows.
template <class T>
class Normaliser {
public:
    Normaliser() = default;
    Normaliser(Vector<T> input_mean, Vector<T> input_scale, Vector<T> target_mean, Vector<T> target_scale);

    const Vector<T>& input_mean() const;
    const Vector<T>& input_scale() const;
    const Vector<T>& target_mean() const;
    const Vector<T>& target_scale() const;
    const std::vector<std::string>& constant_inputs() const;

    void normalise_inputs(Matrix<T>& inputs) const;
    void normalise_targets(Matrix<T>& targets) const;
    void denormalise_targets(Matrix<T>& targets) const;
    T denormalise_target(T value, Index column) const;
};

IDM_NAMESPACE_END
