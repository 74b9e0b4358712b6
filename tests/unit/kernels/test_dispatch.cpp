// The kernels by idm::dispatch's table beside those compiled here, for the same instruction set: the same bits.

#include "support/catch.hpp"

#if defined(IDM_TEST_HAS_DISPATCH) && !defined(IDM_NO_SIMD)

#include <cstdlib>
#include <string>
#include <vector>

#include <idm/kernels/dispatch.hpp>

#include "implementations.hpp"
#include "problems.hpp"

using namespace test;
using kernels::Epilogue;

namespace {

template <class T>
struct Dispatched {
    using Scalar = T;
    static constexpr auto conv1d_forward = kernels::dispatch::conv1d_forward<T>;
    static constexpr auto conv1d_transpose_weights = kernels::dispatch::conv1d_transpose_weights<T>;
    static constexpr auto conv1d_backward_input_transposed = kernels::dispatch::conv1d_backward_input_transposed<T>;
    static constexpr auto conv1d_backward_weights = kernels::dispatch::conv1d_backward_weights<T>;
    static constexpr auto dense_forward = kernels::dispatch::dense_forward<T>;
    static constexpr auto dense_transpose_weights = kernels::dispatch::dense_transpose_weights<T>;
    static constexpr auto dense_backward_input_transposed = kernels::dispatch::dense_backward_input_transposed<T>;
    static constexpr auto dense_backward_weights = kernels::dispatch::dense_backward_weights<T>;
    static constexpr auto depthwise_forward = kernels::dispatch::depthwise_forward<T>;
    static constexpr auto gru_forward = kernels::dispatch::gru_forward<T>;
    static constexpr auto layer_norm_forward = kernels::dispatch::layer_norm_forward<T>;
    static constexpr auto layer_norm_backward = kernels::dispatch::layer_norm_backward<T>;
    static constexpr auto average_pool_forward = kernels::dispatch::average_pool_forward<T>;
    static constexpr auto average_pool_backward = kernels::dispatch::average_pool_backward<T>;
    static constexpr auto max_pool_forward = kernels::dispatch::max_pool_forward<T>;
    static constexpr auto max_pool_backward = kernels::dispatch::max_pool_backward<T>;
    static constexpr auto gru_backward = kernels::dispatch::gru_backward<T>;
    static constexpr auto depthwise_backward_input = kernels::dispatch::depthwise_backward_input<T>;
    static constexpr auto depthwise_backward_weights = kernels::dispatch::depthwise_backward_weights<T>;
    template <class Function>
    static constexpr auto activation_forward = kernels::dispatch::activation_forward<T, Function>;
    template <class Function>
    static constexpr auto activation_backward = kernels::dispatch::activation_backward<T, Function>;
    static constexpr auto relu_forward = kernels::dispatch::relu_forward<T>;
    static constexpr auto relu_backward = kernels::dispatch::relu_backward<T>;
    static constexpr auto add_accumulate = kernels::dispatch::add_accumulate<T>;
    static constexpr auto squared_error = kernels::dispatch::squared_error<T>;
    static constexpr auto axpby = kernels::dispatch::axpby<T>;
    static constexpr auto sum_of_squares = kernels::dispatch::sum_of_squares<T>;
    static constexpr auto adam = kernels::dispatch::adam<T>;
    static constexpr auto sgd = kernels::dispatch::sgd<T>;
    static constexpr auto lion = kernels::dispatch::lion<T>;
};

/// Whether the kernels of this file's instruction set are among the dispatched ones; asked first, it chooses them.
bool chosen_here() {
    setenv("IDM_MAX_SIMD", IDM_ISA_NAME, 1);
    return kernels::dispatch::border::chosen().name == std::string(IDM_ISA_NAME);
}

template <class K, class T>
std::vector<Guarded<T>> passes_of(const ConvProblem<T>& p) {
    auto y = p.output(), rectified = p.output(), d_x = p.input_gradient();
    auto transposed = guarded_line<T>(kernels::conv1d_backward_input_scratch<T>(p.s));
    auto d = p.weights.guarded();
    forward<K>(p, y, Epilogue::none);
    forward<K>(p, rectified, Epilogue::relu);
    transpose_weights<K>(p, transposed);
    backward_input_transposed<K>(p, transposed, d_x);
    backward_weights<K>(p, d);
    auto stored = p.weights.guarded();
    backward_weights<K>(p, stored, false);
    return {y, rectified, transposed, d_x, d.w, d.b, stored.w, stored.b};
}
template <class K, class T>
std::vector<Guarded<T>> passes_of(const DenseProblem<T>& p) {
    auto y = p.output(), rectified = p.output(), d_x = p.input_gradient();
    auto transposed = guarded_line<T>(kernels::dense_backward_input_scratch<T>(p.s));
    auto d = p.weights.guarded();
    forward<K>(p, y, Epilogue::none);
    forward<K>(p, rectified, Epilogue::relu);
    transpose_weights<K>(p, transposed);
    backward_input_transposed<K>(p, transposed, d_x);
    backward_weights<K>(p, d);
    auto stored = p.weights.guarded();
    backward_weights<K>(p, stored, false);
    return {y, rectified, transposed, d_x, d.w, d.b, stored.w, stored.b};
}

/// A depthwise convolution with padding, and its gradients.
template <class K, class T>
std::vector<Guarded<T>> depthwise_of(Index channels) {
    const kernels::ConvShape s{.samples = 2,
                               .in_length = 9,
                               .in_channels = channels,
                               .out_length = 9,
                               .out_channels = channels,
                               .kernel = 3,
                               .pad_left = 1,
                               .x_sample_stride = 11 * channels,
                               .y_sample_stride = 11 * channels};
    auto x = guarded_uniform<T>(23 * channels, 1), d_y = guarded_uniform<T>(23 * channels, 2),
         w = guarded_uniform<T>(kernels::packed_weight_size(3, channels), 3),
         b = guarded_uniform<T>(kernels::packed_columns(channels), 4), d_w = w, d_b = b;
    auto y = guarded_line<T>(23 * channels), d_x = y;
    K::depthwise_forward(s, x.data() + channels, w.data(), b.data(), y.data(), Epilogue::relu);
    K::depthwise_backward_input(s, d_y.data() + channels, w.data(), d_x.data());
    K::depthwise_backward_weights(s, x.data() + channels, d_y.data() + channels, d_w.data(), d_b.data(), true);
    auto stored_w = w, stored_b = b;
    K::depthwise_backward_weights(s, x.data() + channels, d_y.data() + channels, stored_w.data(), stored_b.data(),
                                  false);
    return {y, d_x, d_w, d_b, stored_w, stored_b};
}

/// Pools, layer norm and one step of a GRU over that many channels.
template <class K, class T>
std::vector<Guarded<T>> over_channels(Index n) {
    const kernels::PoolShape s{7, n, 3, 3, 2};
    const auto x = guarded_uniform<T>(7 * n, 1), d_y = guarded_uniform<T>(7 * n, 2);
    auto average = guarded_line<T>(7 * n), d_average = average, largest = average, d_largest = average, norm = average,
         d_norm = average, y = guarded_line<T>(n), gates = x, product = d_y, d_h = guarded_uniform<T>(n, 3);
    K::average_pool_forward(s, x.data(), average.data());
    K::average_pool_backward(s, d_y.data(), d_average.data());
    K::max_pool_forward(s, x.data(), largest.data());
    K::max_pool_backward(s, x.data(), d_y.data(), d_largest.data());
    K::layer_norm_forward(7, n, T(1e-5), x.data(), norm.data());
    K::layer_norm_backward(7, n, T(1e-5), x.data(), d_y.data(), d_norm.data());
    K::gru_forward(n, d_y.data(), x.data() + 6 * n, gates.data(), y.data());
    K::gru_backward(n, x.data() + 6 * n, d_y.data() + 6 * n, gates.data(), product.data(), d_h.data());
    return {average, d_average, largest, d_largest, norm, d_norm, gates, y, product, d_h};
}

template <class K, class F, class T>
void add_activation(const F& f, const Guarded<T>& x, const Guarded<T>& d_y, std::vector<Guarded<T>>& to) {
    auto y = guarded_line<T>(x.run()), d_x = y;
    K::template activation_forward<F>(f, x.run(), x.data(), y.data());
    K::template activation_backward<F>(f, x.run(), F::from_output ? y.data() : x.data(), d_y.data(), d_x.data());
    to.push_back(y);
    to.push_back(d_x);
}

template <class K, class T>
std::vector<Guarded<T>> activations_of(Index n) {
    const auto x = guarded_uniform<T>(n, 1), d_y = guarded_uniform<T>(n, 2);
    std::vector<Guarded<T>> all;
    add_activation<K>(kernels::LeakyReLU{0.25}, x, d_y, all);
    add_activation<K>(kernels::ELU{1.5}, x, d_y, all);
    add_activation<K>(kernels::Tanh(), x, d_y, all);
    add_activation<K>(kernels::Sigmoid(), x, d_y, all);
    add_activation<K>(kernels::Softplus(), x, d_y, all);
    add_activation<K>(kernels::SiLU(), x, d_y, all);
    add_activation<K>(kernels::GELU(), x, d_y, all);
    return all;
}

template <class K, class T>
std::vector<Guarded<T>> number_by_number(Index n) {
    const auto x = guarded_uniform<T>(n, 1), d_y = guarded_uniform<T>(n, 2);
    auto rectified = guarded_line<T>(n), d_x = rectified, sum = d_y, error = rectified, sums = guarded_line<T>(2);
    auto w = guarded_uniform<T>(n, 3), m = guarded_uniform<T>(n, 4), v = guarded_line<T>(n);
    v.fill(T(0.5));
    K::relu_forward(n, x.data(), rectified.data());
    K::relu_backward(n, rectified.data(), d_y.data(), d_x.data());
    K::add_accumulate(n, x.data(), sum.data());
    K::axpby(n, T(0.3), x.data(), T(0.7), sum.data());
    sums.at(0, 0) = K::sum_of_squares(n, x.data());
    sums.at(0, 1) = K::squared_error(n, x.data(), d_y.data(), T(0.3), error.data());
    const kernels::AdamStep<T> adam{T(0.9), T(0.8), T(0.1), T(0.2), T(0.01), T(1.5), T(1e-3), T(0.7)};
    K::adam(n, adam, x.data(), m.data(), v.data(), w.data());
    for (const bool nesterov : {false, true})
        K::sgd(n, {.momentum = T(0.9), .decay = T(0.1), .rate = T(0.03), .nesterov = nesterov}, x.data(), m.data(),
               w.data());
    K::lion(n, {T(0.9), T(0.8), T(0.1), T(0.2), T(0.02), T(0.6)}, x.data(), m.data(), w.data());
    return {rectified, d_x, sum, error, sums, m, v, w};
}

template <class T>
void check_same(const std::vector<Guarded<T>>& a, const std::vector<Guarded<T>>& b) {
    REQUIRE(a.size() == b.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
        INFO(i);
        CHECK(difference_in_bits(a[i], b[i]) == "");
        CHECK(a[i].is_untouched_outside() == b[i].is_untouched_outside());
    }
}

}  // namespace

