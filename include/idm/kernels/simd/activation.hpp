#pragma once

#include <type_traits>

#include <idm/core/xsimd_compat.hpp>
#include <idm/kernels/activation.hpp>
#include <idm/kernels/simd/elementwise.hpp>

// What these compute is written out in reference/activation.hpp.

IDM_NAMESPACE_BEGIN
namespace kernels::simd {

/// Functions of one vector, xsimd's where these are good. docs/numerics.md states their errors,
/// tests/unit/kernels/test_functions.cpp measures them.
template <class T, class Arch>
struct Math {
    using V = Batch<T, Arch>;
    static V number(double value) { return V(static_cast<T>(value)); }
    static V exp(const V& x) { return keep_nan(x, xsimd::exp(x)); }
    static V expm1(const V& x) { return keep_nan(x, xsimd::expm1(x)); }
    /// 2 atanh(s), s = x / (2 + x) <= 1/3, by its series. What is left out of it is below 0.02 units in the last place:
    /// s^16 / 17 in float, s^34 / 35 in double.
    static V log1p_unit(const V& x) {
        const V s = divide<T, Arch>(x, x + number(2)), square = s * s;
        constexpr int last = sizeof(T) == 4 ? 7 : 16;
        V sum = number(1.0 / (2 * last + 1));
        for (int k = last - 1; k >= 0; --k) sum = multiply_add(sum, square, number(1.0 / (2 * k + 1)));
        return (s + s) * sum;
    }
    static V tanh(const V& x) { return keep_nan(x, xsimd::tanh(x)); }
    // Beyond 6 it is 1 in double too; xsimd 8.1 squares x first, which gives NaN where the square is infinite.
    static V erf(const V& x) {
        return keep_nan(x, select(abs(x) > number(6), select(x < number(0), number(-1), number(1)), xsimd::erf(x)));
    }
    /// y, but NaN where x is: on SSE2 xsimd 8.1's exp loses a NaN in double when clang compiles it.
    static V keep_nan(const V& x, const V& y) { return xsimd::select(x == x, y, x); }
    static V abs(const V& x) { return xsimd::abs(x); }
    static V select(const typename V::batch_bool_type& condition, const V& yes, const V& no) {
        return xsimd::select(condition, yes, no);
    }
};

/// The vectors that activations run on: 32 bytes wide on AVX-512 too, since gcc 12 takes the 64-byte intrinsics behind
/// xsimd's exp for uninitialised and would warn in its users' code.
template <class Arch>
using MathArch = std::conditional_t<Batch<float, Arch>::size == 16, xsimd::avx2, Arch>;

// A rest is computed in the same arithmetic as a whole vector: a number's value does not depend on its place.

template <class Arch, class T, class Function>
void activation_forward(const Function& f, Index size, const T* x, T* y) {
    using Narrow = MathArch<Arch>;
    using B = Batch<T, Narrow>;
    using M = Math<T, Narrow>;
    sweep<Narrow, T>(
        size, [&](Index i) { f.template value<M>(B::load_unaligned(x + i)).store_unaligned(y + i); },
        [&](Index i, Index n) {
            store_first<T, Narrow>(f.template value<M>(load_first<T, Narrow>(x + i, n)), y + i, n);
        });
}

template <class Arch, class T, class Function>
void activation_backward(const Function& f, Index size, const T* kept, const T* d_y, T* d_x) {
    using Narrow = MathArch<Arch>;
    using B = Batch<T, Narrow>;
    using M = Math<T, Narrow>;
    sweep<Narrow, T>(
        size,
        [&](Index i) {
            (B::load_unaligned(d_y + i) * f.template slope<M>(B::load_unaligned(kept + i))).store_unaligned(d_x + i);
        },
        [&](Index i, Index n) {
            store_first<T, Narrow>(
                load_first<T, Narrow>(d_y + i, n) * f.template slope<M>(load_first<T, Narrow>(kept + i, n)), d_x + i,
                n);
        });
}

}  // namespace kernels::simd
IDM_NAMESPACE_END
