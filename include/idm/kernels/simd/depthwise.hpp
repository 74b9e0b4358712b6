#pragma once

#include <algorithm>

#include <idm/kernels/simd/tile.hpp>

// The depthwise convolutions, lanes over channels. What they compute is written out in reference/depthwise.hpp.

IDM_NAMESPACE_BEGIN
namespace kernels::simd {

/// Rows, or taps, that share what they load: as many sums run beside each other.
inline constexpr Index depthwise_rows = 4;

/// The `count` numbers of a vector's lanes at `from`.
template <class T, class Arch>
IDM_ALWAYS_INLINE Batch<T, Arch> load_lanes(const T* from, Index count) {
    return count == static_cast<Index>(Batch<T, Arch>::size) ? Batch<T, Arch>::load_unaligned(from)
                                                             : load_first<T, Arch>(from, count);
}
template <class T, class Arch>
IDM_ALWAYS_INLINE void store_lanes(const Batch<T, Arch>& value, T* to, Index count) {
    if (count == static_cast<Index>(Batch<T, Arch>::size))
        value.store_unaligned(to);
    else
        store_first<T, Arch>(value, to, count);
}

/// Calls f(begin, count, weights, w_row) for each vector of channels: `weights` is where tap 0 lies, the next ones lie
/// `w_row` apart.
template <class Arch, class T, class F>
void for_each_channel_vector(const ConvShape& s, F&& f) {
    constexpr Index lanes = static_cast<Index>(Batch<T, Arch>::size);
    for (Index begin = 0; begin < s.out_channels; begin += lanes)
        f(begin, std::min(lanes, s.out_channels - begin), packed_offset(s.kernel, s.out_channels, 0, begin),
          packed_block_width(s.out_channels, begin / column_block * column_block));
}

/// R rows of one vector: y[r] = epilogue(b + sum_k x[r * x_row + k * x_tap] * w[k]).
template <class Arch, class T, Index R>
IDM_ALWAYS_INLINE void depthwise_tile(const ConvShape& s, const T* IDM_RESTRICT x, Index x_row, Index x_tap,
                                      const T* IDM_RESTRICT w, Index w_row, const Batch<T, Arch>& b, Epilogue epilogue,
                                      T* y, Index count) {
    Batch<T, Arch> sums[R];
    for (Index r = 0; r < R; ++r) sums[r] = b;
    for (Index k = 0; k < s.kernel; ++k) {
        const Batch<T, Arch> weight = Batch<T, Arch>::load_unaligned(w + k * w_row);
        for (Index r = 0; r < R; ++r)
            sums[r] = multiply_add(load_lanes<T, Arch>(x + r * x_row + k * x_tap, count), weight, sums[r]);
    }
    for (Index r = 0; r < R; ++r) {
        if (epilogue == Epilogue::relu) sums[r] = rectify<T, Arch>(sums[r]);
        store_lanes<T, Arch>(sums[r], y + r * s.out_channels, count);
    }
}

/// `rows` rows of one vector, in tiles.
template <class Arch, class T>
void depthwise_row_sweep(const ConvShape& s, Index rows, const T* x, Index x_row, Index x_tap, const T* w, Index w_row,
                         const Batch<T, Arch>& b, Epilogue epilogue, T* y, Index count) {
    const Tiling tiling(rows, depthwise_rows);
    for (Index t = 0; t < tiling.tiles; ++t) {
        const Index tile = tiling.base + (t < tiling.larger ? 1 : 0);
        with_rows<depthwise_rows>(
            tile, [&]<Index R>() { depthwise_tile<Arch, T, R>(s, x, x_row, x_tap, w, w_row, b, epilogue, y, count); });
        x += tile * x_row;
        y += tile * s.out_channels;
    }
}

/// Reads the halo of x: see `forward_halo`.
template <class Arch, class T>
void depthwise_forward(const ConvShape& s, const T* x, const T* w, const T* b, T* y, Epilogue epilogue) {
    for_each_channel_vector<Arch, T>(s, [&](Index begin, Index count, Index weights, Index w_row) {
        const auto bias = Batch<T, Arch>::load_unaligned(b + begin);
        for (Index n = 0; n < s.samples; ++n)
            depthwise_row_sweep<Arch, T>(s, s.out_length,
                                         x + n * s.x_sample_stride + begin - s.pad_left * s.in_channels,
                                         s.stride * s.in_channels, s.dilation * s.in_channels, w + weights, w_row, bias,
                                         epilogue, y + n * s.y_sample_stride + begin, count);
    });
}

/// Adds each output's gradient to the rows that it read: for a stride other than 1.
template <class Arch, class T>
void depthwise_scatter(const ConvShape& s, const T* d_y, const T* w, Index w_row, T* d_x, Index count) {
    for (Index l = 0; l < s.out_length; ++l) {
        const auto d = load_lanes<T, Arch>(d_y + l * s.out_channels, count);
        for (Index k = 0; k < s.kernel; ++k) {
            const Index row = l * s.stride + k * s.dilation - s.pad_left;
            if (row < 0 || row >= s.in_length) continue;
            T* to = d_x + row * s.in_channels;
            const auto weight = Batch<T, Arch>::load_unaligned(w + k * w_row);
            store_lanes<T, Arch>(multiply_add(d, weight, load_lanes<T, Arch>(to, count)), to, count);
        }
    }
}

/// Reads the halo of d_y: see `backward_halo`.
template <class Arch, class T>
void depthwise_backward_input(const ConvShape& s, const T* d_y, const T* w, T* d_x) {
    if (s.stride != 1)
        for (Index n = 0; n < s.samples; ++n)
            std::fill_n(d_x + n * s.x_sample_stride, s.in_length * s.in_channels, T(0));
    for_each_channel_vector<Arch, T>(s, [&](Index begin, Index count, Index weights, Index w_row) {
        for (Index n = 0; n < s.samples; ++n) {
            const T* from = d_y + n * s.y_sample_stride + begin;
            T* to = d_x + n * s.x_sample_stride + begin;
            if (s.stride == 1)  // a convolution of d_y whose taps run backwards in time
                depthwise_row_sweep<Arch, T>(s, s.in_length, from + s.pad_left * s.out_channels, s.out_channels,
                                             -s.dilation * s.out_channels, w + weights, w_row, Batch<T, Arch>(T(0)),
                                             Epilogue::none, to, count);
            else
                depthwise_scatter<Arch, T>(s, from, w + weights, w_row, to, count);
        }
    });
}

/// R taps of one vector of the weight gradient.
template <class Arch, class T, Index R>
IDM_ALWAYS_INLINE void depthwise_weight_tile(const ConvShape& s, const T* x, const T* d_y, T* d_w, Index w_row,
                                             Index count, bool accumulate) {
    Batch<T, Arch> sums[R];
    for (Index r = 0; r < R; ++r) sums[r] = Batch<T, Arch>(T(0));
    for (Index n = 0; n < s.samples; ++n)
        for (Index l = 0; l < s.out_length; ++l) {
            const auto d = load_lanes<T, Arch>(d_y + n * s.y_sample_stride + l * s.out_channels, count);
            const T* from = x + n * s.x_sample_stride + l * s.stride * s.in_channels;
            for (Index r = 0; r < R; ++r)
                sums[r] = multiply_add(load_lanes<T, Arch>(from + r * s.dilation * s.in_channels, count), d, sums[r]);
        }
    for (Index r = 0; r < R; ++r) put_columns<T, Arch>(sums[r], d_w + r * w_row, count, accumulate);
}

/// Reads the halo of x: see `forward_halo`.
template <class Arch, class T>
void depthwise_backward_weights(const ConvShape& s, const T* x, const T* d_y, T* d_w, T* d_b, bool accumulate) {
    const Tiling tiling(s.kernel, depthwise_rows);
    for_each_channel_vector<Arch, T>(s, [&](Index begin, Index count, Index weights, Index w_row) {
        const T* from = x + begin - s.pad_left * s.in_channels;
        T* to = d_w + weights;
        for (Index t = 0; t < tiling.tiles; ++t) {
            const Index tile = tiling.base + (t < tiling.larger ? 1 : 0);
            with_rows<depthwise_rows>(tile, [&]<Index R>() {
                depthwise_weight_tile<Arch, T, R>(s, from, d_y + begin, to, w_row, count, accumulate);
            });
            from += tile * s.dilation * s.in_channels;
            to += tile * w_row;
        }
        Batch<T, Arch> sum(T(0));
        for (Index n = 0; n < s.samples; ++n)
            for (Index l = 0; l < s.out_length; ++l)
                sum += load_lanes<T, Arch>(d_y + n * s.y_sample_stride + l * s.out_channels + begin, count);
        put_columns<T, Arch>(sum, d_b + begin, count, accumulate);
    });
}

}  // namespace kernels::simd
IDM_NAMESPACE_END
