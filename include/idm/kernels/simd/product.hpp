#pragma once

#include <algorithm>
#include <limits>

#include <idm/kernels/simd/row.hpp>
#include <idm/kernels/simd/tile.hpp>

IDM_NAMESPACE_BEGIN
namespace kernels::simd {

/// What becomes of the sums of a tile of the forward product.
template <class T>
struct Ends {
    const T* bias;            // to start from; null: from zero
    bool accumulate;          // adds to y
    T least;                  // results below it become it
    Index last;               // lanes to store of the last vector
    bool fetch_y;             // y is fetched before it is written
    bool fetch_x;             // and x before it is read
    const T* next = nullptr;  // what the next tile reads of x, fetched `step` numbers further for each weight row
    Index step = 0;
};

/// Stores the sums of a tile, none below `least`; of its last vector all lanes (`Whole`) or the first `last`.
///
/// Row by row: of `y + r * y_row` gcc 12 makes chains of addresses in front of the stores (S6 73 % of peak, not 77).
template <bool Whole, class T, class Arch, Index R, Index V>
IDM_ALWAYS_INLINE void store_tile(const Batch<T, Arch> (&sums)[R][V], T least, T* y, Index y_row, Index last) {
    constexpr Index lanes = static_cast<Index>(Batch<T, Arch>::size);
    const Batch<T, Arch> bound(least);
    unroll<R>([&]<Index r>() IDM_INLINE_LAMBDA {
        unroll<V>([&]<Index v>() IDM_INLINE_LAMBDA {
            const Batch<T, Arch> result = at_least(bound, sums[r][v]);
            if constexpr (v < V - 1 || Whole)
                result.store_unaligned(y + v * lanes);
            else
                store_first<T, Arch>(result, y + v * lanes, last);
        });
        y += y_row;
    });
}

/// A tile of R rows x V vectors of the forward product.
///
/// With `Fetch` its lines of y are fetched, and `ends.next`, a little of it with each row of weights. All of it at once
/// would hold up the tile's own loads: S7 has 94 % of peak then in the place of 96.
///
/// Not inlined: with the loop over the groups around it, gcc 12 keeps addresses in vector registers and reads the
/// weights from the stack (64 % of peak in the place of 97 %).
template <class Arch, Index R, Index V, bool Fetch, class T, class W>
IDM_NEVER_INLINE void forward_tile(const Product& p, const T* IDM_RESTRICT x, W w, Index w_row, const Ends<T>& ends,
                                   T* IDM_RESTRICT y) {
    using B = Batch<T, Arch>;
    constexpr Index lanes = static_cast<Index>(B::size);
    const Index last = ends.last, x_row = p.x_row, y_row = p.y_row;
    [[maybe_unused]] const T* next = ends.next;
    B sums[R][V];
    unroll<V>([&]<Index v>() IDM_INLINE_LAMBDA {
        const B start = ends.bias ? B::load_unaligned(ends.bias + v * lanes) : B(T(0));
        unroll<R>([&]<Index r>() IDM_INLINE_LAMBDA { sums[r][v] = start; });
    });
    if constexpr (Fetch) {
        const T* to = y;
        unroll<R>([&]<Index r>() IDM_INLINE_LAMBDA {
            unroll<V>([&]<Index v>() IDM_INLINE_LAMBDA { IDM_PREFETCH_TO_WRITE(to + v * lanes); });
            to += y_row;
        });
    }
    for (Index tap = 0; tap < p.taps; ++tap) {
        const T* IDM_RESTRICT rows = x + tap * p.x_tap;
        for (Index i = 0; i < p.inner; ++i, w += w_row) {
            if constexpr (Fetch) {
                IDM_PREFETCH(next);
                next += ends.step;
            }
            B weights[V];
            unroll<V>([&]<Index v>() IDM_INLINE_LAMBDA { weights[v] = load_weights<Arch, v * lanes>(w); });
            unroll<R>([&]<Index r>() IDM_INLINE_LAMBDA {
                const B value(rows[r * x_row + i]);
                unroll<V>([&]<Index v>()
                              IDM_INLINE_LAMBDA { sums[r][v] = multiply_add(value, weights[v], sums[r][v]); });
            });
        }
    }
    if (ends.accumulate) {
        const T* from = y;
        unroll<R>([&]<Index r>() IDM_INLINE_LAMBDA {
            unroll<V>([&]<Index v>() IDM_INLINE_LAMBDA {
                const T* column = from + v * lanes;
                sums[r][v] = sums[r][v] + (v < V - 1 || last == lanes ? B::load_unaligned(column)
                                                                      : load_first<T, Arch>(column, last));
            });
            from += y_row;
        });
    }
    if (last == lanes)
        store_tile<true>(sums, ends.least, y, y_row, last);
    else
        store_tile<false>(sums, ends.least, y, y_row, last);
}

/// `tiles` tiles of R rows of every group for V vectors of columns.
///
/// What the next tile reads of x for the first time is fetched ahead: a tile goes through all its rows at once, column
/// by column, which the processor's own prefetching does not see through. Measured on S5 with its 12 MB pushed out of
/// the third-level cache: 95 % of peak instead of 53, its input gradient 91 instead of 73. So are its lines of y,
/// whose stores wait otherwise: on Zen 4, S3 95 % instead of 87 to 90, S4 96 instead of 93. Of large operands nearly
/// all tiles have the most rows.
template <class Arch, Index R, Index V, class T, class W>
void forward_tiles(const Product p, const T* x, W w, Index w_row, Ends<T> ends, T* y, Index tiles) {
    constexpr bool can_fetch = R == tile_rows<T, Arch> && V == 2;
    const bool fetch = can_fetch && ends.fetch_y;
    if (ends.fetch_x) ends.step = (R * p.x_row + p.weight_rows() - 1) / p.weight_rows();
    for (Index g = 0; g < p.groups; ++g)
        for (Index t = 0; t < tiles; ++t) {
            const T* from = x + g * p.x_group + t * R * p.x_row;
            T* to = y + g * p.y_group + t * R * p.y_row;
            if (fetch) {
                ends.next = from + (R - 1) * p.x_row + (p.taps - 1) * p.x_tap + p.inner;
                forward_tile<Arch, R, V, can_fetch>(p, from, w, w_row, ends, to);
            } else {
                forward_tile<Arch, R, V, false>(p, from, w, w_row, ends, to);
            }
        }
}

/// All rows of all groups for V vectors of columns.
template <class Arch, Index V, class T, class W>
void forward_columns(const Product& p, const T* x, W w, Index w_row, const Ends<T>& ends, T* y) {
    constexpr Index most = tile_rows<T, Arch>;
    const Tiling tiling(p.rows, most);
    const auto tiles_of = [&](Index rows, Index first, Index tiles) {
        with_rows<most>(rows, [&]<Index R>() {
            forward_tiles<Arch, R, V>(p, x + first * p.x_row, w, w_row, ends, y + first * p.y_row, tiles);
        });
    };
    const Index larger = tiling.larger * (tiling.base + 1);
    if (larger > 0) tiles_of(tiling.base + 1, 0, tiling.larger);
    if (larger < p.rows) tiles_of(tiling.base, larger, tiling.tiles - tiling.larger);
}

/// Rows of weights whose multiply-adds hide what a tile fetches. Fewer lose by it: 9 or 16 rows 10 %.
inline constexpr Index fetching_rows = 64;

/// `product_forward` by tiles.
///
/// Where x and y together exceed the second-level cache, as many groups at a time go through all columns as stay in it
/// meanwhile: S5's input gradient has 92 % of peak instead of 86, forward S7 94 instead of 91, forward S4 97 instead of
/// 95.
template <class Arch, class T, class W>
IDM_NEVER_INLINE void forward_by_tiles(const Product& p, const T* x, W w, const T* bias, bool accumulate,
                                       Epilogue epilogue, T* y) {
    constexpr Index lanes = static_cast<Index>(Batch<T, Arch>::size);
    const T least = epilogue == Epilogue::relu ? T(0) : -std::numeric_limits<T>::infinity();
    const Index numbers = p.groups * p.rows * (p.x_row + p.y_row);
    const bool fetch = numbers >= far_numbers<T> && p.weight_rows() >= fetching_rows;
    Product part = p;
    if (numbers >= near_numbers<T>)
        part.groups = std::clamp<Index>(near_numbers<T> / 4 / (p.rows * p.x_row), 1, p.groups);
    for (Index g = 0; g < p.groups; g += part.groups, x += part.groups * p.x_group, y += part.groups * p.y_group) {
        part.groups = std::min(part.groups, p.groups - g);
        for_each_vector_pair<Arch, T>(p.columns, [&]<Index V>(Index begin, Index last) {
            const Ends<T> ends{bias ? bias + begin : nullptr, accumulate, least, last, fetch, fetch && begin == 0};
            with_weights<lanes>(p.weight_rows(), p.columns, w, begin, [&](auto columns, Index w_row) {
                forward_columns<Arch, V>(part, x, columns, w_row, ends, y + begin);
            });
        });
    }
}

/// y = epilogue(product + bias), or y += product with `accumulate` (and no bias). For what w is see weights.hpp.
template <class Arch, class T, class W>
IDM_ALWAYS_INLINE void product_forward(const Product& p, const T* x, W w, const T* bias, bool accumulate,
                                       Epilogue epilogue, T* y) {
    if (p.rows * p.groups == 1 && !accumulate)
        row_forward<Arch>(p, x, w, bias, epilogue, y);
    else
        forward_by_tiles<Arch>(p, x, w, bias, accumulate, epilogue, y);
}

}  // namespace kernels::simd
IDM_NAMESPACE_END
