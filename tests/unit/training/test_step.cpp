// One training step: statistics, random keys, batches that add up to one step, weights of rows.

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include <idm/models/baseline.hpp>
#include <idm/models/cnn1.hpp>
#include <idm/models/cnn2.hpp>
#include <idm/training/trainer.hpp>

#include "support/catch.hpp"
#include "support/small_dataset.hpp"

using namespace idm;
using namespace idm_test;

namespace {

/// Measures the running mean of its input, a quarter of the way at each step, and hands the input on.
struct Meter : LayerDefaults {
    template <class In>
    constexpr In output_shape(const In& in) const {
        return in;
    }
    template <class In>
    constexpr Index parameter_count(const In& in) const {
        return round_up_16(in.channels());
    }
    template <class In>
    void list_parameters(const In& in, Index offset, const std::string& prefix, std::vector<ParameterInfo>& out) const {
        out.push_back(ParameterInfo::constant(prefix + "mean", offset, in.channels(), 0.5, true));
    }
    std::string name() const { return "Meter"; }
    template <class T, class In>
    void forward(const In& in, const Forward<T>& p) const {
        for (Index n = 0; n < p.samples; ++n) std::copy_n(p.x.sample(n), in.size(), p.y.sample(n));
    }
    template <class T, class In>
    void backward(const In& in, const Backward<T>& p) const {
        for (Index n = 0; n < p.samples; ++n)
            for (Index i = 0; i < in.size(); ++i) {
                const Index c = i % in.channels();
                p.d_parameters_accumulate[c] +=
                    T(0.25) * (p.parameters[c] - p.x.sample(n)[i]) / static_cast<T>(in.length());
                if (p.d_x.data) p.d_x.sample(n)[i] = p.d_y.sample(n)[i];
            }
    }
};

/// Adds one random number for each sample.
struct Shake : LayerDefaults {
    template <class In>
    constexpr In output_shape(const In& in) const {
        return in;
    }
    std::string name() const { return "Shake"; }
    template <class T, class In>
    void forward(const In& in, const Forward<T>& p) const {
        for (Index n = 0; n < p.samples; ++n) {
            const auto sample = static_cast<std::uint64_t>(p.random.first_sample + n);
            const T shift = p.mode == Mode::training ? static_cast<T>(Random(p.random.key, sample).uniform()) : T(0);
            for (Index i = 0; i < in.size(); ++i) p.y.sample(n)[i] = p.x.sample(n)[i] + shift;
        }
    }
    template <class T, class In>
    void backward(const In& in, const Backward<T>& p) const {
        for (Index n = 0; n < p.samples && p.d_x.data; ++n) std::copy_n(p.d_y.sample(n), in.size(), p.d_x.sample(n));
    }
};

/// Throws in one of the threads of a training, else hands its input on.
struct Refuse : LayerDefaults {
    explicit Refuse(int thread) : culprit(thread) {}
    int culprit;
    template <class In>
    constexpr In output_shape(const In& in) const {
        return in;
    }
    std::string name() const { return "Refuse"; }
    template <class T, class In>
    void forward(const In& in, const Forward<T>& p) const {
        if (this_thread() == culprit) detail::raise<DataError>("thread ", culprit);
        for (Index n = 0; n < p.samples; ++n) std::copy_n(p.x.sample(n), in.size(), p.y.sample(n));
    }
    template <class T, class In>
    void backward(const In& in, const Backward<T>& p) const {
        for (Index n = 0; n < p.samples && p.d_x.data; ++n) std::copy_n(p.d_y.sample(n), in.size(), p.d_x.sample(n));
    }
    static int this_thread() {
#if IDM_HAS_OPENMP
        return omp_get_thread_num();
#else
        return 0;
#endif
    }
};

template <class T, class Layer>
auto model_with(const Layer& layer) {
    const Sequential layers(layer, Flatten(), Dense<1>());
    Model<T, Shape<4, 2>, std::remove_const_t<decltype(layers)>> model(Shape<4, 2>(), layers);
    model.initialise(1);
    return model;
}

/// The same with enough work in a step of 50 windows for four threads.
template <class T, class Layer>
auto wide_model_with(const Layer& layer) {
    auto model = model_with<T>(Sequential(layer, Flatten(), Dense<2048>()));
    REQUIRE(detail::useful_threads(3 * 50 * detail::multiply_adds(model.network()), 4,
                                   TrainerConfig{}.gradient_parts) == 4);
    return model;
}

/// The parameters after a training; one epoch of one step unless the settings say otherwise.
template <class M>
std::vector<typename M::Scalar> trained(M model, const Dataset<typename M::Scalar>& data, TrainerConfig config) {
    config.schedule = Schedule::constant;
    train(model, data, config);
    return parameters_of(model);
}

template <class T>
double largest_difference(const std::vector<T>& a, const std::vector<T>& b) {
    double largest = 0;
    REQUIRE(a.size() == b.size());
    for (std::size_t i = 0; i < a.size(); ++i)
        largest = std::max(largest, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
    return largest;
}

}  // namespace

TEMPLATE_TEST_CASE("statistics move by the mean over the step's samples and by nothing else", "[step]", float, double) {
    using T = TestType;
    const auto data = linear_dataset<T>();
    const auto model = wide_model_with<T>(Meter());
    double means[2] = {};
    const auto rows = window_rows(data.split.train, 4, 0, idm::Rows::full);
    for (const WindowRow& row : rows)
        for (Index i = 0; i < 4; ++i)
            for (Index c = 0; c < 2; ++c)
                means[c] += static_cast<double>(data.inputs(row.row - i, c)) / (4 * static_cast<double>(rows.size()));
    for (const TrainerConfig& config :
         {TrainerConfig{.epochs = 1, .batch_size = 1000},
          TrainerConfig{.epochs = 1, .batch_size = 57, .accumulate = 4, .gradient_parts = 3},
          TrainerConfig{.epochs = 1, .batch_size = 1000, .rate = 0.1, .adam = {.weight_decay = 5}},
          TrainerConfig{.epochs = 1, .batch_size = 1000, .clip_norm = 1e-6, .ema = 0.9},
          TrainerConfig{.epochs = 1, .batch_size = 1000, .optimiser = OptimiserKind::lion, .threads = 2}}) {
        const std::vector<T> after = trained(model, data, config);
        // 228 windows of 4 steps are summed: as many roundings of numbers below 1.
        for (std::size_t c = 0; c < 2; ++c)
            CHECK(static_cast<double>(after[c]) ==
                  Approx(0.75 * 0.5 + 0.25 * means[c]).margin(228 * std::numeric_limits<T>::epsilon()));
    }
}

TEST_CASE("a statistic takes no part in the norm that clipping measures", "[step]") {
    const auto data = linear_dataset<double>();
    const TrainerConfig config{.epochs = 1, .batch_size = 1000, .optimiser = OptimiserKind::sgd, .clip_norm = 1e-3};
    const std::vector<double> with = trained(model_with<double>(Meter()), data, config);
    auto plain = model_with<double>(Meter());
    const std::vector<double> before = parameters_of(plain);
    double moved = 0;
    for (std::size_t i = 16; i < with.size(); ++i) moved += (with[i] - before[i]) * (with[i] - before[i]);
    // Nesterov's first step is rate (1 + momentum) times the clipped gradient.
    CHECK(std::sqrt(moved) == Approx(2e-3 * 1.9 * 1e-3).epsilon(1e-3));
}

TEST_CASE("random numbers of layers depend on seed, step and sample, not on threads or parts", "[step]") {
    const auto data = linear_dataset<double>();
    const auto model = wide_model_with<double>(Shake());
    const TrainerConfig base{.epochs = 2, .batch_size = 50, .threads = 1};
    const auto expected = trained(model, data, base);
    for (const int threads : {2, 3}) {
        TrainerConfig config = base;
        config.threads = threads;
        CHECK(trained(model, data, config) == expected);
    }
    for (const Index parts : {1, 2, 3}) {
        TrainerConfig config = base;
        config.gradient_parts = parts;
        CHECK(largest_difference(trained(model, data, config), expected) < 1e-12);
    }
    TrainerConfig other = base;
    other.seed = 2;
    CHECK(largest_difference(trained(model, data, other), expected) > 1e-4);
    CHECK(detail::step_key(1, 1) != detail::step_key(1, 2));
    CHECK(detail::step_key(1, 1) != detail::step_key(2, 1));
    CHECK(largest_difference(trained(wide_model_with<double>(Sequential(LeakyReLU(1.0))), data, base), expected) >
          1e-4);
}

TEST_CASE("what a layer throws comes out of the training, whichever thread it was in", "[step]") {
    const auto data = linear_dataset<double>();
    for (const int threads : {1, 2, 3, 4})
        for (const double norm : {0.0, 1.0})
            for (int culprit = 0; culprit < threads; ++culprit) {
                INFO(threads << " threads, norm " << norm << ", thread " << culprit);
                auto model = wide_model_with<double>(Refuse(culprit));
                const auto before = parameters_of(model);
                const TrainerConfig config{.epochs = 1, .batch_size = 1000, .clip_norm = norm, .threads = threads};
                if (IDM_HAS_OPENMP || culprit == 0) CHECK_THROWS_AS(train(model, data, config), DataError);
                if (IDM_HAS_OPENMP || culprit == 0) CHECK(parameters_of(model) == before);
            }
}

TEST_CASE("batches that are accumulated equal one batch of their size", "[step]") {
    const auto data = linear_dataset<double>({.rows = 50});
    const auto check = [&](const auto& model, Sampling sampling) {
        // The last step of an epoch is shorter, and its last batch too.
        const TrainerConfig one{.epochs = 2, .batch_size = 48, .clip_norm = 1, .sampling = sampling, .chunk = 4};
        TrainerConfig several = one;
        several.batch_size = 16;
        several.accumulate = 3;
        CHECK(largest_difference(trained(model, data, several), trained(model, data, one)) < 1e-10);
        several.accumulate = 2;
        CHECK(largest_difference(trained(model, data, several), trained(model, data, one)) > 1e-6);
    };
    Cnn2<double> sequence({31, 2, 1});
    sequence.initialise(1);
    check(sequence, Sampling::sequences);
    check(model_with<double>(Shake()), Sampling::windows);
}

TEST_CASE("the schedule counts steps, not batches", "[step]") {
    const auto data = linear_dataset<float>();
    Baseline<float> model({4, 2, 1});
    model.initialise(1);
    // 228 targets: 3 batches of 36 for a step, so 3 steps an epoch, the last of 12 targets.
    const History history =
        train(model, data, {.epochs = 2, .batch_size = 36, .accumulate = 3, .rate = 1e-2, .threads = 1});
    CHECK(history.epochs[0].learning_rate == learning_rate(Schedule::one_cycle, 1e-2, 2, 6));
    CHECK(history.epochs[1].learning_rate == learning_rate(Schedule::one_cycle, 1e-2, 5, 6));
    CHECK_THROWS_AS(train(model, data, {.accumulate = 0}), ConfigError);
}

TEST_CASE("a row that weighs three counts as three rows, one of weight 0 as none", "[step]") {
    auto data = linear_dataset<double>();
    const auto rows = window_rows(data.split.train, 4, 0, idm::Rows::full);
    data.row_weights.assign(static_cast<std::size_t>(data.targets.rows()), 0.0);
    std::vector<WindowRow> repeated;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        data.row_weights[static_cast<std::size_t>(rows[i].row)] = static_cast<double>(i % 4);
        repeated.insert(repeated.end(), i % 4, rows[i]);
        if (i % 4 == 0) data.targets(rows[i].row, 0) = std::numeric_limits<double>::quiet_NaN();
    }
    for (const Segment& segment : data.split.validation)
        data.row_weights[static_cast<std::size_t>(segment.end - 1)] = 2;
    Baseline<double> model({4, 2, 1});
    model.initialise(1);
    auto plain = data;
    plain.row_weights.clear();
    CHECK(mean_squared_error(model, data, rows, 1) ==
          Approx(mean_squared_error(model, plain, repeated, 1)).epsilon(1e-14));

