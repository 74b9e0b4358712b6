#pragma once

#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <idm/core/config.hpp>
#include <idm/training/callbacks.hpp>
#include <idm/training/schedule.hpp>
#include <idm/training/stop.hpp>

IDM_NAMESPACE_BEGIN

/// One thing that must be the same for a training to go on: a setting, an extent, a checksum of the data.
struct TrainingFact {
    std::string name, value;

    friend bool operator==(const TrainingFact&, const TrainingFact&) = default;
};

/// How far a training has come.
struct TrainingProgress {
    Index epoch = 1;                      // under way, from 1
    Index step = 0;                       // steps taken in it
    double loss_sum = 0, weight_sum = 0;  // over these
};

/// All that a training needs to go on as if it had never stopped. Batches and random numbers are functions of seed,
/// epoch and step, so their state is the progress.
template <class T>
struct TrainingState {
    std::vector<TrainingFact> identity = {};  // of configuration, model and data
    TrainingProgress progress = {};
    std::vector<T> weights = {}, best_weights = {};
    double best_loss = std::numeric_limits<double>::infinity();
    Index optimiser_steps = 0;
    std::vector<std::vector<T>> memory = {};  // the optimiser's moments, then the moving average of the weights
    PlateauState plateau = {};
    History history = {};
};

/// What a training calls or looks at besides learning; the library itself installs and prints nothing.
template <class T>
struct TrainingHooks {
    EpochCallback on_epoch = {};
    const StopFlag* stop = nullptr;            // looked at before each step
    const TrainingState<T>* resume = nullptr;  // where to go on
    /// Is given the state after every `state_epochs` epochs, after the last and where the training stops.
    std::function<void(const TrainingState<T>&)> on_state = {};
    Index state_epochs = 1;
};

IDM_NAMESPACE_END
