#pragma once

#include <idm/layers/dense.hpp>
#include <idm/layers/reshape.hpp>
#include <idm/models/model.hpp>

IDM_NAMESPACE_BEGIN

namespace detail {
template <Index Outputs>
using BaselineNet = Sequential<Flatten, Dense<Outputs>>;
}

/// The reference without deep learning: linear in the window, y = W vec(x) + b.
///
/// `fit_ridge` (training/ridge.hpp) solves it in closed form; the trainer can train it by gradient too.
///
/// *Shapes*: input [N, window, inputs], output [N, 1, outputs]. *Units*: normalised.
template <class T = float, Index Window = dynamic, Index Inputs = dynamic, Index Outputs = dynamic>
class Baseline : public Model<T, Shape<Window, Inputs>, detail::BaselineNet<Outputs>> {
public:
    static constexpr const char* name = "baseline";

    explicit Baseline(const ModelConfig& config = {})
        : Model<T, Shape<Window, Inputs>, detail::BaselineNet<Outputs>>(
              detail::input_shape_of<Window, Inputs>(config),
              Sequential(Flatten(), Dense<Outputs>(detail::extent_of<Outputs>(config.outputs, "outputs")))) {}
};

IDM_NAMESPACE_END
