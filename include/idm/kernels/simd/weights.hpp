#pragma once

#include <bit>
#include <cstdint>

#include <idm/kernels/bf16.hpp>
#include <idm/kernels/simd/product_shape.hpp>

// What the forward products read weights through: packed numbers of x's type, or bf16 that becomes floats on the way
// into the registers. Bits of a sum depend on the numbers alone, not on how they lie.

IDM_NAMESPACE_BEGIN
namespace kernels::simd {

/// The floats in the lower halves of words of two bf16 each, and in the upper ones. (Written masked for gcc 12, which
/// warns of an uninitialised variable inside its own unmasked AVX-512 intrinsic.)
template <class Arch>
IDM_ALWAYS_INLINE Batch<float, Arch> lower_bf16(const Batch<float, Arch>& words) {
#if IDM_HAS_AVX512
    if constexpr (sizeof(Batch<float, Arch>) == 64)
        return _mm512_castsi512_ps(
            _mm512_maskz_slli_epi32(static_cast<__mmask16>(0xffff), _mm512_castps_si512(words), 16));
#endif
    return std::bit_cast<Batch<float, Arch>>(std::bit_cast<Batch<std::uint32_t, Arch>>(words) << 16);
}
template <class Arch>
IDM_ALWAYS_INLINE Batch<float, Arch> upper_bf16(const Batch<float, Arch>& words) {
    using Bits = Batch<std::uint32_t, Arch>;
    return std::bit_cast<Batch<float, Arch>>(std::bit_cast<Bits>(words) & Bits(0xffff0000u));
}

/// One row of a block in bf16, from a column on that the lower or the upper halves of its words hold.
template <bool Upper>
struct Bf16Columns {
    const float* words;

    Bf16Columns operator+(Index words_on) const { return {words + words_on}; }
    Bf16Columns& operator+=(Index words_on) {
        words += words_on;
        return *this;
    }
};

/// A vector of weights from column `Column` of a row on.
template <class Arch, Index Column, class T>
IDM_ALWAYS_INLINE Batch<T, Arch> load_weights(const T* row) {
    return Batch<T, Arch>::load_unaligned(row + Column);
}
template <class Arch, Index Column, bool Upper>
IDM_ALWAYS_INLINE Batch<float, Arch> load_weights(Bf16Columns<Upper> row) {
    const auto words = Batch<float, Arch>::load_unaligned(row.words + Column % 16);
    return Upper || Column >= 16 ? upper_bf16<Arch>(words) : lower_bf16<Arch>(words);
}

/// Calls f(weights from column `begin` on, distance of two rows).
template <Index Lanes, class T, class F>
IDM_ALWAYS_INLINE void with_weights(Index rows, Index columns, const T* w, Index begin, F&& f) {
    f(w + packed_offset(rows, columns, 0, begin), packed_block_width(columns, begin / column_block * column_block));
}
template <Index Lanes, class F>
IDM_ALWAYS_INLINE void with_weights(Index rows, Index /*columns*/, Bf16Pairs w, Index begin, F&& f) {
    const float* words = w.words + begin / 32 * rows * 16 + begin % 16;
    if constexpr (Lanes < 16)
        if (begin % 32 >= 16) return f(Bf16Columns<true>{words}, Index(16));
    f(Bf16Columns<false>{words}, Index(16));
}

}  // namespace kernels::simd
IDM_NAMESPACE_END
