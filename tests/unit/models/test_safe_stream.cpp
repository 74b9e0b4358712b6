#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include <idm/inference.hpp>

#include "support/catch.hpp"

using namespace idm;

namespace {

constexpr double control_period = 0.001;

/// One position and one velocity to one torque, causal and 8 samples long.
Recipe recipe() {
    return {.positions = {.columns = {"q"}},
            .velocities = {.columns = {"qd"}},
            .targets = {.columns = {"tau"}},
            .use_accelerations = false,
            .window = 8,
            .sample_period = control_period};
}

template <class T>
Normaliser<T> normaliser(double scale = 1) {
    const auto two = [](double a, double b) { return Vector<T>(Vector<T>{{static_cast<T>(a), static_cast<T>(b)}}); };
    Normaliser<T> result(two(0.5, 0), two(1, 2), Vector<T>::Constant(1, 3),
                         Vector<T>::Constant(1, static_cast<T>(scale)));
    result.set_input_range(two(-1, -4), two(2, 4));
    return result;
}

SafetyConfig config() {
    return {.limit = {20},
            .rate = {5000},
            .largest_distance = 0.5,
            .fade_in = 0.01,
            .fade_out = 0.005,
            .sample_period = control_period};
}

constexpr auto zero = [](std::span<const double>, auto out) noexcept { std::fill(out.begin(), out.end(), 0); };

struct Bench {
    Cnn1<double> model{{.window = 8, .inputs = 2, .outputs = 1}};
    Bench() { model.initialise(1); }
    template <class Fallback>
    auto safe(Fallback fallback, const SafetyConfig& limits = config(), double scale = 1) const {
        return SafeStream<Cnn1<double>, Fallback>(Stream<Cnn1<double>>(model, recipe(), normaliser<double>(scale)),
                                                  fallback, limits);
    }
};

const std::vector<double> calm = {0.7, 1};

}  // namespace

TEST_CASE("a trusted model is followed, after warming up and fading in", "[safe]") {
    const Bench bench;
    auto safe = bench.safe(zero);
    Stream<Cnn1<double>> plain(bench.model, recipe(), normaliser<double>());
    for (int tick = 1; tick <= 40; ++tick) {
        const double expected = plain.tick(calm)[0];
        const double y = safe.tick(calm)[0];
        if (tick < 8) {
            CHECK(safe.fault() == Fault::warming_up);
            CHECK(y == 0);
        } else {
            CHECK(safe.fault() == Fault::none);
            CHECK(safe.trust() == Approx(std::min(1.0, (tick - 7) * 0.1)));
            CHECK(y == Approx(safe.trust() * expected));
        }
    }
    CHECK(safe.trust() == 1);
    CHECK(safe.count(Fault::warming_up) == 7);
    CHECK(safe.count(Fault::none) == 33);
}

TEST_CASE("after a reset a safe stream is as it was constructed, but for its counts", "[safe]") {
    const Bench bench;
    auto used = bench.safe(zero), fresh = bench.safe(zero);
    for (int tick = 0; tick < 30; ++tick) used.tick(calm);
    REQUIRE(used.fault() == Fault::none);
    used.reset();
    CHECK(used.fault() == Fault::warming_up);
    CHECK(used.trust() == 0);
    CHECK(used.count(Fault::none) == 23);
    // A first sample that is not finite: the last one before the reset must not take its place.
    const std::vector<double> bad = {std::numeric_limits<double>::quiet_NaN(), 0};
    for (int tick = 0; tick < 20; ++tick) {
        const std::vector<double>& sample = tick == 0 ? bad : calm;
        const double y = used.tick(sample)[0], expected = fresh.tick(sample)[0];
        CHECK(y == expected);
        CHECK(used.stream().distance() == fresh.stream().distance());
        CHECK(used.fault() == fresh.fault());
    }
    CHECK(used.trust() > 0);
}

