#pragma once

#include <cstdint>
#include <map>
#include <string>

#include <idm/io/weights.hpp>

#include "support/network_run.hpp"

namespace idm_test {

/// The data section of a weights file whose numbers follow the rule of `NetworkRun::draw_parameters`: the tensors in
/// the order of their names. Fixtures store the head before it alone, some kB in the place of hundreds.
template <class M>
std::string data_section(const idm::ModelConfig& config, std::uint64_t seed) {
    using T = typename M::Scalar;
    NetworkRun<T, typename M::NetworkType> run(M(config).network());
    run.draw_parameters(seed);
    std::map<std::string, std::string> tensors;
    for (const auto& parameter : run.named())
        tensors[parameter.name()] = idm::detail::little_endian<T>(values_of(parameter));
    std::string bytes;
    for (const auto& tensor : tensors) bytes += tensor.second;
    return bytes;
}

/// "f32" or "f64", as fixtures of both precisions are called.
template <class T>
constexpr const char* precision = sizeof(T) == 4 ? "f32" : "f64";

}  // namespace idm_test
