#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <idm/core/buffer.hpp>
#include <idm/core/parallel.hpp>
#include <idm/core/random.hpp>
#include <idm/data/dataset.hpp>
#include <idm/training/adam.hpp>
#include <idm/training/batches.hpp>
#include <idm/training/callbacks.hpp>
#include <idm/training/predict.hpp>
#include <idm/training/schedule.hpp>

IDM_NAMESPACE_BEGIN

/// What one item of a batch is.
enum class Sampling {
    automatic,  // sequences where the network and its window allow it, windows else
    windows,    // one window for each target
    sequences,  // chunks of a trajectory with the loss at every step (causal networks that end in LastStep)
};

/// How to train. The defaults were chosen for Cnn1 on validation data of three robots, see docs/results.md.
struct TrainerConfig {
    Index epochs = 30;
    Index batch_size = 64;  // targets of one step
    double rate = 2e-3;     // learning rate, the peak of a one-cycle schedule
    Schedule schedule = Schedule::one_cycle;
    AdamConfig adam = {.weight_decay = 0.3};
    Sampling sampling = Sampling::automatic;
    Index chunk = 32;  // targets of one chunk in sequence training, at most `batch_size`
    std::uint64_t seed = 1;
    int threads = 0;  // 0: all
    /// A batch is cut into this many parts whatever the number of threads; their gradients are summed in order, so the
    /// result has the same bits on any number of threads. It bounds the threads that training can use.
    Index gradient_parts = 4;
};

namespace detail {

/// Workspace, gradient and loss of one part of a batch.
template <class T>
struct BatchPart {
    BatchPart(const WorkspaceShape& shape, Index parameters) : workspace(shape), gradient(parameters) {}
    Workspace<T> workspace;
    Buffer<T> gradient;
    double loss = 0;
};

/// One training step on items [begin, end) of `batches`: forward, loss, backward, sum of the gradients, Adam.
///
/// Returns the mean squared error, before the step. When that is not finite the parameters are left as they were.
template <class T, class Batches>
double train_step(const Batches& batches, Range items, std::vector<BatchPart<T>>& parts, Adam<T>& adam, double rate,
                  int threads, std::span<T> parameters) {
    const Index count = items.end - items.begin, part_count = static_cast<Index>(parts.size());
    const auto& network = batches.network();
    const Index outputs = network.output_shape().channels();
    Index targets = 0;
    for (Index i = items.begin; i < items.end; ++i) targets += batches.targets(i);
    const T scale = T(1) / static_cast<T>(targets * outputs);
    const kernels::AdamStep<T> step = adam.begin_step(rate);
    const auto total = [&] {
        double sum = 0;
        for (const auto& part : parts) sum += part.loss;
        return sum / static_cast<double>(targets * outputs);
    };

    parallel(static_cast<int>(std::min<Index>(threads, part_count)), [&](const Team& team) {
        const Range share = team.share(part_count);
        for (Index p = share.begin; p < share.end; ++p) {
            BatchPart<T>& part = parts[static_cast<std::size_t>(p)];
            const Range mine = split_range(count, part_count, p);
            const Index samples = mine.end - mine.begin;
            auto& workspace = part.workspace;
            for (Index n = 0; n < samples; ++n) batches.load(items.begin + mine.begin + n, workspace.input(), n);
            network.forward(static_cast<const T*>(parameters.data()), workspace, samples);
            part.loss = 0;
            for (Index n = 0; n < samples; ++n)
                part.loss += static_cast<double>(batches.loss(
                    items.begin + mine.begin + n, scale, workspace.output().sample(n), workspace.d_output().sample(n)));
            part.gradient.fill(T(0));
            network.backward(static_cast<const T*>(parameters.data()), part.gradient.data(), workspace, samples);
        }
        team.barrier();
        if (!std::isfinite(total())) return;
        // Whole cache lines for each thread: the padding at the buffer's end makes its size a multiple of 16.
        const Range lines = team.share(adam.size() / 16);
        const Range range{lines.begin * 16, lines.end * 16};
        T* sum = parts[0].gradient.data();
        for (Index p = 1; p < part_count; ++p)
            kernels::add_accumulate(
                range.end - range.begin,
                static_cast<const T*>(parts[static_cast<std::size_t>(p)].gradient.data()) + range.begin,
                sum + range.begin);
        adam.apply(step, range, sum, parameters.data());
    });
    return total();
}

/// Names the parameters whose gradient is not finite, for the message of a diverged training.
template <class M, class T>
std::string non_finite_parameters(const M& model, const std::vector<BatchPart<T>>& parts) {
    std::string names;
    for (const auto& named : model.named_parameters()) {
        bool finite = true;
        for (const auto& part : parts)
            for (Index i = 0; i < named.size(); ++i)
                finite = finite && std::isfinite(part.gradient[named.info().buffer_index(i)]);
        if (!finite) names += (names.empty() ? "" : ", ") + named.name();
    }
    return names.empty() ? "none" : names;
}

inline void check(const TrainerConfig& config) {
    require<ConfigError>(
        config.epochs >= 1 && config.batch_size >= 1 && config.chunk >= 1 && config.gradient_parts >= 1,
        "expected epochs, batch_size, chunk and gradient_parts of at least 1, got ", config.epochs, ", ",
        config.batch_size, ", ", config.chunk, ", ", config.gradient_parts);
    require<ConfigError>(config.rate > 0 && std::isfinite(config.rate), "expected a learning rate above 0, got ",
                         config.rate);
}

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

/// One training of a model: what its epochs share. `items_per_step` items make a batch.
template <class M, class Batches>
class Fit {
public:
    using T = typename M::Scalar;

