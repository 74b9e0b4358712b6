#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#include <idm/kernels/shapes.hpp>

// Weights in bfloat16, the upper half of a float: half the memory to read, 8 bits of precision. Sums are those of
// float.

IDM_NAMESPACE_BEGIN
namespace kernels {

/// The nearest bf16 as its 16 bits, of two equally near the even one. A NaN stays NaN, with the upper part of its
/// payload; beyond the largest bf16, 3.39e38, follows infinity.
/// *Source*: IEEE 754-2019, sections 4.3.1 and 6.2.3, of a format with 8 bits of exponent and 7 of fraction.
constexpr std::uint16_t to_bf16(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    constexpr std::uint32_t infinity = 0x7f800000u, sign = 0x80000000u;
    if ((bits & ~sign) > infinity) return static_cast<std::uint16_t>(bits >> 16 | 0x40u);  // quiet
    return static_cast<std::uint16_t>((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

/// The same number as a float.
constexpr float from_bf16(std::uint16_t bits) { return std::bit_cast<float>(std::uint32_t{bits} << 16); }

/// Packed weights in bf16, two in each word of a float's size:
///
///     [out_channels / 32][row][16],   word i = column i in the lower half, column i + 16 in the upper
///
/// So a vector of words gives two vectors of floats by a shift and a mask, and no lane is crossed. Each block has 32
/// columns; those that pad the last one are zero. The words are no floats to calculate with: only bits.
struct Bf16Pairs {
    const float* words;
};

/// Words of a weight, a stand-in for `packed_weight_size`.
constexpr Index bf16_words(Index rows, Index columns) { return (columns + 31) / 32 * 16 * rows; }

/// The weights of the g-th group of a convolution.
constexpr Bf16Pairs bf16_of_group(const ConvShape& s, Bf16Pairs w, Index g) {
    return {w.words + g * bf16_words(s.weight_rows(), s.group_outputs())};
}

/// Weight (row, column).
inline float bf16_weight(Bf16Pairs w, Index rows, Index row, Index column) {
    std::uint32_t word;
    std::memcpy(&word, w.words + (column / 32 * rows + row) * 16 + column % 16, sizeof word);
    return std::bit_cast<float>(column % 32 < 16 ? word << 16 : word & 0xffff0000u);
}

/// Rounds a packed weight to `bf16_words` words.
inline void pack_bf16(Index rows, Index columns, const float* packed, float* words) {
    const auto weight = [&](Index row, Index column) {
        return column < columns ? to_bf16(packed[packed_offset(rows, columns, row, column)]) : std::uint16_t{0};
    };
    for (Index begin = 0; begin < columns; begin += 32)
        for (Index row = 0; row < rows; ++row)
            for (Index i = 0; i < 16; ++i, ++words) {
                const std::uint32_t word =
                    std::uint32_t{weight(row, begin + i)} | std::uint32_t{weight(row, begin + i + 16)} << 16;
                std::memcpy(words, &word, sizeof word);
            }
}

}  // namespace kernels
IDM_NAMESPACE_END
