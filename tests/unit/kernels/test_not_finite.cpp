// NaN and infinity reach the outputs that depend on them, and no others.

#include <cmath>
#include <limits>

#include "problems.hpp"
#include "support/catch.hpp"

using namespace test;
using kernels::Epilogue;

namespace {

/// 17 columns: a vector with one column in it, the others pad. Output l reads inputs l - 2 to l.
constexpr shape_grid::Conv causal{2, 9, 5, 17, 3, 1, 1, shape_grid::Padding::causal};

}  // namespace

TEMPLATE_TEST_CASE("forward: a NaN reaches the outputs in reach and stays NaN through ReLU", "[not_finite]",
                   Reference<float>, Reference<double>, Selected<float>, Selected<double>) {
    using T = typename TestType::Scalar;
    ConvProblem<T> p(causal);
    auto clean = p.output(), y = p.output();
    forward<TestType>(p, clean, Epilogue::relu);
    p.x.at(1, 4 * 5 + 2) = std::numeric_limits<T>::quiet_NaN();
    forward<TestType>(p, y, Epilogue::relu);
    for (Index n = 0; n < 2; ++n)
        for (Index l = 0; l < 9; ++l)
            for (Index o = 0; o < 17; ++o) {
                const T value = y.at(n, l * 17 + o);
                if (n == 1 && l >= 4 && l <= 6)
                    CHECK(std::isnan(value));
                else
                    CHECK(bits(value) == bits(clean.at(n, l * 17 + o)));
            }
    CHECK(y.is_untouched_outside());
}

TEMPLATE_TEST_CASE("forward: infinity keeps its sign, and ReLU passes the positive one", "[not_finite]",
                   Reference<float>, Reference<double>, Selected<float>, Selected<double>) {
    using T = typename TestType::Scalar;
    const T infinity = std::numeric_limits<T>::infinity();
    ConvProblem<T> p(causal);
    p.weights.w.fill(T(1));
    zero_pads(p.weights.w, p.weights.rows, p.weights.columns);
    auto y = p.output();
    p.x.at(0, 3 * 5) = infinity;
    p.x.at(1, 3 * 5) = -infinity;
    forward<TestType>(p, y, Epilogue::none);
    CHECK(y.at(0, 4 * 17 + 16) == infinity);
    CHECK(y.at(1, 4 * 17 + 16) == -infinity);
    forward<TestType>(p, y, Epilogue::relu);
    CHECK(y.at(0, 4 * 17 + 16) == infinity);
    CHECK(y.at(1, 4 * 17 + 16) == T(0));
}

TEMPLATE_TEST_CASE("backward_input: a NaN reaches the inputs that its output read", "[not_finite]", Reference<float>,
                   Reference<double>, Selected<float>, Selected<double>) {
    using T = typename TestType::Scalar;
    for (Index stride : {1, 2}) {
        auto shape = causal;
        shape.stride = stride;
        ConvProblem<T> p(shape);
        auto d_x = p.input_gradient();
        auto work = scratch<TestType>(p);
        p.d_y.at(1, 3 * 17 + 16) = std::numeric_limits<T>::quiet_NaN();
        backward_input<TestType>(p, d_x, work);
        for (Index n = 0; n < 2; ++n)
            for (Index i = 0; i < 9; ++i)
                for (Index c = 0; c < 5; ++c)
                    CHECK(std::isnan(d_x.at(n, i * 5 + c)) == (n == 1 && i >= 3 * stride - 2 && i <= 3 * stride));
    }
}

TEMPLATE_TEST_CASE("backward_weights: what is not finite never enters pad columns", "[not_finite]", Reference<float>,
                   Reference<double>, Selected<float>, Selected<double>) {
    using T = typename TestType::Scalar;
    for (T value : {std::numeric_limits<T>::quiet_NaN(), std::numeric_limits<T>::infinity()}) {
        ConvProblem<T> p(causal);
        p.x.at(0, 3 * 5) = value;
        auto d = p.weights.guarded();
        backward_weights<TestType>(p, d);
        CHECK(!std::isfinite(d.w.at(0, kernels::packed_offset(15, 17, 0, 16))));
        CHECK(std::isfinite(d.w.at(0, kernels::packed_offset(15, 17, 1, 16))));
        CHECK(pads_are_zero(d.w, d.rows, d.columns));
        CHECK(pads_are_zero(d.b, 1, d.columns));

        p = ConvProblem<T>(causal);
        p.d_y.at(0, 3 * 17 + 16) = value;
        d = p.weights.guarded();
        backward_weights<TestType>(p, d);
        CHECK(!std::isfinite(d.b.at(0, 16)));
        CHECK(std::isfinite(d.b.at(0, 15)));
        CHECK(pads_are_zero(d.w, d.rows, d.columns));
        CHECK(pads_are_zero(d.b, 1, d.columns));
    }
}

TEMPLATE_TEST_CASE("elementwise: NaN passes in whole vectors and in the rest", "[not_finite]", Reference<float>,
                   Reference<double>, Selected<float>, Selected<double>) {
    using T = typename TestType::Scalar;
    const T nan = std::numeric_limits<T>::quiet_NaN();
    for (Index place : {0, 16, 32}) {  // 33 numbers: 32 fill whole vectors on every instruction set, 1 is left
        auto x = line<T>(33), y = guarded_line<T>(33), other = line<T>(33);
        x.fill(T(1));
        other.fill(T(1));
        x.at(0, place) = nan;
        TestType::relu_forward(33, x.data(), y.data());
        CHECK(std::isnan(y.at(0, place)));
        CHECK(y.at(0, 1) == T(1));
        CHECK(std::isnan(TestType::squared_error(33, x.data(), other.data(), T(1), y.data())));
        CHECK(std::isnan(y.at(0, place)));
        CHECK(y.at(0, 1) == T(0));
    }
}

TEMPLATE_TEST_CASE("no samples: nothing is written", "[not_finite]", Reference<float>, Selected<float>) {
    auto shape = causal;
    shape.samples = 0;
    ConvProblem<float> p(shape);
    auto y = p.output(), d_x = p.input_gradient(), work = scratch<TestType>(p);
    forward<TestType>(p, y, Epilogue::none);
    backward_input<TestType>(p, d_x, work);
    CHECK(y.is_untouched_outside());
    CHECK(d_x.is_untouched_outside());
    auto d = p.weights.guarded();
    backward_weights<TestType>(p, d);
    CHECK(difference_in_bits(d.w, p.weights.w) == "");
    CHECK(difference_in_bits(d.b, p.weights.b) == "");
}
