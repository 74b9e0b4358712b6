// The selected depthwise kernels against their reference, which has a value by hand in unit/layers/test_depthwise.cpp.

#include "problems.hpp"
#include "support/catch.hpp"

using namespace test;
using kernels::Epilogue;

namespace {

/// The grid's convolutions, each over its out_channels, and every number of channels up to twice the lanes and one.
std::vector<shape_grid::Conv> depthwise_shapes() {
    auto grid = shape_grid::convolutions();
    for (auto& c : grid) c.in_channels = c.out_channels;
    return grid;
}

/// A convolution's inputs with a depthwise one's weights.
template <class T>
struct DepthwiseProblem : ConvProblem<T> {
    explicit DepthwiseProblem(const shape_grid::Conv& c, Index offset_ = 1, Numbers numbers = Numbers::uniform)
        : ConvProblem<T>(c, offset_, numbers) {
        this->weights = Weights<T>(this->s.kernel, this->s.out_channels, offset_);
        Random random(22);
        this->weights.fill_with(random, numbers);
    }
};

template <class K, class T>
Guarded<T> run_depthwise_forward(const ConvProblem<T>& p, Epilogue epilogue = Epilogue::none) {
    auto y = p.output();
    K::depthwise_forward(p.s, p.x.data(), p.weights.w.data(), p.weights.b.data(), y.data(), epilogue);
    CHECK(y.is_untouched_outside());
    return y;
}
template <class K, class T>
Guarded<T> run_depthwise_backward_input(const ConvProblem<T>& p) {
    auto d_x = p.input_gradient();
    K::depthwise_backward_input(p.s, p.d_y.data(), p.weights.w.data(), d_x.data());
    CHECK(d_x.is_untouched_outside());
    return d_x;
}
template <class K, class T>
Weights<T> run_depthwise_backward_weights(const ConvProblem<T>& p, bool accumulate) {
    auto d = p.weights.guarded();
    K::depthwise_backward_weights(p.s, p.x.data(), p.d_y.data(), d.w.data(), d.b.data(), accumulate);
    CHECK(pads_are_zero(d.w, d.rows, d.columns));
    CHECK(pads_are_zero(d.b, 1, d.columns));
    CHECK(d.w.is_untouched_outside());
    CHECK(d.b.is_untouched_outside());
    return d;
}

}  // namespace

TEMPLATE_TEST_CASE("depthwise kernels agree with the reference and write their output only", "[depthwise]", float,
                   double) {
    using T = TestType;
    using K = Selected<T>;
    using R = Reference<T>;
    for (const auto& shape : depthwise_shapes()) {
        INFO(shape.describe());
        const DepthwiseProblem<T> p(shape);
        const auto magnitudes = p.magnitudes();
        auto y = run_depthwise_forward<K>(p);
        CHECK(difference_beyond_rounding(y, run_depthwise_forward<R>(p), run_depthwise_forward<R>(magnitudes),
                                         p.s.kernel + 1) == "");
        CHECK(difference_in_bits(y, run_depthwise_forward<K>(p)) == "");
        y.for_each([](T& v) { v = v < T(0) ? T(0) : v; });
        CHECK(difference_in_bits(y, run_depthwise_forward<K>(p, Epilogue::relu)) == "");

        const auto d_x = run_depthwise_backward_input<K>(p);
        CHECK(difference_beyond_rounding(d_x, run_depthwise_backward_input<R>(p),
                                         run_depthwise_backward_input<R>(magnitudes), p.s.kernel + 1) == "");
        CHECK(difference_in_bits(d_x, run_depthwise_backward_input<K>(p)) == "");

        for (const bool accumulate : {true, false}) {
            const auto d = run_depthwise_backward_weights<K>(p, accumulate),
                       expected = run_depthwise_backward_weights<R>(p, accumulate),
                       magnitude = run_depthwise_backward_weights<R>(magnitudes, accumulate);
            const Index terms = backward_weights_terms(p.s);
            CHECK(difference_beyond_rounding(d.w, expected.w, magnitude.w, terms) == "");
            CHECK(difference_beyond_rounding(d.b, expected.b, magnitude.b, terms) == "");
        }
    }
}

TEMPLATE_TEST_CASE("depthwise kernels in integers are the reference's to the bit, aligned or not", "[depthwise]", float,
                   double) {
    using T = TestType;
    for (const auto& shape : depthwise_shapes()) {
        INFO(shape.describe());
        const DepthwiseProblem<T> p(shape, 1, Numbers::integers), aligned(shape, 0, Numbers::integers);
        const auto y = run_depthwise_forward<Reference<T>>(p);
        CHECK(difference_in_bits(run_depthwise_forward<Selected<T>>(p), y) == "");
        CHECK(difference_in_bits(run_depthwise_forward<Selected<T>>(aligned), y) == "");
        const auto d_x = run_depthwise_backward_input<Reference<T>>(p);
        CHECK(difference_in_bits(run_depthwise_backward_input<Selected<T>>(p), d_x) == "");
        CHECK(difference_in_bits(run_depthwise_backward_input<Selected<T>>(aligned), d_x) == "");
        for (const bool accumulate : {true, false}) {
            const auto d = run_depthwise_backward_weights<Reference<T>>(p, accumulate),
                       a = run_depthwise_backward_weights<Selected<T>>(p, accumulate),
                       b = run_depthwise_backward_weights<Selected<T>>(aligned, accumulate);
            CHECK(difference_in_bits(a.w, d.w) == "");
            CHECK(difference_in_bits(a.b, d.b) == "");
            CHECK(difference_in_bits(b.w, d.w) == "");
            CHECK(difference_in_bits(b.b, d.b) == "");
        }
    }
}
