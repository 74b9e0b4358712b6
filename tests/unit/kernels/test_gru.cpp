// The selected GRU kernels against their reference, which unit/layers/test_gru.cpp works out by hand.

#include <cmath>
#include <limits>

#include "implementations.hpp"
#include "support/catch.hpp"
#include "support/guarded.hpp"

using namespace test;

namespace {

template <class T>
struct Step {
    Guarded<T> product, h, d_y, gates, y, d_h;

    Step(Index hidden, Index offset)
        : product(guarded_line<T>(3 * hidden, offset)),
          h(guarded_line<T>(hidden, offset)),
          d_y(guarded_line<T>(hidden, offset)),
          gates(guarded_line<T>(3 * hidden, offset)),
          y(guarded_line<T>(hidden, offset)),
          d_h(guarded_line<T>(hidden, offset)) {
        Random random(7);
        for (auto* numbers : {&product, &h, &d_y, &gates, &d_h}) numbers->fill_uniform(random);
    }
    bool is_untouched_outside() const {
        return product.is_untouched_outside() && gates.is_untouched_outside() && y.is_untouched_outside() &&
               d_h.is_untouched_outside();
    }
};

/// All values are of order 1 and come from few operations; exp and tanh are off by less than 2 units
/// (docs/numerics.md).
template <class T>
bool is_near(const Guarded<T>& a, const Guarded<T>& b) {
    bool near = true;
    for (Index i = 0; i < a.run(); ++i)
        near = near && std::abs(a.at(0, i) - b.at(0, i)) <= 8 * std::numeric_limits<T>::epsilon();
    return near;
}

}  // namespace

TEMPLATE_TEST_CASE("GRU kernels agree with the reference and write their outputs only", "[gru]", float, double) {
    using T = TestType;
    for (Index hidden = 1; hidden <= 33; ++hidden) {
        INFO(hidden);
        Step<T> a(hidden, 1), aligned(hidden, 0), b(hidden, 1);
        const auto forward = [&](auto kernel, Step<T>& s) {
            kernel(hidden, s.product.data(), s.h.data(), s.gates.data(), s.y.data());
        };
        const auto backward = [&](auto kernel, Step<T>& s) {
            kernel(hidden, s.h.data(), s.d_y.data(), s.gates.data(), s.product.data(), s.d_h.data());
        };
        forward(Selected<T>::gru_forward, a);
        forward(Selected<T>::gru_forward, aligned);
        forward(Reference<T>::gru_forward, b);
        CHECK(is_near(a.gates, b.gates));
        CHECK(is_near(a.y, b.y));
        CHECK(difference_in_bits(a.y, aligned.y) == "");

        backward(Selected<T>::gru_backward, a);
        backward(Selected<T>::gru_backward, aligned);
        backward(Reference<T>::gru_backward, b);
        CHECK(is_near(a.gates, b.gates));
        CHECK(is_near(a.product, b.product));
        CHECK(is_near(a.d_h, b.d_h));
        CHECK(difference_in_bits(a.product, aligned.product) == "");
        CHECK(difference_in_bits(a.d_h, aligned.d_h) == "");
        CHECK(a.is_untouched_outside());
    }
}
