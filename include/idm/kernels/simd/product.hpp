#pragma once

#include <algorithm>

#include <idm/kernels/simd/row.hpp>
#include <idm/kernels/simd/tile.hpp>

IDM_NAMESPACE_BEGIN
namespace kernels::simd {

/// What becomes of the sums of a tile of the forward product.
template <class T>
struct Ends {
    const T* bias;    // to start from; null: from zero
    bool accumulate;  // starts from y instead
    bool rectify;     // a negative result becomes zero
    Index last;       // lanes to store of the last vector
    bool fetch_y;     // y is fetched before it is written
    bool fetch_x;     // and x before it is read
    const T* next_w;  // or the weights of the columns behind these; null: not
    Index step = 0;   // numbers from one that is fetched with a weight row to the next
};

/// Tiles one behind the other, and the distances from one to the next in numbers.
struct Run {
    Index tiles, x_step, y_step;
};

/// Calls f(r, row) for each row of a tile. The compiler must not see that rows of y lie `y_row` apart in more than one
/// place: gcc 12 then keeps the addresses of all of them in vector registers, and the weights on the stack.
template <Index R, class T, class F>
IDM_ALWAYS_INLINE void for_each_row(T* y, Index y_row, F&& f) {
    IDM_OPAQUE(y);
    unroll<R>([&]<Index r>() IDM_INLINE_LAMBDA {
        f.template operator()<r>(y);
        y += y_row;
    });
}

/// Stores the sums of a tile; of its last vector all lanes (`Whole`) or the first `last`.
template <bool Whole, class T, class Arch, Index R, Index V>
IDM_ALWAYS_INLINE void store_tile(const Batch<T, Arch> (&sums)[R][V], T* y, Index y_row, Index last) {
    constexpr Index lanes = static_cast<Index>(Batch<T, Arch>::size);
    for_each_row<R>(y, y_row, [&]<Index r>(T* row) IDM_INLINE_LAMBDA {
        unroll<V>([&]<Index v>() IDM_INLINE_LAMBDA {
            if constexpr (v < V - 1 || Whole)
                sums[r][v].store_unaligned(row + v * lanes);
            else
                store_first<T, Arch>(sums[r][v], row + v * lanes, last);
        });
    });
}

/// A tile of y, of its last vector the first `last` lanes.
template <class T, class Arch, Index R, Index V>
IDM_ALWAYS_INLINE void load_tile(Batch<T, Arch> (&sums)[R][V], const T* y, Index y_row, Index last) {
    constexpr Index lanes = static_cast<Index>(Batch<T, Arch>::size);
    for_each_row<R>(y, y_row, [&]<Index r>(const T* row) IDM_INLINE_LAMBDA {
        unroll<V>([&]<Index v>() IDM_INLINE_LAMBDA {
            sums[r][v] = v < V - 1 || last == lanes ? Batch<T, Arch>::load_unaligned(row + v * lanes)
                                                    : load_first<T, Arch>(row + v * lanes, last);
        });
    });
}

/// A run of tiles of R rows x V vectors of the forward product.
///
/// With `Fetch` each tile's lines of y are fetched, and what the next one reads of x or the weights of the next
/// columns, a little with each row of weights. All of it at once would hold up the tile's own loads: S7 has 94 % of
/// peak then in the place of 96.
///
/// Extents come one by one, x moves with the weight rows, and what tiles have in common is done once for the run: of
/// S6, whose tiles have 9 weight rows, the calls and addresses of each tile took a fifth of the time (62 % of peak
/// instead of 80). Not inlined, or gcc 12 runs out of registers.
template <class Arch, Index R, Index V, bool Fetch, class T, class W>
IDM_NEVER_INLINE void forward_run(Run run, Index taps, Index x_tap, Index inner, Index x_row, Index y_row,
                                  const T* IDM_RESTRICT x, W w, Index w_row, const Ends<T>& ends, T* IDM_RESTRICT y) {
    using B = Batch<T, Arch>;
    constexpr Index lanes = static_cast<Index>(B::size);
    const bool accumulate = ends.accumulate, rectify = ends.rectify;
    const Index last = ends.last;
    [[maybe_unused]] const Index ahead = (R - 1) * x_row + (taps - 1) * x_tap + inner, step = ends.step;
    [[maybe_unused]] const T* next = ends.next_w;
    B start[V];
    unroll<V>([&]<Index v>()
                  IDM_INLINE_LAMBDA { start[v] = ends.bias ? B::load_unaligned(ends.bias + v * lanes) : B(T(0)); });
    for (; run.tiles > 0; --run.tiles, x += run.x_step, y += run.y_step) {
        B sums[R][V];
        if (accumulate)
            load_tile(sums, y, y_row, last);
        else
            unroll<R * V>([&]<Index i>() IDM_INLINE_LAMBDA { sums[i / V][i % V] = start[i % V]; });
        if (!ends.next_w) next = x + ahead;
        if constexpr (Fetch)
            for_each_row<R>(y, y_row, [&]<Index r>(const T* row) IDM_INLINE_LAMBDA {
                unroll<V>([&]<Index v>() IDM_INLINE_LAMBDA { IDM_PREFETCH_TO_WRITE(row + v * lanes); });
            });
        W weight_row = w;
        const T* from = x;
        for (Index tap = taps; tap > 0; --tap, from += x_tap - inner)
            for (const T* const end = from + inner; from != end; ++from, weight_row += w_row) {
                if constexpr (Fetch) {
                    IDM_PREFETCH(next);
                    next += step;
                }
                B weights[V];
                unroll<V>([&]<Index v>() IDM_INLINE_LAMBDA { weights[v] = load_weights<Arch, v * lanes>(weight_row); });
                const T* row = from;
                unroll<R>([&]<Index r>() IDM_INLINE_LAMBDA {
                    const B value(*row);
                    row += x_row;
                    unroll<V>([&]<Index v>()
                                  IDM_INLINE_LAMBDA { sums[r][v] = multiply_add(value, weights[v], sums[r][v]); });
                });
            }
        if (rectify)
            unroll<R * V>([&]<Index i>() IDM_INLINE_LAMBDA {
                sums[i / V][i % V] = idm::simd::rectify<T, Arch>(sums[i / V][i % V]);
            });
        if (last == lanes)
            store_tile<true>(sums, y, y_row, last);
        else
            store_tile<false>(sums, y, y_row, last);
    }
}

/// `tiles` tiles of R rows of every group for V vectors of columns.
///
/// What the next tile reads of x for the first time is fetched ahead, unless the weights of the next columns are: a
/// tile goes through all its rows at once, column by column, which the processor's own prefetching does not see
/// through. Measured on S5 with its 12 MB pushed out of the third-level cache: 95 % of peak instead of 53, its input
/// gradient 91 instead of 73. So are its lines of y, whose stores wait otherwise: on Zen 4, S3 95 % instead of 87 to
/// 90, S4 96 instead of 93. Of large operands nearly all tiles have the most rows.
template <class Arch, Index R, Index V, class T, class W>
void forward_tiles(const Product& p, const T* x, W w, Index w_row, Ends<T> ends, T* y, Index tiles) {
    constexpr bool can_fetch = R == tile_rows<T, Arch> && V == 2;
    if (ends.fetch_x) ends.step = (R * p.x_row + p.weight_rows() - 1) / p.weight_rows();
    if (ends.next_w) ends.step = std::max<Index>(1, column_block / tiles);
    const bool one_each = tiles == 1;  // then the groups are one run
    const Run run = one_each ? Run{p.groups, p.x_group, p.y_group} : Run{tiles, R * p.x_row, R * p.y_row};
    for (Index g = 0; g < (one_each ? 1 : p.groups); ++g) {
        const T* from = x + g * p.x_group;
        T* to = y + g * p.y_group;
        if (can_fetch && ends.fetch_y)
            forward_run<Arch, R, V, can_fetch>(run, p.taps, p.x_tap, p.inner, p.x_row, p.y_row, from, w, w_row, ends,
                                               to);
        else
            forward_run<Arch, R, V, false>(run, p.taps, p.x_tap, p.inner, p.x_row, p.y_row, from, w, w_row, ends, to);
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

/// Weights of as many numbers, 256 KiB, are fetched for the columns that come next: D2's input gradient has 94 % of
/// peak instead of 91, that of 16 rows of 2048 -> 128 outputs 88 instead of 78.
template <class T>
inline constexpr Index fetched_weights = far_numbers<T> / 2;

/// The weights of the columns behind a pair of vectors, if a product of one group is to fetch them; else null.
template <class Arch, class T>
const T* next_weights(const Product& p, const T* w, Index begin) {
    const Index next = begin + 2 * static_cast<Index>(Batch<T, Arch>::size);
    const bool wanted =
        p.groups == 1 && next < p.columns && p.weight_rows() * p.columns >= fetched_weights<T> &&
        p.rows <= column_block * tile_rows<T, Arch>;  // more tiles would each fetch less than a number for a weight row
    return wanted ? w + packed_offset(p.weight_rows(), p.columns, 0, next) : nullptr;
}
template <class Arch, class T>
const T* next_weights(const Product&, Bf16Pairs, Index) {
    return nullptr;
}

/// `product_forward` by tiles.
///
/// Where x and y together exceed the second-level cache, as many groups at a time go through all columns as stay in it
/// meanwhile: S5's input gradient has 92 % of peak instead of 86, forward S7 94 instead of 91, forward S4 97 instead of
/// 95.
template <class Arch, class T, class W>
IDM_NEVER_INLINE void forward_by_tiles(const Product& p, const T* x, W w, const T* bias, bool accumulate,
                                       Epilogue epilogue, T* y) {
    constexpr Index lanes = static_cast<Index>(Batch<T, Arch>::size);
    const Index numbers = p.groups * p.rows * (p.x_row + p.y_row);
    const bool fetch = p.weight_rows() >= fetching_rows && numbers + p.weight_rows() * p.columns >= far_numbers<T>;
    Product part = p;
    if (numbers >= near_numbers<T>)
        part.groups = std::clamp<Index>(near_numbers<T> / 4 / std::max<Index>(1, p.rows * p.x_row), 1, p.groups);
    for (Index g = 0; g < p.groups; g += part.groups, x += part.groups * p.x_group, y += part.groups * p.y_group) {
        part.groups = std::min(part.groups, p.groups - g);
        for_each_vector_pair<Arch, T>(p.columns, [&]<Index V>(Index begin, Index last) {
            const T* next_w = fetch ? next_weights<Arch, T>(p, w, begin) : nullptr;
            const bool fetch_x = fetch && begin == 0 && !next_w;
            const Ends<T> ends{
                bias ? bias + begin : nullptr, accumulate, epilogue == Epilogue::relu, last, fetch, fetch_x, next_w};
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
