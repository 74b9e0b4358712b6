#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <type_traits>
#include <vector>

#include <idm/layers/activation.hpp>
#include <idm/layers/depthwise.hpp>
#include <idm/layers/norm.hpp>
#include <idm/layers/without_padding.hpp>
#include <idm/models/baseline.hpp>
#include <idm/models/cnn1.hpp>
#include <idm/models/cnn2.hpp>

#include "support/catch.hpp"
#include "support/network_run.hpp"

using namespace idm;
using namespace idm_test;

static_assert(SequenceTrainable<Cnn2<float>::NetworkType::Layers>);
static_assert(!SequenceTrainable<Cnn1<float>::NetworkType::Layers>);
static_assert(!SequenceTrainable<Cnn1<float, 32, 21, 7, Padding::causal>::NetworkType::Layers>);
static_assert(!SequenceTrainable<Baseline<float>::NetworkType::Layers>);
static_assert(!SequenceTrainable<Sequential<Conv1D<8, 3>, LastStep, Dense<1>>>);

namespace {

/// Largest difference, relative to the largest number.
template <class T>
double difference(const std::vector<T>& a, const std::vector<T>& b) {
    REQUIRE(a.size() == b.size());
    double error = 0, largest = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        error = std::max(error, std::abs(static_cast<double>(a[i] - b[i])));
        largest = std::max(largest, std::abs(static_cast<double>(b[i])));
    }
    REQUIRE(largest > 0);
    return error / largest;
}

/// Every kind of layer that has a form without padding; the residual's body ends in what reads its own output.
auto layers_without_padding() {
    constexpr auto causal = Padding::causal;
    return Sequential(Conv1D<6, 2, causal>(), Tanh(),
                      Residual<Conv1D<dynamic, dynamic, causal, 1, dynamic>, LayerNorm<>, ReLU>(
                          Conv1D<dynamic, dynamic, causal, 1, dynamic>(6, 3, 1, 2), LayerNorm<>(), ReLU()),
                      Residual<Conv1D<4, 1, causal>, GELU, Conv1D<6, 4, causal, 1, 1, 2>>(), Dense<5>(), SiLU(),
                      Dense<2>());
}

}  // namespace

TEMPLATE_TEST_CASE("a chunk's outputs are those of the windows that end there", "[sequence]", float, double) {
    using T = TestType;
    constexpr Index chunk = 75, inputs = 3, outputs = 2;
    const auto window_length = GENERATE(Index(31), Index(40));
    Cnn2<T> model({window_length, inputs, outputs});
    model.initialise(1);
    const auto network = sequence_network(model.network(), chunk);
    REQUIRE(network.output_shape().length() == chunk);
    REQUIRE(network.buffer_size() == static_cast<Index>(model.parameters().size()));

    Workspace<T> whole(network.template workspace_shape<T>(1, Mode::inference));
    const std::vector<T> x = numbers<T>(2, 0, chunk * inputs);
    std::copy_n(x.data(), chunk * inputs, whole.input().sample(0));
    network.forward(model.parameters().data(), whole, 1);

    auto workspace = model.make_workspace(2);  // a single row of the head would be summed in another order
    REQUIRE(network.history() == 30);
    for (Index end = window_length - 1; end < chunk; ++end) {
        std::copy_n(x.data() + (end - window_length + 1) * inputs, window_length * inputs, workspace.input().sample(0));
        model.forward(workspace, 2);
        // The same products in the same order: the same bits.
        for (Index o = 0; o < outputs; ++o)
            REQUIRE(workspace.output().sample(0)[o] == whole.output().sample(0)[end * outputs + o]);
    }
    // A step later than history() sees no padding; the step before does, so a window that starts there differs.
    if (window_length == 40) {
        const std::vector<T> late(x.begin() + 9 * inputs, x.end());
        auto shorter = sequence_network(model.network(), 40);
        Workspace<T> part(shorter.template workspace_shape<T>(1, Mode::inference));
        std::copy_n(late.data(), 40 * inputs, part.input().sample(0));
        shorter.forward(model.parameters().data(), part, 1);
        CHECK(part.output().sample(0)[30 * outputs] == whole.output().sample(0)[39 * outputs]);
        CHECK(part.output().sample(0)[29 * outputs] != whole.output().sample(0)[38 * outputs]);
    }
}

