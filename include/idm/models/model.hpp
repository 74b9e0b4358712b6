#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <idm/core/buffer.hpp>
#include <idm/core/tensor.hpp>
#include <idm/layers/init.hpp>
#include <idm/layers/network.hpp>

IDM_NAMESPACE_BEGIN

/// What every model is constructed from. A static extent of the model's type may be left out here.
struct ModelConfig {
    Index window = dynamic;   // steps of one input window
    Index inputs = dynamic;   // features per step
    Index outputs = dynamic;  // actions, for example joint torques
};

/// A network with its parameters and nothing else: constant during inference and shared between threads. All scratch
/// is the caller's `Workspace`.
///
/// *Shapes*: input [N, window, inputs], output [N, 1, outputs]. *Units*: normalised, see data/normaliser.hpp.
template <class T, class In, class Net>
class Model {
public:
    using Scalar = T;
    using NetworkType = Network<In, Net>;

    Model(In input, Net layers) : network_(input, layers), parameters_(network_.buffer_size()) {}

    const NetworkType& network() const { return network_; }
    Index window() const { return network_.input_shape().length(); }
    Index inputs() const { return network_.input_shape().channels(); }
    Index outputs() const { return network_.output_shape().channels(); }

    /// The whole buffer, padding included; the padding is zero and stays so.
    std::span<T> parameters() { return parameters_.span(); }
    std::span<const T> parameters() const { return parameters_.span(); }

    /// Every parameter in PyTorch's name, shape and order.
    std::vector<NamedParameter<T>> named_parameters() { return list<T>(parameters_.data()); }
    std::vector<NamedParameter<const T>> named_parameters() const { return list<const T>(parameters_.data()); }
    /// Numbers that training adjusts.
    Index parameter_count() const {
        Index total = 0;
        for (const ParameterInfo& info : parameter_infos()) total += info.size;
        return total;
    }

    /// Random parameters, a function of the seed alone; see `initialise_uniform`.
    void initialise(std::uint64_t seed) {
        const auto named = named_parameters();
        initialise_uniform<T>(named, seed);
    }

    Workspace<T> make_workspace(Index capacity, Mode mode = Mode::inference) const {
        return Workspace<T>(network_.template workspace_shape<T>(capacity, mode));
    }

    /// Fills `workspace.output()` from `workspace.input()`. *Cost*: no allocation. *Threads*: any number, each with a
    /// workspace of its own.
    void forward(Workspace<T>& workspace, Index samples) const {
        network_.forward(parameters_.data(), workspace, samples);
    }

    /// Predicts a batch. *Shapes*: x [N, window, inputs], y [N, outputs]. *Errors*: `ShapeError` when they differ, or
    /// beyond the workspace's capacity.
    void predict(const ConstTensorView<T, 3>& x, TensorView<T, 2> y, Workspace<T>& workspace) const {
        const Index n = x.dimension(0);
        detail::require<ShapeError>(x.dimension(1) == window() && x.dimension(2) == inputs(),
                                    "predict: expected x [N, ", window(), ", ", inputs(), "], got [", n, ", ",
                                    x.dimension(1), ", ", x.dimension(2), "]");
        detail::require<ShapeError>(y.dimension(0) == n && y.dimension(1) == outputs(), "predict: expected y [", n,
                                    ", ", outputs(), "], got [", y.dimension(0), ", ", y.dimension(1), "]");
        workspace.check(n, window() * inputs(), outputs());
        const Index size = window() * inputs();
        for (Index i = 0; i < n; ++i) std::copy_n(x.data() + i * size, size, workspace.input().sample(i));
        forward(workspace, n);
        for (Index i = 0; i < n; ++i) std::copy_n(workspace.output().sample(i), outputs(), y.data() + i * outputs());
    }

    /// One row for each layer; `format_layer_table` prints them.
    std::vector<LayerRow> layer_table() const {
        std::vector<LayerRow> rows;
        detail::describe_layer(network_.layers(), network_.input_shape(), 0, rows);
        return rows;
    }

private:
    std::vector<ParameterInfo> parameter_infos() const {
        std::vector<ParameterInfo> infos;
        network_.layers().list_parameters(network_.input_shape(), 0, "", infos);
        return infos;
    }
    template <class U>
    std::vector<NamedParameter<U>> list(U* buffer) const {
        std::vector<NamedParameter<U>> named;
        for (ParameterInfo& info : parameter_infos()) named.emplace_back(std::move(info), buffer);
        return named;
    }

    NetworkType network_;
    Buffer<T> parameters_;
};

namespace detail {

/// The extent that a model's type or its configuration gives.
template <Index Static>
constexpr Index extent_of(Index configured, const char* what) {
    if (configured == dynamic) {
        require<ConfigError>(Static != dynamic, "expected the model's number of ", what,
                             ", in its type or in ModelConfig; got neither");
        return Static;
    }
    require<ConfigError>(configured >= 1, "expected at least 1 as the model's number of ", what, ", got ", configured);
    return configured;
}

template <Index Window, Index Inputs>
Shape<Window, Inputs> input_shape_of(const ModelConfig& config) {
    return {extent_of<Window>(config.window, "window steps"), extent_of<Inputs>(config.inputs, "inputs")};
}

}  // namespace detail

/// The layer table as text: layer, output shape, parameters; the last line adds them up.
template <class M>
std::string format_layer_table(const M& model) {
    std::string text;
    char line[128];
    Index total = 0;
    const auto add = [&](const std::string& name, const std::string& shape, Index parameters) {
        std::snprintf(line, sizeof line, "%-44s %-12s %10lld\n", name.c_str(), shape.c_str(),
                      static_cast<long long>(parameters));
        text += line;
    };
    add("input", detail::message("[", model.window(), ", ", model.inputs(), "]"), 0);
    for (const LayerRow& row : model.layer_table()) {
        add(std::string(static_cast<std::size_t>(2 * row.depth), ' ') + row.name,
            detail::message("[", row.length, ", ", row.channels, "]"), row.parameters);
        total += row.parameters;
    }
    add("total", "", total);
    return text;
}

IDM_NAMESPACE_END
