#pragma once

#include <algorithm>

#include <idm/kernels/simd/tile.hpp>

IDM_NAMESPACE_BEGIN
namespace kernels::simd {

/// Transposes as many vectors as one has lanes: each round interleaves the first half of them with the second.
template <class T, class Arch, Index Lanes>
IDM_ALWAYS_INLINE void transpose(Batch<T, Arch> (&rows)[Lanes]) {
    static_assert(Lanes == static_cast<Index>(Batch<T, Arch>::size));
    for (Index round = 1; round < Lanes; round *= 2) {
        Batch<T, Arch> pairs[Lanes];
        unroll<Lanes / 2>([&]<Index i>() IDM_INLINE_LAMBDA {
            idm::simd::interleave(rows[i], rows[i + Lanes / 2], pairs[2 * i], pairs[2 * i + 1]);
        });
        unroll<Lanes>([&]<Index i>() IDM_INLINE_LAMBDA { rows[i] = pairs[i]; });
    }
}

/// Packs the transpose of one tap of w: from [tap rows c, columns o] to [o, columns c], as the forward product wants it
/// for the input gradient.
template <class Arch, class T>
void transpose_tap(Index weight_rows, Index first_row, Index inner, Index columns, const T* w, Index to_rows,
                   Index to_first_row, T* to) {
    using B = Batch<T, Arch>;
    constexpr Index lanes = static_cast<Index>(B::size);
    for (Index c = 0; c < packed_columns(inner); c += lanes)
        for (Index o = 0; o < columns; o += lanes) {
            const Index w_row = packed_block_width(columns, o / column_block * column_block);
            const Index to_row = packed_block_width(inner, c / column_block * column_block);
            const T* from = w + packed_offset(weight_rows, columns, first_row + c, o);
            B rows[lanes];
            for (Index i = 0; i < lanes; ++i) rows[i] = c + i < inner ? B::load_unaligned(from + i * w_row) : B(T(0));
            transpose(rows);
            T* block = to + packed_offset(to_rows, inner, to_first_row + o, c);
            for (Index i = 0; i < std::min(lanes, columns - o); ++i) rows[i].store_unaligned(block + i * to_row);
        }
}

}  // namespace kernels::simd
IDM_NAMESPACE_END
