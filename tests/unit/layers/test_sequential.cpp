#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/network_run.hpp"

using namespace idm;
using namespace idm_test;

namespace {

template <class T>
using V = std::vector<T>;

/// A user's own layer: y = g x with one trainable gain per channel.
class Gain : public LayerDefaults {
public:
    static constexpr bool is_causal = true;

    template <class In>
    constexpr In output_shape(const In& in) const {
        return in;
    }
    template <class In>
    constexpr Index parameter_count(const In& in) const {
        return in.channels();
    }
    template <class In>
    void list_parameters(const In& in, Index offset, const std::string& prefix, std::vector<ParameterInfo>& out) const {
        out.push_back(ParameterInfo::vector(prefix + "gain", offset, in.channels(), 1));
    }
    template <class T, class In>
    void forward(const In& in, const Forward<T>& p) const {
        for (Index n = 0; n < p.samples; ++n)
            for (Index i = 0; i < in.size(); ++i) p.y.sample(n)[i] = p.parameters[i % in.channels()] * p.x.sample(n)[i];
    }
    template <class T, class In>
    void backward(const In& in, const Backward<T>& p) const {
        for (Index n = 0; n < p.samples; ++n)
            for (Index i = 0; i < in.size(); ++i) {
                p.d_parameters_accumulate[i % in.channels()] += p.d_y.sample(n)[i] * p.x.sample(n)[i];
                if (p.d_x.data) p.d_x.sample(n)[i] = p.d_y.sample(n)[i] * p.parameters[i % in.channels()];
            }
    }
    std::string name() const { return "Gain"; }
};

/// y = -x, in place where the network allows it.
class Negation : public LayerDefaults {
public:
    static constexpr bool in_place = true;

    template <class In>
    constexpr In output_shape(const In& in) const {
        return in;
    }
    template <class T, class In>
    void forward(const In& in, const Forward<T>& p) const {
        for (Index n = 0; n < p.samples; ++n)
            for (Index i = 0; i < in.size(); ++i) p.y.sample(n)[i] = -p.x.sample(n)[i];
    }
    template <class T, class In>
    void backward(const In& in, const Backward<T>& p) const {
        if (!p.d_x.data) return;
        for (Index n = 0; n < p.samples; ++n)
            for (Index i = 0; i < in.size(); ++i) p.d_x.sample(n)[i] = -p.d_y.sample(n)[i];
    }
    std::string name() const { return "Negation"; }
};

using AnySame = Conv1D<dynamic, dynamic, Padding::same, dynamic, dynamic>;

struct Numbers {
    V<double> y, d_x, gradient;
    friend bool operator==(const Numbers&, const Numbers&) = default;
};

template <class Run>
Numbers pass(Run& run, std::uint64_t seed) {
    const auto wide = [](const auto& v) { return V<double>(v.begin(), v.end()); };
    run.gradient.fill(0);
    Numbers result;
    result.y = wide(run.forward(run.draw_input(seed)));
    result.d_x = wide(run.backward(run.draw_d_output(seed)));
    result.gradient = wide(values_of(run.gradient));
    return result;
}

/// A network with every sharing rule of buffers in it.
inline auto busy_net() {
    return Sequential(AnySame(5, 3, 1, 2), ReLU(), ReLU(),
                      Residual(AnySame(5, 5), ReLU(), Gain(), Residual(ReLU(), Dense<>(5)), ReLU()), ReLU(),
                      Sequential(Gain(), AnySame(3, 2), ReLU()), ReLU(), Flatten(), ReLU(), Dense<>(4), ReLU(),
                      Dense<>(2));
}

}  // namespace

