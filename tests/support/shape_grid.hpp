#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include <idm/core/error.hpp>
#include <idm/kernels/shapes.hpp>

// The one list of convolution and dense shapes: tests compare kernels over it, benchmarks time its named workloads.

namespace shape_grid {

using idm::Index;
using idm::kernels::ConvShape;
using idm::kernels::DenseShape;

/// Zeros around the input: none; the kernel's reach, half before and half behind; the kernel's reach, all before.
enum class Padding { valid, same, causal };

struct Conv {
    Index samples = 1;
    Index length = 1;
    Index in_channels = 1;
    Index out_channels = 1;
    Index kernel = 1;
    Index stride = 1;
    Index dilation = 1;
    Padding padding = Padding::same;

    constexpr Index reach() const { return (kernel - 1) * dilation; }
    constexpr Index pad_total() const { return padding == Padding::valid ? 0 : reach(); }
    constexpr Index pad_left() const { return padding == Padding::same ? reach() / 2 : pad_total(); }
    constexpr bool has_output() const { return length + pad_total() > reach(); }

    /// The kernels' shape. Samples lie as close as the zero rows around them allow, plus `gap` numbers.
    constexpr ConvShape shape(Index gap = 0) const {
        ConvShape s;
        s.samples = samples;
        s.in_length = length;
        s.in_channels = in_channels;
        s.out_length = (length + pad_total() - reach() - 1) / stride + 1;
        s.out_channels = out_channels;
        s.kernel = kernel;
        s.stride = stride;
        s.dilation = dilation;
        s.pad_left = pad_left();
        const auto x = idm::kernels::forward_halo(s), y = idm::kernels::backward_halo(s);
        s.x_sample_stride = (x.left + s.in_length + x.right) * s.in_channels + gap;
        s.y_sample_stride = (y.left + s.out_length + y.right) * s.out_channels + gap;
        return s;
    }

    constexpr double flop() const {
        const ConvShape s = shape();
        return 2.0 * static_cast<double>(samples * s.out_length * out_channels) *
               static_cast<double>(kernel * in_channels);
    }

    std::string describe() const {
        const char* names[] = {"valid", "same", "causal"};
        return idm::detail::message("N", samples, " L", length, " ", in_channels, "->", out_channels, " k", kernel,
                                    " stride ", stride, " dilation ", dilation, " ", names[static_cast<int>(padding)]);
    }
};

struct Dense {
    Index rows = 1;
    Index in_channels = 1;
    Index out_channels = 1;

