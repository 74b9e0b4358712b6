#pragma once

#include <idm/core/xsimd_compat.hpp>
#include <idm/kernels/reference/elementwise.hpp>

// What these compute is written out in reference/elementwise.hpp.

IDM_NAMESPACE_BEGIN
namespace kernels::simd {

using idm::simd::Batch;
using idm::simd::divide;
using idm::simd::load_first;
using idm::simd::multiply_add;
using idm::simd::rectify;
using idm::simd::square_root;
using idm::simd::store_first;
using idm::simd::sum_lanes;

/// Calls whole(i) for each full vector and tail(i, count) for what is left of `size`.
template <class Arch, class T, class Whole, class Tail>
IDM_ALWAYS_INLINE void sweep(Index size, Whole&& whole, Tail&& tail) {
    constexpr Index lanes = static_cast<Index>(Batch<T, Arch>::size);
    Index i = 0;
    for (; i + lanes <= size; i += lanes) whole(i);
    if (i < size) tail(i, size - i);
}

template <class Arch, class T>
void relu_forward(Index size, const T* x, T* y) {
    using B = Batch<T, Arch>;
    sweep<Arch, T>(
        size, [&](Index i) { rectify<T, Arch>(B::load_unaligned(x + i)).store_unaligned(y + i); },
        [&](Index i, Index n) { reference::relu_forward(n, x + i, y + i); });
}

template <class Arch, class T>
void relu_backward(Index size, const T* y, const T* d_y, T* d_x) {
    using B = Batch<T, Arch>;
    sweep<Arch, T>(
        size,
        [&](Index i) {
            xsimd::select(B::load_unaligned(y + i) > B(T(0)), B::load_unaligned(d_y + i), B(T(0)))
                .store_unaligned(d_x + i);
        },
        [&](Index i, Index n) { reference::relu_backward(n, y + i, d_y + i, d_x + i); });
}

template <class Arch, class T>
void add_accumulate(Index size, const T* x, T* y) {
    using B = Batch<T, Arch>;
    sweep<Arch, T>(
        size, [&](Index i) { (B::load_unaligned(y + i) + B::load_unaligned(x + i)).store_unaligned(y + i); },
        [&](Index i, Index n) { reference::add_accumulate(n, x + i, y + i); });
}

template <class Arch, class T>
void axpby(Index size, T a, const T* x, T b, T* y) {
    using B = Batch<T, Arch>;
    const B scale_x(a), scale_y(b);
    const auto body = [&](const B& from, const B& to) { return multiply_add(scale_y, to, scale_x * from); };
    sweep<Arch, T>(
        size, [&](Index i) { body(B::load_unaligned(x + i), B::load_unaligned(y + i)).store_unaligned(y + i); },
        [&](Index i, Index n) {
            store_first<T, Arch>(body(load_first<T, Arch>(x + i, n), load_first<T, Arch>(y + i, n)), y + i, n);
        });
}

template <class Arch, class T>
T sum_of_squares(Index size, const T* x) {
    using B = Batch<T, Arch>;
    B sum(T(0));
    const auto body = [&](const B& value) { sum = multiply_add(value, value, sum); };
    sweep<Arch, T>(
        size, [&](Index i) { body(B::load_unaligned(x + i)); },
        [&](Index i, Index n) { body(load_first<T, Arch>(x + i, n)); });
    return sum_lanes<T, Arch>(sum);
}

template <class Arch, class T>
T squared_error(Index size, const T* prediction, const T* target, T scale, T* d_prediction) {
    using B = Batch<T, Arch>;
    B sum(T(0));
    const B two_scale(scale * T(2));
    const auto body = [&](const B& p, const B& t) {
        const B difference = p - t;
        sum = multiply_add(difference, difference, sum);
        return two_scale * difference;
    };
    sweep<Arch, T>(
        size,
        [&](Index i) {
            body(B::load_unaligned(prediction + i), B::load_unaligned(target + i)).store_unaligned(d_prediction + i);
        },
        [&](Index i, Index n) {
            store_first<T, Arch>(body(load_first<T, Arch>(prediction + i, n), load_first<T, Arch>(target + i, n)),
                                 d_prediction + i, n);
        });
    return sum_lanes<T, Arch>(sum);
}

template <class Arch, class T>
void adam(Index size, const AdamStep<T>& step, const T* g, T* m, T* v, T* w) {
    using B = Batch<T, Arch>;
    const B beta1(step.beta1), beta2(step.beta2), rest1(step.rest1), rest2(step.rest2);
    const B step_size(step.step_size), root_scale(step.root_scale), epsilon(step.epsilon), decay(step.decay);
    const auto body = [&](const B& gradient, B& first, B& second, B& weight) {
        first = multiply_add(beta1, first, rest1 * gradient);
        second = multiply_add(beta2, second, rest2 * (gradient * gradient));
        const B root = multiply_add(square_root<T, Arch>(second), root_scale, epsilon);
        weight = decay * weight - divide<T, Arch>(step_size * first, root);
    };
    sweep<Arch, T>(
        size,
        [&](Index i) {
            B first = B::load_unaligned(m + i), second = B::load_unaligned(v + i), weight = B::load_unaligned(w + i);
            body(B::load_unaligned(g + i), first, second, weight);
            first.store_unaligned(m + i);
            second.store_unaligned(v + i);
            weight.store_unaligned(w + i);
        },
        // In the same arithmetic as a whole vector, so that the result does not depend on how threads split the range.
        [&](Index i, Index n) {
            B first = load_first<T, Arch>(m + i, n), second = load_first<T, Arch>(v + i, n),
              weight = load_first<T, Arch>(w + i, n);
            body(load_first<T, Arch>(g + i, n), first, second, weight);
            store_first<T, Arch>(first, m + i, n);
            store_first<T, Arch>(second, v + i, n);
            store_first<T, Arch>(weight, w + i, n);
        });
}

/// Calls body(gradient, momentum, weight), which changes the last two, for all parameters: the last few in the same
/// arithmetic as a whole vector, so that the result does not depend on how threads split the range.
template <class Arch, class T, class Body>
IDM_ALWAYS_INLINE void momentum_step(Index size, const T* g, T* m, T* w, Body&& body) {
    using B = Batch<T, Arch>;
    sweep<Arch, T>(
        size,
        [&](Index i) {
            B momentum = B::load_unaligned(m + i), weight = B::load_unaligned(w + i);
            body(B::load_unaligned(g + i), momentum, weight);
            momentum.store_unaligned(m + i);
            weight.store_unaligned(w + i);
        },
        [&](Index i, Index n) {
            B momentum = load_first<T, Arch>(m + i, n), weight = load_first<T, Arch>(w + i, n);
            body(load_first<T, Arch>(g + i, n), momentum, weight);
            store_first<T, Arch>(momentum, m + i, n);
            store_first<T, Arch>(weight, w + i, n);
        });
}

template <class Arch, class T>
void sgd(Index size, const SgdStep<T>& step, const T* g, T* m, T* w) {
    using B = Batch<T, Arch>;
    const B factor(step.momentum), decay(step.decay), rate(step.rate);
    momentum_step<Arch>(size, g, m, w, [&](const B& g_i, B& momentum, B& weight) {
        const B gradient = multiply_add(decay, weight, g_i);
        momentum = multiply_add(factor, momentum, gradient);
        weight = weight - rate * (step.nesterov ? multiply_add(factor, momentum, gradient) : momentum);
    });
}

template <class Arch, class T>
void lion(Index size, const LionStep<T>& step, const T* g, T* m, T* w) {
    using B = Batch<T, Arch>;
    const B beta1(step.beta1), beta2(step.beta2), rest1(step.rest1), rest2(step.rest2);
    const B rate(step.rate), back(-step.rate), none(T(0)), decay(step.decay);
    momentum_step<Arch>(size, g, m, w, [&](const B& gradient, B& momentum, B& weight) {
        const B direction = multiply_add(beta1, momentum, rest1 * gradient);
        const B move = xsimd::select(direction > none, rate, xsimd::select(direction < none, back, none));
        weight = decay * weight - move;
        momentum = multiply_add(beta2, momentum, rest2 * gradient);
    });
}

}  // namespace kernels::simd
IDM_NAMESPACE_END
