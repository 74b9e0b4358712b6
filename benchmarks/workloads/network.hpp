#pragma once

#include <functional>
#include <string>
#include <vector>

#include "side.hpp"

// Whole networks, in terms that every implementation understands: see side.hpp.

namespace bench {

enum class Model {
    m1,    // Conv(21 -> 64, k5) ReLU Conv(64 -> 64, k3) ReLU Flatten Dense(128) ReLU Dense(7), `same` padding
    cnn2,  // idm::Cnn2: dilated, causal, residual
};

inline constexpr long window = 32, inputs = 21, outputs = 7;

/// A piece of a log and the windows of its rows: window n is rows [n, n + 32) and its target that of its last row.
struct Series {
    long windows = 0;
    std::vector<float> rows;     // [windows + 31, inputs]
    std::vector<float> targets;  // [windows + 31, outputs]

    std::vector<float> window_inputs() const;   // [windows, 32, inputs]
    std::vector<float> window_targets() const;  // [windows, outputs]
};
Series make_series(long windows);

/// A model's random parameters, one list for each, in PyTorch's order and layout. All are bf16 numbers, so that weights
/// in bf16 are the same ones.
using Parameters = std::vector<std::vector<float>>;
Parameters make_parameters(Model model);

inline constexpr double learning_rate = 1e-3;  // of Adam, with PyTorch's other defaults

/// Predict all windows; `result` is [windows, outputs].
void add_idm_inference(Sides& sides, Model model, const Parameters& parameters, const Series& series, int threads);
/// With weights in bf16, on one thread.
void add_idm_bf16_inference(Sides& sides, Model model, const Parameters& parameters, const Series& series);
/// By the kernels that idm::dispatch chooses.
void add_idm_dispatch_inference(Sides& sides, Model model, const Parameters& parameters, const Series& series,
                                int threads);
void add_onednn_inference(Sides& sides, const Parameters& parameters, const Series& series, int threads);
void add_libtorch_inference(Sides& sides, Model model, const Parameters& parameters, const Series& series, int threads);
/// The newest output of a stream that has seen the series' first window, and takes its last row again and again.
void add_idm_tick(Sides& sides, const Parameters& parameters, const Series& series);
void add_idm_bf16_tick(Sides& sides, const Parameters& parameters, const Series& series);
void add_idm_dispatch_tick(Sides& sides, const Parameters& parameters, const Series& series);

/// One Adam step on the mean squared error over all windows; `result` is the loss before the step.
void add_onednn_training(Sides& sides, const Parameters& parameters, const Series& series, int threads);
void add_libtorch_training(Sides& sides, Model model, const Parameters& parameters, const Series& series, int threads);

/// idm's public trainer, which is told when to stop: after each epoch over the series, in steps of `batch` windows,
/// `on_epoch` gets the mean loss and the time for one target, and returns whether to go on.
void train_idm(Model model, const Parameters& parameters, const Series& series, long batch, int threads,
               const std::function<bool(double loss, double us_per_target)>& on_epoch);

}  // namespace bench
