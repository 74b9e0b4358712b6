#pragma once

#include <idm/layers/activation.hpp>
#include <idm/layers/conv1d.hpp>
#include <idm/layers/dense.hpp>
#include <idm/layers/reshape.hpp>
#include <idm/layers/residual.hpp>
#include <idm/models/model.hpp>

IDM_NAMESPACE_BEGIN

namespace detail {
template <Index Dilation>
using Cnn2Block = Residual<Conv1D<64, 3, Padding::causal, 1, Dilation>, ReLU, Conv1D<64, 1, Padding::causal>>;

template <Index Outputs>
using Cnn2Net = Sequential<Conv1D<64, 1, Padding::causal>, Cnn2Block<1>, Cnn2Block<2>, Cnn2Block<4>, Cnn2Block<8>, ReLU,
                           LastStep, Dense<128>, ReLU, Dense<Outputs>>;
}  // namespace detail

/// The modified architecture: a dilated causal residual network.
///
///     layer                                            output
///     input                                            [W, inputs]
///     Conv1D 64, k1                                    [W, 64]
///     x + Conv1D 64, k1 (ReLU (Conv1D 64, k3, d1))     [W, 64]
///     the same with dilation 2, 4, 8                   [W, 64]
///     ReLU, LastStep                                   [1, 64]
///     Dense 128, ReLU                                  [1, 128]
///     Dense                                            [1, outputs]
///
/// An output depends on the newest 31 steps, 2 * (1 + 2 + 4 + 8) + 1. With a window of at least 31 the padding never
/// reaches it, so the network streams and trains on whole chunks.
///
/// *Shapes*: input [N, window, inputs], output [N, 1, outputs]. *Units*: normalised.
/// *Source*: after Bai, Kolter, Koltun, "An Empirical Evaluation of Generic Convolutional and Recurrent Networks for
/// Sequence Modeling", 2018, with a linear residual path and no weight normalisation.
template <class T = float, Index Window = dynamic, Index Inputs = dynamic, Index Outputs = dynamic>
class Cnn2 : public Model<T, Shape<Window, Inputs>, detail::Cnn2Net<Outputs>> {
public:
    static constexpr const char* name = "cnn2";

    explicit Cnn2(const ModelConfig& config = {})
        : Model<T, Shape<Window, Inputs>, detail::Cnn2Net<Outputs>>(
              detail::input_shape_of<Window, Inputs>(config),
              detail::Cnn2Net<Outputs>({}, {}, {}, {}, {}, {}, {}, {}, {},
                                       Dense<Outputs>(detail::extent_of<Outputs>(config.outputs, "outputs")))) {}
};

IDM_NAMESPACE_END
