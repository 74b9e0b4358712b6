#pragma once

#include <array>
#include <cmath>
#include <memory>
#include <vector>

#include <idm/inference.hpp>

/// A control loop's things, made before the loop: q alone goes in, filters and features are inside.
template <class M>
struct Loop {
    static constexpr idm::Index joints = 7, features = 6 * joints;
    using T = typename M::Scalar;

    std::shared_ptr<M> model;
    idm::Recipe recipe;
    idm::Normaliser<T> normaliser;
    std::array<double, joints> sample{};

    explicit Loop(idm::Index window)
        : model(std::make_shared<M>(idm::ModelConfig{.window = window, .inputs = features, .outputs = joints})),
          normaliser(idm::Vector<T>::Zero(features), idm::Vector<T>::Ones(features), idm::Vector<T>::Zero(joints),
                     idm::Vector<T>::Ones(joints)) {
        model->initialise(1);
        for (int j = 0; j < joints; ++j) recipe.positions.columns.push_back("q" + std::to_string(j));
        for (int j = 0; j < joints; ++j) recipe.targets.columns.push_back("tau" + std::to_string(j));
        recipe.use_sin = recipe.use_cos = true;
        recipe.sign_velocity = 0.02;
        recipe.filter.alignment = idm::Alignment::causal;
        recipe.window = window;
        recipe.sample_period = 0.001;
        normaliser.set_input_range(idm::Vector<T>::Constant(features, T(-1e6)),
                                   idm::Vector<T>::Constant(features, T(1e6)));
    }

    /// The motion's next sample.
    const std::array<double, joints>& next(int tick) {
        for (int j = 0; j < joints; ++j) sample[static_cast<std::size_t>(j)] = std::sin(0.01 * tick + j);
        return sample;
    }
    idm::Stream<M> stream() const { return idm::Stream<M>(*model, recipe, normaliser); }
    auto safe() const {
        const auto zero = [](std::span<const double>, std::span<T> out) noexcept {
            for (T& value : out) value = 0;
        };
        return idm::SafeStream<M, decltype(zero)>(stream(), zero,
                                                  {.limit = std::vector<double>(joints, 100),
                                                   .rate = std::vector<double>(joints, 1e4),
                                                   .sample_period = 0.001});
    }
};
