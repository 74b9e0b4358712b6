#include <map>
#include <string>

#include <idm/layers/batch_norm.hpp>
#include <idm/layers/depthwise.hpp>
#include <idm/layers/gru.hpp>
#include <idm/layers/norm.hpp>
#include <idm/layers/pooling.hpp>

#include "parity/fixture.hpp"

using namespace idm;
using namespace parity;

namespace {

using In = Shape<dynamic, dynamic>;

template <class T, class Net>
void check_layers(const Case& c, const Net& net) {
    check_pass<T>(c, Network<In, Net>(In(c.length, c.channels), net));
}

template <class T, Padding P>
void check_conv(const Case& c) {
    using Conv = Conv1D<dynamic, dynamic, P, dynamic, dynamic>;
    REQUIRE(c.options.size() == 4);
    check_layers<T>(c, Sequential(Conv(c.options[0], c.options[1], c.options[2], c.options[3])));
}

}  // namespace

TEMPLATE_TEST_CASE("Conv1D is PyTorch's, forward and backward", "[parity][conv1d]", float, double) {
    std::map<std::string, int> seen;
    for (const Case& c : read_cases("conv1d.txt")) {
        if (c.name == "conv1d_valid") check_conv<TestType, Padding::valid>(c);
        if (c.name == "conv1d_same") check_conv<TestType, Padding::same>(c);
        if (c.name == "conv1d_causal") check_conv<TestType, Padding::causal>(c);
        ++seen[c.name];
    }
    CHECK(seen == std::map<std::string, int>{{"conv1d_valid", 9}, {"conv1d_same", 6}, {"conv1d_causal", 9}});
}

TEMPLATE_TEST_CASE("Conv1D in groups is PyTorch's Conv1d", "[parity][grouped]", float, double) {
    Index seen = 0;
    const auto check = [&](const Case& c, const char* name, auto layer) {
        if (c.name != name) return;
        ++seen;
        const auto& o = c.options;
        REQUIRE(o.size() == 5);
        check_layers<TestType>(c, Sequential(decltype(layer)(o[0], o[1], o[2], o[3], o[4])));
    };
    for (const Case& c : read_cases("grouped.txt")) {
        check(c, "grouped_valid", Conv1D<dynamic, dynamic, Padding::valid, dynamic, dynamic, dynamic>(1, 1));
        check(c, "grouped_same", Conv1D<dynamic, dynamic, Padding::same, dynamic, dynamic, dynamic>(1, 1));
        check(c, "grouped_causal", Conv1D<dynamic, dynamic, Padding::causal, dynamic, dynamic, dynamic>(1, 1));
    }
    CHECK(seen == 11);
}

TEMPLATE_TEST_CASE("DepthwiseConv1D is PyTorch's Conv1d of as many groups as channels", "[parity][depthwise]", float,
                   double) {
    Index seen = 0;
    const auto check = [&](const Case& c, const char* name, auto layer) {
        if (c.name != name) return;
        ++seen;
        REQUIRE(c.options.size() == 3);
        check_layers<TestType>(c, Sequential(decltype(layer)(c.options[0], c.options[1], c.options[2])));
    };
    for (const Case& c : read_cases("depthwise.txt")) {
        check(c, "depthwise_valid", DepthwiseConv1D<dynamic, Padding::valid, dynamic, dynamic>(1));
        check(c, "depthwise_same", DepthwiseConv1D<dynamic, Padding::same, dynamic, dynamic>(1));
        check(c, "depthwise_causal", DepthwiseConv1D<dynamic, Padding::causal, dynamic, dynamic>(1));
    }
    CHECK(seen == 14);
}

