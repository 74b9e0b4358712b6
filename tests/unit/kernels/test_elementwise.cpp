// The selected elementwise kernels against their reference, for every size up to several vectors and a rest.

#include <cmath>
#include <vector>

#include "implementations.hpp"
#include "support/catch.hpp"
#include "support/guarded.hpp"

using namespace test;

namespace {

constexpr double beta1 = 0.9, beta2 = 0.999, rate = 1e-2, epsilon = 1e-3, decay = 1e-1;

template <class T>
kernels::AdamStep<T> adam_step(int t) {
    return {.beta1 = static_cast<T>(beta1),
            .beta2 = static_cast<T>(beta2),
            .rest1 = static_cast<T>(1 - beta1),
            .rest2 = static_cast<T>(1 - beta2),
            .step_size = static_cast<T>(rate / (1 - std::pow(beta1, t))),
            .root_scale = static_cast<T>(1 / std::sqrt(1 - std::pow(beta2, t))),
            .epsilon = static_cast<T>(epsilon),
            .decay = static_cast<T>(1 - rate * decay)};
}

}  // namespace

TEMPLATE_TEST_CASE("relu and add give the reference's bits", "[elementwise]", float, double) {
    using T = TestType;
    for (Index size = 0; size <= most_numbers; ++size) {
        INFO("size " << size);
        const auto x = guarded_uniform<T>(size, 1), d_y = guarded_uniform<T>(size, 2);
        auto y = guarded_line<T>(size), expected = y;
        Selected<T>::relu_forward(size, x.data(), y.data());
        Reference<T>::relu_forward(size, x.data(), expected.data());
        CHECK(difference_in_bits(y, expected) == "");
        CHECK(y.is_untouched_outside());
        auto in_place = x;
        Selected<T>::relu_forward(size, in_place.data(), in_place.data());
        CHECK(difference_in_bits(in_place, expected) == "");

        auto d_x = guarded_line<T>(size), expected_d_x = d_x;
        Selected<T>::relu_backward(size, y.data(), d_y.data(), d_x.data());
        Reference<T>::relu_backward(size, y.data(), d_y.data(), expected_d_x.data());
        CHECK(difference_in_bits(d_x, expected_d_x) == "");
        CHECK(d_x.is_untouched_outside());
        in_place = d_y;
        Selected<T>::relu_backward(size, y.data(), in_place.data(), in_place.data());
        CHECK(difference_in_bits(in_place, expected_d_x) == "");

        auto sum = d_y, expected_sum = d_y;
        Selected<T>::add_accumulate(size, x.data(), sum.data());
        Reference<T>::add_accumulate(size, x.data(), expected_sum.data());
        CHECK(difference_in_bits(sum, expected_sum) == "");
        CHECK(sum.is_untouched_outside());
    }
}

TEMPLATE_TEST_CASE("squared_error: the gradient's bits, and the sum within rounding", "[elementwise]", float, double) {
    using T = TestType;
    for (Index size = 0; size <= most_numbers; ++size) {
        INFO("size " << size);
        const auto prediction = guarded_uniform<T>(size, 3), target = guarded_uniform<T>(size, 4);
        auto d = guarded_line<T>(size), expected_d = d;
        const T sum = Selected<T>::squared_error(size, prediction.data(), target.data(), T(0.125), d.data());
        Reference<T>::squared_error(size, prediction.data(), target.data(), T(0.125), expected_d.data());
        CHECK(difference_in_bits(d, expected_d) == "");
        CHECK(d.is_untouched_outside());
        long double exact = 0;
        for (Index i = 0; i < size; ++i) {
            const long double difference =
                static_cast<long double>(prediction.at(0, i)) - static_cast<long double>(target.at(0, i));
            exact += difference * difference;
        }
        // The difference rounds once and enters squared: two roundings more than a sum of `size` products.
        CHECK(std::abs(static_cast<double>(sum - exact)) <= gamma<T>(size + 2) * static_cast<double>(exact));
        auto again = guarded_line<T>(size);
        CHECK(bits(Selected<T>::squared_error(size, prediction.data(), target.data(), T(0.125), again.data())) ==
              bits(sum));
    }
}

