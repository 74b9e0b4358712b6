#pragma once

#include <cmath>

#include "implementations.hpp"
#include "support/guarded.hpp"
#include "support/shape_grid.hpp"

/// Inputs for the kernels over a shape, and memory for their outputs.

namespace test {

enum class Numbers { uniform, integers };

template <class T>
void fill(Guarded<T>& to, Random& random, Numbers numbers) {
    numbers == Numbers::uniform ? to.fill_uniform(random) : to.fill_integers(random);
}

/// Is column o of packed weight i one that only pads?
inline bool is_pad(Index rows, Index columns, Index i) {
    const Index begin = std::min(i / (rows * kernels::column_block) * kernels::column_block,
                                 (columns - 1) / kernels::column_block * kernels::column_block);
    const Index width = kernels::packed_block_width(columns, begin);
    return begin + (i - begin * rows) % width >= columns;
}

template <class T>
void zero_pads(Guarded<T>& packed, Index rows, Index columns) {
    for (Index i = 0; i < packed.run(); ++i)
        if (is_pad(rows, columns, i)) packed.at(0, i) = T(0);
}

template <class T>
bool pads_are_zero(const Guarded<T>& packed, Index rows, Index columns) {
    for (Index i = 0; i < packed.run(); ++i)
        if (is_pad(rows, columns, i) && bits(packed.at(0, i)) != bits(T(0))) return false;
    return true;
}

template <class T>
double dot(const Guarded<T>& a, const Guarded<T>& b) {
    double sum = 0;
    for (Index n = 0; n < a.runs(); ++n)
        for (Index i = 0; i < a.run(); ++i) sum += static_cast<double>(a.at(n, i)) * static_cast<double>(b.at(n, i));
    return sum;
}

template <class T>
bool has_nan(Guarded<T>& a) {
    bool found = false;
    a.for_each([&](T& x) { found = found || std::isnan(x); });
    return found;
}

/// What the convolution and the dense layer have in common: weights, bias, and the gradients of both.
template <class T>
struct Weights {
    Index rows, columns;
    Guarded<T> w, b;

    Weights(Index rows_, Index columns_, Index offset)
        : rows(rows_),
          columns(columns_),
          w(line<T>(kernels::packed_weight_size(rows_, columns_), offset)),
          b(line<T>(kernels::packed_columns(columns_), offset)) {}

    void fill_with(Random& random, Numbers numbers) {
        fill(w, random, numbers);
        fill(b, random, numbers);
        zero_pads(w, rows, columns);
        zero_pads(b, 1, columns);
    }
    void take_magnitudes() {
        w.for_each([](T& v) { v = std::abs(v); });
        b.for_each([](T& v) { v = std::abs(v); });
    }
    /// The same numbers between marks: gradients to add to.
    Weights guarded() const {
        Weights copy = *this;
        copy.w = guarded_line<T>(w.run());
        copy.b = guarded_line<T>(b.run());
        std::copy_n(w.data(), w.run(), copy.w.data());
        std::copy_n(b.data(), b.run(), copy.b.data());
        return copy;
    }
};

template <class T>
struct ConvProblem {
    kernels::ConvShape s;
    Index offset;
    Guarded<T> x, d_y;
    Weights<T> weights;

    /// Samples lie 3 numbers further apart than they must; those numbers are marks.
    explicit ConvProblem(const shape_grid::Conv& c, Index offset_ = 1, Numbers numbers = Numbers::uniform)
        : s(c.shape(3)),
          offset(offset_),
          x(input(s, offset_)),
          d_y(gradient(s, offset_)),
          weights(s.weight_rows(), s.out_channels, offset_) {
        Random random(20);
        fill(x, random, numbers);
        fill(d_y, random, numbers);
        weights.fill_with(random, numbers);
    }

    Guarded<T> output() const {
        return Guarded<T>(s.samples, s.out_length * s.out_channels, s.y_sample_stride, 64, 64, offset);
    }
    Guarded<T> input_gradient() const {
        return Guarded<T>(s.samples, s.in_length * s.in_channels, s.x_sample_stride, 64, 64, offset);
    }
    ConvProblem magnitudes() const {
        ConvProblem copy = *this;
        copy.x.for_each([](T& v) { v = std::abs(v); });
        copy.d_y.for_each([](T& v) { v = std::abs(v); });
        copy.weights.take_magnitudes();
        return copy;
    }

private:
    static Guarded<T> input(const kernels::ConvShape& s, Index offset) {
        const auto halo = kernels::forward_halo(s);
        const Index before = halo.left * s.in_channels, behind = halo.right * s.in_channels;
        Guarded<T> x(s.samples, s.in_length * s.in_channels, s.x_sample_stride, before, behind, offset);
        x.zero_halo(before, behind);
        return x;
    }
    static Guarded<T> gradient(const kernels::ConvShape& s, Index offset) {
        const auto halo = kernels::backward_halo(s);
        const Index before = halo.left * s.out_channels, behind = halo.right * s.out_channels;
        Guarded<T> d_y(s.samples, s.out_length * s.out_channels, s.y_sample_stride, before, behind, offset);
        d_y.zero_halo(before, behind);
        return d_y;
    }
};

template <class T>
struct DenseProblem {
    kernels::DenseShape s;
    Index offset;
    Guarded<T> x, d_y;
    Weights<T> weights;

