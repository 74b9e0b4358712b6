#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include <idm/core/error.hpp>
#include <idm/models/stream.hpp>

IDM_NAMESPACE_BEGIN

/// Why a `SafeStream` does not follow its model.
enum class Fault : std::uint8_t {
    none,
    warming_up,        ///< the stream has not seen enough samples yet
    bad_input,         ///< a sample that is not finite; the stream is fed the last one that was, if there was one
    outside_training,  ///< features of a step behind the output further from the training rows than `largest_distance`
    bad_output,        ///< the model's output is not finite
    beyond_limit,      ///< the model's output is beyond `SafetyConfig::limit`
    bad_fallback       ///< the fallback's output is not finite; the last output is held in its place
};
inline constexpr std::size_t fault_count = 7;

constexpr const char* to_string(Fault fault) {
    constexpr const char* names[fault_count] = {"none",       "warming up",   "bad input",   "outside training",
                                                "bad output", "beyond limit", "bad fallback"};
    return names[static_cast<std::size_t>(fault)];
}

/// What a `SafeStream` lets through.
struct SafetyConfig {
    std::vector<double> limit;      // largest |output|, one for each; in the target's unit
    std::vector<double> rate = {};  // largest change per s, one for each; empty: none
    /// Of a feature from the range that it had in the training rows, in standard deviations; see
    /// `Normaliser::distance`.
    double largest_distance = 1;
    double fade_in = 0.1;    // s from the fallback to the model once all is well
    double fade_out = 0.02;  // s from the model to the fallback after a fault
    double sample_period;    // s between two ticks
};

/// A `Stream` that a robot can be trusted with: whatever comes in, NaN included, what goes out is finite, within
/// `limit` and changes by no more than `rate`; where the model can't be trusted, `fallback` takes over, softly.
///
/// Each tick the model's part in the output moves towards 1 (all is well) or 0 (a fault), within the time of the fades;
/// the rest is the fallback's: any callable (sample, out) noexcept that fills in `out`, for example gravity
/// compensation by a rigid-body model, or zero. Limit and rate hold for both and their blend.
///
/// *Units*: as `Stream`. *Errors*: `ConfigError` for limits that are not one finite number above 0 for each output, and
/// times or distances that are negative or not finite, or a sample period that is not the stream's within 1 %. *Cost*:
/// as `Stream::tick`, and the fallback's.
template <class M, class Fallback>
class SafeStream {
public:
    using Scalar = typename M::Scalar;

    SafeStream(Stream<M> stream, Fallback fallback, SafetyConfig config)
        : stream_(std::move(stream)),
          fallback_(std::move(fallback)),
          config_(std::move(config)),
          sample_(stream_.columns().size()),
          model_output_(outputs()),
          fallback_output_(outputs()),
          output_(outputs()) {
        check();
    }

    const Stream<M>& stream() const { return stream_; }
    /// The model's part in the last output, from 0 to 1.
    double trust() const { return trust_; }
    /// Of the last tick; the first that applies, in the order of `Fault`.
    Fault fault() const { return fault_; }
    /// Ticks that ended in this fault.
    std::uint64_t count(Fault fault) const { return counts_[static_cast<std::size_t>(fault)]; }

    /// Forgets every sample: all is as constructed, but the counts stay.
    void reset() noexcept {
        stream_.reset();
        trust_ = 0;
        inside_ = 0;
        fed_ = started_ = false;
        fault_ = Fault::warming_up;
        std::fill(sample_.begin(), sample_.end(), 0.0);
        for (auto* values : {&model_output_, &fallback_output_, &output_})
            std::fill(values->begin(), values->end(), Scalar(0));
    }

    /// *Shapes*: `sample` [columns], result [outputs]; valid until the next tick.
    std::span<const Scalar> tick(std::span<const double> sample) noexcept {
        bool good_fallback = true;
        fault_ = follow(sample);
        fallback_(sample, std::span<Scalar>(fallback_output_));
        for (const Scalar value : fallback_output_) good_fallback = good_fallback && std::isfinite(value);
        if (!good_fallback) {
            std::copy(output_.begin(), output_.end(), fallback_output_.begin());
            if (fault_ == Fault::none) fault_ = Fault::bad_fallback;
        }
        const bool well = fault_ == Fault::none || fault_ == Fault::bad_fallback;
        const double fade = well ? config_.fade_in : config_.fade_out;
        const double step = fade > config_.sample_period ? config_.sample_period / fade : 1;
        trust_ = well ? std::min(1.0, trust_ + step) : std::max(0.0, trust_ - step);
        ++counts_[static_cast<std::size_t>(fault_)];
        for (std::size_t i = 0; i < output_.size(); ++i) output_[i] = bounded(i);
        started_ = true;
        return output_;
    }

private:
    std::size_t outputs() const { return static_cast<std::size_t>(stream_.outputs()); }

