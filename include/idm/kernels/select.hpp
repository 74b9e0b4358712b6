#pragma once

#include <concepts>

#include <idm/core/config.hpp>
#include <idm/kernels/bf16.hpp>
#include <idm/kernels/reference/activation.hpp>
#include <idm/kernels/reference/batch_norm.hpp>
#include <idm/kernels/reference/conv1d.hpp>
#include <idm/kernels/reference/dense.hpp>
#include <idm/kernels/reference/depthwise.hpp>
#include <idm/kernels/reference/dropout.hpp>
#include <idm/kernels/reference/elementwise.hpp>
#include <idm/kernels/reference/gru.hpp>
#include <idm/kernels/reference/norm.hpp>
#include <idm/kernels/reference/pooling.hpp>

#if IDM_HAS_DISPATCH
#include <idm/kernels/dispatch.hpp>
#include <idm/kernels/simd/scratch.hpp>
#elif !defined(IDM_NO_SIMD)
#include <idm/kernels/simd/activation.hpp>
#include <idm/kernels/simd/conv1d.hpp>
#include <idm/kernels/simd/dense.hpp>
#include <idm/kernels/simd/depthwise.hpp>
#include <idm/kernels/simd/elementwise.hpp>
#include <idm/kernels/simd/gru.hpp>
#include <idm/kernels/simd/norm.hpp>
#include <idm/kernels/simd/pooling.hpp>
#endif

// The one place that chooses an implementation. Layers and training call `kernels::conv1d_forward` and its like.