    explicit DenseProblem(const shape_grid::Dense& d, Index offset_ = 1, Numbers numbers = Numbers::uniform)
        : s(d.shape(3)),
          offset(offset_),
          x(s.rows, s.in_channels, s.x_row_stride, 0, 0, offset_),
          d_y(s.rows, s.out_channels, s.y_row_stride, 0, 0, offset_),
          weights(s.in_channels, s.out_channels, offset_) {
        Random random(21);
        fill(x, random, numbers);
        fill(d_y, random, numbers);
        weights.fill_with(random, numbers);
    }

    Guarded<T> output() const { return Guarded<T>(s.rows, s.out_channels, s.y_row_stride, 64, 64, offset); }
    Guarded<T> input_gradient() const { return Guarded<T>(s.rows, s.in_channels, s.x_row_stride, 64, 64, offset); }
    DenseProblem magnitudes() const {
        DenseProblem copy = *this;
        copy.x.for_each([](T& v) { v = std::abs(v); });
        copy.d_y.for_each([](T& v) { v = std::abs(v); });
        copy.weights.take_magnitudes();
        return copy;
    }
};

/// The kernels on a problem, by overload: convolution and dense run through the same tests.
template <class K, class T>
void forward(const ConvProblem<T>& p, Guarded<T>& y, kernels::Epilogue epilogue) {
    K::conv1d_forward(p.s, p.x.data(), p.weights.w.data(), p.weights.b.data(), y.data(), epilogue);
}
template <class K, class T>
void forward(const DenseProblem<T>& p, Guarded<T>& y, kernels::Epilogue epilogue) {
    K::dense_forward(p.s, p.x.data(), p.weights.w.data(), p.weights.b.data(), y.data(), epilogue);
}
template <class K, class T>
Guarded<T> scratch(const ConvProblem<T>& p) {
    return guarded_line<T>(K::conv1d_backward_input_scratch(p.s), p.offset);
}
template <class K, class T>
Guarded<T> scratch(const DenseProblem<T>& p) {
    return guarded_line<T>(K::dense_backward_input_scratch(p.s), p.offset);
}
template <class K, class T>
void backward_input(const ConvProblem<T>& p, Guarded<T>& d_x, Guarded<T>& scratch) {
    K::conv1d_backward_input(p.s, p.d_y.data(), p.weights.w.data(), d_x.data(), scratch.data());
}
template <class K, class T>
void backward_input(const DenseProblem<T>& p, Guarded<T>& d_x, Guarded<T>& scratch) {
    K::dense_backward_input(p.s, p.d_y.data(), p.weights.w.data(), d_x.data(), scratch.data());
}
template <class K, class T>
void transpose_weights(const ConvProblem<T>& p, Guarded<T>& transposed) {
    K::conv1d_transpose_weights(p.s, p.weights.w.data(), transposed.data());
}
template <class K, class T>
void transpose_weights(const DenseProblem<T>& p, Guarded<T>& transposed) {
    K::dense_transpose_weights(p.s, p.weights.w.data(), transposed.data());
}
template <class K, class T>
void backward_input_transposed(const ConvProblem<T>& p, const Guarded<T>& transposed, Guarded<T>& d_x) {
    K::conv1d_backward_input_transposed(p.s, p.d_y.data(), transposed.data(), d_x.data());
}
template <class K, class T>
void backward_input_transposed(const DenseProblem<T>& p, const Guarded<T>& transposed, Guarded<T>& d_x) {
    K::dense_backward_input_transposed(p.s, p.d_y.data(), transposed.data(), d_x.data());
}
template <class K, class T>
void backward_weights(const ConvProblem<T>& p, Weights<T>& d, bool accumulate = true) {
    K::conv1d_backward_weights(p.s, p.x.data(), p.d_y.data(), d.w.data(), d.b.data(), accumulate);
}
template <class K, class T>
void backward_weights(const DenseProblem<T>& p, Weights<T>& d, bool accumulate = true) {
    K::dense_backward_weights(p.s, p.x.data(), p.d_y.data(), d.w.data(), d.b.data(), accumulate);
}

/// Products in the longest sum of each pass.
inline Index forward_terms(const kernels::ConvShape& s) { return s.weight_rows() + 1; }
inline Index forward_terms(const kernels::DenseShape& s) { return s.in_channels + 1; }
inline Index backward_input_terms(const kernels::ConvShape& s) { return s.kernel * s.out_channels; }
inline Index backward_input_terms(const kernels::DenseShape& s) { return s.out_channels; }
inline Index backward_weights_terms(const kernels::ConvShape& s) { return s.samples * s.out_length + 1; }
inline Index backward_weights_terms(const kernels::DenseShape& s) { return s.rows + 1; }

}  // namespace test
