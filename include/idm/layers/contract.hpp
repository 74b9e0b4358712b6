#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <string>
#include <vector>

#include <idm/core/config.hpp>
#include <idm/core/random.hpp>
#include <idm/core/shape.hpp>
#include <idm/core/workspace.hpp>
#include <idm/kernels/shapes.hpp>
#include <idm/layers/parameters.hpp>

IDM_NAMESPACE_BEGIN

// The contract that every layer meets, the library's and a user's alike.
//
// A layer is a small value: its configuration and nothing else. The network around it keeps the parameters and all
// memory, and passes each call the shape of one input sample. What a layer needs beyond `output_shape`, `forward`,
// `backward` and `name` has a default in `LayerDefaults`.

/// What a layer that draws random numbers in training (Dropout) makes them from: they are a function of `key`, the
/// sample's number `first_sample + n` and the place in the sample alone, whatever the threads and the parts of a batch.
struct RandomKey {
    std::uint64_t key = 0;  // of (seed, step); `Sequential` mixes each layer's place into it
    Index first_sample = 0;

    constexpr RandomKey of_layer(std::size_t place) const { return {Random(key, place).bits(), first_sample}; }
};

/// Arguments of a layer's forward pass over `samples` samples. `y` is overwritten.
template <class T>
struct Forward {
    Index samples = 0;
    BatchView<const T> x;
    BatchView<T> y;
    const T* parameters = nullptr;
    T* memory = nullptr;   // kept from pass to pass, `memory_size` numbers, zero at the start
    T* scratch = nullptr;  // for the call alone, `scratch_size` numbers
    Index capacity = 0;    // samples that the memory was sized for
    Mode mode = Mode::inference;
    kernels::Epilogue epilogue = kernels::Epilogue::none;  // other than none only for a layer with `fuses_epilogue`
    RandomKey random = {};
};

/// What a backward pass may take for granted, and what it is to do with the parameters' gradient.
struct BackwardOptions {
    /// The parameters are those of the last backward pass on this memory: what a layer made of them there (transposed
    /// weights) still holds.
    bool same_parameters = false;
    /// The parameters' gradient is stored over what is there, not added to it. Pad columns have to be zero already.
    bool store_gradient = false;
};

/// Arguments of a layer's backward pass: the gradient d_y comes in, d_x goes out (overwritten; a null pointer asks for
/// none), the parameters' gradient is added to, unless a layer with `stores_gradient` is told otherwise. d_y may be
/// overwritten.
template <class T>
struct Backward {
    Index samples = 0;
    BatchView<const T> x;
    BatchView<const T> y;
    BatchView<T> d_y;
    BatchView<T> d_x;
    const T* parameters = nullptr;
    T* d_parameters_accumulate = nullptr;
    T* memory = nullptr;
    T* scratch = nullptr;
    Index capacity = 0;
    Mode mode = Mode::training;
    BackwardOptions options = {};
};

/// One line of a layer table.
struct LayerRow {
    std::string name;
    Index depth = 0;
    Index length = 0;
    Index channels = 0;
    Index parameters = 0;
};

/// What most layers need not say.
struct LayerDefaults {
    /// y may lie where x lay: forward reads each number of x before it writes that of y, and backward needs no x.
    static constexpr bool in_place = false;
    /// Moves no number: y is x under another shape (implies in_place).
    static constexpr bool is_view = false;
    /// backward reads y.
    static constexpr bool backward_reads_output = false;
    /// backward heeds `BackwardOptions::store_gradient`. Other layers never see it: their gradient is cleared for them.
    /// A layer that inherits this and has a backward of its own must heed it or say false.
    static constexpr bool stores_gradient = false;
    /// forward applies `Forward::epilogue` to each output.
    static constexpr bool fuses_epilogue = false;
    /// The epilogue that does the same as this layer, if there is one.
    static constexpr kernels::Epilogue as_epilogue = kernels::Epilogue::none;
    /// Step t of y depends on steps <= t of x alone, at the same rate, the same way at every t.
    static constexpr bool is_causal = false;
    /// Puts zeros before the first step, which outputs near a window's begin then depend on.
    static constexpr bool pads_input = false;
    /// Each output depends on every step of the window.
    static constexpr bool reads_whole_window = false;

    template <class In>
    constexpr Index parameter_count(const In&) const {
        return 0;
    }
    template <class In>
    void list_parameters(const In&, Index /*offset*/, const std::string& /*prefix*/,
                         std::vector<ParameterInfo>&) const {}
    /// Steps before t that step t of y depends on; only asked where `is_causal`.
    template <class In>
    constexpr Index history(const In&) const {
        return 0;
    }
    /// Zero rows that the layer reads around x (in rows of x) and around d_y (in rows of y).
    template <class In>
    constexpr kernels::Halo input_halo(const In&) const {
        return {};
    }
    template <class In>
    constexpr kernels::Halo gradient_halo(const In&) const {
        return {};
    }
    template <class T, class In>
    constexpr Index memory_size(const In&, Index /*capacity*/, Mode) const {
        return 0;
    }
    template <class T, class In>
    constexpr Index scratch_size(const In&, Index /*capacity*/, Mode) const {
        return 0;
    }
};

/// A layer for samples of shape `In` and numbers of type `T`.
template <class L, class In, class T>
concept Layer = std::derived_from<L, LayerDefaults> &&
    requires(const L layer, const In in, const Forward<T>& forward, const Backward<T>& backward) {
    { layer.output_shape(in).length() } -> std::convertible_to<Index>;
    { layer.parameter_count(in) } -> std::convertible_to<Index>;
    { layer.name() } -> std::convertible_to<std::string>;
    layer.forward(in, forward);
    layer.backward(in, backward);
};

namespace detail {

/// A layer's backward pass, for whoever calls that of another layer.
template <class L, class T, class In>
void backward_of(const L& layer, const In& in, Backward<T> p) {
    if constexpr (!L::stores_gradient) {
        if (p.options.store_gradient) std::fill_n(p.d_parameters_accumulate, layer.parameter_count(in), T(0));
        p.options.store_gradient = false;
    }
    layer.backward(in, p);
}

/// Step t of the output depends on step t of the input alone: causal, and `history` left as it is in LayerDefaults.
template <class L>
inline constexpr bool is_pointwise = L::is_causal&& requires(const L layer) {
    {
        &L::template history<Shape<dynamic, dynamic>>
        } -> std::same_as<Index (LayerDefaults::*)(const Shape<dynamic, dynamic>&) const>;
};

/// Adds a layer's line to a table; layers made of layers have a `describe` of their own that adds one for each.
template <class L, class In>
void describe_layer(const L& layer, const In& in, Index depth, std::vector<LayerRow>& rows) {
    if constexpr (requires { layer.describe(in, depth, rows); }) {
        layer.describe(in, depth, rows);
    } else {
        const auto out = layer.output_shape(in);
        std::vector<ParameterInfo> parameters;
        layer.list_parameters(in, 0, "", parameters);
        Index count = 0;
        for (const ParameterInfo& p : parameters) count += p.size;
        rows.push_back({layer.name(), depth, out.length(), out.channels(), count});
    }
}

}  // namespace detail

IDM_NAMESPACE_END