TEMPLATE_TEST_CASE("ReLU behind ReLU, first, inner and last", "[sequential]", float, double) {
    using T = TestType;
    const V<T> x{-1, 2, -3, 4}, d_y{1, 10, 100, 1000}, y{0, 2, 0, 4}, d_x{0, 10, 0, 1000};
    auto two = network_run<T>(Shape<4, 1>(), Sequential(ReLU(), ReLU()));
    CHECK(two.forward(x) == y);
    CHECK(two.backward(d_y) == d_x);
    auto three = network_run<T>(Shape<4, 1>(), Sequential(ReLU(), ReLU(), ReLU()));
    CHECK(three.forward(x) == y);
    CHECK(three.backward(d_y) == d_x);
    auto fused = network_run<T>(Shape<4, 1>(), Sequential(Dense<1>(), ReLU(), ReLU()));
    fused.named()[0][0] = 1;
    CHECK(fused.forward(x) == y);
    CHECK(fused.backward(d_y) == d_x);
    CHECK(values_of(fused.named_gradient()[0]) == V<T>{4020});
}

TEMPLATE_TEST_CASE("views and activations behind each other keep one another's values", "[sequential]", float, double) {
    using T = TestType;
    auto run = network_run<T>(Shape<2, 1>(), Sequential(Gain(), ReLU(), Flatten(), ReLU(), Dense<1>()));
    run.named()[0][0] = -1;
    run.named()[1].copy_from(V<T>{3, 5});
    CHECK(run.forward({-2, 7}) == V<T>{6});
    CHECK(run.backward({10}) == V<T>{-30, 0});
    CHECK(values_of(run.named_gradient()[0]) == V<T>{-60});
    CHECK(values_of(run.named_gradient()[1]) == V<T>{20, 0});
}

TEMPLATE_TEST_CASE("a layer in place does not overwrite an output that a backward pass reads", "[sequential]", float,
                   double) {
    using T = TestType;
    const auto check = [](auto run) {
        run.named()[0].copy_from(V<T>{2, 3});
        CHECK(run.forward({1, -1}) == V<T>{-2, 0});
        CHECK(run.backward({10, 100}) == V<T>{-20, 0});
        CHECK(values_of(run.named_gradient()[0]) == V<T>{-10, 0});
    };
    const Shape<1, 2> in;
    check(network_run<T>(in, Sequential(Gain(), ReLU(), Negation())));
    check(network_run<T>(in, Sequential(Gain(), ReLU(), Flatten(), Negation())));
    check(network_run<T>(in, Sequential(Gain(), Sequential(ReLU(), Flatten()), Negation())));
    check(network_run<T>(in, Sequential(Gain(), ReLU(), Negation(), Negation(), Negation())));
    check(network_run<T>(in, Sequential(Sequential(Gain(), ReLU()), Negation())));
}

TEST_CASE("a layer of the user's own works like the library's", "[sequential]") {
    static_assert(Layer<Gain, Shape<4, 2>, float>);
    static_assert(Sequential<Gain, ReLU>::is_causal);
    auto run = network_run<double>(Shape<2, 2>(), Sequential(Gain(), Dense<1>(), Gain()));
    REQUIRE(run.named().size() == 4);
    CHECK(run.named()[0].name() == "0.gain");
    CHECK(run.named()[3].name() == "2.gain");
    run.named()[0].copy_from(V<double>{2, 3});
    run.named()[1].copy_from(V<double>{1, 10});
    run.named()[3].copy_from(V<double>{-1});
    CHECK(run.forward({1, 2, 3, 4}) == V<double>{-62, -126});
    CHECK(run.backward({1, 2}) == V<double>{-2, -30, -4, -60});
    CHECK(values_of(run.named_gradient()[0]) == V<double>{-7, -100});
}

