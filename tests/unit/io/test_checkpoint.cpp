// A training that was stopped and goes on from its file, against one that never was.

#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <idm/io/charts.hpp>
#include <idm/io/checkpoint.hpp>
#include <idm/layers/activation.hpp>
#include <idm/models/baseline.hpp>
#include <idm/models/cnn1.hpp>

#include "put.hpp"
#include "support/catch.hpp"
#include "support/full_disk.hpp"
#include "support/small_dataset.hpp"

using namespace idm;
using namespace idm_test;
namespace fs = std::filesystem;

namespace {

/// Hands its input on; in training it counts calls, and makes the request at the one that `left` says.
struct StopAt : LayerDefaults {
    StopFlag* flag = nullptr;
    std::atomic<int>* left = nullptr;
    static constexpr bool is_causal = true;

    template <class In>
    constexpr In output_shape(const In& in) const {
        return in;
    }
    std::string name() const { return "StopAt"; }
    template <class T, class In>
    void forward(const In& in, const Forward<T>& p) const {
        if (p.mode == Mode::training && left && --*left == 0) flag->request();
        for (Index n = 0; n < p.samples; ++n) std::copy_n(p.x.sample(n), in.size(), p.y.sample(n));
    }
    template <class T, class In>
    void backward(const In& in, const Backward<T>& p) const {
        for (Index n = 0; n < p.samples && p.d_x.data; ++n) std::copy_n(p.d_y.sample(n), in.size(), p.d_x.sample(n));
    }
};

template <class T>
auto stoppable(StopFlag& flag, std::atomic<int>& left, std::uint64_t seed) {
    StopAt stop;
    stop.flag = &flag;
    stop.left = &left;
    const Sequential layers(stop, Dense<5>(), ReLU(), LastStep(), Dense<1>());
    Model<T, Shape<4, 2>, std::remove_const_t<decltype(layers)>> model(Shape<4, 2>(), layers);
    model.initialise(seed);
    return model;
}

/// All of a history but its seconds.
std::vector<double> numbers_of(const History& history) {
    std::vector<double> all{static_cast<double>(history.best_epoch), history.stopped ? 1.0 : 0.0};
    for (const EpochReport& r : history.epochs)
        for (const double number : {static_cast<double>(r.epoch), static_cast<double>(r.epochs), r.training_loss,
                                    r.validation_loss, r.learning_rate, r.best ? 1.0 : 0.0})
            all.push_back(number);
    return all;
}

/// Stops a training after each of `calls` calls more of the first layer, each time in another model, and goes on.
template <class T>
void check_resumed(const TrainerConfig& config, const std::vector<int>& calls) {
    const auto data = linear_dataset<T>();
    StopFlag flag;
    std::atomic<int> left{0};
    auto whole = stoppable<T>(flag, left, 1);
    const History expected = train(whole, data, config);
    const detail::TemporaryFolder folder;
    const CheckpointConfig checkpoints{.path = folder.path() / "run", .every_epochs = 3, .resume = true};
    std::uint64_t seed = 1;
    for (const int count : calls) {
        flag.clear();
        left = count;
        auto part = stoppable<T>(flag, left, seed++);
        const History history = train_with_checkpoints(part, data, config, checkpoints, {.stop = &flag});
        REQUIRE(history.stopped);
        REQUIRE(history.epochs.size() < expected.epochs.size());
    }
    flag.clear();
    auto last = stoppable<T>(flag, left, seed);
    const History history = train_with_checkpoints(last, data, config, checkpoints, {.stop = &flag});
    CHECK(numbers_of(history) == numbers_of(expected));
    CHECK(parameters_of(last) == parameters_of(whole));
    // One that is over gives the same at once.
    auto again = stoppable<T>(flag, left, 99);
    CHECK(numbers_of(train_with_checkpoints(again, data, config, checkpoints)) == numbers_of(expected));
    CHECK(parameters_of(again) == parameters_of(whole));
}

/// A small state with a number of its own in every place.
TrainingState<float> example_state() {
    TrainingState<float> state;
    state.identity = {{"rate", "0.1"}, {"model's layers", "Dense(1), \"x\""}};
    state.progress = {.epoch = 3, .step = 4, .loss_sum = 0.1, .weight_sum = 1e-300};
    state.weights = {1, 2, 3};
    state.best_weights = {4, 5, -0.0f};
    state.best_loss = 0.7;
    state.optimiser_steps = 11;
    state.memory = {{6, 7, 8}, {9, 10, 11}};
    state.plateau = {.share = 0.01, .best = 0.9, .waited = 2};
    state.history.epochs = {{1, 9, 0.5, 0.6, 0.001, 1e4, 3, true}, {2, 9, 0.4, 0.7, 0.002, 2e4, 2, false}};
    state.history.best_epoch = 1;
    state.history.seconds = 12.5;
    return state;
}

std::string content_of(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEMPLATE_TEST_CASE("ten epochs are five and five more, bit for bit, wherever they were cut", "[checkpoint]", float,
                   double) {
    using T = TestType;
    // 228 windows: 8 steps of 32 an epoch, the last of 4; two calls of the layer each.
    const TrainerConfig base{.epochs = 10, .batch_size = 32, .rate = 2e-2, .threads = 1, .gradient_parts = 2};
    TrainerConfig adam = base, sgd = base, lion = base;
    adam.ema = 0.9;
    sgd.optimiser = OptimiserKind::sgd;
    sgd.schedule = Schedule::plateau;
    sgd.schedule_config.plateau = {.factor = 0.5, .patience = 0, .threshold = 0.5};
    lion.batch_size = 16;
    lion.accumulate = 2;
    lion.optimiser = OptimiserKind::lion;
    lion.rate = 1e-3;
    lion.clip_norm = 0.1;
    for (TrainerConfig config : {adam, sgd, lion})
        for (const Sampling sampling : {Sampling::sequences, Sampling::windows}) {
            INFO("optimiser " << static_cast<int>(config.optimiser) << ", sampling " << static_cast<int>(sampling));
            config.sampling = sampling;
            // In the middle of epoch 1, at its end, in epoch 5, one step on.
            check_resumed<T>(config, {7, 9, 64, 2});
        }
}

TEST_CASE("early stopping counts on where it was", "[checkpoint]") {
    const TrainerConfig config{.epochs = 200,
                               .batch_size = 16,
                               .rate = 0.1,
                               .schedule = Schedule::constant,
                               .patience = 5,
                               .threads = 1,
                               .gradient_parts = 1};
    const auto data = linear_dataset<float>();
    StopFlag flag;
    std::atomic<int> left{0};
    auto whole = stoppable<float>(flag, left, 1);
    const History expected = train(whole, data, config);
    const auto epochs = static_cast<int>(expected.epochs.size());
    REQUIRE(epochs < 200);
    REQUIRE(epochs - expected.best_epoch == 5);
    check_resumed<float>(config, {15 * (epochs - 2) + 3});  // 15 steps an epoch
}

TEST_CASE("a training that a callback ended goes on after that epoch, on other threads", "[checkpoint]") {
    const auto data = linear_dataset<float>();
    TrainerConfig config{.epochs = 10, .batch_size = 50, .ema = 0.5, .threads = 1};
    Cnn1<float> whole({8, 2, 1}), first({8, 2, 1}), second({8, 2, 1});
    whole.initialise(1);
    first.initialise(1);
    const History expected = train(whole, data, config);
    const detail::TemporaryFolder folder;
    const CheckpointConfig checkpoints{.path = folder.path() / "run", .every_epochs = 100, .resume = true};
    const History five = train_with_checkpoints(first, data, config, checkpoints,
                                                {.on_epoch = [](const EpochReport& r) { return r.epoch < 5; }});
    CHECK(five.epochs.size() == 5);
    CHECK_FALSE(five.stopped);
    config.threads = 3;
    CHECK(numbers_of(train_with_checkpoints(second, data, config, checkpoints)) == numbers_of(expected));
    CHECK(parameters_of(second) == parameters_of(whole));
}

TEST_CASE("the newest checkpoints are kept, each under its number", "[checkpoint]") {
    const auto data = linear_dataset<float>();
    const detail::TemporaryFolder folder;
    const fs::path path = folder.path() / "run";
    Baseline<float> model({4, 2, 1});
    model.initialise(1);
    const TrainerConfig config{.epochs = 5, .threads = 1};
    train_with_checkpoints(model, data, config, {.path = path, .keep = 3});
    for (const auto& [name, epoch] : {std::pair("run", 6), {"run.1", 5}, {"run.2", 4}})
        CHECK(load_checkpoint<float>(folder.path() / name).progress.epoch == epoch);
    CHECK_FALSE(fs::exists(folder.path() / "run.3"));
    train_with_checkpoints(model, data, config, {.path = folder.path() / "two", .every_epochs = 2});
    CHECK(load_checkpoint<float>(folder.path() / "two").progress.epoch == 6);
    CHECK_FALSE(fs::exists(folder.path() / "two.1"));
    CHECK_THROWS_AS(train_with_checkpoints(model, data, config, {.path = path, .keep = 0}), ConfigError);
    CHECK_THROWS_AS(train_with_checkpoints(model, data, config, {.path = path, .every_epochs = 0}), ConfigError);
}

TEST_CASE("every number of a state comes back from its file", "[checkpoint]") {
    const detail::TemporaryFolder folder;
    const fs::path path = folder.path() / "state";
    TrainingState<float> state = example_state();
    save_checkpoint(path, state);
    const auto read = load_checkpoint<float>(path);
    CHECK(read.identity == state.identity);
    CHECK(read.weights == state.weights);
    CHECK(std::signbit(read.best_weights[2]));
    CHECK(read.memory == state.memory);
    CHECK(read.history.epochs.size() == 2);
    const auto all = [](const TrainingState<float>& s) {
        std::vector<double> numbers;
        detail::each_number(s, [&](auto value) { numbers.push_back(static_cast<double>(value)); });
        for (const EpochReport& report : s.history.epochs)
            detail::each_report_number(report, [&](auto value) { numbers.push_back(static_cast<double>(value)); });
        return numbers;
    };
    CHECK(all(read) == all(state));
    CHECK(all(read).size() == 11 + 2 * 8);
    // Before the first epoch's end: no report, no best loss.
    state = {};
    save_checkpoint(path, state);
    CHECK(std::isinf(load_checkpoint<float>(path).best_loss));
    CHECK(load_checkpoint<float>(path).history.epochs.empty());
}

TEST_CASE("names that are not UTF-8 are refused before a file is written, and others come back", "[checkpoint]") {
    auto data = linear_dataset<float>();
    data.input_names = {"q", "\xC3\xBC"};
    const detail::TemporaryFolder folder;
    const CheckpointConfig checkpoints{.path = folder.path() / "run", .resume = true};
    Baseline<float> model({4, 2, 1});
    const TrainerConfig config{.epochs = 2, .threads = 1};
    train_with_checkpoints(model, data, config, checkpoints);
    CHECK(train_with_checkpoints(model, data, config, checkpoints).epochs.size() == 2);
    data.input_names[1] = "\xFC";
    const CheckpointConfig other{.path = folder.path() / "other"};
    CHECK_THAT(message_of<DataError>([&] { train_with_checkpoints(model, data, config, other); }),
               ContainsSubstring("expected data's inputs in UTF-8"));
    CHECK_FALSE(fs::exists(other.path));
}

TEST_CASE("a checkpoint that would not be read is not written, and an earlier one stays", "[checkpoint]") {
    const detail::TemporaryFolder folder;
    const fs::path path = folder.path() / "state";
    TrainingState<float> state = example_state();
    const auto size = static_cast<std::uintmax_t>(detail::checkpoint_bytes(state).size());
    save_checkpoint(path, state, 2, size);
    CHECK(load_checkpoint<float>(path, size).weights == state.weights);
    CHECK_THAT(message_of<FileError>([&] { (void)load_checkpoint<float>(path, size - 1); }),
               ContainsSubstring(detail::message("at most ", size - 1, " bytes, got ", size)));
    const std::string earlier = content_of(path);
    const auto stays = [&] {
        const auto files = std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator());
        return files == 1 && content_of(path) == earlier;
    };
    CHECK_THAT(message_of<DataError>([&] { save_checkpoint(path, state, 2, size - 1); }),
               ContainsSubstring(detail::message("at most ", size - 1, " bytes, got ", size)));
    CHECK(stays());
    state.identity[1].value = std::string(safetensors_header_limit, 'x');
    CHECK_THAT(message_of<DataError>([&] { save_checkpoint(path, state, 2); }),
               ContainsSubstring("names and metadata of at most 1048576 bytes"));
    CHECK(stays());

    const auto data = linear_dataset<float>();
    Baseline<float> model({4, 2, 1});
    const TrainerConfig config{.epochs = 2, .threads = 1};
    CheckpointConfig checkpoints{.path = folder.path() / "run", .resume = true, .size_limit = 500};
    CHECK_THROWS_AS(train_with_checkpoints(model, data, config, checkpoints), DataError);
    CHECK_FALSE(fs::exists(checkpoints.path));
    checkpoints.size_limit = checkpoint_size_limit;
    train_with_checkpoints(model, data, config, checkpoints);
    checkpoints.size_limit = 500;
    CHECK_THROWS_AS(train_with_checkpoints(model, data, config, checkpoints), FileError);
}

TEST_CASE("a damaged checkpoint is an error at every byte", "[checkpoint]") {
    const detail::TemporaryFolder folder;
    const fs::path path = folder.path() / "bad";
    const std::string bytes = detail::checkpoint_bytes(example_state());
    TrainingState<float> state;
    REQUIRE(static_cast<bool>(detail::read_checkpoint(bytes, state)));
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        state = {};
        REQUIRE_FALSE(static_cast<bool>(detail::read_checkpoint(std::string_view(bytes).substr(0, i), state)));
        std::string flipped = bytes;
        flipped[i] = static_cast<char>(flipped[i] ^ (1 << (i % 8)));
        state = {};
        INFO("byte " << i);
        REQUIRE_FALSE(static_cast<bool>(detail::read_checkpoint(flipped, state)));
    }
    put(path, bytes.substr(0, bytes.size() - 1));
    CHECK_THAT(message_of<FileError>([&] { (void)load_checkpoint<float>(path); }), ContainsSubstring(path.string()));
    put(path, bytes);
    CHECK_THAT(message_of<FileError>([&] { (void)load_checkpoint<double>(path); }), ContainsSubstring("dtype F64"));
    CHECK_THAT(message_of<FileError>([&] { (void)load_checkpoint<float>(folder.path() / "none"); }),
               ContainsSubstring("expected a file"));
}

