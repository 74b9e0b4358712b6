#pragma once

#include <algorithm>

#include <idm/kernels/shapes.hpp>

// The specification of the convolution kernels: plain loops, no halo read, one accumulator per output.

IDM_NAMESPACE_BEGIN
namespace kernels::reference {

/// y = epilogue(conv1d(x, w) + b).
///
/// *Shapes*: x [samples, in_length, in_channels], w packed [kernel * in_channels, out_channels], b padded
/// [out_channels], y [samples, out_length, out_channels] (overwritten); strides between samples from `s`.
/// *Source*: https://pytorch.org/docs/stable/generated/torch.nn.Conv1d.html
template <class T>
void conv1d_forward(const ConvShape& s, const T* x, const T* w, const T* b, T* y, Epilogue epilogue) {
    for (Index n = 0; n < s.samples; ++n)
        for (Index l = 0; l < s.out_length; ++l)
            for (Index o = 0; o < s.out_channels; ++o) {
                T sum = b ? b[o] : T(0);
                for (Index k = 0; k < s.kernel; ++k) {
                    const Index row = l * s.stride + k * s.dilation - s.pad_left;
                    if (row < 0 || row >= s.in_length) continue;
                    for (Index c = 0; c < s.in_channels; ++c)
                        sum += x[n * s.x_sample_stride + row * s.in_channels + c] *
                               w[packed_offset(s.weight_rows(), s.out_channels, k * s.in_channels + c, o)];
                }
                if (epilogue == Epilogue::relu && sum < T(0)) sum = T(0);
                y[n * s.y_sample_stride + l * s.out_channels + o] = sum;
            }
}

/// Numbers of scratch that `conv1d_backward_input` needs.
template <class T>
constexpr Index conv1d_backward_input_scratch(const ConvShape&) {
    return 0;
}

/// d_x[n, i, c] = sum over (l, k) with l * stride + k * dilation - pad_left = i of sum_o d_y[n, l, o] * w[k, c, o].
///
/// *Shapes*: as in `conv1d_forward`; d_x like x (overwritten), d_y like y.
template <class T>
void conv1d_backward_input(const ConvShape& s, const T* d_y, const T* w, T* d_x, T* /*scratch*/) {
    for (Index n = 0; n < s.samples; ++n) {
        T* d_sample = d_x + n * s.x_sample_stride;
        std::fill_n(d_sample, s.in_length * s.in_channels, T(0));
        for (Index l = 0; l < s.out_length; ++l)
            for (Index k = 0; k < s.kernel; ++k) {
                const Index row = l * s.stride + k * s.dilation - s.pad_left;
                if (row < 0 || row >= s.in_length) continue;
                for (Index c = 0; c < s.in_channels; ++c)
                    for (Index o = 0; o < s.out_channels; ++o)
                        d_sample[row * s.in_channels + c] +=
                            d_y[n * s.y_sample_stride + l * s.out_channels + o] *
                            w[packed_offset(s.weight_rows(), s.out_channels, k * s.in_channels + c, o)];
            }
    }
}

/// d_w[k, c, o] += sum over (n, l) of x[n, l * stride + k * dilation - pad_left, c] * d_y[n, l, o], and
/// d_b[o] += sum over (n, l) of d_y[n, l, o].
///
/// *Shapes*: d_w packed like w, d_b padded like b; both are added to.
template <class T>
void conv1d_backward_weights_accumulate(const ConvShape& s, const T* x, const T* d_y, T* d_w, T* d_b) {
    for (Index n = 0; n < s.samples; ++n)
        for (Index l = 0; l < s.out_length; ++l)
            for (Index o = 0; o < s.out_channels; ++o) {
                const T d = d_y[n * s.y_sample_stride + l * s.out_channels + o];
                d_b[o] += d;
                for (Index k = 0; k < s.kernel; ++k) {
                    const Index row = l * s.stride + k * s.dilation - s.pad_left;
                    if (row < 0 || row >= s.in_length) continue;
                    for (Index c = 0; c < s.in_channels; ++c)
                        d_w[packed_offset(s.weight_rows(), s.out_channels, k * s.in_channels + c, o)] +=
                            x[n * s.x_sample_stride + row * s.in_channels + c] * d;
                }
            }
}

}  // namespace kernels::reference
IDM_NAMESPACE_END
