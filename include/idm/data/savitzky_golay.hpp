#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include <idm/core/config.hpp>
#include <idm/core/error.hpp>
#include <idm/core/tensor.hpp>

IDM_NAMESPACE_BEGIN

/// Where in its window the filter is evaluated: in the middle (it needs future samples) or at the newest sample.
enum class Alignment { centred, causal };

/// Samples under the filter, order of its polynomial, and where it is evaluated.
struct SavitzkyGolayConfig {
    Index length = 5;
    Index order = 2;
    Alignment alignment = Alignment::centred;

    friend bool operator==(const SavitzkyGolayConfig&, const SavitzkyGolayConfig&) = default;
};

/// Smooths or differentiates evenly spaced samples: a polynomial is fitted to each `length` of them by least squares
/// and its value, first or second derivative is taken.
///
/// y[i] = sum_j w[j] x[i - p + j], p the place of evaluation: (length - 1) / 2 if centred, length - 1 if causal.
/// Near the ends the centred filter evaluates the first (last) fit off its centre; the causal one repeats the first
/// sample to the left.
///
/// *Errors*: `ConfigError` for a length or an order that gives no fit.
/// *Source*: Savitzky, Golay, Analytical Chemistry 36(8), 1964; ends and orthogonal polynomials: Gorry, Analytical
/// Chemistry 62(6), 1990.
class SavitzkyGolay {
public:
    static constexpr Index highest_derivative = 2;

    explicit SavitzkyGolay(const SavitzkyGolayConfig& config) : config_(config) {
        const bool centred = config.alignment == Alignment::centred;
        detail::require<ConfigError>(config.order >= 0 && config.length >= 2 && config.length > config.order,
                                     "expected a filter length of 2 or more and above the order, got length ",
                                     config.length, " and order ", config.order);
        detail::require<ConfigError>(!centred || config.length % 2 == 1,
                                     "expected an odd length for a centred filter, got ", config.length);
        for (Matrix<double>& weights : weights_) weights = Matrix<double>::Zero(config.length, config.length);
        fit();
    }

    const SavitzkyGolayConfig& config() const { return config_; }

    /// Where in the window the filter is evaluated, away from the ends of a trajectory.
    Index position() const {
        return config_.alignment == Alignment::centred ? (config_.length - 1) / 2 : config_.length - 1;
    }

    /// Samples after the current one that a value needs.
    Index look_ahead() const { return config_.length - 1 - position(); }

    /// By how many samples the result lags behind for slow motion (the group delay at frequency 0). A causal filter
    /// of order 2 has none in the first derivative and (length - 1) / 2 in the second; centred filters have none.
    double delay_samples(Index derivative) const {
        const std::span<const double> w = weights(derivative, position());
        double moment = 0, factorial = 1;
        for (Index k = 2; k <= derivative + 1; ++k) factorial *= static_cast<double>(k);
        for (Index j = 0; j < config_.length; ++j)
            moment += w[static_cast<std::size_t>(j)] *
                      std::pow(static_cast<double>(j - position()), static_cast<double>(derivative + 1));
        return -moment / factorial;
    }

    /// The `length` weights for samples one unit of time apart, evaluated at sample `position` of the window.
    ///
    /// *Errors*: `ConfigError` for a derivative above 2 or above the order.
    std::span<const double> weights(Index derivative, Index position) const {
        detail::require<ConfigError>(derivative >= 0 && derivative <= std::min(config_.order, highest_derivative),
                                     "expected a derivative from 0 to ", std::min(config_.order, highest_derivative),
                                     " (polynomial order ", config_.order, "), got ", derivative);
        detail::require<ConfigError>(position >= 0 && position < config_.length, "expected a position from 0 to ",
                                     config_.length - 1, ", got ", position);
        const Matrix<double>& all = weights_[static_cast<std::size_t>(derivative)];
        return {all.data() + position * config_.length, static_cast<std::size_t>(config_.length)};
    }

    /// Filters the samples of one trajectory.
    ///
    /// *Shapes*: `x [rows]`, `out [rows]`, not overlapping. *Units*: `sample_period` in s; out in x's unit /
    /// s^derivative. *Errors*: `DataError` when a centred filter is longer than the trajectory. *Cost*: rows x length.
    void apply(std::span<const double> x, Index derivative, double sample_period, std::span<double> out) const {
        const Index rows = static_cast<Index>(x.size()), last = rows - 1;
        const bool centred = config_.alignment == Alignment::centred;
        detail::require<ShapeError>(out.size() == x.size(), "expected room for ", rows, " values, got ", out.size());
        detail::require<DataError>(!centred || rows >= config_.length, "expected at least ", config_.length,
                                   " rows for the derivative filter, got ", rows);
        const double scale = std::pow(sample_period, -static_cast<double>(derivative));
        for (Index i = 0; i < rows; ++i) {
            const Index first = centred ? std::clamp<Index>(i - position(), 0, rows - config_.length) : i - position();
            const std::span<const double> w = weights(derivative, i - first);
            const double here = x[static_cast<std::size_t>(i)];
            // The weights sum to 0 (to 1 for derivative 0); with differences a robot at rest gets exactly 0, no noise.
            double sum = 0;
            for (Index j = 0; j < config_.length; ++j)
                sum += w[static_cast<std::size_t>(j)] *
                       (x[static_cast<std::size_t>(std::clamp<Index>(first + j, 0, last))] - here);
            out[static_cast<std::size_t>(i)] = derivative == 0 ? here + sum : sum * scale;
        }
    }

private:
    /// The fit in polynomials that are orthogonal over the window, which three-term recurrences give: each one's share
    /// is a dot product, and no order or length makes a system of equations ill-conditioned.
    void fit() {
        const Index length = config_.length;
        const double half = static_cast<double>(length - 1) / 2;
        // The polynomial of degree k, its first and second derivative at each sample, and those of degree k - 1.
        Matrix<double> now = Matrix<double>::Zero(3, length), before = now, next = now;
        for (Index j = 0; j < length; ++j) now(0, j) = 1;
        double norm_before = 1;
        for (Index k = 0; k <= config_.order; ++k) {
            double norm = 0;
            for (Index j = 0; j < length; ++j) norm += now(0, j) * now(0, j);
            double scale = 1 / norm;
            for (Index d = 0; d <= highest_derivative; ++d, scale /= half)
                for (Index position = 0; position < length; ++position)
                    for (Index j = 0; j < length; ++j)
                        weights_[static_cast<std::size_t>(d)](position, j) += scale * now(d, position) * now(0, j);
            const double back = k == 0 ? 0 : norm / norm_before;
            for (Index j = 0; j < length; ++j) {
                const double x = (static_cast<double>(j) - half) / half;  // from -1 to 1
                next(0, j) = x * now(0, j) - back * before(0, j);
                next(1, j) = now(0, j) + x * now(1, j) - back * before(1, j);
                next(2, j) = 2 * now(1, j) + x * now(2, j) - back * before(2, j);
            }
            norm_before = norm;
            before.swap(now);
            now.swap(next);
        }
    }

    SavitzkyGolayConfig config_;
    std::array<Matrix<double>, highest_derivative + 1> weights_;  // [derivative][position, sample]
};

IDM_NAMESPACE_END
