#include <idm/layers/batch_norm.hpp>
#include <idm/layers/depthwise.hpp>
#include <idm/layers/dropout.hpp>
#include <idm/layers/gru.hpp>
#include <idm/layers/norm.hpp>
#include <idm/layers/pooling.hpp>
#include <idm/layers/sum.hpp>

#include "gradients/central_difference.hpp"

using namespace idm;
using namespace gradients;

namespace {

using In = Shape<dynamic, dynamic>;

template <class... Layers>
void check_layers(In in, Index samples, Layers... layers) {
    check_gradient(Network<In, Sequential<Layers...>>(in, Sequential<Layers...>(layers...)), samples);
}

template <Padding P>
using Conv = Conv1D<dynamic, dynamic, P, dynamic, dynamic>;

}  // namespace

TEST_CASE("gradient of Conv1D", "[gradients]") {
    SECTION("valid") { check_layers(In(7, 3), 2, Conv<Padding::valid>(5, 3)); }
    SECTION("valid, stride and dilation") { check_layers(In(17, 3), 2, Conv<Padding::valid>(19, 4, 3, 2)); }
    SECTION("valid, one output step") { check_layers(In(5, 2), 3, Conv<Padding::valid>(7, 5)); }
    SECTION("same, dilation") { check_layers(In(9, 5), 2, Conv<Padding::same>(33, 2, 1, 3)); }
    SECTION("same, even kernel") { check_layers(In(10, 2), 2, Conv<Padding::same>(3, 4)); }
    SECTION("causal, dilation longer than the input") { check_layers(In(6, 17), 2, Conv<Padding::causal>(3, 3, 1, 4)); }
    SECTION("causal, stride") { check_layers(In(12, 6), 2, Conv<Padding::causal>(2, 3, 5, 1)); }
    SECTION("one tap") { check_layers(In(1, 1), 1, Conv<Padding::causal>(1, 1)); }
}

TEST_CASE("gradient of Conv1D in groups", "[gradients]") {
    SECTION("valid, stride and dilation") {
        check_layers(In(17, 6), 2, Conv1D<dynamic, dynamic, Padding::valid, dynamic, dynamic, dynamic>(9, 4, 3, 2, 3));
    }
    SECTION("same, even kernel, between other layers") {
        check_layers(In(10, 2), 2, Dense<>(10), ReLU(), Conv1D<38, 4, Padding::same, 1, 1, 2>(), ReLU(), Dense<>(3));
    }
    SECTION("causal, dilation longer than the input") {
        check_layers(In(6, 8), 2, Conv1D<4, 3, Padding::causal, 1, 4, 4>());
    }
}

TEST_CASE("gradient of DepthwiseConv1D", "[gradients]") {
    SECTION("valid, stride and dilation") {
        check_layers(In(17, 3), 2, DepthwiseConv1D<dynamic, Padding::valid, dynamic, dynamic>(4, 3, 2));
    }
    SECTION("same, even kernel, between other layers") {
        check_layers(In(10, 2), 2, Dense<>(19), ReLU(), DepthwiseConv1D<4, Padding::same>(), ReLU(), Dense<>(3));
    }
    SECTION("causal, dilation longer than the input") {
        check_layers(In(6, 17), 2, DepthwiseConv1D<3, Padding::causal, 1, 4>());
    }
}

TEST_CASE("gradient of Dense", "[gradients]") {
    SECTION("on every step") { check_layers(In(7, 5), 2, Dense<>(37)); }
    SECTION("behind Flatten") { check_layers(In(7, 5), 3, Flatten(), Dense<>(3)); }
}

TEST_CASE("gradient of the layers without parameters", "[gradients]") {
    SECTION("ReLU") { check_layers(In(7, 5), 2, ReLU()); }
    SECTION("Flatten") { check_layers(In(7, 5), 2, Flatten()); }
    SECTION("LastStep") { check_layers(In(7, 5), 2, LastStep()); }
    SECTION("EveryStep") { check_layers(In(7, 5), 2, EveryStep()); }
}

TEST_CASE("gradient of GRU, back through all steps", "[gradients]") {
    SECTION("alone") { check_layers(In(7, 3), 2, GRU<>(5)); }
    SECTION("one step") { check_layers(In(1, 4), 3, GRU<>(17)); }
    SECTION("two, with layers around them that work in place") {
        check_layers(In(5, 2), 2, Dense<>(3), GRU<>(9), Tanh(), GRU<>(4), LastStep(), Dense<>(2));
    }
}

// Not directly behind a bias, which it takes away again: the gradient would be 0 and rounding.
TEST_CASE("gradient of BatchNorm1D", "[gradients]") {
    SECTION("alone") { check_layers(In(7, 5), 2, BatchNorm1D()); }
    SECTION("one sample, odd sizes") { check_layers(In(6, 17), 1, BatchNorm1D(0.5)); }
    SECTION("in a network") {
        check_layers(In(6, 3), 3, Dense<>(9), Tanh(), BatchNorm1D(0.1), Conv<Padding::causal>(5, 2), Tanh(),
                     BatchNorm1D(0.2), Flatten(), Dense<>(2));
    }
}

// Every pass has the same key and so the same mask.
TEST_CASE("gradient of Dropout", "[gradients]") {
    check_layers(In(7, 5), 2, Dropout(0.3));
    check_layers(In(6, 3), 3, Dense<>(9), Tanh(), Dropout(), Conv<Padding::causal>(5, 2), Dropout(0.2), Dense<>(2));
}