    // The gradient: one step of plain descent on all rows moves the weights by -rate times it.
    const TrainerConfig config{.epochs = 1,
                               .batch_size = 1000,
                               .rate = 1e-3,
                               .schedule = Schedule::constant,
                               .optimiser = OptimiserKind::sgd,
                               .sgd = {.momentum = 0, .nesterov = false},
                               .threads = 1};
    const auto start = parameters_of(model);
    auto moved = model;
    const History history = train(moved, data, config);
    CHECK(history.epochs[0].training_loss == Approx(mean_squared_error(model, plain, repeated, 1)).epsilon(1e-13));
    for (const std::size_t i : {std::size_t{0}, std::size_t{16}}) {
        const auto loss_at = [&](double change) {
            auto changed = model;
            changed.parameters()[i] += change;
            return mean_squared_error(changed, plain, repeated, 1);
        };
        const double slope = (loss_at(1e-6) - loss_at(-1e-6)) / 2e-6;
        CHECK((start[i] - parameters_of(moved)[i]) / 1e-3 == Approx(slope).epsilon(1e-6));
    }
}

TEST_CASE("weights of rows mean the same to windows and to sequences", "[step]") {
    auto data = linear_dataset<double>({.rows = 50});
    const std::vector<double> drawn = numbers<double>(7, 0, data.targets.rows());
    for (const double number : drawn) data.row_weights.push_back(number > 0 ? number : 0);
    Cnn2<double> model({31, 2, 1});
    model.initialise(1);
    const auto step = [&](Sampling sampling) {
        return trained(model, data, {.epochs = 1, .batch_size = 1000, .sampling = sampling, .chunk = 7});
    };
    CHECK(largest_difference(step(Sampling::windows), step(Sampling::sequences)) < 1e-9);
}

