// Convolutions in groups: the selected kernels against the reference, which has a value by hand in
// unit/layers/test_grouped.cpp.

#include "problems.hpp"
#include "support/catch.hpp"

using namespace test;
using kernels::Epilogue;

namespace {

struct Grouped {
    shape_grid::Conv conv;
    Index groups;
};

/// Outputs per group up to twice the lanes and one, inputs per group up to two tiles and one, paddings, strides,
/// dilations, one output row per sample, and one row in all.
std::vector<Grouped> grouped_shapes() {
    using shape_grid::Padding;
    std::vector<Grouped> grid;
    for (Index each = 1; each <= shape_grid::most_channels; ++each) {
        grid.push_back({{2, 7, 6, 3 * each, 3, 1, 1, Padding::same}, 3});
        grid.push_back({{2, 7, 2 * each, 6, 2, 2, 2, Padding::causal}, 2});
    }
    for (Index samples : {1, 3}) grid.push_back({{samples, 3, 4, 10, 3, 1, 1, Padding::valid}, 2});
    for (Padding padding : {Padding::valid, Padding::same, Padding::causal})
        for (Index kernel : {1, 2, 5})
            for (Index stride : {1, 2, 3})
                for (Index dilation : {1, 3}) grid.push_back({{2, 17, 8, 12, kernel, stride, dilation, padding}, 4});
    return grid;
}

/// A convolution's inputs with the weights of groups.
template <class T>
struct GroupedProblem : ConvProblem<T> {
    explicit GroupedProblem(const Grouped& c, Index offset_ = 1, Numbers numbers = Numbers::uniform)
        : ConvProblem<T>(c.conv, offset_, numbers) {
        auto& shape = this->s;
        shape.groups = c.groups;
        this->weights.w = line<T>(c.groups * shape.group_weights(), offset_);
        this->weights.b = line<T>(kernels::grouped_bias_size(shape.out_channels, c.groups), offset_);
        Random random(23);
        fill(this->weights.w, random, numbers);
        fill(this->weights.b, random, numbers);
        for_each_pad(this->weights, [](T& pad) { pad = T(0); });
    }

    template <class F>
    void for_each_pad(Weights<T>& of, F&& f) const {
        const auto& shape = this->s;
        for (Index i = 0; i < of.w.run(); ++i)
            if (is_pad(shape.weight_rows(), shape.group_outputs(), i % shape.group_weights())) f(of.w.at(0, i));
        for (Index i = shape.out_channels; i < of.b.run(); ++i) f(of.b.at(0, i));
    }
};

template <class K, class T>
Guarded<T> run_grouped_forward(const ConvProblem<T>& p, Epilogue epilogue = Epilogue::none) {
    auto y = p.output();
    forward<K>(p, y, epilogue);
    CHECK(y.is_untouched_outside());
    return y;
}
template <class K, class T>
Guarded<T> run_grouped_backward_input(const ConvProblem<T>& p) {
    auto d_x = p.input_gradient();
    auto kept = scratch<K>(p);
    backward_input<K>(p, d_x, kept);
    CHECK(d_x.is_untouched_outside());
    CHECK(kept.is_untouched_outside());
    return d_x;
}
template <class K, class T>
Weights<T> run_grouped_backward_weights(const ConvProblem<T>& p) {
    auto d = p.weights.guarded();
    backward_weights<K>(p, d);
    CHECK(d.w.is_untouched_outside());
    CHECK(d.b.is_untouched_outside());
    return d;
}

}  // namespace

TEMPLATE_TEST_CASE("grouped convolutions agree with the reference and write their output only", "[grouped]", float,
                   double) {
    using T = TestType;
    using K = Selected<T>;
    using R = Reference<T>;
    for (const auto& shape : grouped_shapes()) {
        INFO(shape.conv.describe() << " groups " << shape.groups);
        const GroupedProblem<T> p(shape);
        const auto magnitudes = p.magnitudes();
        auto y = run_grouped_forward<K>(p);
        CHECK(difference_beyond_rounding(y, run_grouped_forward<R>(p), run_grouped_forward<R>(magnitudes),
                                         forward_terms(p.s)) == "");
        y.for_each([](T& v) { v = v < T(0) ? T(0) : v; });
        CHECK(difference_in_bits(y, run_grouped_forward<K>(p, Epilogue::relu)) == "");

        const auto d_x = run_grouped_backward_input<K>(p);
        CHECK(difference_beyond_rounding(d_x, run_grouped_backward_input<R>(p),
                                         run_grouped_backward_input<R>(magnitudes),
                                         p.s.kernel * p.s.group_outputs() + 1) == "");

        auto d = run_grouped_backward_weights<K>(p);
        const auto expected = run_grouped_backward_weights<R>(p),
                   magnitude = run_grouped_backward_weights<R>(magnitudes);
        const Index terms = backward_weights_terms(p.s);
        CHECK(difference_beyond_rounding(d.w, expected.w, magnitude.w, terms) == "");
        CHECK(difference_beyond_rounding(d.b, expected.b, magnitude.b, terms) == "");
        bool pads_are_zero = true;
        p.for_each_pad(d, [&](T& pad) { pads_are_zero = pads_are_zero && bits(pad) == bits(T(0)); });
        CHECK(pads_are_zero);
    }
}

TEMPLATE_TEST_CASE("grouped convolutions in integers are the reference's to the bit, aligned or not", "[grouped]",
                   float, double) {
    using T = TestType;
    for (const auto& shape : grouped_shapes()) {
        INFO(shape.conv.describe() << " groups " << shape.groups);
        for (Index offset : {0, 1}) {
            const GroupedProblem<T> p(shape, offset, Numbers::integers);
            CHECK(difference_in_bits(run_grouped_forward<Selected<T>>(p), run_grouped_forward<Reference<T>>(p)) == "");
            CHECK(difference_in_bits(run_grouped_backward_input<Selected<T>>(p),
                                     run_grouped_backward_input<Reference<T>>(p)) == "");
            const auto a = run_grouped_backward_weights<Selected<T>>(p),
                       b = run_grouped_backward_weights<Reference<T>>(p);
            CHECK(difference_in_bits(a.w, b.w) == "");
            CHECK(difference_in_bits(a.b, b.b) == "");
        }
    }
}
