#pragma once

#include <cmath>
#include <cstddef>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <idm/layers/batch_norm.hpp>
#include <idm/layers/conv1d.hpp>
#include <idm/layers/dense.hpp>
#include <idm/layers/depthwise.hpp>
#include <idm/layers/residual.hpp>
#include <idm/layers/sequential.hpp>
#include <idm/layers/sum.hpp>
#include <idm/models/model.hpp>

IDM_NAMESPACE_BEGIN
namespace detail {

/// A BatchNorm1D and the layer before it, by the prefixes of their parameters' names.
struct BatchNormFold {
    std::string layer, norm;
    double epsilon;
};

/// What a BatchNorm1D behind it can be folded into.
template <class L>
inline constexpr bool takes_batch_norm = false;
template <Index Out, Index Kernel, Padding P, Index Stride, Index Dilation, Index Groups>
inline constexpr bool takes_batch_norm<Conv1D<Out, Kernel, P, Stride, Dilation, Groups>> = true;
template <Index Kernel, Padding P, Index Stride, Index Dilation>
inline constexpr bool takes_batch_norm<DepthwiseConv1D<Kernel, P, Stride, Dilation>> = true;
template <Index Out>
inline constexpr bool takes_batch_norm<Dense<Out>> = true;

// The same layers without each BatchNorm1D that is folded; those are listed.
template <class L>
L without_batch_norm(const L& layer, const std::string&, std::vector<BatchNormFold>&) {
    return layer;
}
template <class... Layers>
auto without_batch_norm(const Sequential<Layers...>& net, const std::string& prefix, std::vector<BatchNormFold>& folds);
template <class... Layers>
auto without_batch_norm(const Residual<Layers...>& residual, const std::string& prefix,
                        std::vector<BatchNormFold>& folds);
template <class Net, class Skip>
auto without_batch_norm(const Sum<Net, Skip>& sum, const std::string& prefix, std::vector<BatchNormFold>& folds);

template <std::size_t I, class... Layers, class... Done>
auto without_batch_norm_from(const std::tuple<Layers...>& layers, const std::string& prefix,
                             std::vector<BatchNormFold>& folds, const Done&... done) {
    if constexpr (I == sizeof...(Layers)) {
        return Sequential<Done...>(done...);
    } else {
        const auto name = [&](std::size_t i) { return prefix + std::to_string(i) + "."; };
        const auto& layer = std::get<I>(layers);
        using Tuple = std::tuple<Layers...>;
        if constexpr (I > 0 && std::is_same_v<std::tuple_element_t<I, Tuple>, BatchNorm1D>) {
            if constexpr (takes_batch_norm<std::tuple_element_t<I - 1, Tuple>>) {
                folds.push_back({name(I - 1), name(I), layer.epsilon()});
                return without_batch_norm_from<I + 1>(layers, prefix, folds, done...);
            } else {
                return without_batch_norm_from<I + 1>(layers, prefix, folds, done..., layer);
            }
        } else {
            return without_batch_norm_from<I + 1>(layers, prefix, folds, done...,
                                                  without_batch_norm(layer, name(I), folds));
        }
    }
}
template <class... Layers>
auto without_batch_norm(const Sequential<Layers...>& net, const std::string& prefix,
                        std::vector<BatchNormFold>& folds) {
    return without_batch_norm_from<0>(net.layers(), prefix, folds);
}
template <class... Layers>
auto without_batch_norm(const Residual<Layers...>& residual, const std::string& prefix,
                        std::vector<BatchNormFold>& folds) {
    const auto body = without_batch_norm(residual.body(), prefix + "body.", folds);
    return std::apply([](const auto&... layer) { return Residual<std::remove_cvref_t<decltype(layer)>...>(layer...); },
                      body.layers());
}
template <class Net, class Skip>
auto without_batch_norm(const Sum<Net, Skip>& sum, const std::string& prefix, std::vector<BatchNormFold>& folds) {
    auto net = without_batch_norm(sum.net(), prefix + "net.", folds);
    return Sum(std::move(net), without_batch_norm(sum.skip(), prefix + "skip.", folds));
}

/// One tensor of the layer before the norm, whose weight, bias, mean and variance are `norm[0]` to `norm[3]`:
/// w s and (b - mean) s + bias with s = weight / sqrt(variance + epsilon), for each output.
template <class T>
void fold_parameter(const NamedParameter<const T>* norm, double epsilon, bool is_bias, std::vector<T>& values) {
    const Index outputs = norm[0].size(), each = static_cast<Index>(values.size()) / outputs;
    for (Index o = 0; o < outputs; ++o) {
        const double scale = static_cast<double>(norm[0][o]) / std::sqrt(static_cast<double>(norm[3][o]) + epsilon);
        const double shift = is_bias ? static_cast<double>(norm[1][o]) - static_cast<double>(norm[2][o]) * scale : 0;
        for (Index i = o * each; i < (o + 1) * each; ++i) {
            T& value = values[static_cast<std::size_t>(i)];
            value = static_cast<T>(static_cast<double>(value) * scale + shift);
        }
    }
}

template <class M>
using LayersWithoutBatchNorm = decltype(without_batch_norm(std::declval<const typename M::NetworkType::Layers&>(), "",
                                                           std::declval<std::vector<BatchNormFold>&>()));

/// `M::name`, if there is one.
template <class M>
struct NameOf {};
template <class M>
    requires requires { M::name; }
struct NameOf<M> {
    static constexpr const char* name = M::name;
};

}  // namespace detail

