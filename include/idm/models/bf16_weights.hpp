#pragma once

#include <cstddef>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <idm/kernels/bf16.hpp>
#include <idm/layers/bf16.hpp>
#include <idm/models/model.hpp>

IDM_NAMESPACE_BEGIN

namespace detail {

template <class M>
using Bf16Model = Model<typename M::Scalar, typename M::NetworkType::InputShape,
                        decltype(bf16_layers(std::declval<const typename M::NetworkType::Layers&>()))>;

}  // namespace detail

/// A model for inference whose weights of Conv1D, WindowLinear and Dense lie as bf16: half the memory to read, which is
/// the bound of one window and of a tick on AVX2 and AVX-512 (on SSE2 unpacking costs more than reading saves).
/// Rounding moves each by up to 2^-8 of itself; what that does to outputs and what it gains: docs/numerics.md,
/// docs/performance.md.
///
/// `Predictor`, `Stream`, `SafeStream` and `StreamSwap` take it as they take the model. Arithmetic, inputs, biases,
/// outputs, and the parameters of other layers stay float. It does not learn and is not saved: train and save the model
/// that it is made from, after which it is a copy of its own.
///
///     const Cnn2<float> model = ...;
///     const auto fast = bf16_weights(model);
///     Stream<Bf16Weights<Cnn2<float>>> stream(fast, recipe, normaliser);
///
/// *Shapes*: as the model. *Errors*: does not compile for a model of double. *Threads*: as `Model`.
template <class M>
class Bf16Weights : detail::Bf16Model<M> {
    using Base = detail::Bf16Model<M>;
    static_assert(std::is_same_v<typename M::Scalar, float>, "weights in bf16 are those of a model of float");

public:
    using typename Base::NetworkType;
    using typename Base::Scalar;

    /// *Cost*: two copies of the parameters.
    explicit Bf16Weights(const M& model)
        : Base(model.network().input_shape(), detail::bf16_layers(model.network().layers())) {
        const auto from = model.named_parameters();
        const auto to = Base::named_parameters();
        for (std::size_t i = 0; i < from.size(); ++i) {
            const ParameterInfo &source = from[i].info(), &target = to[i].info();
            const float* at = model.parameters().data() + source.offset;
            if (source.taps != 0 && target.taps == 0)
                pack(source, at, Base::parameters().data() + target.offset);
            else
                for (Index k = 0; k < source.size; ++k) to[i][k] = from[i][k];
        }
    }

    using Base::forward;
    using Base::inputs;
    using Base::layer_table;
    using Base::make_workspace;
    using Base::network;
    using Base::outputs;
    using Base::predict;
    using Base::window;

    /// The buffer that `network()` computes with. Weights in it are bits of two bf16 each (kernels/bf16.hpp).
    std::span<const float> parameters() const { return Base::parameters(); }

    /// There are none to read, train or save by name: a compile error that says so.
    template <class Asked = M>
    std::vector<NamedParameter<const float>> named_parameters() const {
        static_assert(
            !std::is_same_v<Asked, Asked>,
            "a model with bf16 weights does not learn and is not saved: train or save the model it was made from");
        return {};
    }

private:
    static void pack(const ParameterInfo& weight, const float* packed, float* words) {
        const Index rows = weight.taps * weight.channels, columns = weight.outputs / weight.groups;
        for (Index g = 0; g < weight.groups; ++g)
            kernels::pack_bf16(rows, columns, packed + g * kernels::packed_weight_size(rows, columns),
                               words + g * kernels::bf16_words(rows, columns));
    }
};

/// See `Bf16Weights`.
template <class M>
Bf16Weights<M> bf16_weights(const M& model) {
    return Bf16Weights<M>(model);
}

IDM_NAMESPACE_END
