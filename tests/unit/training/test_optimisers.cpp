#include <cmath>
#include <limits>
#include <vector>

#include <idm/models/cnn1.hpp>
#include <idm/training/trainer.hpp>

#include "support/catch.hpp"
#include "support/small_dataset.hpp"

using namespace idm;
using namespace idm_test;

TEMPLATE_TEST_CASE("two steps of gradient descent with momentum, worked out by hand", "[optimisers]", float, double) {
    using T = TestType;
    // Settings of 1/2 and 1/4 keep every number exact.
    Sgd<T> plain({.momentum = 0.5, .nesterov = false, .weight_decay = 0.25}, 1);
    std::vector<T> w{4};
    plain.step(w, std::vector<T>{1}, 0.5);  // g' = 2, m = 2
    CHECK(w[0] == T(3));
    plain.step(w, std::vector<T>{-0.75}, 0.5);  // g' = 0, m = 1
    CHECK(w[0] == T(2.5));
    Sgd<T> nesterov({.momentum = 0.5, .nesterov = true, .weight_decay = 0.25}, 1);
    w = {4};
    nesterov.step(w, std::vector<T>{1}, 0.5);  // g' = 2, m = 2: 2 + 1
    CHECK(w[0] == T(2.5));
    nesterov.step(w, std::vector<T>{0.375}, 0.5);  // g' = 1, m = 2: 1 + 1
    CHECK(w[0] == T(1.5));
    CHECK(nesterov.steps_taken() == 2);
}

// From torch.optim.SGD(lr=1e-2, momentum=0.9, weight_decay=0.1) of PyTorch 1.13 in double.
TEMPLATE_TEST_CASE("four steps of gradient descent are PyTorch's", "[optimisers]", float, double) {
    using T = TestType;
    const std::vector<std::vector<T>> gradients{
        {T(0.5), -1, T(0.25)}, {T(-0.75), 2, 0}, {T(1.5), T(0.125), -3}, {0, 0, 1}};
    const auto check = [&](bool nesterov, const std::vector<double>& expected) {
        Sgd<T> sgd({.momentum = 0.9, .nesterov = nesterov, .weight_decay = 0.1}, 3);
        std::vector<T> w{1, -2, T(0.5)};
        for (const std::vector<T>& gradient : gradients) sgd.step(w, gradient, 1e-2);
        for (std::size_t i = 0; i < 3; ++i)
            CHECK(static_cast<double>(w[i]) == Approx(expected[i]).epsilon(8 * std::numeric_limits<T>::epsilon()));
    };
    check(false, {0.9656264523060001, -2.0041276596119997, 0.533877472403});
    check(true, {0.9526360653658927, -2.0069903625267855, 0.5459499994616963});
}

TEMPLATE_TEST_CASE("three steps of Lion, worked out by hand", "[optimisers]", float, double) {
    using T = TestType;
    Lion<T> lion({.beta1 = 0.5, .beta2 = 0.75, .weight_decay = 0.25}, 3);
    std::vector<T> w{4, -8, 0};
    lion.step(w, std::vector<T>{3, T(-0.125), 0}, 0.5);  // 7/8 w - 1/2 sign(g); m = g / 4
    CHECK(w == std::vector<T>{3, T(-6.5), 0});
    // m / 2 + g / 2: 3/8 - 1/4 > 0 against the gradient, -1/64 + 1/64 = 0, 0; m = 7/16, -1/64, 0
    lion.step(w, std::vector<T>{T(-0.5), T(0.03125), 0}, 0.5);
    CHECK(w == std::vector<T>{T(3 * 0.875 - 0.5), T(-6.5 * 0.875), 0});
    lion.step(w, std::vector<T>{T(-0.4375), T(0.015625), 1}, 0.5);  // 0, 0, 1/2
    CHECK(w == std::vector<T>{T(2.125 * 0.875), T(-5.6875 * 0.875), T(-0.5)});
}

TEMPLATE_TEST_CASE("SGD and Lion on ranges have the bits of those on all", "[optimisers]", float, double) {
    using T = TestType;
    constexpr Index size = 96;
    const auto check = [](auto whole, auto parts) {
        std::vector<T> a = numbers<T>(1, 0, size), b = a;
        for (std::uint64_t step = 1; step <= 3; ++step) {
            const std::vector<T> gradient = numbers<T>(1, step, size);
            whole.step(a, gradient, 1e-2);
            parts.begin_step(1e-2);
            for (const Range range : {Range{32, 96}, Range{0, 16}, Range{16, 32}})
                parts.apply(range, gradient.data(), b.data());
        }
        CHECK(a == b);
        CHECK(a != numbers<T>(1, 0, size));
    };
    const SgdConfig sgd{.weight_decay = 0.1};
    const LionConfig lion{.weight_decay = 0.1};
    check(Sgd<T>(sgd, size), Sgd<T>(sgd, size));
    check(Lion<T>(lion, size), Lion<T>(lion, size));
}

TEST_CASE("SGD and Lion refuse settings out of range", "[optimisers]") {
    for (const SgdConfig& bad : {SgdConfig{.momentum = 1}, SgdConfig{.momentum = -0.1}, SgdConfig{.momentum = 0},
                                 SgdConfig{.momentum = std::nan("")}, SgdConfig{.weight_decay = -1}})
        CHECK_THROWS_AS(Sgd<float>(bad, 4), ConfigError);
    CHECK_NOTHROW(Sgd<float>({.momentum = 0, .nesterov = false}, 4));
    for (const LionConfig& bad : {LionConfig{.beta1 = 1}, LionConfig{.beta2 = -0.1}, LionConfig{.weight_decay = -1}})
        CHECK_THROWS_AS(Lion<float>(bad, 4), ConfigError);
    std::vector<double> four(4), five(5);
    Lion<double> lion({}, 4);
    CHECK_THROWS_AS(lion.step(five, four, 1e-3), ShapeError);
}

TEMPLATE_TEST_CASE("each optimiser learns, with the same bits on any number of threads", "[optimisers][threads]", float,
                   double) {
    using T = TestType;
    const auto data = linear_dataset<T>({.outputs = 2});
    struct Case {
        OptimiserKind kind;
        double rate;
    };
    const auto trained = [&](const Case& c, Index epochs, int threads) {
        Cnn1<T> model({8, 2, 2});
        model.initialise(1);
        const TrainerConfig config{.epochs = epochs,
                                   .batch_size = 34,
                                   .rate = c.rate,
                                   .optimiser = c.kind,
                                   .threads = threads,
                                   .gradient_parts = 3};
        train(model, data, config);
        return model;
    };
    for (const Case& c : {Case{OptimiserKind::adam, 5e-3}, {OptimiserKind::sgd, 5e-2}, {OptimiserKind::lion, 1e-3}}) {
        INFO("optimiser " << static_cast<int>(c.kind));
        const Cnn1<T> one = trained(c, 15, 1);
        // A model that ignores its input has a loss of 0.58.
        CHECK(mean_squared_error(one, data, window_rows(data.split.validation, 8, 0, idm::Rows::full), 1) < 0.1);
        const auto alone = parameters_of(trained(c, 1, 1));
        for (const int threads : {2, 3}) CHECK(parameters_of(trained(c, 1, threads)) == alone);
    }
}
