// The selected convolution and dense kernels against their reference over the shape grid.

#include "problems.hpp"
#include "support/catch.hpp"

using namespace test;
using kernels::Epilogue;

namespace {

template <class Problem>
struct Grid;
template <class T>
struct Grid<ConvProblem<T>> {
    using Scalar = T;
    static auto shapes() { return shape_grid::convolutions(); }
};
template <class T>
struct Grid<DenseProblem<T>> {
    using Scalar = T;
    static auto shapes() { return shape_grid::denses(); }
};

}  // namespace

TEMPLATE_TEST_CASE("forward agrees with the reference and writes its output only", "[grid]", ConvProblem<float>,
                   ConvProblem<double>, DenseProblem<float>, DenseProblem<double>) {
    using T = typename Grid<TestType>::Scalar;
    for (const auto& shape : Grid<TestType>::shapes()) {
        INFO(shape.describe());
        const TestType p(shape);
        auto y = p.output(), expected = p.output(), magnitude = p.output();
        forward<Selected<T>>(p, y, Epilogue::none);
        forward<Reference<T>>(p, expected, Epilogue::none);
        forward<Reference<T>>(p.magnitudes(), magnitude, Epilogue::none);
        CHECK(difference_beyond_rounding(y, expected, magnitude, forward_terms(p.s)) == "");
        CHECK(y.is_untouched_outside());

        auto again = y;
        forward<Selected<T>>(p, again, Epilogue::none);
        CHECK(difference_in_bits(again, y) == "");

        auto rectified = p.output();
        forward<Selected<T>>(p, rectified, Epilogue::relu);
        y.for_each([](T& v) { v = v < T(0) ? T(0) : v; });
        CHECK(difference_in_bits(rectified, y) == "");
        CHECK(rectified.is_untouched_outside());
    }
}

TEMPLATE_TEST_CASE("backward_input agrees with the reference and writes its output and scratch only", "[grid]",
                   ConvProblem<float>, ConvProblem<double>, DenseProblem<float>, DenseProblem<double>) {
    using T = typename Grid<TestType>::Scalar;
    for (const auto& shape : Grid<TestType>::shapes()) {
        INFO(shape.describe());
        const TestType p(shape);
        auto d_x = p.input_gradient(), expected = p.input_gradient(), magnitude = p.input_gradient();
        auto work = scratch<Selected<T>>(p), none = scratch<Reference<T>>(p);
        backward_input<Selected<T>>(p, d_x, work);
        backward_input<Reference<T>>(p, expected, none);
        backward_input<Reference<T>>(p.magnitudes(), magnitude, none);
        CHECK(difference_beyond_rounding(d_x, expected, magnitude, backward_input_terms(p.s)) == "");
        CHECK(d_x.is_untouched_outside());
        CHECK(work.is_untouched_outside());

        auto again = d_x;
        backward_input<Selected<T>>(p, again, work);
        CHECK(difference_in_bits(again, d_x) == "");

        auto transposed = scratch<Selected<T>>(p), kept = p.input_gradient();
        transpose_weights<Selected<T>>(p, transposed);
        CHECK(transposed.is_untouched_outside());
        backward_input_transposed<Selected<T>>(p, transposed, kept);
        CHECK(difference_in_bits(kept, d_x) == "");
        backward_input_transposed<Selected<T>>(p, transposed, kept);
        CHECK(difference_in_bits(kept, d_x) == "");
        transpose_weights<Reference<T>>(p, none);
        backward_input_transposed<Reference<T>>(p, none, kept);
        CHECK(difference_in_bits(kept, expected) == "");
    }
}

