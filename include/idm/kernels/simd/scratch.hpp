#pragma once

#include <idm/kernels/shapes.hpp>

// Room for transposed weights, the same on every instruction set.

IDM_NAMESPACE_BEGIN
namespace kernels::simd {

/// Numbers of the transposed weights of one group.
constexpr Index conv1d_transposed_group(const ConvShape& s) {
    return packed_weight_size(s.kernel * s.group_outputs(), s.group_inputs());
}

/// Numbers of scratch that `conv1d_backward_input` needs: the transposed weights.
template <class T>
constexpr Index conv1d_backward_input_scratch(const ConvShape& s) {
    return s.groups * conv1d_transposed_group(s);
}

/// Numbers of scratch that `dense_backward_input` needs: the transposed weights.
template <class T>
constexpr Index dense_backward_input_scratch(const DenseShape& s) {
    return packed_weight_size(s.out_channels, s.in_channels);
}

}  // namespace kernels::simd
IDM_NAMESPACE_END
