#pragma once

#include <string>

#include <idm/core/error.hpp>
#include <idm/core/exact_text.hpp>
#include <idm/kernels/select.hpp>
#include <idm/layers/contract.hpp>

IDM_NAMESPACE_BEGIN

/// y = max(x, 0), a NaN stays NaN. The gradient at 0 is 0, as in PyTorch.
///
/// *Shapes*: any. *Cost*: in place; behind Conv1D or Dense it is part of their kernel.
/// *Source*: https://pytorch.org/docs/stable/generated/torch.nn.ReLU.html
class ReLU : public LayerDefaults {
public:
    static constexpr bool in_place = true;
    static constexpr bool backward_reads_output = true;
    static constexpr bool is_causal = true;
    static constexpr kernels::Epilogue as_epilogue = kernels::Epilogue::relu;

    template <class In>
    constexpr In output_shape(const In& in) const {
        return in;
    }
    /// Its backward pass is `backward`.
    template <class T, class In>
    void forward(const In& in, const Forward<T>& p) const {
        for (Index n = 0; n < p.samples; ++n) kernels::relu_forward(in.size(), p.x.sample(n), p.y.sample(n));
    }
    /// The gradient of `forward`.
    template <class T, class In>
    void backward(const In& in, const Backward<T>& p) const {
        if (!p.d_x.data) return;
        for (Index n = 0; n < p.samples; ++n)
            kernels::relu_backward(in.size(), p.y.sample(n), static_cast<const T*>(p.d_y.sample(n)), p.d_x.sample(n));
    }
    std::string name() const { return "ReLU"; }
};

namespace detail {

/// y = f(x) number by number, f one of kernels/activation.hpp. In place where its slope is a function of y.
template <class Function>
class ActivationLayer : public LayerDefaults {
public:
    static constexpr bool in_place = Function::from_output;
    static constexpr bool backward_reads_output = Function::from_output;
    static constexpr bool is_causal = true;

    template <class In>
    constexpr In output_shape(const In& in) const {
        return in;
    }
    /// Its backward pass is `backward`.
    template <class T, class In>
    void forward(const In& in, const Forward<T>& p) const {
        for (Index n = 0; n < p.samples; ++n)
            kernels::activation_forward(function_, in.size(), p.x.sample(n), p.y.sample(n));
    }
    /// The gradient of `forward`.
    template <class T, class In>
    void backward(const In& in, const Backward<T>& p) const {
        if (!p.d_x.data) return;
        const BatchView<const T> kept = Function::from_output ? p.y : p.x;
        for (Index n = 0; n < p.samples; ++n)
            kernels::activation_backward(function_, in.size(), kept.sample(n), static_cast<const T*>(p.d_y.sample(n)),
                                         p.d_x.sample(n));
    }

protected:
    constexpr explicit ActivationLayer(Function function) : function_(function) {}
    constexpr const Function& function() const { return function_; }

private:
    [[no_unique_address]] Function function_;
};

}  // namespace detail

/// y = x where x > 0, else negative_slope * x. The gradient at 0 is negative_slope, as in PyTorch.
///
/// *Shapes*: any. *Errors*: `ConfigError` for a negative_slope below 0. *Cost*: in place.
/// *Source*: https://pytorch.org/docs/stable/generated/torch.nn.LeakyReLU.html
class LeakyReLU : public detail::ActivationLayer<kernels::LeakyReLU> {
public:
    constexpr explicit LeakyReLU(double negative_slope = 0.01) : ActivationLayer(kernels::LeakyReLU{negative_slope}) {
        detail::require<ConfigError>(negative_slope >= 0, "LeakyReLU: expected a negative_slope of 0 or more, got ",
                                     negative_slope);
    }
    std::string name() const { return "LeakyReLU(" + detail::exact_text(function().negative_slope) + ")"; }
};

/// y = x where x > 0, else alpha * (exp(x) - 1).
///
/// *Shapes*: any. *Errors*: `ConfigError` for an alpha below 0. *Cost*: in place.
/// *Source*: https://pytorch.org/docs/stable/generated/torch.nn.ELU.html
class ELU : public detail::ActivationLayer<kernels::ELU> {
public:
    constexpr explicit ELU(double alpha = 1) : ActivationLayer(kernels::ELU{alpha}) {
        detail::require<ConfigError>(alpha >= 0, "ELU: expected an alpha of 0 or more, got ", alpha);
    }
    std::string name() const { return "ELU(" + detail::exact_text(function().alpha) + ")"; }
};

/// y = tanh(x).
///
/// *Shapes*: any. *Cost*: in place. *Source*: https://pytorch.org/docs/stable/generated/torch.nn.Tanh.html
class Tanh : public detail::ActivationLayer<kernels::Tanh> {
public:
    constexpr Tanh() : ActivationLayer({}) {}
    std::string name() const { return "Tanh"; }
};

/// y = 1 / (1 + exp(-x)).
///
/// *Shapes*: any. *Cost*: in place. *Source*: https://pytorch.org/docs/stable/generated/torch.nn.Sigmoid.html
class Sigmoid : public detail::ActivationLayer<kernels::Sigmoid> {
public:
    constexpr Sigmoid() : ActivationLayer({}) {}
    std::string name() const { return "Sigmoid"; }
};

/// y = log(1 + exp(x)). PyTorch takes x itself beyond 20, which is 2e-9 less.
///
/// *Shapes*: any. *Cost*: in place. *Source*: https://pytorch.org/docs/stable/generated/torch.nn.Softplus.html
class Softplus : public detail::ActivationLayer<kernels::Softplus> {
public:
    constexpr Softplus() : ActivationLayer({}) {}
    std::string name() const { return "Softplus"; }
};

/// y = x / (1 + exp(-x)).
///
/// *Shapes*: any. *Cost*: not in place: its backward pass reads x.
/// *Source*: https://pytorch.org/docs/stable/generated/torch.nn.SiLU.html
class SiLU : public detail::ActivationLayer<kernels::SiLU> {
public:
    constexpr SiLU() : ActivationLayer({}) {}
    std::string name() const { return "SiLU"; }
};

/// y = x Phi(x), Phi the distribution function of the normal distribution (by erf, PyTorch's default form).
///
/// *Shapes*: any. *Cost*: not in place: its backward pass reads x.
/// *Source*: https://pytorch.org/docs/stable/generated/torch.nn.GELU.html
class GELU : public detail::ActivationLayer<kernels::GELU> {
public:
    constexpr GELU() : ActivationLayer({}) {}
    std::string name() const { return "GELU"; }
};

IDM_NAMESPACE_END
