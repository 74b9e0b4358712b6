// Values worked out by hand, for the reference and for what the build has selected.

#include <array>
#include <initializer_list>
#include <vector>

#include "implementations.hpp"
#include "support/catch.hpp"

using namespace test;
using kernels::Epilogue;

namespace {

/// Packs a weight that is given row by row.
template <class T>
std::vector<T> pack(Index rows, Index columns, const std::vector<double>& values) {
    std::vector<T> packed(static_cast<std::size_t>(kernels::packed_weight_size(rows, columns)));
    Index i = 0;
    for (double value : values) {
        packed[static_cast<std::size_t>(kernels::packed_offset(rows, columns, i / columns, i % columns))] =
            static_cast<T>(value);
        ++i;
    }
    return packed;
}

template <class T>
std::vector<T> numbers(std::initializer_list<double> values) {
    std::vector<T> result;
    for (double value : values) result.push_back(static_cast<T>(value));
    return result;
}

/// Rows with zero rows of the same width around them, as the kernels want them.
template <class T>
struct Haloed {
    Index before;
    std::vector<T> memory;
    Haloed(Index columns, Index rows_before, Index rows_behind, std::initializer_list<double> values)
        : before(rows_before * columns),
          memory(static_cast<std::size_t>(before + rows_behind * columns) + values.size()) {
        Index i = before;
        for (double value : values) memory[static_cast<std::size_t>(i++)] = static_cast<T>(value);
    }
    const T* data() const { return memory.data() + before; }
};

/// [2 channels] -> [2 channels], two taps, causal: y[l] = b + x[l - 1] w[0] + x[l] w[1].
///
///     w[0] = | 1 2 |   w[1] = | 2  0 |
///            |-1 3 |          | 1 -2 |
kernels::ConvShape causal_shape() {
    kernels::ConvShape s;
    s.samples = 1;
    s.in_length = s.out_length = 4;
    s.in_channels = s.out_channels = 2;
    s.kernel = 2;
    s.pad_left = 1;
    s.x_sample_stride = s.y_sample_stride = 8;
    return s;
}

/// One channel, two taps two apart, every other output: y[l] = b + 3 x[2 l - 1] - x[2 l + 1].
kernels::ConvShape strided_shape() {
    kernels::ConvShape s;
    s.samples = 1;
    s.in_length = 6;
    s.out_length = 3;
    s.in_channels = s.out_channels = 1;
    s.kernel = s.stride = s.dilation = 2;
    s.pad_left = 1;
    s.x_sample_stride = 6;
    s.y_sample_stride = 3;
    return s;
}

}  // namespace

#define EACH_KERNEL Reference<float>, Reference<double>, Selected<float>, Selected<double>

TEMPLATE_TEST_CASE("causal convolution by hand", "[by_hand]", EACH_KERNEL) {
    using T = typename TestType::Scalar;
    const auto s = causal_shape();
    const Haloed<T> x(2, 1, 0, {1, 2, 3, -1, 0, 4, 2, 1}), d_y(2, 0, 1, {1, 0, 0, 1, 2, -1, -1, 3});
    const auto w = pack<T>(4, 2, {1, 2, -1, 3, 2, 0, 1, -2});

    auto b = pack<T>(1, 2, {10, 20});
    std::vector<T> y(8);
    TestType::conv1d_forward(s, x.data(), w.data(), b.data(), y.data(), Epilogue::none);
    CHECK(y == numbers<T>({14, 16, 14, 30, 18, 15, 11, 30}));
    b = pack<T>(1, 2, {0, 0});
    TestType::conv1d_forward(s, x.data(), w.data(), b.data(), y.data(), Epilogue::relu);
    CHECK(y == numbers<T>({4, 0, 4, 10, 8, 0, 1, 10}));
    TestType::conv1d_forward(s, x.data(), w.data(), nullptr, y.data(), Epilogue::none);
    CHECK(y == numbers<T>({4, -4, 4, 10, 8, -5, 1, 10}));

    std::vector<T> d_x(8), scratch(static_cast<std::size_t>(TestType::conv1d_backward_input_scratch(s)));
    TestType::conv1d_backward_input(s, d_y.data(), w.data(), d_x.data(), scratch.data());
    CHECK(d_x == numbers<T>({4, 4, 0, -7, 9, 14, -2, -7}));

    auto d_w = pack<T>(4, 2, {100, 0, 0, 0, 0, 0, 0, 200}), d_b = pack<T>(1, 2, {1000, 2000});
    TestType::conv1d_backward_weights(s, x.data(), d_y.data(), d_w.data(), d_b.data(), true);
    CHECK(d_w == pack<T>(4, 2, {106, -2, -6, 15, -1, 9, 9, 198}));
    CHECK(d_b == pack<T>(1, 2, {1002, 2003}));
    TestType::conv1d_backward_weights(s, x.data(), d_y.data(), d_w.data(), d_b.data(), false);
    CHECK(d_w == pack<T>(4, 2, {6, -2, -6, 15, -1, 9, 9, -2}));
    CHECK(d_b == pack<T>(1, 2, {2, 3}));
}

