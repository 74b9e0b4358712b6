#pragma once

#include <algorithm>
#include <concepts>

#include <idm/kernels/bf16.hpp>
#include <idm/kernels/shapes.hpp>

IDM_NAMESPACE_BEGIN
namespace kernels::reference {

/// `dense_forward` with weight(c, o).
template <class T, class Weight>
void dense_forward_of(const DenseShape& s, const T* x, const Weight& weight, const T* b, T* y, Epilogue epilogue) {
    for (Index r = 0; r < s.rows; ++r)
        for (Index o = 0; o < s.out_channels; ++o) {
            T sum = b ? b[o] : T(0);
            for (Index c = 0; c < s.in_channels; ++c) sum += x[r * s.x_row_stride + c] * weight(c, o);
            if (epilogue == Epilogue::relu && sum < T(0)) sum = T(0);
            y[r * s.y_row_stride + o] = sum;
        }
}

/// y = epilogue(x * w + b).
///
/// *Shapes*: x [rows, in_channels], w packed [in_channels, out_channels], b padded [out_channels],
/// y [rows, out_channels] (overwritten).
/// *Source*: https://pytorch.org/docs/stable/generated/torch.nn.Linear.html (whose weight is the transpose)
template <class T>
void dense_forward(const DenseShape& s, const T* x, const T* w, const T* b, T* y, Epilogue epilogue) {
    const auto weight = [&](Index c, Index o) { return w[packed_offset(s.in_channels, s.out_channels, c, o)]; };
    reference::dense_forward_of(s, x, weight, b, y, epilogue);
}

/// The same with weights in bf16: what `dense_forward` gives with the rounded weights.
template <std::same_as<float> T>
void dense_forward_bf16(const DenseShape& s, const T* x, Bf16Pairs w, const T* b, T* y, Epilogue epilogue) {
    const auto weight = [&](Index c, Index o) { return bf16_weight(w, s.in_channels, c, o); };
    reference::dense_forward_of(s, x, weight, b, y, epilogue);
}

/// Numbers of scratch that `dense_backward_input` needs: room for `dense_transpose_weights`.
template <class T>
constexpr Index dense_backward_input_scratch(const DenseShape& s) {
    return packed_weight_size(s.in_channels, s.out_channels);
}

/// Weights in the order in which `dense_backward_input_transposed` wants them, each implementation its own: here as
/// they are.
template <class T>
void dense_transpose_weights(const DenseShape& s, const T* w, T* transposed) {
    std::copy_n(w, packed_weight_size(s.in_channels, s.out_channels), transposed);
}

/// d_x[r, c] = sum_o d_y[r, o] * w[c, o]; d_x is overwritten.
template <class T>
void dense_backward_input_transposed(const DenseShape& s, const T* d_y, const T* w, T* d_x) {
    for (Index r = 0; r < s.rows; ++r)
        for (Index c = 0; c < s.in_channels; ++c) {
            T sum = T(0);
            for (Index o = 0; o < s.out_channels; ++o)
                sum += d_y[r * s.y_row_stride + o] * w[packed_offset(s.in_channels, s.out_channels, c, o)];
            d_x[r * s.x_row_stride + c] = sum;
        }
}

/// The same with weights as they lie.
template <class T>
void dense_backward_input(const DenseShape& s, const T* d_y, const T* w, T* d_x, T* /*scratch*/) {
    reference::dense_backward_input_transposed(s, d_y, w, d_x);
}

/// d_w[c, o] = sum_r x[r, c] * d_y[r, o], d_b[o] = sum_r d_y[r, o]; with `accumulate` both are added to. Pad columns
/// are left alone.
template <class T>
void dense_backward_weights(const DenseShape& s, const T* x, const T* d_y, T* d_w, T* d_b, bool accumulate) {
    for (Index o = 0; !accumulate && o < s.out_channels; ++o) {
        d_b[o] = T(0);
        for (Index c = 0; c < s.in_channels; ++c) d_w[packed_offset(s.in_channels, s.out_channels, c, o)] = T(0);
    }
    for (Index r = 0; r < s.rows; ++r)
        for (Index o = 0; o < s.out_channels; ++o) {
            const T d = d_y[r * s.y_row_stride + o];
            d_b[o] += d;
            for (Index c = 0; c < s.in_channels; ++c)
                d_w[packed_offset(s.in_channels, s.out_channels, c, o)] += x[r * s.x_row_stride + c] * d;
        }
}

}  // namespace kernels::reference
IDM_NAMESPACE_END
