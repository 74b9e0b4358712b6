#pragma once

#include <cmath>

#include <idm/kernels/shapes.hpp>

IDM_NAMESPACE_BEGIN
namespace kernels {

/// One Adam step's numbers, worked out once per step in double.
template <class T>
struct AdamStep {
    T beta1, beta2;
    T rest1, rest2;  // 1 - beta1, 1 - beta2: rounded once, since 1 - 0.999f is off by 1.3e-5
    T step_size;     // rate / (1 - beta1^t)
    T root_scale;    // 1 / sqrt(1 - beta2^t)
    T epsilon;
    T decay;  // 1 - rate * weight_decay, 1 for none
};

/// One step's numbers of gradient descent with momentum.
template <class T>
struct SgdStep {
    T momentum, decay, rate;
    bool nesterov;
};

/// One Lion step's numbers.
template <class T>
struct LionStep {
    T beta1, beta2;
    T rest1, rest2;  // 1 - beta1, 1 - beta2
    T rate;
    T decay;  // 1 - rate * weight_decay
};

namespace reference {

/// y = max(x, 0); a NaN stays NaN. x and y may be the same.
template <class T>
void relu_forward(Index size, const T* x, T* y) {
    for (Index i = 0; i < size; ++i) y[i] = x[i] < T(0) ? T(0) : x[i];
}

/// d_x = d_y where y > 0, else 0; d_x and d_y may be the same.
template <class T>
void relu_backward(Index size, const T* y, const T* d_y, T* d_x) {
    for (Index i = 0; i < size; ++i) d_x[i] = y[i] > T(0) ? d_y[i] : T(0);
}

/// y += x.
template <class T>
void add_accumulate(Index size, const T* x, T* y) {
    for (Index i = 0; i < size; ++i) y[i] += x[i];
}

/// y = a x + b y; x and y may be the same.
template <class T>
void axpby(Index size, T a, const T* x, T b, T* y) {
    for (Index i = 0; i < size; ++i) y[i] = b * y[i] + a * x[i];
}

/// Returns sum_i x^2.
template <class T>
T sum_of_squares(Index size, const T* x) {
    T sum = T(0);
    for (Index i = 0; i < size; ++i) sum += x[i] * x[i];
    return sum;
}

/// Returns sum_i (prediction - target)^2 and writes d = scale * 2 * (prediction - target).
template <class T>
T squared_error(Index size, const T* prediction, const T* target, T scale, T* d_prediction) {
    T sum = T(0);
    for (Index i = 0; i < size; ++i) {
        const T difference = prediction[i] - target[i];
        sum += difference * difference;
        d_prediction[i] = scale * T(2) * difference;
    }
    return sum;
}

/// One Adam step on `size` parameters, with decoupled weight decay:
///
///     m = beta1 m + (1 - beta1) g,   v = beta2 v + (1 - beta2) g^2
///     w = decay w - step_size m / (sqrt(v) root_scale + epsilon)
///
/// which is PyTorch's order: the bias correction of v is inside the root, epsilon outside it.
/// *Source*: Kingma and Ba 2015, algorithm 1; Loshchilov and Hutter 2019, algorithm 2;
/// https://pytorch.org/docs/stable/generated/torch.optim.AdamW.html
template <class T>
void adam(Index size, const AdamStep<T>& step, const T* g, T* m, T* v, T* w) {
    for (Index i = 0; i < size; ++i) {
        m[i] = step.beta1 * m[i] + step.rest1 * g[i];
        v[i] = step.beta2 * v[i] + step.rest2 * (g[i] * g[i]);
        w[i] = step.decay * w[i] - step.step_size * m[i] / (std::sqrt(v[i]) * step.root_scale + step.epsilon);
    }
}

/// One step of gradient descent with momentum on `size` parameters:
///
///     g' = g + decay w,   m = momentum m + g',   w = w - rate (nesterov ? g' + momentum m : m)
///
/// *Source*: https://pytorch.org/docs/stable/generated/torch.optim.SGD.html
template <class T>
void sgd(Index size, const SgdStep<T>& step, const T* g, T* m, T* w) {
    for (Index i = 0; i < size; ++i) {
        const T gradient = g[i] + step.decay * w[i];
        m[i] = step.momentum * m[i] + gradient;
        w[i] -= step.rate * (step.nesterov ? gradient + step.momentum * m[i] : m[i]);
    }
}

/// One Lion step on `size` parameters; sign(0) = 0:
///
///     w = decay w - rate sign(beta1 m + (1 - beta1) g),   m = beta2 m + (1 - beta2) g
///
/// *Source*: Chen et al., "Symbolic Discovery of Optimization Algorithms", 2023, algorithm 2.
template <class T>
void lion(Index size, const LionStep<T>& step, const T* g, T* m, T* w) {
    for (Index i = 0; i < size; ++i) {
        const T direction = step.beta1 * m[i] + step.rest1 * g[i];
        const T move = direction > T(0) ? step.rate : direction < T(0) ? -step.rate : T(0);
        w[i] = step.decay * w[i] - move;
        m[i] = step.beta2 * m[i] + step.rest2 * g[i];
    }
}

}  // namespace reference
}  // namespace kernels
IDM_NAMESPACE_END