TEMPLATE_TEST_CASE("convolution with stride and dilation by hand", "[by_hand]", EACH_KERNEL) {
    using T = typename TestType::Scalar;
    const auto s = strided_shape();
    const Haloed<T> x(1, 1, 0, {1, -2, 3, 4, 0, 5}), d_y(1, 0, 0, {1, 2, -1});
    const auto w = pack<T>(2, 1, {3, -1}), b = pack<T>(1, 1, {0.5});
    std::vector<T> y(3);
    TestType::conv1d_forward(s, x.data(), w.data(), b.data(), y.data(), Epilogue::none);
    CHECK(y == numbers<T>({2.5, -9.5, 7.5}));

    std::vector<T> d_x(6), scratch(static_cast<std::size_t>(TestType::conv1d_backward_input_scratch(s)));
    TestType::conv1d_backward_input(s, d_y.data(), w.data(), d_x.data(), scratch.data());
    CHECK(d_x == numbers<T>({0, 5, 0, -5, 0, 1}));

    auto d_w = pack<T>(2, 1, {0, 0}), d_b = pack<T>(1, 1, {0});
    TestType::conv1d_backward_weights(s, x.data(), d_y.data(), d_w.data(), d_b.data(), true);
    CHECK(d_w == pack<T>(2, 1, {-8, 1}));
    CHECK(d_b == pack<T>(1, 1, {2}));
}

TEMPLATE_TEST_CASE("dense by hand", "[by_hand]", EACH_KERNEL) {
    using T = typename TestType::Scalar;
    const kernels::DenseShape s{2, 2, 3, 2, 3};
    const auto x = numbers<T>({1, 2, -3, 4}), d_y = numbers<T>({1, 0, -1, 2, 3, 0});
    const auto w = pack<T>(2, 3, {1, 2, 3, -4, 5, 6}), b = pack<T>(1, 3, {0.5, -20, 0});
    std::vector<T> y(6);
    TestType::dense_forward(s, x.data(), w.data(), b.data(), y.data(), Epilogue::none);
    CHECK(y == numbers<T>({-6.5, -8, 15, -18.5, -6, 15}));
    TestType::dense_forward(s, x.data(), w.data(), b.data(), y.data(), Epilogue::relu);
    CHECK(y == numbers<T>({0, 0, 15, 0, 0, 15}));

    std::vector<T> d_x(4), scratch(static_cast<std::size_t>(TestType::dense_backward_input_scratch(s)));
    TestType::dense_backward_input(s, d_y.data(), w.data(), d_x.data(), scratch.data());
    CHECK(d_x == numbers<T>({-2, -10, 8, 7}));

    auto d_w = pack<T>(2, 3, {10, 0, 0, 0, 0, 0}), d_b = pack<T>(1, 3, {0, 0, 7});
    TestType::dense_backward_weights(s, x.data(), d_y.data(), d_w.data(), d_b.data(), true);
    CHECK(d_w == pack<T>(2, 3, {5, -9, -1, 10, 12, -2}));
    CHECK(d_b == pack<T>(1, 3, {3, 3, 6}));
    TestType::dense_backward_weights(s, x.data(), d_y.data(), d_w.data(), d_b.data(), false);
    CHECK(d_w == pack<T>(2, 3, {-5, -9, -1, 10, 12, -2}));
    CHECK(d_b == pack<T>(1, 3, {3, 3, -1}));
}

