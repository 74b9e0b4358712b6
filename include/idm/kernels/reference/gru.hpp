#pragma once

#include <idm/kernels/gru.hpp>
#include <idm/kernels/reference/activation.hpp>

IDM_NAMESPACE_BEGIN
namespace kernels::reference {

/// One step of `hidden` units: `gates` [3 hidden] holds i and becomes r, z, n; `product` [3 hidden] is the state's.
///
/// *Shapes*: h and y [hidden], y overwritten. See kernels/gru.hpp.
template <class T>
void gru_forward(Index hidden, const T* product, const T* h, T* gates, T* y) {
    for (Index u = 0; u < hidden; ++u) {
        const T i[3] = {gates[u], gates[hidden + u], gates[2 * hidden + u]};
        const T p[3] = {product[u], product[hidden + u], product[2 * hidden + u]};
        const auto value = gru_value<Math<T>>(i, p, h[u]);
        gates[u] = value.r;
        gates[hidden + u] = value.z;
        gates[2 * hidden + u] = value.n;
        y[u] = value.y;
    }
}

/// The gradient of `gru_forward`: `gates` becomes the gradient of i, `product` that of the state's product, and `d_h`,
/// which holds what later steps add to the gradient `d_y` of y, becomes that of h without what goes through the
/// product.
template <class T>
void gru_backward(Index hidden, const T* h, const T* d_y, T* gates, T* product, T* d_h) {
    for (Index u = 0; u < hidden; ++u) {
        const T g[3] = {gates[u], gates[hidden + u], gates[2 * hidden + u]};
        const auto slope = gru_slope<Math<T>>(g, product[2 * hidden + u], h[u], d_y[u] + d_h[u]);
        gates[u] = product[u] = slope.r;
        gates[hidden + u] = product[hidden + u] = slope.z;
        gates[2 * hidden + u] = slope.n;
        product[2 * hidden + u] = slope.product_n;
        d_h[u] = slope.h;
    }
}

}  // namespace kernels::reference
IDM_NAMESPACE_END
