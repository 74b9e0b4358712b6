#include <algorithm>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <idm/core/parallel.hpp>
#include <idm/models/baseline.hpp>
#include <idm/models/cnn1.hpp>
#include <idm/models/cnn2.hpp>

#include "support/catch.hpp"
#include "support/network_run.hpp"

using namespace idm;
using idm_test::numbers;
using idm_test::values_of;

namespace {

template <class T>
using V = std::vector<T>;

template <class T>
using SameCnn1 = Cnn1<T, dynamic, dynamic, dynamic, Padding::same>;

struct Row {
    std::string name;
    Index depth, length, channels, parameters;
    friend bool operator==(const Row&, const Row&) = default;
};

template <class M>
V<Row> table_of(const M& model) {
    V<Row> rows;
    for (const LayerRow& r : model.layer_table()) rows.push_back({r.name, r.depth, r.length, r.channels, r.parameters});
    return rows;
}

template <class M>
V<std::string> names_of(const M& model) {
    V<std::string> names;
    for (const auto& p : model.named_parameters()) names.push_back(p.name());
    return names;
}

template <class M, class T>
V<T> predict(const M& model, const V<T>& x, Workspace<T>& workspace) {
    const Index n = static_cast<Index>(x.size()) / (model.window() * model.inputs());
    V<T> y(static_cast<std::size_t>(n * model.outputs()));
    model.predict(ConstTensorView<T, 3>(x.data(), n, model.window(), model.inputs()),
                  TensorView<T, 2>(y.data(), n, model.outputs()), workspace);
    return y;
}

template <class T>
V<T> buffer_of(std::span<const T> values) {
    return V<T>(values.begin(), values.end());
}

}  // namespace

TEST_CASE("Baseline: layer table, parameters, value by hand", "[baseline]") {
    Baseline<double> model({2, 3, 1});
    CHECK(table_of(model) == V<Row>{{"Flatten", 0, 1, 6, 0}, {"Dense(1)", 0, 1, 1, 7}});
    CHECK(names_of(model) == V<std::string>{"1.weight", "1.bias"});
    CHECK(model.parameter_count() == 7);
    model.named_parameters()[0].copy_from(V<double>{1, 2, 3, 4, 5, 6});
    model.named_parameters()[1][0] = 0.5;
    auto workspace = model.make_workspace(1);
    // PyTorch's columns: both steps of channel 0, then of channels 1 and 2.
    CHECK(predict(model, V<double>{1, 10, 100, 1000, 1e4, 1e5}, workspace) ==
          V<double>{1 + 2e3 + 30 + 4e4 + 500 + 6e5 + 0.5});
}

TEST_CASE("Cnn1: layer table, names and parameters", "[cnn1]") {
    // 64 (21 * 5 + 1) + 64 (64 * 3 + 1) + 128 (26 * 64 + 1) + 7 (128 + 1)
    const Cnn1<float> model({32, 21, 7});
    CHECK(table_of(model) == V<Row>{{"Conv1D(64, k5, valid)", 0, 28, 64, 6784},
                                    {"ReLU", 0, 28, 64, 0},
                                    {"Conv1D(64, k3, valid)", 0, 26, 64, 12352},
                                    {"ReLU", 0, 26, 64, 0},
                                    {"Flatten", 0, 1, 1664, 0},
                                    {"Dense(128)", 0, 1, 128, 213120},
                                    {"ReLU", 0, 1, 128, 0},
                                    {"Dense(7)", 0, 1, 7, 903}});
    CHECK(model.parameter_count() == 6784 + 12352 + 213120 + 903);
    CHECK(names_of(model) ==
          V<std::string>{"0.weight", "0.bias", "2.weight", "2.bias", "5.weight", "5.bias", "7.weight", "7.bias"});
    CHECK(model.named_parameters()[0].shape() == V<Index>{64, 21, 5});
    CHECK(model.named_parameters()[4].shape() == V<Index>{128, 1664});
    // With padding the Flatten has 32 * 64 numbers.
    CHECK(SameCnn1<float>({32, 21, 7}).parameter_count() == 6784 + 12352 + 128 * 2049 + 903);
    CHECK(SameCnn1<float>({32, 21, 7}).parameter_count() == 282311);
}