    constexpr DenseShape shape(Index gap = 0) const {
        return {rows, in_channels, out_channels, in_channels + gap, out_channels + gap};
    }
    constexpr double flop() const { return 2.0 * static_cast<double>(rows * in_channels * out_channels); }
    std::string describe() const { return idm::detail::message("rows ", rows, " ", in_channels, "->", out_channels); }
};

/// Channel counts from 1 to twice the lanes of the widest vector (16 floats) and one more.
inline constexpr Index most_channels = 2 * 16 + 1;

/// Small convolutions, odd sizes first: each property alone over its whole range, and all properties crossed.
inline std::vector<Conv> convolutions() {
    std::vector<Conv> grid;
    const auto add = [&](const Conv& c) {
        if (c.has_output()) grid.push_back(c);
    };
    const Padding paddings[] = {Padding::valid, Padding::same, Padding::causal};
    for (Padding padding : paddings)
        for (Index kernel : {1, 2, 3, 5})
            for (Index stride : {1, 2, 3})
                for (Index dilation : {1, 2, 4, 8})
                    for (Index length : {7, 37}) add({2, length, 3, 5, kernel, stride, dilation, padding});
    for (Index channels = 1; channels <= most_channels; ++channels)
        for (Index stride : {1, 2}) {
            add({2, 7, 3, channels, 3, stride, 1, Padding::same});
            add({2, 7, channels, 3, 3, stride, 1, Padding::same});
            add({2, 7, channels, channels, 2, stride, 2, Padding::causal});
        }
    // Lengths beyond two tiles of 8 rows, and kernels that reach past the whole input.
    for (Index length = 1; length <= 19; ++length)
        for (Padding padding : paddings) {
            add({3, length, 3, 7, 3, 1, 1, padding});
            add({3, length, 3, 7, 3, 1, 2, padding});
            add({3, length, 3, 7, 3, 2, 1, padding});
        }
    // One row per sample: the samples are what a tile runs over.
    for (Index samples = 1; samples <= 17; ++samples) add({samples, 3, 5, 7, 3, 1, 1, Padding::valid});
    // More rows than the weight gradient packs at a time (at most 512): of one sample, and of many.
    for (Index dilation : {1, 2}) {
        add({2, 530, 3, 5, 3, 1, dilation, Padding::same});
        add({70, 9, 3, 5, 3, 1, dilation, Padding::same});
    }
    // Few outputs of many rows, for which lanes run over the weight rows of the gradient: with one tap and with
    // several.
    for (Index channels : {5, 6, 11, 16, 35})
        for (Index dilation : {1, 2}) add({2, 19, channels, 3, 3, 1, dilation, Padding::same});
    // More of x and y than stays in a second-level cache: a few samples at a time go through all columns and a part of
    // the gradient, the last ones fewer; of the second a part of the gradient is several samples.
    add({23, 304, 40, 33, 2, 1, 1, Padding::same});
    add({259, 11, 45, 51, 3, 1, 2, Padding::causal});
    // Several blocks of 32 packed columns, the last 16 or 32 wide.
    for (Index channels : {47, 48, 63, 64, 65, 97}) {
        add({1, 9, 3, channels, 3, 1, 1, Padding::same});
        add({1, 9, channels, 3, 3, 1, 1, Padding::same});
        add({1, 9, channels, 3, 3, 2, 2, Padding::same});
    }
    return grid;
}

inline std::vector<Dense> denses() {
    std::vector<Dense> grid;
    for (Index channels = 1; channels <= most_channels; ++channels) {
        grid.push_back({3, 5, channels});
        grid.push_back({3, channels, 5});
        grid.push_back({9, channels, channels});
    }
    for (Index rows = 1; rows <= 19; ++rows) grid.push_back({rows, 7, 11});
    grid.push_back({530, 7, 11});
    // Few outputs of many rows, as for the convolutions.
    for (Index channels = 1; channels <= most_channels; ++channels) grid.push_back({16, channels, 7});
    for (Index channels = 1; channels <= 11; ++channels) grid.push_back({17, 53, channels});
    grid.push_back({530, 37, 7});
    // Weights that are fetched for the columns that come next, and x of whose rows each lies in a page.
    grid.push_back({16, 1024, 130});
    for (Index channels : {47, 48, 63, 64, 65, 97}) {
        grid.push_back({2, 129, channels});
        grid.push_back({2, channels, 129});
    }
    return grid;
}

template <class Problem>
struct Workload {
    const char* name;
    const char* what;
    Problem problem;
};

/// Layers as they occur: one window in a control loop, mini-batches, and a sequence.
inline std::vector<Workload<Conv>> conv_workloads() {
    return {
        {"S1", "first layer, one window", {1, 32, 21, 64, 5, 1, 1, Padding::same}},
        {"S2", "second layer, one window", {1, 32, 64, 64, 3, 1, 1, Padding::same}},
        {"S3", "first layer, mini-batch", {64, 32, 21, 64, 5, 1, 1, Padding::same}},
        {"S4", "second layer, mini-batch", {64, 32, 64, 64, 3, 1, 1, Padding::same}},
        {"S5", "wide layer, large batch", {256, 64, 64, 128, 5, 1, 1, Padding::same}},
        {"S6", "along seven joints", {256, 7, 3, 32, 3, 1, 1, Padding::same}},
        {"S7", "dilated causal layer over chunks", {32, 128, 128, 128, 3, 1, 2, Padding::causal}},
    };
}

inline std::vector<Workload<Dense>> dense_workloads() {
    return {
        {"D1", "dense head, one window", {1, 1024, 128}},
        {"D2", "dense head, large batch", {256, 1024, 128}},
        {"D3", "torques of seven joints", {256, 64, 7}},
    };
}

}  // namespace shape_grid
