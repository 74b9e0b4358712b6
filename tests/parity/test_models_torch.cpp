#include <idm/models/baseline.hpp>
#include <idm/models/bf16_weights.hpp>
#include <idm/models/cnn1.hpp>
#include <idm/models/cnn2.hpp>
#include <idm/models/linear_skip.hpp>

#include "parity/fixture.hpp"

using namespace idm;
using namespace parity;

TEMPLATE_TEST_CASE("the models are PyTorch's, forward and backward", "[parity][models]", float, double) {
    using T = TestType;
    Index seen = 0;
    for (const Case& c : read_cases("models.txt")) {
        const ModelConfig config{c.length, c.channels, c.options.at(0)};
        const auto check = [&](const auto& model) {
            check_pass<T>(c, model.network());
            ++seen;
        };
        if (c.name == "baseline") check(Baseline<T>(config));
        if (c.name == "cnn1_valid") check(Cnn1<T>(config));
        if (c.name == "cnn1_same") check(Cnn1<T, dynamic, dynamic, dynamic, Padding::same>(config));
        if (c.name == "cnn1_causal") check(Cnn1<T, dynamic, dynamic, dynamic, Padding::causal>(config));
        if (c.name == "cnn2") check(Cnn2<T>(config));
        if (c.name == "cnn1_linear_skip") check(LinearSkip<Cnn1<T>>(config));
        if (c.name == "cnn2_linear_skip") check(LinearSkip<Cnn2<T>>(config));
    }
    CHECK(seen == 7);
}

TEST_CASE("models with bf16 weights are PyTorch's with weights that it rounded to bfloat16", "[parity][models]") {
    Index seen = 0;
    for (const Case& c : read_cases("bf16.txt")) {
        const auto check = [&](auto model) {
            idm_test::NetworkRun<float, typename decltype(model)::NetworkType> drawn(model.network(), c.samples);
            drawn.draw_parameters(c.seed);
            std::copy_n(drawn.parameters.data(), drawn.parameters.size(), model.parameters().data());
            const auto rounded = bf16_weights(model);
            auto workspace = rounded.make_workspace(c.samples);
            const auto x = drawn.draw_input(c.seed);
            std::vector<float> y(static_cast<std::size_t>(c.samples * rounded.outputs()));
            rounded.predict({x.data(), c.samples, c.length, c.channels}, {y.data(), c.samples, rounded.outputs()},
                            workspace);
            CHECK(difference(c.tensors[0], y) <= tolerance<float>);
            CHECK(difference(c.tensors[0], drawn.forward(x)) > 100 * tolerance<float>);  // the rounding shows
            ++seen;
        };
        const ModelConfig config{c.length, c.channels, c.options.at(0)};
        if (c.name == "cnn1_valid") check(Cnn1<float>(config));
        if (c.name == "cnn2") check(Cnn2<float>(config));
    }
    CHECK(seen == 2);
}