TEST_CASE("Cnn2: layer table, names and parameters", "[cnn2]") {
    const Cnn2<float> model({32, 21, 7});
    CHECK(model.parameter_count() == 76679);
    CHECK(model.network().history() == 30);
    const V<Row> rows = table_of(model);
    REQUIRE(rows.size() == 22);
    CHECK(rows[0] == Row{"Conv1D(64, k1, causal)", 0, 32, 64, 1408});
    CHECK(rows[1] == Row{"Residual: x +", 0, 32, 64, 0});
    CHECK(rows[2] == Row{"Conv1D(64, k3, causal)", 1, 32, 64, 12352});
    CHECK(rows[3] == Row{"ReLU", 1, 32, 64, 0});
    CHECK(rows[4] == Row{"Conv1D(64, k1, causal)", 1, 32, 64, 4160});
    CHECK(rows[6] == Row{"Conv1D(64, k3, dilation 2, causal)", 1, 32, 64, 12352});
    CHECK(rows[14] == Row{"Conv1D(64, k3, dilation 8, causal)", 1, 32, 64, 12352});
    CHECK(rows[18] == Row{"LastStep", 0, 1, 64, 0});
    CHECK(rows[19] == Row{"Dense(128)", 0, 1, 128, 8320});
    CHECK(rows[21] == Row{"Dense(7)", 0, 1, 7, 903});
    const V<std::string> names = names_of(model);
    REQUIRE(names.size() == 22);
    CHECK(names[0] == "0.weight");
    CHECK(names[2] == "1.body.0.weight");
    CHECK(names[5] == "1.body.2.bias");
    CHECK(names[14] == "4.body.0.weight");
    CHECK(names[18] == "7.weight");
    CHECK(names[21] == "9.bias");
}

TEST_CASE("the printed layer table ends in the total", "[models]") {
    const std::string text = format_layer_table(Cnn2<float>({32, 21, 7}));
    CHECK_THAT(text, ContainsSubstring("input                                        [32, 21]"));
    CHECK_THAT(text, ContainsSubstring("\n  Conv1D(64, k3, dilation 4, causal)"));
    const std::string last = text.substr(text.rfind('\n', text.size() - 2) + 1);
    CHECK_THAT(last, ContainsSubstring("total"));
    CHECK_THAT(last, ContainsSubstring(" 76679\n"));
}

TEST_CASE("a window too short for Cnn1 is an error that says so", "[cnn1]") {
    REQUIRE_THROWS_AS(Cnn1<float>({6, 3, 2}), ShapeError);
    REQUIRE_THROWS_WITH(Cnn1<float>({6, 3, 2}),
                        ContainsSubstring("Conv1D(64, k3, valid): expected an input of at least 3 steps") &&
                            ContainsSubstring("got 2"));
    CHECK(Cnn1<float>({7, 3, 2}).window() == 7);
    CHECK(SameCnn1<float>({1, 3, 2}).window() == 1);
}

TEST_CASE("ModelConfig: what is missing, too small or contradicts the type", "[models]") {
    REQUIRE_THROWS_AS(Baseline<float>({8, 3}), ConfigError);
    REQUIRE_THROWS_WITH(Baseline<float>({8, 3}),
                        "expected the model's number of outputs, in its type or in ModelConfig; "
                        "got neither");
    REQUIRE_THROWS_WITH(Cnn1<float>({dynamic, 3, 2}), ContainsSubstring("window steps"));
    REQUIRE_THROWS_AS(Cnn2<float>({8, 0, 2}), ConfigError);
    REQUIRE_THROWS_WITH(Cnn2<float>({8, 0, 2}), "expected at least 1 as the model's number of inputs, got 0");
    REQUIRE_THROWS_AS(Cnn2<float>({8, 3, -4}), ConfigError);
    using Fixed = Baseline<float, 8, 3, 2>;
    REQUIRE_THROWS_AS(Fixed({9, 3, 2}), ShapeError);
    REQUIRE_THROWS_WITH(Fixed({9, 3, 2}), ContainsSubstring("expected extent 8 (fixed by the type), got 9"));
    CHECK(Fixed().parameter_count() == 50);
    CHECK(Fixed({8, 3, 2}).window() == 8);
}

TEST_CASE("predict: shapes that do not fit are errors that say both", "[models]") {
    const Baseline<float> model({4, 3, 2});
    auto workspace = model.make_workspace(2);
    const V<float> x(100);
    V<float> y(100);
    const auto run = [&](Index n, Index window, Index inputs, Index rows, Index outputs) {
        model.predict(ConstTensorView<float, 3>(x.data(), n, window, inputs),
                      TensorView<float, 2>(y.data(), rows, outputs), workspace);
    };
    REQUIRE_NOTHROW(run(2, 4, 3, 2, 2));
    REQUIRE_NOTHROW(run(0, 4, 3, 0, 2));
    REQUIRE_THROWS_AS(run(2, 5, 3, 2, 2), ShapeError);
    REQUIRE_THROWS_WITH(run(2, 5, 3, 2, 2), "predict: expected x [N, 4, 3], got [2, 5, 3]");
    REQUIRE_THROWS_WITH(run(2, 4, 2, 2, 2), "predict: expected x [N, 4, 3], got [2, 4, 2]");
    REQUIRE_THROWS_WITH(run(2, 4, 3, 1, 2), "predict: expected y [2, 2], got [1, 2]");
    REQUIRE_THROWS_WITH(run(2, 4, 3, 2, 3), "predict: expected y [2, 2], got [2, 3]");
}