TEST_CASE("a checkpoint of another training is refused and says what differs", "[checkpoint]") {
    auto data = linear_dataset<float>();
    data.input_names = {"q", "qd"};
    data.target_names = {"tau"};
    const detail::TemporaryFolder folder;
    const CheckpointConfig checkpoints{.path = folder.path() / "run", .resume = true};
    const TrainerConfig config{.epochs = 2, .threads = 1};
    Cnn1<float> model({8, 2, 1});
    train_with_checkpoints(model, data, config, checkpoints);
    const std::string saved = content_of(checkpoints.path);

    const auto message = [&](auto other, const Dataset<float>& other_data, const TrainerConfig& other_config) {
        other.initialise(5);
        const auto before = parameters_of(other);
        const std::string text =
            message_of<ConfigError>([&] { train_with_checkpoints(other, other_data, other_config, checkpoints); });
        CHECK(parameters_of(other) == before);
        CHECK(content_of(checkpoints.path) == saved);
        return text;
    };
    TrainerConfig faster = config;
    faster.rate = 0.25;
    CHECK_THAT(message(model, data, faster),
               ContainsSubstring("rate: expected '0.25' as now, the saved training has '0.002'"));
    TrainerConfig chosen = config;
    chosen.loss.kind = LossKind::log_cosh;
    chosen.optimiser = OptimiserKind::lion;
    chosen.schedule = Schedule::plateau;
    chosen.sampling = Sampling::windows;
    const std::string choices = message(model, data, chosen);
    for (const char* words : {"loss.kind: expected 'log_cosh' as now, the saved training has 'squared'",
                              "optimiser: expected 'lion' as now, the saved training has 'adam'",
                              "schedule: expected 'plateau' as now, the saved training has 'one_cycle'",
                              "sampling: expected 'windows' as now, the saved training has 'automatic'"})
        CHECK_THAT(choices, ContainsSubstring(words));
    CHECK_THAT(message(Cnn1<float>({9, 2, 1}), data, config), ContainsSubstring("model's window: expected '9'"));
    CHECK_THAT(message(Baseline<float>({8, 2, 1}), data, config), ContainsSubstring("model's layers"));
    const auto leaky = [](double slope) {
        const Sequential layers(Dense<3>(), LeakyReLU{slope}, LastStep(), Dense<1>());
        return Model<float, Shape<4, 2>, std::remove_const_t<decltype(layers)>>({}, layers);
    };
    const CheckpointConfig of_leaky{.path = folder.path() / "leaky", .resume = true};
    auto gentle = leaky(0.01), steep = leaky(0.25);
    train_with_checkpoints(gentle, data, config, of_leaky);
    CHECK_THAT(message_of<ConfigError>([&] { train_with_checkpoints(steep, data, config, of_leaky); }),
               ContainsSubstring("LeakyReLU(0.25)") && ContainsSubstring("LeakyReLU(0.01)"));
    auto other = data;
    other.input_names[1] = "qdd";
    CHECK_THAT(message(model, other, config), ContainsSubstring("data's inputs: expected 'q, qdd'"));
    other = data;
    other.targets(7, 0) += 1e-6f;
    const std::string text = message(model, other, config);
    CHECK_THAT(text, ContainsSubstring("targets' numbers"));
    CHECK_THAT(text, !ContainsSubstring("inputs"));
    other = data;
    other.row_weights.assign(360, 2.0);
    CHECK_THAT(message(model, other, config), ContainsSubstring("row weights"));
    other = data;
    other.split.train.pop_back();
    CHECK_THAT(message(model, other, config), ContainsSubstring("training segments"));
}

