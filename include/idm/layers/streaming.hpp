#pragma once

#include <cstddef>
#include <tuple>
#include <type_traits>

#include <idm/layers/network.hpp>
#include <idm/layers/residual.hpp>
#include <idm/layers/sequential.hpp>
#include <idm/layers/sum.hpp>

// Sample by sample: each layer becomes one that takes the newest step and gives the newest step. What it must remember
// of earlier steps lies in its `memory`, which a workspace keeps from call to call. So a streaming network is an
// ordinary network with an input of one step.

IDM_NAMESPACE_BEGIN

/// Stands in a compiler's message for a layer that cannot run sample by sample: a stride or a pool changes the rate,
/// `same` padding looks ahead. A causal layer with a history of its own gives its stream form as `streaming(in)`.
template <class LayerType>
struct LayerThatCannotStream {
    static_assert(!std::is_same_v<LayerType, LayerType>, "this layer cannot run sample by sample");
};

/// Stands in a compiler's message for a layer that reads the whole window behind padding (a Flatten behind causal
/// convolutions): in a window it sees zeros where a stream has real history. Use valid padding, or LastStep.
template <class LayerType>
struct LayerThatSeesPadding {
    static_assert(!std::is_same_v<LayerType, LayerType>, "this layer sees padding, which a stream does not have");
};

namespace detail {

template <bool Padded, class L, class In>
constexpr auto streaming(const L& layer, const In& in) {
    if constexpr (Padded && L::reads_whole_window) {
        return LayerThatSeesPadding<L>();
    } else if constexpr (requires { layer.streaming(in); }) {
        return layer.streaming(in);
    } else if constexpr (is_pointwise<L>) {
        return layer;
    } else {
        return LayerThatCannotStream<L>();
    }
}

template <bool Padded, class... Layers, class In>
constexpr auto streaming(const Sequential<Layers...>& net, const In& in);
template <bool Padded, class... Layers, class In>
constexpr auto streaming(const Residual<Layers...>& residual, const In& in);
template <bool Padded, class Net, class Skip, class In>
constexpr auto streaming(const Sum<Net, Skip>& sum, const In& in);

template <bool Padded, std::size_t I, class... Layers, class In, class... Done>
constexpr auto streaming_from(const std::tuple<Layers...>& layers, const In& in, const Done&... done) {
    if constexpr (I == sizeof...(Layers)) {
        return Sequential<Done...>(done...);
    } else {
        const auto& layer = std::get<I>(layers);
        constexpr bool padded = Padded || std::remove_cvref_t<decltype(layer)>::pads_input;
        return streaming_from<padded, I + 1>(layers, layer.output_shape(in), done..., streaming<Padded>(layer, in));
    }
}
template <bool Padded, class... Layers, class In>
constexpr auto streaming(const Sequential<Layers...>& net, const In& in) {
    return streaming_from<Padded, 0>(net.layers(), in);
}
template <bool Padded, class... Layers, class In>
constexpr auto streaming(const Residual<Layers...>& residual, const In& in) {
    const auto body = streaming<Padded>(residual.body(), in);
    return std::apply([](const auto&... layer) { return Residual<std::remove_cvref_t<decltype(layer)>...>(layer...); },
                      body.layers());
}
template <bool Padded, class Net, class Skip, class In>
constexpr auto streaming(const Sum<Net, Skip>& sum, const In& in) {
    return Sum(streaming<Padded>(sum.net(), in), streaming<Padded>(sum.skip(), in));
}

template <class In, class Net>
constexpr auto streaming_layers(const Network<In, Net>& network) {
    return streaming<false>(network.layers(), network.input_shape());
}

}  // namespace detail

/// The network that takes one step at a time, on the same parameters. From step `history()` on, counted from 0, its
/// outputs are those of the window network over the newest window; with a GRU, over a window that begins at the
/// stream's start. Zero its workspace's memory to start anew.
///
/// What cannot stream does not compile: see `LayerThatCannotStream` and `LayerThatSeesPadding`.
/// *Errors*: `ShapeError` when an output depends on more steps than the window has: the window's outputs see padding,
/// a stream's see history.
template <class In, class Net>
constexpr auto streaming_network(const Network<In, Net>& network) {
    const auto layers = detail::streaming_layers(network);
    using Step = Shape<1, In::static_channels>;
    const Network<Step, std::remove_const_t<decltype(layers)>> stream(Step(1, network.input_shape().channels()),
                                                                      layers);
    detail::require<ShapeError>(network.input_shape().length() > stream.history(),
                                "streaming: expected a window of at least ", stream.history() + 1,
                                " steps, as many as an output depends on, got ", network.input_shape().length(),
                                "; take a longer window");
    return stream;
}

IDM_NAMESPACE_END