TEST_CASE("each fault is named and hands over to the fallback", "[safe]") {
    const Bench bench;
    const auto fallback = [](std::span<const double>, std::span<double> out) noexcept { out[0] = -2; };
    const auto ready = [&](auto& safe) {
        for (int tick = 0; tick < 30; ++tick) safe.tick(calm);
        REQUIRE(safe.trust() == 1);
    };
    const auto expect = [&](auto& safe, const std::vector<double>& sample, Fault fault) {
        for (int tick = 0; tick < 5; ++tick) {
            safe.tick(sample);
            CHECK(to_string(safe.fault()) == std::string(to_string(fault)));
        }
        CHECK(safe.trust() == Approx(0).margin(1e-12));
        CHECK(safe.count(fault) >= 5);
        CHECK(safe.tick(sample)[0] == Approx(-2));
    };
    SECTION("a sample that is not finite, after which the stream is as before") {
        auto safe = bench.safe(fallback);
        ready(safe);
        expect(safe, {std::numeric_limits<double>::quiet_NaN(), 0}, Fault::bad_input);
        safe.tick(calm);
        CHECK(safe.fault() == Fault::none);
    }
    SECTION("features outside the training rows") {
        auto safe = bench.safe(fallback);
        ready(safe);
        safe.tick(std::vector<double>{2.4, 1});
        CHECK(safe.fault() == Fault::none);  // 0.4 standard deviations outside
        CHECK(safe.stream().distance() == Approx(0.4));
        expect(safe, {0.7, -5.2}, Fault::outside_training);  // 1.2 / 2 outside
        CHECK(safe.stream().distance() == Approx(0.6));
    }
    SECTION("an output beyond the limit") {
        auto safe = bench.safe(fallback, {.limit = {2.5}, .sample_period = control_period});
        for (int tick = 0; tick < 30; ++tick) safe.tick(calm);
        CHECK(safe.fault() == Fault::beyond_limit);  // the mean alone is 3
        CHECK(safe.tick(calm)[0] == -2);
    }
    SECTION("an output that is not finite") {
        auto safe = bench.safe(fallback, config(), 1e308);
        safe.tick(calm);
        Bench wild;
        for (double& weight : wild.model.parameters()) weight *= 1e200;
        auto broken = wild.safe(fallback, config(), 1e308);
        for (int tick = 0; tick < 20; ++tick) broken.tick(calm);
        CHECK(broken.fault() == Fault::bad_output);
        CHECK(broken.tick(calm)[0] == -2);
    }
    SECTION("a fallback that is not finite: the model goes on, the last output stands in") {
        auto safe = bench.safe([](std::span<const double>, std::span<double> out) noexcept {
            out[0] = std::numeric_limits<double>::infinity();
        });
        for (int tick = 0; tick < 60; ++tick) {
            safe.tick(calm);
            CHECK(safe.fault() == (tick < 7 ? Fault::warming_up : Fault::bad_fallback));
        }
        CHECK(safe.trust() == 1);
    }
}

TEST_CASE("a sensor that starts with NaN: the stream starts with the first finite sample", "[safe]") {
    const Bench bench;
    auto safe = bench.safe(zero);
    const double nan = std::numeric_limits<double>::quiet_NaN();
    for (int run = 0; run < 2; ++run) {
        Stream<Cnn1<double>> plain(bench.model, recipe(), normaliser<double>());
        for (int tick = 0; tick < 12; ++tick) {
            CHECK(safe.tick(std::vector<double>{nan, 0})[0] == 0);
            CHECK(safe.fault() == Fault::bad_input);
        }
        for (int tick = 1; tick <= 30; ++tick) {
            const double expected = plain.tick(calm)[0], y = safe.tick(calm)[0];
            CHECK(safe.fault() == (tick < 8 ? Fault::warming_up : Fault::none));
            CHECK(y == Approx(safe.trust() * expected));
        }
        safe.reset();
    }
}

TEST_CASE("a spike is not followed as long as the model's output depends on it", "[safe]") {
    const Bench bench;
    auto safe = bench.safe(zero, {.limit = {1e6}, .largest_distance = 0.5, .sample_period = control_period});
    Stream<Cnn1<double>> plain(bench.model, recipe(), normaliser<double>());
    const auto tick = [&](const std::vector<double>& sample) {
        const double expected = plain.tick(sample)[0], y = safe.tick(sample)[0];
        if (safe.fault() == Fault::none && safe.trust() == 1) CHECK(y == expected);
        return expected;
    };
    double rest = 0;
    for (int i = 0; i < 150; ++i) rest = tick(calm);
    REQUIRE(safe.trust() == 1);
    tick({2e6, 1});
    CHECK(safe.fault() == Fault::outside_training);
    for (int i = 1; i < 8; ++i) {
        CHECK(std::abs(tick(calm) - rest) > 1);  // it is in the window still
        CHECK(safe.stream().distance() == 0);
        CHECK(safe.fault() == Fault::outside_training);
    }
    CHECK(tick(calm) == rest);
    CHECK(safe.fault() == Fault::none);
}