IDM_NAMESPACE_BEGIN
namespace kernels {

// One form for all: see there.
using reference::batch_statistics;
using reference::channel_scales;
using reference::dropout;
using reference::normalise_channels;
using reference::normalise_channels_backward;
using reference::scale_channels;
using reference::scale_channels_backward;

#if defined(IDM_NO_SIMD)

using reference::activation_backward;
using reference::activation_forward;
using reference::adam;
using reference::add_accumulate;
using reference::average_pool_backward;
using reference::average_pool_forward;
using reference::axpby;
using reference::conv1d_backward_input_scratch;
using reference::conv1d_backward_input_transposed;
using reference::conv1d_backward_weights;
using reference::conv1d_forward;
using reference::conv1d_forward_bf16;
using reference::conv1d_transpose_weights;
using reference::dense_backward_input_scratch;
using reference::dense_backward_input_transposed;
using reference::dense_backward_weights;
using reference::dense_forward;
using reference::dense_forward_bf16;
using reference::dense_transpose_weights;
using reference::depthwise_backward_input;
using reference::depthwise_backward_weights;
using reference::depthwise_forward;
using reference::gru_backward;
using reference::gru_forward;
using reference::layer_norm_backward;
using reference::layer_norm_forward;
using reference::lion;
using reference::max_pool_backward;
using reference::max_pool_forward;
using reference::relu_backward;
using reference::relu_forward;
using reference::sgd;
using reference::squared_error;
using reference::sum_of_squares;

#elif IDM_HAS_DISPATCH

using dispatch::activation_backward;
using dispatch::activation_forward;
using dispatch::adam;
using dispatch::add_accumulate;
using dispatch::average_pool_backward;
using dispatch::average_pool_forward;
using dispatch::axpby;
using dispatch::conv1d_backward_input_transposed;
using dispatch::conv1d_backward_weights;
using dispatch::conv1d_forward;
using dispatch::conv1d_forward_bf16;
using dispatch::conv1d_transpose_weights;
using dispatch::dense_backward_input_transposed;
using dispatch::dense_backward_weights;
using dispatch::dense_forward;
using dispatch::dense_forward_bf16;
using dispatch::dense_transpose_weights;
using dispatch::depthwise_backward_input;
using dispatch::depthwise_backward_weights;
using dispatch::depthwise_forward;
using dispatch::gru_backward;
using dispatch::gru_forward;
using dispatch::layer_norm_backward;
using dispatch::layer_norm_forward;
using dispatch::lion;
using dispatch::max_pool_backward;
using dispatch::max_pool_forward;
using dispatch::relu_backward;
using dispatch::relu_forward;
using dispatch::sgd;
using dispatch::squared_error;
using dispatch::sum_of_squares;
using simd::conv1d_backward_input_scratch;
using simd::dense_backward_input_scratch;

#else

using DefaultArch = xsimd::default_arch;
using simd::conv1d_backward_input_scratch;
using simd::dense_backward_input_scratch;

template <class T>
IDM_ALWAYS_INLINE void conv1d_forward(const ConvShape& s, const T* x, const T* w, const T* b, T* y, Epilogue epilogue) {
    simd::conv1d_forward<DefaultArch>(s, x, w, b, y, epilogue);
}
template <class T>
void conv1d_transpose_weights(const ConvShape& s, const T* w, T* transposed) {
    simd::conv1d_transpose_weights<DefaultArch>(s, w, transposed);
}
template <class T>
void conv1d_backward_input_transposed(const ConvShape& s, const T* d_y, const T* transposed, T* d_x) {
    simd::conv1d_backward_input_transposed<DefaultArch>(s, d_y, transposed, d_x);
}
template <class T>
void conv1d_backward_weights(const ConvShape& s, const T* x, const T* d_y, T* d_w, T* d_b, bool accumulate) {
    simd::conv1d_backward_weights<DefaultArch>(s, x, d_y, d_w, d_b, accumulate);
}
template <class T>
void dense_forward(const DenseShape& s, const T* x, const T* w, const T* b, T* y, Epilogue epilogue) {
    simd::dense_forward<DefaultArch>(s, x, w, b, y, epilogue);
}
template <class T>
void dense_transpose_weights(const DenseShape& s, const T* w, T* transposed) {
    simd::dense_transpose_weights<DefaultArch>(s, w, transposed);
}
template <class T>
void dense_backward_input_transposed(const DenseShape& s, const T* d_y, const T* transposed, T* d_x) {
    simd::dense_backward_input_transposed<DefaultArch>(s, d_y, transposed, d_x);
}
template <class T>
void dense_backward_weights(const DenseShape& s, const T* x, const T* d_y, T* d_w, T* d_b, bool accumulate) {
    simd::dense_backward_weights<DefaultArch>(s, x, d_y, d_w, d_b, accumulate);
}
template <std::same_as<float> T>
IDM_ALWAYS_INLINE void conv1d_forward_bf16(const ConvShape& s, const T* x, Bf16Pairs w, const T* b, T* y,
                                           Epilogue epilogue) {
    simd::conv1d_forward_bf16<DefaultArch>(s, x, w, b, y, epilogue);
}
template <std::same_as<float> T>
void dense_forward_bf16(const DenseShape& s, const T* x, Bf16Pairs w, const T* b, T* y, Epilogue epilogue) {
    simd::dense_forward_bf16<DefaultArch>(s, x, w, b, y, epilogue);
}
template <class T>
void depthwise_forward(const ConvShape& s, const T* x, const T* w, const T* b, T* y, Epilogue epilogue) {
    simd::depthwise_forward<DefaultArch>(s, x, w, b, y, epilogue);
}
template <class T>
void depthwise_backward_input(const ConvShape& s, const T* d_y, const T* w, T* d_x) {
    simd::depthwise_backward_input<DefaultArch>(s, d_y, w, d_x);
}
template <class T>
void depthwise_backward_weights(const ConvShape& s, const T* x, const T* d_y, T* d_w, T* d_b, bool accumulate) {
    simd::depthwise_backward_weights<DefaultArch>(s, x, d_y, d_w, d_b, accumulate);
}
template <class T>
void gru_forward(Index hidden, const T* product, const T* h, T* gates, T* y) {
    simd::gru_forward<DefaultArch>(hidden, product, h, gates, y);
}
template <class T>
void gru_backward(Index hidden, const T* h, const T* d_y, T* gates, T* product, T* d_h) {
    simd::gru_backward<DefaultArch>(hidden, h, d_y, gates, product, d_h);
}
template <class T>
void layer_norm_forward(Index rows, Index channels, T epsilon, const T* x, T* y) {
    simd::layer_norm_forward<DefaultArch>(rows, channels, epsilon, x, y);
}
template <class T>
void layer_norm_backward(Index rows, Index channels, T epsilon, const T* x, const T* d_y, T* d_x) {
    simd::layer_norm_backward<DefaultArch>(rows, channels, epsilon, x, d_y, d_x);
}
template <class T>
void average_pool_forward(const PoolShape& s, const T* x, T* y) {
    simd::average_pool_forward<DefaultArch>(s, x, y);
}
template <class T>
void average_pool_backward(const PoolShape& s, const T* d_y, T* d_x) {
    simd::average_pool_backward<DefaultArch>(s, d_y, d_x);
}
template <class T>
void max_pool_forward(const PoolShape& s, const T* x, T* y) {
    simd::max_pool_forward<DefaultArch>(s, x, y);
}
template <class T>
void max_pool_backward(const PoolShape& s, const T* x, const T* d_y, T* d_x) {
    simd::max_pool_backward<DefaultArch>(s, x, d_y, d_x);
}
template <class T, class Function>
void activation_forward(const Function& f, Index size, const T* x, T* y) {
    simd::activation_forward<DefaultArch>(f, size, x, y);
}
template <class T, class Function>
void activation_backward(const Function& f, Index size, const T* kept, const T* d_y, T* d_x) {
    simd::activation_backward<DefaultArch>(f, size, kept, d_y, d_x);
}
template <class T>
void relu_forward(Index size, const T* x, T* y) {
    simd::relu_forward<DefaultArch>(size, x, y);
}
template <class T>
void relu_backward(Index size, const T* y, const T* d_y, T* d_x) {
    simd::relu_backward<DefaultArch>(size, y, d_y, d_x);
}
template <class T>
void add_accumulate(Index size, const T* x, T* y) {
    simd::add_accumulate<DefaultArch>(size, x, y);
}
template <class T>
void axpby(Index size, T a, const T* x, T b, T* y) {
    simd::axpby<DefaultArch>(size, a, x, b, y);
}
template <class T>
T sum_of_squares(Index size, const T* x) {
    return simd::sum_of_squares<DefaultArch>(size, x);
}
template <class T>
T squared_error(Index size, const T* prediction, const T* target, T scale, T* d_prediction) {
    return simd::squared_error<DefaultArch>(size, prediction, target, scale, d_prediction);
}
template <class T>
void adam(Index size, const AdamStep<T>& step, const T* g, T* m, T* v, T* w) {
    simd::adam<DefaultArch>(size, step, g, m, v, w);
}
template <class T>
void sgd(Index size, const SgdStep<T>& step, const T* g, T* m, T* w) {
    simd::sgd<DefaultArch>(size, step, g, m, w);
}
template <class T>
void lion(Index size, const LionStep<T>& step, const T* g, T* m, T* w) {
    simd::lion<DefaultArch>(size, step, g, m, w);
}

#endif

/// The input gradient in one call. Whoever calls more than once between two changes of the weights transposes them once
/// (`conv1d_transpose_weights`, into the scratch) and calls `conv1d_backward_input_transposed`.
template <class T>
void conv1d_backward_input(const ConvShape& s, const T* d_y, const T* w, T* d_x, T* scratch) {
    conv1d_transpose_weights(s, w, scratch);
    conv1d_backward_input_transposed(s, d_y, static_cast<const T*>(scratch), d_x);
}

/// The same of a dense product.
template <class T>
void dense_backward_input(const DenseShape& s, const T* d_y, const T* w, T* d_x, T* scratch) {
    dense_transpose_weights(s, w, scratch);
    dense_backward_input_transposed(s, d_y, static_cast<const T*>(scratch), d_x);
}

}  // namespace kernels
IDM_NAMESPACE_END
