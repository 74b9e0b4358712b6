#pragma once

#include <algorithm>

#include <idm/kernels/shapes.hpp>

// The specification of the depthwise convolution kernels: each channel by itself, in_channels = out_channels.

IDM_NAMESPACE_BEGIN
namespace kernels::reference {

/// y[n, l, c] = epilogue(b[c] + sum_k x[n, l * stride + k * dilation - pad_left, c] * w[k, c]).
///
/// *Shapes*: x [samples, in_length, channels], w packed [kernel, channels], b padded [channels],
/// y [samples, out_length, channels] (overwritten); strides between samples from `s`.
/// *Source*: https://pytorch.org/docs/stable/generated/torch.nn.Conv1d.html with groups = in_channels
template <class T>
void depthwise_forward(const ConvShape& s, const T* x, const T* w, const T* b, T* y, Epilogue epilogue) {
    for (Index n = 0; n < s.samples; ++n)
        for (Index l = 0; l < s.out_length; ++l)
            for (Index c = 0; c < s.out_channels; ++c) {
                T sum = b[c];
                for (Index k = 0; k < s.kernel; ++k) {
                    const Index row = l * s.stride + k * s.dilation - s.pad_left;
                    if (row < 0 || row >= s.in_length) continue;
                    sum += x[n * s.x_sample_stride + row * s.in_channels + c] *
                           w[packed_offset(s.kernel, s.out_channels, k, c)];
                }
                if (epilogue == Epilogue::relu && sum < T(0)) sum = T(0);
                y[n * s.y_sample_stride + l * s.out_channels + c] = sum;
            }
}

/// d_x[n, i, c] = sum over (l, k) with l * stride + k * dilation - pad_left = i of d_y[n, l, c] * w[k, c].
///
/// *Shapes*: as in `depthwise_forward`; d_x like x (overwritten), d_y like y.
template <class T>
void depthwise_backward_input(const ConvShape& s, const T* d_y, const T* w, T* d_x) {
    for (Index n = 0; n < s.samples; ++n) {
        T* d_sample = d_x + n * s.x_sample_stride;
        std::fill_n(d_sample, s.in_length * s.in_channels, T(0));
        for (Index l = 0; l < s.out_length; ++l)
            for (Index k = 0; k < s.kernel; ++k) {
                const Index row = l * s.stride + k * s.dilation - s.pad_left;
                if (row < 0 || row >= s.in_length) continue;
                for (Index c = 0; c < s.in_channels; ++c)
                    d_sample[row * s.in_channels + c] += d_y[n * s.y_sample_stride + l * s.out_channels + c] *
                                                         w[packed_offset(s.kernel, s.out_channels, k, c)];
            }
    }
}

/// d_w[k, c] = sum over (n, l) of x[n, l * stride + k * dilation - pad_left, c] * d_y[n, l, c], and
/// d_b[c] = sum over (n, l) of d_y[n, l, c]; with `accumulate` both are added to.
///
/// *Shapes*: d_w packed like w, d_b padded like b; their pad columns are left alone.
template <class T>
void depthwise_backward_weights(const ConvShape& s, const T* x, const T* d_y, T* d_w, T* d_b, bool accumulate) {
    for (Index c = 0; !accumulate && c < s.out_channels; ++c) {
        d_b[c] = T(0);
        for (Index k = 0; k < s.kernel; ++k) d_w[packed_offset(s.kernel, s.out_channels, k, c)] = T(0);
    }
    for (Index n = 0; n < s.samples; ++n)
        for (Index l = 0; l < s.out_length; ++l)
            for (Index c = 0; c < s.out_channels; ++c) {
                const T d = d_y[n * s.y_sample_stride + l * s.out_channels + c];
                d_b[c] += d;
                for (Index k = 0; k < s.kernel; ++k) {
                    const Index row = l * s.stride + k * s.dilation - s.pad_left;
                    if (row < 0 || row >= s.in_length) continue;
                    d_w[packed_offset(s.kernel, s.out_channels, k, c)] +=
                        x[n * s.x_sample_stride + row * s.in_channels + c] * d;
                }
            }
}

}  // namespace kernels::reference
IDM_NAMESPACE_END
