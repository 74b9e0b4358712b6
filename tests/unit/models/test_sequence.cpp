#include <algorithm>
#include <cmath>
#include <type_traits>
#include <vector>

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
    const auto same = [](const std::vector<double>& a, const std::vector<double>& b) {
        double error = 0, largest = 0;
        for (std::size_t i = 0; i < a.size(); ++i) {
            error = std::max(error, std::abs(a[i] - b[i]));
            largest = std::max(largest, std::abs(b[i]));
        }
        return largest > 0 && error <= 2.5e-14 * largest;
    };
    CHECK(same(d_x, sum));
    for (std::size_t p = 0; p < whole.named().size(); ++p) {
        INFO(whole.named()[p].name());
        CHECK(same(values_of(whole.named_gradient()[p]), values_of(windows.named_gradient()[p])));
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
