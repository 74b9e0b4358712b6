#pragma once

#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <idm/kernels/select.hpp>
#include <idm/layers/conv1d.hpp>
#include <idm/layers/dense.hpp>
#include <idm/layers/residual.hpp>
#include <idm/layers/sequential.hpp>
#include <idm/layers/sum.hpp>

IDM_NAMESPACE_BEGIN

/// A Conv1D (WindowLinear) or Dense whose weights lie as bf16 (kernels/bf16.hpp): half the memory to read. Inputs,
/// sums, bias and outputs are float, so it computes what the layer does with its weights rounded. For inference alone.
///
/// *Shapes*: as the layer; its parameters are words of two weights each, under the layer's names.
/// *Cost*: the layer's, of which reading the weights is half.
template <class L>
class Bf16 : public L {
public:
    constexpr explicit Bf16(const L& layer) : L(layer) {}

    void every_step() const = delete;  // for training on chunks

    template <class In>
    constexpr Index parameter_count(const In& in) const {
        return L::parameter_count(in) - L::weight_size(in) + words(in);
    }
    template <class In>
    void list_parameters(const In& in, Index offset, const std::string& prefix, std::vector<ParameterInfo>& out) const {
        const std::size_t weight = out.size();
        L::list_parameters(in, offset, prefix, out);
        out[weight] = ParameterInfo::vector(out[weight].name, offset, words(in), out[weight].fan_in);
        out[weight + 1].offset = offset + words(in);
    }
    template <class In>
    void describe(const In& in, Index depth, std::vector<LayerRow>& rows) const {
        detail::describe_layer(static_cast<const L&>(*this), in, depth, rows);
        rows.back().name = name();
    }

    template <class In>
    constexpr auto streaming(const In& in) const requires requires(const L& layer) {
        layer.streaming(in);
    }
    { return in_bf16(L::streaming(in)); }

    template <class T, class In>
    IDM_ALWAYS_INLINE void forward(const In& in, const Forward<T>& p) const {
        static_assert(std::is_same_v<T, float>, "weights in bf16 are those of a model of float");
        const kernels::Bf16Pairs weights{p.parameters};
        const T* bias = p.parameters + words(in);
        L::forward_by(in, p, [&](const auto& s, const T* x, T* y) IDM_INLINE_LAMBDA {
            if constexpr (std::is_same_v<decltype(s), const kernels::ConvShape&>)
                kernels::conv1d_forward_bf16(s, x, weights, bias, y, p.epilogue);
            else
                kernels::dense_forward_bf16(s, x, weights, bias, y, p.epilogue);
        });
    }
    template <class T, class In>
    void backward(const In&, const Backward<T>&) const {
        static_assert(!std::is_same_v<T, T>,
                      "a model with bf16 weights does not learn: train the model it was made from");
    }

    std::string name() const { return L::name() + ", bf16"; }

private:
    template <class In>
    constexpr Index words(const In& in) const {
        return L::weight_size(in, kernels::bf16_words);
    }
    template <class Taps, Index Rows>
    static constexpr auto in_bf16(const OverNewest<Taps, Rows>& layer) {
        return OverNewest<Bf16<Taps>, Rows>(Bf16<Taps>(layer.layer()), layer.rows());
    }
    template <class Taps>
    static constexpr auto in_bf16(const Taps& layer) {
        return Bf16<Taps>(layer);
    }
};

namespace detail {

template <class L>
inline constexpr bool has_bf16 = false;
template <Index Out, Index Kernel, Padding P, Index Stride, Index Dilation, Index Groups>
inline constexpr bool has_bf16<Conv1D<Out, Kernel, P, Stride, Dilation, Groups>> = true;
template <Index Out, Index Kernel>
inline constexpr bool has_bf16<WindowLinear<Out, Kernel>> = true;
template <Index Out>
inline constexpr bool has_bf16<Dense<Out>> = true;

// The same layers, those of `has_bf16` with weights in bf16.
template <class L>
constexpr auto bf16_layers(const L& layer) {
    if constexpr (has_bf16<L>)
        return Bf16<L>(layer);
    else
        return layer;
}
template <class... Layers>
constexpr auto bf16_layers(const Sequential<Layers...>& net);
template <class... Layers>
constexpr auto bf16_layers(const Residual<Layers...>& residual);
template <class Net, class Skip>
constexpr auto bf16_layers(const Sum<Net, Skip>& sum) {
    return Sum(bf16_layers(sum.net()), bf16_layers(sum.skip()));
}
template <class... Layers>
constexpr auto bf16_layers(const Sequential<Layers...>& net) {
    return std::apply(
        [](const auto&... layer) { return Sequential<decltype(bf16_layers(layer))...>(bf16_layers(layer)...); },
        net.layers());
}
template <class... Layers>
constexpr auto bf16_layers(const Residual<Layers...>& residual) {
    return std::apply(
        [](const auto&... layer) { return Residual<decltype(bf16_layers(layer))...>(bf16_layers(layer)...); },
        residual.body().layers());
}

}  // namespace detail

IDM_NAMESPACE_END
