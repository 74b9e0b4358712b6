#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <idm/core/config.hpp>
#include <idm/core/error.hpp>
#include <idm/core/exact_text.hpp>
#include <idm/data/dataset.hpp>
#include <idm/layers/contract.hpp>
#include <idm/training/trainer_config.hpp>
#include <idm/training/training_state.hpp>

IDM_NAMESPACE_BEGIN
namespace detail {

/// FNV-1a over bytes. *Source*: http://www.isthe.com/chongo/tech/comp/fnv/
class Checksum {
public:
    void add(const void* data, std::size_t size) {
        const auto* bytes = static_cast<const unsigned char*>(data);
        for (std::size_t i = 0; i < size; ++i) hash_ = (hash_ ^ bytes[i]) * 0x100000001b3u;
    }
    template <class Number>
    void add(Number value) {
        add(&value, sizeof value);
    }
    std::uint64_t value() const { return hash_; }

private:
    std::uint64_t hash_ = 0xcbf29ce484222325u;
};

/// Collects facts; numbers are written so that they read back as the same bits.
class Facts {
public:
    template <class Number>
        requires std::is_arithmetic_v<Number>
    void add(const char* name, Number value) { facts_.push_back({name, text(value)}); }
    void add(const char* name, std::string value) { facts_.push_back({name, std::move(value)}); }
    /// `names` are those of the enumeration, in its order; a choice beyond them is a number.
    template <class Choice>
        requires std::is_enum_v<Choice>
    void add(const char* name, Choice value, std::initializer_list<const char*> names) {
        const auto i = static_cast<std::size_t>(value);
        add(name, i < names.size() ? names.begin()[i] : text(i));
    }
    template <class Values>
    void add_list(const char* name, const Values& values) {
        std::string all;
        for (const auto& value : values) all += (all.empty() ? "" : ", ") + text(value);
        add(name, std::move(all));
    }
    std::vector<TrainingFact> take() { return std::move(facts_); }

private:
    static std::string text(const std::string& value) { return value; }
    template <class Number>
        requires std::is_arithmetic_v<Number>
    static std::string text(Number value) { return exact_text(value); }

