#pragma once

#include <cmath>
#include <span>
#include <vector>

#include <idm/core/buffer.hpp>
#include <idm/core/error.hpp>
#include <idm/kernels/select.hpp>
#include <idm/training/optimiser.hpp>

IDM_NAMESPACE_BEGIN

/// Settings of Adam; PyTorch's defaults. A weight decay other than 0 makes it AdamW (decoupled from the gradient).
struct AdamConfig {
    double beta1 = 0.9;
    double beta2 = 0.999;
    double epsilon = 1e-8;
    double weight_decay = 0;
};

/// Adam.
///
///     m = beta1 m + (1 - beta1) g,   v = beta2 v + (1 - beta2) g^2
///     w = (1 - rate decay) w - rate / (1 - beta1^t) m / (sqrt(v / (1 - beta2^t)) + epsilon)
///
/// *Errors*: `ConfigError` for a beta outside [0, 1) or a negative epsilon or decay.
/// *Source*: Kingma and Ba, "Adam", 2015, algorithm 1; Loshchilov and Hutter, "Decoupled Weight Decay
/// Regularization", 2019, algorithm 2; https://pytorch.org/docs/stable/generated/torch.optim.AdamW.html
template <class T>
class Adam final : public Optimiser<T> {
public:
    Adam(const AdamConfig& config, Index size) : Optimiser<T>(size), config_(config), first_(size), second_(size) {
        const auto fraction = [](double beta) { return beta >= 0 && beta < 1; };
        detail::require<ConfigError>(fraction(config.beta1) && fraction(config.beta2),
                                     "Adam: expected beta1 and beta2 in [0, 1), got ", config.beta1, " and ",
                                     config.beta2);
        detail::require<ConfigError>(config.epsilon >= 0 && config.weight_decay >= 0,
                                     "Adam: expected epsilon and weight_decay of at least 0, got ", config.epsilon,
                                     " and ", config.weight_decay);
    }

    std::vector<std::span<T>> memory() override { return {first_.span(), second_.span()}; }
    void apply(Range range, const T* gradient, T* parameters) override {
        kernels::adam(range.end - range.begin, step_, gradient + range.begin, first_.data() + range.begin,
                      second_.data() + range.begin, parameters + range.begin);
    }

private:
    void prepare(double rate) override {
        const double t = static_cast<double>(this->steps_taken());
        step_ = {.beta1 = static_cast<T>(config_.beta1),
                 .beta2 = static_cast<T>(config_.beta2),
                 .rest1 = static_cast<T>(1 - config_.beta1),
                 .rest2 = static_cast<T>(1 - config_.beta2),
                 .step_size = static_cast<T>(rate / (1 - std::pow(config_.beta1, t))),
                 .root_scale = static_cast<T>(1 / std::sqrt(1 - std::pow(config_.beta2, t))),
                 .epsilon = static_cast<T>(config_.epsilon),
                 .decay = static_cast<T>(1 - rate * config_.weight_decay)};
    }

    AdamConfig config_;
    Buffer<T> first_, second_;
    kernels::AdamStep<T> step_{};
};

IDM_NAMESPACE_END
