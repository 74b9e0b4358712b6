#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <tuple>
#include <vector>

#include <idm/core/random.hpp>
#include <idm/layers/activation.hpp>
#include <idm/layers/conv1d.hpp>
#include <idm/layers/dense.hpp>
#include <idm/layers/network.hpp>

namespace idm_test {

using idm::Index;

/// Pseudo-random numbers in [-scale, scale): multiples of scale / 2^23, so float and double hold the same values when
/// `scale` is a power of two. tests/parity/make_fixtures.py draws the same ones.
template <class T>
std::vector<T> numbers(std::uint64_t seed, std::uint64_t stream, Index count, double scale = 1.0) {
    idm::Random random(seed, stream);
    std::vector<T> values(static_cast<std::size_t>(count));
    for (T& value : values)
        value = static_cast<T>(scale * (static_cast<double>(random.bits() >> 40) - 0x1p23) * 0x1p-23);
    return values;
}

/// A network with parameters, gradient and workspace of its own, fed with plain [N, L, C] vectors.
template <class T, class N>
struct NetworkRun {
    N network;
    Index samples;
    idm::Workspace<T> workspace;
    idm::Buffer<T> parameters, gradient;

    explicit NetworkRun(const N& net, Index n = 1, idm::Mode mode = idm::Mode::training_to_input, Index capacity = 0)
        : network(net),
          samples(n),
          workspace(net.template workspace_shape<T>(std::max(capacity, n), mode)),
          parameters(net.buffer_size()),
          gradient(net.buffer_size()) {}

    std::vector<idm::NamedParameter<T>> named() { return list(parameters); }
    std::vector<idm::NamedParameter<T>> named_gradient() { return list(gradient); }

    /// Parameter i from stream i + 2 of `seed`, times the largest power of two that is at most 1 / sqrt(fan_in).
    void draw_parameters(std::uint64_t seed) {
        std::uint64_t stream = 2;
        for (const auto& p : named()) {
            double scale = 1;
            while (scale * scale * static_cast<double>(p.info().fan_in) > 1) scale /= 2;
            p.copy_from(numbers<T>(seed, stream++, p.size(), scale));
        }
    }
    std::vector<T> draw_input(std::uint64_t seed) const {
        return numbers<T>(seed, 0, samples * network.input_shape().size());
    }
    std::vector<T> draw_d_output(std::uint64_t seed) const {
        return numbers<T>(seed, 1, samples * network.output_shape().size());
    }

    std::vector<T> forward(const std::vector<T>& x) {
        write(x, workspace.input(), network.input_shape().size());
        network.forward(parameters.data(), workspace, samples);
        return read(workspace.output(), network.output_shape().size());
    }
    /// Adds to `gradient`, or what `options` ask for; returns d_x, empty unless the mode is `training_to_input`.
    std::vector<T> backward(const std::vector<T>& d_y, idm::BackwardOptions options = {}) {
        write(d_y, workspace.d_output(), network.output_shape().size());
        network.backward(parameters.data(), gradient.data(), workspace, samples, options);
        if (workspace.mode() != idm::Mode::training_to_input) return {};
        return read(workspace.d_input(), network.input_shape().size());
    }

private:
    std::vector<idm::NamedParameter<T>> list(idm::Buffer<T>& buffer) const {
        std::vector<idm::ParameterInfo> infos;
        network.layers().list_parameters(network.input_shape(), 0, "", infos);
        std::vector<idm::NamedParameter<T>> result;
        for (const auto& info : infos) result.emplace_back(info, buffer.data());
        return result;
    }
    void write(const std::vector<T>& from, idm::BatchView<T> to, Index size) const {
        for (Index n = 0; n < samples; ++n) std::copy_n(from.data() + n * size, size, to.sample(n));
    }
    std::vector<T> read(idm::BatchView<T> from, Index size) const {
        std::vector<T> values(static_cast<std::size_t>(samples * size));
        for (Index n = 0; n < samples; ++n) std::copy_n(from.sample(n), size, values.data() + n * size);
        return values;
    }
};

template <class T, class In, class Net>
auto network_run(In in, Net net, Index samples = 1, idm::Mode mode = idm::Mode::training_to_input, Index capacity = 0) {
    return NetworkRun<T, idm::Network<In, Net>>({in, net}, samples, mode, capacity);
}

template <class T>
std::vector<T> values_of(const idm::NamedParameter<T>& parameter) {
    std::vector<T> values(static_cast<std::size_t>(parameter.size()));
    parameter.copy_to(values);
    return values;
}
template <class T>
std::vector<T> values_of(const idm::Buffer<T>& buffer) {
    return {buffer.data(), buffer.data() + buffer.size()};
}

/// ReLU that no kernel fuses, and that remembers how near to its kink it came.
class WatchedReLU : public idm::ReLU {
public:
    static constexpr idm::kernels::Epilogue as_epilogue = idm::kernels::Epilogue::none;

    explicit WatchedReLU(double* nearest = nullptr) : nearest_(nearest) {}

    template <class T, class In>
    void forward(const In& in, const idm::Forward<T>& p) const {
        for (Index n = 0; nearest_ && n < p.samples; ++n)
            for (Index i = 0; i < in.size(); ++i)
                *nearest_ = std::min(*nearest_, std::abs(static_cast<double>(p.x.sample(n)[i])));
        ReLU::forward(in, p);
    }

private:
    double* nearest_;
};

// The same layers with WatchedReLU in ReLU's place, however deep.
template <class L>
L watch(const L& layer, double*) {
    return layer;
}
inline WatchedReLU watch(const idm::ReLU&, double* nearest) { return WatchedReLU(nearest); }
template <class... Layers>
auto watch(const idm::Residual<Layers...>& residual, double* nearest);
template <class Net, class Skip>
auto watch(const idm::Sum<Net, Skip>& sum, double* nearest);
template <class... Layers>
auto watch(const idm::Sequential<Layers...>& net, double* nearest) {
    return std::apply(
        [&](const auto&... layer) {
            return idm::Sequential<decltype(watch(layer, nearest))...>(watch(layer, nearest)...);
        },
        net.layers());
}
template <class... Layers>
auto watch(const idm::Residual<Layers...>& residual, double* nearest) {
    return std::apply(
        [&](const auto&... layer) {
            return idm::Residual<decltype(watch(layer, nearest))...>(watch(layer, nearest)...);
        },
        residual.body().layers());
}
template <class Net, class Skip>
auto watch(const idm::Sum<Net, Skip>& sum, double* nearest) {
    return idm::Sum(watch(sum.net(), nearest), watch(sum.skip(), nearest));
}

}  // namespace idm_test
