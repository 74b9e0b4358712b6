#pragma once

#include <idm/kernels/simd/product.hpp>
#include <idm/kernels/simd/scratch.hpp>
#include <idm/kernels/simd/transpose.hpp>
#include <idm/kernels/simd/weight_gradient.hpp>

// What these compute is written out in reference/dense.hpp.

IDM_NAMESPACE_BEGIN
namespace kernels::simd {

inline constexpr Product dense_product(Index rows, Index inner, Index columns, Index x_row, Index y_row) {
    Product p;
    p.rows = rows;
    p.x_row = x_row;
    p.y_row = y_row;
    p.inner = inner;
    p.columns = columns;
    return p;
}

template <class Arch, class T>
void dense_forward(const DenseShape& s, const T* x, const T* w, const T* b, T* y, Epilogue epilogue) {
    product_forward<Arch>(dense_product(s.rows, s.in_channels, s.out_channels, s.x_row_stride, s.y_row_stride), x, w, b,
                          false, epilogue, y);
}

/// The same with weights in bf16.
template <class Arch>
void dense_forward_bf16(const DenseShape& s, const float* x, Bf16Pairs w, const float* b, float* y, Epilogue epilogue) {
    product_forward<Arch>(dense_product(s.rows, s.in_channels, s.out_channels, s.x_row_stride, s.y_row_stride), x, w, b,
                          false, epilogue, y);
}

template <class Arch, class T>
void dense_transpose_weights(const DenseShape& s, const T* w, T* transposed) {
    transpose_tap<Arch>(s.in_channels, Index(0), s.in_channels, s.out_channels, w, s.out_channels, Index(0),
                        transposed);
}

template <class Arch, class T>
void dense_backward_input_transposed(const DenseShape& s, const T* d_y, const T* transposed, T* d_x) {
    product_forward<Arch>(dense_product(s.rows, s.out_channels, s.in_channels, s.y_row_stride, s.x_row_stride), d_y,
                          transposed, static_cast<const T*>(nullptr), false, Epilogue::none, d_x);
}

template <class Arch, class T>
void dense_backward_weights(const DenseShape& s, const T* x, const T* d_y, T* d_w, T* d_b, bool accumulate) {
    product_backward_weights<Arch>(dense_product(s.rows, s.in_channels, s.out_channels, s.x_row_stride, s.y_row_stride),
                                   x, d_y, d_w, d_b, accumulate);
}

}  // namespace kernels::simd
IDM_NAMESPACE_END
