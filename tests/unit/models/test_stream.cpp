// In robot units: a log's rows through Predictor and Stream against the trained pipeline's own features and windows.

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include <idm/data/dataset.hpp>
#include <idm/inference.hpp>

#include "support/catch.hpp"

using namespace idm;

namespace {

constexpr double period = 0.01;

/// Two joints in degrees, one with the wrong sign, an extra and two commands, in one trajectory of 260 rows.
Log make_log() {
    Log log;
    log.columns = {"a", "b", "va", "vb", "load", "ca", "cb"};
    Trajectory trajectory;
    trajectory.name = "t";
    trajectory.values.resize(260, 7);
    for (Index row = 0; row < 260; ++row) {
        const double t = static_cast<double>(row) * period;
        trajectory.time.push_back(t);
        const double a = 40 * std::sin(3 * t), b = 25 * std::cos(5 * t) + 3 * t;
        trajectory.values.row(row) << a, b, 120 * std::cos(3 * t), 3 - 125 * std::sin(5 * t), std::sin(t),
            a + 2 * std::cos(4 * t), b - std::sin(9 * t);
    }
    log.trajectories.push_back(trajectory);
    return log;
}

Recipe positions_only() {
    return {.positions = {.columns = {"a", "b"}, .unit = AngleUnit::degree, .scale = {1, -1}},
            .extras = {.columns = {"load"}},
            .targets = {.columns = {"ca", "cb"}},
            .use_sin = true,
            .use_cos = true,
            .sign_velocity = 0.1,
            .filter = {.length = 5, .order = 2, .alignment = Alignment::causal},
            .window = 16};
}

Recipe with_velocities(Alignment alignment) {
    Recipe recipe = positions_only();
    recipe.velocities = {.columns = {"va", "vb"}, .unit = AngleUnit::degree, .scale = {1, -1}};
    recipe.filter.alignment = alignment;
    return recipe;
}

Dataset<double> dataset_of(const Log& log, const Recipe& recipe) {
    return make_dataset<double>(
        log, recipe,
        ByRows{.train = {{0, 70, "train"}}, .validation = {{130, 175, "v"}}, .test = {{215, 260, "t"}}, .gap = 0});
}

/// The numbers of one row that a stream wants, as the log has them.
std::vector<double> sample_of(const Log& log, const std::vector<std::string>& columns, Index row) {
    std::vector<double> sample;
    for (const std::string& name : columns) sample.push_back(log.trajectories[0].values(row, log.column(name)));
    return sample;
}

/// What the pipeline of training gives for target row `row`, in the log's unit.
template <class M>
std::vector<double> expected_of(const M& model, const Dataset<double>& data, const Log& log, Index row) {
    auto workspace = model.make_workspace(1);
    gather_window(data.inputs, {row, 0, 260}, model.window(), data.recipe.ahead, workspace.input().sample(0));
    model.forward(workspace, 1);
    std::vector<double> y;
    for (Index o = 0; o < model.outputs(); ++o) {
        double value = data.normaliser.denormalise_target(workspace.output().sample(0)[o], o);
        if (!data.recipe.target_origins.columns.empty()) {
            const auto& origin = data.recipe.target_origins;
            const auto i = static_cast<std::size_t>(o) % origin.columns.size();
            const double factor = (origin.unit == AngleUnit::degree ? std::acos(-1.0) / 180 : 1) *
                                  (origin.scale.empty() ? 1 : origin.scale[i]);
            value += factor * log.trajectories[0].values(row, log.column(origin.columns[i]));
        }
        y.push_back(value);
    }
    return y;
}

template <class M>
void check(const Recipe& recipe) {
    const Log log = make_log();
    const Dataset<double> data = dataset_of(log, recipe);
    const auto outputs = static_cast<std::size_t>(data.targets.cols());
    M model({.window = recipe.window, .inputs = data.inputs.cols(), .outputs = data.targets.cols()});
    model.initialise(2);
    Stream<M> stream(model, data.recipe, data.normaliser);
    Predictor<M> predictor(model, data.recipe, data.normaliser, 2);
    REQUIRE(stream.columns() == predictor.columns());
    REQUIRE(stream.delay() == predictor.delay());
    std::vector<double> all;
    Index compared = 0;
    for (Index row = 0; row < 260; ++row) {
        const std::vector<double> sample = sample_of(log, stream.columns(), row);
        all.insert(all.end(), sample.begin(), sample.end());
        const auto y = stream.tick(sample);
        REQUIRE(stream.warm() == (row + 1 >= stream.warm_up()));
        if (!stream.warm()) continue;
        const std::vector<double> expected = expected_of(model, data, log, row - stream.delay());
        for (std::size_t o = 0; o < outputs; ++o) REQUIRE(y[o] == Approx(expected[o]).epsilon(1e-11).margin(1e-11));
        if (row < predictor.rows()) continue;
        // Two windows in one batch, the one before and this one.
        const std::size_t width = sample.size(), size = static_cast<std::size_t>(predictor.rows()) * width;
        std::vector<double> windows(all.end() - static_cast<std::ptrdiff_t>(size + width),
                                    all.end() - static_cast<std::ptrdiff_t>(width));
        windows.insert(windows.end(), all.end() - static_cast<std::ptrdiff_t>(size), all.end());
        std::vector<double> out(2 * outputs);
        predictor.predict(windows, out);
        const std::vector<double> before = expected_of(model, data, log, row - 1 - stream.delay());
        for (std::size_t o = 0; o < outputs; ++o) {
            REQUIRE(out[o] == Approx(before[o]).epsilon(1e-11).margin(1e-11));
            REQUIRE(out[outputs + o] == Approx(expected[o]).epsilon(1e-11).margin(1e-11));
        }
        ++compared;
    }
    REQUIRE(compared > 80);
}

}  // namespace

