#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <type_traits>
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
    Index chunk = 32;  // targets of one chunk in sequence training
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

/// `items_per_step` items make a batch.
template <class M, class Batches>
History fit(M& model, Batches batches, Index items_per_step, const Dataset<typename M::Scalar>& data,
            const TrainerConfig& config, const EpochCallback& on_epoch) {
    using T = typename M::Scalar;
    using Clock = std::chrono::steady_clock;
    const auto seconds_since = [](Clock::time_point t) {
        return std::chrono::duration<double>(Clock::now() - t).count();
    };
    const int threads = config.threads > 0 ? config.threads : default_threads();
    const std::vector<WindowRow> validation =
        window_rows(data.split.validation, model.window(), data.recipe.ahead, idm::Rows::full);
    const Index buffer = static_cast<Index>(model.parameters().size());
    const WorkspaceShape shape = batches.network().template workspace_shape<T>(
        (items_per_step + config.gradient_parts - 1) / config.gradient_parts, Mode::training);
    std::vector<BatchPart<T>> parts;
    for (Index p = 0; p < config.gradient_parts; ++p) parts.emplace_back(shape, buffer);
    Adam<T> adam(config.adam, buffer);
    std::vector<T> best(model.parameters().begin(), model.parameters().end());
    double best_loss = std::numeric_limits<double>::infinity();
    // Chunks may tile an epoch into one more or one fewer step than the first; the schedule runs over the first count.
    const Index steps_per_epoch = (batches.items() + items_per_step - 1) / items_per_step;
    const Index steps = steps_per_epoch * config.epochs;

    History history;
    const auto start = Clock::now();
    for (Index epoch = 1; epoch <= config.epochs; ++epoch) {
        Random random(config.seed, 0x65706f6368, static_cast<std::uint64_t>(epoch));
        batches.begin_epoch(random);
        EpochReport report{.epoch = epoch, .epochs = config.epochs};
        const auto epoch_start = Clock::now();
        double loss_sum = 0;
        Index learned = 0, step = 0;
        for (Index begin = 0; begin < batches.items(); begin += items_per_step, ++step) {
            const Range items{begin, std::min(begin + items_per_step, batches.items())};
            const Index at = (epoch - 1) * steps_per_epoch + std::min(step, steps_per_epoch - 1);
            report.learning_rate = learning_rate(config.schedule, config.rate, at, steps);
            const double loss =
                train_step(batches, items, parts, adam, report.learning_rate, threads, model.parameters());
            if (!std::isfinite(loss)) {
                const std::string where = non_finite_parameters(model, parts);
                std::copy(best.begin(), best.end(), model.parameters().begin());
                raise<NumericError>("training diverged: the loss is not finite at epoch ", epoch, ", step ", step + 1,
                                    "; parameters with a non-finite gradient: ", where,
                                    ". The model holds its best weights so far; lower the learning rate (it is ",
                                    report.learning_rate, ") or look for outliers in the log");
            }
            Index targets = 0;
            for (Index i = items.begin; i < items.end; ++i) targets += batches.targets(i);
            loss_sum += loss * static_cast<double>(targets);
            learned += targets;
        }
        report.samples_per_second = static_cast<double>(learned) / std::max(seconds_since(epoch_start), 1e-9);
        report.training_loss = loss_sum / static_cast<double>(learned);
        report.validation_loss = mean_squared_error(model, data, validation, threads);
        report.best = report.validation_loss < best_loss;
        if (report.best) {
            best_loss = report.validation_loss;
            history.best_epoch = epoch;
            std::copy(model.parameters().begin(), model.parameters().end(), best.begin());
        }
        history.seconds = seconds_since(start);
        report.seconds_left = history.seconds / static_cast<double>(epoch) * static_cast<double>(config.epochs - epoch);
        history.epochs.push_back(report);
        if (on_epoch && !on_epoch(report)) break;
    }
    std::copy(best.begin(), best.end(), model.parameters().begin());
    return history;
}

}  // namespace detail

/// Trains a model by Adam on the mean squared error of normalised targets, and leaves it with the weights of the epoch
/// that had the lowest validation loss.
///
/// Starts from the model's parameters as they are: call `model.initialise(seed)` first.
///
/// *Errors*: `ConfigError` for settings out of range, `DataError` when a trajectory is shorter than the window,
/// `NumericError` when the loss leaves the finite numbers (with epoch, step and parameters; the best weights are kept).
/// *Threads*: the weights' bits do not depend on their number.
template <class M>
History train(M& model, const Dataset<typename M::Scalar>& data, const TrainerConfig& config = {},
              const EpochCallback& on_epoch = {}) {
    using T = typename M::Scalar;
    using Network = typename M::NetworkType;
    detail::check(config);
    const Network& network = model.network();
    constexpr bool can_sequence = SequenceTrainable<typename Network::Layers>;
    if constexpr (can_sequence) {
        const bool history_fits = network.history() < model.window();
        detail::require<ConfigError>(config.sampling != Sampling::sequences || history_fits,
                                     "sequence training: expected a window of at least ", network.history() + 1,
                                     " rows (what an output depends on), got ", model.window(),
                                     "; take a longer window or Sampling::windows");
        if (config.sampling != Sampling::windows && history_fits) {
            const auto sequence = sequence_network(network, model.window() - 1 + config.chunk);
            using Batches = detail::SequenceBatches<T, std::remove_const_t<decltype(sequence)>>;
            const Index chunks = std::max<Index>(1, config.batch_size / config.chunk);
            return detail::fit(model, Batches(sequence, data, data.split.train, model.window()), chunks, data, config,
                               on_epoch);
        }
    } else {
        detail::require<ConfigError>(config.sampling != Sampling::sequences,
                                     "sequence training needs a causal network that ends in LastStep; this one does "
                                     "not, take Sampling::windows or automatic");
    }
    using Batches = detail::WindowBatches<T, Network>;
    return detail::fit(model, Batches(network, data, data.split.train), config.batch_size, data, config, on_epoch);
}

IDM_NAMESPACE_END
