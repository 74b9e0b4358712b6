#pragma once

#include <string>
#include <vector>

#include <idm/io/weights.hpp>
#include <idm/models/cnn1.hpp>

/// A small model and all that goes with it; two inputs of one joint, unlike each other in everything.
inline idm::ModelConfig example_config() { return {.window = 8, .inputs = 2, .outputs = 1}; }

template <class T>
idm::WeightsInfo<T> example_info() {
    const auto vector = [](T a, T b) { return idm::Vector<T>(idm::Vector<T>{{a, b}}); };
    idm::WeightsInfo<T> info;
    info.recipe = {.positions = {.columns = {"q1"}, .unit = idm::AngleUnit::degree, .scale = {-0.5}},
                   .targets = {.columns = {"tau \"1\" \xC3\xA9"}},
                   .target_origins = {.columns = {"q1"}, .scale = {2}},
                   .use_accelerations = false,
                   .filter = {.length = 7, .order = 3, .alignment = idm::Alignment::causal},
                   .window = 8,
                   .ahead = 2,
                   .sample_period = 0.1};
    info.input_names = {"q(q1)", "qd(q1)"};
    info.target_names = {"tau \"1\" \xC3\xA9"};
    info.normaliser = idm::Normaliser<T>(vector(T(0.1), T(-2)), vector(T(1) / 3, T(4)), idm::Vector<T>::Constant(1, 5),
                                         idm::Vector<T>::Constant(1, T(0.7)), {"qd(q1)"});
    info.normaliser.set_input_range(vector(T(-0.75), T(-3)), vector(T(1.5), T(3)));
    info.training = {
        .data = "a log", .seed = 18446744073709551615u, .epochs = 3, .train_seconds = 1.5, .validation_nmse = 0.25};
    return info;
}
