#pragma once

// Holds what the supported xsimd versions (8.1 to 13) lack or spell differently.

#include <type_traits>

#include <xsimd/xsimd.hpp>

#include <idm/core/config.hpp>

IDM_NAMESPACE_BEGIN
namespace simd {

template <class T, class Arch>
using Batch = xsimd::batch<T, Arch>;

/// x * y + z in one rounding where the instruction set has it, else in two.
///
/// xsimd 8.1 has no fused form for AVX-512 and would leave it to the compiler's contraction, which is off.
template <class T, class Arch>
IDM_ALWAYS_INLINE Batch<T, Arch> multiply_add(const Batch<T, Arch>& x, const Batch<T, Arch>& y,
                                              const Batch<T, Arch>& z) {
#if IDM_HAS_AVX512
    if constexpr (sizeof(Batch<T, Arch>) == 64) {
        if constexpr (std::is_same_v<T, float>)
            return _mm512_fmadd_ps(x, y, z);
        else
            return _mm512_fmadd_pd(x, y, z);
    } else {
        return xsimd::fma(x, y, z);
    }
#elif defined(__aarch64__)
    if constexpr (std::is_same_v<T, float>)
        return vfmaq_f32(z, x, y);
    else
        return vfmaq_f64(z, x, y);
#else
    return xsimd::fma(x, y, z);
#endif
}

/// x where it is not below `least`, else `least`, lane by lane: a NaN stays NaN, and -0 is not below 0.
///
/// x86's maximum gives its second operand in both cases, in one instruction (written masked for gcc 12, as the root
/// below); elsewhere a maximum treats NaN another way.
template <class T, class Arch>
IDM_ALWAYS_INLINE Batch<T, Arch> at_least(const Batch<T, Arch>& least, const Batch<T, Arch>& x) {
#if IDM_HAS_AVX512
    if constexpr (sizeof(Batch<T, Arch>) == 64) {
        if constexpr (std::is_same_v<T, float>)
            return _mm512_maskz_max_ps(static_cast<__mmask16>(0xffff), least, x);
        else
            return _mm512_maskz_max_pd(static_cast<__mmask8>(0xff), least, x);
    }
#endif
#if defined(__x86_64__)
    return xsimd::max(least, x);
#else
    return xsimd::select(x < least, least, x);
#endif
}

/// max(x, 0) lane by lane; a NaN stays NaN.
template <class T, class Arch>
IDM_ALWAYS_INLINE Batch<T, Arch> rectify(const Batch<T, Arch>& x) {
    return at_least(Batch<T, Arch>(T(0)), x);
}

/// The square root, rounded once. gcc 12 warns of an uninitialised variable inside its own unmasked AVX-512 intrinsic;
/// xsimd 8.1 has no float instruction for it on 64-bit ARM.
template <class T, class Arch>
IDM_ALWAYS_INLINE Batch<T, Arch> square_root(const Batch<T, Arch>& x) {
#if IDM_HAS_AVX512
    if constexpr (sizeof(Batch<T, Arch>) == 64) {
        if constexpr (std::is_same_v<T, float>)
            return _mm512_maskz_sqrt_ps(static_cast<__mmask16>(0xffff), x);
        else
            return _mm512_maskz_sqrt_pd(static_cast<__mmask8>(0xff), x);
    }
#endif
#if defined(__aarch64__)
    if constexpr (std::is_same_v<T, float>)
        return vsqrtq_f32(x);
    else
        return vsqrtq_f64(x);
#else
    return xsimd::sqrt(x);
#endif
}

/// x / y, rounded once. xsimd 8.1 multiplies floats by an approximate reciprocal on 64-bit ARM: with it `log1p_unit` is
/// 3.7 units in the last place off.
template <class T, class Arch>
IDM_ALWAYS_INLINE Batch<T, Arch> divide(const Batch<T, Arch>& x, const Batch<T, Arch>& y) {
#if defined(__aarch64__)
    if constexpr (std::is_same_v<T, float>) return vdivq_f32(x, y);
#endif
    return x / y;
}

/// x and y lane by lane in turn: the lower halves' pairs in the first batch, the upper halves' in the second.
///
/// xsimd 8.1 interleaves each 128 bits for themselves on AVX and AVX-512.
template <class T, class Arch>
IDM_ALWAYS_INLINE void interleave(const Batch<T, Arch>& x, const Batch<T, Arch>& y, Batch<T, Arch>& lower,
                                  Batch<T, Arch>& upper) {
#if IDM_HAS_AVX512
    if constexpr (sizeof(Batch<T, Arch>) == 64) {
        if constexpr (std::is_same_v<T, float>) {
            const __m512i first = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
            const __m512i second = _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
            lower = _mm512_permutex2var_ps(x, first, y);
            upper = _mm512_permutex2var_ps(x, second, y);
        } else {
            lower = _mm512_permutex2var_pd(x, _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11), y);
            upper = _mm512_permutex2var_pd(x, _mm512_setr_epi64(4, 12, 5, 13, 6, 14, 7, 15), y);
        }
        return;
    }
#endif
#if defined(__AVX__)
    if constexpr (sizeof(Batch<T, Arch>) == 32) {
        if constexpr (std::is_same_v<T, float>) {
            const __m256 low = _mm256_unpacklo_ps(x, y), high = _mm256_unpackhi_ps(x, y);
            lower = _mm256_permute2f128_ps(low, high, 0x20);
            upper = _mm256_permute2f128_ps(low, high, 0x31);
        } else {
            const __m256d low = _mm256_unpacklo_pd(x, y), high = _mm256_unpackhi_pd(x, y);
            lower = _mm256_permute2f128_pd(low, high, 0x20);
            upper = _mm256_permute2f128_pd(low, high, 0x31);
        }
        return;
    }
#endif
    lower = xsimd::zip_lo(x, y);
    upper = xsimd::zip_hi(x, y);
}

