#pragma once

#include <string>
#include <vector>

#include <idm/kernels/select.hpp>
#include <idm/layers/contract.hpp>

IDM_NAMESPACE_BEGIN

/// Fully connected layer, applied to every time step: y[n, l, :] = x[n, l, :] w + b.
///
/// *Shapes*: x [N, L, C_in], y [N, L, C_out]; parameters `weight` [C_out, C_in], `bias` [C_out]. Behind a Flatten the
/// weight's columns are PyTorch's, channels first, so that a state dict of `nn.Sequential(..., nn.Flatten(),
/// nn.Linear(...))` over [N, C, L] fits.
/// *Errors*: `ConfigError` for fewer than 1 output.
/// *Cost*: 2 N L C_in C_out flop, no allocation.
/// *Source*: https://pytorch.org/docs/stable/generated/torch.nn.Linear.html
template <Index Out = dynamic>
class Dense : public LayerDefaults {
public:
    static constexpr bool fuses_epilogue = true;
    static constexpr bool stores_gradient = true;
    static constexpr bool is_causal = true;

    constexpr Dense() requires(Out != dynamic) { check(); }
    constexpr explicit Dense(Index out_channels) : out_(out_channels) { check(); }

    constexpr Index out_channels() const { return out_.value(); }

    template <Index L, Index C, Index F>
    constexpr auto output_shape(const Shape<L, C, F>& in) const {
        return Shape<L, Out>(in.length(), out_channels());
    }
    template <class In>
    constexpr Index parameter_count(const In& in) const {
        return weight_size(in) + kernels::packed_columns(out_channels());
    }
    template <class In>
    void list_parameters(const In& in, Index offset, const std::string& prefix, std::vector<ParameterInfo>& out) const {
        const Index taps = in.folded();
        out.push_back(ParameterInfo::weight(prefix + "weight", {out_channels(), in.channels()}, offset, out_channels(),
                                            in.channels() / taps, taps));
        out.push_back(ParameterInfo::vector(prefix + "bias", offset + weight_size(in), out_channels(), in.channels()));
    }
    /// The transposed weights, for the gradient of the input.
    template <class T, class In>
    constexpr Index memory_size(const In& in, Index, Mode mode) const {
        return mode == Mode::inference ? 0 : kernels::dense_backward_input_scratch<T>(shape(in));
    }

    /// Its backward pass is `backward`.
    template <class T, class In>
    void forward(const In& in, const Forward<T>& p) const {
        forward_by(in, p, [&](const kernels::DenseShape& s, const T* x, T* y) {
            kernels::dense_forward(s, x, p.parameters, p.parameters + weight_size(in), y, p.epilogue);
        });
    }

    /// The gradient of `forward`.
    template <class T, class In>
    void backward(const In& in, const Backward<T>& p) const {
        bool accumulate = !p.options.store_gradient;
        for_each_run(in, p.samples, p.x.sample_stride, p.d_y.sample_stride,
                     [&](const kernels::DenseShape& s, Index x, Index y) {
                         kernels::dense_backward_weights(s, p.x.data + x, p.d_y.data + y, p.d_parameters_accumulate,
                                                         p.d_parameters_accumulate + weight_size(in), accumulate);
                         accumulate = true;
                     });
        if (!p.d_x.data) return;
        const T* transposed = p.memory;
        if (!p.options.same_parameters) kernels::dense_transpose_weights(shape(in), p.parameters, p.memory);
        for_each_run(in, p.samples, p.d_x.sample_stride, p.d_y.sample_stride,
                     [&](const kernels::DenseShape& s, Index x, Index y) {
                         kernels::dense_backward_input_transposed(s, p.d_y.data + y, transposed, p.d_x.data + x);
                     });
    }

    std::string name() const { return detail::message("Dense(", out_channels(), ")"); }

protected:
    /// Numbers before the bias; `size` is that of weights of (rows, columns).
    template <class In>
    constexpr Index weight_size(const In& in, Index (*size)(Index, Index) = kernels::packed_weight_size) const {
        return size(in.channels(), out_channels());
    }
    /// Calls the kernel f(shape, x, y) for each run of rows of a forward pass.
    template <class T, class In, class F>
    void forward_by(const In& in, const Forward<T>& p, F&& f) const {
        for_each_run(in, p.samples, p.x.sample_stride, p.y.sample_stride,
                     [&](const kernels::DenseShape& s, Index x, Index y) { f(s, p.x.data + x, p.y.data + y); });
    }

private:
    constexpr void check() const {
        detail::require<ConfigError>(out_channels() >= 1, "Dense: expected at least 1 output, got ", out_channels());
    }
    template <class In>
    constexpr kernels::DenseShape shape(const In& in) const {
        return {in.length(), in.channels(), out_channels(), in.channels(), out_channels()};
    }

    /// Calls f(shape, x offset, y offset) for each run of equally spaced rows: one for the batch when each sample has
    /// one row or the samples lie back to back, else one per sample.
    template <class In, class F>
    void for_each_run(const In& in, Index samples, Index x_stride, Index y_stride, F&& f) const {
        kernels::DenseShape s = shape(in);
        if (in.length() == 1) {
            s.rows = samples;
            s.x_row_stride = x_stride;
            s.y_row_stride = y_stride;
            f(s, Index(0), Index(0));
        } else if (x_stride == in.size() && y_stride == in.length() * out_channels()) {
            s.rows = samples * in.length();
            f(s, Index(0), Index(0));
        } else {
            for (Index n = 0; n < samples; ++n) f(s, n * x_stride, n * y_stride);
        }
    }

    [[no_unique_address]] Extent<Out> out_;
};

IDM_NAMESPACE_END
