#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

#include <idm/kernels/select.hpp>
#include <idm/layers/bf16.hpp>
#include <idm/layers/conv1d.hpp>
#include <idm/layers/network.hpp>
#include <idm/layers/residual.hpp>
#include <idm/layers/sequential.hpp>
#include <idm/layers/sum.hpp>

// One window's output of a causal network that ends in LastStep needs few of the steps between: those on the cone of
// dilated taps. Behind a convolution of dilation D, n outputs that lie `every` steps apart read steps that lie
// gcd(every, D) apart. Kept densely, they are the input of the same convolution with a stride and a smaller dilation.

IDM_NAMESPACE_BEGIN
namespace detail {

/// `count` steps, `every` apart, of which the last is the newest.
template <Index Every, Index Count>
struct Steps {
    static constexpr Index every = Every, count = Count;
    /// Of one step alone any spacing is true: the largest leaves the most out.
    template <Index Dilation>
    static constexpr Index common = Count == 1 ? Dilation : std::gcd(Every, Dilation);
};

/// [L, C] -> [count, C]: the newest steps, `every` apart.
template <class S>
class NewestSteps : public LayerDefaults {
public:
    template <Index L, Index C, Index F>
    constexpr auto output_shape(const Shape<L, C, F>& in) const {
        require<ShapeError>(in.length() > (S::count - 1) * S::every, "expected a window of at least ",
                            (S::count - 1) * S::every + 1, " steps, got ", in.length());
        return Shape<S::count, C, F>(S::count, in.channels(), in.folded());
    }
    template <class T, class In>
    void forward(const In& in, const Forward<T>& p) const {
        const Index channels = in.channels(), first = in.length() - 1 - (S::count - 1) * S::every;
        for (Index n = 0; n < p.samples; ++n)
            for (Index i = 0; i < S::count; ++i)
                std::copy_n(p.x.sample(n) + (first + i * S::every) * channels, channels, p.y.sample(n) + i * channels);
    }
    template <class T, class In>
    void backward(const In&, const Backward<T>&) const {
        raise<ConfigError>("a pruned network has no backward pass; train the model that it was made from");
    }
    std::string name() const { return message("newest ", S::count, " steps, ", S::every, " apart"); }
};

/// y = x at every `Ratio`-th step, counted from the newest, + body(x).
template <Index Ratio, class Body>
class ConeResidual : public LayerDefaults {
public:
    constexpr explicit ConeResidual(Body body) : body_(body) {}