TEST_CASE("the widest dispatched kernels are chosen, or those that IDM_MAX_SIMD names", "[dispatch]") {
    namespace border = kernels::dispatch::border;
    REQUIRE(border::runnable(0));
    CHECK(border::runnable(0)->name == std::string("sse2"));
    CHECK(border::runnable(0)->floats == 4);
    CHECK(border::runnable(0)->doubles == 2);
    CHECK_FALSE(border::runnable(-1));
    CHECK_FALSE(border::runnable(3));
    bool runs = false;
    for (int i = 0; border::runnable(i); ++i) runs = runs || border::runnable(i)->name == std::string(IDM_ISA_NAME);
    CHECK(chosen_here() == runs);
}

TEMPLATE_TEST_CASE("dispatched convolution and dense kernels give the same bits", "[dispatch]", float, double) {
    using T = TestType;
    if (!chosen_here()) return;
    for (const auto& shape : shape_grid::convolutions()) {
        INFO(shape.describe());
        const ConvProblem<T> p(shape);
        check_same(passes_of<Dispatched<T>>(p), passes_of<Selected<T>>(p));
    }
    for (const auto& shape : shape_grid::denses()) {
        INFO(shape.describe());
        const DenseProblem<T> p(shape);
        check_same(passes_of<Dispatched<T>>(p), passes_of<Selected<T>>(p));
    }
}