TEST_CASE("named parameters: PyTorch's names, shapes and order through nested layers", "[sequential]") {
    auto run = network_run<float>(Shape<dynamic, dynamic>(8, 3), busy_net());
    V<std::string> names;
    for (const auto& p : run.named()) names.push_back(p.name());
    CHECK(names == V<std::string>{"0.weight", "0.bias", "3.body.0.weight", "3.body.0.bias", "3.body.2.gain",
                                  "3.body.3.body.1.weight", "3.body.3.body.1.bias", "5.0.gain", "5.1.weight",
                                  "5.1.bias", "9.weight", "9.bias", "11.weight", "11.bias"});
    CHECK(run.named()[0].shape() == V<Index>{5, 3, 3});
    CHECK(run.named()[1].shape() == V<Index>{5});
    CHECK(run.named()[10].shape() == V<Index>{4, 24});
}

TEST_CASE("named parameters cover the buffer once, and what pads it stays zero through a gradient", "[sequential]") {
    auto run = network_run<double>(Shape<dynamic, dynamic>(8, 3), busy_net(), 2);
    for (const auto& p : run.named())
        for (Index i = 0; i < p.size(); ++i) p[i] += 1;
    Index ones = 0, total = 0;
    for (Index i = 0; i < run.parameters.size(); ++i) {
        REQUIRE((run.parameters[i] == 0 || run.parameters[i] == 1));
        ones += run.parameters[i] == 1;
    }
    for (const auto& p : run.named()) total += p.size();
    CHECK(ones == total);
    const V<double> used = values_of(run.parameters);
    run.draw_parameters(1);
    pass(run, 1);
    for (std::size_t i = 0; i < used.size(); ++i)
        if (used[i] == 0) REQUIRE(run.gradient[static_cast<Index>(i)] == 0);
}

TEST_CASE("a parameter refuses another number of values", "[sequential]") {
    auto run = network_run<float>(Shape<2, 2>(), Sequential(Dense<3>()));
    REQUIRE_THROWS_AS(run.named()[0].copy_from(V<float>(5)), ShapeError);
    REQUIRE_THROWS_WITH(run.named()[0].copy_from(V<float>(5)), "parameter '0.weight': expected 6 numbers, got 5");
    V<float> values(7);
    REQUIRE_THROWS_AS(run.named()[0].copy_to(values), ShapeError);
}

TEMPLATE_TEST_CASE("fused and separate ReLU give the same bits", "[sequential]", float, double) {
    const Shape<dynamic, dynamic> in(8, 3);
    auto fused = network_run<TestType>(in, busy_net(), 3);
    auto separate = network_run<TestType>(in, watch(busy_net(), nullptr), 3);
    fused.draw_parameters(3);
    separate.draw_parameters(3);
    CHECK(pass(fused, 4) == pass(separate, 4));
}

TEMPLATE_TEST_CASE("static and dynamic extents give the same bits", "[sequential]", float, double) {
    auto fixed = network_run<TestType>(
        Shape<9, 3>(),
        Sequential(Conv1D<6, 3, Padding::valid, 2, 1>(), ReLU(), Residual(Conv1D<6, 2, Padding::causal, 1, 3>()),
                   LastStep(), Dense<5>(), ReLU(), Dense<2>()),
        3);
    auto free = network_run<TestType>(
        Shape<dynamic, dynamic>(9, 3),
        Sequential(Conv1D<dynamic, dynamic, Padding::valid, dynamic, dynamic>(6, 3, 2, 1), ReLU(),
                   Residual(Conv1D<dynamic, dynamic, Padding::causal, dynamic, dynamic>(6, 2, 1, 3)), LastStep(),
                   Dense<>(5), ReLU(), Dense<>(2)),
        3);
    fixed.draw_parameters(5);
    free.draw_parameters(5);
    CHECK(pass(fixed, 6) == pass(free, 6));
}

TEMPLATE_TEST_CASE("a pass leaves nothing behind that the next one sees", "[sequential]", float, double) {
    const Shape<dynamic, dynamic> in(8, 3);
    auto fresh = network_run<TestType>(in, busy_net(), 3);
    auto used = network_run<TestType>(in, busy_net(), 3);
    fresh.draw_parameters(7);
    used.draw_parameters(7);
    pass(used, 100);
    pass(used, 101);
    const Numbers expected = pass(fresh, 8);
    CHECK(pass(used, 8) == expected);
    CHECK(pass(used, 8) == expected);
}

