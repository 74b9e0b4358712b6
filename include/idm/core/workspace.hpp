#pragma once

#include <idm/core/buffer.hpp>
#include <idm/core/config.hpp>
#include <idm/core/error.hpp>

IDM_NAMESPACE_BEGIN

/// What a workspace is to serve: prediction; training; training with the gradient with respect to the input as well.
enum class Mode { inference, training, training_to_input };

/// View of a batch [samples, length, channels]: each sample's rows are contiguous, samples are `sample_stride` apart.
template <class T>
struct BatchView {
    T* data = nullptr;
    Index sample_stride = 0;

    T* sample(Index n) const { return data + n * sample_stride; }
    operator BatchView<const T>() const { return {data, sample_stride}; }
};

/// `size` rounded up to a whole number of cache lines of the widest scalar count (16 numbers).
constexpr Index round_up_16(Index size) { return (size + 15) / 16 * 16; }

/// Sizes of a workspace's regions, in numbers. A region of rows has room for `halo_before` and `halo_behind` zeros
/// around each sample.
struct WorkspaceShape {
    /// One batch in the workspace: numbers of a sample, and zeros around each.
    struct Region {
        Index size = 0, halo_before = 0, halo_behind = 0;
        constexpr Index stride() const { return halo_before + size + halo_behind; }
    };

    Index capacity = 0;
    Mode mode = Mode::inference;
    Region input, output, d_output, d_input;
    Index memory = 0;
    Index scratch = 0;
};

/// All that one thread needs besides the model: the batch's input and output, what the layers keep between forward and
/// backward, and scratch.
///
/// *Errors*: `ShapeError` when a call asks for more samples than `capacity()`.
/// *Cost*: one allocation, at construction. *Threads*: one workspace per thread; the model is shared.
template <class T>
class Workspace {
public:
    Workspace() = default;
    explicit Workspace(const WorkspaceShape& shape) : shape_(shape), buffer_(total(shape)) {}

    Index capacity() const { return shape_.capacity; }
    Mode mode() const { return shape_.mode; }
    const WorkspaceShape& shape() const { return shape_; }

    /// Rows that the caller fills before `forward`.
    BatchView<T> input() { return rows(0, shape_.input); }
    /// Rows that `forward` has filled.
    BatchView<T> output() { return rows(d_output_begin() - region(shape_.output), shape_.output); }
    /// Rows that the caller fills with the loss's gradient before `backward`, which may overwrite them.
    BatchView<T> d_output() { return rows(d_output_begin(), shape_.d_output); }
    /// Rows that `backward` has filled, in mode `training_to_input`.
    BatchView<T> d_input() { return rows(d_output_begin() + region(shape_.d_output), shape_.d_input); }
    T* memory() { return buffer_.data() + memory_begin(); }
    T* scratch() { return memory() + round_up_16(shape_.memory); }

    /// *Errors*: `ShapeError` for more samples than fit, or a network of another input or output size.
    void check(Index samples, Index input_size, Index output_size) const {
        detail::require<ShapeError>(samples >= 0 && samples <= shape_.capacity, "expected at most ", shape_.capacity,
                                    " samples (this workspace's capacity), got ", samples,
                                    "; construct a larger workspace or split the batch");
        detail::require<ShapeError>(input_size == shape_.input.size && output_size == shape_.output.size,
                                    "expected the network that this workspace was made for, with samples of ",
                                    shape_.input.size, " inputs and ", shape_.output.size, " outputs, got one with ",
                                    input_size, " and ", output_size, "; make a workspace for each model");
    }

private:
    Index region(const WorkspaceShape::Region& r) const { return round_up_16(shape_.capacity * r.stride()); }
    Index d_output_begin() const { return region(shape_.input) + region(shape_.output); }
    Index memory_begin() const { return d_output_begin() + region(shape_.d_output) + region(shape_.d_input); }
    BatchView<T> rows(Index begin, const WorkspaceShape::Region& r) {
        return {buffer_.data() + begin + r.halo_before, r.stride()};
    }
    static Index total(const WorkspaceShape& s) {
        return round_up_16(s.capacity * s.input.stride()) + round_up_16(s.capacity * s.output.stride()) +
               round_up_16(s.capacity * s.d_output.stride()) + round_up_16(s.capacity * s.d_input.stride()) +
               round_up_16(s.memory) + round_up_16(s.scratch);
    }

    WorkspaceShape shape_;
    Buffer<T> buffer_;
};

IDM_NAMESPACE_END
