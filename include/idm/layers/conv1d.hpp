#pragma once

#include <string>
#include <vector>

#include <idm/kernels/select.hpp>
#include <idm/layers/contract.hpp>
#include <idm/layers/over_newest.hpp>

IDM_NAMESPACE_BEGIN

/// Zeros around a convolution's input: none; as many as keep the length, split as PyTorch does (the odd one behind);
/// all of them before the first step, so that no output depends on a later input.
enum class Padding { valid, same, causal };

constexpr const char* to_string(Padding padding) {
    return padding == Padding::valid ? "valid" : padding == Padding::same ? "same" : "causal";
}

/// A convolution of `Kernel` taps, `Dilation` apart, needs `Needed` steps; its input has `Length`.
template <Index Length, Index Needed, Index Kernel, Index Dilation>
struct ConvolutionLongerThanItsInput {
    static_assert(Length >= Needed,
                  "a convolution's window (kernel - 1) * dilation + 1 exceeds its padded input's length");
    static constexpr Index length = Length;
};

/// 1-D convolution over time (cross-correlation, as in PyTorch).
///
///     y[n, l, o] = b[o] + sum_k sum_c x[n, l S + k D - pad_left, c] w[o, c, k]
///
/// With G groups, c runs over the C_in / G channels of o's own group alone.
///
/// *Shapes*: x [N, L, C_in], y [N, L_out, C_out] with L_out = floor((L + padding - (K - 1) D - 1) / S) + 1;
/// parameters `weight` [C_out, C_in / G, K], `bias` [C_out].
/// *Errors*: `ConfigError` for a count below 1, groups that don't divide C_out, or `same` with a stride other than 1;
/// `ShapeError` when the window exceeds the padded input (a compile error where the extents are static) and for groups
/// that don't divide C_in. *Cost*: 2 N L_out C_in K C_out / G flop, no allocation. As many groups as channels are
/// DepthwiseConv1D's work: here lanes run over the outputs of one group.
/// *Source*: https://pytorch.org/docs/stable/generated/torch.nn.Conv1d.html
template <Index Out = dynamic, Index Kernel = dynamic, Padding P = Padding::valid, Index Stride = 1, Index Dilation = 1,
          Index Groups = 1>
class Conv1D : public LayerDefaults {
public:
    static constexpr bool fuses_epilogue = true;
    static constexpr bool stores_gradient = true;
    static constexpr bool is_causal = P == Padding::causal && Stride == 1;
    static constexpr bool pads_input = P != Padding::valid && Kernel != 1;
    static constexpr Padding padding = P;

    constexpr Conv1D() requires(Out != dynamic && Kernel != dynamic && Stride != dynamic && Dilation != dynamic &&
                                Groups != dynamic) {
        check();
    }
    constexpr Conv1D(Index out_channels, Index kernel, Index stride = Stride == dynamic ? 1 : Stride,
                     Index dilation = Dilation == dynamic ? 1 : Dilation, Index groups = Groups == dynamic ? 1 : Groups)
        : out_(out_channels), kernel_(kernel), stride_(stride), dilation_(dilation), groups_(groups) {
        check();
    }

    constexpr Index out_channels() const { return out_.value(); }
    constexpr Index kernel() const { return kernel_.value(); }
    constexpr Index stride() const { return stride_.value(); }
    constexpr Index dilation() const { return dilation_.value(); }
    constexpr Index groups() const { return groups_.value(); }
    constexpr Index reach() const { return (kernel() - 1) * dilation(); }
    constexpr Index pad_total() const { return P == Padding::valid ? 0 : reach(); }
    constexpr Index pad_left() const { return P == Padding::same ? pad_total() / 2 : pad_total(); }

    template <Index L, Index C, Index F>
    constexpr auto output_shape(const Shape<L, C, F>& in) const {
        return output_shape_of(in, *this);
    }
    /// `output_shape` with errors in the name of `layer`, for layers that are a convolution to their users.
    template <Index L, Index C, Index F, class Named>
    constexpr auto output_shape_of(const Shape<L, C, F>& in, const Named& layer) const {
        constexpr Index length = static_length<L>();
        const Index padded = in.length() + pad_total();
        // Not require(): that would build name(), an allocation, on every pass.
        if (padded <= reach()) [[unlikely]]
            detail::raise<ShapeError>(layer.name(), ": expected an input of at least ", reach() + 1 - pad_total(),
                                      " steps ((kernel - 1) * dilation + 1), got ", in.length(),
                                      "; take a longer window or a smaller kernel");
        if (in.channels() % groups() != 0) [[unlikely]]
            detail::raise<ShapeError>(layer.name(), ": expected input channels that ", groups(),
                                      " groups can share evenly, got ", in.channels());
        return Shape<length, Out>((padded - reach() - 1) / stride() + 1, out_channels());
    }

    template <class In>
    constexpr Index parameter_count(const In& in) const {
        return weight_size(in) + kernels::grouped_bias_size(out_channels(), groups());
    }
    template <class In>
    void list_parameters(const In& in, Index offset, const std::string& prefix, std::vector<ParameterInfo>& out) const {
        const Index inputs = in.channels() / groups();
        out.push_back(ParameterInfo::weight(prefix + "weight", {out_channels(), inputs, kernel()}, offset,
                                            out_channels(), inputs, kernel(), groups()));
        out.push_back(
            ParameterInfo::vector(prefix + "bias", offset + weight_size(in), out_channels(), kernel() * inputs));
    }

