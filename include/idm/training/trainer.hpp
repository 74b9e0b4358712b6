#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <idm/core/parallel.hpp>
#include <idm/core/random.hpp>
#include <idm/data/dataset.hpp>
#include <idm/layers/without_padding.hpp>
#include <idm/training/batches.hpp>
#include <idm/training/best_weights.hpp>
#include <idm/training/callbacks.hpp>
#include <idm/training/pace.hpp>
#include <idm/training/predict.hpp>
#include <idm/training/train_step.hpp>
#include <idm/training/trainer_config.hpp>
#include <idm/training/training_identity.hpp>
#include <idm/training/training_state.hpp>
#include <idm/training/useful_threads.hpp>

IDM_NAMESPACE_BEGIN

namespace detail {

/// One training of a model: what its epochs share. `items_per_batch` items make a batch.
template <class M, class Batches>
class Fit {
public:
    using T = typename M::Scalar;

    Fit(M& model, Batches batches, Index items_per_batch, const Dataset<T>& data, const TrainerConfig& config)
        : model_(model),
          batches_(std::move(batches)),
          data_(data),
          config_(config),
          threads_(config.threads > 0 ? config.threads : default_threads()),
          items_per_batch_(std::min(items_per_batch, batches_.most_items())),
          items_per_step_(std::min(items_per_batch_ * config.accumulate, batches_.most_items())),
          steps_per_epoch_((batches_.items() + items_per_step_ - 1) / items_per_step_),
          validation_(window_rows(data.split.validation, model.window(), data.recipe.ahead, idm::Rows::full,
                                  data.recipe.horizon)),
          update_(config, static_cast<Index>(model.parameters().size()), statistic_ranges(model)),
          plateau_(config.schedule_config.plateau),
          // Forward, gradient of the input, of the parameters.
          pace_(useful_threads(3 * items_per_step_ * multiply_adds(batches_.network()), threads_,
                               config.gradient_parts)) {
        const WorkspaceShape shape = batches_.network().template workspace_shape<T>(
            (items_per_batch_ + config.gradient_parts - 1) / config.gradient_parts, Mode::training);
        for (Index t = 0; t < std::min<Index>(threads_, config.gradient_parts); ++t) workspaces_.emplace_back(shape);
        for (Index p = 0; p < config.gradient_parts; ++p) parts_.emplace_back(update_.size());
    }

    History run(const TrainingHooks<T>& hooks) {
        BestWeights<M> best(model_);
        if (hooks.on_state || hooks.resume) identity_ = training_identity(model_, data_, config_);
        if (hooks.resume) restore(*hooks.resume, best);
        start_ = Clock::now() - std::chrono::duration_cast<Clock::duration>(Seconds(history_.seconds));
        bool go_on = true;
        while (go_on && progress_.epoch <= config_.epochs && !out_of_patience()) {
            const Index epoch = progress_.epoch;
            EpochReport report{.epoch = epoch, .epochs = config_.epochs};
            go_on = learn(report, hooks.stop);
            if (go_on) go_on = finish_epoch(report, best, hooks);
            if (hooks.stop && hooks.stop->requested()) go_on = false;
            history_.seconds = seconds_since(start_);
            const bool last = !go_on || epoch == config_.epochs || out_of_patience();
            if (hooks.on_state && (last || epoch % hooks.state_epochs == 0)) hooks.on_state(state(best));
        }
        history_.stopped = hooks.stop && hooks.stop->requested() && progress_.epoch <= config_.epochs;
        return history_;
    }

private:
    using Clock = std::chrono::steady_clock;
    using Seconds = std::chrono::duration<double>;

    static double seconds_since(Clock::time_point t) { return Seconds(Clock::now() - t).count(); }

    static std::string advice(const EpochReport& report) {
        return message(". The model holds its best weights so far; lower the learning rate (it is ",
                       report.learning_rate, ") or look for outliers in the log");
    }

    bool out_of_patience() const {
        return config_.patience > 0 && progress_.epoch - 1 - history_.best_epoch >= config_.patience;
    }

    TrainingState<T> state(const BestWeights<M>& best) {
        TrainingState<T> state{.identity = identity_, .progress = progress_};
        state.weights.assign(model_.parameters().begin(), model_.parameters().end());
        state.best_weights = best.weights();
        state.best_loss = best.loss();
        state.optimiser_steps = update_.steps_taken();
        for (const std::span<T> numbers : update_.memory()) state.memory.emplace_back(numbers.begin(), numbers.end());
        state.plateau = plateau_.state();
        state.history = history_;
        return state;
    }