TEMPLATE_TEST_CASE("axpby: within rounding, and a range in two pieces has the bits of the whole", "[elementwise]",
                   float, double) {
    using T = TestType;
    const T a = T(0.3), b = T(-0.7);
    for (Index size = 0; size <= most_numbers; ++size) {
        INFO("size " << size);
        const auto x = guarded_uniform<T>(size, 5), before = guarded_uniform<T>(size, 6);
        auto y = before, pieces = before;
        Selected<T>::axpby(size, a, x.data(), b, y.data());
        for (Index i = 0; i < size; ++i) {
            const long double first = static_cast<long double>(a) * static_cast<long double>(x.at(0, i)),
                              second = static_cast<long double>(b) * static_cast<long double>(before.at(0, i));
            CHECK(std::abs(static_cast<double>(static_cast<long double>(y.at(0, i)) - (first + second))) <=
                  gamma<T>(2) * static_cast<double>(std::abs(first) + std::abs(second)));
        }
        Selected<T>::axpby(size / 3, a, x.data(), b, pieces.data());
        Selected<T>::axpby(size - size / 3, a, x.data() + size / 3, b, pieces.data() + size / 3);
        CHECK(difference_in_bits(pieces, y) == "");
        CHECK(y.is_untouched_outside());
    }
}

TEMPLATE_TEST_CASE("sum_of_squares: within rounding, and the same bits again", "[elementwise]", float, double) {
    using T = TestType;
    for (Index size = 0; size <= most_numbers; ++size) {
        INFO("size " << size);
        const auto x = guarded_uniform<T>(size, 5);
        long double exact = 0;
        for (Index i = 0; i < size; ++i)
            exact += static_cast<long double>(x.at(0, i)) * static_cast<long double>(x.at(0, i));
        const T sum = Selected<T>::sum_of_squares(size, x.data());
        CHECK(std::abs(static_cast<double>(sum - exact)) <= gamma<T>(size) * static_cast<double>(exact));
        CHECK(bits(Selected<T>::sum_of_squares(size, x.data())) == bits(sum));
    }
}

// Relative roundings, u each, of one step, with fused or separate multiply-add:
//   m: product, product, sum: 3, over three steps 9 of the magnitudes that enter m;
//   v: square, product, product, sum: at most 4 on each (positive) part, over three steps 12;
//   the quotient: root (12 / 2 + 1), scale 1, sum 1, step_size 1, division 1: 11 of it;
//   w: product, subtraction: 2.
TEMPLATE_TEST_CASE("three Adam steps agree with the formula in long double", "[elementwise]", Reference<float>,
                   Reference<double>, Selected<float>, Selected<double>) {
    using T = typename TestType::Scalar;
    using Exact = long double;
    constexpr Index size = 2 * 16 + 5;
    auto m = guarded_line<T>(size), v = m, w = guarded_uniform<T>(size, 5);
    m.fill(T(0));
    v.fill(T(0));
    std::vector<Exact> exact_m(size), exact_v(size), magnitude_m(size), exact_w(size), bound(size);
    for (Index i = 0; i < size; ++i) exact_w[static_cast<std::size_t>(i)] = static_cast<Exact>(w.at(0, i));
    for (int t = 1; t <= 3; ++t) {
        const auto step = adam_step<T>(t);
        const auto g = guarded_uniform<T>(size, static_cast<std::uint64_t>(10 + t));
        TestType::adam(size, step, g.data(), m.data(), v.data(), w.data());
        for (std::size_t i = 0; i < static_cast<std::size_t>(size); ++i) {
            const Exact gradient = g.at(0, static_cast<Index>(i));
            const Exact b1 = step.beta1, b2 = step.beta2, r1 = step.rest1, r2 = step.rest2;
            exact_m[i] = b1 * exact_m[i] + r1 * gradient;
            magnitude_m[i] = b1 * magnitude_m[i] + r1 * std::abs(gradient);
            exact_v[i] = b2 * exact_v[i] + r2 * gradient * gradient;
            const Exact per_m = step.step_size / (std::sqrt(exact_v[i]) * step.root_scale + step.epsilon);
            const Exact before = std::abs(step.decay * exact_w[i]);
            exact_w[i] = step.decay * exact_w[i] - per_m * exact_m[i];
            bound[i] += static_cast<Exact>(gamma<T>(9 + 11)) * per_m * magnitude_m[i] +
                        static_cast<Exact>(gamma<T>(2)) * (before + per_m * magnitude_m[i]);
        }
    }
    for (Index i = 0; i < size; ++i) {
        const auto k = static_cast<std::size_t>(i);
        CHECK(std::abs(m.at(0, i) - exact_m[k]) <= gamma<T>(9) * magnitude_m[k]);
        CHECK(std::abs(v.at(0, i) - exact_v[k]) <= gamma<T>(12) * exact_v[k]);
        CHECK(std::abs(w.at(0, i) - exact_w[k]) <= bound[k]);
    }
    CHECK(m.is_untouched_outside());
    CHECK(v.is_untouched_outside());
    CHECK(w.is_untouched_outside());
}