TEST_CASE("gradient of LayerNorm", "[gradients]") {
    SECTION("alone") { check_layers(In(7, 5), 2, LayerNorm<false>()); }
    SECTION("two channels, a large epsilon") { check_layers(In(3, 2), 3, LayerNorm<false>(0.5)); }
    SECTION("with weight and bias") {
        check_layers(In(6, 17), 2, LayerNorm());
        check_layers(In(5, 4), 3, Dense<>(7), LayerNorm(), Tanh(), LayerNorm(0.1), Flatten(), Dense<>(2));
    }
    SECTION("in a block") {
        check_layers(In(6, 9), 2, Residual(LayerNorm<false>(), Conv<Padding::causal>(9, 3), Tanh()), Flatten(),
                     LayerNorm<false>(), Dense<>(3));
    }
}

// Two inputs nearly as large would make MaxPool's check fail, never pass.
TEST_CASE("gradient of the pools", "[gradients]") {
    SECTION("AveragePool") { check_layers(In(7, 5), 2, AveragePool<>(2)); }
    SECTION("AveragePool, windows overlap") { check_layers(In(8, 3), 2, AveragePool<>(3, 2)); }
    SECTION("AveragePool, steps between windows") { check_layers(In(9, 17), 2, AveragePool<>(2, 3)); }
    SECTION("MaxPool") { check_layers(In(7, 5), 2, MaxPool<>(2)); }
    SECTION("MaxPool, windows overlap") { check_layers(In(8, 3), 2, MaxPool<>(3, 1)); }
    SECTION("GlobalAveragePool") { check_layers(In(7, 5), 3, GlobalAveragePool()); }
    SECTION("between convolutions") {
        check_layers(In(12, 3), 2, Conv<Padding::same>(5, 3), MaxPool<>(2), Conv<Padding::same>(4, 3),
                     AveragePool<>(2, 1), Tanh(), GlobalAveragePool(), Dense<>(2));
    }
}

// An input near LeakyReLU's kink would make its check fail, never pass.
TEST_CASE("gradient of the activations", "[gradients]") {
    SECTION("LeakyReLU") { check_layers(In(7, 5), 2, LeakyReLU(0.2)); }
    SECTION("ELU") { check_layers(In(7, 5), 2, ELU(0.7)); }
    SECTION("Tanh") { check_layers(In(7, 5), 2, Tanh()); }
    SECTION("Sigmoid") { check_layers(In(7, 5), 2, Sigmoid()); }
    SECTION("Softplus") { check_layers(In(7, 5), 2, Softplus()); }
    SECTION("SiLU") { check_layers(In(7, 5), 2, SiLU()); }
    SECTION("GELU") { check_layers(In(7, 5), 2, GELU()); }
    SECTION("one behind the other, in place and not") {
        check_layers(In(5, 3), 3, Dense<>(7), Tanh(), Sigmoid(), GELU(), ELU(), SiLU(), Residual(Softplus(), Tanh()),
                     Flatten(), Dense<>(2), Softplus());
    }
}

TEST_CASE("gradient of Residual", "[gradients]") {
    using Causal = Conv<Padding::causal>;
    SECTION("two convolutions") { check_layers(In(8, 3), 2, Residual(Causal(9, 3, 1, 2), ReLU(), Causal(3, 1))); }
    SECTION("its body ends in ReLU") { check_layers(In(8, 3), 2, Residual(Causal(3, 3), ReLU()), ReLU()); }
    SECTION("its body begins with ReLU") { check_layers(In(8, 3), 2, Residual(ReLU(), Causal(3, 2))); }
    SECTION("one in another, behind a convolution") {
        check_layers(In(8, 2), 2, Causal(3, 2), Residual(Causal(3, 2), Residual(ReLU(), Dense<>(3)), ReLU()), ReLU(),
                     Conv<Padding::same>(2, 4));
    }
}

TEST_CASE("gradient of Sum", "[gradients]") {
    using Causal = Conv<Padding::causal>;
    SECTION("two convolutions") { check_layers(In(8, 3), 2, Sum(Causal(9, 3, 1, 2), Causal(9, 2))); }
    SECTION("nets that read their outputs, in a network") {
        check_layers(In(8, 2), 3, Causal(3, 2),
                     Sum(Sequential(Conv<Padding::same>(4, 3), Tanh()), Sequential(Causal(4, 5), Sigmoid())), ReLU(),
                     Sum(Sequential(LastStep(), Dense<>(2)), WindowLinear<>(2, 8)), Tanh());
    }
    SECTION("one in another") {
        check_layers(In(6, 2), 2, Sum(Sequential(Dense<>(3), ReLU()), Sum(Dense<>(3), Causal(3, 4))));
    }
}

TEST_CASE("gradient of Sequential with all the layers", "[gradients]") {
    check_layers(In(12, 3), 3, Conv<Padding::same>(9, 3, 1, 2), ReLU(), Residual(Conv<Padding::causal>(9, 2, 1, 3)),
                 ReLU(), Sequential(Conv<Padding::valid>(6, 4, 2), ReLU()), Dense<>(5), ReLU(), Flatten(), Dense<>(11),
                 ReLU(), Dense<>(2));
}
