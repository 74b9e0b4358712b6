#pragma once

#include <algorithm>
#include <cmath>

#include <idm/core/config.hpp>

IDM_NAMESPACE_BEGIN
namespace kernels {

/// Windows of `kernel` steps, `stride` apart, over [length, channels]: out_length = (in_length - kernel) / stride + 1.
struct PoolShape {
    Index in_length = 0;
    Index channels = 0;
    Index out_length = 0;
    Index kernel = 1;
    Index stride = 1;
    Index row = channels;  // numbers from a step to the next, in x and in y
};

namespace reference {

// All are of one sample.

/// y[l, c] = (sum_k x[l * stride + k, c]) / kernel.
template <class T>
void average_pool_forward(const PoolShape& s, const T* x, T* y) {
    for (Index l = 0; l < s.out_length; ++l, y += s.row) {
        const T* from = x + l * s.stride * s.row;
        std::copy_n(from, s.channels, y);
        for (Index k = 1; k < s.kernel; ++k)
            for (Index c = 0; c < s.channels; ++c) y[c] += from[k * s.row + c];
        for (Index c = 0; c < s.channels; ++c) y[c] /= static_cast<T>(s.kernel);
    }
}

/// Where a gradient is to be added up.
template <class T>
void zero_steps(const PoolShape& s, T* d_x) {
    for (Index l = 0; l < s.in_length; ++l) std::fill_n(d_x + l * s.row, s.channels, T(0));
}

/// The gradient of `average_pool_forward`: each step of a window gets d_y / kernel.
template <class T>
void average_pool_backward(const PoolShape& s, const T* d_y, T* d_x) {
    zero_steps(s, d_x);
    for (Index l = 0; l < s.out_length; ++l, d_y += s.row)
        for (Index k = 0; k < s.kernel; ++k) {
            T* to = d_x + (l * s.stride + k) * s.row;
            for (Index c = 0; c < s.channels; ++c) to[c] += d_y[c] / static_cast<T>(s.kernel);
        }
}

/// Does x displace the largest number so far? The first of equal ones stays; a NaN wins, as in PyTorch.
template <class T>
bool is_larger(T x, T largest) {
    return x > largest || std::isnan(x);
}

/// y[l, c] = max_k x[l * stride + k, c].
template <class T>
void max_pool_forward(const PoolShape& s, const T* x, T* y) {
    for (Index l = 0; l < s.out_length; ++l, y += s.row) {
        const T* from = x + l * s.stride * s.row;
        std::copy_n(from, s.channels, y);
        for (Index k = 1; k < s.kernel; ++k)
            for (Index c = 0; c < s.channels; ++c)
                if (is_larger(from[k * s.row + c], y[c])) y[c] = from[k * s.row + c];
    }
}

/// The gradient of `max_pool_forward`: all of d_y to the step that was largest.
template <class T>
void max_pool_backward(const PoolShape& s, const T* x, const T* d_y, T* d_x) {
    zero_steps(s, d_x);
    for (Index l = 0; l < s.out_length; ++l, d_y += s.row)
        for (Index c = 0; c < s.channels; ++c) {
            const Index begin = l * s.stride * s.row + c;
            Index largest = begin;
            for (Index k = 1; k < s.kernel; ++k)
                if (is_larger(x[begin + k * s.row], x[largest])) largest = begin + k * s.row;
            d_x[largest] += d_y[c];
        }
}

}  // namespace reference
}  // namespace kernels
IDM_NAMESPACE_END