TEMPLATE_TEST_CASE("a batch smaller than the capacity gives the same bits", "[sequential]", float, double) {
    const Shape<dynamic, dynamic> in(8, 3);
    auto exact = network_run<TestType>(in, busy_net(), 2);
    auto roomy = network_run<TestType>(in, busy_net(), 2, Mode::training_to_input, 7);
    exact.draw_parameters(9);
    roomy.draw_parameters(9);
    roomy.samples = 7;
    pass(roomy, 100);
    roomy.samples = 2;
    CHECK(pass(roomy, 10) == pass(exact, 10));
    roomy.samples = 0;
    CHECK(pass(roomy, 10).y.empty());
}

TEST_CASE("inference and training without the input's gradient agree with the full pass", "[sequential]") {
    const Shape<dynamic, dynamic> in(8, 3);
    auto full = network_run<double>(in, busy_net(), 2);
    auto training = network_run<double>(in, busy_net(), 2, Mode::training);
    auto inference = network_run<double>(in, busy_net(), 2, Mode::inference);
    full.draw_parameters(11);
    training.draw_parameters(11);
    inference.draw_parameters(11);
    const Numbers expected = pass(full, 12), lean = pass(training, 12);
    CHECK(lean.y == expected.y);
    CHECK(lean.gradient == expected.gradient);
    CHECK(lean.d_x.empty());
    CHECK(inference.forward(inference.draw_input(12)) == expected.y);
    REQUIRE_THROWS_AS(inference.network.backward(inference.parameters.data(), inference.gradient.data(),
                                                 inference.workspace, Index(2)),
                      ConfigError);
}

TEST_CASE("a sample's values do not depend on its neighbours in the batch", "[sequential]") {
    const Shape<dynamic, dynamic> in(8, 3);
    auto batch = network_run<double>(in, busy_net(), 5);
    auto single = network_run<double>(in, busy_net(), 1);
    batch.draw_parameters(13);
    single.draw_parameters(13);
    const V<double> x = batch.draw_input(14), y = batch.forward(x);
    for (std::size_t n = 0; n < 5; ++n) {
        const auto begin = static_cast<std::ptrdiff_t>(n);
        const V<double> one = single.forward(V<double>(x.begin() + begin * 24, x.begin() + (begin + 1) * 24));
        // A product of one row (the Dense of a single sample) adds in another order.
        for (std::ptrdiff_t i = 0; i < 2; ++i)
            CHECK(one[static_cast<std::size_t>(i)] ==
                  Approx(y[static_cast<std::size_t>(begin * 2 + i)]).epsilon(1e-14));
    }
}

TEST_CASE("more samples than the workspace's capacity is an error before anything is written", "[workspace]") {
    auto run = network_run<float>(Shape<4, 2>(), Sequential(Dense<1>()), 2, Mode::training);
    REQUIRE_THROWS_AS(run.network.forward(run.parameters.data(), run.workspace, Index(3)), ShapeError);
    REQUIRE_THROWS_WITH(
        run.network.forward(run.parameters.data(), run.workspace, Index(3)),
        "expected at most 2 samples (this workspace's capacity), got 3; construct a larger workspace or "
        "split the batch");
    REQUIRE_THROWS_AS(run.network.backward(run.parameters.data(), run.gradient.data(), run.workspace, Index(3)),
                      ShapeError);
    REQUIRE_THROWS_AS(run.network.forward(run.parameters.data(), run.workspace, Index(-1)), ShapeError);
}