TEMPLATE_TEST_CASE("the other dispatched kernels give the same bits", "[dispatch]", float, double) {
    using T = TestType;
    if (!chosen_here()) return;
    for (Index n = 1; n <= most_numbers; ++n) {
        INFO(n);
        check_same(depthwise_of<Dispatched<T>, T>(n), depthwise_of<Selected<T>, T>(n));
        check_same(over_channels<Dispatched<T>, T>(n), over_channels<Selected<T>, T>(n));
        check_same(activations_of<Dispatched<T>, T>(n), activations_of<Selected<T>, T>(n));
        check_same(number_by_number<Dispatched<T>, T>(n), number_by_number<Selected<T>, T>(n));
    }
}

TEST_CASE("dispatched kernels with weights in bf16 give the same bits", "[dispatch]") {
    if (!chosen_here()) return;
    for (Index columns : {1, 16, 17, 33}) {
        const kernels::DenseShape s{3, 5, columns, 5, columns};
        const kernels::ConvShape c{.samples = 3,
                                   .in_length = 1,
                                   .in_channels = 5,
                                   .out_length = 1,
                                   .out_channels = columns,
                                   .x_sample_stride = 5,
                                   .y_sample_stride = columns};
        const auto x = guarded_uniform<float>(15, 1), b = guarded_uniform<float>(64, 2),
                   w = guarded_uniform<float>(kernels::packed_weight_size(5, columns), 3);
        auto words = guarded_line<float>(kernels::bf16_words(5, columns));
        kernels::pack_bf16(5, columns, w.data(), words.data());
        const kernels::Bf16Pairs pairs{words.data()};
        auto y = guarded_line<float>(3 * columns), expected = y, conv = y, expected_conv = y;
        kernels::dispatch::dense_forward_bf16(s, x.data(), pairs, b.data(), y.data(), Epilogue::relu);
        kernels::dense_forward_bf16(s, x.data(), pairs, b.data(), expected.data(), Epilogue::relu);
        kernels::dispatch::conv1d_forward_bf16(c, x.data(), pairs, b.data(), conv.data(), Epilogue::none);
        kernels::conv1d_forward_bf16(c, x.data(), pairs, b.data(), expected_conv.data(), Epilogue::none);
        check_same<float>({y, conv}, {expected, expected_conv});
    }
}

#endif
