#pragma once

#include <algorithm>

#include <idm/kernels/reference/pooling.hpp>
#include <idm/kernels/simd/elementwise.hpp>

// What these compute is written out in reference/pooling.hpp, whose order of operations they keep: the same bits. Lanes
// over channels, a window's sum or maximum in a register until it is whole; the channels that fill no vector are the
// reference's.

IDM_NAMESPACE_BEGIN
namespace kernels::simd {

/// Calls whole(x, y) for each full vector of channels of each window, x where it lies in the window's first step and y
/// where in the output, then rest(shape, begin) for the channels that are left.
template <class Arch, class T, class Whole, class Rest>
IDM_ALWAYS_INLINE void for_each_window(const PoolShape& s, Whole&& whole, Rest&& rest) {
    constexpr Index lanes = static_cast<Index>(Batch<T, Arch>::size);
    PoolShape left = s;
    left.channels = s.channels % lanes;
    const Index full = s.channels - left.channels;
    for (Index l = 0; l < s.out_length; ++l)
        for (Index c = 0; c < full; c += lanes) whole(l * s.stride * s.row + c, l * s.row + c);
    if (left.channels > 0) rest(left, full);
}

/// reference::is_larger, lane by lane.
template <class T, class Arch>
IDM_ALWAYS_INLINE auto is_larger(const Batch<T, Arch>& x, const Batch<T, Arch>& largest) {
    return (x > largest) | xsimd::isnan(x);
}

template <class Arch, class T>
void average_pool_forward(const PoolShape& s, const T* x, T* y) {
    using B = Batch<T, Arch>;
    const B steps(static_cast<T>(s.kernel));
    for_each_window<Arch, T>(
        s,
        [&](Index from, Index to) {
            B sum = B::load_unaligned(x + from);
            for (Index k = 1; k < s.kernel; ++k) sum = sum + B::load_unaligned(x + from + k * s.row);
            divide<T, Arch>(sum, steps).store_unaligned(y + to);
        },
        [&](const PoolShape& left, Index c) { reference::average_pool_forward(left, x + c, y + c); });
}

template <class Arch, class T>
void average_pool_backward(const PoolShape& s, const T* d_y, T* d_x) {
    using B = Batch<T, Arch>;
    const B steps(static_cast<T>(s.kernel));
    std::fill_n(d_x, s.in_length * s.row, T(0));
    for_each_window<Arch, T>(
        s,
        [&](Index to, Index from) {
            const B d = divide<T, Arch>(B::load_unaligned(d_y + from), steps);
            for (Index k = 0; k < s.kernel; ++k) {
                T* step = d_x + to + k * s.row;
                (B::load_unaligned(step) + d).store_unaligned(step);
            }
        },
        [&](const PoolShape& left, Index c) { reference::average_pool_backward(left, d_y + c, d_x + c); });
}

template <class Arch, class T>
void max_pool_forward(const PoolShape& s, const T* x, T* y) {
    using B = Batch<T, Arch>;
    for_each_window<Arch, T>(
        s,
        [&](Index from, Index to) {
            B largest = B::load_unaligned(x + from);
            for (Index k = 1; k < s.kernel; ++k) {
                const B value = B::load_unaligned(x + from + k * s.row);
                largest = xsimd::select(is_larger<T, Arch>(value, largest), value, largest);
            }
            largest.store_unaligned(y + to);
        },
        [&](const PoolShape& left, Index c) { reference::max_pool_forward(left, x + c, y + c); });
}

/// The largest step's number is kept as a T, exact for kernels up to 2^24 steps.
///
/// A gradient goes to its step lane by lane, or by a second pass of whole vectors over all steps of the window. For
/// windows of 32 steps, too many of them for branch prediction to learn, the first took 65 % of the second's time on
/// SSE2 and 63 to 69 % on AVX2; for fewer steps than two vectors' lanes it is the slower one on AVX2 and AVX-512.
template <class Arch, class T>
void max_pool_backward(const PoolShape& s, const T* x, const T* d_y, T* d_x) {
    using B = Batch<T, Arch>;
    constexpr Index lanes = static_cast<Index>(B::size);
    const bool by_lane = s.kernel >= 2 * lanes;
    std::fill_n(d_x, s.in_length * s.row, T(0));
    for_each_window<Arch, T>(
        s,
        [&](Index window, Index from) {
            B largest = B::load_unaligned(x + window), place(T(0));
            for (Index k = 1; k < s.kernel; ++k) {
                const B value = B::load_unaligned(x + window + k * s.row);
                const auto larger = is_larger<T, Arch>(value, largest);
                largest = xsimd::select(larger, value, largest);
                place = xsimd::select(larger, B(static_cast<T>(k)), place);
            }
            if (by_lane) {
                T places[lanes];
                place.store_unaligned(places);
                for (Index i = 0; i < lanes; ++i)
                    d_x[window + static_cast<Index>(places[i]) * s.row + i] += d_y[from + i];
                return;
            }
            const B d = B::load_unaligned(d_y + from);
            for (Index k = 0; k < s.kernel; ++k) {
                T* step = d_x + window + k * s.row;
                const B before = B::load_unaligned(step);
                xsimd::select(place == B(static_cast<T>(k)), before + d, before).store_unaligned(step);
            }
        },
        [&](const PoolShape& left, Index c) { reference::max_pool_backward(left, x + c, d_y + c, d_x + c); });
}

}  // namespace kernels::simd
IDM_NAMESPACE_END
