#pragma once

#include <string>
#include <vector>

#include <idm/kernels/select.hpp>
#include <idm/layers/conv1d.hpp>

IDM_NAMESPACE_BEGIN

/// 1-D convolution over time of each channel by itself: PyTorch's Conv1d with groups = in_channels = out_channels.
///
///     y[n, l, c] = b[c] + sum_k x[n, l S + k D - pad_left, c] w[c, 0, k]
///
/// *Shapes*: x [N, L, C], y [N, L_out, C], L_out as Conv1D's; parameters `weight` [C, 1, K], `bias` [C].
/// *Errors*: as Conv1D. *Cost*: 2 N L_out C K flop, no allocation.
/// *Source*: https://pytorch.org/docs/stable/generated/torch.nn.Conv1d.html
template <Index Kernel = dynamic, Padding P = Padding::valid, Index Stride = 1, Index Dilation = 1>
class DepthwiseConv1D : public LayerDefaults {
    template <Index Out>
    using Conv = Conv1D<Out, Kernel, P, Stride, Dilation>;

public:
    static constexpr bool fuses_epilogue = true;
    static constexpr bool stores_gradient = true;
    static constexpr bool is_causal = Conv<dynamic>::is_causal;
    static constexpr bool pads_input = Conv<dynamic>::pads_input;

    constexpr DepthwiseConv1D() requires(Kernel != dynamic && Stride != dynamic && Dilation != dynamic)
        : DepthwiseConv1D(Kernel) {}
    constexpr explicit DepthwiseConv1D(Index kernel, Index stride = Stride == dynamic ? 1 : Stride,
                                       Index dilation = Dilation == dynamic ? 1 : Dilation)
        : taps_(1, kernel, stride, dilation) {}

    constexpr Index kernel() const { return taps_.kernel(); }
    constexpr Index stride() const { return taps_.stride(); }
    constexpr Index dilation() const { return taps_.dilation(); }

    template <class In>
    constexpr auto output_shape(const In& in) const {
        return conv(in).output_shape_of(in, *this);
    }
    template <class In>
    constexpr Index parameter_count(const In& in) const {
        return weight_size(in) + kernels::packed_columns(in.channels());
    }
    template <class In>
    void list_parameters(const In& in, Index offset, const std::string& prefix, std::vector<ParameterInfo>& out) const {
        out.push_back(
            ParameterInfo::weight(prefix + "weight", {in.channels(), 1, kernel()}, offset, in.channels(), 1, kernel()));
        out.push_back(ParameterInfo::vector(prefix + "bias", offset + weight_size(in), in.channels(), kernel()));
    }

    template <class In>
    constexpr Index history(const In&) const {
        return taps_.reach();
    }
    template <class In>
    constexpr kernels::Halo input_halo(const In& in) const {
        return conv(in).input_halo(in);
    }
    template <class In>
    constexpr kernels::Halo gradient_halo(const In& in) const {
        return conv(in).gradient_halo(in);
    }

    /// The form that takes one step at a time: the same taps over the newest steps, without padding.
    template <class In>
    constexpr auto streaming(const In&) const requires(P != Padding::same && Stride == 1) {
        using Taps = DepthwiseConv1D<Kernel, Padding::valid, 1, Dilation>;
        constexpr Index rows = detail::map_static<[](Index k, Index d) { return (k - 1) * d + 1; }, Kernel, Dilation>();
        return OverNewest<Taps, rows>(Taps(kernel(), 1, dilation()), taps_.reach() + 1);
    }

    /// Its backward pass is `backward`.
    template <class T, class In>
    void forward(const In& in, const Forward<T>& p) const {
        kernels::depthwise_forward(conv(in).shape(in, p.samples, p.x.sample_stride, p.y.sample_stride), p.x.data,
                                   p.parameters, p.parameters + weight_size(in), p.y.data, p.epilogue);
    }

    /// The gradient of `forward`.
    template <class T, class In>
    void backward(const In& in, const Backward<T>& p) const {
        const T* d_y = p.d_y.data;
        kernels::depthwise_backward_weights(conv(in).shape(in, p.samples, p.x.sample_stride, p.d_y.sample_stride),
                                            p.x.data, d_y, p.d_parameters_accumulate,
                                            p.d_parameters_accumulate + weight_size(in), !p.options.store_gradient);
        if (p.d_x.data)
            kernels::depthwise_backward_input(conv(in).shape(in, p.samples, p.d_x.sample_stride, p.d_y.sample_stride),
                                              d_y, p.parameters, p.d_x.data);
    }

    std::string name() const {
        std::string text = detail::message("DepthwiseConv1D(k", kernel());
        if (stride() != 1) text += detail::message(", stride ", stride());
        if (dilation() != 1) text += detail::message(", dilation ", dilation());
        return text + ", " + to_string(P) + ")";
    }

private:
    template <class In>
    constexpr auto conv(const In& in) const {
        return Conv<In::static_channels>(in.channels(), kernel(), stride(), dilation());
    }
    template <class In>
    constexpr Index weight_size(const In& in) const {
        return kernels::packed_weight_size(kernel(), in.channels());
    }

    Conv<dynamic> taps_;
};

IDM_NAMESPACE_END