TEST_CASE("predict beyond the capacity writes nothing", "[models]") {
    const Baseline<float> model({2, 1, 1});
    auto workspace = model.make_workspace(1);
    const Index behind = round_up_16(workspace.shape().input.stride());
    const V<float> x(static_cast<std::size_t>(2 * (behind + 1)), 7.0f);
    V<float> y(x.size());
    const auto n = static_cast<Index>(x.size()) / 2;
    REQUIRE_THROWS_AS(
        model.predict(ConstTensorView<float, 3>(x.data(), n, 2, 1), TensorView<float, 2>(y.data(), n, 1), workspace),
        ShapeError);
    CHECK(workspace.input().sample(0)[0] == 0);
}

TEST_CASE("initialise is a function of the seed, and leaves the padding zero", "[models]") {
    Cnn1<float> a({8, 3, 2}), b({8, 3, 2});
    a.initialise(5);
    b.initialise(5);
    CHECK(buffer_of<float>(a.parameters()) == buffer_of<float>(b.parameters()));
    b.initialise(6);
    CHECK(buffer_of<float>(a.parameters()) != buffer_of<float>(b.parameters()));
    for (const auto& p : a.named_parameters())
        for (Index i = 0; i < p.size(); ++i) p[i] = 0;
    CHECK(buffer_of<float>(a.parameters()) == V<float>(a.parameters().size()));
}

TEST_CASE("copies of a model are independent", "[models]") {
    Cnn2<float> model({8, 3, 2});
    model.initialise(1);
    Cnn2<float> copy = model;
    const V<float> before = buffer_of<float>(model.parameters());
    copy.named_parameters()[0][0] += 1;
    CHECK(buffer_of<float>(model.parameters()) == before);
    CHECK(buffer_of<float>(copy.parameters()) != before);
    copy = model;
    CHECK(buffer_of<float>(copy.parameters()) == before);
    const Cnn2<float> moved = std::move(copy);
    CHECK(buffer_of<float>(moved.parameters()) == before);
}

TEMPLATE_TEST_CASE("static and dynamic models give the same bits from the same seed", "[models]", float, double) {
    using T = TestType;
    const auto check = [](auto fixed, auto free) {
        fixed.initialise(3);
        free.initialise(3);
        CHECK(buffer_of<T>(fixed.parameters()) == buffer_of<T>(free.parameters()));
        const V<T> x = numbers<T>(4, 0, 3 * 9 * 4);
        auto fixed_workspace = fixed.make_workspace(3), free_workspace = free.make_workspace(5);
        CHECK(predict(fixed, x, fixed_workspace) == predict(free, x, free_workspace));
    };
    check(Baseline<T, 9, 4, 3>(), Baseline<T>({9, 4, 3}));
    check(Cnn1<T, 9, 4, 3>(), Cnn1<T>({9, 4, 3}));
    check(Cnn2<T, 9, 4, 3>(), Cnn2<T>({9, 4, 3}));
}

TEST_CASE("threads share one const model, each with its own workspace", "[models]") {
    constexpr Index samples = 64, size = 12 * 3;
    Cnn2<float> trained({12, 3, 2});
    trained.initialise(7);
    const Cnn2<float>& model = trained;
    const V<float> x = numbers<float>(8, 0, samples * size);
    V<float> serial(2 * samples), shared(2 * samples);
    const auto predict_share = [&](Range share, V<float>& y) {
        auto workspace = model.make_workspace(1);
        for (Index n = share.begin; n < share.end; ++n) {
            std::copy_n(x.data() + n * size, size, workspace.input().sample(0));
            model.forward(workspace, 1);
            std::copy_n(workspace.output().sample(0), 2, y.data() + 2 * n);
        }
    };
    predict_share({0, samples}, serial);
    parallel(4, [&](const Team& team) {
        for (int round = 0; round < 5; ++round) predict_share(team.share(samples), shared);
    });
    CHECK(shared == serial);
}
