#pragma once

#include <cmath>
#include <vector>

#include <idm/io/weights.hpp>
#include <idm/models/cnn2.hpp>

/// What fixtures/cnn2_x86.* were made of: two joints whose positions alone go in, everything else is derived from them.
namespace x86_example {

inline constexpr std::uint64_t seed = 7;
inline idm::ModelConfig config() { return {.window = 32, .inputs = 12, .outputs = 2}; }

template <class T>
idm::WeightsInfo<T> info() {
    idm::WeightsInfo<T> info;
    info.recipe = {.positions = {.columns = {"q1", "q2"}, .unit = idm::AngleUnit::degree, .scale = {1, -1}},
                   .targets = {.columns = {"tau1", "tau2"}},
                   .use_sin = true,
                   .use_cos = true,
                   .sign_velocity = 0.125,
                   .filter = {.length = 7, .order = 3, .alignment = idm::Alignment::causal},
                   .window = 32,
                   .sample_period = 0.01};
    for (const char* what : {"q", "qd", "qdd", "sin", "cos", "sign"})
        for (const char* joint : {"q1", "q2"}) info.input_names.push_back(std::string(what) + "(" + joint + ")");
    info.target_names = {"tau1", "tau2"};
    idm::Vector<T> mean(12), scale(12);
    mean << T(0.125), T(-0.25), 0, 0, 0, 0, 0, 0, T(0.75), T(0.75), 0, 0;
    scale << T(0.5), T(0.25), 2, 2, 8, 16, T(0.5), T(0.25), T(0.125), T(0.0625), 1, 1;
    info.normaliser = idm::Normaliser<T>(mean, scale, idm::Vector<T>{{T(3), T(-1)}}, idm::Vector<T>{{T(20), T(5)}});
    return info;
}

/// One sample in degrees.
inline std::vector<double> sample(int row) {
    const double t = 0.01 * row;
    return {40 * std::sin(3 * t), 25 * std::cos(5 * t) + 3 * t};
}

}  // namespace x86_example
