#pragma once

#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <idm/core/config.hpp>
#include <idm/core/error.hpp>
#include <idm/kernels/shapes.hpp>

IDM_NAMESPACE_BEGIN

/// Where one named parameter lies in a model's buffer, and its shape as PyTorch's state dict has it.
///
/// A `statistic` is measured by the layer, not learned (a running mean): the layer's backward pass adds
/// samples * (old value - new value) to its place in the gradient, and a training step subtracts the mean of that.
///
/// A weight is packed (see kernels/shapes.hpp), group behind group; `taps` and `channels` map it to PyTorch's [out,
/// channels, taps]. A Dense behind a Flatten is such a weight too: PyTorch flattens [C, L], so its columns run over
/// channels first.
struct ParameterInfo {
    std::string name;
    std::vector<Index> shape;
    Index offset = 0;
    Index size = 0;    // numbers, without padding
    Index fan_in = 0;  // inputs of one output, for the initialisation
    Index taps = 0;    // 0: plain vector, in order
    Index channels = 0;
    Index outputs = 0;
    std::optional<double> initial = {};  // every number's start value; none: drawn at random
    bool statistic = false;
    Index groups = 1;  // of a convolution: `channels` are those of one group

    /// Offset in the model's buffer of PyTorch's element `flat` (row-major over `shape`).
    Index buffer_index(Index flat) const {
        if (taps == 0) return offset + flat;
        const Index k = flat % taps, c = flat / taps % channels, o = flat / taps / channels;
        const Index rows = taps * channels, columns = outputs / groups;
        return offset + o / columns * kernels::packed_weight_size(rows, columns) +
               kernels::packed_offset(rows, columns, k * channels + c, o % columns);
    }

    static ParameterInfo vector(std::string name, Index offset, Index size, Index fan_in) {
        return {std::move(name), {size}, offset, size, fan_in, 0, 0, 0, {}, false, 1};
    }
    /// `torch_shape` is [out, channels, taps] of a convolution or [out, channels * taps] of a linear layer.
    static ParameterInfo weight(std::string name, std::vector<Index> torch_shape, Index offset, Index outputs,
                                Index channels, Index taps, Index groups = 1) {
        return {std::move(name),
                std::move(torch_shape),
                offset,
                outputs * channels * taps,
                channels * taps,
                taps,
                channels,
                outputs,
                {},
                false,
                groups};
    }
    /// A vector whose numbers all start at `initial`.
    static ParameterInfo constant(std::string name, Index offset, Index size, double initial, bool statistic = false) {
        return {std::move(name), {size}, offset, size, 1, 0, 0, 0, initial, statistic, 1};
    }
};

/// One parameter of a model, in PyTorch's name, shape and order. Valid as long as the model lives.
template <class T>
class NamedParameter {
public:
    NamedParameter(ParameterInfo info, T* buffer) : info_(std::move(info)), buffer_(buffer) {}

    const ParameterInfo& info() const { return info_; }
    const std::string& name() const { return info_.name; }
    const std::vector<Index>& shape() const { return info_.shape; }
    Index size() const { return info_.size; }
    T& operator[](Index flat) const { return buffer_[info_.buffer_index(flat)]; }

    /// *Errors*: `ShapeError` when the number of values differs.
    void copy_from(std::span<const std::remove_const_t<T>> values) const {
        check(static_cast<Index>(values.size()));
        for (Index i = 0; i < size(); ++i) (*this)[i] = values[static_cast<std::size_t>(i)];
    }
    void copy_to(std::span<std::remove_const_t<T>> values) const {
        check(static_cast<Index>(values.size()));
        for (Index i = 0; i < size(); ++i) values[static_cast<std::size_t>(i)] = (*this)[i];
    }

private:
    void check(Index count) const {
        detail::require<ShapeError>(count == size(), "parameter '", name(), "': expected ", size(), " numbers, got ",
                                    count);
    }

    ParameterInfo info_;
    T* buffer_;
};

IDM_NAMESPACE_END