TEST_CASE("reset starts over and keeps the counts", "[safe]") {
    const Bench bench;
    auto safe = bench.safe(zero);
    for (int tick = 0; tick < 30; ++tick) safe.tick(calm);
    safe.reset();
    CHECK(safe.trust() == 0);
    CHECK(safe.tick(calm)[0] == 0);
    CHECK(safe.fault() == Fault::warming_up);
    CHECK(safe.count(Fault::warming_up) == 8);
}

TEMPLATE_TEST_CASE("no input leads to an output outside limit and rate", "[safe]", float, double) {
    using T = TestType;
    Random random(7);
    const double extremes[] = {0,
                               -0.0,
                               1e-320,
                               1e30,
                               -1e30,
                               1e308,
                               -1e308,
                               std::numeric_limits<double>::infinity(),
                               -std::numeric_limits<double>::infinity(),
                               std::numeric_limits<double>::quiet_NaN()};
    const auto draw = [&] {
        const double calm_value = random.uniform(-3, 3);
        return random.below(4) == 0 ? extremes[random.below(10)] : calm_value;
    };
    for (std::uint64_t round = 0; round < 60; ++round) {
        Cnn1<T> model({.window = 8, .inputs = 2, .outputs = 1});
        model.initialise(round);
        const auto blow_up = static_cast<T>(std::pow(10, random.uniform(0, 5)));
        for (T& weight : model.parameters()) weight *= blow_up;
        if (round % 5 == 0) model.parameters()[3] = std::numeric_limits<T>::quiet_NaN();
        SafetyConfig limits = config();
        limits.limit = {std::pow(10, random.uniform(-3, 3))};
        limits.rate = {std::pow(10, random.uniform(-2, 6))};
        if (round % 7 == 0) limits.fade_in = limits.fade_out = 0;
        const auto fallback = [&](std::span<const double>, std::span<T> out) noexcept {
            out[0] = static_cast<T>(draw());
        };
        SafeStream<Cnn1<T>, decltype(fallback)> safe(Stream<Cnn1<T>>(model, recipe(), normaliser<T>()), fallback,
                                                     limits);
        double last = 0;
        for (int tick = 0; tick < 300; ++tick) {
            const std::vector<double> sample = {draw(), draw()};
            const double y = static_cast<double>(safe.tick(sample)[0]);
            REQUIRE(std::isfinite(y));
            REQUIRE(std::abs(y) <= limits.limit[0]);
            // last + rate * control_period is itself rounded.
            const double rounding = std::numeric_limits<double>::epsilon() * limits.limit[0];
            if (tick > 0) REQUIRE(std::abs(y - last) <= limits.rate[0] * control_period + rounding);
            last = y;
        }
    }
}

TEST_CASE("a safety configuration that bounds nothing is refused", "[safe]") {
    const Bench bench;
    const auto refuses = [&](auto change) {
        SafetyConfig limits = config();
        change(limits);
        CHECK_THROWS_AS(bench.safe(zero, limits), ConfigError);
    };
    refuses([](SafetyConfig& c) { c.limit = {}; });
    refuses([](SafetyConfig& c) { c.limit = {1, 2}; });
    refuses([](SafetyConfig& c) { c.limit = {0}; });
    refuses([](SafetyConfig& c) { c.limit = {std::numeric_limits<double>::infinity()}; });
    refuses([](SafetyConfig& c) { c.rate = {-1}; });
    refuses([](SafetyConfig& c) { c.sample_period = 0; });
    refuses([](SafetyConfig& c) { c.sample_period = 10 * control_period; });  // ten times the rate that is asked for
    refuses([](SafetyConfig& c) { c.fade_in = -1; });
    refuses([](SafetyConfig& c) { c.largest_distance = std::numeric_limits<double>::quiet_NaN(); });

    const Normaliser<double> without(normaliser<double>().input_mean(), normaliser<double>().input_scale(),
                                     Vector<double>::Constant(1, 0), Vector<double>::Constant(1, 1));
    CHECK_THROWS_AS((SafeStream<Cnn1<double>, decltype(zero)>(Stream<Cnn1<double>>(bench.model, recipe(), without),
                                                              zero, config())),
                    ConfigError);
}
