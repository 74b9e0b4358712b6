// A model with bf16 weights is the model with its weights rounded: in a batch, a window, a stream, and in the log's
// units.

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <vector>

#include <idm/inference.hpp>

#include "support/catch.hpp"

using namespace idm;

namespace {

/// `initialise`, random numbers for what that leaves at zero, and weights of Conv1D and Dense rounded: those of two or
/// more dimensions, but for a GRU's and a DepthwiseConv1D's.
template <class M>
void draw_rounded(M& model, const char* kept) {
    model.initialise(7);
    Random random(7);
    for (const auto& parameter : model.named_parameters())
        for (Index i = 0; i < parameter.size(); ++i) {
            if (parameter[i] == 0) parameter[i] = static_cast<float>(random.uniform(-0.1, 0.1));
            if (parameter.info().taps != 0 && parameter.name().find(kept) != 0)
                parameter[i] = kernels::from_bf16(kernels::to_bf16(parameter[i]));
        }
}

std::vector<float> draw_steps(Index count) {
    Random random(8);
    std::vector<float> steps(static_cast<std::size_t>(count));
    for (float& value : steps) value = static_cast<float>(random.uniform(-1, 1));
    return steps;
}

template <class N>
std::vector<float> outputs_of(const N& network, std::span<const float> parameters, const std::vector<float>& steps,
                              Index samples) {
    auto workspace = Workspace<float>(network.template workspace_shape<float>(samples, Mode::inference));
    const Index size = network.input_shape().size();
    for (Index n = 0; n < samples; ++n) std::copy_n(steps.data() + n * size, size, workspace.input().sample(n));
    network.forward(parameters.data(), workspace, samples);
    std::vector<float> y;
    for (Index n = 0; n < samples; ++n)
        y.insert(y.end(), workspace.output().sample(n), workspace.output().sample(n) + network.output_shape().size());
    return y;
}

/// In a batch and alone, bit for bit; pruned and streamed the same as the float form, where there is one.
template <class M>
void check_bf16_model(M model, const char* kept = "none") {
    draw_rounded(model, kept);
    const M& read = model;
    const auto fast = bf16_weights(read);
    CHECK(fast.window() == model.window());
    CHECK(fast.inputs() == model.inputs());
    CHECK(fast.outputs() == model.outputs());
    const Index window = model.window() * model.inputs();
    const auto steps = draw_steps(3 * window);
    for (Index samples : {1, 3})
        CHECK(outputs_of(fast.network(), fast.parameters(), steps, samples) ==
              outputs_of(model.network(), read.parameters(), steps, samples));
    if constexpr (Prunable<typename M::NetworkType::Layers>) {
        STATIC_REQUIRE(Prunable<typename Bf16Weights<M>::NetworkType::Layers>);
        CHECK(outputs_of(pruned_network(fast.network()), fast.parameters(), steps, 1) ==
              outputs_of(pruned_network(model.network()), read.parameters(), steps, 1));
    }
    const auto fast_stream = streaming_network(fast.network());
    const auto stream = streaming_network(model.network());
    CHECK(fast_stream.history() == stream.history());
    Workspace<float> a(fast_stream.template workspace_shape<float>(1, Mode::inference));
    Workspace<float> b(stream.template workspace_shape<float>(1, Mode::inference));
    for (Index t = 0; t < 3 * model.window(); ++t) {
        std::copy_n(steps.data() + t * model.inputs(), model.inputs(), a.input().sample(0));
        std::copy_n(steps.data() + t * model.inputs(), model.inputs(), b.input().sample(0));
        fast_stream.forward(fast.parameters().data(), a, 1);
        stream.forward(read.parameters().data(), b, 1);
        for (Index o = 0; o < model.outputs(); ++o) REQUIRE(a.output().sample(0)[o] == b.output().sample(0)[o]);
    }
}

template <class... Layers>
auto model_of_layers(Index window, Index inputs, Layers... layers) {
    return Model<float, Shape<dynamic, dynamic>, Sequential<Layers...>>({window, inputs}, Sequential(layers...));
}

Recipe bf16_recipe() {
    Recipe recipe;
    recipe.positions.columns = {"q1", "q2"};
    recipe.velocities.columns = {"v1", "v2"};
    recipe.accelerations.columns = {"a1", "a2"};
    recipe.targets.columns = {"tau1", "tau2"};
    recipe.window = 32;
    recipe.sample_period = 0.001;
    return recipe;
}

}  // namespace