    Fit(M& model, Batches batches, Index items_per_step, const Dataset<T>& data, const TrainerConfig& config)
        : model_(model),
          batches_(std::move(batches)),
          data_(data),
          config_(config),
          threads_(config.threads > 0 ? config.threads : default_threads()),
          items_per_step_(std::min(items_per_step, batches_.most_items())),
          steps_per_epoch_((batches_.items() + items_per_step_ - 1) / items_per_step_),
          validation_(window_rows(data.split.validation, model.window(), data.recipe.ahead, idm::Rows::full)),
          adam_(config.adam, static_cast<Index>(model.parameters().size())) {
        const WorkspaceShape shape = batches_.network().template workspace_shape<T>(
            (items_per_step_ + config.gradient_parts - 1) / config.gradient_parts, Mode::training);
        for (Index p = 0; p < config.gradient_parts; ++p) parts_.emplace_back(shape, adam_.size());
    }

    History run(const EpochCallback& on_epoch) {
        BestWeights<M> best(model_);
        History history;
        const Clock::time_point start = Clock::now();
        for (Index epoch = 1; epoch <= config_.epochs; ++epoch) {
            EpochReport report{.epoch = epoch, .epochs = config_.epochs};
            learn(report);
            report.validation_loss = mean_squared_error(model_, data_, validation_, threads_);
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
        double loss_sum = 0;
        Index learned = 0, step = 0;
        for (Index begin = 0; begin < batches_.items(); begin += items_per_step_, ++step) {
            const Range items{begin, std::min(begin + items_per_step_, batches_.items())};
            // Chunks may tile an epoch into one more or one fewer step than the first, which the schedule runs over.
            const Index at = (report.epoch - 1) * steps_per_epoch_ + std::min(step, steps_per_epoch_ - 1);
            report.learning_rate = learning_rate(config_.schedule, config_.rate, at, steps_per_epoch_ * config_.epochs);
            const double loss =
                train_step(batches_, items, parts_, adam_, report.learning_rate, threads_, model_.parameters());
            if (!std::isfinite(loss))
                raise<NumericError>(
                    "training diverged: the loss is not finite at epoch ", report.epoch, ", step ", step + 1,
                    "; parameters with a non-finite gradient: ", non_finite_parameters(model_, parts_), advice(report));
            Index targets = 0;
            for (Index i = items.begin; i < items.end; ++i) targets += batches_.targets(i);
            loss_sum += loss * static_cast<double>(targets);
            learned += targets;
        }
        report.samples_per_second = static_cast<double>(learned) / std::max(seconds_since(start), 1e-9);
        report.training_loss = loss_sum / static_cast<double>(learned);
    }

    M& model_;
    Batches batches_;
    const Dataset<T>& data_;
    const TrainerConfig& config_;
    int threads_;
    Index items_per_step_, steps_per_epoch_;
    std::vector<WindowRow> validation_;
    Adam<T> adam_;
    std::vector<BatchPart<T>> parts_;
};

}  // namespace detail

/// Trains a model by Adam on the mean squared error of normalised targets, and leaves it with the weights of the epoch
/// that had the lowest validation loss.
///
/// Starts from the model's parameters as they are: call `model.initialise(seed)` first.
///
/// *Errors*: `ConfigError` for settings out of range, `ShapeError` for data of other extents than the model's,
/// `DataError` when a trajectory is shorter than the window, `NumericError` when the loss leaves the finite numbers
/// (with epoch, step and parameters; the best weights are kept). *Threads*: the weights' bits do not depend on their
/// number.
template <class M>
History train(M& model, const Dataset<typename M::Scalar>& data, const TrainerConfig& config = {},
              const EpochCallback& on_epoch = {}) {
    using T = typename M::Scalar;
    using Network = typename M::NetworkType;
    detail::check(config);
    detail::require_extents(model, data);
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
            Batches batches(sequence, data, data.split.train, model.window());
            return detail::Fit(model, std::move(batches), config.batch_size / chunk, data, config).run(on_epoch);
        }
    } else {
        detail::require<ConfigError>(config.sampling != Sampling::sequences,
                                     "sequence training needs a causal network that ends in LastStep; this one does "
                                     "not, take Sampling::windows or automatic");
    }
    detail::WindowBatches<T, Network> batches(network, data, data.split.train);
    return detail::Fit(model, std::move(batches), config.batch_size, data, config).run(on_epoch);
}

IDM_NAMESPACE_END
