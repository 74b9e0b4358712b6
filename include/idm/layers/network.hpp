#pragma once

#include <tuple>
#include <type_traits>
#include <utility>

#include <idm/core/workspace.hpp>
#include <idm/layers/contract.hpp>
#include <idm/layers/reshape.hpp>
#include <idm/layers/residual.hpp>
#include <idm/layers/sequential.hpp>
#include <idm/layers/sum.hpp>

IDM_NAMESPACE_BEGIN

/// Layers together with the shape of one input sample: all that is known of a network but its parameters, which every
/// call is given. It runs in a `Workspace`.
template <class In, class Net>
class Network {
public:
    using InputShape = In;
    using Layers = Net;
    using OutputShape = decltype(std::declval<const Net&>().output_shape(std::declval<const In&>()));

    constexpr Network() = default;
    /// *Errors*: `ShapeError` or `ConfigError` when a layer does not fit the one before it.
    constexpr Network(In input, Net layers) : input_(input), layers_(layers) { (void)output_shape(); }

    constexpr const In& input_shape() const { return input_; }
    constexpr const Net& layers() const { return layers_; }
    constexpr OutputShape output_shape() const { return layers_.output_shape(input_); }
    /// Numbers in the parameter buffer, padding included.
    constexpr Index buffer_size() const { return round_up_16(layers_.parameter_count(input_)); }
    /// Earlier steps that an output step depends on (causal networks).
    constexpr Index history() const { return layers_.history(input_); }

    template <class T>
    constexpr WorkspaceShape workspace_shape(Index capacity, Mode mode) const {
        static_assert(Layer<Net, In, T>, "the network does not meet the layer contract (layers/contract.hpp)");
        detail::require<ShapeError>(capacity >= 0, "expected a workspace for 0 or more samples, got ", capacity);
        const Index in_channels = input_.channels(), out_channels = output_shape().channels();
        const kernels::Halo x = layers_.input_halo(input_), d = layers_.gradient_halo(input_);
        WorkspaceShape shape;
        shape.capacity = capacity;
        shape.mode = mode;
        shape.input = {input_.size(), x.left * in_channels, x.right * in_channels};
        shape.output = {output_shape().size(), 0, 0};
        if (mode != Mode::inference)
            shape.d_output = {output_shape().size(), d.left * out_channels, d.right * out_channels};
        if (mode == Mode::training_to_input) shape.d_input = {input_.size(), 0, 0};
        shape.memory = layers_.template memory_size<T>(input_, capacity, mode);
        shape.scratch = layers_.template scratch_size<T>(input_, capacity, mode);
        return shape;
    }

    /// Fills `workspace.output()` from `workspace.input()`.
    ///
    /// `random` matters to layers that draw random numbers, in a workspace of mode training.
    /// *Cost*: no allocation. *Errors*: `ShapeError` beyond the workspace's capacity.
    template <class T>
    void forward(const T* parameters, Workspace<T>& workspace, Index samples, RandomKey random = {}) const {
        workspace.check(samples, input_.size(), output_shape().size());
        Forward<T> p;
        p.samples = samples;
        p.x = workspace.input();
        p.y = workspace.output();
        p.parameters = parameters;
        p.memory = workspace.memory();
        p.scratch = workspace.scratch();
        p.capacity = workspace.capacity();
        p.mode = workspace.mode();
        p.random = random;
        layers_.forward(input_, p);
    }

    /// Adds the parameters' gradient to `d_parameters_accumulate`, from `workspace.d_output()` and what the last
    /// `forward` on this workspace left; in mode `training_to_input` fills `workspace.d_input()` too. `options`: what
    /// it may rely on, and whether it stores the gradient instead.
    template <class T>
    void backward(const T* parameters, T* d_parameters_accumulate, Workspace<T>& workspace, Index samples,
                  BackwardOptions options = {}) const {
        workspace.check(samples, input_.size(), output_shape().size());
        detail::require<ConfigError>(workspace.mode() != Mode::inference,
                                     "backward: expected a workspace of mode training, got one of mode inference; "
                                     "construct it with Mode::training");
        Backward<T> p;
        p.samples = samples;
        p.x = workspace.input();
        p.y = workspace.output();
        p.d_y = workspace.d_output();
        if (workspace.mode() == Mode::training_to_input) p.d_x = workspace.d_input();
        p.parameters = parameters;
        p.d_parameters_accumulate = d_parameters_accumulate;
        p.memory = workspace.memory();
        p.scratch = workspace.scratch();
        p.capacity = workspace.capacity();
        p.mode = workspace.mode();
        p.options = options;
        detail::backward_of(layers_, input_, p);
    }

private:
    [[no_unique_address]] In input_;
    [[no_unique_address]] Net layers_;
};

namespace detail {

// The same layers with EveryStep in LastStep's place; a layer of the whole window gives its own form.
template <class L>
constexpr auto every_step(const L& layer) {
    if constexpr (requires { layer.every_step(); })
        return layer.every_step();
    else
        return layer;
}
constexpr EveryStep every_step(const LastStep&) { return {}; }
template <class Net, class Skip>
constexpr auto every_step(const Sum<Net, Skip>& sum);
template <class... Layers>
constexpr auto every_step(const Sequential<Layers...>& net) {
    return std::apply([](const auto&... layer) { return Sequential(every_step(layer)...); }, net.layers());
}
template <class Net, class Skip>
constexpr auto every_step(const Sum<Net, Skip>& sum) {
    return Sum(every_step(sum.net()), every_step(sum.skip()));
}

template <class L>
inline constexpr bool ends_in_last_step = requires(const L layer) {
    layer.every_step();
};
template <class... Layers>
inline constexpr bool ends_in_last_step<Sequential<Layers...>> = (std::is_same_v<Layers, LastStep> || ...);
template <class Net, class Skip>
inline constexpr bool ends_in_last_step<Sum<Net, Skip>> = ends_in_last_step<Net>&& ends_in_last_step<Skip>;

}  // namespace detail

/// A causal network that ends in LastStep, or its sum with a WindowLinear: its value at every step of a chunk is that
/// of a window ending there.
template <class Net>
concept SequenceTrainable =
    detail::ends_in_last_step<Net> && decltype(detail::every_step(std::declval<const Net&>()))::is_causal;

/// The network that gives the output at every step of a chunk of `length` steps, on the same parameters.
///
/// From step `history()` on, counted from 0, its outputs are those of the window network: the padding in front of the
/// chunk no longer reaches them.
///
/// *Errors*: `ShapeError` when the window is not longer than `history()`: its outputs see padding, a chunk's see rows.
template <class In, class Net>
    requires SequenceTrainable<Net>
constexpr auto sequence_network(const Network<In, Net>& network, Index length) {
    detail::require<ShapeError>(network.input_shape().length() > network.history(),
                                "sequence_network: expected a window of at least ", network.history() + 1,
                                " steps, as many as an output depends on, got ", network.input_shape().length(),
                                "; take a longer window or train on windows");
    auto layers = detail::every_step(network.layers());
    using Chunk = Shape<dynamic, In::static_channels>;
    return Network<Chunk, decltype(layers)>(Chunk(length, network.input_shape().channels()), layers);
}

IDM_NAMESPACE_END
