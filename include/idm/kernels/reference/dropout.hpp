#pragma once

#include <cstdint>

#include <idm/core/config.hpp>
#include <idm/core/random.hpp>

IDM_NAMESPACE_BEGIN
namespace kernels::reference {

/// y[i] = x[i] / (1 - rate) with probability 1 - rate, else 0; which, is a function of the state of `random`. y may lie
/// where x lies. Its gradient is itself, from the same state.
template <class T>
void dropout(Index size, double rate, Random random, const T* x, T* y) {
    const T scale = static_cast<T>(1 / (1 - rate));
    for (Index i = 0; i < size; ++i) y[i] = random.uniform() < rate ? T(0) : x[i] * scale;
}

}  // namespace kernels::reference
IDM_NAMESPACE_END
