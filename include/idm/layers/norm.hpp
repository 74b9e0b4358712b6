#pragma once

#include <string>
#include <vector>

#include <idm/core/error.hpp>
#include <idm/core/exact_text.hpp>
#include <idm/kernels/select.hpp>
#include <idm/layers/contract.hpp>

IDM_NAMESPACE_BEGIN

/// Normalises each step over its channels, variance with divisor C:
///
///     y = (x - mean) / sqrt(variance + epsilon) weight + bias
///
/// `LayerNorm<false>` is without weight and bias: a Dense or Conv1D behind it brings its own.
///
/// *Shapes*: x and y [N, L, C]; parameters `weight` [C], which starts at 1, and `bias` [C], which starts at 0.
/// *Errors*: `ConfigError` for an epsilon that is not above 0.
/// *Cost*: 10 N L C flop forward; no allocation.
/// *Source*: https://pytorch.org/docs/stable/generated/torch.nn.LayerNorm.html
template <bool Affine = true>
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
    template <class In>
    constexpr Index parameter_count(const In& in) const {
        return Affine ? 2 * round_up_16(in.channels()) : 0;
    }
    template <class In>
    void list_parameters(const In& in, Index offset, const std::string& prefix, std::vector<ParameterInfo>& out) const {
        if constexpr (Affine) {
            const Index channels = in.channels();
            out.push_back(ParameterInfo::constant(prefix + "weight", offset, channels, 1));
            out.push_back(ParameterInfo::constant(prefix + "bias", offset + round_up_16(channels), channels, 0));
        }
    }
    template <class T, class In>
    constexpr Index scratch_size(const In& in, Index, Mode mode) const {
        return Affine && mode != Mode::inference ? in.size() : 0;
    }

    /// Its backward pass is `backward`.
    template <class T, class In>
    void forward(const In& in, const Forward<T>& p) const {
        const Index rows = in.length(), channels = in.channels();
        for (Index n = 0; n < p.samples; ++n) {
            kernels::layer_norm_forward(rows, channels, static_cast<T>(epsilon_), p.x.sample(n), p.y.sample(n));
            if constexpr (Affine)
                kernels::scale_channels(rows, channels, p.parameters, p.parameters + round_up_16(channels),
                                        p.y.sample(n));
        }
    }
    /// The gradient of `forward`. The normalised x is computed again, in scratch.
    template <class T, class In>
    void backward(const In& in, const Backward<T>& p) const {
        const Index rows = in.length(), channels = in.channels();
        const T epsilon = static_cast<T>(epsilon_);
        for (Index n = 0; n < p.samples; ++n) {
            if constexpr (Affine) {
                kernels::layer_norm_forward(rows, channels, epsilon, p.x.sample(n), p.scratch);
                kernels::scale_channels_backward(rows, channels, p.parameters, static_cast<const T*>(p.scratch),
                                                 p.d_y.sample(n), p.d_parameters_accumulate,
                                                 p.d_parameters_accumulate + round_up_16(channels));
            }
            if (p.d_x.data)
                kernels::layer_norm_backward(rows, channels, epsilon, p.x.sample(n),
                                             static_cast<const T*>(p.d_y.sample(n)), p.d_x.sample(n));
        }
    }
    std::string name() const {
        return "LayerNorm(epsilon " + detail::exact_text(epsilon_) + (Affine ? ")" : ", no weight)");
    }

private:
    double epsilon_;
};

IDM_NAMESPACE_END