TEST_CASE("positions alone, causal filters: stream, windows and training agree", "[stream]") {
    check<Cnn1<double>>(positions_only());
    Recipe recipe = positions_only();
    recipe.window = 32;
    check<Cnn2<double>>(recipe);
    check<Baseline<double>>(recipe);
}

TEST_CASE("velocities from the log, accelerations from a causal or centred filter", "[stream]") {
    check<Cnn1<double>>(with_velocities(Alignment::causal));
    check<Cnn1<double>>(with_velocities(Alignment::centred));
}

TEST_CASE("a recipe that looks ahead predicts an earlier sample", "[stream]") {
    Recipe recipe = with_velocities(Alignment::centred);
    recipe.ahead = 3;
    check<Cnn1<double>>(recipe);
    const Dataset<double> data = dataset_of(make_log(), recipe);
    Cnn1<double> model({.window = 16, .inputs = data.inputs.cols(), .outputs = 2});
    CHECK(Stream(model, data.recipe, data.normaliser).delay() == 3 + 2);
}

TEST_CASE("a stream that looks ahead is warm once the sample that it predicts is there", "[stream]") {
    // The newest step alone, with weights of zero: what comes out is the target's origin.
    using Net = Sequential<LastStep, Dense<1>>;
    const Model<double, Shape<dynamic, dynamic>, Net> model({8, 1}, Net());
    const Recipe recipe{.positions = {.columns = {"q"}},
                        .targets = {.columns = {"c"}},
                        .target_origins = {.columns = {"q"}},
                        .use_velocities = false,
                        .use_accelerations = false,
                        .window = 8,
                        .ahead = 3,
                        .sample_period = period};
    const Vector<double> zero = Vector<double>::Zero(1), one = Vector<double>::Ones(1);
    Stream stream(model, recipe, Normaliser<double>(zero, one, zero, one),
                  {.sample_period = period / 2, .between = BetweenSamples::interleave});
    REQUIRE(stream.delay() == 6);
    CHECK(stream.sample_period() == period / 2);
    for (int tick = 0; tick < 20; ++tick) {
        const double q = 5 + tick;
        const double y = stream.tick(std::span(&q, 1))[0];
        REQUIRE(stream.warm() == (tick >= 6));
        if (stream.warm()) CHECK(y == q - 6);
    }
}

