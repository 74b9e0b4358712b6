#pragma once

#include <algorithm>
#include <vector>

#include <idm/core/parallel.hpp>
#include <idm/layers/contract.hpp>

IDM_NAMESPACE_BEGIN
namespace detail {

/// Multiply-adds of a forward pass over one sample: a parameter meets every step of its layer's output once. Layers
/// without parameters are not counted.
template <class Net>
Index multiply_adds(const Net& network) {
    std::vector<LayerRow> rows;
    describe_layer(network.layers(), network.input_shape(), 0, rows);
    Index total = 0;
    for (const LayerRow& row : rows) total += row.length * row.parameters;
    return total;
}

/// Threads, of `threads` (0: all), that `work` multiply-adds in so many pieces keep busy for longer than it takes to
/// start them and to wait for them.
inline int useful_threads(Index work, int threads, Index pieces) {
    // Measured for training steps, whose threads are awake already; a prediction also starts them, once for many rows.
    // A small Cnn1's step of half a million multiply-adds takes 50 us on one thread and 32 on two (AVX-512), of which
    // about 3 go to waiting while all are awake; where one has to be woken, a smaller step would lose more than it
    // gains.
    constexpr Index share = 500'000;
    const Index most = std::min<Index>(threads > 0 ? threads : default_threads(), pieces);
    return static_cast<int>(std::max<Index>(1, std::min(work / share, most)));
}

}  // namespace detail
IDM_NAMESPACE_END