TEST_CASE("a model with bf16 weights has the bits of the model with rounded ones", "[bf16]") {
    check_bf16_model(Cnn1<float>({.window = 16, .inputs = 5, .outputs = 3}));
    check_bf16_model(Cnn1<float, 7, 21, 7>());
    check_bf16_model(Cnn2<float>({.window = 32, .inputs = 5, .outputs = 3}));
    check_bf16_model(Cnn2<float, 33, 6, 7>());
    check_bf16_model(LinearSkip<Cnn2<float>>({.window = 32, .inputs = 5, .outputs = 33}));
    check_bf16_model(Baseline<float>({.window = 9, .inputs = 4, .outputs = 2}));
}

TEST_CASE("groups have bf16 weights of their own, and other layers keep theirs", "[bf16]") {
    check_bf16_model(model_of_layers(12, 4, Conv1D<18, 3, Padding::causal, 1, 2, 2>(), Tanh(), Dense<40>(),
                                     LayerNorm<>(), Dense<3>(), LastStep()));
    check_bf16_model(
        model_of_layers(9, 4, DepthwiseConv1D<3, Padding::causal>(), ReLU(), Conv1D<17, 1>(), LastStep(), Dense<2>()),
        "0.");
    check_bf16_model(model_of_layers(8, 3, GRU<5>(), LastStep(), Dense<2>()), "0.");
}

TEST_CASE("bf16 weights round those of Conv1D and Dense alone", "[bf16]") {
    Cnn2<float, 31, 6, 7> model;
    model.initialise(1);
    const auto exact = bf16_weights(model);
    // 76 thousand weights in half the space; each block of 32 columns is full but for the last layer's.
    CHECK(exact.parameters().size() < model.parameters().size() * 53 / 100);
    const auto steps = draw_steps(31 * 6);
    const Cnn2<float, 31, 6, 7>& read = model;
    const auto y = outputs_of(exact.network(), exact.parameters(), steps, 1);
    const auto expected = outputs_of(model.network(), read.parameters(), steps, 1);
    CHECK(y != expected);  // the rounding shows
    float largest = 0, difference = 0;
    for (std::size_t o = 0; o < y.size(); ++o) {
        largest = std::max(largest, std::abs(expected[o]));
        difference = std::max(difference, std::abs(y[o] - expected[o]));
    }
    CHECK(difference < 0.01F * largest);

    // A bias is not rounded.
    auto biased = model;
    for (float& p : biased.parameters()) p = 0;
    const auto named = biased.named_parameters();
    named.back()[6] = 1.00390637F;
    const auto constant = bf16_weights(biased);
    CHECK(outputs_of(constant.network(), constant.parameters(), steps, 1)[6] == 1.00390637F);
}

TEST_CASE("the table of layers names bf16 and counts every weight", "[bf16]") {
    const Cnn2<float> model({.window = 32, .inputs = 5, .outputs = 3});
    const auto rows = model.layer_table(), fast = bf16_weights(model).layer_table();
    REQUIRE(fast.size() == rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        CHECK(fast[i].parameters == rows[i].parameters);
        CHECK(fast[i].name == rows[i].name + (rows[i].parameters > 0 ? ", bf16" : ""));
    }
}

TEST_CASE("with bf16 weights a stream's tick is the predictor's window, to rounding", "[bf16]") {
    Cnn2<float> model({.window = 32, .inputs = 6, .outputs = 2});
    model.initialise(3);
    const auto fast = bf16_weights(model);
    using Fast = std::remove_const_t<decltype(fast)>;
    const Normaliser<float> normaliser(Vector<float>::Constant(6, 0.1F), Vector<float>::Constant(6, 0.7F),
                                       Vector<float>::Constant(2, 3), Vector<float>::Constant(2, 20));
    Stream<Fast> stream(fast, bf16_recipe(), normaliser);
    Predictor<Fast> predictor(fast, bf16_recipe(), normaliser);
    Predictor<Cnn2<float>> exact(model, bf16_recipe(), normaliser);
    std::vector<double> all;
    bool differs = false;
    for (int t = 0; t < 80; ++t) {
        std::vector<double> sample;
        for (int i = 0; i < 6; ++i) sample.push_back(std::sin(0.1 * t * (i + 1)));
        all.insert(all.end(), sample.begin(), sample.end());
        const auto y = stream.tick(sample);
        if (t < 31) continue;
        std::vector<float> expected(2), float_weights(2);
        const auto window = std::span<const double>(all).last(32 * 6);
        predictor.predict(window, expected);
        exact.predict(window, float_weights);
        for (std::size_t o = 0; o < 2; ++o) {
            REQUIRE(y[o] == Approx(expected[o]).epsilon(0).margin(20 * 2e-6));  // of the target's scale
            REQUIRE(y[o] == Approx(float_weights[o]).epsilon(0).margin(0.05));
            differs = differs || std::abs(y[o] - float_weights[o]) > 1e-4F;
        }
    }
    CHECK(differs);
}
