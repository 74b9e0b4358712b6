#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <idm/core/config.hpp>
#include <idm/core/error.hpp>
#include <idm/core/tensor.hpp>
#include <idm/data/features.hpp>
#include <idm/data/normaliser.hpp>
#include <idm/data/split.hpp>
#include <idm/data/trajectory.hpp>
#include <idm/data/window.hpp>

IDM_NAMESPACE_BEGIN

/// What a trainer needs: one normalised feature row per log row, and which rows serve which purpose. No window is
/// stored; `window_rows` and `gather_window` make samples from row indices.
///
/// The recipe travels with the data to the model, because whoever runs the model must apply the same one; its sample
/// period is that of the log.
///
/// *Shapes*: `inputs [rows, C]`, `targets [rows, horizon * J]`, `origins [rows, J]` or empty.
/// *Units*: inputs and targets normalised, origins the log's.
template <class T>
struct Dataset {
    Recipe recipe;
    std::vector<std::string> input_names, target_names;
    Matrix<T> inputs;
    Matrix<T> targets;
    Split split;
    Normaliser<T> normaliser;
    Matrix<T> origins = {};  // what targets are relative to
    /// What each row's target counts in the loss of training and validation; empty: 1 for all. A row of weight 0 is a
    /// window's input, but no target, and its targets may be anything.
    std::vector<double> row_weights = {};

    double row_weight(Index row) const {
        return row_weights.empty() ? 1.0 : row_weights[static_cast<std::size_t>(row)];
    }
};

/// From a model's normalised outputs for some rows to the targets themselves: denormalised, origins added.
///
/// *Shapes*: `values [rows.size(), horizon * J]`. *Units*: the log's.
template <class T>
Matrix<double> in_log_units(const Dataset<T>& data, std::span<const WindowRow> rows, Matrix<T> values) {
    data.normaliser.denormalise_targets(values);
    Matrix<double> result = values.template cast<double>();
    const Index joints = data.origins.cols();
    for (Index n = 0; n < result.rows() && joints > 0; ++n)
        for (Index i = 0; i < result.cols(); ++i)
            result(n, i) += static_cast<double>(data.origins(rows[static_cast<std::size_t>(n)].row, i % joints));
    return result;
}

namespace detail {

/// Rows that must lie between blocks: as many as a window, its features and its targets reach.
inline Index gap_of(const Recipe& recipe, Index window) { return window + rows_behind(recipe) + filter_span(recipe); }

/// *Errors*: `ConfigError` when the blocks of a data set are closer together than a window needs.
template <class T>
void require_gap(const Dataset<T>& data, Index window) {
    const Index needed = gap_of(data.recipe, window);
    require<ConfigError>(!data.split.gap || *data.split.gap >= needed, "expected a gap of at least ", needed,
                         " rows between the blocks of the data set (a window of ", window,
                         " rows and what its features reach), got ", data.split.gap.value_or(0),
                         "; make the data set with the longest window of its models in the recipe (it is ",
                         data.recipe.window, ") or a gap in the split's rule");
}

}  // namespace detail

/// Features, then split, then the normaliser fitted on the training segments and applied in place.
///
/// Blocks keep a gap of window + filter span rows and those behind a row that its window or its chunk reads. *Errors*:
/// those of `make_features`, `make_split` and `Normaliser::fit`. *Cost*: one feature matrix in memory beside the log.
template <class T>
Dataset<T> make_dataset(const Log& log, const Recipe& recipe, const SplitRule& rule);

#if !IDM_HAS_COMPILED

template <class T>
Dataset<T> make_dataset(const Log& log, const Recipe& recipe, const SplitRule& rule) {
    detail::require<ConfigError>(recipe.window >= 1 && recipe.ahead >= 0,
                                 "expected a window of 1 row or more and ahead >= 0, got ", recipe.window, " and ",
                                 recipe.ahead);
    Features<T> features = make_features<T>(log, recipe);
    Split split = make_split(features.segments, rule, detail::gap_of(recipe, recipe.window));
    Normaliser<T> normaliser =
        Normaliser<T>::fit(features.inputs, features.targets, split.train, features.input_names, features.target_names);
    normaliser.normalise_inputs(features.inputs);
    normaliser.normalise_targets(features.targets);
    Recipe resolved = recipe;
    resolved.sample_period = features.sample_period;
    return {.recipe = std::move(resolved),
            .input_names = std::move(features.input_names),
            .target_names = std::move(features.target_names),
            .inputs = std::move(features.inputs),
            .targets = std::move(features.targets),
            .split = std::move(split),
            .normaliser = std::move(normaliser),
            .origins = std::move(features.origins)};
}

#endif  // !IDM_HAS_COMPILED

IDM_NAMESPACE_END