/// A model without each BatchNorm1D that stands directly behind a Conv1D, DepthwiseConv1D or Dense, also inside
/// Sequential, Residual and Sum: its running statistics, weight and bias go into that layer's. Others stay.
///
/// The outputs are the model's in inference but for rounding; do it after training. Layers behind a folded one move up
/// by one in the names of parameters, so weights files of the two are not each other's. A controller declares
/// `BatchNormFolded<Net> model(Net(config))` and loads what was saved of `fold_batch_norm(net)`.
/// *Cost*: once, two copies of the parameters.
/// *Source*: Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
/// Inference", CVPR 2018, section 3.2.
template <class M>
class BatchNormFolded
    : public Model<typename M::Scalar, typename M::NetworkType::InputShape, detail::LayersWithoutBatchNorm<M>>,
      public detail::NameOf<M> {
    using T = typename M::Scalar;
    using Base = Model<T, typename M::NetworkType::InputShape, detail::LayersWithoutBatchNorm<M>>;

public:
    explicit BatchNormFolded(const M& model) : BatchNormFolded(model, {}) {}

private:
    BatchNormFolded(const M& model, std::vector<detail::BatchNormFold> folds)
        : Base(model.network().input_shape(), detail::without_batch_norm(model.network().layers(), "", folds)) {
        const auto from = model.named_parameters();
        const auto to = this->named_parameters();
        auto next = to.begin();
        std::size_t fold = 0;
        for (std::size_t i = 0; i < from.size(); ++i, ++next) {
            std::vector<T> values(static_cast<std::size_t>(from[i].size()));
            from[i].copy_to(values);
            const bool is_folded = fold < folds.size() && from[i].name().rfind(folds[fold].layer, 0) == 0;
            if (!is_folded) {
                next->copy_from(values);
                continue;
            }
            // weight and bias of the layer, then the four tensors of the norm
            std::vector<T> bias(static_cast<std::size_t>(from[i + 1].size()));
            from[i + 1].copy_to(bias);
            detail::fold_parameter(&from[i + 2], folds[fold].epsilon, false, values);
            detail::fold_parameter(&from[i + 2], folds[fold].epsilon, true, bias);
            next->copy_from(values);
            (++next)->copy_from(bias);
            i += 5;
            ++fold;
        }
    }
};

/// See `BatchNormFolded`.
template <class M>
BatchNormFolded<M> fold_batch_norm(const M& model) {
    return BatchNormFolded<M>(model);
}

IDM_NAMESPACE_END
