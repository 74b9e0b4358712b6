#pragma once

#include <algorithm>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <idm/layers/contract.hpp>

IDM_NAMESPACE_BEGIN

/// Layers one behind the other, itself a layer. Each layer's input shape is the output shape of the one before.
///
/// Between two layers lies one buffer in `memory` (and, for training, one for its gradient) with the zero halo that the
/// next layer reads; an in-place layer works in the buffer of the one before it, and an activation behind a layer with
/// `fuses_epilogue` becomes part of that layer's kernel.
template <class... Layers>
class Sequential : public LayerDefaults {
    static constexpr std::size_t count = sizeof...(Layers);
    static_assert(count > 0, "Sequential needs at least one layer");

    template <std::size_t I>
    using LayerAt = std::tuple_element_t<I, std::tuple<Layers...>>;

    // Layer I works in its input's buffer. The first one never does: its input is the caller's. Nor does a layer that
    // would overwrite an output which an earlier layer's backward pass reads.
    template <std::size_t I>
    static constexpr bool reads_output() {
        if constexpr (LayerAt<I>::backward_reads_output)
            return true;
        else if constexpr (shares_input<I>())
            return reads_output<I - 1>();
        else
            return false;
    }
    template <std::size_t I>
    static constexpr bool shares_input() {
        if constexpr (I == 0 || !LayerAt<I>::in_place)
            return false;
        else
            return LayerAt<I>::is_view || !reads_output<I - 1>();
    }
    // Layer I's output lies where the whole Sequential's does.
    template <std::size_t I>
    static constexpr bool ends_in_output() {
        if constexpr (I + 1 == count)
            return true;
        else
            return shares_input<I + 1>() && ends_in_output<I + 1>();
    }
    // Layer I + 1 is an activation that layer I's kernel applies.
    template <std::size_t I>
    static constexpr bool fuses_next() {
        if constexpr (I + 1 < count)
            return LayerAt<I>::fuses_epilogue && LayerAt<I + 1>::as_epilogue != kernels::Epilogue::none &&
                   shares_input<I + 1>();
        else
            return false;
    }

public:
    static constexpr bool backward_reads_output = reads_output<count - 1>();
    static constexpr bool stores_gradient = true;
    static constexpr bool is_causal = (Layers::is_causal && ...);
    static constexpr bool pads_input = (Layers::pads_input || ...);

    constexpr Sequential() = default;
    constexpr explicit Sequential(Layers... layers) requires(sizeof...(Layers) > 0) : layers_(layers...) {}

    constexpr const std::tuple<Layers...>& layers() const { return layers_; }

    template <class In>
    constexpr auto output_shape(const In& in) const {
        return shape_from<0>(in);
    }
    template <class In>
    constexpr Index parameter_count(const In& in) const {
        Index total = 0;
        for_each(in, [&](const auto& layer, const auto& shape, std::size_t) { total += slice(layer, shape); });
        return total;
    }
    template <class In>
    void list_parameters(const In& in, Index offset, const std::string& prefix, std::vector<ParameterInfo>& out) const {
        for_each(in, [&](const auto& layer, const auto& shape, std::size_t i) {
            layer.list_parameters(shape, offset, prefix + std::to_string(i) + ".", out);
            offset += slice(layer, shape);
        });
    }
    template <class In>
    constexpr Index history(const In& in) const {
        Index total = 0;
        for_each(in, [&](const auto& layer, const auto& shape, std::size_t) { total += layer.history(shape); });
        return total;
    }
    template <class In>
    constexpr kernels::Halo input_halo(const In& in) const {
        return std::get<0>(layers_).input_halo(in);
    }
    template <class In>
    constexpr kernels::Halo gradient_halo(const In& in) const {
        return gradient_halo_from<0>(in);
    }
    template <class T, class In>
    constexpr Index memory_size(const In& in, Index capacity, Mode mode) const {
        return memory_from<0, T>(in, capacity, mode);
    }
    template <class T, class In>
    constexpr Index scratch_size(const In& in, Index capacity, Mode mode) const {
        Index most = 0;
        for_each(in, [&](const auto& layer, const auto& shape, std::size_t) {
            most = std::max(most, layer.template scratch_size<T>(shape, capacity, mode));
        });
        return most;
    }

