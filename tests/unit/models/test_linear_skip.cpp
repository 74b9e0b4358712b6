#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include <idm/models/cnn1.hpp>
#include <idm/models/cnn2.hpp>
#include <idm/models/linear_skip.hpp>

#include "support/catch.hpp"
#include "support/network_run.hpp"

using namespace idm;
using namespace idm_test;

static_assert(SequenceTrainable<LinearSkip<Cnn2<float>>::NetworkType::Layers>);
static_assert(SequenceTrainable<LinearSkip<Cnn2<float, 32, 3, 2>>::NetworkType::Layers>);
static_assert(!SequenceTrainable<LinearSkip<Cnn1<float>>::NetworkType::Layers>);

namespace {

template <class M>
std::vector<typename M::Scalar> outputs_of(const M& model, const std::vector<typename M::Scalar>& x, Index samples) {
    using T = typename M::Scalar;
    auto workspace = model.make_workspace(samples);
    std::vector<T> y(static_cast<std::size_t>(samples * model.outputs()));
    model.predict(ConstTensorView<T, 3>(x.data(), samples, model.window(), model.inputs()),
                  TensorView<T, 2>(y.data(), samples, model.outputs()), workspace);
    return y;
}

template <class Base>
void check_starts_at_baseline(const ModelConfig& config) {
    using T = typename Base::Scalar;
    LinearSkip<Base> model(config);
    Baseline<T> baseline({model.window(), model.inputs(), model.outputs()});
    model.initialise(1);
    baseline.initialise(2);
    const auto x = numbers<T>(3, 0, 5 * model.window() * model.inputs());
    const auto wanted = outputs_of(baseline, x, 5);
    CHECK(outputs_of(model, x, 5) != wanted);
    model.set_linear(baseline);
    CHECK(outputs_of(model, x, 5) == wanted);  // the same products in the same order, and a network that gives 0
    model.named_parameters()[0][0] += T(1);    // a layer inside: the last one still gives 0
    CHECK(outputs_of(model, x, 5) == wanted);
    const auto named = model.named_parameters();
    named[named.size() - 3][1] = T(0.25);  // its bias
    const auto moved = outputs_of(model, x, 5);
    for (std::size_t i = 0; i < moved.size(); ++i)
        CHECK(moved[i] == (static_cast<Index>(i) % model.outputs() == 1 ? wanted[i] + T(0.25) : wanted[i]));
}

}  // namespace

TEMPLATE_TEST_CASE("LinearSkip starts at the Baseline", "[linear_skip]", float, double) {
    using T = TestType;
    check_starts_at_baseline<Cnn1<T>>({9, 3, 2});
    check_starts_at_baseline<Cnn1<T, 7, 4, 3>>({});
    check_starts_at_baseline<Cnn2<T>>({32, 5, 7});
    check_starts_at_baseline<Cnn2<T, 31, 1, 2>>({});
}

TEST_CASE("a Baseline of a shorter window sees the newest steps", "[linear_skip]") {
    LinearSkip<Cnn1<double>> model({9, 3, 2});
    Baseline<double> baseline({4, 3, 2});
    model.initialise(1);
    baseline.initialise(2);
    model.set_linear(baseline);
    const auto x = numbers<double>(3, 0, 9 * 3);
    const auto y = outputs_of(model, x, 1),
               wanted = outputs_of(baseline, std::vector<double>(x.begin() + 5 * 3, x.end()), 1);
    for (std::size_t o = 0; o < 2; ++o) CHECK(y[o] == Approx(wanted[o]).epsilon(1e-13));
}

TEST_CASE("LinearSkip: name, layer table, parameters", "[linear_skip]") {
    const LinearSkip<Cnn1<float>> model({9, 3, 2});
    CHECK(std::string(model.name) == "cnn1_linear_skip");
    CHECK(std::string(LinearSkip<Cnn2<double>>::name) == "cnn2_linear_skip");
    CHECK(model.parameter_count() == Cnn1<float>({9, 3, 2}).parameter_count() + 9 * 3 * 2 + 2);
    const auto rows = model.layer_table();
    REQUIRE(rows.size() == 11);
    CHECK(rows[0].name == "Sum: net");
    CHECK(rows[1].name == "Conv1D(64, k5, valid)");
    CHECK(rows[9].name == "+ skip");
    CHECK(rows[10].name == "WindowLinear(2, k9)");
    CHECK(rows[10].parameters == 56);
    Index total = 0;
    for (const LayerRow& row : rows) total += row.parameters;
    CHECK(total == model.parameter_count());
    const auto named = model.named_parameters();
    CHECK(named.front().name() == "net.0.weight");
    CHECK(named[named.size() - 2].name() == "skip.weight");
    CHECK(named.back().name() == "skip.bias");
}

TEST_CASE("LinearSkip refuses a Baseline of other extents", "[linear_skip]") {
    LinearSkip<Cnn1<float>> model({9, 3, 2});
    REQUIRE_THROWS_AS(model.set_linear(Baseline<float>({10, 3, 2})), ShapeError);
    REQUIRE_THROWS_AS(model.set_linear(Baseline<float>({9, 4, 2})), ShapeError);
    REQUIRE_THROWS_AS(model.set_linear(Baseline<float>({9, 3, 1})), ShapeError);
    REQUIRE_THROWS_WITH(model.set_linear(Baseline<float>({10, 3, 2})),
                        "set_linear: expected a Baseline of window 9 or less, 3 inputs and 2 outputs, got 10, 3 and 2");
}

TEMPLATE_TEST_CASE("LinearSkip of Cnn2 on a chunk gives what its windows give", "[linear_skip]", float, double) {
    using T = TestType;
    constexpr Index window = 33, chunk = 50, inputs = 3, outputs = 2;
    const LinearSkip<Cnn2<T>> model({window, inputs, outputs});
    const auto sequence = sequence_network(model.network(), chunk);
    REQUIRE(sequence.history() == window - 1);
    NetworkRun<T, std::remove_const_t<decltype(sequence)>> whole(sequence);
    NetworkRun<T, typename LinearSkip<Cnn2<T>>::NetworkType> windows(model.network());
    whole.draw_parameters(3);
    windows.draw_parameters(3);
    const std::vector<T> x = whole.draw_input(4), y = whole.forward(x);
    std::vector<T> d_y = whole.draw_d_output(4);
    std::fill_n(d_y.begin(), (window - 1) * outputs, T(0));
    whole.backward(d_y);
    // Sums of 99 products, and of 18 windows' gradients, in another order.
    const T most = 100 * std::numeric_limits<T>::epsilon();
    for (Index end = window - 1; end < chunk; ++end) {
        const auto first = (end - window + 1) * inputs;
        const auto one = windows.forward({x.begin() + first, x.begin() + first + window * inputs});
        for (Index o = 0; o < outputs; ++o)
            REQUIRE(std::abs(one[static_cast<std::size_t>(o)] - y[static_cast<std::size_t>(end * outputs + o)]) <=
                    most);
        windows.backward({d_y.begin() + end * outputs, d_y.begin() + (end + 1) * outputs});
    }
    for (std::size_t p = 0; p < whole.named().size(); ++p) {
        INFO(whole.named()[p].name());
        const auto a = values_of(whole.named_gradient()[p]), b = values_of(windows.named_gradient()[p]);
        T largest = 0, error = 0;
        for (std::size_t i = 0; i < a.size(); ++i) {
            largest = std::max(largest, std::abs(b[i]));
            error = std::max(error, std::abs(a[i] - b[i]));
        }
        CHECK(largest > 0);
        CHECK(error <= most * largest);
    }
}
