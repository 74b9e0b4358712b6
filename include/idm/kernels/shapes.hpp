#pragma once

#include <algorithm>

#include <idm/core/config.hpp>

IDM_NAMESPACE_BEGIN
namespace kernels {

// Weights lie packed in column blocks, the same on every instruction set:
//
//     [out_channels / 32][row][32],   row = k * in_channels + c_in,
//
// where the last block is 16 wide if 16 or fewer columns are left. Columns that pad the last block are zero and stay
// zero. A bias is padded to the same number of columns. (A file and PyTorch see [C_out, C_in, K]; the layers convert.)

inline constexpr Index column_block = 32;

/// `columns` rounded up to whole blocks: 32 each, the last one 16 or 32.
constexpr Index packed_columns(Index columns) { return (columns + 15) / 16 * 16; }

/// Width of the block that starts at column `begin`.
constexpr Index packed_block_width(Index columns, Index begin) {
    return std::min(column_block, packed_columns(columns) - begin);
}

/// Numbers in a packed weight of `rows` rows.
constexpr Index packed_weight_size(Index rows, Index columns) { return rows * packed_columns(columns); }

/// Where weight (row, column) lies.
constexpr Index packed_offset(Index rows, Index columns, Index row, Index column) {
    const Index begin = column / column_block * column_block;
    return begin * rows + row * packed_block_width(columns, begin) + (column - begin);
}

/// Numbers of a bias whose groups are read vector by vector: the last vector of the last group may reach beyond it.
constexpr Index grouped_bias_size(Index columns, Index groups) {
    const Index of_group = columns / groups;
    return packed_columns(columns - of_group + packed_columns(of_group));
}

/// What a kernel does to each output before it stores it.
enum class Epilogue { none, relu };

/// A 1-D convolution (cross-correlation, as in PyTorch) over [samples, length, channels].
///
///     y[n, l, o] = b[o] + sum_k sum_c x[n, l * stride + k * dilation - pad_left, c] * w[k, c, o]
///
/// Rows of x outside [0, in_length) count as zero. The SIMD kernels read them: the caller keeps `pad_left` zero rows
/// before each sample and `pad_right()` behind it, see `forward_halo` and `backward_halo`.
///
/// With `groups`, the g-th share of the outputs reads the g-th share of the inputs alone: as many convolutions beside
/// each other, their weights [kernel * in_channels / groups, out_channels / groups] packed one behind the other and the
/// bias padded to `grouped_bias_size`.
struct ConvShape {
    Index samples = 0;
    Index in_length = 0;
    Index in_channels = 0;
    Index out_length = 0;
    Index out_channels = 0;
    Index kernel = 1;
    Index stride = 1;
    Index dilation = 1;
    Index pad_left = 0;
    Index groups = 1;           // divides in_channels and out_channels
    Index x_sample_stride = 0;  // numbers from one sample to the next, at least in_length * in_channels
    Index y_sample_stride = 0;  // likewise for the output

    constexpr Index group_inputs() const { return groups == 1 ? in_channels : in_channels / groups; }
    constexpr Index group_outputs() const { return groups == 1 ? out_channels : out_channels / groups; }
    constexpr Index weight_rows() const { return kernel * group_inputs(); }
    constexpr Index group_weights() const { return packed_weight_size(weight_rows(), group_outputs()); }
    constexpr Index reach() const { return (kernel - 1) * dilation; }
    /// Rows behind in_length that the last output reads.
    constexpr Index pad_right() const {
        return std::max<Index>(0, (out_length - 1) * stride + reach() - pad_left - (in_length - 1));
    }
};

/// Rows of zeros that a kernel reads around each sample.
struct Halo {
    Index left = 0;
    Index right = 0;
};

/// Zero rows around x that `conv1d_forward` and `conv1d_backward_weights` read.
constexpr Halo forward_halo(const ConvShape& s) { return {s.pad_left, s.pad_right()}; }

/// Zero rows around d_y that `conv1d_backward_input` reads. Only stride 1 gathers from d_y; other strides scatter.
constexpr Halo backward_halo(const ConvShape& s) {
    if (s.stride != 1) return {};
    return {std::max<Index>(0, s.reach() - s.pad_left), std::max<Index>(0, s.in_length + s.pad_left - s.out_length)};
}

/// A matrix product: y[r, o] = b[o] + sum_c x[r, c] * w[c, o].
struct DenseShape {
    Index rows = 0;
    Index in_channels = 0;
    Index out_channels = 0;
    Index x_row_stride = 0;  // numbers from one row to the next, at least in_channels
    Index y_row_stride = 0;  // likewise for the output

    constexpr Index weight_rows() const { return in_channels; }
};

}  // namespace kernels
IDM_NAMESPACE_END