    /// Nothing changes before all is checked.
    void restore(const TrainingState<T>& state, BestWeights<M>& best) {
        require_same_training(state.identity, identity_);
        const auto memory = update_.memory();
        const std::size_t size = model_.parameters().size();
        bool fits = state.weights.size() == size && state.best_weights.size() == size &&
                    state.memory.size() == memory.size() && state.progress.epoch >= 1 && state.progress.step >= 0 &&
                    state.progress.epoch == static_cast<Index>(state.history.epochs.size()) + 1;
        for (std::size_t i = 0; fits && i < memory.size(); ++i) fits = state.memory[i].size() == memory[i].size();
        require<DataError>(fits, "cannot go on: expected a state of ", size, " parameters with ", memory.size(),
                           " lists of as many numbers and one report for each finished epoch; the state is not whole");
        std::copy(state.weights.begin(), state.weights.end(), model_.parameters().begin());
        best.restore(state.best_weights, state.best_loss);
        update_.set_steps_taken(state.optimiser_steps);
        for (std::size_t i = 0; i < memory.size(); ++i)
            std::copy(state.memory[i].begin(), state.memory[i].end(), memory[i].begin());
        plateau_ = Plateau(config_.schedule_config.plateau, state.plateau);
        progress_ = state.progress;
        history_ = state.history;
        for (Index epoch = 1; epoch < progress_.epoch; ++epoch) begin_epoch(epoch);  // a shuffle goes on from the last
    }

    void begin_epoch(Index epoch) {
        Random random(config_.seed, 0x65706f6368, static_cast<std::uint64_t>(epoch));
        batches_.begin_epoch(random);
    }

    /// Validates, reports and goes to the next epoch. False if the callback ends the training.
    bool finish_epoch(EpochReport& report, BestWeights<M>& best, const TrainingHooks<T>& hooks) {
        update_.swap_average(model_.parameters());
        report.validation_loss =
            mean_loss(model_, data_, validation_, config_.loss, pace_.slowed() ? pace_.threads() : threads_);
        require<NumericError>(std::isfinite(report.validation_loss),
                              "training diverged: the validation loss is not finite after epoch ", report.epoch,
                              advice(report));
        report.best = best.offer(report.validation_loss);
        if (report.best) history_.best_epoch = report.epoch;
        history_.seconds = seconds_since(start_);
        report.seconds_left =
            history_.seconds / static_cast<double>(report.epoch) * static_cast<double>(config_.epochs - report.epoch);
        history_.epochs.push_back(report);
        const bool go_on = !hooks.on_epoch || hooks.on_epoch(report);
        if (config_.schedule == Schedule::plateau) plateau_.observe(report.validation_loss);
        update_.swap_average(model_.parameters());
        progress_ = {.epoch = report.epoch + 1};
        return go_on;
    }

    double rate_of(Index step) const {
        // Chunks may tile an epoch into one more or one fewer step than the first, which the schedule runs over.
        const Index at = (progress_.epoch - 1) * steps_per_epoch_ + std::min(step, steps_per_epoch_ - 1);
        return plateau_.share() * learning_rate(config_.schedule, config_.rate, at, steps_per_epoch_ * config_.epochs,
                                                config_.schedule_config, steps_per_epoch_);
    }

    /// The epoch's steps that are left; fills in what the report says of it. False if a request ended it early.
    bool learn(EpochReport& report, const StopFlag* stop) {
        begin_epoch(report.epoch);
        const Clock::time_point start = Clock::now();
        Index learned = 0, &step = progress_.step;
        report.learning_rate = step > 0 ? rate_of(step - 1) : 0;
        while (step * items_per_step_ < batches_.items()) {
            if (stop && stop->requested()) return false;
            with_crew(pace_.threads(), [&](Crew& crew) { learned += learn_slice(crew, report, stop); });
        }
        report.samples_per_second = static_cast<double>(learned) / std::max(seconds_since(start), 1e-9);
        report.training_loss = progress_.loss_sum / progress_.weight_sum;
        return true;
    }

    /// Steps until the epoch or the pace's slice ends, or a request comes. Returns the targets learned from.
    Index learn_slice(Crew& crew, EpochReport& report, const StopFlag* stop) {
        Index learned = 0, &step = progress_.step;
        for (bool over = false; !over && step * items_per_step_ < batches_.items(); ++step) {
            if (stop && stop->requested()) break;
            const Clock::time_point start = Clock::now();
            const Index begin = step * items_per_step_;
            const Range items{begin, std::min(begin + items_per_step_, batches_.items())};
            report.learning_rate = rate_of(step);
            const double loss = train_step(crew, batches_, items, std::span(workspaces_), std::span(parts_), update_,
                                           {report.learning_rate, config_.seed, items_per_batch_}, model_.parameters());
            if (!std::isfinite(loss))
                raise<NumericError>(
                    "training diverged: the loss is not finite at epoch ", report.epoch, ", step ", step + 1,
                    "; parameters with a non-finite gradient: ", non_finite_parameters(model_, parts_), advice(report));
            double weight = 0;
            for (Index i = items.begin; i < items.end; ++i) {
                weight += batches_.weight(i);
                learned += batches_.targets(i);
            }
            progress_.loss_sum += loss * weight;
            progress_.weight_sum += weight;
            over = pace_.observe(static_cast<double>(items.end - items.begin), seconds_since(start));
        }
        return learned;
    }

