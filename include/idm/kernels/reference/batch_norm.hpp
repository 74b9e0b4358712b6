#pragma once

#include <algorithm>
#include <cmath>

#include <idm/core/config.hpp>

IDM_NAMESPACE_BEGIN
namespace kernels::reference {

/// Mean and variance (divisor samples * rows) of each channel, over all rows of `samples` samples that lie `stride`
/// numbers apart. Of no row at all both are 0.
template <class T>
void batch_statistics(Index samples, Index stride, Index rows, Index channels, const T* x, T* mean, T* variance) {
    const T divisor = static_cast<T>(std::max<Index>(samples * rows, 1));
    std::fill_n(mean, channels, T(0));
    std::fill_n(variance, channels, T(0));
    const auto sweep = [&](auto&& number) {
        for (Index n = 0; n < samples; ++n)
            for (Index r = 0; r < rows; ++r)
                for (Index c = 0; c < channels; ++c) number(c, x[n * stride + r * channels + c]);
    };
    sweep([&](Index c, T value) { mean[c] += value; });
    for (Index c = 0; c < channels; ++c) mean[c] /= divisor;
    sweep([&](Index c, T value) { variance[c] += (value - mean[c]) * (value - mean[c]); });
    for (Index c = 0; c < channels; ++c) variance[c] /= divisor;
}

/// scale = 1 / sqrt(variance + epsilon).
template <class T>
void channel_scales(Index channels, T epsilon, const T* variance, T* scale) {
    for (Index c = 0; c < channels; ++c) scale[c] = T(1) / std::sqrt(variance[c] + epsilon);
}

/// y = (x - mean) scale in each of `rows` rows.
template <class T>
void normalise_channels(Index rows, Index channels, const T* mean, const T* scale, const T* x, T* y) {
    for (Index r = 0; r < rows; ++r, x += channels, y += channels)
        for (Index c = 0; c < channels; ++c) y[c] = (x[c] - mean[c]) * scale[c];
}

/// The gradient of `normalise_channels` by the statistics of `count` rows, of which these are some:
///
///     d_x = scale (d_y - (sum(d_y) + y sum(d_y y)) / count)
///
/// where the sums are over all of them, and each is the given one times `weight`.
template <class T>
void normalise_channels_backward(Index rows, Index channels, Index count, const T* scale, const T* weight, const T* sum,
                                 const T* sum_along, const T* y, const T* d_y, T* d_x) {
    for (Index r = 0; r < rows; ++r, y += channels, d_y += channels, d_x += channels)
        for (Index c = 0; c < channels; ++c)
            d_x[c] = scale[c] * (d_y[c] - weight[c] * (sum[c] + y[c] * sum_along[c]) / static_cast<T>(count));
}

}  // namespace kernels::reference
IDM_NAMESPACE_END