    /// Feeds the stream and says whether its output can be followed. `model_output_` stays the last one that could.
    Fault follow(std::span<const double> sample) noexcept {
        bool finite = true;
        for (const double value : sample) finite = finite && std::isfinite(value);
        if (finite) std::copy(sample.begin(), sample.end(), sample_.begin());
        fed_ = fed_ || finite;
        if (!fed_) return Fault::bad_input;
        const std::span<const Scalar> y = stream_.tick(sample_);
        inside_ = stream_.distance() <= config_.largest_distance ? std::min(inside_ + 1, stream_.warm_up()) : 0;
        if (!finite) return Fault::bad_input;
        if (!stream_.warm()) return Fault::warming_up;
        // A step outside goes on to reach the output until it has left the network's history.
        if (inside_ < stream_.warm_up()) return Fault::outside_training;
        for (const Scalar value : y)
            if (!std::isfinite(value)) return Fault::bad_output;
        for (std::size_t i = 0; i < y.size(); ++i)
            if (std::abs(static_cast<double>(y[i])) > config_.limit[i]) return Fault::beyond_limit;
        std::copy(y.begin(), y.end(), model_output_.begin());
        return Fault::none;
    }

    /// Output i, blended, within limit and rate. Rounding to Scalar must not leave them, hence towards 0.
    Scalar bounded(std::size_t i) const noexcept {
        const double blend =
            trust_ * static_cast<double>(model_output_[i]) +
            (1 - trust_) * std::clamp(static_cast<double>(fallback_output_[i]), -config_.limit[i], config_.limit[i]);
        double low = -config_.limit[i], high = config_.limit[i];
        if (started_ && !config_.rate.empty()) {
            const double last = static_cast<double>(output_[i]), most = config_.rate[i] * config_.sample_period;
            low = std::max(low, last - most);
            high = std::min(high, last + most);
        }
        const double value = std::clamp(blend, low, high);
        auto rounded = static_cast<Scalar>(value);
        if (static_cast<double>(rounded) > high) rounded = std::nextafter(rounded, -std::numeric_limits<Scalar>::max());
        if (static_cast<double>(rounded) < low) rounded = std::nextafter(rounded, std::numeric_limits<Scalar>::max());
        return rounded;
    }

    void check() const {
        detail::require<ConfigError>(stream_.has_input_range(),
                                     "SafeStream: the normaliser does not know the training rows' range; fit it anew, "
                                     "or load a weights file of format version 2 or later");
        const auto each = [&](const std::vector<double>& values, const char* what, bool or_none) {
            bool good = values.size() == outputs() || (or_none && values.empty());
            for (const double value : values) good = good && std::isfinite(value) && value > 0;
            detail::require<ConfigError>(good, "SafeStream: expected one finite ", what, " above 0 for each of ",
                                         outputs(), " outputs, got ", values.size(), " numbers");
        };
        each(config_.limit, "limit", false);
        each(config_.rate, "rate", true);
        const auto number = [](double value, const char* what, bool positive) {
            detail::require<ConfigError>(std::isfinite(value) && (positive ? value > 0 : value >= 0),
                                         "SafeStream: expected a finite ", what,
                                         positive ? " above 0" : " of at least 0", ", got ", value);
        };
        number(config_.sample_period, "sample_period", true);
        const double period = stream_.sample_period();
        detail::require<ConfigError>(period == 0 || std::abs(config_.sample_period - period) <= 0.01 * period,
                                     "SafeStream: expected the stream's sample_period of ", period, " s, got ",
                                     config_.sample_period, " s; rate and fades count its ticks");
        number(config_.fade_in, "fade_in", false);
        number(config_.fade_out, "fade_out", false);
        number(config_.largest_distance, "largest_distance", false);
    }

    Stream<M> stream_;
    Fallback fallback_;
    SafetyConfig config_;
    std::vector<double> sample_;  // the last finite one
    std::vector<Scalar> model_output_, fallback_output_, output_;
    double trust_ = 0;
    Index inside_ = 0;  // ticks since features lay outside the training rows, at most as many as matter
    bool fed_ = false, started_ = false;
    Fault fault_ = Fault::warming_up;
    std::array<std::uint64_t, fault_count> counts_{};
};

IDM_NAMESPACE_END
