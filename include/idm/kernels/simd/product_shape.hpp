#pragma once

#include <idm/core/xsimd_compat.hpp>
#include <idm/kernels/shapes.hpp>

// The one structure under convolution and dense: a matrix product whose left rows may overlap.
//
//     y[g, r, :] = b + sum_tap sum_i x[g * x_group + r * x_row + tap * x_tap + i] * w[tap * inner + i, :]
//
// With dilation 1 an output row of a convolution reads kernel * in_channels contiguous numbers, so there is one tap.

IDM_NAMESPACE_BEGIN
namespace kernels::simd {

using idm::simd::at_least;
using idm::simd::Batch;
using idm::simd::load_first;
using idm::simd::multiply_add;
using idm::simd::rectify;
using idm::simd::store_first;

/// Extents of such a product and the distances between its parts, in numbers.
struct Product {
    Index groups = 1, x_group = 0, y_group = 0;
    Index rows = 0, x_row = 0, y_row = 0;
    Index taps = 1, x_tap = 0, inner = 0;
    Index columns = 0;

    constexpr Index weight_rows() const { return taps * inner; }
};

}  // namespace kernels::simd
IDM_NAMESPACE_END
