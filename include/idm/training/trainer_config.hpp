#pragma once

#include <cmath>
#include <cstdint>
#include <memory>

#include <idm/core/config.hpp>
#include <idm/core/error.hpp>
#include <idm/training/adam.hpp>
#include <idm/training/lion.hpp>
#include <idm/training/loss.hpp>
#include <idm/training/schedule.hpp>
#include <idm/training/sgd.hpp>

IDM_NAMESPACE_BEGIN

/// What one item of a batch is.
enum class Sampling {
    automatic,  // sequences where the network and its window allow it, windows else
    windows,    // one window for each target
    sequences,  // chunks of a trajectory with the loss at every step (causal networks that end in LastStep)
};

/// The rule that turns gradients into weights.
enum class OptimiserKind { adam, sgd, lion };

/// How to train. The defaults were chosen for Cnn1 on validation data of three robots, see docs/results.md.
struct TrainerConfig {
    Index epochs = 30;
    Index batch_size = 64;  // targets of one batch
    Index accumulate = 1;   // batches of one step, whose gradient is that of one batch of all their targets
    double rate = 2e-3;     // learning rate, the peak of a one-cycle schedule
    Schedule schedule = Schedule::one_cycle;
    ScheduleConfig schedule_config = {};
    LossConfig loss = {};                           // of training and validation
    OptimiserKind optimiser = OptimiserKind::adam;  // which of these three is used
    AdamConfig adam = {.weight_decay = 0.3};
    SgdConfig sgd = {};
    LionConfig lion = {};
    double clip_norm = 0;  // a longer gradient, over all parameters, is scaled down to this length; 0: none is
    double ema = 0;        // decay of a moving average of the weights, which then takes their place; 0: none
    Index patience = 0;    // epochs without a lower validation loss after which the training ends; 0: none
    Sampling sampling = Sampling::automatic;
    Index chunk = 32;  // targets of one chunk in sequence training, at most `batch_size`
    std::uint64_t seed = 1;
    int threads = 0;  // 0: all
    /// A batch is cut into this many parts whatever the number of threads; their gradients are summed in order, so the
    /// result has the same bits on any number of threads. It bounds the threads that training can use.
    Index gradient_parts = 4;
};

namespace detail {

template <class T>
std::unique_ptr<Optimiser<T>> make_optimiser(const TrainerConfig& config, Index size) {
    switch (config.optimiser) {
        case OptimiserKind::sgd:
            return std::make_unique<Sgd<T>>(config.sgd, size);
        case OptimiserKind::lion:
            return std::make_unique<Lion<T>>(config.lion, size);
        case OptimiserKind::adam:
            break;
    }
    return std::make_unique<Adam<T>>(config.adam, size);
}

IDM_INLINE void check(const TrainerConfig& config);

#if !IDM_HAS_COMPILED

IDM_INLINE void check(const TrainerConfig& config) {
    require<ConfigError>(config.epochs >= 1 && config.batch_size >= 1 && config.accumulate >= 1 && config.chunk >= 1 &&
                             config.gradient_parts >= 1,
                         "expected epochs, batch_size, accumulate, chunk and gradient_parts of at least 1, got ",
                         config.epochs, ", ", config.batch_size, ", ", config.accumulate, ", ", config.chunk, ", ",
                         config.gradient_parts);
    require<ConfigError>(config.rate > 0 && std::isfinite(config.rate), "expected a learning rate above 0, got ",
                         config.rate);
    require<ConfigError>(config.clip_norm >= 0 && std::isfinite(config.clip_norm) && config.patience >= 0,
                         "expected clip_norm and patience of at least 0, got ", config.clip_norm, " and ",
                         config.patience);
    require<ConfigError>(config.ema >= 0 && config.ema < 1, "expected an ema in [0, 1), got ", config.ema);
    check(config.schedule_config);
}

#endif  // !IDM_HAS_COMPILED

}  // namespace detail

IDM_NAMESPACE_END