// Threads update ranges of the parameters; how many threads there are must not show in the result.
TEMPLATE_TEST_CASE("a parameter's Adam step does not depend on where its range begins and ends", "[elementwise]", float,
                   double) {
    using T = TestType;
    constexpr Index size = 101;
    const auto g = guarded_uniform<T>(size, 6), m0 = guarded_uniform<T>(size, 7), w0 = guarded_uniform<T>(size, 9);
    auto v0 = guarded_uniform<T>(size, 8);
    v0.for_each([](T& x) { x = std::abs(x); });
    auto m = m0, v = v0, w = w0;
    const auto step = adam_step<T>(2);
    Selected<T>::adam(size, step, g.data(), m.data(), v.data(), w.data());
    for (Index cut = 1; cut < size; ++cut) {
        INFO("cut " << cut);
        auto m2 = m0, v2 = v0, w2 = w0;
        Selected<T>::adam(cut, step, g.data(), m2.data(), v2.data(), w2.data());
        Selected<T>::adam(size - cut, step, g.data() + cut, m2.data() + cut, v2.data() + cut, w2.data() + cut);
        CHECK(difference_in_bits(m2, m) == "");
        CHECK(difference_in_bits(v2, v) == "");
        CHECK(difference_in_bits(w2, w) == "");
    }
}

namespace {

// Calls rule(kernels, size, gradient, momentum, weights) for the reference and for what is selected, and for the
// selected kernel cut in two anywhere; gradients and momenta are multiples of 1/8, so that both round alike.
template <class T, class Rule>
void check_momentum_rule(Rule rule) {
    const auto coarse = [](Index size, std::uint64_t seed) {
        auto line = guarded_uniform<T>(size, seed);
        line.for_each([](T& x) { x = std::round(8 * x) / 8; });
        return line;
    };
    for (Index size = 0; size <= most_numbers; ++size) {
        INFO("size " << size);
        const auto g = coarse(size, 1), m0 = coarse(size, 2), w0 = coarse(size, 3);
        auto m = m0, w = w0, expected_m = m0, expected_w = w0;
        rule(Selected<T>(), size, g.data(), m.data(), w.data());
        rule(Reference<T>(), size, g.data(), expected_m.data(), expected_w.data());
        CHECK(difference_in_bits(m, expected_m) == "");
        CHECK(difference_in_bits(w, expected_w) == "");
        CHECK(m.is_untouched_outside());
        CHECK(w.is_untouched_outside());
        for (Index cut = 1; cut < size; ++cut) {
            auto m2 = m0, w2 = w0;
            rule(Selected<T>(), cut, g.data(), m2.data(), w2.data());
            rule(Selected<T>(), size - cut, g.data() + cut, m2.data() + cut, w2.data() + cut);
            CHECK(difference_in_bits(m2, m) == "");
            CHECK(difference_in_bits(w2, w) == "");
        }
    }
}

}  // namespace

TEMPLATE_TEST_CASE("SGD's and Lion's kernels give the reference's bits where nothing rounds", "[elementwise]", float,
                   double) {
    using T = TestType;
    for (const bool nesterov : {false, true}) {
        const kernels::SgdStep<T> step{T(0.5), T(0.25), T(0.125), nesterov};
        check_momentum_rule<T>([&](auto k, Index size, const T* g, T* m, T* w) { k.sgd(size, step, g, m, w); });
    }
    const kernels::LionStep<T> step{T(0.5), T(0.75), T(0.5), T(0.25), T(0.125), T(0.75)};
    check_momentum_rule<T>([&](auto k, Index size, const T* g, T* m, T* w) { k.lion(size, step, g, m, w); });
}
