#pragma once

#include <string>
#include <vector>

#include <idm/core/config.hpp>
#include <idm/core/tensor.hpp>
#include <idm/data/normaliser.hpp>
#include <idm/data/recipe.hpp>
#include <idm/data/split.hpp>
#include <idm/data/trajectory.hpp>
#include <idm/data/window.hpp>

IDM_NAMESPACE_BEGIN

/// What a trainer needs: one normalised feature row per log row, and which rows serve which purpose. No window is
/// stored; `window_rows` and `gather_window` make samples from row indices.
///
/// *Shapes*: `inputs [rows, C]`, `targets [rows, J]`. *Units*: both normalised; `sample_period` in s.
template <class T>
struct Dataset {
    std::vector<std::string> input_names, target_names;
    std::string target_unit;
    double sample_period = 0;
    Matrix<T> inputs;
    Matrix<T> targets;
    Split split;
    Normaliser<T> normaliser;
    Index window = 0;
    Index ahead = 0;
};

/// Features, split, normaliser (fitted on the training segments), normalised in place.
template <class T>
Dataset<T> make_dataset(const Log& log, const Recipe& recipe, const SplitRule& rule);

IDM_NAMESPACE_END
