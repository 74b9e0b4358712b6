#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include <idm/kernels/select.hpp>
#include <idm/layers/contract.hpp>
#include <idm/layers/since_start.hpp>

IDM_NAMESPACE_BEGIN

/// Gated recurrent unit over the steps of a window, from a state of zero; gives the state after every step.
///
///     r = sigmoid(W_ir x + b_ir + W_hr h + b_hr),  z = sigmoid(W_iz x + b_iz + W_hz h + b_hz)
///     n = tanh(W_in x + b_in + r (W_hn h + b_hn)),  y = (1 - z) n + z h,  where h is y of the step before
///
/// An output depends on every step since the window's first, however long ago: not `is_causal`, which promises a fixed
/// history. So it is trained on windows, not on chunks (`SequenceTrainable` is false), and in a stream its state has
/// seen more than a window's: see `streaming`.
///
/// *Shapes*: x [N, L, C], y [N, L, H]; parameters of PyTorch's `nn.GRU(C, H, batch_first=True)`: `weight_ih_l0` [3H,
/// C], `weight_hh_l0` [3H, H], `bias_ih_l0` and `bias_hh_l0` [3H], gates in the order r, z, n; they start uniform in
/// +-1 / sqrt(H). *Errors*: `ConfigError` for fewer than 1 unit.
/// *Cost*: 6 N L H (C + H) flop forward, no allocation; training keeps 6 N L H numbers.
/// *Source*: https://pytorch.org/docs/stable/generated/torch.nn.GRU.html
template <Index Hidden = dynamic>
class GRU : public LayerDefaults {
public:
    static constexpr bool backward_reads_output = true;

    constexpr GRU() requires(Hidden != dynamic) { check(); }
    constexpr explicit GRU(Index hidden) : hidden_(hidden) { check(); }

    constexpr Index hidden() const { return hidden_.value(); }

    template <Index L, Index C, Index F>
    constexpr auto output_shape(const Shape<L, C, F>& in) const {
        return Shape<L, Hidden>(in.length(), hidden());
    }
    template <class In>
    constexpr Index parameter_count(const In& in) const {
        return biases(in) + 2 * kernels::packed_columns(gates());
    }
    template <class In>
    void list_parameters(const In& in, Index offset, const std::string& prefix, std::vector<ParameterInfo>& out) const {
        const auto add = [&](ParameterInfo info) {
            info.fan_in = hidden();
            out.push_back(std::move(info));
        };
        const auto matrix = [&](const char* name, Index at, Index columns) {
            add(ParameterInfo::weight(prefix + name, {gates(), columns}, offset + at, gates(), columns, 1));
        };
        matrix("weight_ih_l0", 0, in.channels());
        matrix("weight_hh_l0", state_weights(in), hidden());
        const Index bias = offset + biases(in);
        add(ParameterInfo::vector(prefix + "bias_ih_l0", bias, gates(), hidden()));
        add(ParameterInfo::vector(prefix + "bias_hh_l0", bias + kernels::packed_columns(gates()), gates(), hidden()));
    }

    /// A state of zeros, then gates and state products: of one step for inference, else of every step.
    template <class T, class In>
    constexpr Index memory_size(const In& in, Index capacity, Mode mode) const {
        return state_size() + 2 * capacity * steps_kept(in, mode) * gates();
    }
    /// Gradients of the state, directly and through the product, and the transposed weights.
    template <class T, class In>
    constexpr Index scratch_size(const In& in, Index capacity, Mode mode) const {
        if (mode == Mode::inference) return 0;
        return 2 * round_up_16(capacity * hidden()) +
               std::max(kernels::dense_backward_input_scratch<T>(input_product(in)),
                        kernels::dense_backward_input_scratch<T>(state_product()));
    }

    /// Rows of one step of `samples` sequences, each `stride` numbers apart.
    template <class T>
    struct Rows {
        T* data;
        Index stride;
        T* operator[](Index n) const { return data + n * stride; }
    };

    /// One step: the state y after input x from the state h before it, for whoever keeps the state.
    ///
    /// *Shapes*: x [samples, C], h and y [samples, H]; gates and product [samples, 3H] are overwritten: r, z, n, and
    /// what the state adds to them. *Cost*: 6 samples H (C + H) flop, no allocation.
    template <class T, class In>
    void step(const In& in, Index samples, const T* parameters, Rows<const T> x, Rows<const T> h, Rows<T> gates_of,
              Rows<T> product, Rows<T> y) const {
        const T* bias = parameters + biases(in);
        kernels::dense_forward(rows(input_product(in), samples, x.stride, gates_of.stride), x.data, parameters, bias,
                               gates_of.data, kernels::Epilogue::none);
        kernels::dense_forward(rows(state_product(), samples, h.stride, product.stride), h.data,
                               parameters + state_weights(in), bias + kernels::packed_columns(gates()), product.data,
                               kernels::Epilogue::none);
        for (Index n = 0; n < samples; ++n)
            kernels::gru_forward(hidden(), static_cast<const T*>(product[n]), h[n], gates_of[n], y[n]);
    }

