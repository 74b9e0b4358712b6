#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <idm/core/error.hpp>
#include <idm/core/workspace.hpp>
#include <idm/data/normaliser.hpp>
#include <idm/data/recipe.hpp>
#include <idm/layers/streaming.hpp>
#include <idm/models/units.hpp>

IDM_NAMESPACE_BEGIN

/// What a loop that is faster than its model does between two of the model's samples.
enum class BetweenSamples {
    hold,       ///< the last output stays; one tick in `divider()` computes
    interleave  ///< every tick computes, each on the samples that lie whole model periods before it
};

/// What a control loop promises a stream, which refuses what does not fit its model's recipe.
struct StreamConfig {
    /// s between two ticks: the recipe's sample period or a whole fraction of it, within 1 %. 0: the recipe's.
    double sample_period = 0;
    BetweenSamples between = BetweenSamples::hold;
    /// The columns that the loop feeds, in its order; they must be `columns()`. Empty: not checked.
    std::vector<std::string> columns = {};
};

/// A model in a control loop: one sample in, one prediction out, every tick, in the units of the robot's log. Only the
/// new step of every layer is computed; filters, features and normalisation are inside.
///
/// Once `warm()`, a tick gives what the model gives on the window that ends at its sample (with a GRU,
/// whose state is as old as the stream, on a window of all samples since the start). The prediction is that of the
/// sample `delay()` ticks before: where that is not 0 (the recipe looks ahead, or has a centred filter), feed the
/// planned motion `delay()` ticks early. The model must outlive the stream and stay as it is.
///
/// *Units*: samples and outputs as in the log.
/// *Errors*: at construction: `ConfigError` for a sample period or columns that are not the recipe's, `ShapeError` for
/// a recipe or normaliser of other extents or a window too short to stream. What cannot stream does not compile, see
/// `LayerThatCannotStream`. *Cost*: `tick` does not allocate, lock, throw or call the system; benchmarks/stream.cpp.
/// *Threads*: one stream each; the model is shared.
template <class M>
class Stream {
public:
    using Scalar = typename M::Scalar;

    Stream(const M& model, const Recipe& recipe, Normaliser<Scalar> normaliser, const StreamConfig& config = {})
        : model_(&model),
          ahead_(recipe.ahead),
          divider_(divider_of(recipe, config)),
          sample_period_(recipe.sample_period / static_cast<double>(divider_)),
          network_(streaming_network(model.network())),
          output_(static_cast<std::size_t>(model.outputs())) {
        const Index phases = config.between == BetweenSamples::interleave ? divider_ : 1;
        const detail::Units<Scalar> units(model, recipe, std::move(normaliser));
        detail::require<ConfigError>(config.columns.empty() || config.columns == units.features().columns(),
                                     "stream: expected samples of the recipe's columns ",
                                     list(units.features().columns()), ", got ", list(config.columns));
        phases_.reserve(static_cast<std::size_t>(phases));
        for (Index p = 0; p < phases; ++p) phases_.emplace_back(units, network_, ahead_);
    }

    const M& model() const { return *model_; }
    /// What a sample is made of, see `FeatureStream`.
    const std::vector<std::string>& columns() const { return phases_[0].units.features().columns(); }
    Index outputs() const { return model_->outputs(); }
    /// s between two ticks; 0 where the recipe has no sample period.
    double sample_period() const { return sample_period_; }
    /// Ticks in one sample period of the model.
    Index divider() const { return divider_; }
    /// Ticks between the sample that an output is for and the newest.
    Index delay() const { return (ahead_ + phases_[0].units.features().look_ahead()) * divider_; }
    /// Ticks from the start until `warm()`: until every sample that the network depends on is there, and the predicted
    /// one.
    Index warm_up() const {
        return (std::max(network_.history(), ahead_) + phases_[0].units.features().span() - 1) * divider_ + 1;
    }

    /// Forgets every sample: the stream is as it was constructed.
    void reset() noexcept {
        tick_ = 0;
        distance_ = 0;
        for (Phase& phase : phases_) phase.reset();
        std::fill(output_.begin(), output_.end(), Scalar(0));
    }

