#pragma once

#include <algorithm>
#include <concepts>

#include <idm/kernels/bf16.hpp>
#include <idm/kernels/shapes.hpp>

// The specification of the convolution kernels: plain loops, no halo read, one accumulator per output.

IDM_NAMESPACE_BEGIN
namespace kernels::reference {

/// Where the weight of tap k and the c-th input of its group lies for output o.
constexpr Index conv1d_weight(const ConvShape& s, Index k, Index c, Index o) {
    return o / s.group_outputs() * s.group_weights() +
           packed_offset(s.weight_rows(), s.group_outputs(), k * s.group_inputs() + c, o % s.group_outputs());
}
/// The first input that output o reads.
constexpr Index conv1d_first_input(const ConvShape& s, Index o) { return o / s.group_outputs() * s.group_inputs(); }

/// `conv1d_forward` with weight(k, c, o), c counted inside of o's group.
template <class T, class Weight>
void conv1d_forward_of(const ConvShape& s, const T* x, const Weight& weight, const T* b, T* y, Epilogue epilogue) {
    for (Index n = 0; n < s.samples; ++n)
        for (Index l = 0; l < s.out_length; ++l)
            for (Index o = 0; o < s.out_channels; ++o) {
                T sum = b ? b[o] : T(0);
                for (Index k = 0; k < s.kernel; ++k) {
                    const Index row = l * s.stride + k * s.dilation - s.pad_left;
                    if (row < 0 || row >= s.in_length) continue;
                    const Index first = n * s.x_sample_stride + row * s.in_channels + conv1d_first_input(s, o);
                    for (Index c = 0; c < s.group_inputs(); ++c) sum += x[first + c] * weight(k, c, o);
                }
                if (epilogue == Epilogue::relu && sum < T(0)) sum = T(0);
                y[n * s.y_sample_stride + l * s.out_channels + o] = sum;
            }
}

/// y = epilogue(conv1d(x, w) + b).
///
/// *Shapes*: x [samples, in_length, in_channels], w packed [kernel * in_channels, out_channels] (with groups see
/// `ConvShape`), b padded [out_channels], y [samples, out_length, out_channels] (overwritten); strides between samples
/// from `s`. *Source*: https://pytorch.org/docs/stable/generated/torch.nn.Conv1d.html
template <class T>
void conv1d_forward(const ConvShape& s, const T* x, const T* w, const T* b, T* y, Epilogue epilogue) {
    const auto weight = [&](Index k, Index c, Index o) { return w[conv1d_weight(s, k, c, o)]; };
    reference::conv1d_forward_of(s, x, weight, b, y, epilogue);
}

/// The same with weights in bf16, group behind group: what `conv1d_forward` gives with the rounded weights.
template <std::same_as<float> T>
void conv1d_forward_bf16(const ConvShape& s, const T* x, Bf16Pairs w, const T* b, T* y, Epilogue epilogue) {
    const auto weight = [&](Index k, Index c, Index o) {
        return bf16_weight(bf16_of_group(s, w, o / s.group_outputs()), s.weight_rows(), k * s.group_inputs() + c,
                           o % s.group_outputs());
    };
    reference::conv1d_forward_of(s, x, weight, b, y, epilogue);
}

/// Numbers of scratch that `conv1d_backward_input` needs: room for `conv1d_transpose_weights`.
template <class T>
constexpr Index conv1d_backward_input_scratch(const ConvShape& s) {
    return s.groups * s.group_weights();
}

/// Weights in the order in which `conv1d_backward_input_transposed` wants them, each implementation its own: here as
/// they are.
template <class T>
void conv1d_transpose_weights(const ConvShape& s, const T* w, T* transposed) {
    std::copy_n(w, s.groups * s.group_weights(), transposed);
}

/// d_x[n, i, c] = sum over (l, k) with l * stride + k * dilation - pad_left = i of sum_o d_y[n, l, o] * w[k, c, o].
///
/// *Shapes*: as in `conv1d_forward`; d_x like x (overwritten), d_y like y.
template <class T>
void conv1d_backward_input_transposed(const ConvShape& s, const T* d_y, const T* w, T* d_x) {
    for (Index n = 0; n < s.samples; ++n) {
        T* d_sample = d_x + n * s.x_sample_stride;
        std::fill_n(d_sample, s.in_length * s.in_channels, T(0));
        for (Index l = 0; l < s.out_length; ++l)
            for (Index k = 0; k < s.kernel; ++k) {
                const Index row = l * s.stride + k * s.dilation - s.pad_left;
                if (row < 0 || row >= s.in_length) continue;
                for (Index c = 0; c < s.group_inputs(); ++c)
                    for (Index o = 0; o < s.out_channels; ++o)
                        d_sample[row * s.in_channels + conv1d_first_input(s, o) + c] +=
                            d_y[n * s.y_sample_stride + l * s.out_channels + o] * w[conv1d_weight(s, k, c, o)];
            }
    }
}

/// The same with weights as they lie.
template <class T>
void conv1d_backward_input(const ConvShape& s, const T* d_y, const T* w, T* d_x, T* /*scratch*/) {
    reference::conv1d_backward_input_transposed(s, d_y, w, d_x);
}

/// d_w[k, c, o] = sum over (n, l) of x[n, l * stride + k * dilation - pad_left, c] * d_y[n, l, o], and
/// d_b[o] = sum over (n, l) of d_y[n, l, o]; with `accumulate` both are added to.
///
/// *Shapes*: d_w packed like w, d_b padded like b; their pad columns are left alone.
template <class T>
void conv1d_backward_weights(const ConvShape& s, const T* x, const T* d_y, T* d_w, T* d_b, bool accumulate) {
    for (Index o = 0; !accumulate && o < s.out_channels; ++o) {
        d_b[o] = T(0);
        for (Index k = 0; k < s.kernel; ++k)
            for (Index c = 0; c < s.group_inputs(); ++c) d_w[conv1d_weight(s, k, c, o)] = T(0);
    }
    for (Index n = 0; n < s.samples; ++n)
        for (Index l = 0; l < s.out_length; ++l)
            for (Index o = 0; o < s.out_channels; ++o) {
                const T d = d_y[n * s.y_sample_stride + l * s.out_channels + o];
                d_b[o] += d;
                for (Index k = 0; k < s.kernel; ++k) {
                    const Index row = l * s.stride + k * s.dilation - s.pad_left;
                    if (row < 0 || row >= s.in_length) continue;
                    const Index first = n * s.x_sample_stride + row * s.in_channels + conv1d_first_input(s, o);
                    for (Index c = 0; c < s.group_inputs(); ++c) d_w[conv1d_weight(s, k, c, o)] += x[first + c] * d;
                }
            }
}

}  // namespace kernels::reference
IDM_NAMESPACE_END
