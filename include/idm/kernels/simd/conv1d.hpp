#pragma once

#include <algorithm>

#include <idm/kernels/simd/product.hpp>
#include <idm/kernels/simd/scratch.hpp>
#include <idm/kernels/simd/transpose.hpp>
#include <idm/kernels/simd/weight_gradient.hpp>

// The convolutions as overlapped-row products. What they compute is written out in reference/conv1d.hpp.

IDM_NAMESPACE_BEGIN
namespace kernels::simd {

/// The product of one group.
inline constexpr Product conv_product(const ConvShape& s) {
    Product p;
    const bool merged = s.kernel == 1 || (s.dilation == 1 && s.groups == 1);
    p.groups = s.samples;
    p.x_group = s.x_sample_stride;
    p.y_group = s.y_sample_stride;
    p.rows = s.out_length;
    p.x_row = s.stride * s.in_channels;
    p.y_row = s.out_channels;
    p.taps = merged ? 1 : s.kernel;
    p.x_tap = s.dilation * s.in_channels;
    p.inner = merged ? s.weight_rows() : s.group_inputs();
    p.columns = s.group_outputs();
    if (p.rows == 1) {  // one row per sample: the samples are the rows, and tiles run over them
        p.rows = p.groups;
        p.x_row = p.x_group;
        p.y_row = p.y_group;
        p.groups = 1;
    }
    return p;
}

/// Reads the halo of x: see `forward_halo`.
template <class Arch, class T>
IDM_ALWAYS_INLINE void conv1d_forward(const ConvShape& s, const T* x, const T* w, const T* b, T* y, Epilogue epilogue) {
    const Product p = conv_product(s);
    const T* from = x - s.pad_left * s.in_channels;
    for (Index g = 0; g < s.groups; ++g)
        product_forward<Arch>(p, from + g * s.group_inputs(), w + g * s.group_weights(),
                              b ? b + g * s.group_outputs() : nullptr, false, epilogue, y + g * s.group_outputs());
}

/// The same with weights in bf16.
template <class Arch>
IDM_ALWAYS_INLINE void conv1d_forward_bf16(const ConvShape& s, const float* x, Bf16Pairs w, const float* b, float* y,
                                           Epilogue epilogue) {
    const Product p = conv_product(s);
    const float* from = x - s.pad_left * s.in_channels;
    for (Index g = 0; g < s.groups; ++g)
        product_forward<Arch>(p, from + g * s.group_inputs(), bf16_of_group(s, w, g),
                              b ? b + g * s.group_outputs() : nullptr, false, epilogue, y + g * s.group_outputs());
}

/// Transposes w for `conv1d_backward_input_transposed`: with stride 1 as one weight whose taps are in reverse order,
/// for the gradient is then a convolution of d_y; else tap by tap.
template <class Arch, class T>
void conv1d_transpose_weights(const ConvShape& s, const T* w, T* transposed) {
    const Index inputs = s.group_inputs(), outputs = s.group_outputs();
    for (Index g = 0; g < s.groups; ++g) {
        const T* from = w + g * s.group_weights();
        T* to = transposed + g * conv1d_transposed_group(s);
        for (Index k = 0; k < s.kernel; ++k) {
            if (s.stride == 1)
                transpose_tap<Arch>(s.weight_rows(), k * inputs, inputs, outputs, from, s.kernel * outputs,
                                    (s.kernel - 1 - k) * outputs, to);
            else
                transpose_tap<Arch>(s.weight_rows(), k * inputs, inputs, outputs, from, outputs, Index(0),
                                    to + k * packed_weight_size(outputs, inputs));
        }
    }
}

/// One group of `conv1d_backward_input_transposed`; for a stride other than 1 it adds to d_x.
template <class Arch, class T>
void conv1d_backward_group(const ConvShape& s, const T* d_y, const T* transposed, T* d_x) {
    const Index inputs = s.group_inputs(), outputs = s.group_outputs();
    if (s.stride == 1) {
        ConvShape t = s;
        t.in_length = s.out_length;
        t.in_channels = s.out_channels;
        t.out_length = s.in_length;
        t.out_channels = s.in_channels;
        t.pad_left = s.reach() - s.pad_left;
        t.x_sample_stride = s.y_sample_stride;
        t.y_sample_stride = s.x_sample_stride;
        product_forward<Arch>(conv_product(t), d_y - t.pad_left * t.in_channels, transposed,
                              static_cast<const T*>(nullptr), false, Epilogue::none, d_x);
        return;
    }
    // Tap k adds to the rows l * stride + k * dilation - pad_left of the l for which they lie inside.
    for (Index k = 0; k < s.kernel; ++k) {
        const Index shift = k * s.dilation - s.pad_left;
        const Index first = shift >= 0 ? 0 : (-shift + s.stride - 1) / s.stride;
        const Index behind = s.in_length - shift <= 0 ? 0 : (s.in_length - shift + s.stride - 1) / s.stride;
        const Index end = std::min(s.out_length, behind);
        if (first >= end) continue;
        Product p;
        p.groups = s.samples;
        p.x_group = s.y_sample_stride;
        p.y_group = s.x_sample_stride;
        p.rows = end - first;
        p.x_row = s.out_channels;
        p.y_row = s.stride * s.in_channels;
        p.inner = outputs;
        p.columns = inputs;
        product_forward<Arch>(p, d_y + first * s.out_channels, transposed + k * packed_weight_size(outputs, inputs),
                              static_cast<const T*>(nullptr), true, Epilogue::none,
                              d_x + (first * s.stride + shift) * s.in_channels);
    }
}

/// Reads the halo of d_y: see `backward_halo`.
template <class Arch, class T>
void conv1d_backward_input_transposed(const ConvShape& s, const T* d_y, const T* transposed, T* d_x) {
    if (s.stride != 1)
        for (Index n = 0; n < s.samples; ++n)
            std::fill_n(d_x + n * s.x_sample_stride, s.in_length * s.in_channels, T(0));
    for (Index g = 0; g < s.groups; ++g)
        conv1d_backward_group<Arch>(s, d_y + g * s.group_outputs(), transposed + g * conv1d_transposed_group(s),
                                    d_x + g * s.group_inputs());
}

/// Reads the halo of x: see `forward_halo`.
template <class Arch, class T>
void conv1d_backward_weights(const ConvShape& s, const T* x, const T* d_y, T* d_w, T* d_b, bool accumulate) {
    const Product p = conv_product(s);
    const T* from = x - s.pad_left * s.in_channels;
    for (Index g = 0; g < s.groups; ++g)
        product_backward_weights<Arch>(p, from + g * s.group_inputs(), d_y + g * s.group_outputs(),
                                       d_w + g * s.group_weights(), d_b + g * s.group_outputs(), accumulate);
}

}  // namespace kernels::simd
IDM_NAMESPACE_END
