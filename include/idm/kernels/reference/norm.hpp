#pragma once

#include <cmath>

#include <idm/core/config.hpp>

IDM_NAMESPACE_BEGIN
namespace kernels::reference {

/// Mean of a row and 1 / sqrt(variance + epsilon), with the variance's divisor `channels`.
template <class T>
struct RowStatistics {
    T mean, scale;

    RowStatistics(Index channels, T epsilon, const T* x) {
        T sum = T(0), squares = T(0);
        for (Index c = 0; c < channels; ++c) sum += x[c];
        mean = sum / static_cast<T>(channels);
        for (Index c = 0; c < channels; ++c) squares += (x[c] - mean) * (x[c] - mean);
        scale = T(1) / std::sqrt(squares / static_cast<T>(channels) + epsilon);
    }
};

/// y = (x - mean) / sqrt(variance + epsilon) in each of `rows` rows of `channels` numbers.
template <class T>
void layer_norm_forward(Index rows, Index channels, T epsilon, const T* x, T* y) {
    for (Index r = 0; r < rows; ++r, x += channels, y += channels) {
        const RowStatistics<T> s(channels, epsilon, x);
        for (Index c = 0; c < channels; ++c) y[c] = (x[c] - s.mean) * s.scale;
    }
}

/// The gradient of `layer_norm_forward`, with y = (x - mean) scale:
///
///     d_x = scale (d_y - mean(d_y) - y mean(d_y y))
template <class T>
void layer_norm_backward(Index rows, Index channels, T epsilon, const T* x, const T* d_y, T* d_x) {
    for (Index r = 0; r < rows; ++r, x += channels, d_y += channels, d_x += channels) {
        const RowStatistics<T> s(channels, epsilon, x);
        T along = T(0), sum = T(0);
        for (Index c = 0; c < channels; ++c) {
            sum += d_y[c];
            along += d_y[c] * ((x[c] - s.mean) * s.scale);
        }
        sum /= static_cast<T>(channels);
        along /= static_cast<T>(channels);
        for (Index c = 0; c < channels; ++c) d_x[c] = s.scale * (d_y[c] - sum - (x[c] - s.mean) * s.scale * along);
    }
}

/// y = y weight + bias in each of `rows` rows, in place.
template <class T>
void scale_channels(Index rows, Index channels, const T* weight, const T* bias, T* y) {
    for (Index r = 0; r < rows; ++r, y += channels)
        for (Index c = 0; c < channels; ++c) y[c] = y[c] * weight[c] + bias[c];
}

/// The gradient of `scale_channels`, whose input was `x`: d_y becomes d_x = d_y weight.
template <class T>
void scale_channels_backward(Index rows, Index channels, const T* weight, const T* x, T* d_y, T* d_weight_accumulate,
                             T* d_bias_accumulate) {
    for (Index r = 0; r < rows; ++r, x += channels, d_y += channels)
        for (Index c = 0; c < channels; ++c) {
            d_weight_accumulate[c] += d_y[c] * x[c];
            d_bias_accumulate[c] += d_y[c];
            d_y[c] *= weight[c];
        }
}

}  // namespace kernels::reference
IDM_NAMESPACE_END
