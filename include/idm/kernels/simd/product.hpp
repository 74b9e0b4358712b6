#pragma once

#include <algorithm>
#include <limits>
#include <type_traits>
#include <utility>

#include <idm/kernels/simd/product_shape.hpp>
#include <idm/kernels/simd/row.hpp>

IDM_NAMESPACE_BEGIN
namespace kernels::simd {

/// Rows of a tile: with two vectors of columns, 8 rows fill 16 of AVX-512's and NEON's 32 registers with sums and
/// leave room for weights; 16 registers hold 6 rows.
template <class T, class Arch>
inline constexpr Index tile_rows = (IDM_HAS_AVX512 && sizeof(Batch<T, Arch>) == 64) ? 8 :
#if defined(__aarch64__)
                                                                                    8;
#else
                                                                                    6;
#endif

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

/// What becomes of the sums of a tile of the forward product.
template <class T>
struct Ends {
    const T* bias;  // to start from; null: from zero, or from y with `accumulate`
    bool accumulate;
    T least;     // results below it become it
    Index last;  // lanes to store of the last vector
};

/// A tile of R rows x V vectors of the forward product.
///
/// Not inlined: with the loop over the groups around it, gcc 12 keeps addresses in vector registers and reads the
/// weights from the stack (64 % of peak in the place of 97 %).
template <class Arch, class T, Index R, Index V>
IDM_NEVER_INLINE void forward_tile(const Product& p, const T* IDM_RESTRICT x, const T* IDM_RESTRICT w, Index w_row,
                                   const Ends<T>& ends, T* IDM_RESTRICT y) {
    using B = Batch<T, Arch>;
    constexpr Index lanes = static_cast<Index>(B::size);
    const Index last = ends.last, x_row = p.x_row, y_row = p.y_row;
    B sums[R][V];
    unroll<V>([&]<Index v>() IDM_INLINE_LAMBDA {
        const B start = ends.bias ? B::load_unaligned(ends.bias + v * lanes) : B(T(0));
        unroll<R>([&]<Index r>() IDM_INLINE_LAMBDA { sums[r][v] = start; });
    });
    if (ends.accumulate)
        unroll<R * V>([&]<Index i>() IDM_INLINE_LAMBDA {
            constexpr Index r = i / V, v = i % V;
            const T* from = y + r * y_row + v * lanes;
            sums[r][v] = v < V - 1 || last == lanes ? B::load_unaligned(from) : load_first<T, Arch>(from, last);
        });
    for (Index tap = 0; tap < p.taps; ++tap) {
        const T* IDM_RESTRICT rows = x + tap * p.x_tap;
        for (Index i = 0; i < p.inner; ++i, w += w_row) {
            B weights[V];
            unroll<V>([&]<Index v>() IDM_INLINE_LAMBDA { weights[v] = B::load_unaligned(w + v * lanes); });
            unroll<R>([&]<Index r>() IDM_INLINE_LAMBDA {
                const B value(rows[r * x_row + i]);
                unroll<V>([&]<Index v>()
                              IDM_INLINE_LAMBDA { sums[r][v] = multiply_add(value, weights[v], sums[r][v]); });
            });
        }
    }
    const B least(ends.least);
    const auto store = [&]<bool Whole>() IDM_INLINE_LAMBDA {
        unroll<R * V>([&]<Index i>() IDM_INLINE_LAMBDA {
            constexpr Index r = i / V, v = i % V;
            T* to = y + r * y_row + v * lanes;
            const B result = at_least(least, sums[r][v]);
            if constexpr (v < V - 1 || Whole)
                result.store_unaligned(to);
            else
                store_first<T, Arch>(result, to, last);
        });
    };
    if (last == lanes)
        store.template operator()<true>();
    else
        store.template operator()<false>();
}

/// `tiles` tiles of R rows of every group for V vectors of columns.
template <class Arch, class T, Index R, Index V>
void forward_tiles(const Product p, const T* x, const T* w, Index w_row, const Ends<T> ends, T* y, Index tiles) {
    for (Index g = 0; g < p.groups; ++g)
        for (Index t = 0; t < tiles; ++t)
            forward_tile<Arch, T, R, V>(p, x + g * p.x_group + t * R * p.x_row, w, w_row, ends,
                                        y + g * p.y_group + t * R * p.y_row);
}

/// All rows of all groups for V vectors of columns.
template <class Arch, class T, Index V>
void forward_columns(const Product& p, const T* x, const T* w, Index w_row, const Ends<T>& ends, T* y) {
    constexpr Index most = tile_rows<T, Arch>;
    const Tiling tiling(p.rows, most);
    const auto tiles_of = [&](Index rows, Index first, Index tiles) {
        with_rows<most>(rows, [&]<Index R>() {
            forward_tiles<Arch, T, R, V>(p, x + first * p.x_row, w, w_row, ends, y + first * p.y_row, tiles);
        });
    };
    const Index larger = tiling.larger * (tiling.base + 1);
    if (larger > 0) tiles_of(tiling.base + 1, 0, tiling.larger);
    if (larger < p.rows) tiles_of(tiling.base, larger, tiling.tiles - tiling.larger);
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

/// y = epilogue(product + bias), or y += product with `accumulate` (and no bias).
template <class Arch, class T>
void product_forward(const Product& p, const T* x, const T* w, const T* bias, bool accumulate, Epilogue epilogue,
                     T* y) {
    if (p.rows * p.groups == 1 && !accumulate) return row_forward<Arch>(p, x, w, bias, epilogue, y);
    const T least = epilogue == Epilogue::relu ? T(0) : -std::numeric_limits<T>::infinity();
    for_each_vector_pair<Arch, T>(p.columns, [&]<Index V>(Index begin, Index last) {
        const Index width = packed_block_width(p.columns, begin / column_block * column_block);
        const Ends<T> ends{bias ? bias + begin : nullptr, accumulate, least, last};
        forward_columns<Arch, T, V>(p, x, w + packed_offset(p.weight_rows(), p.columns, 0, begin), width, ends,
                                    y + begin);
    });
}

/// Adds the first `count` lanes to packed columns. The pad columns behind stay zero: 0 * NaN must not enter them.
template <class T, class Arch>
IDM_ALWAYS_INLINE void add_columns(const Batch<T, Arch>& sum, T* to, Index count) {
    const Batch<T, Arch> total = Batch<T, Arch>::load_unaligned(to) + sum;
    if (count == static_cast<Index>(Batch<T, Arch>::size))
        total.store_unaligned(to);
    else
        store_first<T, Arch>(total, to, count);
}

/// A tile of R weight rows x V vectors of the weight gradient: d_w += sum over (group, row) of x^T d_y.
template <class Arch, class T, Index R, Index V>
IDM_ALWAYS_INLINE void weight_tile(const Product& p, const T* IDM_RESTRICT x, const T* IDM_RESTRICT d_y, Index last,
                                   T* d_w, Index w_row) {
    using B = Batch<T, Arch>;
    constexpr Index lanes = static_cast<Index>(B::size);
    B sums[R][V];
    for (Index r = 0; r < R; ++r)
        for (Index v = 0; v < V; ++v) sums[r][v] = B(T(0));
    const auto sweep = [&](auto whole) {
        for (Index g = 0; g < p.groups; ++g) {
            const T* IDM_RESTRICT from = x + g * p.x_group;
            const T* IDM_RESTRICT d = d_y + g * p.y_group;
            for (Index row = 0; row < p.rows; ++row, from += p.x_row, d += p.y_row) {
                B gradients[V];
                for (Index v = 0; v < V; ++v) {
                    if constexpr (decltype(whole)::value)
                        gradients[v] = B::load_unaligned(d + v * lanes);
                    else
                        gradients[v] =
                            v < V - 1 ? B::load_unaligned(d + v * lanes) : load_first<T, Arch>(d + v * lanes, last);
                }
                for (Index r = 0; r < R; ++r) {
                    const B value(from[r]);
                    for (Index v = 0; v < V; ++v) sums[r][v] = multiply_add(value, gradients[v], sums[r][v]);
                }
            }
        }
    };
    if (last == lanes)
        sweep(std::true_type{});
    else
        sweep(std::false_type{});
    for (Index r = 0; r < R; ++r)
        for (Index v = 0; v < V; ++v)
            add_columns<T, Arch>(sums[r][v], d_w + r * w_row + v * lanes, v < V - 1 ? lanes : last);
}

/// d_w += x^T d_y over all groups and rows, d_b += column sums of d_y.
template <class Arch, class T>
void product_backward_weights(const Product& p, const T* x, const T* d_y, T* d_w, T* d_b) {
    constexpr Index most = tile_rows<T, Arch>;
    using B = Batch<T, Arch>;
    constexpr Index lanes = static_cast<Index>(B::size);
    const Tiling tiling(p.inner, most);
    for_each_vector_pair<Arch, T>(p.columns, [&]<Index V>(Index begin, Index last) {
        const Index w_row = packed_block_width(p.columns, begin / column_block * column_block);
        T* columns = d_w + packed_offset(p.weight_rows(), p.columns, 0, begin);
        for (Index tap = 0; tap < p.taps; ++tap) {
            const T* from = x + tap * p.x_tap;
            for (Index t = 0; t < tiling.tiles; ++t) {
                const Index rows = tiling.base + (t < tiling.larger ? 1 : 0);
                with_rows<most>(
                    rows, [&]<Index R>() { weight_tile<Arch, T, R, V>(p, from, d_y + begin, last, columns, w_row); });
                from += rows;
                columns += rows * w_row;
            }
        }
        B sums[V];
        for (Index v = 0; v < V; ++v) sums[v] = B(T(0));
        for (Index g = 0; g < p.groups; ++g)
            for (Index r = 0; r < p.rows; ++r) {
                const T* d = d_y + begin + g * p.y_group + r * p.y_row;
                for (Index v = 0; v < V; ++v)
                    sums[v] += v < V - 1 ? B::load_unaligned(d + v * lanes) : load_first<T, Arch>(d + v * lanes, last);
            }
        for (Index v = 0; v < V; ++v) add_columns<T, Arch>(sums[v], d_b + begin + v * lanes, v < V - 1 ? lanes : last);
    });
}

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
