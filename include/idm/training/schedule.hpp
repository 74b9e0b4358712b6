#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include <idm/core/config.hpp>
#include <idm/core/error.hpp>

IDM_NAMESPACE_BEGIN

/// How the learning rate runs over the steps of a training. A warm-up can stand before each.
enum class Schedule {
    constant,
    one_cycle,  // up to the peak by half a cosine, then down by half a cosine to almost nothing
    step,       // down by a factor every few epochs
    cosine,     // down by half a cosine
    plateau,    // down by a factor whenever the validation loss has stopped falling
};

/// *Source*: https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.OneCycleLR.html (its defaults); Smith
/// and Topin, "Super-Convergence", 2018.
struct OneCycle {
    double warmup_fraction = 0.3;
    double start_divisor = 25;  // first rate = peak / start_divisor
    double end_divisor = 1e4;   // last rate = first rate / end_divisor
};

/// *Source*: https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ReduceLROnPlateau.html
struct PlateauConfig {
    double factor = 0.1;
    Index patience = 10;      // epochs without a lower loss that are let pass
    double threshold = 1e-4;  // share of the best loss by which another must be lower to count
};

/// Numbers of all schedules. *Source*: PyTorch's StepLR, CosineAnnealingLR (over all steps) and LinearLR, chained.
struct ScheduleConfig {
    OneCycle one_cycle = {};
    Index step_epochs = 10;  // between two drops of `Schedule::step`
    double step_factor = 0.1;
    double cosine_end = 0;  // what `Schedule::cosine` ends at, as a share of the peak
    PlateauConfig plateau = {};
    Index warmup_epochs = 0;  // the rate rises linearly from `warmup_start` of the schedule's to all of it
    double warmup_start = 1.0 / 3;
};

namespace detail {

IDM_INLINE void check(const ScheduleConfig& config);

}  // namespace detail

/// Learning rate of step `step` (from 0) of `steps`, before `Plateau` takes its share.
IDM_INLINE double learning_rate(Schedule schedule, double peak, Index step, Index steps,
                                const ScheduleConfig& config = {}, Index steps_per_epoch = 1);

/// What a `Plateau` remembers.
struct PlateauState {
    double share = 1, best = std::numeric_limits<double>::infinity();
    Index waited = 0;
};

/// The share of the learning rate that is left after the validation losses so far.
class Plateau {
public:
    explicit Plateau(const PlateauConfig& config, const PlateauState& state = {}) : config_(config), state_(state) {}

    double share() const { return state_.share; }
    const PlateauState& state() const { return state_; }
    void observe(double loss) {
        if (loss < state_.best * (1 - config_.threshold)) {
            state_.best = loss;
            state_.waited = 0;
        } else if (++state_.waited > config_.patience) {
            state_.share *= config_.factor;
            state_.waited = 0;
        }
    }

private:
    PlateauConfig config_;
    PlateauState state_;
};

#if !IDM_HAS_COMPILED

namespace detail {

/// `from` at fraction 0, `to` at 1, along half a cosine.
inline double half_cosine(double from, double to, double fraction) {
    constexpr double pi = 3.14159265358979323846;
    return to + (from - to) * 0.5 * (1 + std::cos(pi * std::clamp(fraction, 0.0, 1.0)));
}

inline double one_cycle_rate(double peak, Index step, Index steps, const OneCycle& cycle) {
    const double first = peak / cycle.start_divisor, last = first / cycle.end_divisor;
    const double top = cycle.warmup_fraction * static_cast<double>(steps) - 1;
    const double end = static_cast<double>(steps) - 1;
    const double at = static_cast<double>(step);
    if (top > 0 && at <= top) return half_cosine(first, peak, at / top);
    return half_cosine(peak, last, end > top ? (at - top) / (end - top) : 1.0);
}

inline double scheduled_rate(Schedule schedule, double peak, Index step, Index steps, const ScheduleConfig& config,
                             Index steps_per_epoch) {
    switch (schedule) {
        case Schedule::one_cycle:
            return one_cycle_rate(peak, step, steps, config.one_cycle);
        case Schedule::step:
            return peak *
                   std::pow(config.step_factor, static_cast<double>(step / (config.step_epochs * steps_per_epoch)));
        case Schedule::cosine:
            return half_cosine(peak, config.cosine_end * peak, static_cast<double>(step) / static_cast<double>(steps));
        case Schedule::constant:
        case Schedule::plateau:
            break;
    }
    return peak;
}

IDM_INLINE void check(const ScheduleConfig& config) {
    const auto share = [](double x) { return x > 0 && x <= 1; };
    require<ConfigError>(config.step_epochs >= 1 && config.warmup_epochs >= 0 && config.plateau.patience >= 0,
                         "schedule: expected step_epochs of at least 1, warmup_epochs and patience of at least 0, got ",
                         config.step_epochs, ", ", config.warmup_epochs, ", ", config.plateau.patience);
    require<ConfigError>(share(config.step_factor) && share(config.plateau.factor) && share(config.warmup_start),
                         "schedule: expected step_factor, plateau.factor and warmup_start above 0 and at most 1, got ",
                         config.step_factor, ", ", config.plateau.factor, ", ", config.warmup_start);
    require<ConfigError>(config.cosine_end >= 0 && config.cosine_end <= 1 && config.plateau.threshold >= 0 &&
                             config.plateau.threshold < 1,
                         "schedule: expected cosine_end in [0, 1] and plateau.threshold in [0, 1), got ",
                         config.cosine_end, " and ", config.plateau.threshold);
}

}  // namespace detail

IDM_INLINE double learning_rate(Schedule schedule, double peak, Index step, Index steps, const ScheduleConfig& config,
                                Index steps_per_epoch) {
    const double rate = detail::scheduled_rate(schedule, peak, step, steps, config, steps_per_epoch);
    const Index warm = config.warmup_epochs * steps_per_epoch;
    if (step >= warm) return rate;
    return rate *
           (config.warmup_start + (1 - config.warmup_start) * static_cast<double>(step) / static_cast<double>(warm));
}

#endif  // !IDM_HAS_COMPILED

IDM_NAMESPACE_END