TEST_CASE("a chunk's gradient is the sum of its windows' gradients", "[sequence]") {
    constexpr Index window = 31, chunk = 50, inputs = 3, outputs = 2;
    const Cnn2<double> model({window, inputs, outputs});
    const auto sequence = sequence_network(model.network(), chunk);
    NetworkRun<double, std::remove_const_t<decltype(sequence)>> whole(sequence);
    NetworkRun<double, Cnn2<double>::NetworkType> windows(model.network());
    whole.draw_parameters(3);
    windows.draw_parameters(3);
    const std::vector<double> x = whole.draw_input(4);
    std::vector<double> d_y = whole.draw_d_output(4);
    std::fill_n(d_y.begin(), (window - 1) * outputs, 0.0);

    whole.forward(x);
    const std::vector<double> d_x = whole.backward(d_y);
    std::vector<double> sum(x.size());
    for (Index end = window - 1; end < chunk; ++end) {
        const auto first = (end - window + 1) * inputs;
        windows.forward({x.begin() + first, x.begin() + first + window * inputs});
        const auto d = windows.backward({d_y.begin() + end * outputs, d_y.begin() + (end + 1) * outputs});
        for (std::size_t i = 0; i < d.size(); ++i) sum[static_cast<std::size_t>(first) + i] += d[i];
    }
    // Sums of at most 20 windows in another order: 20 rounding errors of 1.1e-16, times the depth of 11 layers.
    const double tolerance = 2.5e-14;
    CHECK(difference(d_x, sum) <= tolerance);
    for (std::size_t p = 0; p < whole.named().size(); ++p) {
        INFO(whole.named()[p].name());
        CHECK(difference(values_of(whole.named_gradient()[p]), values_of(windows.named_gradient()[p])) <= tolerance);
    }
}

TEST_CASE("a window that ends inside the padding's reach has no sequence network", "[sequence]") {
    const Cnn2<float> model({30, 3, 2});
    REQUIRE_THROWS_AS(sequence_network(model.network(), 100), ShapeError);
    REQUIRE_THROWS_WITH(
        sequence_network(model.network(), 100),
        "sequence_network: expected a window of at least 31 steps, as many as an output depends on, got "
        "30; take a longer window or train on windows");
}

TEMPLATE_TEST_CASE("without padding a chunk has the same outputs and gradients, those alone that see no padding",
                   "[sequence]", float, double) {
    using T = TestType;
    const auto layers = layers_without_padding();
    const Index samples = GENERATE(Index(1), Index(3)), length = GENERATE(Index(9), Index(10), Index(40));
    const Network network(Shape<dynamic, dynamic>(length, 3), layers);
    const auto bare = without_padding(network);
    const Index history = network.history(), outputs = 2;
    REQUIRE(history == 1 + 4 + 3);
    REQUIRE(bare.history() == history);
    REQUIRE(bare.output_shape().length() == length - history);
    REQUIRE(bare.buffer_size() == network.buffer_size());
    NetworkRun<T, std::remove_const_t<decltype(network)>> whole(network, samples);
    NetworkRun<T, std::remove_const_t<decltype(bare)>> part(bare, samples);
    whole.draw_parameters(3);
    part.draw_parameters(3);
    const std::vector<T> x = whole.draw_input(4);
    const std::vector<T> d_part = part.draw_d_output(5);
    std::vector<T> d_whole(static_cast<std::size_t>(samples * length * outputs)), y_part, y_whole;
    for (int repeat = 0; repeat < 2; ++repeat) {  // what the first call leaves behind changes nothing
        part.gradient.fill(0);
        y_whole = whole.forward(x);
        y_part = part.forward(x);
        for (Index n = 0; n < samples; ++n)
            for (Index i = 0; i < (length - history) * outputs; ++i) {
                const auto at = static_cast<std::size_t>(n * (length - history) * outputs + i);
                const auto in_whole = static_cast<std::size_t>((n * length + history) * outputs + i);
                REQUIRE(std::abs(y_part[at] - y_whole[in_whole]) <= 8 * std::numeric_limits<T>::epsilon());
                d_whole[in_whole] = d_part[at];
            }
        // At most 3 * 40 terms in another order, through 9 layers.
        const double tolerance = 100 * static_cast<double>(std::numeric_limits<T>::epsilon());
        whole.gradient.fill(0);
        CHECK(difference(part.backward(d_part), whole.backward(d_whole)) <= tolerance);
        for (std::size_t p = 0; p < whole.named().size(); ++p) {
            INFO(whole.named()[p].name());
            CHECK(part.named()[p].name() == whole.named()[p].name());
            CHECK(difference(values_of(part.named_gradient()[p]), values_of(whole.named_gradient()[p])) <= tolerance);
        }
    }
}

TEST_CASE("a network with a layer that has no form without padding stays as it is", "[sequence]") {
    using Pooled = Sequential<Conv1D<4, 3, Padding::causal>, Residual<DepthwiseConv1D<3, Padding::causal>>>;
    const Network network(Shape<dynamic, dynamic>(20, 3), Pooled());
    const auto same = without_padding(network);
    static_assert(std::is_same_v<decltype(network), decltype(same)>);
    CHECK(same.output_shape().length() == 20);
}
