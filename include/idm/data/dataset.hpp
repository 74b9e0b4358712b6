#pragma once

#include <cstddef>
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
/// *Shapes*: `inputs [rows, C]`, `targets [rows, J]`. *Units*: both normalised.
template <class T>
struct Dataset {
    Recipe recipe;
    std::vector<std::string> input_names, target_names;
    Matrix<T> inputs;
    Matrix<T> targets;
    Split split;
    Normaliser<T> normaliser;
    /// What each row's target counts in the loss of training and validation; empty: 1 for all. A row of weight 0 is a
    /// window's input, but no target, and its targets may be anything.
    std::vector<double> row_weights = {};

    double row_weight(Index row) const {
        return row_weights.empty() ? 1.0 : row_weights[static_cast<std::size_t>(row)];
    }
};

/// Features, then split, then the normaliser fitted on the training segments and applied in place.
///
/// Blocks keep a gap of window + ahead + filter span rows. *Errors*: those of `make_features`, `make_split` and
/// `Normaliser::fit`. *Cost*: one feature matrix in memory beside the log.
template <class T>
Dataset<T> make_dataset(const Log& log, const Recipe& recipe, const SplitRule& rule) {
    detail::require<ConfigError>(recipe.window >= 1 && recipe.ahead >= 0,
                                 "expected a window of 1 row or more and ahead >= 0, got ", recipe.window, " and ",
                                 recipe.ahead);
    Features<T> features = make_features<T>(log, recipe);
    Split split = make_split(features.segments, rule, recipe.window + recipe.ahead + filter_span(recipe));
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
            .normaliser = std::move(normaliser)};
}

IDM_NAMESPACE_END
