#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <idm/core/parallel.hpp>
#include <idm/core/random.hpp>
#include <idm/data/dataset.hpp>
#include <idm/training/batches.hpp>
#include <idm/training/callbacks.hpp>
#include <idm/training/predict.hpp>
#include <idm/training/train_step.hpp>
#include <idm/training/trainer_config.hpp>

IDM_NAMESPACE_BEGIN

namespace detail {

/// The weights of the lowest validation loss. It leaves the model with them however the training ends.
template <class M>
class BestWeights {
public:
    explicit BestWeights(M& model) : model_(model), weights_(model.parameters().begin(), model.parameters().end()) {}
    BestWeights(const BestWeights&) = delete;
    BestWeights& operator=(const BestWeights&) = delete;
    ~BestWeights() { std::copy(weights_.begin(), weights_.end(), model_.parameters().begin()); }

    /// Keeps the model's weights and returns true if `loss` is the lowest so far.
    bool offer(double loss) {
        if (!(loss < loss_)) return false;
        loss_ = loss;
        std::copy(model_.parameters().begin(), model_.parameters().end(), weights_.begin());
        return true;
    }

private:
    M& model_;
    std::vector<typename M::Scalar> weights_;
    double loss_ = std::numeric_limits<double>::infinity();
};

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
          validation_(window_rows(data.split.validation, model.window(), data.recipe.ahead, idm::Rows::full)),
          update_(config, static_cast<Index>(model.parameters().size()), statistic_ranges(model)),
          plateau_(config.schedule_config.plateau) {
        const WorkspaceShape shape = batches_.network().template workspace_shape<T>(
            (items_per_batch_ + config.gradient_parts - 1) / config.gradient_parts, Mode::training);
        for (Index p = 0; p < config.gradient_parts; ++p) parts_.emplace_back(shape, update_.size());
    }

    History run(const EpochCallback& on_epoch) {
        BestWeights<M> best(model_);
        History history;
        const Clock::time_point start = Clock::now();
        for (Index epoch = 1; epoch <= config_.epochs; ++epoch) {
            EpochReport report{.epoch = epoch, .epochs = config_.epochs};
            learn(report);
            update_.swap_average(model_.parameters());
            report.validation_loss = mean_loss(model_, data_, validation_, config_.loss, threads_);
            require<NumericError>(std::isfinite(report.validation_loss),
                                  "training diverged: the validation loss is not finite after epoch ", epoch,
                                  advice(report));
            report.best = best.offer(report.validation_loss);
            if (report.best) history.best_epoch = epoch;
            history.seconds = seconds_since(start);
            report.seconds_left =
                history.seconds / static_cast<double>(epoch) * static_cast<double>(config_.epochs - epoch);
            history.epochs.push_back(report);
            if (on_epoch && !on_epoch(report)) break;
            if (config_.patience > 0 && epoch - history.best_epoch >= config_.patience) break;
            if (config_.schedule == Schedule::plateau) plateau_.observe(report.validation_loss);
            update_.swap_average(model_.parameters());
        }
        return history;
    }

private:
    using Clock = std::chrono::steady_clock;

    static double seconds_since(Clock::time_point t) { return std::chrono::duration<double>(Clock::now() - t).count(); }

    static std::string advice(const EpochReport& report) {
        return message(". The model holds its best weights so far; lower the learning rate (it is ",
                       report.learning_rate, ") or look for outliers in the log");
    }

    /// One pass over the training data; fills in what the report says of it.
    void learn(EpochReport& report) {
        Random random(config_.seed, 0x65706f6368, static_cast<std::uint64_t>(report.epoch));
        batches_.begin_epoch(random);
        const Clock::time_point start = Clock::now();
        double loss_sum = 0, weight_sum = 0;
        Index learned = 0, step = 0;
        for (Index begin = 0; begin < batches_.items(); begin += items_per_step_, ++step) {
            const Range items{begin, std::min(begin + items_per_step_, batches_.items())};
            // Chunks may tile an epoch into one more or one fewer step than the first, which the schedule runs over.
            const Index at = (report.epoch - 1) * steps_per_epoch_ + std::min(step, steps_per_epoch_ - 1);
            report.learning_rate =
                plateau_.share() * learning_rate(config_.schedule, config_.rate, at, steps_per_epoch_ * config_.epochs,
                                                 config_.schedule_config, steps_per_epoch_);
            const double loss =
                train_step(batches_, items, parts_, update_,
                           {report.learning_rate, config_.seed, threads_, items_per_batch_}, model_.parameters());
            if (!std::isfinite(loss))
                raise<NumericError>(
                    "training diverged: the loss is not finite at epoch ", report.epoch, ", step ", step + 1,
                    "; parameters with a non-finite gradient: ", non_finite_parameters(model_, parts_), advice(report));
            double weight = 0;
            for (Index i = items.begin; i < items.end; ++i) {
                weight += batches_.weight(i);
                learned += batches_.targets(i);
            }
            loss_sum += loss * weight;
            weight_sum += weight;
        }
        report.samples_per_second = static_cast<double>(learned) / std::max(seconds_since(start), 1e-9);
        report.training_loss = loss_sum / weight_sum;
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
    std::vector<BatchPart<T>> parts_;
};

}  // namespace detail

/// Trains a model on the loss of normalised targets by the optimiser that `config` names, and leaves it with the
/// weights of the epoch that had the lowest validation loss.
///
/// With `config.ema` the averaged weights are validated and kept in their place, and those that a callback sees.
/// Starts from the model's parameters as they are: call `model.initialise(seed)` first.
///
/// *Errors*: `ConfigError` for settings out of range, `ShapeError` for data of other extents than the model's,
/// `DataError` when a trajectory is shorter than the window or row weights are out of range, `NumericError` when the
/// loss leaves the finite numbers (with epoch, step and parameters; the best weights are kept). *Threads*: the weights'
/// bits do not depend on their number.
template <class M>
History train(M& model, const Dataset<typename M::Scalar>& data, const TrainerConfig& config = {},
              const EpochCallback& on_epoch = {}) {
    using T = typename M::Scalar;
    using Network = typename M::NetworkType;
    detail::check(config);
    detail::require_extents(model, data);
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
            const auto sequence = sequence_network(network, model.window() - 1 + chunk);
            using Batches = detail::SequenceBatches<T, std::remove_const_t<decltype(sequence)>>;
            Batches batches(sequence, data, data.split.train, model.window(), config.loss);
            return detail::Fit(model, std::move(batches), config.batch_size / chunk, data, config).run(on_epoch);
        }
    } else {
        detail::require<ConfigError>(config.sampling != Sampling::sequences,
                                     "sequence training needs a causal network that ends in LastStep; this one does "
                                     "not, take Sampling::windows or automatic");
    }
    detail::WindowBatches<T, Network> batches(network, data, data.split.train, config.loss);
    return detail::Fit(model, std::move(batches), config.batch_size, data, config).run(on_epoch);
}

IDM_NAMESPACE_END
