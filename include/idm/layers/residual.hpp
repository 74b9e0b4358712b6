#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include <idm/kernels/select.hpp>
#include <idm/layers/sequential.hpp>

IDM_NAMESPACE_BEGIN

namespace detail {

/// y = the newest steps of x, as many as the body gives, + body(x).
template <class Body>
class NewestResidual : public LayerDefaults {
public:
    static constexpr bool stores_gradient = true;
    static constexpr bool is_causal = Body::is_causal;
    static constexpr bool pads_input = Body::pads_input;

    constexpr NewestResidual() = default;
    constexpr explicit NewestResidual(Body body) : body_(body) {}

    constexpr const Body& body() const { return body_; }

    template <class In>
    constexpr auto output_shape(const In& in) const {
        return body_.output_shape(in);
    }
    template <class In>
    constexpr Index parameter_count(const In& in) const {
        return body_.parameter_count(in);
    }
    template <class In>
    void list_parameters(const In& in, Index offset, const std::string& prefix, std::vector<ParameterInfo>& out) const {
        body_.list_parameters(in, offset, prefix + "body.", out);
    }
    template <class In>
    constexpr Index history(const In& in) const {
        return body_.history(in);
    }
    template <class In>
    constexpr kernels::Halo input_halo(const In& in) const {
        return body_.input_halo(in);
    }
    template <class In>
    constexpr kernels::Halo gradient_halo(const In& in) const {
        return body_.gradient_halo(in);
    }
    template <class T, class In>
    constexpr Index memory_size(const In& in, Index capacity, Mode mode) const {
        return kept_size(in, capacity) + gradient_size(in, capacity, mode) +
               body_.template memory_size<T>(in, capacity, mode);
    }
    template <class T, class In>
    constexpr Index scratch_size(const In& in, Index capacity, Mode mode) const {
        return body_.template scratch_size<T>(in, capacity, mode);
    }

    /// Its backward pass is `backward`. Inlined: see kernels/simd/row.hpp.
    template <class T, class In>
    IDM_ALWAYS_INLINE void forward(const In& in, const Forward<T>& p) const {
        const Index size = body_.output_shape(in).size(), older = in.size() - size;
        Forward<T> call = p;
        call.memory = body_memory(in, p.memory, p.capacity, p.mode);
        if constexpr (Body::backward_reads_output) call.y = {p.memory, size};
        body_.forward(in, call);
        for (Index n = 0; n < p.samples; ++n) {
            if constexpr (Body::backward_reads_output) std::copy_n(call.y.sample(n), size, p.y.sample(n));
            kernels::add_accumulate(size, p.x.sample(n) + older, p.y.sample(n));
        }
    }

    /// The gradient of `forward`: d_x = d_y + the body's.
    template <class T, class In>
    void backward(const In& in, const Backward<T>& p) const {
        const Index size = body_.output_shape(in).size(), older = in.size() - size;
        Backward<T> call = p;
        call.memory = body_memory(in, p.memory, p.capacity, p.mode);
        if constexpr (Body::backward_reads_output) call.y = {p.memory, size};
        if (!p.d_x.data) return backward_of(body_, in, call);
        // The body may overwrite d_y, so the skip path takes its copy first.
        for (Index n = 0; n < p.samples; ++n) {
            std::fill_n(p.d_x.sample(n), older, T(0));
            std::copy_n(p.d_y.sample(n), size, p.d_x.sample(n) + older);
        }
        call.d_x = {p.memory + kept_size(in, p.capacity), in.size()};
        backward_of(body_, in, call);
        for (Index n = 0; n < p.samples; ++n)
            kernels::add_accumulate(in.size(), static_cast<const T*>(call.d_x.sample(n)), p.d_x.sample(n));
    }

    std::string name() const { return "Residual"; }
    template <class In>
    void describe(const In& in, Index depth, std::vector<LayerRow>& rows) const {
        const auto out = body_.output_shape(in);
        rows.push_back({"Residual: x +", depth, out.length(), out.channels(), 0});
        body_.describe(in, depth + 1, rows);
    }

private:
    // The body's output, where its backward pass reads that; p.y holds the sum.
    template <class In>
    constexpr Index kept_size(const In& in, Index capacity) const {
        return Body::backward_reads_output ? round_up_16(capacity * body_.output_shape(in).size()) : 0;
    }
    template <class In>
    static constexpr Index gradient_size(const In& in, Index capacity, Mode mode) {
        return mode == Mode::inference ? 0 : round_up_16(capacity * in.size());
    }
    template <class T, class In>
    T* body_memory(const In& in, T* memory, Index capacity, Mode mode) const {
        return memory + kept_size(in, capacity) + gradient_size(in, capacity, mode);
    }

    [[no_unique_address]] Body body_;
};

}  // namespace detail

/// y = x + body(x), where the body's layers keep the shape.
///
/// *Shapes*: x and y [N, L, C]; parameters are the body's, under `body.`.
/// *Errors*: `ShapeError` when the body changes the shape (a compile error where the extents are static), or directly
/// behind a Flatten, whose order of columns the sum would lose.
/// *Source*: He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition", CVPR 2016, eq. 1.
template <class... Layers>
class Residual : public detail::NewestResidual<Sequential<Layers...>> {
    using Body = Sequential<Layers...>;

public:
    constexpr Residual() = default;
    constexpr explicit Residual(Layers... layers) requires(sizeof...(Layers) > 0)
        : detail::NewestResidual<Body>(Body(layers...)) {}

    template <class In>
    constexpr In output_shape(const In& in) const {
        using Out = decltype(this->body().output_shape(in));
        static_assert(fits(In::static_length, Out::static_length) && fits(In::static_channels, Out::static_channels),
                      "Residual: its body must keep the shape [L, C]");
        detail::require<ShapeError>(
            in.folded() == 1,
            "Residual: expected a sequence, got a window that Flatten made one step of; put the "
            "Residual before the Flatten, or a Dense between them");
        const Out out = this->body().output_shape(in);
        detail::require<ShapeError>(out.length() == in.length() && out.channels() == in.channels(),
                                    "Residual: expected a body that keeps the shape [", in.length(), ", ",
                                    in.channels(), "], got [", out.length(), ", ", out.channels(),
                                    "]; pad its convolutions and give the last one as many channels as the input");
        return in;
    }

private:
    static constexpr bool fits(Index in, Index out) { return in == dynamic || out == dynamic || in == out; }
};

IDM_NAMESPACE_END