    template <class In>
    constexpr auto output_shape(const In& in) const {
        return body_.output_shape(in);
    }
    template <class In>
    constexpr Index parameter_count(const In& in) const {
        return body_.parameter_count(in);
    }
    template <class T, class In>
    constexpr Index memory_size(const In& in, Index capacity, Mode mode) const {
        return body_.template memory_size<T>(in, capacity, mode);
    }
    template <class T, class In>
    constexpr Index scratch_size(const In& in, Index capacity, Mode mode) const {
        return body_.template scratch_size<T>(in, capacity, mode);
    }
    template <class T, class In>
    void forward(const In& in, const Forward<T>& p) const {
        body_.forward(in, p);
        const auto out = output_shape(in);
        const Index channels = out.channels(), first = in.length() - 1 - (out.length() - 1) * Ratio;
        for (Index n = 0; n < p.samples; ++n)
            for (Index l = 0; l < out.length(); ++l)
                kernels::add_accumulate(channels, p.x.sample(n) + (first + l * Ratio) * channels,
                                        p.y.sample(n) + l * channels);
    }
    template <class T, class In>
    void backward(const In&, const Backward<T>&) const {
        raise<ConfigError>("a pruned network has no backward pass; train the model that it was made from");
    }
    std::string name() const { return "Residual"; }

private:
    [[no_unique_address]] Body body_;
};

/// A layer that gives `Out`, and what it needs of its input. `known` is false where that cannot be said.
template <class In, class L>
struct Cone {
    using Input = In;
    static constexpr bool known = !std::is_void_v<In>;
    L layer;
};
struct UnknownCone {
    static constexpr bool known = false;
};

template <class Out, class L>
constexpr auto cone(const L& layer) {
    if constexpr (is_pointwise<L>)
        return Cone<Out, L>{layer};
    else
        return UnknownCone{};
}

template <class Out, Index Channels, Index Kernel, Index Dilation>
constexpr auto cone(const Conv1D<Channels, Kernel, Padding::causal, 1, Dilation>&) {
    if constexpr (Channels == dynamic || Kernel == dynamic || Dilation == dynamic) {
        return UnknownCone{};
    } else if constexpr (Kernel == 1) {
        return Cone<Out, Conv1D<Channels, 1>>{};
    } else {
        constexpr Index every = Out::template common<Dilation>;
        constexpr Index count = ((Out::count - 1) * Out::every + (Kernel - 1) * Dilation) / every + 1;
        constexpr Index stride = Out::count == 1 ? 1 : Out::every / every;
        return Cone<Steps<every, count>, Conv1D<Channels, Kernel, Padding::valid, stride, Dilation / every>>{};
    }
}

template <class Out, class L>
constexpr auto cone(const Bf16<L>& layer) {
    auto rounded = cone<Out>(static_cast<const L&>(layer));
    if constexpr (!decltype(rounded)::known)
        return UnknownCone{};
    else
        return Cone<typename decltype(rounded)::Input, Bf16<decltype(rounded.layer)>>{
            Bf16<decltype(rounded.layer)>(rounded.layer)};
}

template <class Out, class... Layers>
constexpr auto cone(const Sequential<Layers...>& net);

template <class Out, class... Layers>
constexpr auto cone(const Residual<Layers...>& residual) {
    auto body = cone<Out>(residual.body());
    if constexpr (!decltype(body)::known) {
        return UnknownCone{};
    } else {
        using In = typename decltype(body)::Input;
        constexpr Index ratio = Out::count == 1 ? 1 : Out::every / In::every;
        return Cone<In, ConeResidual<ratio, decltype(body.layer)>>{
            ConeResidual<ratio, decltype(body.layer)>(body.layer)};
    }
}

/// From the last of `Left` layers to the first.
template <std::size_t Left, class Out, class... Layers, class... Done>
constexpr auto cone_from(const std::tuple<Layers...>& layers, const Done&... done) {
    if constexpr (Left == 0) {
        return Cone<Out, Sequential<Done...>>{Sequential<Done...>(done...)};
    } else {
        auto last = cone<Out>(std::get<Left - 1>(layers));
        if constexpr (!decltype(last)::known)
            return UnknownCone{};
        else
            return cone_from<Left - 1, typename decltype(last)::Input>(layers, last.layer, done...);
    }
}
template <class Out, class... Layers>
constexpr auto cone(const Sequential<Layers...>& net) {
    return cone_from<sizeof...(Layers), Out>(net.layers());
}

/// LastStep asks for one step, whatever stands behind it.
template <std::size_t Left, class... Layers, class... Done>
constexpr auto pruned(const std::tuple<Layers...>& layers, const Done&... done) {
    if constexpr (Left == 0) {
        return UnknownCone{};
    } else {
        const auto& last = std::get<Left - 1>(layers);
        if constexpr (std::is_same_v<std::remove_cvref_t<decltype(last)>, LastStep>)
            return cone_from<Left - 1, Steps<1, 1>>(layers, last, done...);
        else
            return pruned<Left - 1>(layers, last, done...);
    }
}
template <class Net>
constexpr auto pruned(const Net&) {
    return UnknownCone{};
}
template <class... Layers>
constexpr auto pruned(const Sequential<Layers...>& net) {
    return pruned<sizeof...(Layers)>(net.layers());
}

/// The layers over the whole window that `pruned` found, the newest steps taken first.
template <class Net>
constexpr auto pruned_layers(const Net& net) {
    const auto cone = pruned(net);
    const NewestSteps<typename std::remove_const_t<decltype(cone)>::Input> newest;
    return std::apply([&](const auto&... layer) { return Sequential(newest, layer...); }, cone.layer.layers());
}
template <class Net, class Skip>
constexpr auto pruned_layers(const Sum<Net, Skip>& sum) {
    return Sum(pruned_layers(sum.net()), sum.skip());
}

template <class Net>
inline constexpr bool is_prunable = decltype(pruned(std::declval<const Net&>()))::known;
template <class Net, class Skip>
inline constexpr bool is_prunable<Sum<Net, Skip>> = is_prunable<Net>;

}  // namespace detail

/// A causal network that ends in LastStep and whose kernels and dilations are known to the compiler, or its sum with a
/// skip, which stays as it is.
template <class Net>
concept Prunable = detail::is_prunable<Net>;

/// The network over the same window that computes only those steps which reach its output, on the same parameters.
///
/// *Errors*: `ShapeError` for a window not longer than `history()`: its output sees padding, which this one has not.
/// *Cost*: for Cnn2, 26 steps through a residual block in place of 128.
template <class In, class Net>
    requires Prunable<Net>
constexpr auto pruned_network(const Network<In, Net>& network) {
    detail::require<ShapeError>(network.input_shape().length() > network.history(),
                                "pruning: expected a window of at least ", network.history() + 1,
                                " steps, as many as an output depends on, got ", network.input_shape().length());
    auto layers = detail::pruned_layers(network.layers());
    return Network<In, decltype(layers)>(network.input_shape(), layers);
}

IDM_NAMESPACE_END
