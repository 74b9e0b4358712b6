#pragma once

#include <cstddef>

// What crosses the border between a program and the compiled kernels of idm::dispatch: the same types whatever either
// side was built with, hence outside the namespace that names the switches. Nothing here has a function of its own, not
// even a default for a member: such a function could be taken from an object that the processor cannot run.

namespace idm::dispatch_v0_1 {

/// ConvShape, number by number.
struct Conv {
    std::ptrdiff_t samples, in_length, in_channels, out_length, out_channels, kernel, stride, dilation, pad_left,
        groups, x_sample_stride, y_sample_stride;
};

/// DenseShape.
struct Dense {
    std::ptrdiff_t rows, in_channels, out_channels, x_row_stride, y_row_stride;
};

/// PoolShape.
struct Pool {
    std::ptrdiff_t in_length, channels, out_length, kernel, stride, row;
};

/// AdamStep.
template <class T>
struct Adam {
    T beta1, beta2, rest1, rest2, step_size, root_scale, epsilon, decay;
};

/// SgdStep.
template <class T>
struct Sgd {
    T momentum, decay, rate;
    bool nesterov;
};

/// LionStep.
template <class T>
struct Lion {
    T beta1, beta2, rest1, rest2, rate, decay;
};

/// The library's own activations.
enum class Activation { leaky_relu, elu, tanh, sigmoid, softplus, silu, gelu };

/// The kernels of kernels/select.hpp for one type of number; `relu` stands for the epilogue, bf16 for its words.
template <class T>
struct KernelTable {
    void (*conv1d_forward)(const Conv&, const T* x, const T* w, const T* b, T* y, bool relu);
    void (*conv1d_transpose_weights)(const Conv&, const T* w, T* transposed);
    void (*conv1d_backward_input_transposed)(const Conv&, const T* d_y, const T* transposed, T* d_x);
    void (*conv1d_backward_weights)(const Conv&, const T* x, const T* d_y, T* d_w, T* d_b, bool accumulate);
    void (*dense_forward)(const Dense&, const T* x, const T* w, const T* b, T* y, bool relu);
    void (*dense_transpose_weights)(const Dense&, const T* w, T* transposed);
    void (*dense_backward_input_transposed)(const Dense&, const T* d_y, const T* transposed, T* d_x);
    void (*dense_backward_weights)(const Dense&, const T* x, const T* d_y, T* d_w, T* d_b, bool accumulate);
    void (*depthwise_forward)(const Conv&, const T* x, const T* w, const T* b, T* y, bool relu);
    void (*depthwise_backward_input)(const Conv&, const T* d_y, const T* w, T* d_x);
    void (*depthwise_backward_weights)(const Conv&, const T* x, const T* d_y, T* d_w, T* d_b, bool accumulate);
    void (*gru_forward)(std::ptrdiff_t hidden, const T* product, const T* h, T* gates, T* y);
    void (*gru_backward)(std::ptrdiff_t hidden, const T* h, const T* d_y, T* gates, T* product, T* d_h);
    void (*layer_norm_forward)(std::ptrdiff_t rows, std::ptrdiff_t channels, T epsilon, const T* x, T* y);
    void (*layer_norm_backward)(std::ptrdiff_t rows, std::ptrdiff_t channels, T epsilon, const T* x, const T* d_y,
                                T* d_x);
    void (*average_pool_forward)(const Pool&, const T* x, T* y);
    void (*average_pool_backward)(const Pool&, const T* d_y, T* d_x);
    void (*max_pool_forward)(const Pool&, const T* x, T* y);
    void (*max_pool_backward)(const Pool&, const T* x, const T* d_y, T* d_x);
    void (*activation_forward)(Activation, double parameter, std::ptrdiff_t size, const T* x, T* y);
    void (*activation_backward)(Activation, double parameter, std::ptrdiff_t size, const T* kept, const T* d_y, T* d_x);
    void (*relu_forward)(std::ptrdiff_t size, const T* x, T* y);
    void (*relu_backward)(std::ptrdiff_t size, const T* y, const T* d_y, T* d_x);
    void (*add_accumulate)(std::ptrdiff_t size, const T* x, T* y);
    void (*axpby)(std::ptrdiff_t size, T a, const T* x, T b, T* y);
    T (*sum_of_squares)(std::ptrdiff_t size, const T* x);
    T (*squared_error)(std::ptrdiff_t size, const T* prediction, const T* target, T scale, T* d_prediction);
    void (*adam)(std::ptrdiff_t size, const Adam<T>&, const T* g, T* m, T* v, T* w);
    void (*sgd)(std::ptrdiff_t size, const Sgd<T>&, const T* g, T* m, T* w);
    void (*lion)(std::ptrdiff_t size, const Lion<T>&, const T* g, T* m, T* w);
};

/// All kernels, compiled for one instruction set.
struct Level {
    const char* name;     // as in the name of the inline namespace: "sse2", "avx2fma", "avx512"
    int floats, doubles;  // lanes
    KernelTable<float> of_float;
    KernelTable<double> of_double;
    void (*conv1d_forward_bf16)(const Conv&, const float* x, const float* words, const float* b, float* y, bool relu);
    void (*dense_forward_bf16)(const Dense&, const float* x, const float* words, const float* b, float* y, bool relu);
};

/// The levels that the processor runs, narrowest first; null behind the last of them.
const Level* runnable(int index) noexcept;

/// The widest of them, or that which the environment's IDM_MAX_SIMD (a level's name) allows at most; its first call
/// settles it. *Cost*: a load; no allocation, no lock.
const Level& chosen() noexcept;

}  // namespace idm::dispatch_v0_1
