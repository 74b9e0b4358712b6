#pragma once

#include <map>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include <idm/training/trainer_config.hpp>

namespace examples {

/// What the command line says of learning, for both networks; what it leaves out is each network's own.
struct LearningOptions {
    std::string loss, optimiser, schedule;
    std::optional<double> rate, clip, ema;
    std::optional<idm::Index> patience, accumulate;
    std::string text = {};  // the options as they were given
};

inline const std::map<std::string, idm::LossKind>& losses() {
    static const std::map<std::string, idm::LossKind> names{{"squared", idm::LossKind::squared},
                                                            {"absolute", idm::LossKind::absolute},
                                                            {"huber", idm::LossKind::huber},
                                                            {"log_cosh", idm::LossKind::log_cosh}};
    return names;
}

inline const std::map<std::string, idm::OptimiserKind>& optimisers() {
    static const std::map<std::string, idm::OptimiserKind> names{
        {"adam", idm::OptimiserKind::adam}, {"sgd", idm::OptimiserKind::sgd}, {"lion", idm::OptimiserKind::lion}};
    return names;
}

inline const std::map<std::string, idm::Schedule>& schedules() {
    static const std::map<std::string, idm::Schedule> names{{"constant", idm::Schedule::constant},
                                                            {"one_cycle", idm::Schedule::one_cycle},
                                                            {"step", idm::Schedule::step},
                                                            {"cosine", idm::Schedule::cosine},
                                                            {"plateau", idm::Schedule::plateau}};
    return names;
}

/// A number from `low` to `high`, and not NaN, which `CLI::Range` lets pass.
inline CLI::Validator between(double low, double high) {
    const std::string range = idm::detail::message("from ", low, " to ", high);
    return {[=](std::string& text) {
                double value = 0;
                const bool good = CLI::detail::lexical_cast(text, value) && value >= low && value <= high;
                return good ? std::string() : "expected a number " + range + ", got '" + text + "'";
            },
            range};
}

inline void add_learning_options(CLI::App& app, LearningOptions& o) {
    const idm::TrainerConfig defaults;
    const auto add = [&](const char* name, auto& to, const std::string& text) {
        return app.add_option(name, to, text)->group("Learning");
    };
    const auto by_default = [](double value) { return " (default: " + idm::detail::message(value) + ")"; };
    add("--loss", o.loss, "of normalised targets (default: squared)")->check(CLI::IsMember(losses()));
    add("--optimiser", o.optimiser, "rule of the steps (default: adam)")->check(CLI::IsMember(optimisers()));
    add("--learning-rate", o.rate, "the schedule's peak" + by_default(defaults.rate))->check(between(1e-9, 10));
    add("--schedule", o.schedule, "of the learning rate (default: one_cycle)")->check(CLI::IsMember(schedules()));
    add("--clip", o.clip, "longest gradient; a longer one is scaled down; 0: any" + by_default(defaults.clip_norm))
        ->check(between(0, 1e9));
    add("--ema", o.ema, "decay of a moving average of the weights; 0: none" + by_default(defaults.ema))
        ->check(between(0, 0.999999));
    add("--patience", o.patience, "epochs without a lower validation loss that end a training (default: never)")
        ->check(CLI::Range(1, 1000000));
    add("--accumulate", o.accumulate, "batches of one step, their gradients added up (default: 1)")
        ->check(CLI::Range(1, 1000000));
}

/// To be called once the command line is read.
inline std::string learning_text(const CLI::App& app) {
    std::string text;
    for (const CLI::Option* option : app.get_options())
        if (option->get_group() == "Learning" && option->count() > 0)
            text += (text.empty() ? "" : " ") + option->get_name() + " " + option->results().front();
    return text;
}

/// `config` with what the options say.
inline idm::TrainerConfig with_options(idm::TrainerConfig config, const LearningOptions& o) {
    if (!o.loss.empty()) config.loss.kind = losses().at(o.loss);
    if (!o.optimiser.empty()) config.optimiser = optimisers().at(o.optimiser);
    if (!o.schedule.empty()) config.schedule = schedules().at(o.schedule);
    config.rate = o.rate.value_or(config.rate);
    config.clip_norm = o.clip.value_or(config.clip_norm);
    config.ema = o.ema.value_or(config.ema);
    config.patience = o.patience.value_or(config.patience);
    config.accumulate = o.accumulate.value_or(config.accumulate);
    return config;
}

}  // namespace examples
