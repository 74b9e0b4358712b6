#pragma once

#include <string>

#include <idm/core/error.hpp>
#include <idm/kernels/select.hpp>
#include <idm/layers/contract.hpp>

IDM_NAMESPACE_BEGIN

/// Normalises each step over its channels: y = (x - mean) / sqrt(variance + epsilon), variance with divisor C.
///
/// PyTorch's form without weight and bias (`elementwise_affine=False`); a Dense or Conv1D behind it brings its own.
///
/// *Shapes*: x and y [N, L, C]. *Errors*: `ConfigError` for an epsilon that is not above 0.
/// *Cost*: 8 N L C flop forward; nothing kept, no allocation.
/// *Source*: https://pytorch.org/docs/stable/generated/torch.nn.LayerNorm.html
class LayerNorm : public LayerDefaults {
public:
    static constexpr bool is_causal = true;

    constexpr explicit LayerNorm(double epsilon = 1e-5) : epsilon_(epsilon) {
        detail::require<ConfigError>(epsilon > 0, "LayerNorm: expected an epsilon above 0, got ", epsilon);
    }

    template <class In>
    constexpr In output_shape(const In& in) const {
        return in;
    }
    /// Its backward pass is `backward`.
    template <class T, class In>
    void forward(const In& in, const Forward<T>& p) const {
        for (Index n = 0; n < p.samples; ++n)
            kernels::layer_norm_forward(in.length(), in.channels(), static_cast<T>(epsilon_), p.x.sample(n),
                                        p.y.sample(n));
    }
    /// The gradient of `forward`.
    template <class T, class In>
    void backward(const In& in, const Backward<T>& p) const {
        if (!p.d_x.data) return;
        for (Index n = 0; n < p.samples; ++n)
            kernels::layer_norm_backward(in.length(), in.channels(), static_cast<T>(epsilon_), p.x.sample(n),
                                         static_cast<const T*>(p.d_y.sample(n)), p.d_x.sample(n));
    }
    std::string name() const { return "LayerNorm"; }

private:
    double epsilon_;
};

IDM_NAMESPACE_END
