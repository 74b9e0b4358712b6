#pragma once

#include <cmath>
#include <cstdint>
#include <optional>
#include <span>

#include <idm/core/random.hpp>
#include <idm/layers/parameters.hpp>

IDM_NAMESPACE_BEGIN

/// Fills every parameter with uniform numbers in +-1 / sqrt(fan_in), PyTorch's default for Conv1d and Linear, or with
/// the start value that its layer gives.
///
/// Parameter i draws from a generator of its own, a function of (seed, i), so a change in one layer leaves the others'
/// numbers as they were.
/// *Source*: https://pytorch.org/docs/stable/generated/torch.nn.Conv1d.html, "Variables".
template <class T>
void initialise_uniform(std::span<const NamedParameter<T>> parameters, std::uint64_t seed) {
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        Random random(seed, i);
        const double bound = 1.0 / std::sqrt(static_cast<double>(parameters[i].info().fan_in));
        const std::optional<double> initial = parameters[i].info().initial;
        for (Index j = 0; j < parameters[i].size(); ++j)
            parameters[i][j] = static_cast<T>(initial ? *initial : random.uniform(-bound, bound));
    }
}

IDM_NAMESPACE_END