// 16 samples x = (1, ..., 16) times the row's number 1 .. 18, of d_y = 1 and -2: sums of 136 and -272 times that
// number.
TEMPLATE_TEST_CASE("the weight gradient of a few outputs by hand", "[by_hand]", EACH_KERNEL) {
    using T = typename TestType::Scalar;
    const kernels::DenseShape s{16, 18, 2, 18, 2};
    std::vector<T> x, d_y;
    std::vector<double> expected;
    for (int n = 1; n <= 16; ++n) {
        for (int row = 1; row <= 18; ++row) x.push_back(static_cast<T>(n * row));
        d_y.insert(d_y.end(), {T(1), T(-2)});
    }
    for (int row = 1; row <= 18; ++row) expected.insert(expected.end(), {1 + 136.0 * row, 1 - 272.0 * row});
    auto d_w = pack<T>(18, 2, std::vector<double>(36, 1)), d_b = pack<T>(1, 2, {5, 0});
    TestType::dense_backward_weights(s, x.data(), d_y.data(), d_w.data(), d_b.data(), true);
    CHECK(d_w == pack<T>(18, 2, expected));
    CHECK(d_b == pack<T>(1, 2, {21, -32}));
    TestType::dense_backward_weights({0, 18, 2, 18, 2}, x.data(), d_y.data(), d_w.data(), d_b.data(), false);
    CHECK(d_w == pack<T>(18, 2, std::vector<double>(36, 0)));
    CHECK(d_b == pack<T>(1, 2, {0, 0}));
}

TEMPLATE_TEST_CASE("elementwise kernels by hand", "[by_hand]", EACH_KERNEL) {
    using T = typename TestType::Scalar;
    const auto x = numbers<T>({-1, 0, 2, -0.5, 3}), d_y = numbers<T>({10, 20, 30, 40, 50});
    std::vector<T> y(5), d_x(5);
    TestType::relu_forward(5, x.data(), y.data());
    CHECK(y == numbers<T>({0, 0, 2, 0, 3}));
    TestType::relu_backward(5, y.data(), d_y.data(), d_x.data());
    CHECK(d_x == numbers<T>({0, 0, 30, 0, 50}));
    TestType::add_accumulate(5, x.data(), d_x.data());
    CHECK(d_x == numbers<T>({-1, 0, 32, -0.5, 53}));
    auto moved = numbers<T>({4, 0, -2});
    TestType::axpby(3, T(0.5), d_x.data(), T(2), moved.data());
    CHECK(moved == numbers<T>({7.5, 0, 12}));

    const auto prediction = numbers<T>({1, 2, 4}), target = numbers<T>({0, 4, 1});
    std::vector<T> d_prediction(3);
    CHECK(TestType::squared_error(3, prediction.data(), target.data(), T(0.25), d_prediction.data()) == T(14));
    CHECK(d_prediction == numbers<T>({0.5, -1, 1.5}));
    CHECK(TestType::sum_of_squares(3, prediction.data()) == T(21));
}

// m = 4 / 2 + 2 / 2 = 3, v = 20 * 3/4 + 4 / 4 = 16, w = 3/4 * 8 - 1/2 * 3 / (4 * 1/2 + 1) = 5.5
TEMPLATE_TEST_CASE("an Adam step by hand", "[by_hand]", EACH_KERNEL) {
    using T = typename TestType::Scalar;
    const kernels::AdamStep<T> step{T(0.5), T(0.75), T(0.5), T(0.25), T(0.5), T(0.5), T(1), T(0.75)};
    std::vector<T> g(35, T(2)), m(35, T(4)), v(35, T(20)), w(35, T(8));
    TestType::adam(35, step, g.data(), m.data(), v.data(), w.data());
    CHECK(m == std::vector<T>(35, T(3)));
    CHECK(v == std::vector<T>(35, T(16)));
    CHECK(w == std::vector<T>(35, T(5.5)));
}
