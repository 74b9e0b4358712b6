#pragma once

#include <idm/kernels/select.hpp>

/// The kernels under one name each, so that one test can serve the specification and what the build has selected.

namespace test {

using namespace idm;

template <class T>
struct Reference {
    using Scalar = T;
    static constexpr auto conv1d_forward = kernels::reference::conv1d_forward<T>;
    static constexpr auto conv1d_backward_input_scratch = kernels::reference::conv1d_backward_input_scratch<T>;
    static constexpr auto conv1d_backward_input = kernels::reference::conv1d_backward_input<T>;
    static constexpr auto conv1d_transpose_weights = kernels::reference::conv1d_transpose_weights<T>;
    static constexpr auto conv1d_backward_input_transposed = kernels::reference::conv1d_backward_input_transposed<T>;
    static constexpr auto conv1d_backward_weights = kernels::reference::conv1d_backward_weights<T>;
    static constexpr auto dense_forward = kernels::reference::dense_forward<T>;
    static constexpr auto dense_backward_input_scratch = kernels::reference::dense_backward_input_scratch<T>;
    static constexpr auto dense_backward_input = kernels::reference::dense_backward_input<T>;
    static constexpr auto dense_transpose_weights = kernels::reference::dense_transpose_weights<T>;
    static constexpr auto dense_backward_input_transposed = kernels::reference::dense_backward_input_transposed<T>;
    static constexpr auto dense_backward_weights = kernels::reference::dense_backward_weights<T>;
    static constexpr auto depthwise_forward = kernels::reference::depthwise_forward<T>;
    static constexpr auto gru_forward = kernels::reference::gru_forward<T>;
    static constexpr auto layer_norm_forward = kernels::reference::layer_norm_forward<T>;
    static constexpr auto layer_norm_backward = kernels::reference::layer_norm_backward<T>;
    static constexpr auto average_pool_forward = kernels::reference::average_pool_forward<T>;
    static constexpr auto average_pool_backward = kernels::reference::average_pool_backward<T>;
    static constexpr auto max_pool_forward = kernels::reference::max_pool_forward<T>;
    static constexpr auto max_pool_backward = kernels::reference::max_pool_backward<T>;
    static constexpr auto gru_backward = kernels::reference::gru_backward<T>;
    static constexpr auto depthwise_backward_input = kernels::reference::depthwise_backward_input<T>;
    static constexpr auto depthwise_backward_weights = kernels::reference::depthwise_backward_weights<T>;
    template <class Function>
    static constexpr auto activation_forward = kernels::reference::activation_forward<T, Function>;
    template <class Function>
    static constexpr auto activation_backward = kernels::reference::activation_backward<T, Function>;
    static constexpr auto relu_forward = kernels::reference::relu_forward<T>;
    static constexpr auto relu_backward = kernels::reference::relu_backward<T>;
    static constexpr auto add_accumulate = kernels::reference::add_accumulate<T>;
    static constexpr auto squared_error = kernels::reference::squared_error<T>;
    static constexpr auto axpby = kernels::reference::axpby<T>;
    static constexpr auto sum_of_squares = kernels::reference::sum_of_squares<T>;
    static constexpr auto adam = kernels::reference::adam<T>;
    static constexpr auto sgd = kernels::reference::sgd<T>;
    static constexpr auto lion = kernels::reference::lion<T>;
};

template <class T>
struct Selected {
    using Scalar = T;
    static constexpr auto conv1d_forward = kernels::conv1d_forward<T>;
    static constexpr auto conv1d_backward_input_scratch = kernels::conv1d_backward_input_scratch<T>;
    static constexpr auto conv1d_backward_input = kernels::conv1d_backward_input<T>;
    static constexpr auto conv1d_transpose_weights = kernels::conv1d_transpose_weights<T>;
    static constexpr auto conv1d_backward_input_transposed = kernels::conv1d_backward_input_transposed<T>;
    static constexpr auto conv1d_backward_weights = kernels::conv1d_backward_weights<T>;
    static constexpr auto dense_forward = kernels::dense_forward<T>;
    static constexpr auto dense_backward_input_scratch = kernels::dense_backward_input_scratch<T>;
    static constexpr auto dense_backward_input = kernels::dense_backward_input<T>;
    static constexpr auto dense_transpose_weights = kernels::dense_transpose_weights<T>;
    static constexpr auto dense_backward_input_transposed = kernels::dense_backward_input_transposed<T>;
    static constexpr auto dense_backward_weights = kernels::dense_backward_weights<T>;
    static constexpr auto depthwise_forward = kernels::depthwise_forward<T>;
    static constexpr auto gru_forward = kernels::gru_forward<T>;
    static constexpr auto layer_norm_forward = kernels::layer_norm_forward<T>;
    static constexpr auto layer_norm_backward = kernels::layer_norm_backward<T>;
    static constexpr auto average_pool_forward = kernels::average_pool_forward<T>;
    static constexpr auto average_pool_backward = kernels::average_pool_backward<T>;
    static constexpr auto max_pool_forward = kernels::max_pool_forward<T>;
    static constexpr auto max_pool_backward = kernels::max_pool_backward<T>;
    static constexpr auto gru_backward = kernels::gru_backward<T>;
    static constexpr auto depthwise_backward_input = kernels::depthwise_backward_input<T>;
    static constexpr auto depthwise_backward_weights = kernels::depthwise_backward_weights<T>;
    template <class Function>
    static constexpr auto activation_forward = kernels::activation_forward<T, Function>;
    template <class Function>
    static constexpr auto activation_backward = kernels::activation_backward<T, Function>;
    static constexpr auto relu_forward = kernels::relu_forward<T>;
    static constexpr auto relu_backward = kernels::relu_backward<T>;
    static constexpr auto add_accumulate = kernels::add_accumulate<T>;
    static constexpr auto squared_error = kernels::squared_error<T>;
    static constexpr auto axpby = kernels::axpby<T>;
    static constexpr auto sum_of_squares = kernels::sum_of_squares<T>;
    static constexpr auto adam = kernels::adam<T>;
    static constexpr auto sgd = kernels::sgd<T>;
    static constexpr auto lion = kernels::lion<T>;
};

}  // namespace test