TEMPLATE_TEST_CASE("backward_weights adds what the reference adds and leaves pad columns zero", "[grid]",
                   ConvProblem<float>, ConvProblem<double>, DenseProblem<float>, DenseProblem<double>) {
    using T = typename Grid<TestType>::Scalar;
    for (const auto& shape : Grid<TestType>::shapes()) {
        INFO(shape.describe());
        const TestType p(shape);
        // Adds to the weights themselves: any numbers do.
        auto d = p.weights.guarded(), expected = d, magnitude = p.magnitudes().weights.guarded(), again = d;
        backward_weights<Selected<T>>(p, d);
        backward_weights<Reference<T>>(p, expected);
        backward_weights<Reference<T>>(p.magnitudes(), magnitude);
        CHECK(difference_beyond_rounding(d.w, expected.w, magnitude.w, backward_weights_terms(p.s)) == "");
        CHECK(difference_beyond_rounding(d.b, expected.b, magnitude.b, backward_weights_terms(p.s)) == "");
        CHECK(pads_are_zero(d.w, d.rows, d.columns));
        CHECK(pads_are_zero(d.b, 1, d.columns));
        CHECK(d.w.is_untouched_outside());
        CHECK(d.b.is_untouched_outside());

        backward_weights<Selected<T>>(p, again);
        CHECK(difference_in_bits(again.w, d.w) == "");
        CHECK(difference_in_bits(again.b, d.b) == "");
    }
}

TEMPLATE_TEST_CASE("backward_weights stores what it would add to zeros", "[grid]", ConvProblem<float>,
                   ConvProblem<double>, DenseProblem<float>, DenseProblem<double>) {
    using T = typename Grid<TestType>::Scalar;
    for (const auto& shape : Grid<TestType>::shapes()) {
        INFO(shape.describe());
        const TestType p(shape);
        auto stored = p.weights.guarded(), added = stored, expected = stored, magnitude = stored;
        for (auto* d : {&added, &magnitude}) {
            d->w.fill(T(0));
            d->b.fill(T(0));
        }
        backward_weights<Selected<T>>(p, stored, false);
        backward_weights<Selected<T>>(p, added, true);
        CHECK(difference_in_bits(stored.w, added.w) == "");
        CHECK(difference_in_bits(stored.b, added.b) == "");
        backward_weights<Reference<T>>(p, expected, false);
        backward_weights<Reference<T>>(p.magnitudes(), magnitude);
        CHECK(difference_beyond_rounding(stored.w, expected.w, magnitude.w, backward_weights_terms(p.s)) == "");
        CHECK(difference_beyond_rounding(stored.b, expected.b, magnitude.b, backward_weights_terms(p.s)) == "");
        CHECK(stored.w.is_untouched_outside());
        CHECK(stored.b.is_untouched_outside());
    }
}

// With y = W x + b the three passes are tied by <d_y, y> = <d_x, x> + <d_b, b> = <d_w, w> + <d_b, b>. In small integers
// every sum is exact, so that this holds to the last bit and any order of summation gives the reference's number.
TEMPLATE_TEST_CASE("in integers the passes are exact and each other's adjoint", "[grid]", ConvProblem<float>,
                   ConvProblem<double>, DenseProblem<float>, DenseProblem<double>) {
    using T = typename Grid<TestType>::Scalar;
    for (const auto& shape : Grid<TestType>::shapes()) {
        INFO(shape.describe());
        const TestType p(shape, 1, Numbers::integers);
        auto y = p.output(), expected_y = p.output(), d_x = p.input_gradient(), expected_d_x = p.input_gradient();
        auto work = scratch<Selected<T>>(p), none = scratch<Reference<T>>(p);
        forward<Selected<T>>(p, y, Epilogue::none);
        forward<Reference<T>>(p, expected_y, Epilogue::none);
        CHECK(difference_in_bits(y, expected_y) == "");
        backward_input<Selected<T>>(p, d_x, work);
        backward_input<Reference<T>>(p, expected_d_x, none);
        CHECK(difference_in_bits(d_x, expected_d_x) == "");

        auto d = p.weights.guarded();
        d.w.fill(T(0));
        d.b.fill(T(0));
        auto expected_d = d, twice = d;
        backward_weights<Selected<T>>(p, d);
        backward_weights<Reference<T>>(p, expected_d);
        CHECK(difference_in_bits(d.w, expected_d.w) == "");
        CHECK(difference_in_bits(d.b, expected_d.b) == "");
        backward_weights<Selected<T>>(p, twice);
        backward_weights<Selected<T>>(p, twice);
        d.w.for_each([](T& v) { v *= T(2); });
        d.b.for_each([](T& v) { v *= T(2); });
        CHECK(difference_in_bits(twice.w, d.w) == "");
        CHECK(difference_in_bits(twice.b, d.b) == "");

        const double by_bias = dot(expected_d.b, p.weights.b);
        CHECK(dot(p.d_y, y) == dot(p.x, d_x) + by_bias);
        CHECK(dot(p.d_y, y) == dot(expected_d.w, p.weights.w) + by_bias);
    }
}

