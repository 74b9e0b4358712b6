#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include <idm/layers/activation.hpp>
#include <idm/models/fold_batch_norm.hpp>

#include "support/catch.hpp"
#include "support/network_run.hpp"

using namespace idm;
using namespace idm_test;

namespace {

template <class T, class Net>
using TestModel = Model<T, Shape<dynamic, dynamic>, Net>;

/// Random weights and running means, variances in [1/2, 3/2).
template <class M>
void draw(M& model) {
    using T = typename M::Scalar;
    std::uint64_t stream = 0;
    for (const auto& p : model.named_parameters()) {
        std::vector<T> values = numbers<T>(9, stream++, p.size());
        if (p.name().ends_with("running_var"))
            for (T& value : values) value = 1 + value / 2;
        p.copy_from(values);
    }
}

template <class M>
std::vector<typename M::Scalar> outputs_of(const M& model, const std::vector<typename M::Scalar>& x) {
    auto workspace = model.make_workspace(2);
    const Index size = model.window() * model.inputs();
    for (Index n = 0; n < 2; ++n) std::copy_n(x.data() + n * size, size, workspace.input().sample(n));
    model.forward(workspace, 2);
    std::vector<typename M::Scalar> y;
    for (Index n = 0; n < 2; ++n)
        y.insert(y.end(), workspace.output().sample(n),
                 workspace.output().sample(n) + model.network().output_shape().size());
    return y;
}

}  // namespace

// y = 2 x + 1, then (y - 3) / sqrt(12 + 4) * 8 + 5 = 4 x + 1.
TEMPLATE_TEST_CASE("a BatchNorm1D is folded by hand", "[fold]", float, double) {
    using T = TestType;
    const auto net = Sequential(Dense<1>(), BatchNorm1D(4));
    TestModel<T, std::remove_const_t<decltype(net)>> model({1, 1}, net);
    const T values[] = {2, 1, 8, 5, 3, 12};
    for (std::size_t i = 0; i < 6; ++i) model.named_parameters()[i][0] = values[i];
    const auto folded = fold_batch_norm(model);
    const auto named = folded.named_parameters();
    REQUIRE(named.size() == 2);
    CHECK(named[0][0] == 4);
    CHECK(named[1][0] == 1);
}

// Channel c: y = c x + 1 at the last of two taps, then (y - 3) / sqrt(12 + 4) * 8 + 5 = 2 c x + 1.
TEMPLATE_TEST_CASE("a BatchNorm1D behind a depthwise convolution is folded by hand", "[fold]", float, double) {
    using T = TestType;
    const auto net = Sequential(DepthwiseConv1D<2>(), BatchNorm1D(4));
    TestModel<T, std::remove_const_t<decltype(net)>> model({3, 17}, net);
    const auto named = model.named_parameters();
    const T values[] = {0, 1, 8, 5, 3, 12};
    for (std::size_t i = 0; i < 6; ++i)
        for (Index j = 0; j < named[i].size(); ++j) named[i][j] = values[i];
    for (Index c = 0; c < 17; ++c) named[0][2 * c + 1] = static_cast<T>(c);
    const BatchNormFolded<TestModel<T, std::remove_const_t<decltype(net)>>> folded(model);
    const auto after = folded.named_parameters();
    REQUIRE(after.size() == 2);
    REQUIRE(after[0].name() == "0.weight");
    for (Index c = 0; c < 17; ++c) {
        CHECK(after[0][2 * c] == 0);
        CHECK(after[0][2 * c + 1] == static_cast<T>(2 * c));
        CHECK(after[1][c] == 1);
    }
}

TEMPLATE_TEST_CASE("a model without its BatchNorm1D layers gives the same", "[fold]", float, double) {
    using T = TestType;
    const auto net = Sequential(
        BatchNorm1D(), Conv1D<6, 2, Padding::causal, 1, 1, 3>(), BatchNorm1D(0.5),
        DepthwiseConv1D<3, Padding::causal, 1, 2>(), BatchNorm1D(0.25), Conv1D<5, 3, Padding::same>(), BatchNorm1D(),
        ReLU(),
        Residual(Conv1D<9, 2, Padding::causal, 1, 3>(), BatchNorm1D(0.5), Tanh(), BatchNorm1D(), Dense<5>(),
                 BatchNorm1D()),
        Sum(Sequential(Flatten(), Dense<17>(), BatchNorm1D(), ReLU(), Dense<3>()), WindowLinear<3, 8>()), Dense<2>());
    TestModel<T, std::remove_const_t<decltype(net)>> model({8, 3}, net);
    draw(model);
    const auto folded = fold_batch_norm(model);
    STATIC_REQUIRE(
        std::is_same_v<std::remove_cvref_t<decltype(folded.network().layers())>,
                       Sequential<BatchNorm1D, Conv1D<6, 2, Padding::causal, 1, 1, 3>,
                                  DepthwiseConv1D<3, Padding::causal, 1, 2>, Conv1D<5, 3, Padding::same>, ReLU,
                                  Residual<Conv1D<9, 2, Padding::causal, 1, 3>, Tanh, BatchNorm1D, Dense<5>>,
                                  Sum<Sequential<Flatten, Dense<17>, ReLU, Dense<3>>, WindowLinear<3, 8>>, Dense<2>>>);
    CHECK(folded.named_parameters().size() + 6 * 4 == model.named_parameters().size());
    const auto x = numbers<T>(3, 0, 2 * 8 * 3);
    const auto y = outputs_of(model, x), other = outputs_of(folded, x);
    T largest = 0, difference = 0;
    for (std::size_t i = 0; i < y.size(); ++i) {
        largest = std::max(largest, std::abs(y[i]));
        difference = std::max(difference, std::abs(y[i] - other[i]));
    }
    CHECK(largest > T(0.1));
    // Rounding of sums of up to 40 products in 11 layers, which add like their squares.
    CHECK(difference <= 20 * std::numeric_limits<T>::epsilon() * largest);
}

TEST_CASE("a model without BatchNorm1D folds to itself", "[fold]") {
    const auto net = Sequential(Flatten(), Dense<2>());
    TestModel<float, std::remove_const_t<decltype(net)>> model({4, 3}, net);
    model.initialise(1);
    const auto folded = fold_batch_norm(model);
    CHECK(std::equal(model.parameters().begin(), model.parameters().end(), folded.parameters().begin(),
                     folded.parameters().end()));
}
