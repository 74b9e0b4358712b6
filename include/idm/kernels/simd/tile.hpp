#pragma once

#include <algorithm>
#include <utility>

#include <idm/kernels/simd/product_shape.hpp>

// What the tiles of the products have in common.

IDM_NAMESPACE_BEGIN
namespace kernels::simd {

/// Rows of a tile: with two vectors of columns, 8 rows fill 16 of AVX-512's and NEON's 32 registers with sums; of 16
/// registers 6 rows take 12, the weights 2 and x 1.
///
/// Seen in the loops that gcc 12 and clang 14 make for AVX-512: nothing spilled; each x is broadcast once by a load for
/// both its multiply-adds, not inside each ({1to16}), so that 16 multiply-adds need 10 loads, of which two go beside
/// two multiply-adds every cycle; 32 rows are 4 tiles of 8, 7 rows one tile, no tail. For AVX2 (gcc 12) a step of 6
/// rows is 12 multiply-adds, 2 loads of weights and 6 broadcasts in 24 instructions, none of them to the stack.
template <class T, class Arch>
inline constexpr Index tile_rows = (IDM_HAS_AVX512 && sizeof(Batch<T, Arch>) == 64) ? 8 :
#if defined(__aarch64__)
                                                                                    8;
#else
                                                                                    6;
#endif

/// More numbers than these, 1 MiB, do not stay in the second-level cache from one column to the next.
template <class T>
inline constexpr Index near_numbers = (Index(1) << 20) / static_cast<Index>(sizeof(T));

/// Of operands of so many numbers, half a MiB, much has left the second-level cache for what a program does between two
/// calls: other layers in training, other contestants in a benchmark.
template <class T>
inline constexpr Index far_numbers = near_numbers<T> / 2;

/// Splits `rows` into tiles of at most `most` rows whose sizes differ by one at the most, so that no short tail is
/// left.
struct Tiling {
    Index tiles, base, larger;  // the first `larger` tiles have base + 1 rows
    constexpr Tiling(Index rows, Index most)
        : tiles((rows + most - 1) / most), base(tiles ? rows / tiles : 0), larger(tiles ? rows % tiles : 0) {}
};

/// Calls `f.template operator()<R>()` with R = `rows`, 1 <= rows <= Most.
template <Index Most, class F>
IDM_ALWAYS_INLINE void with_rows(Index rows, F&& f) {
    if constexpr (Most > 1) {
        if (rows == Most)
            f.template operator()<Most>();
        else
            with_rows<Most - 1>(rows, f);
    } else {
        f.template operator()<1>();
    }
}

/// Calls f(I) for I = 0 .. N-1 as template arguments. gcc 12 leaves a loop around branches as a loop; sums that it
/// indexes then live on the stack and cost a store and a load each before and behind the loop over the weights.
template <Index N, class F>
IDM_ALWAYS_INLINE void unroll(F&& f) {
    [&]<Index... I>(std::integer_sequence<Index, I...>) IDM_INLINE_LAMBDA { (f.template operator()<I>(), ...); }
    (std::make_integer_sequence<Index, N>());
}

/// Calls f(begin, V, last) for each run of one or two vectors of columns: `begin` the first column, V the number of
/// vectors as a template argument, `last` the columns in the last vector.
template <class Arch, class T, class F>
void for_each_vector_pair(Index columns, F&& f) {
    constexpr Index lanes = static_cast<Index>(Batch<T, Arch>::size);
    for (Index begin = 0; begin < columns; begin += 2 * lanes) {
        const Index left = columns - begin;
        if (left > lanes)
            f.template operator()<2>(begin, std::min(left - lanes, lanes));
        else
            f.template operator()<1>(begin, left);
    }
}

/// Stores the first `count` lanes to packed columns, or adds them. The pad columns behind stay as they are, zero: 0 *
/// NaN must not enter them.
template <class T, class Arch>
IDM_ALWAYS_INLINE void put_columns(const Batch<T, Arch>& sum, T* to, Index count, bool accumulate) {
    const Batch<T, Arch> total = accumulate ? Batch<T, Arch>::load_unaligned(to) + sum : sum;
    if (count == static_cast<Index>(Batch<T, Arch>::size))
        total.store_unaligned(to);
    else
        store_first<T, Arch>(total, to, count);
}

}  // namespace kernels::simd
IDM_NAMESPACE_END
