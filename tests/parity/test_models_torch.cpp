#include <idm/models/baseline.hpp>
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
