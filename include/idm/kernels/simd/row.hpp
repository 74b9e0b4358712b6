#pragma once

#include <algorithm>
#include <limits>
#include <type_traits>

#include <idm/kernels/simd/tile.hpp>
#include <idm/kernels/simd/weights.hpp>

IDM_NAMESPACE_BEGIN
namespace kernels::simd {

/// Up to 4 vectors of columns of one output row, from a block of `Width` columns.
///
/// A control loop's product has one row: each weight is read once and used once, so reading is the bound and a sum must
/// not wait for the one before it. The weight rows are dealt out to 8 / V chains of sums, 8 in flight: two
/// multiply-adds a cycle of latency 4. All loops over sums are unrolled by hand: at -O2 gcc 12 kept sums that a loop
/// indexes on the stack, which took twice the time.
template <class Arch, Index Width, class T, class W>
IDM_NEVER_INLINE void row_columns(Index taps, Index x_tap, Index inner, const T* IDM_RESTRICT x, W w, const T* bias,
                                  T least, T* y, Index count) {
    using B = Batch<T, Arch>;
    constexpr Index lanes = static_cast<Index>(B::size), V = std::min<Index>(4, Width / lanes), chains = 8 / V;
    constexpr Index w_row = std::is_pointer_v<W> ? Width : 16;  // else words of bf16
    B sums[chains][V];
    unroll<chains * V>([&]<Index i>() IDM_INLINE_LAMBDA {
        sums[i / V][i % V] = i < V && bias ? B::load_unaligned(bias + i * lanes) : B(T(0));
    });
    const auto add = [&]<Index Chain>(T value, W row) IDM_INLINE_LAMBDA {
        const B factor(value);
        unroll<V>([&]<Index v>() IDM_INLINE_LAMBDA {
            sums[Chain][v] = multiply_add(factor, load_weights<Arch, v * lanes>(row), sums[Chain][v]);
        });
    };
    for (Index tap = 0; tap < taps; ++tap) {
        const T* IDM_RESTRICT values = x + tap * x_tap;
        const T* const end = values + inner;
        for (const T* const whole = end - inner % chains; values != whole; values += chains, w += chains * w_row)
            unroll<chains>([&]<Index c>() IDM_INLINE_LAMBDA { add.template operator()<c>(values[c], w + c * w_row); });
        for (; values != end; ++values, w += w_row) add.template operator()<0>(*values, w);
    }
    const auto halve = [&]<Index Step>() IDM_INLINE_LAMBDA {
        unroll<Step * V>(
            [&]<Index i>() IDM_INLINE_LAMBDA { sums[i / V][i % V] = sums[i / V][i % V] + sums[i / V + Step][i % V]; });
    };
    if constexpr (chains > 4) halve.template operator()<4>();
    if constexpr (chains > 2) halve.template operator()<2>();
    halve.template operator()<1>();
    unroll<V>([&]<Index v>() IDM_INLINE_LAMBDA {
        const B sum = at_least(B(least), sums[0][v]);
        const Index left = count - v * lanes;
        if (left >= lanes)
            sum.store_unaligned(y + v * lanes);
        else if (left > 0)
            store_first<T, Arch>(sum, y + v * lanes, left);
    });
}

/// All columns of one output row; results below `least` become it.
///
/// Extents come one by one and not as a `Product`, and all callers up to the network's forward pass are inlined: gcc 12
/// builds structs in vector registers, and there what the next layer's addresses depend on waits behind every
/// multiply-add that waits for its weights. With structs a tick of Cnn2 takes 1.15 times as long as reading its
/// weights, without 1.08 (benchmarks/stream.cpp).
template <class Arch, class T, class W>
IDM_NEVER_INLINE void row_blocks(Index taps, Index x_tap, Index inner, Index columns, const T* x, W w, const T* bias,
                                 T least, T* y) {
    constexpr Index lanes = static_cast<Index>(Batch<T, Arch>::size);
    const auto columns_of = [&]<Index Width>(Index begin) IDM_INLINE_LAMBDA {
        with_weights<lanes>(taps * inner, columns, w, begin, [&](auto block, Index) IDM_INLINE_LAMBDA {
            row_columns<Arch, Width>(taps, x_tap, inner, x, block, bias ? bias + begin : nullptr, least, y + begin,
                                     columns - begin);
        });
    };
    // At most 4 vectors at a time; a block of 16 or 32 columns is a whole number of them.
    for (Index begin = 0; begin < columns;) {
        if (packed_block_width(columns, begin / column_block * column_block) == column_block) {
            columns_of.template operator()<column_block>(begin);
            begin += std::min(4 * lanes, column_block);
        } else {
            columns_of.template operator()<column_block / 2>(begin);
            begin += std::min(4 * lanes, column_block / 2);
        }
    }
}

/// y = epilogue(product + bias) for a product of one row.
template <class Arch, class T, class W>
IDM_ALWAYS_INLINE void row_forward(const Product& p, const T* x, W w, const T* bias, Epilogue epilogue, T* y) {
    const T least = epilogue == Epilogue::relu ? T(0) : -std::numeric_limits<T>::infinity();
    row_blocks<Arch>(p.taps, p.x_tap, p.inner, p.columns, x, w, bias, least, y);
}

}  // namespace kernels::simd
IDM_NAMESPACE_END