TEST_CASE("halos stay zero: around the input, around d_y and between two layers", "[workspace]") {
    // same, k3, dilation 2: 2 zero rows on each side of x. causal k4: 3 rows before its input, and its d_y is read 3
    // rows beyond its end.
    const auto net = Sequential(Conv1D<4, 3, Padding::same, 1, 2>(), Conv1D<2, 4, Padding::causal>());
    auto run = network_run<double>(Shape<7, 3>(), net, 3, Mode::training_to_input, 4);
    const WorkspaceShape shape = run.workspace.shape();
    REQUIRE(shape.input.halo_before == 6);
    REQUIRE(shape.input.halo_behind == 6);
    REQUIRE(shape.d_output.halo_before == 0);
    REQUIRE(shape.d_output.halo_behind == 6);
    run.draw_parameters(15);
    pass(run, 16);
    pass(run, 17);
    const auto zero = [](const double* begin, Index count) {
        for (Index i = 0; i < count; ++i)
            if (begin[i] != 0) return false;
        return true;
    };
    for (Index n = 0; n < 3; ++n) {
        CHECK(zero(run.workspace.input().sample(n) - 6, 6));
        CHECK(zero(run.workspace.input().sample(n) + 21, 6));
        CHECK(zero(run.workspace.d_output().sample(n) + 14, 6));
    }
    // Between the layers: values [3 rows | 7 rows] x 4 channels per sample, gradients [2 | 7 | 2] rows.
    // Each convolution's own memory holds its transposed weights.
    const Index first = std::get<0>(net.layers()).memory_size<double>(Shape<7, 3>(), 4, Mode::training);
    const Index second = std::get<1>(net.layers()).memory_size<double>(Shape<7, 4>(), 4, Mode::training);
    const double* values = run.workspace.memory() + round_up_16(first);
    const double* gradients = values + 4 * 40;
    REQUIRE(shape.memory == round_up_16(first) + 4 * 40 + round_up_16(4 * 44) + round_up_16(second));
    for (Index n = 0; n < 3; ++n) {
        CHECK(zero(values + n * 40, 12));
        CHECK(zero(gradients + n * 44, 8));
        CHECK(zero(gradients + n * 44 + 36, 8));
        CHECK_FALSE(zero(values + n * 40 + 12, 28));
        CHECK_FALSE(zero(gradients + n * 44 + 8, 28));
    }
}

TEST_CASE("a causal network's history adds up its layers'", "[sequential]") {
    using Causal = Conv1D<dynamic, dynamic, Padding::causal, 1, dynamic>;
    const auto net = Sequential(Causal(4, 3, 1, 2), Residual(Causal(4, 2, 1, 5), ReLU()), Dense<>(2));
    static_assert(decltype(net)::is_causal);
    static_assert(!Sequential<Conv1D<4, 3>>::is_causal);
    static_assert(!Sequential<Conv1D<4, 3, Padding::causal, 2>>::is_causal);
    static_assert(!Sequential<Flatten, Dense<2>>::is_causal);
    const Network<Shape<dynamic, dynamic>, std::remove_const_t<decltype(net)>> network({20, 3}, net);
    REQUIRE(network.history() == 9);

    // Step 12 moves with step 3 and not with step 2, nor with a later one.
    NetworkRun<double, std::remove_const_t<decltype(network)>> run(network);
    run.draw_parameters(21);
    const V<double> x = run.draw_input(22), y = run.forward(x);
    for (const Index step : {2, 3, 13}) {
        V<double> moved = x;
        for (std::size_t c = 0; c < 3; ++c) moved[static_cast<std::size_t>(step) * 3 + c] += 1;
        const V<double> other = run.forward(moved);
        CHECK((other[24] == y[24] && other[25] == y[25]) == (step != 3));
    }
}

TEST_CASE("Residual directly behind a Flatten is refused: its sum would lose the order of the columns", "[residual]") {
    const Sequential net(Flatten(), Residual(Dense<>(6)), Dense<>(2));
    const Shape<dynamic, dynamic> in(3, 2);
    CHECK_THROWS_AS(net.output_shape(in), ShapeError);
    CHECK_THROWS_WITH(net.output_shape(in), ContainsSubstring("before the Flatten"));
}