    std::vector<TrainingFact> facts_;
};

/// Every setting but the number of threads, which changes no bit. A member that is added stops the bindings from
/// compiling: name it here.
IDM_INLINE void add_config(Facts& facts, const TrainerConfig& config);

template <class M>
void add_model(Facts& facts, const M& model) {
    facts.add("model's window", model.window());
    facts.add("model's inputs", model.inputs());
    facts.add("model's outputs", model.outputs());
    facts.add("model's number type", std::is_same_v<typename M::Scalar, float> ? "float" : "double");
    std::vector<std::string> layers;
    for (const LayerRow& row : model.layer_table())
        layers.push_back(message(row.name, " [", row.length, ", ", row.channels, "]"));
    facts.add_list("model's layers", layers);
}

template <class T>
void add_data(Facts& facts, const Dataset<T>& data) {
    facts.add_list("data's inputs", data.input_names);
    facts.add_list("data's targets", data.target_names);
    facts.add("data's rows", data.inputs.rows());
    facts.add("data's ahead", data.recipe.ahead);
    const auto checksum = [&](const char* name, std::span<const Segment> segments) {
        Checksum sum;
        for (const Segment& segment : segments) sum.add(segment.begin), sum.add(segment.end);
        facts.add(name, sum.value());
    };
    checksum("checksum of the training segments", data.split.train);
    checksum("checksum of the validation segments", data.split.validation);
    const auto numbers = [&](const char* name, const auto* values, auto size) {
        Checksum sum;
        sum.add(values, static_cast<std::size_t>(size) * sizeof *values);
        facts.add(name, sum.value());
    };
    numbers("checksum of the inputs' numbers", data.inputs.data(), data.inputs.size());
    numbers("checksum of the targets' numbers", data.targets.data(), data.targets.size());
    numbers("checksum of the row weights", data.row_weights.data(), data.row_weights.size());
}

/// What makes a training the one that it is.
template <class M>
std::vector<TrainingFact> training_identity(const M& model, const Dataset<typename M::Scalar>& data,
                                            const TrainerConfig& config) {
    Facts facts;
    add_config(facts, config);
    add_model(facts, model);
    add_data(facts, data);
    return facts.take();
}

/// *Errors*: `ConfigError` that names the first few facts that differ.
IDM_INLINE void require_same_training(const std::vector<TrainingFact>& saved, const std::vector<TrainingFact>& now);

#if !IDM_HAS_COMPILED

inline void add_schedule(Facts& facts, const ScheduleConfig& config) {
    const auto& [one_cycle, step_epochs, step_factor, cosine_end, plateau, warmup_epochs, warmup_start] = config;
    const auto& [warmup_fraction, start_divisor, end_divisor] = one_cycle;
    const auto& [factor, patience, threshold] = plateau;
    facts.add_list("schedule_config.one_cycle", std::vector{warmup_fraction, start_divisor, end_divisor});
    facts.add_list("schedule_config.step", std::vector{static_cast<double>(step_epochs), step_factor});
    facts.add("schedule_config.cosine_end", cosine_end);
    facts.add_list("schedule_config.plateau", std::vector{factor, static_cast<double>(patience), threshold});
    facts.add_list("schedule_config.warmup", std::vector{static_cast<double>(warmup_epochs), warmup_start});
}

inline void add_optimisers(Facts& facts, const TrainerConfig& config) {
    const auto& [beta1, beta2, epsilon, adam_decay] = config.adam;
    const auto& [momentum, nesterov, sgd_decay] = config.sgd;
    const auto& [lion1, lion2, lion_decay] = config.lion;
    facts.add_list("adam", std::vector{beta1, beta2, epsilon, adam_decay});
    facts.add_list("sgd", std::vector{momentum, nesterov ? 1.0 : 0.0, sgd_decay});
    facts.add_list("lion", std::vector{lion1, lion2, lion_decay});
}

IDM_INLINE void add_config(Facts& facts, const TrainerConfig& config) {
    const auto& [epochs, batch_size, accumulate, rate, schedule, schedule_config, loss, optimiser, adam, sgd, lion,
                 clip_norm, ema, patience, sampling, chunk, seed, threads, gradient_parts] = config;
    const auto& [kind, delta, weights] = loss;
    facts.add("epochs", epochs);
    facts.add("batch_size", batch_size);
    facts.add("accumulate", accumulate);
    facts.add("rate", rate);
    facts.add("schedule", schedule, {"constant", "one_cycle", "step", "cosine", "plateau"});
    add_schedule(facts, schedule_config);
    facts.add("loss.kind", kind, {"squared", "absolute", "huber", "log_cosh"});
    facts.add("loss.delta", delta);
    facts.add_list("loss.weights", weights);
    facts.add("optimiser", optimiser, {"adam", "sgd", "lion"});
    add_optimisers(facts, config);
    facts.add("clip_norm", clip_norm);
    facts.add("ema", ema);
    facts.add("patience", patience);
    facts.add("sampling", sampling, {"automatic", "windows", "sequences"});
    facts.add("chunk", chunk);
    facts.add("seed", seed);
    facts.add("gradient_parts", gradient_parts);
    (void)threads, (void)adam, (void)sgd, (void)lion;
}

IDM_INLINE void require_same_training(const std::vector<TrainingFact>& saved, const std::vector<TrainingFact>& now) {
    if (saved == now) return;
    std::string differences;
    int count = 0;
    for (const TrainingFact& fact : now) {
        std::string was = "nothing";
        for (const TrainingFact& other : saved)
            if (other.name == fact.name) was = "'" + other.value + "'";
        if (was != "'" + fact.value + "'" && ++count <= 4)
            differences += "; " + fact.name + ": expected '" + fact.value + "' as now, the saved training has " + was;
    }
    raise<ConfigError>("cannot go on with another training", differences,
                       count > 4 ? message("; and ", count - 4, " more") : "",
                       ". Start anew, or with the settings, model and data that it had");
}

#endif  // !IDM_HAS_COMPILED

}  // namespace detail
IDM_NAMESPACE_END
