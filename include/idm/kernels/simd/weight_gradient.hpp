#pragma once

#include <algorithm>

#include <idm/kernels/simd/tile.hpp>
#include <idm/kernels/simd/transpose.hpp>

// d_w = x^T d_y over all groups and rows of a product, d_b = column sums of d_y.

IDM_NAMESPACE_BEGIN
namespace kernels::simd {

/// Numbers of d_y that are packed at a time, 16 KiB: they stay in the first-level cache while all weights are gone
/// through. Unpacked, rows 512 bytes apart fall on a quarter of its sets (52 % of peak on S5 in the place of 84 %).
template <class T>
inline constexpr Index packed_gradient = 16384 / static_cast<Index>(sizeof(T));

/// Weight rows of a tile: x needs one address for all of them, so that more fit than in the forward product. 10 x 2
/// vectors leave 12 of 32 registers; 8 x 2 are 10 % slower on S6, whose 9 rows make two tiles, and 8 % on D2.
template <class T, class Arch>
inline constexpr Index weight_tile_rows = tile_rows<T, Arch> == 8 ? 10 : tile_rows<T, Arch>;

/// Stores V vectors of sums to packed columns, or adds them; `last` is the number of columns in the last vector.
template <class T, class Arch, Index V>
IDM_ALWAYS_INLINE void put_vectors(const Batch<T, Arch> (&sums)[V], T* to, Index last, bool accumulate) {
    constexpr Index lanes = static_cast<Index>(Batch<T, Arch>::size);
    unroll<V>([&]<Index v>()
                  IDM_INLINE_LAMBDA { put_columns(sums[v], to + v * lanes, v < V - 1 ? lanes : last, accumulate); });
}

/// What a tile fetches into the cache: with each row of x what lies `step` numbers further.
template <class T>
struct Fetch {
    const T* next;
    Index step;

    void operator()() {
        IDM_PREFETCH(next);
        next += step;
    }
};

/// What the tiles of one part of the groups and rows fetch of the next, `part`: the first half of them x, the others
/// d_y. All at once it would hold up a tile's own loads.
///
/// For x and d_y of `far_numbers` together: S5 and S7 reach 92 % of peak instead of 82. Small ones lose 2 to 5 % by it.
template <class T>
class NextPart {
public:
    NextPart(const Product& part, const T* x, const T* d_y, Index tiles)
        : x_(x),
          d_y_(d_y),
          half_((tiles + 1) / 2),
          rows_(part.groups * part.rows),
          x_step_(step((part.groups - 1) * part.x_group + part.rows * part.x_row)),
          d_y_step_(step((part.groups - 1) * part.y_group + part.rows * part.y_row)) {}

    /// What the next tile fetches.
    Fetch<T> share() {
        const Index t = tile_++;
        return t < half_ ? Fetch<T>{x_ + t * rows_ * x_step_, x_step_}
                         : Fetch<T>{d_y_ + (t - half_) * rows_ * d_y_step_, d_y_step_};
    }

private:
    Index step(Index numbers) const { return (numbers + half_ * rows_ - 1) / (half_ * rows_); }

