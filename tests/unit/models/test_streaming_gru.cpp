// A stream's GRU remembers everything since the start: it equals a window that begins there.

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include <idm/inference.hpp>

#include "support/catch.hpp"
#include "support/network_run.hpp"

using namespace idm;
using namespace idm_test;

namespace {

template <class T>
using V = std::vector<T>;

/// The streaming network of a window's, one step of `samples` streams at a time.
template <class T, class Net>
struct StreamRun {
    using N = std::remove_const_t<decltype(streaming_network(std::declval<const Net&>()))>;
    NetworkRun<T, N> run;

    template <class Window>
    StreamRun(const Window& window, Index samples) : run(streaming_network(window.network), samples, Mode::inference) {
        REQUIRE(run.parameters.size() == window.parameters.size());
        std::copy_n(window.parameters.data(), window.parameters.size(), run.parameters.data());
    }

    /// Step t of x [samples, steps, C].
    V<T> step(const V<T>& x, Index steps, Index t) {
        const Index channels = run.network.input_shape().channels();
        V<T> newest;
        for (Index n = 0; n < run.samples; ++n)
            for (Index c = 0; c < channels; ++c)
                newest.push_back(x[static_cast<std::size_t>((n * steps + t) * channels + c)]);
        return run.forward(newest);
    }
};
template <class T, class Window>
auto stream_of(const Window& window, Index samples) {
    return StreamRun<T, decltype(window.network)>(window, samples);
}

}  // namespace

// As in the layer's test by hand: n = tanh(log(3) / 2) = 1/2 and z = 1/2, so y = (n + h) / 2.
TEMPLATE_TEST_CASE("a GRU's stream by hand", "[streaming][gru]", float, double) {
    using T = TestType;
    auto window = network_run<T>(Shape<2, 1>(), Sequential(GRU<1>()), 1, Mode::inference);
    window.named()[2].copy_from(V<T>{0, 0, static_cast<T>(std::log(3.0) / 2)});
    auto stream = stream_of<T>(window, 1);
    for (const double expected : {0.25, 0.375, 0.4375, 0.46875})
        CHECK(std::abs(static_cast<double>(stream.run.forward({5})[0]) - expected) <=
              4 * static_cast<double>(std::numeric_limits<T>::epsilon()));
}

TEMPLATE_TEST_CASE("every step of a GRU's stream is that of the window from its start, to the bit", "[streaming][gru]",
                   float, double) {
    using T = TestType;
    const Index steps = 20;
    for (Index hidden = 1; hidden <= 33; ++hidden)
        for (Index samples : {1, 3}) {
            INFO(hidden << " units, " << samples << " streams");
            auto window =
                network_run<T>(Shape<dynamic, dynamic>(steps, 3), Sequential(GRU<>(hidden)), samples, Mode::inference);
            window.draw_parameters(1);
            const V<T> x = window.draw_input(1), y = window.forward(x);
            auto stream = stream_of<T>(window, samples);
            for (int start = 0; start < 2; ++start) {  // zeroed memory is a stream at its start
                std::fill_n(stream.run.workspace.memory(), stream.run.workspace.shape().memory, T(0));
                bool equal = true;
                for (Index t = 0; t < steps; ++t) {
                    const V<T> newest = stream.step(x, steps, t);
                    for (Index n = 0; n < samples; ++n)
                        equal = equal && std::equal(newest.begin() + n * hidden, newest.begin() + (n + 1) * hidden,
                                                    y.begin() + (n * steps + t) * hidden);
                }
                CHECK(equal);
            }
        }
}

TEMPLATE_TEST_CASE("a network with a GRU streams: each tick is the window of all steps so far", "[streaming][gru]",
                   float, double) {
    using T = TestType;
    const auto check = [](const auto& layers) {
        const Index longest = 24;
        auto trained = network_run<T>(Shape<dynamic, 3>(8, 3), layers, 1, Mode::inference);
        trained.draw_parameters(2);
        auto stream = stream_of<T>(trained, 1);
        const V<T> x = numbers<T>(2, 0, longest * 3);
        double largest = 0;
        for (Index t = 0; t < longest; ++t) {
            auto window = network_run<T>(Shape<dynamic, 3>(t + 1, 3), layers, 1, Mode::inference);
            window.draw_parameters(2);
            const V<T> y = window.forward(V<T>(x.begin(), x.begin() + (t + 1) * 3)),
                       newest = stream.step(x, longest, t);
            REQUIRE(newest.size() == 2);
            for (std::size_t o = 0; o < 2; ++o) {
                INFO("step " << t);
                largest = std::max(largest, static_cast<double>(std::abs(y[o])));
                CHECK(std::abs(static_cast<double>(newest[o] - y[o])) < (sizeof(T) == 4 ? 2e-6 : 1e-14));
            }
        }
        CHECK(largest > 0.1);
        CHECK(stream.run.network.output_shape().length() == 1);
    };
    check(Sequential<GRU<8>, LastStep, Dense<2>>());
    check(Sequential<Conv1D<5, 3, Padding::causal>, Tanh, GRU<8>, GRU<4>, LastStep, Dense<2>>());
}

TEST_CASE("a GRU's stream remembers what a later window does not, and is warm at once", "[streaming][gru]") {
    auto window = network_run<double>(Shape<2, 1>(), Sequential<GRU<3>, LastStep, Dense<1>>(), 1, Mode::inference);
    window.draw_parameters(3);
    auto stream = stream_of<double>(window, 1);
    CHECK(stream.run.network.history() == 0);
    double newest = 0;
    for (const double x : {20.0, -1.0, 1.0}) newest = stream.run.forward({x})[0];
    CHECK(std::abs(newest - window.forward({-1, 1})[0]) > 1e-3);
    CHECK(GRU<3>().streaming(Shape<2, 1>()).name() == "GRU(3) since the start");
}

TEST_CASE("a GRU's stream does not learn and takes one step", "[streaming][gru]") {
    const auto layer = GRU<3>().streaming(Shape<2, 1>());
    REQUIRE_THROWS_AS(layer.backward(Shape<1, 1>(), Backward<float>()), ConfigError);
    REQUIRE_THROWS_WITH(layer.output_shape(Shape<2, 1>()), "a stream's layer: expected one step in, got 2");
}

TEST_CASE("a Stream of a GRU is warm once its features are, and reset() starts it anew", "[streaming][gru]") {
    using Net = Sequential<GRU<4>, LastStep, Dense<1>>;
    Model<double, Shape<dynamic, dynamic>, Net> model({8, 3}, Net());
    model.initialise(1);
    const Baseline<double> windows({.window = 8, .inputs = 3, .outputs = 1});
    const Recipe recipe{.positions = {.columns = {"q"}},
                        .targets = {.columns = {"tau"}},
                        .filter = {.length = 5, .order = 2, .alignment = Alignment::causal},
                        .window = 8,
                        .sample_period = 0.01};
    const Vector<double> zeros = Vector<double>::Zero(3), ones = Vector<double>::Ones(3);
    const Normaliser<double> normaliser(zeros, ones, zeros.head(1), ones.head(1));
    Stream stream(model, recipe, normaliser);
    CHECK(stream.warm_up() + 7 == Stream(windows, recipe, normaliser).warm_up());
    V<double> first, second;
    for (auto* outputs : {&first, &second}) {
        stream.reset();
        for (int t = 0; t < 40; ++t) outputs->push_back(stream.tick(V<double>{std::sin(0.1 * t)})[0]);
    }
    CHECK(first == second);
    CHECK(first[30] != first[39]);
}
