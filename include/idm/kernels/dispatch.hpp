#pragma once

#include <concepts>
#include <type_traits>

#include <idm/kernels/bf16.hpp>
#include <idm/kernels/dispatch_table.hpp>
#include <idm/kernels/reference/activation.hpp>
#include <idm/kernels/reference/elementwise.hpp>
#include <idm/kernels/reference/pooling.hpp>

// The kernels by idm::dispatch's table. What they compute is written out in reference/.

IDM_NAMESPACE_BEGIN
namespace kernels::dispatch {

namespace border = idm::dispatch_v0_1;

/// The chosen kernels for T.
template <class T>
const border::KernelTable<T>& table() {
    static_assert(std::is_same_v<T, float> || std::is_same_v<T, double>,
                  "idm::dispatch has kernels for float and double");
    if constexpr (std::is_same_v<T, float>)
        return border::chosen().of_float;
    else
        return border::chosen().of_double;
}

// Extents and steps as they cross the border.

inline border::Conv crossing(const ConvShape& s) {
    return {.samples = s.samples,
            .in_length = s.in_length,
            .in_channels = s.in_channels,
            .out_length = s.out_length,
            .out_channels = s.out_channels,
            .kernel = s.kernel,
            .stride = s.stride,
            .dilation = s.dilation,
            .pad_left = s.pad_left,
            .groups = s.groups,
            .x_sample_stride = s.x_sample_stride,
            .y_sample_stride = s.y_sample_stride};
}
inline border::Dense crossing(const DenseShape& s) {
    return {.rows = s.rows,
            .in_channels = s.in_channels,
            .out_channels = s.out_channels,
            .x_row_stride = s.x_row_stride,
            .y_row_stride = s.y_row_stride};
}
inline border::Pool crossing(const PoolShape& s) {
    return {.in_length = s.in_length,
            .channels = s.channels,
            .out_length = s.out_length,
            .kernel = s.kernel,
            .stride = s.stride,
            .row = s.row};
}
template <class T>
border::Adam<T> crossing(const AdamStep<T>& s) {
    return {.beta1 = s.beta1,
            .beta2 = s.beta2,
            .rest1 = s.rest1,
            .rest2 = s.rest2,
            .step_size = s.step_size,
            .root_scale = s.root_scale,
            .epsilon = s.epsilon,
            .decay = s.decay};
}
template <class T>
border::Sgd<T> crossing(const SgdStep<T>& s) {
    return {.momentum = s.momentum, .decay = s.decay, .rate = s.rate, .nesterov = s.nesterov};
}
template <class T>
border::Lion<T> crossing(const LionStep<T>& s) {
    return {.beta1 = s.beta1, .beta2 = s.beta2, .rest1 = s.rest1, .rest2 = s.rest2, .rate = s.rate, .decay = s.decay};
}

/// An activation by its name and its one number.
struct NamedActivation {
    border::Activation name;
    double parameter;
};
inline NamedActivation named(const LeakyReLU& f) { return {border::Activation::leaky_relu, f.negative_slope}; }
inline NamedActivation named(const ELU& f) { return {border::Activation::elu, f.alpha}; }
inline NamedActivation named(const Tanh&) { return {border::Activation::tanh, 0}; }
inline NamedActivation named(const Sigmoid&) { return {border::Activation::sigmoid, 0}; }
inline NamedActivation named(const Softplus&) { return {border::Activation::softplus, 0}; }
inline NamedActivation named(const SiLU&) { return {border::Activation::silu, 0}; }
inline NamedActivation named(const GELU&) { return {border::Activation::gelu, 0}; }

template <class T>
void conv1d_forward(const ConvShape& s, const T* x, const T* w, const T* b, T* y, Epilogue epilogue) {
    table<T>().conv1d_forward(crossing(s), x, w, b, y, epilogue == Epilogue::relu);
}
template <class T>
void conv1d_transpose_weights(const ConvShape& s, const T* w, T* transposed) {
    table<T>().conv1d_transpose_weights(crossing(s), w, transposed);
}
template <class T>
void conv1d_backward_input_transposed(const ConvShape& s, const T* d_y, const T* transposed, T* d_x) {
    table<T>().conv1d_backward_input_transposed(crossing(s), d_y, transposed, d_x);
}
template <class T>
void conv1d_backward_weights(const ConvShape& s, const T* x, const T* d_y, T* d_w, T* d_b, bool accumulate) {
    table<T>().conv1d_backward_weights(crossing(s), x, d_y, d_w, d_b, accumulate);
}
template <class T>
void dense_forward(const DenseShape& s, const T* x, const T* w, const T* b, T* y, Epilogue epilogue) {
    table<T>().dense_forward(crossing(s), x, w, b, y, epilogue == Epilogue::relu);
}
template <class T>
void dense_transpose_weights(const DenseShape& s, const T* w, T* transposed) {
    table<T>().dense_transpose_weights(crossing(s), w, transposed);
}
template <class T>
void dense_backward_input_transposed(const DenseShape& s, const T* d_y, const T* transposed, T* d_x) {
    table<T>().dense_backward_input_transposed(crossing(s), d_y, transposed, d_x);
}
template <class T>
void dense_backward_weights(const DenseShape& s, const T* x, const T* d_y, T* d_w, T* d_b, bool accumulate) {
    table<T>().dense_backward_weights(crossing(s), x, d_y, d_w, d_b, accumulate);
}
template <class T>
void depthwise_forward(const ConvShape& s, const T* x, const T* w, const T* b, T* y, Epilogue epilogue) {
    table<T>().depthwise_forward(crossing(s), x, w, b, y, epilogue == Epilogue::relu);
}
template <class T>
void depthwise_backward_input(const ConvShape& s, const T* d_y, const T* w, T* d_x) {
    table<T>().depthwise_backward_input(crossing(s), d_y, w, d_x);
}
template <class T>
void depthwise_backward_weights(const ConvShape& s, const T* x, const T* d_y, T* d_w, T* d_b, bool accumulate) {
    table<T>().depthwise_backward_weights(crossing(s), x, d_y, d_w, d_b, accumulate);
}
template <class T>
void gru_forward(Index hidden, const T* product, const T* h, T* gates, T* y) {
    table<T>().gru_forward(hidden, product, h, gates, y);
}
template <class T>
void gru_backward(Index hidden, const T* h, const T* d_y, T* gates, T* product, T* d_h) {
    table<T>().gru_backward(hidden, h, d_y, gates, product, d_h);
}
template <class T>
void layer_norm_forward(Index rows, Index channels, T epsilon, const T* x, T* y) {
    table<T>().layer_norm_forward(rows, channels, epsilon, x, y);
}
template <class T>
void layer_norm_backward(Index rows, Index channels, T epsilon, const T* x, const T* d_y, T* d_x) {
    table<T>().layer_norm_backward(rows, channels, epsilon, x, d_y, d_x);
}
template <class T>
void average_pool_forward(const PoolShape& s, const T* x, T* y) {
    table<T>().average_pool_forward(crossing(s), x, y);
}
template <class T>
void average_pool_backward(const PoolShape& s, const T* d_y, T* d_x) {
    table<T>().average_pool_backward(crossing(s), d_y, d_x);
}
template <class T>
void max_pool_forward(const PoolShape& s, const T* x, T* y) {
    table<T>().max_pool_forward(crossing(s), x, y);
}
template <class T>
void max_pool_backward(const PoolShape& s, const T* x, const T* d_y, T* d_x) {
    table<T>().max_pool_backward(crossing(s), x, d_y, d_x);
}
/// The library's own activations by the table, others by the plain loop.
template <class T, class Function>
void activation_forward(const Function& f, Index size, const T* x, T* y) {
    if constexpr (requires { named(f); })
        table<T>().activation_forward(named(f).name, named(f).parameter, size, x, y);
    else
        reference::activation_forward(f, size, x, y);
}
/// The gradient of `activation_forward`.
template <class T, class Function>
void activation_backward(const Function& f, Index size, const T* kept, const T* d_y, T* d_x) {
    if constexpr (requires { named(f); })
        table<T>().activation_backward(named(f).name, named(f).parameter, size, kept, d_y, d_x);
    else
        reference::activation_backward(f, size, kept, d_y, d_x);
}
template <class T>
void relu_forward(Index size, const T* x, T* y) {
    table<T>().relu_forward(size, x, y);
}
template <class T>
void relu_backward(Index size, const T* y, const T* d_y, T* d_x) {
    table<T>().relu_backward(size, y, d_y, d_x);
}
template <class T>
void add_accumulate(Index size, const T* x, T* y) {
    table<T>().add_accumulate(size, x, y);
}
template <class T>
void axpby(Index size, T a, const T* x, T b, T* y) {
    table<T>().axpby(size, a, x, b, y);
}
template <class T>
T sum_of_squares(Index size, const T* x) {
    return table<T>().sum_of_squares(size, x);
}
template <class T>
T squared_error(Index size, const T* prediction, const T* target, T scale, T* d_prediction) {
    return table<T>().squared_error(size, prediction, target, scale, d_prediction);
}
template <class T>
void adam(Index size, const AdamStep<T>& step, const T* g, T* m, T* v, T* w) {
    table<T>().adam(size, crossing(step), g, m, v, w);
}
template <class T>
void sgd(Index size, const SgdStep<T>& step, const T* g, T* m, T* w) {
    table<T>().sgd(size, crossing(step), g, m, w);
}
template <class T>
void lion(Index size, const LionStep<T>& step, const T* g, T* m, T* w) {
    table<T>().lion(size, crossing(step), g, m, w);
}
template <std::same_as<float> T>
void conv1d_forward_bf16(const ConvShape& s, const T* x, Bf16Pairs w, const T* b, T* y, Epilogue epilogue) {
    border::chosen().conv1d_forward_bf16(crossing(s), x, w.words, b, y, epilogue == Epilogue::relu);
}
template <std::same_as<float> T>
void dense_forward_bf16(const DenseShape& s, const T* x, Bf16Pairs w, const T* b, T* y, Epilogue epilogue) {
    border::chosen().dense_forward_bf16(crossing(s), x, w.words, b, y, epilogue == Epilogue::relu);
}

}  // namespace kernels::dispatch
IDM_NAMESPACE_END
