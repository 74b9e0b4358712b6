// Sample by sample and cone by cone: the same outputs as the window network's, on random weights and data.

#include <algorithm>
#include <cmath>
#include <vector>

#include <idm/inference.hpp>

#include "support/catch.hpp"

using namespace idm;

namespace {

template <class T>
constexpr double rounding = sizeof(T) == 4 ? 2e-6 : 1e-14;

template <class T>
std::vector<T> random_rows(Index count, std::uint64_t seed) {
    Random random(seed);
    std::vector<T> rows(static_cast<std::size_t>(count));
    for (T& value : rows) value = static_cast<T>(random.uniform(-1, 1));
    return rows;
}

/// `initialise`, and random numbers for the parameters that it leaves at zero.
template <class M>
void draw_parameters(M& model, std::uint64_t seed) {
    model.initialise(seed);
    Random random(seed);
    for (const auto& parameter : model.named_parameters())
        for (Index i = 0; i < parameter.size(); ++i)
            if (parameter[i] == 0) parameter[i] = static_cast<typename M::Scalar>(random.uniform(-0.1, 0.1));
}

/// Largest difference over the outputs of all full windows, relative to the largest output.
template <class M, class Predict>
double difference_to_windows(const M& model, const std::vector<typename M::Scalar>& rows, Predict&& newest) {
    using T = typename M::Scalar;
    auto workspace = model.make_workspace(1);
    const Index channels = model.inputs(), steps = static_cast<Index>(rows.size()) / channels;
    double difference = 0, largest = 0;
    for (Index t = 0; t < steps; ++t) {
        const T* y = newest(t);
        if (t + 1 < model.window()) continue;
        std::copy_n(rows.data() + (t + 1 - model.window()) * channels, model.window() * channels,
                    workspace.input().sample(0));
        model.forward(workspace, 1);
        for (Index o = 0; o < model.outputs(); ++o) {
            const T expected = workspace.output().sample(0)[o];
            largest = std::max(largest, static_cast<double>(std::abs(expected)));
            difference = std::max(difference, static_cast<double>(std::abs(expected - y[o])));
        }
    }
    REQUIRE(largest > 0.01);
    return difference / largest;
}

template <class M>
void check_stream(M model) {
    using T = typename M::Scalar;
    draw_parameters(model, 3);
    const auto stream = streaming_network(model.network());
    CHECK(stream.buffer_size() == static_cast<Index>(model.parameters().size()));
    Workspace<T> workspace(stream.template workspace_shape<T>(1, Mode::inference));
    const auto rows = random_rows<T>(200 * model.inputs(), 5);
    const double difference = difference_to_windows(model, rows, [&](Index t) -> const T* {
        std::copy_n(rows.data() + t * model.inputs(), model.inputs(), workspace.input().sample(0));
        stream.forward(static_cast<const T*>(model.parameters().data()), workspace, 1);
        return workspace.output().sample(0);
    });
    CHECK(difference < rounding<T>);
}

template <class M>
void check_pruned(M model) {
    using T = typename M::Scalar;
    draw_parameters(model, 4);
    const auto pruned = pruned_network(model.network());
    CHECK(pruned.buffer_size() == static_cast<Index>(model.parameters().size()));
    Workspace<T> workspace(pruned.template workspace_shape<T>(1, Mode::inference));
    const Index size = model.window() * model.inputs();
    const auto rows = random_rows<T>(3 * size, 6);
    const double difference = difference_to_windows(model, rows, [&](Index t) -> const T* {
        if (t + 1 < model.window()) return nullptr;
        std::copy_n(rows.data() + (t + 1 - model.window()) * model.inputs(), size, workspace.input().sample(0));
        pruned.forward(static_cast<const T*>(model.parameters().data()), workspace, 1);
        return workspace.output().sample(0);
    });
    CHECK(difference < rounding<T>);
}

template <class T, class Net>
using TestModel = Model<T, Shape<dynamic, dynamic>, Net>;

}  // namespace

TEMPLATE_TEST_CASE("the models stream", "[streaming]", float, double) {
    using T = TestType;
    check_stream(Cnn1<T>({.window = 16, .inputs = 5, .outputs = 3}));
    check_stream(Cnn1<T, 7, 5, 3>());
    check_stream(Cnn2<T>({.window = 32, .inputs = 5, .outputs = 3}));
    check_stream(Cnn2<T, 31, 6, 7>());
    check_stream(LinearSkip<Cnn1<T>>({.window = 16, .inputs = 5, .outputs = 3}));
    check_stream(LinearSkip<Cnn2<T, 33, 6, 7>>());
    check_stream(Baseline<T>({.window = 9, .inputs = 4, .outputs = 2}));
}

