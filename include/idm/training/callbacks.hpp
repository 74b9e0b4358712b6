#pragma once

#include <functional>
#include <vector>

#include <idm/core/config.hpp>

IDM_NAMESPACE_BEGIN

/// What a callback learns after each epoch. Losses are means over normalised targets: of squared errors, or as
/// `TrainerConfig::loss` says.
struct EpochReport {
    Index epoch = 0;   // from 1
    Index epochs = 0;  // as configured
    double training_loss = 0;
    double validation_loss = 0;
    double learning_rate = 0;       // of the epoch's last step
    double samples_per_second = 0;  // targets learned from per second, validation not counted
    double seconds_left = 0;        // estimate until the last epoch's end
    bool best = false;              // the validation loss is the lowest so far
};

/// Called after each epoch; the library itself prints nothing. Returning false ends the training there.
using EpochCallback = std::function<bool(const EpochReport&)>;

/// How a training went.
struct History {
    std::vector<EpochReport> epochs;
    Index best_epoch = 0;  // whose weights the model holds; from 1
    double seconds = 0;
    bool stopped = false;  // on request, before its end
};

IDM_NAMESPACE_END
