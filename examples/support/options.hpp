#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include <idm/data/log_reader.hpp>
#include <idm/robot/arm7.hpp>
#include <idm/robot/simulate.hpp>
#include <idm/training/trainer.hpp>

#include "support/datasets.hpp"
#include "support/learning_options.hpp"

namespace examples {

/// What the demo's command line says.
struct Options {
    std::string data = "simulated_arm";
    std::vector<std::string> logs;
    std::vector<std::string> positions, velocities, accelerations, targets;
    std::string trajectory_column, time_column, target_quantity = "torque", target_unit = "N m";
    bool degrees = false, drop = false, causal_filters = false;
    double rate_hz = 0, resample_hz = 0;
    std::string interpolation;
    idm::Index window = 0, ahead = 0, horizon = 1, epochs = 0, batch = 0;
    int seeds = 3, threads = 0;
    LearningOptions learning;
    bool resume = false;
    std::filesystem::path out = "report", json;
};

/// Describes the options that name the data to the parser, which prints them for --help.
inline void add_log_options(CLI::App& app, Options& o) {
    app.add_option("data", o.data, "simulated_arm, or a recording: kuka_kr300, ias_sarcos, ias_barrett, unitree_g1")
        ->capture_default_str();
    CLI::Option* log = app.add_option("--log", o.logs, "log files (CSV or NPY) or folders instead of a named data set");
    log->group("Your own log");
    const auto own = [&](CLI::Option* option) { return option->group("Your own log")->needs(log); };
    const auto columns = [&](const char* name, std::vector<std::string>& to, const char* text) {
        own(app.add_option(name, to, text))->delimiter(',');
    };
    columns("--position", o.positions, "columns of the joint positions, by name or number: q1,q2,...");
    columns("--velocity", o.velocities, "columns of the velocities; derived from the positions where left out");
    columns("--acceleration", o.accelerations, "columns of the accelerations; derived where left out");
    columns("--target", o.targets, "columns to predict, for example the torques: tau1,tau2,...");
    own(app.add_option("--trajectory", o.trajectory_column, "column that numbers the trajectories"));
    own(app.add_option("--time", o.time_column, "column of the time in s"));
    own(app.add_option("--rate", o.rate_hz, "sample rate in Hz, where there is no time column"))
        ->check(CLI::PositiveNumber);
    own(app.add_option("--target-quantity", o.target_quantity, "what the targets are, for the report: torque, action"));
    own(app.add_option("--target-unit", o.target_unit, "unit of the targets"));
    own(app.add_flag("--degrees", o.degrees, "positions, velocities and accelerations are in degrees"));
}

/// The options of the demo.
inline void add_options(CLI::App& app, Options& o) {
    add_log_options(app, o);
    app.add_flag("--drop", o.drop, "drop rows with NaN or Inf and split the trajectory there")
        ->group("Your own log")
        ->needs(app.get_option("--log"));
    CLI::Option* resample = app.add_option("--resample", o.resample_hz,
                                           "rate in Hz that rows of uneven, late or missing stamps are brought to");
    resample->check(between(1e-3, 1e6))->group("Your own log")->needs(app.get_option("--log"));
    app.add_option("--interpolation", o.interpolation, "between rows (default: cubic)")
        ->check(CLI::IsMember({"linear", "cubic"}))
        ->group("Your own log")
        ->needs(resample);
    app.add_flag("--causal-filters", o.causal_filters, "derivatives from past samples alone, as in a control loop");
    // Cnn1's two convolutions need 7 rows; beyond 64 and 16 scored rows would be padded.
    app.add_option("--window", o.window, "rows that a model sees (default: 16, Cnn2 32)")->check(CLI::Range(7, 64));
    app.add_option("--ahead", o.ahead, "rows behind the target row that a model sees")->check(CLI::Range(0, 16));
    app.add_option("--horizon", o.horizon, "rows of targets that one sample predicts, from its own row on")
        ->check(CLI::Range(1, 17))
        ->capture_default_str();
    app.add_option("--epochs", o.epochs, "passes over the training rows (default: each model's own)")
        ->check(CLI::Range(1, 1000000));
    app.add_option("--batch", o.batch, "rows of one training step (default: each model's own)")
        ->check(CLI::Range(1, 1000000));
    app.add_option("--seeds", o.seeds, "trainings of each network, for the spread")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    app.add_option("--threads", o.threads, "0: all")->check(CLI::Range(0, 256))->capture_default_str();
    add_learning_options(app, o.learning);
    app.add_flag("--resume", o.resume, "go on with the run of these options that Ctrl-C or a fault ended");
    app.add_option("--out", o.out, "folder of the report")->capture_default_str();
    app.add_option("--json", o.json, "a second place for metrics.json");
}

/// The default: a published 7-joint arm on random motions.
inline DataSource simulated_arm() {
    return {.name = "simulated_arm",
            .description = "simulated Franka arm, 7 joints, random multi-sine motions to torque, 100 Hz",
            .log = idm::robot::simulate(idm::robot::arm7()),
            .recipe = {.positions = {.columns = idm::numbered("q{}", 1, 7)},
                       .velocities = {.columns = idm::numbered("qd{}", 1, 7)},
                       .targets = {.columns = idm::numbered("tau{}", 1, 7)},
                       .use_sin = true,
                       .use_cos = true,
                       .sign_velocity = 0.02},
            .split = idm::ByTrajectory{}};
}

/// A message in the words of the command line: what the library calls by its settings is an option there.
inline std::string in_options(std::string text) {
    const std::pair<std::string_view, std::string_view> names[] = {
        {"NonFinite::drop", "--drop"},
        {"LogConfig::resample", "--resample HZ"},
        {"Recipe::ahead", "--ahead"},
        {"a sample rate, or Recipe::sample_period in s", "or a sample rate by --rate"},
        {"Recipe::positions", "--position"}};
    for (const auto& [setting, option] : names)
        for (auto at = text.find(setting); at != std::string::npos; at = text.find(setting, at + option.size()))
            text.replace(at, setting.size(), option);
    return text;
}

/// A user's log: by trajectories where there are three or more, the pieces of one counted once, else by blocks in time.
/// `also` are columns that must hold numbers beside those that the options name.
inline DataSource own_log(const Options& o, const std::vector<std::string>& also = {}) {
    idm::detail::require<idm::ConfigError>(o.data == Options().data, "expected a data set or --log, got both: '",
                                           o.data, "' and '", o.logs.front(), "'; leave one out");
    idm::detail::require<idm::ConfigError>(!o.positions.empty() && !o.targets.empty(),
                                           "--log needs the columns of the positions and of what to predict: "
                                           "--position q1,q2,... --target tau1,tau2,...");
    const std::vector<std::filesystem::path> paths(o.logs.begin(), o.logs.end());
    std::vector<std::string> used = also;
    for (const auto* columns : {&o.positions, &o.velocities, &o.accelerations, &o.targets})
        used.insert(used.end(), columns->begin(), columns->end());
    idm::Log log =
        idm::read_log(paths, {.trajectory_column = o.trajectory_column,
                              .time_column = o.time_column,
                              .sample_rate = o.rate_hz,
                              .non_finite = o.drop ? idm::NonFinite::drop : idm::NonFinite::error,
                              .resample = {.rate = o.resample_hz,
                                           .interpolation = o.interpolation == "linear" ? idm::Interpolation::linear
                                                                                        : idm::Interpolation::cubic},
                              .used = used});
    const idm::AngleUnit unit = o.degrees ? idm::AngleUnit::degree : idm::AngleUnit::radian;
    const bool several = idm::by_source(log.segments()).size() >= 3;
    return {.name = "log",
            .description = paths.front().string(),
            .log = std::move(log),
            .recipe = {.positions = {.columns = o.positions, .unit = unit},
                       .velocities = {.columns = o.velocities, .unit = unit},
                       .accelerations = {.columns = o.accelerations, .unit = unit},
                       .targets = {.columns = o.targets},
                       .target_quantity = o.target_quantity,
                       .target_unit = o.target_unit,
                       .use_sin = true,
                       .use_cos = true,
                       .sign_velocity = 0.02},
            .split = several ? idm::SplitRule(idm::ByTrajectory{}) : idm::SplitRule(idm::ByBlock{})};
}

/// How Cnn2 is trained unless the options say otherwise; chosen on validation data, see docs/results.md. Its sequences
/// are so cheap that 100 epochs take as long as Cnn1's 30.
inline idm::TrainerConfig cnn2_training() { return {.epochs = 100, .batch_size = 128}; }

/// How networks that start at the Baseline are trained; chosen on unitree_g1's validation data, see docs/results.md.
inline idm::TrainerConfig linear_skip_training() {
    return {.epochs = 30, .batch_size = 128, .rate = 5e-4, .ema = 0.999};
}

/// Weights of the loss in proportion to each target's spread in the log's units, mean 1: targets normalised alike make
/// a joint that hardly moves as dear as one that swings.
inline std::vector<double> spread_weights(const idm::Normaliser<float>& normaliser) {
    const auto& scale = normaliser.target_scale();
    std::vector<double> weights;
    for (const float spread : scale) weights.push_back(static_cast<double>(spread) / static_cast<double>(scale.mean()));
    return weights;
}

/// The data that the options name, with the options' window and filters.
inline DataSource load(const Options& o) {
    DataSource source = !o.logs.empty()             ? own_log(o)
                        : o.data == "simulated_arm" ? simulated_arm()
                                                    : load_dataset(o.data, find_data_folder(IDM_SOURCE_DIR));
    // One split serves all windows; its gap is sized for the longest.
    source.recipe.window = std::max<idm::Index>(o.window, 32);
    source.recipe.ahead = o.ahead;
    source.recipe.horizon = o.horizon;
    if (o.causal_filters) source.recipe.filter.alignment = idm::Alignment::causal;
    return source;
}

}  // namespace examples
