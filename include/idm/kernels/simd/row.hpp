#pragma once

#include <algorithm>

#include <idm/kernels/simd/tile.hpp>
#include <idm/kernels/simd/weights.hpp>

IDM_NAMESPACE_BEGIN
namespace kernels::simd {

/// V vectors of columns of one output row.
///
/// A control loop's product has one row: each weight is read once and used once, so reading is the bound and a sum must
/// not wait for the one before it. The weight rows are dealt out to 8 / V chains of sums, 8 in flight: two
/// multiply-adds a cycle of latency 4. All loops over sums are unrolled by hand: at -O2 gcc 12 kept sums that a loop
/// indexes on the stack, which took twice the time.
template <class Arch, Index V, class T, class W>
IDM_ALWAYS_INLINE void row_columns(const Product& p, const T* IDM_RESTRICT x, W w, Index w_row, const T* bias,
                                   Epilogue epilogue, T* y, Index count) {
    using B = Batch<T, Arch>;
    constexpr Index lanes = static_cast<Index>(B::size), chains = 8 / V;
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
    for (Index tap = 0; tap < p.taps; ++tap) {
        const T* IDM_RESTRICT values = x + tap * p.x_tap;
        for (Index n = p.inner / chains; n > 0; --n, values += chains, w += chains * w_row)
            unroll<chains>([&]<Index c>() IDM_INLINE_LAMBDA { add.template operator()<c>(values[c], w + c * w_row); });
        for (Index n = p.inner % chains; n > 0; --n, ++values, w += w_row) add.template operator()<0>(*values, w);
    }
    const auto halve = [&]<Index Step>() IDM_INLINE_LAMBDA {
        unroll<Step * V>(
            [&]<Index i>() IDM_INLINE_LAMBDA { sums[i / V][i % V] = sums[i / V][i % V] + sums[i / V + Step][i % V]; });
    };
    if constexpr (chains > 4) halve.template operator()<4>();
    if constexpr (chains > 2) halve.template operator()<2>();
    halve.template operator()<1>();
    unroll<V>([&]<Index v>() IDM_INLINE_LAMBDA {
        const B sum = epilogue == Epilogue::relu ? rectify<T, Arch>(sums[0][v]) : sums[0][v];
        const Index left = count - v * lanes;
        if (left >= lanes)
            sum.store_unaligned(y + v * lanes);
        else if (left > 0)
            store_first<T, Arch>(sum, y + v * lanes, left);
    });
}

/// y = epilogue(product + bias) for a product of one row.
template <class Arch, class T, class W>
void row_forward(const Product& p, const T* x, W w, const T* bias, Epilogue epilogue, T* y) {
    constexpr Index lanes = static_cast<Index>(Batch<T, Arch>::size);
    // At most 4 vectors at a time; a block of 16 or 32 columns is a whole number of them.
    for (Index begin = 0; begin < p.columns;) {
        const Index block = begin / column_block * column_block, width = packed_block_width(p.columns, block);
        const Index vectors = std::min<Index>(4, (width - (begin - block)) / lanes);
        const T* offset = bias ? bias + begin : nullptr;
        const Index count = p.columns - begin;
        with_weights<lanes>(p, w, begin, [&](auto columns, Index w_row) IDM_INLINE_LAMBDA {
            if (vectors == 4)
                row_columns<Arch, 4>(p, x, columns, w_row, offset, epilogue, y + begin, count);
            else if (vectors == 2)
                row_columns<Arch, 2>(p, x, columns, w_row, offset, epilogue, y + begin, count);
            else
                row_columns<Arch, 1>(p, x, columns, w_row, offset, epilogue, y + begin, count);
        });
        begin += vectors * lanes;
    }
}

}  // namespace kernels::simd
IDM_NAMESPACE_END