TEMPLATE_TEST_CASE("what depends on the newest steps streams", "[streaming]", float, double) {
    using T = TestType;
    const auto net = Sequential(Conv1D<dynamic, dynamic, Padding::valid, 1, dynamic>(9, 2, 1, 3), Tanh(),
                                Conv1D<dynamic, dynamic>(5, 1), GlobalAveragePool(), Dense<>(4), ELU(), Dense<2>());
    check_stream(TestModel<T, std::remove_const_t<decltype(net)>>({12, 3}, net));
    const auto skip = Sequential(Conv1D<6, 1>(), Residual(Conv1D<6, 4, Padding::causal>(), GELU(), Dense<6>()),
                                 Sigmoid(), Residual(Conv1D<6, 2, Padding::causal, 1, 5>()), LastStep(), Dense<2>());
    check_stream(TestModel<T, std::remove_const_t<decltype(skip)>>({9, 3}, skip));
    const auto norms =
        Sequential(LayerNorm(), Conv1D<6, 4, Padding::causal>(), BatchNorm1D(), GELU(), Dropout(), LastStep(),
                   LayerNorm<false>(), Sum(Sequential(Dense<5>(), Tanh(), Dense<2>()), Dense<2>()));
    check_stream(TestModel<T, std::remove_const_t<decltype(norms)>>({9, 3}, norms));
}

TEMPLATE_TEST_CASE("a window computes its cone alone", "[cone]", float, double) {
    using T = TestType;
    check_pruned(Cnn2<T>({.window = 32, .inputs = 5, .outputs = 3}));
    check_pruned(Cnn2<T, 31, 6, 7>());
    check_pruned(LinearSkip<Cnn2<T>>({.window = 33, .inputs = 6, .outputs = 7}));
    check_pruned(Cnn2<T>({.window = 64, .inputs = 1, .outputs = 1}));
    // Spacings whose common divisor is 1, 2 and 3, and a residual that keeps every third of its steps.
    const auto net = Sequential(
        Conv1D<7, 2, Padding::causal, 1, 3>(), Tanh(), Conv1D<4, 3, Padding::causal, 1, 2>(),
        Residual(Conv1D<4, 3, Padding::causal, 1, 3>(), ReLU(), Conv1D<4, 1, Padding::causal>()),
        Conv1D<5, 2, Padding::causal, 1, 9>(), Residual(Conv1D<5, 3, Padding::causal, 1, 6>()), LastStep(), Dense<2>());
    check_pruned(TestModel<T, std::remove_const_t<decltype(net)>>({40, 3}, net));
}

TEST_CASE("only causal networks of known kernels that end in LastStep are pruned", "[cone]") {
    STATIC_REQUIRE(Prunable<Cnn2<>::NetworkType::Layers>);
    STATIC_REQUIRE_FALSE(Prunable<Cnn1<>::NetworkType::Layers>);
    STATIC_REQUIRE_FALSE(Prunable<Baseline<>::NetworkType::Layers>);
    STATIC_REQUIRE_FALSE(Prunable<Sequential<Conv1D<4, dynamic, Padding::causal>, LastStep>>);
    STATIC_REQUIRE_FALSE(Prunable<Sequential<Conv1D<4, 3, Padding::valid>, LastStep>>);
}

TEST_CASE("a zeroed workspace is a stream at its start", "[streaming]") {
    Cnn2<float, 31, 2, 1> model;
    model.initialise(1);
    const auto stream = streaming_network(model.network());
    Workspace<float> workspace(stream.workspace_shape<float>(1, Mode::inference));
    const auto rows = random_rows<float>(2 * 40, 9);
    std::vector<float> first, second;
    for (auto* outputs : {&first, &second}) {
        std::fill_n(workspace.memory(), workspace.shape().memory, 0.F);
        for (std::size_t t = 0; t < 40; ++t) {
            std::copy_n(rows.data() + 2 * t, 2, workspace.input().sample(0));
            stream.forward(static_cast<const float*>(model.parameters().data()), workspace, 1);
            outputs->push_back(workspace.output().sample(0)[0]);
        }
    }
    CHECK(first == second);
}

TEST_CASE("several streams in one workspace do not mix", "[streaming]") {
    Cnn1<double, 8, 2, 1> model;
    model.initialise(1);
    const auto stream = streaming_network(model.network());
    Workspace<double> both(stream.workspace_shape<double>(2, Mode::inference));
    Workspace<double> one(stream.workspace_shape<double>(1, Mode::inference));
    const auto a = random_rows<double>(2 * 20, 1), b = random_rows<double>(2 * 20, 2);
    const double* parameters = model.parameters().data();
    for (std::size_t t = 0; t < 20; ++t) {
        std::copy_n(a.data() + 2 * t, 2, both.input().sample(0));
        std::copy_n(b.data() + 2 * t, 2, both.input().sample(1));
        std::copy_n(b.data() + 2 * t, 2, one.input().sample(0));
        stream.forward(parameters, both, 2);
        stream.forward(parameters, one, 1);
        CHECK(both.output().sample(1)[0] == Approx(one.output().sample(0)[0]).epsilon(1e-13));
        CHECK(both.output().sample(0)[0] != both.output().sample(1)[0]);
    }
}

TEST_CASE("a window that ends before an output's history does neither streams nor is pruned", "[streaming][cone]") {
    const Cnn2<float> model({.window = 30, .inputs = 2, .outputs = 1});
    REQUIRE_THROWS_AS(streaming_network(model.network()), ShapeError);
    REQUIRE_THROWS_AS(pruned_network(model.network()), ShapeError);
}