    template <class In>
    constexpr Index history(const In&) const {
        return reach();
    }
    template <class In>
    constexpr kernels::Halo input_halo(const In& in) const {
        return kernels::forward_halo(shape(in, 0, 0, 0));
    }
    template <class In>
    constexpr kernels::Halo gradient_halo(const In& in) const {
        return kernels::backward_halo(shape(in, 0, 0, 0));
    }
    /// The transposed weights, for the gradient of the input.
    template <class T, class In>
    constexpr Index memory_size(const In& in, Index, Mode mode) const {
        return mode == Mode::inference ? 0 : kernels::conv1d_backward_input_scratch<T>(shape(in, 0, 0, 0));
    }

    /// The form that takes one step at a time: the same taps over the newest steps, without padding. One tap needs no
    /// steps but the newest.
    template <class In>
    constexpr auto streaming(const In&) const requires(P != Padding::same && Stride == 1) {
        using Taps = Conv1D<Out, Kernel, Padding::valid, 1, Dilation, Groups>;
        const Taps taps(out_channels(), kernel(), 1, dilation(), groups());
        constexpr Index rows = detail::map_static<[](Index k, Index d) { return (k - 1) * d + 1; }, Kernel, Dilation>();
        if constexpr (Kernel == 1)
            return taps;
        else
            return OverNewest<Taps, rows>(taps, reach() + 1);
    }

    /// Its backward pass is `backward`. Inlined: see kernels/simd/row.hpp.
    template <class T, class In>
    IDM_ALWAYS_INLINE void forward(const In& in, const Forward<T>& p) const {
        forward_by(in, p, [&](const kernels::ConvShape& s, const T* x, T* y) IDM_INLINE_LAMBDA {
            kernels::conv1d_forward(s, x, p.parameters, p.parameters + weight_size(in), y, p.epilogue);
        });
    }

    /// The gradient of `forward`.
    template <class T, class In>
    void backward(const In& in, const Backward<T>& p) const {
        kernels::conv1d_backward_weights(shape(in, p.samples, p.x.sample_stride, p.d_y.sample_stride), p.x.data,
                                         p.d_y.data, p.d_parameters_accumulate,
                                         p.d_parameters_accumulate + weight_size(in), !p.options.store_gradient);
        if (!p.d_x.data) return;
        const kernels::ConvShape s = shape(in, p.samples, p.d_x.sample_stride, p.d_y.sample_stride);
        if (!p.options.same_parameters) kernels::conv1d_transpose_weights(s, p.parameters, p.memory);
        kernels::conv1d_backward_input_transposed(s, p.d_y.data, static_cast<const T*>(p.memory), p.d_x.data);
    }

    /// What the kernels are told: `samples` samples of shape `in`.
    template <class In>
    constexpr kernels::ConvShape shape(const In& in, Index samples, Index x_stride, Index y_stride) const {
        kernels::ConvShape s;
        s.samples = samples;
        s.in_length = in.length();
        s.in_channels = in.channels();
        s.out_length = (in.length() + pad_total() - reach() - 1) / stride() + 1;
        s.out_channels = out_channels();
        s.kernel = kernel();
        s.stride = stride();
        s.dilation = dilation();
        s.pad_left = pad_left();
        s.groups = groups();
        s.x_sample_stride = x_stride;
        s.y_sample_stride = y_stride;
        return s;
    }

    std::string name() const {
        std::string text = detail::message("Conv1D(", out_channels(), ", k", kernel());
        if (stride() != 1) text += detail::message(", stride ", stride());
        if (dilation() != 1) text += detail::message(", dilation ", dilation());
        if (groups() != 1) text += detail::message(", groups ", groups());
        return text + ", " + to_string(P) + ")";
    }

protected:
    /// Numbers before the bias; `size` is that of one group's weights of (rows, columns).
    template <class In>
    constexpr Index weight_size(const In& in, Index (*size)(Index, Index) = kernels::packed_weight_size) const {
        return groups() * size(kernel() * (in.channels() / groups()), out_channels() / groups());
    }
    /// Calls the kernel f(shape, x, y) of a forward pass.
    template <class T, class In, class F>
    IDM_ALWAYS_INLINE void forward_by(const In& in, const Forward<T>& p, F&& f) const {
        f(shape(in, p.samples, p.x.sample_stride, p.y.sample_stride), p.x.data, p.y.data);
    }

private:
    template <Index L>
    static consteval Index static_length() {
        if constexpr (L == dynamic || Kernel == dynamic || Stride == dynamic || Dilation == dynamic) {
            return dynamic;
        } else {
            constexpr Index reach = (Kernel - 1) * Dilation;
            constexpr Index padded = L + (P == Padding::valid ? 0 : reach);
            (void)ConvolutionLongerThanItsInput<padded, reach + 1, Kernel, Dilation>::length;
            return (padded - reach - 1) / Stride + 1;
        }
    }
    constexpr void check() const {
        detail::require<ConfigError>(out_channels() >= 1 && kernel() >= 1 && stride() >= 1 && dilation() >= 1,
                                     "Conv1D: expected out_channels, kernel, stride and dilation of at least 1, got ",
                                     out_channels(), ", ", kernel(), ", ", stride(), ", ", dilation());
        detail::require<ConfigError>(groups() >= 1 && out_channels() % groups() == 0,
                                     "Conv1D: expected groups that share the output channels evenly, got ", groups(),
                                     " groups of ", out_channels(), " channels");
        detail::require<ConfigError>(P != Padding::same || stride() == 1,
                                     "Conv1D: padding 'same' keeps the length and so needs stride 1, got ", stride(),
                                     "; use valid or causal");
    }
    [[no_unique_address]] Extent<Out> out_;
    [[no_unique_address]] Extent<Kernel> kernel_;
    [[no_unique_address]] Extent<Stride> stride_;
    [[no_unique_address]] Extent<Dilation> dilation_;
    [[no_unique_address]] Extent<Groups> groups_;
};

IDM_NAMESPACE_END