    M& model_;
    Batches batches_;
    const Dataset<T>& data_;
    const TrainerConfig& config_;
    int threads_;
    Index items_per_batch_, items_per_step_, steps_per_epoch_;
    std::vector<WindowRow> validation_;
    Update<T> update_;
    Plateau plateau_;
    std::vector<Workspace<T>> workspaces_;  // one for each thread
    std::vector<BatchPart<T>> parts_;
    Pace pace_;
    std::vector<TrainingFact> identity_;
    TrainingProgress progress_;
    History history_;
    Clock::time_point start_ = {};  // as if all that went before a resumption had been in one go
};

}  // namespace detail

/// Trains a model on the loss of normalised targets by the optimiser that `config` names, and leaves it with the
/// weights of the epoch that had the lowest validation loss.
///
/// With `config.ema` the averaged weights are validated and kept in their place, and those that a callback sees.
/// Starts from the model's parameters as they are: call `model.initialise(seed)` first. Going on from a saved state
/// gives the bits of a training that was never interrupted; `train_with_checkpoints` keeps it in a file.
///
/// *Errors*: `ConfigError` for settings out of range and for a window that the gaps between the data set's blocks are
/// too short for, `ShapeError` for data of other extents than the model's,
/// `DataError` when a trajectory is shorter than the window or row weights are out of range, `NumericError` when the
/// loss leaves the finite numbers (with epoch, step and parameters; the best weights are kept); `ConfigError` for a
/// state of another configuration, model or data set and `DataError` for one that is not whole, the model left as it
/// was. What a layer throws is passed on, from whichever thread; the best weights are kept.
/// *Threads*: the weights' bits do not depend on their number.
template <class M>
History train(M& model, const Dataset<typename M::Scalar>& data, const TrainerConfig& config,
              const TrainingHooks<typename M::Scalar>& hooks) {
    using T = typename M::Scalar;
    using Network = typename M::NetworkType;
    static_assert(std::is_convertible_v<decltype(model.parameters()), std::span<T>>,
                  "train: this model is for inference alone; train the model that it was made from");
    detail::check(config);
    detail::require<ConfigError>(hooks.state_epochs >= 1, "expected state_epochs of at least 1, got ",
                                 hooks.state_epochs);
    detail::require_extents(model, data);
    detail::require_gap(data, model.window());
    for (const auto* segments : {&data.split.train, &data.split.validation})
        (void)detail::weight_of(data, window_rows(*segments, model.window(), data.recipe.ahead, idm::Rows::full));
    const Network& network = model.network();
    constexpr bool can_sequence = SequenceTrainable<typename Network::Layers>;
    if constexpr (can_sequence) {
        const bool history_fits = network.history() < model.window();
        detail::require<ConfigError>(config.sampling != Sampling::sequences || history_fits,
                                     "sequence training: expected a window of at least ", network.history() + 1,
                                     " rows (what an output depends on), got ", model.window(),
                                     "; take a longer window or Sampling::windows");
        if (config.sampling != Sampling::windows && history_fits) {
            const Index chunk = std::min(config.chunk, config.batch_size);
            const auto sequence = without_padding(sequence_network(network, network.history() + chunk));
            using Batches = detail::SequenceBatches<T, std::remove_const_t<decltype(sequence)>>;
            Batches batches(sequence, data, data.split.train, model.window(), config.loss);
            return detail::Fit(model, std::move(batches), config.batch_size / chunk, data, config).run(hooks);
        }
    } else {
        detail::require<ConfigError>(config.sampling != Sampling::sequences,
                                     "sequence training needs a causal network that ends in LastStep; this one does "
                                     "not, take Sampling::windows or automatic");
    }
    detail::WindowBatches<T, Network> batches(network, data, data.split.train, config.loss);
    return detail::Fit(model, std::move(batches), config.batch_size, data, config).run(hooks);
}

/// The same with a callback after each epoch.
template <class M>
History train(M& model, const Dataset<typename M::Scalar>& data, const TrainerConfig& config = {},
              const EpochCallback& on_epoch = {}) {
    return train(model, data, config, TrainingHooks<typename M::Scalar>{.on_epoch = on_epoch});
}

IDM_NAMESPACE_END
