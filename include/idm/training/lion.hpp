#pragma once

#include <span>
#include <vector>

#include <idm/core/buffer.hpp>
#include <idm/core/error.hpp>
#include <idm/kernels/select.hpp>
#include <idm/training/optimiser.hpp>

IDM_NAMESPACE_BEGIN

/// Settings of Lion; the paper's, whose rates are 3 to 10 times smaller than Adam's and decays as much larger.
struct LionConfig {
    double beta1 = 0.9;
    double beta2 = 0.99;
    double weight_decay = 0;
};

/// Lion: every parameter moves by the rate, in the direction of its momentum; sign(0) = 0.
///
///     w = (1 - rate decay) w - rate sign(beta1 m + (1 - beta1) g),   m = beta2 m + (1 - beta2) g
///
/// *Errors*: `ConfigError` for a beta outside [0, 1) or a negative decay.
/// *Source*: Chen et al., "Symbolic Discovery of Optimization Algorithms", 2023, algorithm 2.
template <class T>
class Lion final : public Optimiser<T> {
public:
    Lion(const LionConfig& config, Index size) : Optimiser<T>(size), config_(config), momentum_(size) {
        const auto fraction = [](double beta) { return beta >= 0 && beta < 1; };
        detail::require<ConfigError>(fraction(config.beta1) && fraction(config.beta2) && config.weight_decay >= 0,
                                     "Lion: expected beta1 and beta2 in [0, 1) and a weight_decay of at least 0, got ",
                                     config.beta1, ", ", config.beta2, " and ", config.weight_decay);
    }

    std::vector<std::span<T>> memory() override { return {momentum_.span()}; }
    void apply(Range range, const T* gradient, T* parameters) override {
        kernels::lion(range.end - range.begin, step_, gradient + range.begin, momentum_.data() + range.begin,
                      parameters + range.begin);
    }

private:
    void prepare(double rate) override {
        step_ = {.beta1 = static_cast<T>(config_.beta1),
                 .beta2 = static_cast<T>(config_.beta2),
                 .rest1 = static_cast<T>(1 - config_.beta1),
                 .rest2 = static_cast<T>(1 - config_.beta2),
                 .rate = static_cast<T>(rate),
                 .decay = static_cast<T>(1 - rate * config_.weight_decay)};
    }

    LionConfig config_;
    Buffer<T> momentum_;
    kernels::LionStep<T> step_{};
};

IDM_NAMESPACE_END