TEMPLATE_TEST_CASE("alignment does not change a bit", "[grid]", ConvProblem<float>, ConvProblem<double>,
                   DenseProblem<float>, DenseProblem<double>) {
    using T = typename Grid<TestType>::Scalar;
    for (const auto& shape : Grid<TestType>::shapes()) {
        INFO(shape.describe());
        const TestType unaligned(shape, 1), aligned(shape, 0);
        auto y1 = unaligned.output(), y0 = aligned.output();
        forward<Selected<T>>(unaligned, y1, Epilogue::none);
        forward<Selected<T>>(aligned, y0, Epilogue::none);
        CHECK(difference_in_bits(y1, y0) == "");

        auto d_x1 = unaligned.input_gradient(), d_x0 = aligned.input_gradient();
        auto work1 = scratch<Selected<T>>(unaligned), work0 = scratch<Selected<T>>(aligned);
        backward_input<Selected<T>>(unaligned, d_x1, work1);
        backward_input<Selected<T>>(aligned, d_x0, work0);
        CHECK(difference_in_bits(d_x1, d_x0) == "");

        auto d1 = unaligned.weights.guarded(), d0 = aligned.weights;
        backward_weights<Selected<T>>(unaligned, d1);
        backward_weights<Selected<T>>(aligned, d0);
        CHECK(difference_in_bits(d1.w, d0.w) == "");
        CHECK(difference_in_bits(d1.b, d0.b) == "");
    }
}

TEMPLATE_TEST_CASE("a sample's bits do not depend on the batch it is in, and one step alone agrees to rounding",
                   "[grid]", float, double) {
    using T = TestType;
    for (const auto& shape : shape_grid::convolutions()) {
        INFO(shape.describe());
        const ConvProblem<T> p(shape);
        auto y = p.output(), y_alone = p.output(), y_row = p.output();
        auto d_x = p.input_gradient(), d_x_alone = p.input_gradient();
        auto work = scratch<Selected<T>>(p);
        forward<Selected<T>>(p, y, Epilogue::none);
        backward_input<Selected<T>>(p, d_x, work);

        auto one = p.s;
        one.samples = 1;
        auto row = one;  // one time step, cut out of the input with the zeros around it
        row.out_length = 1;
        row.in_length = p.s.reach() + 1;
        row.pad_left = 0;
        for (Index n = 0; n < p.s.samples; ++n) {
            Selected<T>::conv1d_forward(one, &p.x.at(n, 0), p.weights.w.data(), p.weights.b.data(), &y_alone.at(n, 0),
                                        Epilogue::none);
            Selected<T>::conv1d_backward_input(one, &p.d_y.at(n, 0), p.weights.w.data(), &d_x_alone.at(n, 0),
                                               work.data());
            for (Index l = 0; l < p.s.out_length; ++l)
                Selected<T>::conv1d_forward(row, &p.x.at(n, (l * p.s.stride - p.s.pad_left) * p.s.in_channels),
                                            p.weights.w.data(), p.weights.b.data(), &y_row.at(n, l * p.s.out_channels),
                                            Epilogue::none);
        }
        // A product of one row adds in another order.
        auto magnitude = p.output(), d_x_magnitude = p.input_gradient();
        auto none = scratch<Reference<T>>(p);
        forward<Reference<T>>(p.magnitudes(), magnitude, Epilogue::none);
        backward_input<Reference<T>>(p.magnitudes(), d_x_magnitude, none);
        if (p.s.out_length > 1) CHECK(difference_in_bits(y, y_alone) == "");
        if (p.s.out_length > 1 && p.s.in_length > 1) CHECK(difference_in_bits(d_x, d_x_alone) == "");
        CHECK(difference_beyond_rounding(y_alone, y, magnitude, forward_terms(p.s)) == "");
        CHECK(difference_beyond_rounding(d_x_alone, d_x, d_x_magnitude, backward_input_terms(p.s)) == "");
        CHECK(difference_beyond_rounding(y_row, y, magnitude, forward_terms(p.s)) == "");
    }
}

