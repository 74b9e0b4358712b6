#pragma once

#include <idm/kernels/activation.hpp>

IDM_NAMESPACE_BEGIN
namespace kernels {

// One step of a gated recurrent unit between its two products, once for scalars and vectors (`M` as in activation.hpp):
//
//     r = sigmoid(i_r + h_r),  z = sigmoid(i_z + h_z),  n = tanh(i_n + r h_n),  y = (1 - z) n + z h
//
// where i = W_i x + b_i, h_. = W_h h + b_h, and h is the state before, y the state after.

/// The gates of some units and their new state.
template <class V>
struct GruValue {
    V r, z, n, y;
};
template <class M>
GruValue<typename M::V> gru_value(const typename M::V (&i)[3], const typename M::V (&product)[3],
                                  const typename M::V& h) {
    using V = typename M::V;
    const V r = Sigmoid().value<M>(i[0] + product[0]), z = Sigmoid().value<M>(i[1] + product[1]);
    const V n = Tanh().value<M>(i[2] + r * product[2]);
    return {r, z, n, n + z * (h - n)};
}

/// The gradients of what a step adds up: of i (r, z, n), of the state's product for n (for r and z they are i's), and
/// of h without what goes through the product.
template <class V>
struct GruSlope {
    V r, z, n, product_n, h;
};
template <class M>
GruSlope<typename M::V> gru_slope(const typename M::V (&gates)[3], const typename M::V& product_n,
                                  const typename M::V& h, const typename M::V& d_y) {
    using V = typename M::V;
    const V &r = gates[0], &z = gates[1], &n = gates[2];
    const V d_n = d_y * (M::number(1) - z) * Tanh().slope<M>(n);
    return {d_n * product_n * Sigmoid().slope<M>(r), d_y * (h - n) * Sigmoid().slope<M>(z), d_n, d_n * r, d_y * z};
}

}  // namespace kernels
IDM_NAMESPACE_END
