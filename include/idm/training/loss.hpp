#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include <idm/core/config.hpp>
#include <idm/core/error.hpp>
#include <idm/kernels/select.hpp>

IDM_NAMESPACE_BEGIN

/// Loss of one output, of its error e = prediction - target in normalised units.
enum class LossKind {
    squared,   // e^2
    absolute,  // |e|
    huber,     // e^2 / 2 where |e| <= delta, delta (|e| - delta / 2) beyond
    log_cosh,  // log(cosh(e))
};

/// What training minimises and validation compares: the mean over targets and outputs of weight * loss.
struct LossConfig {
    LossKind kind = LossKind::squared;
    double delta = 1;                  // of the Huber loss
    std::vector<double> weights = {};  // one for each output; none: all 1. The mean is not divided by their sum.
};

/// A loss over rows of outputs, reduced as PyTorch's `reduction="mean"` does once the caller divides by the count.
///
/// *Errors*: `ConfigError` for a delta that is not above 0, or weights that are not one number of at least 0 for each
/// output with one above 0. *Threads*: constant.
/// *Source*: https://pytorch.org/docs/stable/generated/torch.nn.HuberLoss.html and its neighbours; at e = 0 the slope
/// of the absolute loss is 0, as PyTorch's.
template <class T>
class Loss {
public:
    explicit Loss(Index outputs, const LossConfig& config = {}) : config_(config), outputs_(outputs) {
        detail::require<ConfigError>(config.delta > 0 && std::isfinite(config.delta),
                                     "Huber loss: expected a delta above 0, got ", config.delta);
        if (config.weights.empty()) return;
        detail::require<ConfigError>(static_cast<Index>(config.weights.size()) == outputs,
                                     "loss: expected one weight for each of ", outputs, " outputs, got ",
                                     config.weights.size());
        for (const double weight : config.weights)
            detail::require<ConfigError>(weight >= 0 && std::isfinite(weight),
                                         "loss: expected weights of at least 0, got ", weight);
        detail::require<ConfigError>(*std::max_element(config.weights.begin(), config.weights.end()) > 0,
                                     "loss: expected a weight above 0, got only zeros");
    }

    /// Returns the sum over `rows` rows and writes d = scale * d(sum)/dy. *Shapes*: y, target and d [rows, outputs].
    double operator()(Index rows, const T* y, const T* target, T scale, T* d) const {
        if (config_.kind == LossKind::squared && config_.weights.empty())
            return static_cast<double>(kernels::squared_error(rows * outputs_, y, target, scale, d));
        double sum = 0;
        for (Index i = 0; i < rows * outputs_; ++i) {
            const double error = static_cast<double>(y[i] - target[i]), weight = weight_of(i % outputs_);
            sum += weight * value(error);
            d[i] = scale * static_cast<T>(weight * slope(error));
        }
        return sum;
    }

    /// The same sum in double, of errors that were not rounded.
    double sum(Index rows, const T* y, const T* target) const {
        double sum = 0;
        for (Index i = 0; i < rows * outputs_; ++i)
            sum += weight_of(i % outputs_) * value(static_cast<double>(y[i]) - static_cast<double>(target[i]));
        return sum;
    }

private:
    double weight_of(Index output) const {
        return config_.weights.empty() ? 1.0 : config_.weights[static_cast<std::size_t>(output)];
    }
    double value(double e) const {
        const double size = std::abs(e), delta = config_.delta;
        switch (config_.kind) {
            case LossKind::absolute:
                return size;
            case LossKind::huber:
                return size <= delta ? 0.5 * e * e : delta * (size - 0.5 * delta);
            case LossKind::log_cosh:  // cosh itself overflows
                return size + std::log1p(std::exp(-2 * size)) - 0.69314718055994530942;
            case LossKind::squared:
                break;
        }
        return e * e;
    }
    double slope(double e) const {
        switch (config_.kind) {
            case LossKind::absolute:
                return e > 0 ? 1 : e < 0 ? -1 : 0;
            case LossKind::huber:
                return std::clamp(e, -config_.delta, config_.delta);
            case LossKind::log_cosh:
                return std::tanh(e);
            case LossKind::squared:
                break;
        }
        return 2 * e;
    }

    LossConfig config_;
    Index outputs_;
};

IDM_NAMESPACE_END
