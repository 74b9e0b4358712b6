#pragma once

#include <span>
#include <vector>

#include <idm/core/buffer.hpp>
#include <idm/core/error.hpp>
#include <idm/kernels/select.hpp>
#include <idm/training/optimiser.hpp>

IDM_NAMESPACE_BEGIN

/// Settings of gradient descent. The weight decay is added to the gradient, as PyTorch does.
struct SgdConfig {
    double momentum = 0.9;
    bool nesterov = true;
    double weight_decay = 0;
};

/// Gradient descent with momentum, Nesterov's or plain.
///
///     g' = g + decay w,   m = momentum m + g',   w = w - rate (nesterov ? g' + momentum m : m)
///
/// *Errors*: `ConfigError` for a momentum outside [0, 1), a negative decay, or Nesterov's without momentum.
/// *Source*: https://pytorch.org/docs/stable/generated/torch.optim.SGD.html
template <class T>
class Sgd final : public Optimiser<T> {
public:
    Sgd(const SgdConfig& config, Index size) : Optimiser<T>(size), config_(config), momentum_(size) {
        detail::require<ConfigError>(
            config.momentum >= 0 && config.momentum < 1 && (config.momentum > 0 || !config.nesterov),
            "SGD: expected a momentum in [0, 1), above 0 for Nesterov's, got ", config.momentum);
        detail::require<ConfigError>(config.weight_decay >= 0, "SGD: expected a weight_decay of at least 0, got ",
                                     config.weight_decay);
    }

    std::vector<std::span<T>> memory() override { return {momentum_.span()}; }
    void apply(Range range, const T* gradient, T* parameters) override {
        kernels::sgd(range.end - range.begin, step_, gradient + range.begin, momentum_.data() + range.begin,
                     parameters + range.begin);
    }

private:
    void prepare(double rate) override {
        step_ = {.momentum = static_cast<T>(config_.momentum),
                 .decay = static_cast<T>(config_.weight_decay),
                 .rate = static_cast<T>(rate),
                 .nesterov = config_.nesterov};
    }

    SgdConfig config_;
    Buffer<T> momentum_;
    kernels::SgdStep<T> step_{};
};

IDM_NAMESPACE_END
