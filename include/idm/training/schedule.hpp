#pragma once

#include <algorithm>
#include <cmath>

#include <idm/core/config.hpp>
#include <idm/core/error.hpp>

IDM_NAMESPACE_BEGIN

/// How the learning rate runs over the steps of a training.
enum class Schedule {
    constant,
    one_cycle,  // up to the peak by half a cosine, then down by half a cosine to almost nothing
};

/// *Source*: https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.OneCycleLR.html (its defaults); Smith
/// and Topin, "Super-Convergence", 2018.
struct OneCycle {
    double warmup_fraction = 0.3;
    double start_divisor = 25;  // first rate = peak / start_divisor
    double end_divisor = 1e4;   // last rate = first rate / end_divisor
};

/// Learning rate of step `step` (from 0) of `steps`.
inline double learning_rate(Schedule schedule, double peak, Index step, Index steps, const OneCycle& cycle = {}) {
    if (schedule == Schedule::constant) return peak;
    const double first = peak / cycle.start_divisor, last = first / cycle.end_divisor;
    const double top = cycle.warmup_fraction * static_cast<double>(steps) - 1;
    const double end = static_cast<double>(steps) - 1;
    const double at = static_cast<double>(step);
    const auto cosine = [](double from, double to, double fraction) {
        constexpr double pi = 3.14159265358979323846;
        return to + (from - to) * 0.5 * (1 + std::cos(pi * std::clamp(fraction, 0.0, 1.0)));
    };
    if (top > 0 && at <= top) return cosine(first, peak, at / top);
    return cosine(peak, last, end > top ? (at - top) / (end - top) : 1.0);
}

IDM_NAMESPACE_END
