#include <idm/layers/batch_norm.hpp>
#include <idm/layers/depthwise.hpp>
#include <idm/layers/gru.hpp>
#include <idm/layers/norm.hpp>

#include "support/catch.hpp"
#include "support/network_run.hpp"

using namespace idm;
using namespace idm_test;

namespace {

/// Layers that store their gradient and layers that only add to it, in every composite.
auto each_kind() {
    using Causal = Conv1D<dynamic, dynamic, Padding::causal>;
    return Sum(Sequential(Causal(6, 3), BatchNorm1D(), ReLU(), DepthwiseConv1D<dynamic, Padding::causal>(2),
                          Residual(LayerNorm(), Causal(6, 2), ReLU()), GRU<>(5), Dense<>(4)),
               Conv1D<dynamic, dynamic, Padding::causal, 1, 1, dynamic>(4, 2, 1, 1, 1));
}

template <class T>
auto run_each_kind() {
    auto run = network_run<T>(Shape<dynamic, dynamic>(9, 3), each_kind(), 3);
    run.draw_parameters(41);
    for (const auto& p : run.named())  // variances, above zero
        if (p.name().find("running_var") != std::string::npos) p.copy_from(std::vector<T>(6, T(2)));
    return run;
}

/// d_x of a forward and a backward pass.
template <class Run>
auto pass(Run& run, BackwardOptions options = {}) {
    run.forward(run.draw_input(42));
    return run.backward(run.draw_d_output(43), options);
}

}  // namespace

TEMPLATE_TEST_CASE("store_gradient stores what would be added to zeros, whatever was there", "[options]", float,
                   double) {
    auto run = run_each_kind<TestType>();
    const auto d_x = pass(run);
    const auto added = values_of(run.gradient);
    for (const auto& p : run.named_gradient())
        p.copy_from(std::vector<TestType>(static_cast<std::size_t>(p.size()), TestType(7)));
    CHECK(pass(run, {.store_gradient = true}) == d_x);
    CHECK(values_of(run.gradient) == added);
    pass(run);
    CHECK(values_of(run.gradient) != added);
}

TEMPLATE_TEST_CASE("a dense layer whose rows are no one run stores its gradient too", "[options]", float, double) {
    // The convolution's zeros lie between the samples of their common input.
    auto run = network_run<TestType>(Shape<5, 3>(), Sum(Dense<4>(), Conv1D<4, 3, Padding::same>()), 3);
    run.draw_parameters(51);
    pass(run);
    const auto added = values_of(run.gradient);
    pass(run, {.store_gradient = true});
    CHECK(values_of(run.gradient) == added);
}

TEMPLATE_TEST_CASE("same_parameters takes what the last backward pass made of them", "[options]", float, double) {
    auto run = run_each_kind<TestType>();
    const auto d_x = pass(run);
    CHECK(pass(run, {.same_parameters = true}) == d_x);

    // A promise, and not checked: of other weights the gradient is that of the old ones.
    auto net = network_run<TestType>(Shape<4, 3>(), Sequential(Dense<5>(), Dense<2>()), 2);
    net.draw_parameters(45);
    const auto before = pass(net);
    net.draw_parameters(48);
    CHECK(pass(net, {.same_parameters = true}) == before);
    CHECK(pass(net) != before);
}