TEMPLATE_TEST_CASE("the other layers are PyTorch's, forward and backward", "[parity][layers]", float, double) {
    using T = TestType;
    Index seen = 0;
    const auto is = [&](const Case& c, const char* name) {
        seen += c.name == name;
        return c.name == name;
    };
    for (const Case& c : read_cases("layers.txt")) {
        if (is(c, "dense_steps")) check_layers<T>(c, Sequential(Dense<>(c.options[0])));
        if (is(c, "dense_flat")) check_layers<T>(c, Sequential(Flatten(), Dense<>(c.options[0])));
        if (is(c, "relu")) check_layers<T>(c, Sequential(ReLU()));
        if (is(c, "flatten")) check_layers<T>(c, Sequential(Flatten()));
        if (is(c, "last_step")) check_layers<T>(c, Sequential(LastStep()));
        if (is(c, "residual"))
            check_layers<T>(c, Sequential(Residual(Conv1D<9, 3, Padding::causal, 1, 2>(), ReLU(),
                                                   Conv1D<5, 4, Padding::same>(), ReLU())));
        if (is(c, "sequential"))
            check_layers<T>(c, Sequential(Conv1D<9, 3, Padding::same, 1, 2>(), ReLU(),
                                          Residual(ReLU(), Conv1D<9, 2, Padding::causal, 1, 3>()), ReLU(),
                                          Sequential(Conv1D<6, 4, Padding::valid, 2>(), ReLU()), Dense<5>(), ReLU(),
                                          Flatten(), Dense<11>(), ReLU(), Dense<2>()));
    }
    CHECK(seen == 9);
}

TEMPLATE_TEST_CASE("the activations are PyTorch's, forward and backward", "[parity][activations]", float, double) {
    using T = TestType;
    Index seen = 0;
    const auto check = [&](const Case& c, const char* name, auto layer) {
        if (c.name != name) return;
        ++seen;
        check_layers<T>(c, Sequential(Dense<5>(), layer));
    };
    for (const Case& c : read_cases("activations.txt")) {
        check(c, "leaky_relu", LeakyReLU(0.2));
        check(c, "elu", ELU(0.7));
        check(c, "tanh", Tanh());
        check(c, "sigmoid", Sigmoid());
        check(c, "softplus", Softplus());
        check(c, "silu", SiLU());
        check(c, "gelu", GELU());
    }
    CHECK(seen == 7);
}

TEMPLATE_TEST_CASE("GRU is PyTorch's, forward and backward", "[parity][gru]", float, double) {
    Index seen = 0;
    for (const Case& c : read_cases("gru.txt")) {
        CHECK(c.name == "gru");
        check_layers<TestType>(c, Sequential(GRU<>(c.options[0])));
        ++seen;
    }
    CHECK(seen == 4);
}

TEMPLATE_TEST_CASE("the pools are PyTorch's, forward and backward", "[parity][pools]", float, double) {
    using T = TestType;
    Index average = 0, largest = 0, global = 0;
    for (const Case& c : read_cases("pools.txt")) {
        if (c.name == "average_pool") {
            ++average;
            check_layers<T>(c, Sequential(AveragePool<>(c.options[0], c.options[1])));
        } else if (c.name == "max_pool") {
            ++largest;
            check_layers<T>(c, Sequential(MaxPool<>(c.options[0], c.options[1])));
        } else if (c.name == "global_average_pool") {
            ++global;
            check_layers<T>(c, Sequential(GlobalAveragePool()));
        }
    }
    CHECK(average == 5);
    CHECK(largest == 5);
    CHECK(global == 1);
}

TEMPLATE_TEST_CASE("LayerNorm is PyTorch's, forward and backward", "[parity][norms]", float, double) {
    Index seen = 0;
    for (const Case& c : read_cases("norms.txt")) {
        if (c.name == "layer_norm") {
            ++seen;
            check_layers<TestType>(c, Sequential(LayerNorm<false>()));
        } else if (c.name == "layer_norm_affine") {
            ++seen;
            check_layers<TestType>(c, Sequential(LayerNorm()));
        }
    }
    CHECK(seen == 8);
}

TEMPLATE_TEST_CASE("BatchNorm1D is PyTorch's, forward and backward, running statistics too", "[parity][norms]", float,
                   double) {
    Index seen = 0;
    for (const Case& c : read_cases("batch_norm.txt")) {
        CHECK(c.name == "batch_norm");
        check_layers<TestType>(c, Sequential(BatchNorm1D()));
        ++seen;
    }
    CHECK(seen == 5);
}
