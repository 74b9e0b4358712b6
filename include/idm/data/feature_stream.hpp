#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <idm/core/config.hpp>
#include <idm/core/error.hpp>
#include <idm/data/recipe.hpp>
#include <idm/data/savitzky_golay.hpp>

IDM_NAMESPACE_BEGIN

/// A recipe applied sample by sample: what `make_features` computes of a whole log, for a control loop.
///
/// A sample holds one number for each of `columns()`, as the log has them: its units, signs and scales. The features
/// are those of the sample `look_ahead()` before the newest; that is 0 unless a centred filter derives velocities or
/// accelerations. Before the first sample lie repetitions of it, as in a log's first rows with a causal filter.
///
/// *Units*: samples as in the log, features as `Recipe` says. *Errors*: `ConfigError` for a recipe without a sample
/// period, with a filter of a lower order than the derivatives that it takes, or with contradictions. *Cost*: `push`
/// does not allocate.
class FeatureStream {
public:
    explicit FeatureStream(const Recipe& recipe) : recipe_(recipe), length_(filter_span(recipe)) {
        positions_ = add(recipe.positions, "positions");
        velocities_ = add(recipe.velocities, "velocities");
        accelerations_ = add(recipe.accelerations, "accelerations");
        extras_ = add(recipe.extras, "extras");
        origins_ = add(recipe.target_origins, "target origins");
        check();
        if (length_ > 1) {
            const SavitzkyGolay filter(recipe.filter);
            look_ahead_ = filter.look_ahead();
            double scale = 1;
            for (Index d = 0; d < filter_derivative(recipe); ++d) {
                scale /= recipe.sample_period;
                const std::span<const double> w = filter.weights(d + 1, filter.position());
                weights_[d].assign(w.begin(), w.end());
                scales_[d] = scale;
            }
        }
        history_.resize(static_cast<std::size_t>(length_) * factors_.size());
    }

    /// What a sample is made of, by the names in the recipe; a column that serves twice is there once.
    const std::vector<std::string>& columns() const { return columns_; }
    /// Features of one row.
    Index inputs() const { return inputs_; }
    /// Target origins, one per target, or none.
    Index origins() const { return static_cast<Index>(origins_.size()); }
    /// By how many samples the features lie behind the newest sample.
    Index look_ahead() const { return look_ahead_; }
    /// Samples that the features of one row depend on.
    Index span() const { return length_; }
    /// Samples taken since the start, at most `span()`.
    Index filled() const { return filled_; }

    void reset() noexcept { filled_ = 0; }

    /// Takes the newest sample and fills in the features, and the origins of the same row.
    ///
    /// *Shapes*: `sample [columns().size()]`, `features [inputs()]`, `origins [origins()]`, which may be null.
    template <class T>
    void push(std::span<const double> sample, T* features, T* origins) noexcept {
        take(sample);
        const auto put = [&](double value) { *features++ = static_cast<T>(value); };
        const auto& rates = velocities_.empty() ? positions_ : velocities_;
        const Index rate_order = velocities_.empty() ? 1 : 0;
        const auto rate = [&](const Channel& c) { return rate_order == 0 ? value(c) : derivative(c, 1); };
        if (recipe_.use_positions)
            for (const Channel& c : positions_) put(value(c));
        if (recipe_.use_velocities)
            for (const Channel& c : rates) put(rate(c));
        if (recipe_.use_accelerations && !accelerations_.empty())
            for (const Channel& c : accelerations_) put(value(c));
        if (recipe_.use_accelerations && accelerations_.empty())
            for (const Channel& c : rates) put(derivative(c, rate_order + 1));
        if (recipe_.use_sin)
            for (const Channel& c : positions_) put(std::sin(value(c)));
        if (recipe_.use_cos)
            for (const Channel& c : positions_) put(std::cos(value(c)));
        if (recipe_.sign_velocity > 0)
            for (const Channel& c : rates) put(std::tanh(rate(c) / recipe_.sign_velocity));
        for (const Channel& c : extras_) put(value(c));
        if (origins)
            for (const Channel& c : origins_) *origins++ = static_cast<T>(value(c));
    }

private:
    /// A sample's column in SI; two groups may scale one column differently.
    struct Channel {
        Index at;  // in a row of the history
    };

    std::vector<Channel> add(const ColumnGroup& group, const char* what) {
        const std::vector<double> factors = detail::si_factors(group, what);
        std::vector<Channel> channels;
        for (std::size_t i = 0; i < group.columns.size(); ++i) {
            const auto found = std::find(columns_.begin(), columns_.end(), group.columns[i]);
            sources_.push_back(static_cast<std::size_t>(found - columns_.begin()));
            if (found == columns_.end()) columns_.push_back(group.columns[i]);
            channels.push_back({static_cast<Index>(factors_.size())});
            factors_.push_back(factors[i]);
        }
        return channels;
    }

    void check() {
        using detail::require;
        const bool moves = !positions_.empty() || !velocities_.empty();
        require<ConfigError>(length_ == 1 || recipe_.sample_period > 0,
                             "the recipe has no sample period, which its derivatives need; a dataset's recipe has one");
        require<ConfigError>(!positions_.empty() || !(recipe_.use_sin || recipe_.use_cos),
                             "sin q and cos q need position columns; name them in Recipe::positions");
        require<ConfigError>(moves || recipe_.sign_velocity == 0,
                             "the smooth sign of the velocity needs velocity or position columns");
        inputs_ = static_cast<Index>(detail::input_count(recipe_));
        require<ConfigError>(inputs_ > 0, "the recipe has no inputs; name position columns, at least");
    }

    void take(std::span<const double> sample) noexcept {
        const std::size_t channels = factors_.size();
        newest_ = filled_ == 0 || newest_ + 1 == length_ ? 0 : newest_ + 1;
        const auto store = [&](Index row) {
            double* to = history_.data() + static_cast<std::size_t>(row) * channels;
            for (std::size_t i = 0; i < channels; ++i) to[i] = sample[sources_[i]] * factors_[i];
        };
        if (filled_ == 0)
            for (Index row = 0; row < length_; ++row) store(row);
        else
            store(newest_);
        filled_ = std::min(filled_ + 1, length_);
    }
    /// The sample `back` before the newest.
    double value(const Channel& c, Index back) const noexcept {
        const Index row = newest_ - back < 0 ? newest_ - back + length_ : newest_ - back;
        return history_[static_cast<std::size_t>(row) * factors_.size() + static_cast<std::size_t>(c.at)];
    }
    double value(const Channel& c) const noexcept { return value(c, look_ahead_); }
    /// As SavitzkyGolay::apply, in the same order of sums.
    double derivative(const Channel& c, Index order) const noexcept {
        const double here = value(c);
        double sum = 0;
        for (Index j = 0; j < length_; ++j)
            sum += weights_[order - 1][static_cast<std::size_t>(j)] * (value(c, length_ - 1 - j) - here);
        return sum * scales_[order - 1];
    }

    Recipe recipe_;
    Index length_, look_ahead_ = 0, inputs_ = 0, newest_ = 0, filled_ = 0;
    std::vector<std::string> columns_;
    std::vector<std::size_t> sources_;  // of each channel, in the sample
    std::vector<double> factors_;       // of each channel, to SI
    std::vector<Channel> positions_, velocities_, accelerations_, extras_, origins_;
    std::vector<double> weights_[2];
    double scales_[2] = {1, 1};
    std::vector<double> history_;  // length_ rows of channels
};

IDM_NAMESPACE_END