TEST_CASE("every setting of a training but its threads is part of what it is", "[checkpoint]") {
    const auto identity = [](const TrainerConfig& config) {
        detail::Facts facts;
        detail::add_config(facts, config);
        return facts.take();
    };
    const TrainerConfig plain;
    const auto changed = [&](auto change) {
        TrainerConfig config;
        change(config);
        return identity(config) != identity(plain);
    };
    using C = TrainerConfig;
    CHECK_FALSE(changed([](C& c) { c.threads = 7; }));
    CHECK(changed([](C& c) { c.epochs = 7; }));
    CHECK(changed([](C& c) { c.batch_size = 7; }));
    CHECK(changed([](C& c) { c.accumulate = 7; }));
    CHECK(changed([](C& c) { c.rate = 2.0000000000000005e-3; }));
    CHECK(changed([](C& c) { c.schedule = Schedule::step; }));
    CHECK(changed([](C& c) { c.schedule_config.one_cycle.end_divisor = 7; }));
    CHECK(changed([](C& c) { c.schedule_config.step_epochs = 7; }));
    CHECK(changed([](C& c) { c.schedule_config.step_factor = 0.7; }));
    CHECK(changed([](C& c) { c.schedule_config.cosine_end = 0.7; }));
    CHECK(changed([](C& c) { c.schedule_config.plateau.patience = 7; }));
    CHECK(changed([](C& c) { c.schedule_config.warmup_epochs = 7; }));
    CHECK(changed([](C& c) { c.schedule_config.warmup_start = 0.7; }));
    CHECK(changed([](C& c) { c.loss.kind = LossKind::huber; }));
    CHECK(changed([](C& c) { c.loss.delta = 7; }));
    CHECK(changed([](C& c) { c.loss.weights = {1}; }));
    CHECK(changed([](C& c) { c.optimiser = OptimiserKind::lion; }));
    CHECK(changed([](C& c) { c.adam.epsilon = 7; }));
    CHECK(changed([](C& c) { c.sgd.nesterov = false; }));
    CHECK(changed([](C& c) { c.lion.beta2 = 0.7; }));
    CHECK(changed([](C& c) { c.clip_norm = 7; }));
    CHECK(changed([](C& c) { c.ema = 0.7; }));
    CHECK(changed([](C& c) { c.patience = 7; }));
    CHECK(changed([](C& c) { c.sampling = Sampling::windows; }));
    CHECK(changed([](C& c) { c.chunk = 7; }));
    CHECK(changed([](C& c) { c.seed = 7; }));
    CHECK(changed([](C& c) { c.gradient_parts = 7; }));
}

