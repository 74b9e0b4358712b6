#pragma once

#include <algorithm>

#include <idm/kernels/simd/product_shape.hpp>

IDM_NAMESPACE_BEGIN
namespace kernels::simd {

/// Packs the transpose of one tap of w: from [tap rows c, columns o] to [o, columns c], as the forward product wants it
/// for the input gradient.
template <class T>
void transpose_tap(Index weight_rows, Index first_row, Index inner, Index columns, const T* w, Index to_rows,
                   Index to_first_row, T* to) {
    for (Index begin = 0; begin < inner; begin += column_block) {
        const Index width = packed_block_width(inner, begin);
        T* block = to + begin * to_rows + to_first_row * width;
        const Index filled = std::min(width, inner - begin);
        for (Index o = 0; o < columns; ++o) {
            const Index w_begin = o / column_block * column_block;
            const Index w_width = packed_block_width(columns, w_begin);
            const T* from = w + w_begin * weight_rows + (first_row + begin) * w_width + (o - w_begin);
            for (Index c = 0; c < filled; ++c) block[o * width + c] = from[c * w_width];
            for (Index c = filled; c < width; ++c) block[o * width + c] = T(0);
        }
    }
}

}  // namespace kernels::simd
IDM_NAMESPACE_END
