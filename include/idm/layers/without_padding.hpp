#pragma once

#include <cstddef>
#include <tuple>
#include <type_traits>

#include <idm/layers/conv1d.hpp>
#include <idm/layers/network.hpp>
#include <idm/layers/residual.hpp>
#include <idm/layers/sequential.hpp>

// In a chunk of rows the first outputs of a causal network depend on the padding in front, and training leaves them
// out. Convolutions that do not pad do not compute them in the first place.

IDM_NAMESPACE_BEGIN
namespace detail {

/// What stands for the form of a layer that has none.
struct OnlyPadded {};

template <class... Layers>
constexpr auto without_padding(const Sequential<Layers...>& net);
template <class... Layers>
constexpr auto without_padding(const Residual<Layers...>& residual);

template <Index Out, Index Kernel, Index Dilation, Index Groups>
constexpr auto without_padding(const Conv1D<Out, Kernel, Padding::causal, 1, Dilation, Groups>& layer) {
    return Conv1D<Out, Kernel, Padding::valid, 1, Dilation, Groups>(layer.out_channels(), layer.kernel(), 1,
                                                                    layer.dilation(), layer.groups());
}
template <class L>
constexpr auto without_padding(const L& layer) {
    if constexpr (is_pointwise<L>)
        return layer;
    else
        return OnlyPadded();
}

template <class... Layers>
constexpr auto without_padding(const Sequential<Layers...>& net) {
    return std::apply(
        [](const auto&... layer) {
            if constexpr ((std::is_same_v<decltype(without_padding(layer)), OnlyPadded> || ...))
                return OnlyPadded();
            else
                return Sequential(without_padding(layer)...);
        },
        net.layers());
}
template <class... Layers>
constexpr auto without_padding(const Residual<Layers...>& residual) {
    auto body = without_padding(residual.body());
    if constexpr (std::is_same_v<decltype(body), OnlyPadded>)
        return OnlyPadded();
    else
        return NewestResidual<decltype(body)>(body);
}

}  // namespace detail

/// The causal network that computes only the outputs which depend on no padding, those from step `history()` on, of the
/// same parameters: [L, C] -> [L - history, C_out]. Where a layer has no such form it is the network itself.
///
/// It has one for causal Conv1D and for layers that look at one step alone, in Sequential and Residual.
/// *Cost*: for Cnn2 on chunks of 32 targets, 196 steps through a residual block in place of 248, and 32 through the
/// head in place of 62.
template <class In, class Net>
requires Net::is_causal constexpr auto without_padding(const Network<In, Net>& network) {
    const auto layers = detail::without_padding(network.layers());
    if constexpr (std::is_same_v<std::remove_const_t<decltype(layers)>, detail::OnlyPadded>)
        return network;
    else
        return Network(network.input_shape(), layers);
}

IDM_NAMESPACE_END
