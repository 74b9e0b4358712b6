#pragma once

#include <algorithm>

#include <idm/kernels/simd/product_shape.hpp>

IDM_NAMESPACE_BEGIN
namespace kernels::simd {

/// How far ahead weights are fetched, so that the next block's, or the next layer's, which lie behind, are on their way
/// while this one's sums are brought together: a tick of Cnn2 takes 3 % less, 1.23 times the time to read its weights.
inline constexpr Index row_lookahead_bytes = 2048;

/// V vectors of columns of one output row.
///
/// A control loop's product has one row: each weight is read once and used once, so reading is the bound and a sum must
/// not wait for the one before it. The weight rows are dealt out to 8 / V chains of sums, 8 in flight: two
/// multiply-adds a cycle of latency 4.
template <class Arch, class T, Index V>
IDM_ALWAYS_INLINE void row_columns(const Product& p, const T* IDM_RESTRICT x, const T* IDM_RESTRICT w, Index w_row,
                                   const T* bias, Epilogue epilogue, T* y, Index count) {
    using B = Batch<T, Arch>;
    constexpr Index lanes = static_cast<Index>(B::size), chains = 8 / V;
    constexpr Index ahead = row_lookahead_bytes / static_cast<Index>(sizeof(T));
    constexpr Index line = static_cast<Index>(alignment_bytes / sizeof(T));
    B sums[chains][V];
    for (Index c = 0; c < chains; ++c)
        for (Index v = 0; v < V; ++v) sums[c][v] = c == 0 && bias ? B::load_unaligned(bias + v * lanes) : B(T(0));
    const auto add = [&](Index chain, T value, const T* row) {
        const B factor(value);
        for (Index i = 0; i < V * lanes; i += line) IDM_PREFETCH(row + i + ahead);
        for (Index v = 0; v < V; ++v)
            sums[chain][v] = multiply_add(factor, B::load_unaligned(row + v * lanes), sums[chain][v]);
    };
    for (Index tap = 0; tap < p.taps; ++tap) {
        const T* IDM_RESTRICT values = x + tap * p.x_tap;
        Index i = 0;
        for (; i + chains <= p.inner; i += chains, w += chains * w_row)
            for (Index c = 0; c < chains; ++c) add(c, values[i + c], w + c * w_row);
        for (; i < p.inner; ++i, w += w_row) add(0, values[i], w);
    }
    for (Index step = chains / 2; step > 0; step /= 2)
        for (Index c = 0; c < step; ++c)
            for (Index v = 0; v < V; ++v) sums[c][v] = sums[c][v] + sums[c + step][v];
    for (Index v = 0; v < V; ++v) {
        const B sum = epilogue == Epilogue::relu ? rectify<T, Arch>(sums[0][v]) : sums[0][v];
        const Index left = count - v * lanes;
        if (left >= lanes)
            sum.store_unaligned(y + v * lanes);
        else if (left > 0)
            store_first<T, Arch>(sum, y + v * lanes, left);
    }
}

/// y = epilogue(product + bias) for a product of one row.
template <class Arch, class T>
void row_forward(const Product& p, const T* x, const T* w, const T* bias, Epilogue epilogue, T* y) {
    constexpr Index lanes = static_cast<Index>(Batch<T, Arch>::size);
    // At most 4 vectors at a time; a block of 16 or 32 columns is a whole number of them.
    for (Index begin = 0; begin < p.columns;) {
        const Index block = begin / column_block * column_block, width = packed_block_width(p.columns, block);
        const Index vectors = std::min<Index>(4, (width - (begin - block)) / lanes);
        const T* columns = w + packed_offset(p.weight_rows(), p.columns, 0, begin);
        const T* offset = bias ? bias + begin : nullptr;
        const Index count = p.columns - begin;
        if (vectors == 4)
            row_columns<Arch, T, 4>(p, x, columns, width, offset, epilogue, y + begin, count);
        else if (vectors == 2)
            row_columns<Arch, T, 2>(p, x, columns, width, offset, epilogue, y + begin, count);
        else
            row_columns<Arch, T, 1>(p, x, columns, width, offset, epilogue, y + begin, count);
        begin += vectors * lanes;
    }
}

}  // namespace kernels::simd
IDM_NAMESPACE_END