    /// Its backward pass is `backward`. Inlined: see kernels/simd/row.hpp.
    template <class T, class In>
    IDM_ALWAYS_INLINE void forward(const In& in, const Forward<T>& p) const {
        forward_from<0, false, T>(in, p, p.x, BatchView<T>{}, 0, 0);
    }
    /// The gradient of `forward`.
    template <class T, class In>
    void backward(const In& in, const Backward<T>& p) const {
        backward_from<0, T>(in, p, p.x, BatchView<T>{}, p.d_x, 0, 0);
    }

    std::string name() const { return "Sequential"; }
    template <class In>
    void describe(const In& in, Index depth, std::vector<LayerRow>& rows) const {
        for_each(in, [&](const auto& layer, const auto& shape, std::size_t) {
            detail::describe_layer(layer, shape, depth, rows);
        });
    }

private:
    /// The buffer behind one layer: capacity samples with a zero halo, for the values and for their gradient.
    struct Slot {
        Index value_before, value_stride, gradient_before, gradient_stride, capacity;
        Mode mode;

        constexpr Index value_size() const { return round_up_16(capacity * value_stride); }
        constexpr Index size() const {
            return value_size() + (mode == Mode::inference ? 0 : round_up_16(capacity * gradient_stride));
        }
        template <class T>
        BatchView<T> value(T* at) const {
            return {at + value_before, value_stride};
        }
        template <class T>
        BatchView<T> gradient(T* at) const {
            return {at + value_size() + gradient_before, gradient_stride};
        }
    };

    template <class L, class In>
    static constexpr Index slice(const L& layer, const In& in) {
        return round_up_16(layer.parameter_count(in));
    }

    template <std::size_t I, class In>
    constexpr auto shape_from(const In& in) const {
        const auto out = std::get<I>(layers_).output_shape(in);
        if constexpr (I + 1 < count)
            return shape_from<I + 1>(out);
        else
            return out;
    }

    /// Calls f(layer, its input shape, its index) for each layer in order.
    template <class In, class F>
    constexpr void for_each(const In& in, F&& f) const {
        for_each_from<0>(in, f);
    }
    template <std::size_t I, class In, class F>
    constexpr void for_each_from(const In& in, F& f) const {
        const auto& layer = std::get<I>(layers_);
        f(layer, in, I);
        if constexpr (I + 1 < count) for_each_from<I + 1>(layer.output_shape(in), f);
    }

    /// Zeros, in numbers, that the first layer behind I that does not share the buffer reads around it.
    template <std::size_t I, class Out>
    constexpr kernels::Halo consumer_halo(const Out& out) const {
        const auto& next = std::get<I + 1>(layers_);
        if constexpr (shares_input<I + 1>()) {
            return consumer_halo<I + 1>(next.output_shape(out));
        } else {
            const kernels::Halo halo = next.input_halo(out);
            return {halo.left * out.channels(), halo.right * out.channels()};
        }
    }
    template <std::size_t I, class In>
    constexpr kernels::Halo gradient_halo_from(const In& in) const {
        const auto& layer = std::get<I>(layers_);
        if constexpr (ends_in_output<I>() && !shares_input<I>())
            return layer.gradient_halo(in);
        else
            return gradient_halo_from<I + 1>(layer.output_shape(in));
    }