TEST_CASE("weights of rows that do not fit are refused", "[step]") {
    auto data = linear_dataset<float>();
    Baseline<float> model({4, 2, 1});
    const auto message = [&] { return message_of<DataError>([&] { train(model, data, {.epochs = 1}); }); };
    data.row_weights.assign(359, 1.0);
    CHECK_THAT(message(), ContainsSubstring("each of 360 rows") && ContainsSubstring("got 359"));
    data.row_weights.assign(360, 0.0);
    CHECK_THAT(message(), ContainsSubstring("above 0"));
    data.row_weights.assign(360, 1.0);
    data.row_weights[100] = -1;
    CHECK_THAT(message(), ContainsSubstring("row 100") && ContainsSubstring("got -1"));
}

TEMPLATE_TEST_CASE("denormal numbers count as zero in a step, on every thread, and nowhere behind it", "[step]", float,
                   double) {
    if (!FlushDenormals().active()) return;  // where the processor cannot
    auto data = linear_dataset<TestType>();
    data.inputs.setZero();
    data.targets.setZero();
    for (const int threads : {1, 4}) {
        INFO(threads << " threads");
        auto model = wide_model_with<TestType>(Sequential(LeakyReLU(1.0)));
        for (TestType& w : model.parameters()) w = std::numeric_limits<TestType>::denorm_min();
        const auto flushes_outside = [](const EpochReport&) { return !FlushDenormals::active(); };
        const History history =
            train(model, data, {.epochs = 1, .batch_size = 50, .adam = {.weight_decay = 0}, .threads = threads},
                  flushes_outside);
        CHECK(history.epochs.size() == 1);
        for (const TestType w : model.parameters()) CHECK(w == 0);
        CHECK_FALSE(FlushDenormals::active());
    }
}