TEST_CASE("targets relative to a state come back as actions", "[stream]") {
    Recipe recipe = positions_only();
    recipe.targets.unit = AngleUnit::degree;
    recipe.targets.scale = {1, -1};
    recipe.target_origins = recipe.positions;
    check<Cnn1<double>>(recipe);
    recipe.ahead = 2;
    check<Cnn1<double>>(recipe);
    recipe.horizon = 3;
    check<Cnn1<double>>(recipe);
}

TEST_CASE("a slower model in a faster loop: held, or interleaved", "[stream]") {
    const Log log = make_log();
    const Recipe recipe = positions_only();
    const Dataset<double> data = dataset_of(log, recipe);
    Cnn1<double> model({.window = 16, .inputs = data.inputs.cols(), .outputs = 2});
    model.initialise(2);
    Stream<Cnn1<double>> slow(model, data.recipe, data.normaliser);
    Stream<Cnn1<double>> held(model, data.recipe, data.normaliser, {.sample_period = period / 4});
    Stream<Cnn1<double>> mixed(model, data.recipe, data.normaliser,
                               {.sample_period = period / 4 * 1.002, .between = BetweenSamples::interleave});
    REQUIRE(held.divider() == 4);
    REQUIRE(held.warm_up() == (15 + 4) * 4 + 1);
    std::vector<double> last;
    // Four loop ticks to a row; the three between differ, so that a wrong place would show.
    for (Index row = 0; row < 60; ++row) {
        for (Index place = 0; place < 4; ++place) {
            std::vector<double> sample = sample_of(log, slow.columns(), row);
            for (double& value : sample) value += static_cast<double>(place);
            const auto h = held.tick(sample);
            const auto m = mixed.tick(sample);
            if (place == 0) {
                const auto s = slow.tick(sample);
                last.assign(s.begin(), s.end());
                CHECK(std::equal(m.begin(), m.end(), last.begin()));
            } else {
                CHECK_FALSE(std::equal(m.begin(), m.end(), last.begin()));
            }
            CHECK(std::equal(h.begin(), h.end(), last.begin()));
        }
    }
}

TEST_CASE("after a reset a stream is as it was constructed", "[stream]") {
    const Log log = make_log();
    Recipe recipe = positions_only();
    recipe.ahead = 2;
    recipe.target_origins = recipe.positions;
    const Dataset<double> data = dataset_of(log, recipe);
    Cnn1<double> model({.window = 16, .inputs = data.inputs.cols(), .outputs = 2});
    model.initialise(2);
    const auto between = GENERATE(BetweenSamples::hold, BetweenSamples::interleave);
    const StreamConfig config{.sample_period = period / 3, .between = between};
    Stream<Cnn1<double>> used(model, data.recipe, data.normaliser, config);
    // Not a whole number of the model's samples, and of rows that lie outside the training rows.
    for (Index tick = 0; tick < 200; ++tick) used.tick(sample_of(log, used.columns(), 259 - tick));
    REQUIRE(used.warm());
    REQUIRE(used.distance() > 0);
    used.reset();
    CHECK_FALSE(used.warm());
    CHECK(used.distance() == 0);
    Stream<Cnn1<double>> fresh(model, data.recipe, data.normaliser, config);
    for (Index tick = 0; tick < 100; ++tick) {
        const auto sample = sample_of(log, used.columns(), tick);
        const auto expected = fresh.tick(sample), y = used.tick(sample);
        REQUIRE(std::vector<double>(y.begin(), y.end()) == std::vector<double>(expected.begin(), expected.end()));
        REQUIRE(used.distance() == fresh.distance());
        REQUIRE(used.warm() == fresh.warm());
    }
    CHECK(used.warm());
}