    /// Every number behind the output comes from a sample: before, samples that are not there yet count as zero.
    bool warm() const noexcept { return tick_ >= warm_up(); }

    /// How far the features of the last computed tick lie outside the training rows, see `Normaliser::distance`.
    Scalar distance() const noexcept { return distance_; }
    /// Whether `distance` knows the training rows' range.
    bool has_input_range() const { return phases_[0].units.has_input_range(); }

    /// Takes the newest sample and returns the newest prediction, valid until the next tick.
    ///
    /// *Shapes*: `sample` [columns()], which the caller guarantees; result [outputs()].
    std::span<const Scalar> tick(std::span<const double> sample) noexcept {
        const auto place = static_cast<Index>(tick_ % divider_);
        ++tick_;
        const bool interleaved = phases_.size() > 1;
        if (place != 0 && !interleaved) return output_;
        Phase& phase = phases_[interleaved ? static_cast<std::size_t>(place) : 0];
        phase.step(*model_, network_, sample, output_);
        distance_ = phase.distance;
        return output_;
    }

private:
    using NetworkType = decltype(streaming_network(std::declval<const M&>().network()));

    /// Beyond it a period is surely in another unit, and its ticks could not be counted.
    static constexpr double largest_divider = 1e6;

    /// The model at one of the places between two of its samples.
    struct Phase {
        detail::Units<Scalar> units;
        Workspace<Scalar> workspace;
        std::vector<Scalar> origins;  // of the rows from the predicted one to the newest
        std::size_t oldest = 0;
        Scalar distance = 0;

        Phase(const detail::Units<Scalar>& units_, const NetworkType& network, Index ahead)
            : units(units_),
              workspace(network.template workspace_shape<Scalar>(1, Mode::inference)),
              origins(units.origins().size() * static_cast<std::size_t>(ahead + 1)) {}

        void reset() noexcept {
            units.reset();
            std::fill(origins.begin(), origins.end(), Scalar(0));
            oldest = 0;
            distance = 0;
            std::fill_n(workspace.memory(), workspace.shape().memory, Scalar(0));
        }
        void step(const M& model, const NetworkType& network, std::span<const double> sample,
                  std::span<Scalar> out) noexcept {
            units.push(sample, workspace.input().sample(0));
            distance = units.distance(workspace.input().sample(0));
            const std::size_t count = units.origins().size();
            Scalar* newest = origins.data() + oldest;
            std::copy_n(units.origins().data(), count, newest);
            oldest = oldest + count == origins.size() ? 0 : oldest + count;
            network.forward(static_cast<const Scalar*>(model.parameters().data()), workspace, 1);
            units.finish(workspace.output().sample(0), origins.data() + oldest, out);
        }
    };

    static Index divider_of(const Recipe& recipe, const StreamConfig& config) {
        if (config.sample_period == 0) return 1;
        const double ratio = recipe.sample_period / config.sample_period, whole = std::round(ratio);
        detail::require<ConfigError>(config.sample_period > 0 && recipe.sample_period > 0 && whole >= 1 &&
                                         whole <= largest_divider && std::abs(ratio - whole) <= 0.01 * whole,
                                     "stream: expected ticks every ", recipe.sample_period,
                                     " s (the model's sample period) or a whole fraction of it within 1 %, got every ",
                                     config.sample_period, " s; resample the log to the loop's rate and train on that");
        return static_cast<Index>(whole);
    }
    static std::string list(const std::vector<std::string>& names) {
        std::string text;
        for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
        return text;
    }

    const M* model_;
    Index ahead_, divider_;
    double sample_period_;
    std::int64_t tick_ = 0;  // not an Index, which on a 32-bit machine would end after 25 days at 1 kHz
    NetworkType network_;
    std::vector<Phase> phases_;
    std::vector<Scalar> output_;
    Scalar distance_ = 0;
};

IDM_NAMESPACE_END
