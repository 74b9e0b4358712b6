#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include <idm/core/error.hpp>
#include <idm/core/exact_text.hpp>
#include <idm/kernels/select.hpp>
#include <idm/layers/contract.hpp>

IDM_NAMESPACE_BEGIN

/// Normalises each channel over all steps of all samples, in training by their mean and variance (divisor M = N L):
///
///     y = (x - mean) / sqrt(variance + epsilon) weight + bias
///
/// and else by `running_mean` and `running_var`, which a training step moves by `momentum` towards its own (variance
/// with divisor M - 1; left alone where M is 1). N are the samples of one pass, the part of a batch that a thread has:
/// parts are normalised each by itself, and the running statistics move by the mean over the step's samples.
///
/// *Shapes*: x and y [N, L, C]; parameters `weight` [C], which starts at 1, and `bias` [C], at 0; statistics
/// `running_mean` [C], at 0, and `running_var` [C], at 1. PyTorch's `num_batches_tracked` is not kept.
/// *Errors*: `ConfigError` for an epsilon that is not above 0 or a momentum outside [0, 1].
/// *Cost*: 4 N L C flop in inference; no allocation; none once `fold_batch_norm` (models/fold_batch_norm.hpp)
/// has put it into the layer before.
/// *Source*: https://pytorch.org/docs/stable/generated/torch.nn.BatchNorm1d.html
class BatchNorm1D : public LayerDefaults {
public:
    static constexpr bool is_causal = true;

    constexpr explicit BatchNorm1D(double epsilon = 1e-5, double momentum = 0.1)
        : epsilon_(epsilon), momentum_(momentum) {
        detail::require<ConfigError>(epsilon > 0, "BatchNorm1D: expected an epsilon above 0, got ", epsilon);
        detail::require<ConfigError>(momentum >= 0 && momentum <= 1, "BatchNorm1D: expected a momentum in [0, 1], got ",
                                     momentum);
    }

    constexpr double epsilon() const { return epsilon_; }

    template <class In>
    constexpr In output_shape(const In& in) const {
        return in;
    }
    template <class In>
    constexpr Index parameter_count(const In& in) const {
        return 4 * round_up_16(in.channels());
    }
    template <class In>
    void list_parameters(const In& in, Index offset, const std::string& prefix, std::vector<ParameterInfo>& out) const {
        const Index size = in.channels(), next = round_up_16(size);
        out.push_back(ParameterInfo::constant(prefix + "weight", offset, size, 1));
        out.push_back(ParameterInfo::constant(prefix + "bias", offset + next, size, 0));
        out.push_back(ParameterInfo::constant(prefix + "running_mean", offset + 2 * next, size, 0, true));
        out.push_back(ParameterInfo::constant(prefix + "running_var", offset + 3 * next, size, 1, true));
    }
    /// Mean, variance and scale of the pass.
    template <class T, class In>
    constexpr Index memory_size(const In& in, Index, Mode mode) const {
        return mode == Mode::inference ? 0 : 3 * round_up_16(in.channels());
    }
    template <class T, class In>
    constexpr Index scratch_size(const In& in, Index, Mode mode) const {
        const Index next = round_up_16(in.channels());
        return mode == Mode::inference ? next : 2 * next + in.size();
    }

    /// Its backward pass is `backward`.
    template <class T, class In>
    void forward(const In& in, const Forward<T>& p) const {
        const Index rows = in.length(), channels = in.channels(), next = round_up_16(channels);
        const T* mean = p.parameters + 2 * next;
        T* scale = p.scratch;
        if (p.mode == Mode::inference) {
            kernels::channel_scales(channels, static_cast<T>(epsilon_), p.parameters + 3 * next, scale);
        } else {
            mean = p.memory;
            scale = p.memory + 2 * next;
            kernels::batch_statistics(p.samples, p.x.sample_stride, rows, channels, p.x.data, p.memory,
                                      p.memory + next);
            kernels::channel_scales(channels, static_cast<T>(epsilon_), static_cast<const T*>(p.memory + next), scale);
        }
        for (Index n = 0; n < p.samples; ++n) {
            kernels::normalise_channels(rows, channels, mean, static_cast<const T*>(scale), p.x.sample(n),
                                        p.y.sample(n));
            kernels::scale_channels(rows, channels, p.parameters, p.parameters + next, p.y.sample(n));
        }
    }

    /// The gradient of `forward`, and how the running statistics move. The normalised x is computed again, in scratch.
    template <class T, class In>
    void backward(const In& in, const Backward<T>& p) const {
        const Index rows = in.length(), channels = in.channels(), next = round_up_16(channels);
        const T *mean = p.memory, *scale = p.memory + 2 * next;
        T *along = p.scratch, *sum = p.scratch + next, *normal = p.scratch + 2 * next;
        std::fill_n(p.scratch, 2 * next, T(0));
        const auto normalise = [&](Index n) {
            kernels::normalise_channels(rows, channels, mean, scale, p.x.sample(n), normal);
        };
        for (Index n = 0; n < p.samples; ++n) {
            normalise(n);
            kernels::scale_channels_backward(rows, channels, p.parameters, static_cast<const T*>(normal),
                                             p.d_y.sample(n), along, sum);
        }
        kernels::add_accumulate(channels, static_cast<const T*>(along), p.d_parameters_accumulate);
        kernels::add_accumulate(channels, static_cast<const T*>(sum), p.d_parameters_accumulate + next);
        move_statistics(p, rows * p.samples, channels);
        if (!p.d_x.data) return;
        for (Index n = 0; n < p.samples; ++n) {
            normalise(n);
            kernels::normalise_channels_backward(rows, channels, rows * p.samples, scale, p.parameters,
                                                 static_cast<const T*>(sum), static_cast<const T*>(along),
                                                 static_cast<const T*>(normal), static_cast<const T*>(p.d_y.sample(n)),
                                                 p.d_x.sample(n));
        }
    }
    std::string name() const {
        return "BatchNorm1D(epsilon " + detail::exact_text(epsilon_) + ", momentum " + detail::exact_text(momentum_) +
               ")";
    }

private:
    /// See ParameterInfo: samples * (old value - new value).
    template <class T>
    void move_statistics(const Backward<T>& p, Index count, Index channels) const {
        const Index next = round_up_16(channels);
        const T step = static_cast<T>(momentum_) * static_cast<T>(p.samples);
        const T *mean = p.memory, *variance = p.memory + next;
        const T *old_mean = p.parameters + 2 * next, *old_variance = p.parameters + 3 * next;
        T *d_mean = p.d_parameters_accumulate + 2 * next, *d_variance = p.d_parameters_accumulate + 3 * next;
        for (Index c = 0; c < channels; ++c) d_mean[c] += step * (old_mean[c] - mean[c]);
        if (count < 2) return;
        const T unbiased = static_cast<T>(count) / static_cast<T>(count - 1);
        for (Index c = 0; c < channels; ++c) d_variance[c] += step * (old_variance[c] - variance[c] * unbiased);
    }

    double epsilon_, momentum_;
};

IDM_NAMESPACE_END