    /// Its backward pass is `backward`.
    template <class T, class In>
    void forward(const In& in, const Forward<T>& p) const {
        const Kept<T> kept(*this, in, p);
        for (Index t = 0; t < in.length(); ++t)
            step(in, p.samples, p.parameters, {p.x.data + t * in.channels(), p.x.sample_stride},
                 kept.state_before(t, p.y), kept.gates(t), kept.product(t),
                 {p.y.data + t * hidden(), p.y.sample_stride});
    }

    /// The gradient of `forward`, back through all steps.
    template <class T, class In>
    void backward(const In& in, const Backward<T>& p) const {
        const Kept<T> kept(*this, in, p);
        T* d_h = p.scratch;
        T* through_product = d_h + round_up_16(p.capacity * hidden());
        T* transposed = through_product + round_up_16(p.capacity * hidden());
        kernels::dense_transpose_weights(state_product(), p.parameters + state_weights(in), transposed);
        T* d_bias = p.d_parameters_accumulate + biases(in);
        std::fill_n(d_h, p.samples * hidden(), T(0));
        for (Index t = in.length() - 1; t >= 0; --t) {
            const Rows<const T> h = kept.state_before(t, p.y);
            const Rows<T> product = kept.product(t);
            for (Index n = 0; n < p.samples; ++n)
                kernels::gru_backward(hidden(), h[n], static_cast<const T*>(p.d_y.sample(n) + t * hidden()),
                                      kept.gates(t)[n], product[n], d_h + n * hidden());
            const T* d = product.data;
            kernels::dense_backward_weights(rows(state_product(), p.samples, h.stride, product.stride), h.data, d,
                                            p.d_parameters_accumulate + state_weights(in),
                                            d_bias + kernels::packed_columns(gates()), true);
            kernels::dense_backward_input_transposed(rows(state_product(), p.samples, hidden(), product.stride), d,
                                                     static_cast<const T*>(transposed), through_product);
            kernels::add_accumulate(p.samples * hidden(), static_cast<const T*>(through_product), d_h);
        }
        if (p.d_x.data) kernels::dense_transpose_weights(input_product(in), p.parameters, transposed);
        for (Index n = 0; n < p.samples; ++n) {
            const auto s = rows(input_product(in), in.length(), in.channels(), gates());
            const T* d = kept.gates(0)[n];
            kernels::dense_backward_weights(s, p.x.sample(n), d, p.d_parameters_accumulate, d_bias, true);
            if (p.d_x.data)
                kernels::dense_backward_input_transposed(s, d, static_cast<const T*>(transposed), p.d_x.sample(n));
        }
    }

    /// The stream form, [1, C] -> [1, H]. It remembers everything since the stream's start, whereas a window starts
    /// from zero: it equals a window that begins at the start.
    template <class In>
    constexpr auto streaming(const In&) const {
        return SinceStart<GRU>(*this);
    }

    std::string name() const { return detail::message("GRU(", hidden(), ")"); }

private:
    /// What a pass finds in its memory.
    template <class T>
    class Kept {
    public:
        template <class In, class Pass>
        Kept(const GRU& layer, const In& in, const Pass& p)
            : zeros_(p.memory),
              gates_(p.memory + layer.state_size()),
              columns_(layer.gates()),
              hidden_(layer.hidden()),
              steps_(layer.steps_kept(in, p.mode)),
              capacity_(p.capacity) {}

        Rows<T> gates(Index t) const { return {gates_ + place(t), steps_ * columns_}; }
        Rows<T> product(Index t) const {
            return {gates_ + capacity_ * steps_ * columns_ + place(t), steps_ * columns_};
        }
        Rows<const T> state_before(Index t, const BatchView<const T>& y) const {
            if (t == 0) return {zeros_, 0};
            return {y.data + (t - 1) * hidden_, y.sample_stride};
        }

    private:
        Index place(Index t) const { return steps_ == 1 ? 0 : t * columns_; }

        const T* zeros_;
        T* gates_;
        Index columns_, hidden_, steps_, capacity_;
    };

    constexpr void check() const {
        detail::require<ConfigError>(hidden() >= 1, "GRU: expected at least 1 hidden unit, got ", hidden());
    }
    constexpr Index gates() const { return 3 * hidden(); }
    constexpr Index state_size() const { return round_up_16(hidden()); }
    template <class In>
    constexpr Index steps_kept(const In& in, Mode mode) const {
        return mode == Mode::inference ? 1 : in.length();
    }
    template <class In>
    constexpr Index state_weights(const In& in) const {
        return kernels::packed_weight_size(in.channels(), gates());
    }
    template <class In>
    constexpr Index biases(const In& in) const {
        return state_weights(in) + kernels::packed_weight_size(hidden(), gates());
    }
    template <class In>
    constexpr kernels::DenseShape input_product(const In& in) const {
        return {0, in.channels(), gates(), in.channels(), gates()};
    }
    constexpr kernels::DenseShape state_product() const { return {0, hidden(), gates(), hidden(), gates()}; }
    static constexpr kernels::DenseShape rows(kernels::DenseShape s, Index count, Index x_stride, Index y_stride) {
        s.rows = count;
        s.x_row_stride = x_stride;
        s.y_row_stride = y_stride;
        return s;
    }

    [[no_unique_address]] Extent<Hidden> hidden_;
};

IDM_NAMESPACE_END