/// Sum of the lanes, as a fixed tree: lane i + lane i + n/2, halved until one is left.
template <class T, class Arch>
inline T sum_lanes(const Batch<T, Arch>& x) {
    constexpr std::size_t lanes = Batch<T, Arch>::size;
    alignas(alignment_bytes) T values[lanes];
    x.store_aligned(values);
    for (std::size_t half = lanes / 2; half > 0; half /= 2)
        for (std::size_t i = 0; i < half; ++i) values[i] += values[i + half];
    return values[0];
}

/// The first `count` numbers at `from`, the other lanes zero; reads nothing behind them.
template <class T, class Arch>
IDM_ALWAYS_INLINE Batch<T, Arch> load_first(const T* from, Index count) {
#if IDM_HAS_AVX512
    if constexpr (sizeof(Batch<T, Arch>) == 64) {
        const unsigned mask = (1u << count) - 1u;
        if constexpr (std::is_same_v<T, float>)
            return _mm512_maskz_loadu_ps(static_cast<__mmask16>(mask), from);
        else
            return _mm512_maskz_loadu_pd(static_cast<__mmask8>(mask), from);
    }
#endif
    alignas(alignment_bytes) T values[Batch<T, Arch>::size] = {};
    for (Index i = 0; i < count; ++i) values[i] = from[i];
    return Batch<T, Arch>::load_aligned(values);
}

/// Stores the first `count` lanes; writes nothing behind them.
template <class T, class Arch>
IDM_ALWAYS_INLINE void store_first(const Batch<T, Arch>& x, T* to, Index count) {
#if IDM_HAS_AVX512
    if constexpr (sizeof(Batch<T, Arch>) == 64) {
        const unsigned mask = (1u << count) - 1u;
        if constexpr (std::is_same_v<T, float>)
            _mm512_mask_storeu_ps(to, static_cast<__mmask16>(mask), x);
        else
            _mm512_mask_storeu_pd(to, static_cast<__mmask8>(mask), x);
        return;
    }
#endif
    alignas(alignment_bytes) T values[Batch<T, Arch>::size];
    x.store_aligned(values);
    for (Index i = 0; i < count; ++i) to[i] = values[i];
}

}  // namespace simd
IDM_NAMESPACE_END