namespace {

/// Saves over an earlier checkpoint where there is no room for the new one; what was wrong with that, or nothing.
std::string save_checkpoint_without_room(const fs::path& folder) {
    const TrainingState<double> earlier{.weights = {1, 2}, .best_weights = {3, 4}};
    TrainingState<double> large = earlier;
    large.weights.assign(100000, 0.5);
    const fs::path path = folder / "x";
    TrainingState<double> oldest = earlier;
    oldest.best_weights = {5};
    for (const TrainingState<double>& state : {oldest, oldest, earlier}) save_checkpoint(path, state, 3);
    std::string error;
    try {
        save_checkpoint(path, large, 3);
        error = "expected an error for a disk without room";
    } catch (const FileError& e) {
        if (std::string(e.what()).find("x") == std::string::npos) error = std::string("no file in ") + e.what();
    }
    if (!error.empty()) return error;
    if (load_checkpoint<double>(path).best_weights != earlier.best_weights) return "the earlier checkpoint is another";
    std::size_t files = 0;
    for ([[maybe_unused]] const auto& entry : fs::directory_iterator(folder)) ++files;
    if (files != 3) return "expected 3 files, got " + std::to_string(files);
    for (const char* number : {".1", ".2"})
        if (load_checkpoint<double>(path.string() + number).best_weights != oldest.best_weights)
            return std::string("another checkpoint under ") + number;
    return "";
}

}  // namespace

TEST_CASE("a checkpoint that finds no room leaves the earlier ones", "[checkpoint]") {
    const detail::TemporaryFolder folder;
    {
        const FileSizeLimit limit(65536);
        CHECK(save_checkpoint_without_room(folder.path()) == "");
    }
    const detail::TemporaryFolder small;
    const auto wrong = on_small_disk(small.path(), "64k", [&] { return save_checkpoint_without_room(small.path()); });
    if (!wrong)
        WARN("skipped: mounting a small file system is allowed neither to this user nor in a namespace");
    else
        CHECK(*wrong == "");
}
