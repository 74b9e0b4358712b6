#pragma once

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include <idm/core/error.hpp>
#include <idm/data/feature_stream.hpp>
#include <idm/data/normaliser.hpp>
#include <idm/data/recipe.hpp>

IDM_NAMESPACE_BEGIN
namespace detail {

/// Recipe and normaliser before a model, normaliser and target origins behind it.
template <class T>
class Units {
public:
    template <class M>
    Units(const M& model, const Recipe& recipe, Normaliser<T> normaliser)
        : features_(recipe),
          normaliser_(std::move(normaliser)),
          origins_(static_cast<std::size_t>(features_.origins())) {
        const Index outputs = model.outputs();
        require<ConfigError>(recipe.ahead >= 0, "expected a recipe with ahead of at least 0 rows, got ", recipe.ahead);
        require<ShapeError>(features_.inputs() == model.inputs() && recipe.window == model.window(),
                            "expected the recipe of a model with window ", model.window(), " and ", model.inputs(),
                            " inputs, got one of window ", recipe.window, " and ", features_.inputs(), " inputs");
        require<ShapeError>(
            normaliser_.input_mean().size() == model.inputs() && normaliser_.target_mean().size() == outputs,
            "expected a normaliser of ", model.inputs(), " inputs and ", outputs, " targets, got ",
            normaliser_.input_mean().size(), " and ", normaliser_.target_mean().size());
        require<ShapeError>(features_.origins() == 0 || features_.origins() * recipe.horizon == outputs,
                            "expected no target origins or one for each of ", outputs, " outputs in ", recipe.horizon,
                            " rows, got ", features_.origins());
    }

    const FeatureStream& features() const { return features_; }
    const std::vector<T>& origins() const { return origins_; }
    void reset() noexcept { features_.reset(); }

    /// The normalised features of the row that `sample` completes.
    void push(std::span<const double> sample, T* row) noexcept {
        features_.push(sample, row, origins_.data());
        for (Index i = 0; i < features_.inputs(); ++i)
            row[i] = (row[i] - normaliser_.input_mean()[i]) / normaliser_.input_scale()[i];
    }
    /// How far such a row lies outside the training rows, see `Normaliser::distance`.
    T distance(const T* row) const noexcept { return normaliser_.distance(row); }
    bool has_input_range() const { return normaliser_.has_input_range(); }
    /// In the target's unit.
    void finish(const T* normalised, const T* origins, std::span<T> out) const noexcept {
        for (std::size_t i = 0; i < out.size(); ++i)
            out[i] = normaliser_.denormalise_target(normalised[i], static_cast<Index>(i));
        const std::size_t joints = origins_.size();
        for (std::size_t i = 0; joints > 0 && i < out.size(); ++i) out[i] += origins[i % joints];
    }

private:
    FeatureStream features_;
    Normaliser<T> normaliser_;
    std::vector<T> origins_;
};

}  // namespace detail
IDM_NAMESPACE_END
