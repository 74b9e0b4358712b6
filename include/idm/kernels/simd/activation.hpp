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
    /// In double by rational functions, for xsimd 8.1's is off by up to 67 units in the last place. Beyond 6 it is 1 in
    /// both types; xsimd squares x first, which gives NaN where the square is infinite.
    static V erf(const V& x) {
        const V size = select(abs(x) > number(6), number(6), abs(x));
        if constexpr (sizeof(T) == 4) return keep_nan(x, xsimd::erf(select(x < number(0), -size, size)));
        const V square = size * size;
        const V near_zero = x * ratio(square, erf_numerator, erf_denominator);
        const V complement = xsimd::exp(-square) * ratio(size, erfc_numerator, erfc_denominator);
        const V far = number(1) - complement;
        return keep_nan(x, select(size < number(0.477), near_zero, select(x < number(0), -far, far)));
    }
    /// y, but NaN where x is: on SSE2 xsimd 8.1's exp loses a NaN in double when clang compiles it.
    static V keep_nan(const V& x, const V& y) { return xsimd::select(x == x, y, x); }
    static V abs(const V& x) { return xsimd::abs(x); }
    static V select(const typename V::batch_bool_type& condition, const V& yes, const V& no) {
        return xsimd::select(condition, yes, no);
    }

private:
    // erf(x) = x P(x^2) / Q(x^2) up to 0.477, where erf is 1/2, and 1 - exp(-x^2) P(x) / Q(x) from there; highest power
    // first. Coefficients: W. J. Cody, "Rational Chebyshev Approximations for the Error Function", Math. Comp. 23,
    // 1969, as in his program CALERF (https://www.netlib.org/specfun/erf), which goes over at 15/32 and takes a third
    // quotient beyond 4: there erfc is below 2e-8, and of this one a relative error of 1e-9 would not show.
    static constexpr double erf_numerator[] = {1.85777706184603153e-1, 3.16112374387056560e0, 1.13864154151050156e2,
                                               3.77485237685302021e2, 3.20937758913846947e3};
    static constexpr double erf_denominator[] = {1, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3,
                                                 2.84423683343917062e3};
    static constexpr double erfc_numerator[] = {2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594e0,
                                                6.61191906371416295e1,  2.98635138197400131e2,  8.81952221241769090e2,
                                                1.71204761263407058e3,  2.05107837782607147e3,  1.23033935479799725e3};
    static constexpr double erfc_denominator[] = {1,
                                                  1.57449261107098347e1,
                                                  1.17693950891312499e2,
                                                  5.37181101862009858e2,
                                                  1.62138957456669019e3,
                                                  3.29079923573345963e3,
                                                  4.36261909014324716e3,
                                                  3.43936767414372164e3,
                                                  1.23033935480374942e3};

    template <int N>
    static V ratio(const V& x, const double (&numerator)[N], const double (&denominator)[N]) {
        V p = number(numerator[0]), q = number(denominator[0]);
        for (int k = 1; k < N; ++k) {
            p = multiply_add(p, x, number(numerator[k]));
            q = multiply_add(q, x, number(denominator[k]));
        }
        return p / q;
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