    template <std::size_t I, class In, class Out>
    constexpr Slot slot(const In& in, const Out& out, Index capacity, Mode mode) const {
        const kernels::Halo value = consumer_halo<I>(out);
        const kernels::Halo gradient = std::get<I>(layers_).gradient_halo(in);
        return {value.left,
                value.left + out.size() + value.right,
                gradient.left * out.channels(),
                (gradient.left + gradient.right) * out.channels() + out.size(),
                capacity,
                mode};
    }
    template <std::size_t I>
    static constexpr bool has_slot() {
        return !ends_in_output<I>() && !shares_input<I>();
    }

    template <std::size_t I, class T, class In>
    constexpr Index memory_from(const In& in, Index capacity, Mode mode) const {
        const auto& layer = std::get<I>(layers_);
        const auto out = layer.output_shape(in);
        Index size = round_up_16(layer.template memory_size<T>(in, capacity, mode));
        if constexpr (has_slot<I>()) size += slot<I>(in, out, capacity, mode).size();
        if constexpr (I + 1 < count) size += memory_from<I + 1, T>(out, capacity, mode);
        return size;
    }

    template <std::size_t I, bool Done, class T, class In>
    IDM_ALWAYS_INLINE void forward_from(const In& in, const Forward<T>& p, BatchView<const T> x, BatchView<T> x_shared,
                                        Index parameters, Index memory) const {
        const auto& layer = std::get<I>(layers_);
        const auto out = layer.output_shape(in);
        Forward<T> call = p;
        call.x = x;
        call.parameters = p.parameters + parameters;
        call.memory = p.memory + memory;
        if (p.mode != Mode::inference) call.random = p.random.of_layer(I);
        call.epilogue = fuses_next<I>() ? as_epilogue_behind<I>() : kernels::Epilogue::none;
        memory += round_up_16(layer.template memory_size<T>(in, p.capacity, p.mode));
        if constexpr (shares_input<I>()) {
            call.y = x_shared;
        } else if constexpr (ends_in_output<I>()) {
            call.y = p.y;
        } else {
            const Slot own = slot<I>(in, out, p.capacity, p.mode);
            call.y = own.value(p.memory + memory);
            memory += own.size();
        }
        if constexpr (!Done) layer.forward(in, call);
        if constexpr (I + 1 < count)
            forward_from<I + 1, fuses_next<I>(), T>(out, p, call.y, call.y, parameters + slice(layer, in), memory);
    }

    template <std::size_t I>
    static constexpr kernels::Epilogue as_epilogue_behind() {
        if constexpr (I + 1 < count)
            return LayerAt<I + 1>::as_epilogue;
        else
            return kernels::Epilogue::none;
    }

    template <std::size_t I, class T, class In>
    void backward_from(const In& in, const Backward<T>& p, BatchView<const T> x, BatchView<T> x_shared,
                       BatchView<T> d_x, Index parameters, Index memory) const {
        const auto& layer = std::get<I>(layers_);
        const auto out = layer.output_shape(in);
        Backward<T> call = p;
        call.x = x;
        call.d_x = d_x;
        call.parameters = p.parameters + parameters;
        call.d_parameters_accumulate = p.d_parameters_accumulate + parameters;
        call.memory = p.memory + memory;
        memory += round_up_16(layer.template memory_size<T>(in, p.capacity, p.mode));
        BatchView<T> y{const_cast<T*>(p.y.data), p.y.sample_stride};
        if constexpr (shares_input<I>()) {
            y = x_shared;
            call.d_y = d_x;
        } else if constexpr (ends_in_output<I>()) {
            call.d_y = p.d_y;
        } else {
            const Slot own = slot<I>(in, out, p.capacity, p.mode);
            y = own.value(p.memory + memory);
            call.d_y = own.gradient(p.memory + memory);
            memory += own.size();
        }
        call.y = y;
        if constexpr (I + 1 < count)
            backward_from<I + 1, T>(out, p, call.y, y, call.d_y, parameters + slice(layer, in), memory);
        detail::backward_of(layer, in, call);
    }

    [[no_unique_address]] std::tuple<Layers...> layers_;
};

IDM_NAMESPACE_END
