#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include <idm/training/adam.hpp>

#include "support/catch.hpp"
#include "support/network_run.hpp"

using namespace idm;

namespace {
template <class T>
constexpr double eps = std::numeric_limits<T>::epsilon();
}

TEMPLATE_TEST_CASE("the first two steps of Adam, worked out by hand", "[adam]", float, double) {
    using T = TestType;
    // beta1 1/2, beta2 3/4 and epsilon 1/4 keep every number exact.
    Adam<T> adam({.beta1 = 0.5, .beta2 = 0.75, .epsilon = 0.25}, 2);
    std::vector<T> w{1, -2};
    // m = g / 2, v = g^2 / 4: the bias correction makes them g and g^2, so each moves rate g / (|g| + 1/4).
    adam.step(w, std::vector<T>{T(0.75), -2}, 0.5);
    CHECK(adam.steps_taken() == 1);
    CHECK(w[0] == Approx(1 - 0.5 * 0.75).epsilon(4 * eps<T>));
    CHECK(w[1] == Approx(-2 + 0.5 * 2 / 2.25).epsilon(4 * eps<T>));
    // m = 3/8 / 2 = 3/16 over 3/4: 1/4. v = 3/4 9/64 = 27/256 over 7/16: 27/112.
    const T before = w[0];
    adam.step(w, std::vector<T>{0, 0}, 0.5);
    CHECK(w[0] - before == Approx(-0.5 * 0.25 / (std::sqrt(27.0 / 112.0) + 0.25)).epsilon(16 * eps<T>));
}

TEMPLATE_TEST_CASE("weight decay is decoupled: it scales the parameter and leaves the gradient alone", "[adam]", float,
                   double) {
    using T = TestType;
    Adam<T> adam({.weight_decay = 0.25}, 1);
    std::vector<T> w{8};
    adam.step(w, std::vector<T>{0}, 0.5);
    CHECK(w[0] == T(7));  // 8 (1 - 1/2 1/4); a decay inside the gradient would have moved it by the rate
}

TEMPLATE_TEST_CASE("Adam on ranges has the bits of Adam on all", "[adam]", float, double) {
    using T = TestType;
    constexpr Index size = 80;
    Adam<T> whole({}, size), parts({}, size);
    std::vector<T> a = idm_test::numbers<T>(1, 0, size), b = a;
    for (std::uint64_t step = 1; step <= 3; ++step) {
        const std::vector<T> gradient = idm_test::numbers<T>(1, step, size);
        whole.step(a, gradient, 1e-2);
        parts.begin_step(1e-2);
        for (const Range range : {Range{32, 80}, Range{0, 16}, Range{16, 32}})
            parts.apply(range, gradient.data(), b.data());
    }
    CHECK(a == b);
    CHECK(parts.steps_taken() == 3);
}

TEST_CASE("Adam refuses settings out of range and other sizes", "[adam]") {
    for (const AdamConfig& bad :
         {AdamConfig{.beta1 = 1}, AdamConfig{.beta1 = -0.1}, AdamConfig{.beta2 = 1}, AdamConfig{.beta2 = std::nan("")},
          AdamConfig{.epsilon = -1}, AdamConfig{.weight_decay = -0.1}, AdamConfig{.epsilon = std::nan("")}})
        CHECK_THROWS_AS(Adam<float>(bad, 4), ConfigError);
    CHECK_THROWS_WITH(Adam<float>({.beta2 = 1.5}, 4), ContainsSubstring("[0, 1)") && ContainsSubstring("0.9 and 1.5"));
    Adam<double> adam({}, 4);
    std::vector<double> four(4), five(5);
    CHECK_THROWS_AS(adam.step(five, four, 1e-3), ShapeError);
    CHECK_THROWS_AS(adam.step(four, five, 1e-3), ShapeError);
    CHECK(adam.steps_taken() == 0);
}
