#pragma once

#include <idm/layers/activation.hpp>
#include <idm/layers/conv1d.hpp>
#include <idm/layers/dense.hpp>
#include <idm/layers/reshape.hpp>
#include <idm/models/model.hpp>

IDM_NAMESPACE_BEGIN

namespace detail {
template <Index Outputs, Padding P>
using Cnn1Net = Sequential<Conv1D<64, 5, P>, ReLU, Conv1D<64, 3, P>, ReLU, Flatten, Dense<128>, ReLU, Dense<Outputs>>;
}

/// The plain convolutional network.
///
///     layer                     output
///     input                     [W, inputs]
///     Conv1D 64, k5, ReLU       [W - 4, 64]    (valid; [W, 64] with causal or same padding)
///     Conv1D 64, k3, ReLU       [W - 6, 64]
///     Flatten                   [1, (W - 6) * 64]
///     Dense 128, ReLU           [1, 128]
///     Dense                     [1, outputs]
///
/// Valid padding is the default because it can stream: every row inside the window is then a function of real samples.
///
/// *Shapes*: input [N, window, inputs], output [N, 1, outputs]. *Units*: normalised.
/// *Errors*: `ShapeError` for a window shorter than 7 with valid padding.
template <class T = float, Index Window = dynamic, Index Inputs = dynamic, Index Outputs = dynamic,
          Padding P = Padding::valid>
class Cnn1 : public Model<T, Shape<Window, Inputs>, detail::Cnn1Net<Outputs, P>> {
public:
    static constexpr const char* name = "cnn1";

    explicit Cnn1(const ModelConfig& config = {})
        : Model<T, Shape<Window, Inputs>, detail::Cnn1Net<Outputs, P>>(
              detail::input_shape_of<Window, Inputs>(config),
              Sequential(Conv1D<64, 5, P>(), ReLU(), Conv1D<64, 3, P>(), ReLU(), Flatten(), Dense<128>(), ReLU(),
                         Dense<Outputs>(detail::extent_of<Outputs>(config.outputs, "outputs")))) {}
};

IDM_NAMESPACE_END
