#pragma once

#include <cmath>

#include <idm/kernels/simd/elementwise.hpp>

// What these compute is written out in reference/norm.hpp. Lanes over channels: sums run in as many parts as there are
// lanes, which a compiler may not do with a plain loop's.

IDM_NAMESPACE_BEGIN
namespace kernels::simd {

/// Sum over `size` numbers: of `vector(i)` for each full vector, of `number(i)` for each number of the rest.
template <class Arch, class T, class Vector, class Number>
IDM_ALWAYS_INLINE T sum_over(Index size, Vector&& vector, Number&& number) {
    Batch<T, Arch> lanes(T(0));
    T rest = T(0);
    sweep<Arch, T>(
        size, [&](Index i) { lanes = lanes + vector(i); },
        [&](Index i, Index n) {
            for (Index k = 0; k < n; ++k) rest += number(i + k);
        });
    return sum_lanes<T, Arch>(lanes) + rest;
}

/// reference::RowStatistics.
template <class Arch, class T>
struct RowStatistics {
    T mean, scale;

    RowStatistics(Index channels, T epsilon, const T* x) {
        using B = Batch<T, Arch>;
        mean = sum_over<Arch, T>(
                   channels, [&](Index i) { return B::load_unaligned(x + i); }, [&](Index i) { return x[i]; }) /
               static_cast<T>(channels);
        const T squares = sum_over<Arch, T>(
            channels,
            [&](Index i) {
                const B difference = B::load_unaligned(x + i) - B(mean);
                return difference * difference;
            },
            [&](Index i) { return (x[i] - mean) * (x[i] - mean); });
        scale = T(1) / std::sqrt(squares / static_cast<T>(channels) + epsilon);
    }
};

template <class Arch, class T>
void layer_norm_forward(Index rows, Index channels, T epsilon, const T* x, T* y) {
    using B = Batch<T, Arch>;
    for (Index r = 0; r < rows; ++r, x += channels, y += channels) {
        const RowStatistics<Arch, T> s(channels, epsilon, x);
        sweep<Arch, T>(
            channels, [&](Index i) { ((B::load_unaligned(x + i) - B(s.mean)) * B(s.scale)).store_unaligned(y + i); },
            [&](Index i, Index n) {
                for (Index c = i; c < i + n; ++c) y[c] = (x[c] - s.mean) * s.scale;
            });
    }
}

template <class Arch, class T>
void layer_norm_backward(Index rows, Index channels, T epsilon, const T* x, const T* d_y, T* d_x) {
    using B = Batch<T, Arch>;
    for (Index r = 0; r < rows; ++r, x += channels, d_y += channels, d_x += channels) {
        const RowStatistics<Arch, T> s(channels, epsilon, x);
        const auto vector_y = [&](Index i) { return (B::load_unaligned(x + i) - B(s.mean)) * B(s.scale); };
        const auto number_y = [&](Index i) { return (x[i] - s.mean) * s.scale; };
        const T sum =
            sum_over<Arch, T>(
                channels, [&](Index i) { return B::load_unaligned(d_y + i); }, [&](Index i) { return d_y[i]; }) /
            static_cast<T>(channels);
        const T along = sum_over<Arch, T>(
                            channels, [&](Index i) { return B::load_unaligned(d_y + i) * vector_y(i); },
                            [&](Index i) { return d_y[i] * number_y(i); }) /
                        static_cast<T>(channels);
        sweep<Arch, T>(
            channels,
            [&](Index i) {
                (B(s.scale) * (B::load_unaligned(d_y + i) - B(sum) - vector_y(i) * B(along))).store_unaligned(d_x + i);
            },
            [&](Index i, Index n) {
                for (Index c = i; c < i + n; ++c) d_x[c] = s.scale * (d_y[c] - sum - number_y(c) * along);
            });
    }
}

}  // namespace kernels::simd
IDM_NAMESPACE_END
