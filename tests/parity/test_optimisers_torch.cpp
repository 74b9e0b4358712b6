#include <idm/models/cnn1.hpp>
#include <idm/training/adam.hpp>
#include <idm/training/lion.hpp>
#include <idm/training/sgd.hpp>

#include "parity/fixture.hpp"

using namespace idm;
using namespace parity;

namespace {

/// Mean squared error over all elements; its gradient goes to the workspace.
template <class Run, class T>
T loss_of(Run& run, const std::vector<T>& target) {
    const Index outputs = run.network.output_shape().size();
    const T scale = T(1) / static_cast<T>(run.samples * outputs);
    T sum = 0;
    for (Index n = 0; n < run.samples; ++n)
        sum += kernels::squared_error(outputs, run.workspace.output().sample(n), target.data() + n * outputs, scale,
                                      run.workspace.d_output().sample(n));
    return sum * scale;
}

template <template <class> class Rule, class T, class Config>
void check_training(const Case& c, const Config& config, double rate, double bound) {
    const Cnn1<T> model({c.length, c.channels, c.options.at(0)});
    idm_test::NetworkRun<T, typename Cnn1<T>::NetworkType> run(model.network(), c.samples, Mode::training);
    run.draw_parameters(c.seed);
    Rule<T> rule(config, run.parameters.size());
    std::vector<T> losses;
    for (std::uint64_t step = 0; step < 100; ++step) {
        const std::uint64_t stream = 100 + 2 * (step % 5);
        run.forward(idm_test::numbers<T>(c.seed, stream, c.samples * c.length * c.channels));
        losses.push_back(loss_of(run, idm_test::numbers<T>(c.seed, stream + 1, c.samples * c.options.at(0))));
        run.gradient.fill(0);
        run.network.backward(run.parameters.data(), run.gradient.data(), run.workspace, run.samples);
        rule.step(run.parameters.span(), run.gradient.span(), rate);
    }
    CHECK(difference(c.tensors[0], losses) <= bound);
    const auto named = run.named();
    REQUIRE(named.size() + 1 == c.tensors.size());
    for (std::size_t p = 0; p < named.size(); ++p) {
        INFO(c.name << ": " << c.tensors[p + 1].name);
        CHECK(named[p].name() == c.tensors[p + 1].name);
        CHECK(difference(c.tensors[p + 1], idm_test::values_of(named[p])) <= bound);
    }
}

}  // namespace

TEMPLATE_TEST_CASE("100 steps of Adam and AdamW on Cnn1 end where PyTorch's end", "[parity][adam]", float, double) {
    // Adam divides by the root of the squared gradient, so a weight whose gradient is near 0 moves by its sign and
    // float leaves double faster than its rounding.
    const double bound = sizeof(TestType) == 4 ? 1e-3 : 1e-10;
    const std::vector<Case> cases = read_cases("optimisers.txt");
    REQUIRE(cases.size() == 4);
    REQUIRE(cases[0].name == "adam");
    REQUIRE(cases[1].name == "adamw");
    check_training<Adam, TestType>(cases[0], AdamConfig{}, 1e-3, bound);
    check_training<Adam, TestType>(cases[1], AdamConfig{.weight_decay = 0.01}, 1e-3, bound);
}

TEMPLATE_TEST_CASE("100 steps of SGD with Nesterov's momentum on Cnn1 end where PyTorch's end", "[parity][sgd]", float,
                   double) {
    const Case c = read_cases("optimisers.txt").at(2);
    REQUIRE(c.name == "sgd");
    check_training<Sgd, TestType>(c, SgdConfig{.weight_decay = 0.01}, 1e-2, sizeof(TestType) == 4 ? 1e-5 : 1e-13);
}

TEST_CASE("100 steps of Lion on Cnn1 end where the paper's algorithm ends", "[parity][lion]") {
    const Case c = read_cases("optimisers.txt").at(3);
    REQUIRE(c.name == "lion");
    check_training<Lion, double>(c, LionConfig{.weight_decay = 0.1}, 1e-4, 1e-12);
}