TEMPLATE_TEST_CASE("a dense row's values do not depend on the batch it is in", "[grid]", float, double) {
    using T = TestType;
    for (const auto& shape : shape_grid::denses()) {
        INFO(shape.describe());
        const DenseProblem<T> p(shape);
        auto y = p.output(), y_alone = p.output();
        auto d_x = p.input_gradient(), d_x_alone = p.input_gradient();
        auto work = scratch<Selected<T>>(p);
        forward<Selected<T>>(p, y, Epilogue::none);
        backward_input<Selected<T>>(p, d_x, work);
        auto magnitude = p.output(), d_x_magnitude = p.input_gradient();
        auto none = scratch<Reference<T>>(p);
        forward<Reference<T>>(p.magnitudes(), magnitude, Epilogue::none);
        backward_input<Reference<T>>(p.magnitudes(), d_x_magnitude, none);
        auto one = p.s;
        one.rows = 1;
        for (Index r = 0; r < p.s.rows; ++r) {
            Selected<T>::dense_forward(one, &p.x.at(r, 0), p.weights.w.data(), p.weights.b.data(), &y_alone.at(r, 0),
                                       Epilogue::none);
            Selected<T>::dense_backward_input(one, &p.d_y.at(r, 0), p.weights.w.data(), &d_x_alone.at(r, 0),
                                              work.data());
        }
        CHECK(difference_beyond_rounding(y_alone, y, magnitude, forward_terms(p.s)) == "");
        CHECK(difference_beyond_rounding(d_x_alone, d_x, d_x_magnitude, backward_input_terms(p.s)) == "");
    }
}

// Few columns are gone through in another way than many, from a number of samples on: neither shows.
TEMPLATE_TEST_CASE("a weight gradient has the same bits beside others", "[grid]", float, double) {
    using T = TestType;
    constexpr Index rows = 37, wide_columns = 33;
    for (Index inner : {7, 16, 53})
        for (Index columns = 1; columns <= 11; ++columns) {
            INFO(inner << " -> " << columns);
            DenseProblem<T> wide({rows, inner, wide_columns}), narrow({rows, inner, columns});
            auto d_wide = wide.weights.guarded(), d_narrow = narrow.weights.guarded();
            std::copy_n(wide.x.data(), (rows - 1) * wide.s.x_row_stride + inner, narrow.x.data());
            for (Index r = 0; r < rows; ++r)
                for (Index o = 0; o < columns; ++o) narrow.d_y.at(r, o) = wide.d_y.at(r, o);
            d_wide.w.fill(T(0));
            d_narrow.w.fill(T(0));
            backward_weights<Selected<T>>(wide, d_wide);
            backward_weights<Selected<T>>(narrow, d_narrow);
            bool same = true;
            for (Index i = 0; i < inner; ++i)
                for (Index o = 0; o < columns; ++o)
                    same = same && bits(d_narrow.w.at(0, kernels::packed_offset(inner, columns, i, o))) ==
                                       bits(d_wide.w.at(0, kernels::packed_offset(inner, wide_columns, i, o)));
            CHECK(same);
        }
}
