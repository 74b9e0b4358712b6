#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <idm/core/error.hpp>
#include <idm/core/workspace.hpp>
#include <idm/data/normaliser.hpp>
#include <idm/data/recipe.hpp>
#include <idm/layers/cone.hpp>
#include <idm/models/units.hpp>

IDM_NAMESPACE_BEGIN

namespace detail {

/// The network that predicts one window: pruned to its cone where that is possible.
template <class M>
auto window_network(const M& model) {
    if constexpr (Prunable<typename M::NetworkType::Layers>)
        return pruned_network(model.network());
    else
        return model.network();
}

}  // namespace detail

/// A model in the units of the robot's log: whole windows of samples in, actions out. For sample by sample see Stream.
///
/// A window is `rows()` samples, oldest first, of `columns()` numbers each, as the log has them. The prediction is that
/// of the sample `delay()` before the newest: `ahead` of the recipe, and half a centred derivative filter.
///
/// The model must outlive the predictor. *Units*: samples and outputs as in the log.
/// *Errors*: `ShapeError` when model, recipe and normaliser differ in extents, or for a negative capacity. *Cost*: no
/// allocation after construction. *Threads*: one predictor each; the model is shared.
template <class M>
class Predictor {
public:
    using Scalar = typename M::Scalar;

    Predictor(const M& model, const Recipe& recipe, Normaliser<Scalar> normaliser, Index capacity = 1)
        : model_(&model),
          ahead_(recipe.ahead),
          units_(model, recipe, std::move(normaliser)),
          network_(detail::window_network(model)),
          workspace_(network_.template workspace_shape<Scalar>(capacity, Mode::inference)),
          origins_(units_.origins().size() * static_cast<std::size_t>(capacity)) {
        detail::require<ConfigError>(recipe.ahead < model.window(), "expected ahead below the window of ",
                                     model.window(), " rows, got ", recipe.ahead);
    }

    const std::vector<std::string>& columns() const { return units_.features().columns(); }
    /// Samples of one window.
    Index rows() const { return model_->window() + units_.features().span() - 1; }
    /// Samples between the one that is predicted and the newest.
    Index delay() const { return ahead_ + units_.features().look_ahead(); }
    Index outputs() const { return model_->outputs(); }
    Index capacity() const { return workspace_.capacity(); }

    /// *Shapes*: `samples` [windows, rows(), columns()], `out` [windows, outputs()].
    /// *Errors*: `ShapeError` for other sizes, or more windows than `capacity()`.
    void predict(std::span<const double> samples, std::span<Scalar> out) {
        const std::size_t window = static_cast<std::size_t>(rows()) * columns().size(),
                          outs = static_cast<std::size_t>(outputs());
        const std::size_t windows = samples.size() / window;
        detail::require<ShapeError>(samples.size() == windows * window && out.size() == windows * outs &&
                                        static_cast<Index>(windows) <= capacity(),
                                    "predict: expected at most ", capacity(), " windows of ", rows(), " samples x ",
                                    columns().size(), " numbers and ", outs, " outputs each, got ", samples.size(),
                                    " numbers and ", out.size(), " outputs");
        for (std::size_t n = 0; n < windows; ++n) load(samples.subspan(n * window, window), static_cast<Index>(n));
        network_.forward(static_cast<const Scalar*>(model_->parameters().data()), workspace_,
                         static_cast<Index>(windows));
        for (std::size_t n = 0; n < windows; ++n)
            units_.finish(workspace_.output().sample(static_cast<Index>(n)),
                          origins_.data() + n * units_.origins().size(), out.subspan(n * outs, outs));
    }

private:
    void load(std::span<const double> samples, Index n) {
        const std::size_t width = columns().size(), origins = units_.origins().size();
        const Index before = units_.features().span() - 1, target = rows() - 1 - ahead_;
        Scalar* row = workspace_.input().sample(n);
        units_.reset();
        // The first `span - 1` samples complete no row of the window: each overwrites the last one's features.
        for (Index r = 0; r < rows(); ++r) {
            units_.push(samples.subspan(static_cast<std::size_t>(r) * width, width), row);
            if (r == target)
                std::copy_n(units_.origins().data(), origins, origins_.data() + static_cast<std::size_t>(n) * origins);
            if (r >= before) row += model_->inputs();
        }
    }

    const M* model_;
    Index ahead_;
    detail::Units<Scalar> units_;
    decltype(detail::window_network(std::declval<const M&>())) network_;
    Workspace<Scalar> workspace_;
    std::vector<Scalar> origins_;
};

IDM_NAMESPACE_END
