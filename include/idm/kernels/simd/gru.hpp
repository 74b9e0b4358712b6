#pragma once

#include <algorithm>

#include <idm/kernels/gru.hpp>
#include <idm/kernels/simd/activation.hpp>
#include <idm/kernels/simd/depthwise.hpp>

// What these compute is written out in reference/gru.hpp. Lanes over units; a rest in the same arithmetic.

IDM_NAMESPACE_BEGIN
namespace kernels::simd {

template <class Arch, class T>
void gru_forward(Index hidden, const T* product, const T* h, T* gates, T* y) {
    using Narrow = MathArch<Arch>;
    using B = Batch<T, Narrow>;
    for (Index u = 0; u < hidden; u += static_cast<Index>(B::size)) {
        const Index count = std::min(static_cast<Index>(B::size), hidden - u);
        const auto load = [&](const T* from) { return load_lanes<T, Narrow>(from + u, count); };
        const auto store = [&](const B& value, T* to) { store_lanes<T, Narrow>(value, to + u, count); };
        const B i[3] = {load(gates), load(gates + hidden), load(gates + 2 * hidden)};
        const B p[3] = {load(product), load(product + hidden), load(product + 2 * hidden)};
        const auto value = gru_value<Math<T, Narrow>>(i, p, load(h));
        store(value.r, gates);
        store(value.z, gates + hidden);
        store(value.n, gates + 2 * hidden);
        store(value.y, y);
    }
}

template <class Arch, class T>
void gru_backward(Index hidden, const T* h, const T* d_y, T* gates, T* product, T* d_h) {
    using Narrow = MathArch<Arch>;
    using B = Batch<T, Narrow>;
    for (Index u = 0; u < hidden; u += static_cast<Index>(B::size)) {
        const Index count = std::min(static_cast<Index>(B::size), hidden - u);
        const auto load = [&](const T* from) { return load_lanes<T, Narrow>(from + u, count); };
        const auto store = [&](const B& value, T* to) { store_lanes<T, Narrow>(value, to + u, count); };
        const B g[3] = {load(gates), load(gates + hidden), load(gates + 2 * hidden)};
        const auto slope = gru_slope<Math<T, Narrow>>(g, load(product + 2 * hidden), load(h), load(d_y) + load(d_h));
        store(slope.r, gates);
        store(slope.r, product);
        store(slope.z, gates + hidden);
        store(slope.z, product + hidden);
        store(slope.n, gates + 2 * hidden);
        store(slope.product_n, product + 2 * hidden);
        store(slope.h, d_h);
    }
}

}  // namespace kernels::simd
IDM_NAMESPACE_END