TEST_CASE("a stream refuses what is not its recipe", "[stream]") {
    const Dataset<double> data = dataset_of(make_log(), positions_only());
    const Cnn1<double> model({.window = 16, .inputs = data.inputs.cols(), .outputs = 2});
    using S = Stream<Cnn1<double>>;
    const auto message = [&](const Recipe& recipe, const StreamConfig& config) -> std::string {
        try {
            const S stream(model, recipe, data.normaliser, config);
        } catch (const Error& error) {
            return error.what();
        }
        return "";
    };
    CHECK(message(data.recipe, {}) == "");
    CHECK(message(data.recipe, {.sample_period = 0.0051}).find("expected ticks every 0.01 s") != std::string::npos);
    CHECK(message(data.recipe, {.sample_period = 0.02}).find("expected ticks every 0.01 s") != std::string::npos);
    CHECK(message(data.recipe, {.sample_period = -0.01}).find("expected ticks every 0.01 s") != std::string::npos);
    // More ticks between two samples than an integer holds.
    CHECK(message(data.recipe, {.sample_period = 1e-30}).find("expected ticks every 0.01 s") != std::string::npos);
    CHECK(message(data.recipe, {.columns = {"b", "a", "load"}})
              .find("expected samples of the recipe's columns a, b, load, got b, a, load") != std::string::npos);
    Recipe other = data.recipe;
    other.use_sin = false;
    CHECK(message(other, {}).find("expected the recipe of a model with window 16 and 13 inputs") != std::string::npos);
    other = data.recipe;
    other.window = 17;
    CHECK(message(other, {}).find("got one of window 17") != std::string::npos);
    other = data.recipe;
    other.sample_period = 0;
    CHECK(message(other, {}).find("no sample period") != std::string::npos);
    other = data.recipe;
    other.ahead = -2;
    CHECK(message(other, {}).find("expected a recipe with ahead of at least 0 rows, got -2") != std::string::npos);
    CHECK_THROWS_AS(Predictor<Cnn1<double>>(model, other, data.normaliser), ConfigError);
    other = data.recipe;
    other.filter.order = 1;  // of which there is no acceleration
    CHECK(message(other, {}).find("polynomial order 1") != std::string::npos);
    CHECK_THROWS_AS(Predictor<Cnn1<double>>(model, other, data.normaliser), ConfigError);
    other = data.recipe;
    other.positions.scale = {1};
    CHECK(message(other, {}).find("expected 2 scales for the positions") != std::string::npos);
}

TEMPLATE_TEST_CASE("a NaN sample leaves the stream as soon as no output depends on it", "[stream]", Cnn1<double>,
                   Cnn2<double>, Cnn2<float>) {
    using T = typename TestType::Scalar;
    const Log log = make_log();
    Recipe recipe = positions_only();
    recipe.window = 32;
    const Dataset<T> data = make_dataset<T>(
        log, recipe,
        ByRows{.train = {{0, 70, "train"}}, .validation = {{130, 175, "v"}}, .test = {{215, 260, "t"}}, .gap = 0});
    TestType model({.window = 32, .inputs = data.inputs.cols(), .outputs = 2});
    model.initialise(2);
    Stream<TestType> stream(model, data.recipe, data.normaliser);
    Stream<TestType> untouched = stream;
    for (Index row = 0; row < 110; ++row) {
        std::vector<double> sample = sample_of(log, stream.columns(), row);
        const T expected = untouched.tick(sample)[0];
        if (row == 50) sample[0] = std::numeric_limits<double>::quiet_NaN();
        const T y = stream.tick(sample)[0];
        if (row < 50 || row >= 50 + stream.warm_up())
            CHECK(y == expected);
        else
            CHECK(std::isnan(y));
    }
}

TEST_CASE("a predictor refuses another number of samples", "[stream]") {
    const Dataset<double> data = dataset_of(make_log(), positions_only());
    const Cnn1<double> model({.window = 16, .inputs = data.inputs.cols(), .outputs = 2});
    Predictor<Cnn1<double>> predictor(model, data.recipe, data.normaliser);
    REQUIRE(predictor.rows() == 16 + 4);
    std::vector<double> samples(20 * 3), out(2);
    CHECK_NOTHROW(predictor.predict(samples, out));
    CHECK_THROWS_AS(predictor.predict(std::span(samples).first(57), out), ShapeError);
    CHECK_NOTHROW(predictor.predict({}, {}));
    CHECK_THROWS_AS(Predictor<Cnn1<double>>(model, data.recipe, data.normaliser, -1), ShapeError);
    samples.resize(2 * 20 * 3);
    out.resize(4);
    CHECK_THROWS_AS(predictor.predict(samples, out), ShapeError);
}