    const T *x_, *d_y_;
    Index half_, rows_, x_step_, d_y_step_, tile_ = 0;
};

/// Rows that a tile fetches ahead where they lie apart; a set of the first-level cache has room for 8 or 12 lines.
inline constexpr Index rows_ahead = 6;

/// A tile of R weight rows x V vectors: d_w = x^T d over all rows, or d_w += it. `fetch`: nothing, or what to fetch
/// meanwhile.
///
/// The `First` that reads columns of d_y also puts their sums into d_b and leaves them in `packed`, rows behind each
/// other, zeros behind the `last` lanes, for the tiles behind it, if that is not null. Its multiply-adds hide most of
/// it: as a pass of its own it takes 3 to 4 % of S3's time, here 1 to 2.
///
/// With `Apart`, as for all dense layers, it fetches x some rows ahead, and the lines of d_w of the tile behind it.
/// Rows of 4 KiB lie in a page each and in one set of the first-level cache, so that no tile finds what the one before
/// it read: D2 has 86 % of peak instead of 76. Where all is near, 64 rows of 128 -> 128, it costs nothing.
template <class Arch, class T, Index R, Index V, bool First, bool Apart, class... Fetches>
IDM_NEVER_INLINE void weight_tile(const Product& p, const T* IDM_RESTRICT x, const T* IDM_RESTRICT d,
                                  T* IDM_RESTRICT d_w, Index w_row, Index last, bool accumulate, T* IDM_RESTRICT d_b,
                                  T* IDM_RESTRICT packed, Fetches... fetch) {
    using B = Batch<T, Arch>;
    constexpr Index lanes = static_cast<Index>(B::size);
    B sums[R + 1][V];
    unroll<(R + 1) * V>([&]<Index i>() IDM_INLINE_LAMBDA { sums[i / V][i % V] = B(T(0)); });
    const Index rows = p.rows, x_row = p.x_row, y_row = p.y_row;
    [[maybe_unused]] Fetch<T> next_d_w{d_w + R * w_row, Apart ? R * w_row / rows + 1 : 0};
    [[maybe_unused]] const T* ahead = x + rows_ahead * x_row;
    [[maybe_unused]] Index before_turn = rows - rows_ahead;  // to the first rows of the next tile
    const Index x_turn = p.x_group - (rows - 1) * x_row, y_turn = p.y_group - (rows - 1) * y_row;  // to the next group
    const T *from = x, *gradient = d;
    // One loop for all: with a loop over the rows in one over the groups S4 has 92 % of peak instead of 95.
    for (Index i = p.groups * rows, left = rows; i > 0; --i) {
        if constexpr (Apart) {
            if (before_turn-- == 0) ahead = x + R;
            IDM_PREFETCH(ahead);
            IDM_PREFETCH(ahead + R - 1);
            ahead += x_row;
            next_d_w();
        }
        (fetch(), ...);
        B gradients[V];
        unroll<V>([&]<Index v>() IDM_INLINE_LAMBDA {
            gradients[v] = !First || v < V - 1 || last == lanes ? B::load_unaligned(gradient + v * lanes)
                                                                : load_first<T, Arch>(gradient + v * lanes, last);
            if constexpr (First) sums[R][v] = sums[R][v] + gradients[v];
            if (First && packed) gradients[v].store_aligned(packed + v * lanes);
        });
        if (First && packed) packed += V * lanes;
        unroll<R>([&]<Index r>() IDM_INLINE_LAMBDA {
            const B value(from[r]);
            unroll<V>([&]<Index v>() IDM_INLINE_LAMBDA { sums[r][v] = multiply_add(value, gradients[v], sums[r][v]); });
        });
        const bool turn = --left == 0;
        from += turn ? x_turn : x_row;
        gradient += turn ? y_turn : y_row;
        if (turn) left = rows;
    }
    unroll<R>([&]<Index r>() IDM_INLINE_LAMBDA { put_vectors(sums[r], d_w + r * w_row, last, accumulate); });
    if constexpr (First) put_vectors(sums[R], d_b, last, accumulate);
}

/// Copies a vector of columns of d_y behind each other, zeros behind the `last` lanes, and puts their sums into d_b.
template <class Arch, class T>
void pack_gradient(const Product& p, const T* d_y, Index last, bool accumulate, T* IDM_RESTRICT packed, T* d_b) {
    using B = Batch<T, Arch>;
    B sums[1] = {B(T(0))};
    for (Index g = 0; g < p.groups; ++g)
        for (Index row = 0; row < p.rows; ++row, packed += B::size) {
            const B d = load_first<T, Arch>(d_y + g * p.y_group + row * p.y_row, last);
            d.store_aligned(packed);
            sums[0] = sums[0] + d;
        }
    put_vectors(sums, d_b, last, accumulate);
}

/// The most columns that leave a lane of a vector empty (a dense layer's 7 joints; not on AVX2 and SSE2, whose tiles
/// and vectors have fewer) and fit into one tile as its rows.
template <class T, class Arch>
inline constexpr Index narrow_columns = std::min(weight_tile_rows<T, Arch>,
                                                 static_cast<Index>(Batch<T, Arch>::size) - 1);

/// A product for `narrow_tile`. Of fewer samples than lanes that loses by its transposition: 64 -> 7 with 1 sample
/// takes 89 ns instead of 60.
template <class Arch, class T>
constexpr bool is_narrow(const Product& p) {
    return p.columns <= narrow_columns<T, Arch> && p.groups * p.rows >= static_cast<Index>(Batch<T, Arch>::size);
}

/// x^T d for V vectors of weight rows of a narrow product, of which `packed` holds d.
///
/// Lanes run over the weight rows, a tile's rows over the columns: with lanes over the columns each number of x costs a
/// load of its own for one multiply-add, which is the bound. Each sum has the same terms in the same order. D3, 7
/// columns, takes half the time.
template <class Arch, class T, Index V>
void narrow_tile(const Product& q, const T* packed, const T* x, T* d_w, Index w_row, bool accumulate) {
    using B = Batch<T, Arch>;
    constexpr Index lanes = static_cast<Index>(B::size);
    Product turned = q;
    turned.x_group = q.y_group;
    turned.x_row = q.y_row;
    turned.y_group = q.x_group;
    turned.y_row = q.x_row;
    alignas(alignment_bytes) T sums[lanes * V * lanes] = {};  // zeros for columns that are not there
    with_rows<narrow_columns<T, Arch>>(q.columns, [&]<Index R>() {
        weight_tile<Arch, T, R, V, false, false>(turned, packed, x, sums, V * lanes, lanes, false, nullptr, nullptr);
    });
    for (Index v = 0; v < V; ++v) {
        B rows[lanes];
        for (Index o = 0; o < lanes; ++o) rows[o] = B::load_aligned(sums + (o * V + v) * lanes);
        transpose(rows);
        for (Index i = 0; i < lanes; ++i) put_columns(rows[i], d_w + (v * lanes + i) * w_row, lanes, accumulate);
    }
}

/// All whole vectors of weight rows of one tap of a narrow product; returns the number of these rows.
template <class Arch, class T>
Index narrow_rows(const Product& q, const T* packed, const T* x, T* d_w, Index w_row, bool accumulate) {
    constexpr Index lanes = static_cast<Index>(Batch<T, Arch>::size);
    Index row = 0;
    for (; row + 2 * lanes <= q.inner; row += 2 * lanes)
        narrow_tile<Arch, T, 2>(q, packed, x + row, d_w + row * w_row, w_row, accumulate);
    for (; row + lanes <= q.inner; row += lanes)
        narrow_tile<Arch, T, 1>(q, packed, x + row, d_w + row * w_row, w_row, accumulate);
    return row;
}

/// The gradient by a part of the groups and rows that `packed_gradient` has room for, stored or added. `next`: the part
/// behind it if it comes from beyond the second-level cache, else null; `apart`: whether the rows of x lie `Apart`.
///
/// Its lambdas are inlined, or gcc 12 writes down what the tiles need for each of them: of 1 sample D1 takes 9.5 us
/// instead of 7.3.
template <class Arch, class T>
void part_of_weight_gradient(const Product& p, const T* x, const T* d_y, T* d_w, T* d_b, bool accumulate,
                             NextPart<T>* next, bool apart) {
    constexpr Index most = weight_tile_rows<T, Arch>, lanes = static_cast<Index>(Batch<T, Arch>::size);
    const bool narrow = is_narrow<Arch, T>(p);
    const Tiling tiling(narrow ? p.inner % lanes : p.inner, most);
    const bool single = p.taps * tiling.tiles == 1;  // no tile behind it reads what it packs
    alignas(alignment_bytes) T packed[packed_gradient<T>];
    for_each_vector_pair<Arch, T>(p.columns, [&]<Index V>(Index begin, Index last) {
        const Index w_row = packed_block_width(p.columns, begin / column_block * column_block);
        T *to = d_w + packed_offset(p.weight_rows(), p.columns, 0, begin), *to_bias = d_b + begin;
        Product q = p;
        q.y_row = V * lanes;
        q.y_group = p.rows * q.y_row;
        bool first = !narrow;
        if (narrow) pack_gradient<Arch>(p, d_y + begin, last, accumulate, packed, to_bias);
        for (Index tap = 0; tap < p.taps; ++tap) {
            const T* from = x + tap * p.x_tap;
            if (V == 1 && narrow) {
                const Index rows = narrow_rows<Arch>(q, packed, from, to, w_row, accumulate);
                from += rows;
                to += rows * w_row;
            }
            for (Index t = 0; t < tiling.tiles; ++t) {
                const Index rows = tiling.base + (t < tiling.larger ? 1 : 0);
                with_rows<most>(rows, [&]<Index R>() IDM_INLINE_LAMBDA {
                    if (first)
                        return weight_tile<Arch, T, R, V, true, false>(p, from, d_y + begin, to, w_row, last,
                                                                       accumulate, to_bias, single ? nullptr : packed);
                    if constexpr (R >= most - 1 && V == 2) {
                        if (next)
                            return weight_tile<Arch, T, R, V, false, false>(
                                q, from, packed, to, w_row, last, accumulate, nullptr, nullptr, next->share());
                        if (apart)
                            return weight_tile<Arch, T, R, V, false, true>(q, from, packed, to, w_row, last, accumulate,
                                                                           nullptr, nullptr);
                    }
                    weight_tile<Arch, T, R, V, false, false>(q, from, packed, to, w_row, last, accumulate, nullptr,
                                                             nullptr);
                });
                first = false;
                from += rows;
                to += rows * w_row;
            }
        }
    });
}

/// The gradient of no row: zeros, which pad columns hold already.
template <class T>
void clear_columns(const Product& p, T* d_w, T* d_b) {
    std::fill_n(d_w, packed_weight_size(p.weight_rows(), p.columns), T(0));
    std::fill_n(d_b, p.columns, T(0));
}

/// d_w = x^T d_y over all groups and rows, d_b = column sums of d_y; with `accumulate` both are added to.
template <class Arch, class T>
void product_backward_weights(const Product& p, const T* x, const T* d_y, T* d_w, T* d_b, bool accumulate) {
    if (!accumulate && p.groups * p.rows == 0) return clear_columns(p, d_w, d_b);
    constexpr Index pair = 2 * static_cast<Index>(Batch<T, Arch>::size), room = packed_gradient<T> / pair;
    const Index tiles = p.taps * Tiling(p.inner, weight_tile_rows<T, Arch>).tiles;
    const Index fetching = (tiles - 1) * ((p.columns + pair - 1) / pair);  // all but the first of each pair of vectors
    const Index rows = p.groups * p.rows, numbers = p.x_row + p.y_row;     // of a row
    const bool apart = p.groups == 1 && p.taps == 1 && p.x_row >= p.inner && rows >= 2 * rows_ahead;
    const bool fetch_parts = !apart && fetching && rows * numbers >= far_numbers<T>;
    Product part = p;
    for (Index row = 0; row < p.rows; row += room) {
        part.rows = std::min(room, p.rows - row);
        for (Index g = 0; g < p.groups; g += part.groups) {
            part.groups = std::min(room / part.rows, p.groups - g);
            const auto add = [&](NextPart<T>* next) {
                part_of_weight_gradient<Arch>(part, x + g * p.x_group + row * p.x_row,
                                              d_y + g * p.y_group + row * p.y_row, d_w, d_b, accumulate, next, apart);
                accumulate = true;
            };
            const bool more = g + part.groups < p.groups;
            const Index next_g = more ? g + part.groups : 0, next_row = more ? row : row + room;
            if (!fetch_parts || next_row >= p.rows) {
                add(nullptr);
                continue;
            }
            NextPart<T> next(part, x + next_g * p.x_group + next_row * p.x_row,
                             d_y + next_g * p.y_group + next_row * p.y_row, fetching);
            add(&next);
        }
    }
}

}  // namespace kernels::simd
IDM_NAMESPACE_END
