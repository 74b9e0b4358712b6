#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include <idm/layers/contract.hpp>

IDM_NAMESPACE_BEGIN

/// Runs a layer on the newest `rows` steps of a stream, of which it makes one step.
///
/// *Shapes*: x [N, 1, C], y [N, 1, C_out]; each of the N samples is a stream of its own. At the start the steps before
/// the first are zero. *Errors*: `ConfigError` for a backward pass: a stream does not learn.
/// *Cost*: the layer's on `rows` steps, and two copies of x: the steps lie twice, one behind the other, so that the
/// newest `rows` are contiguous wherever the oldest is.
template <class L, Index Rows = dynamic>
class OverNewest : public LayerDefaults {
public:
    static constexpr bool is_causal = true;
    static constexpr bool fuses_epilogue = L::fuses_epilogue;

    constexpr OverNewest(L layer, Index rows) : layer_(layer), rows_(rows) {}

    constexpr const L& layer() const { return layer_; }
    constexpr Index rows() const { return rows_.value(); }

    template <class In>
    constexpr auto output_shape(const In& in) const {
        const auto out = layer_.output_shape(window(in));
        detail::require<ShapeError>(in.length() == 1 && out.length() == 1,
                                    "a stream's layer: expected one step in and out, got ", in.length(), " and ",
                                    out.length());
        return out;
    }
    template <class In>
    constexpr Index parameter_count(const In& in) const {
        return layer_.parameter_count(window(in));
    }
    template <class In>
    void list_parameters(const In& in, Index offset, const std::string& prefix, std::vector<ParameterInfo>& out) const {
        layer_.list_parameters(window(in), offset, prefix, out);
    }
    template <class In>
    constexpr Index history(const In&) const {
        return rows_.value() - 1;
    }
    template <class T, class In>
    constexpr Index memory_size(const In& in, Index capacity, Mode mode) const {
        return capacity * stream_size<T>(in, mode);
    }
    template <class T, class In>
    constexpr Index scratch_size(const In& in, Index, Mode mode) const {
        return layer_.template scratch_size<T>(window(in), 1, mode);
    }

    template <class T, class In>
    void forward(const In& in, const Forward<T>& p) const {
        const Index rows = rows_.value(), channels = in.channels();
        for (Index n = 0; n < p.samples; ++n) {
            T* const memory = p.memory + n * stream_size<T>(in, p.mode);
            T* const ring = memory + ring_begin;
            std::uint32_t at;
            std::memcpy(&at, memory, sizeof at);
            const Index first = static_cast<Index>(at) * channels, second = first + rows * channels;
            const T* IDM_RESTRICT x = p.x.sample(n);
            T* IDM_RESTRICT to = ring;
            for (Index i = 0; i < channels; ++i) to[first + i] = to[second + i] = x[i];
            at = at + 1 == static_cast<std::uint32_t>(rows) ? 0 : at + 1;
            std::memcpy(memory, &at, sizeof at);
            Forward<T> call = p;
            call.samples = 1;
            call.capacity = 1;
            call.x = {ring + first + channels, rows * channels};
            call.y = {p.y.sample(n), p.y.sample_stride};
            call.memory = ring + round_up_16(2 * rows * channels);
            layer_.forward(window(in), call);
        }
    }
    template <class T, class In>
    void backward(const In&, const Backward<T>&) const {
        detail::raise<ConfigError>("a streaming network has no backward pass; train the model that it was made from");
    }

    std::string name() const { return detail::message(layer_.name(), " over the newest ", rows_.value()); }

private:
    static constexpr Index ring_begin = 16;  // numbers; the first holds the bits of where the next step goes

    template <Index L1, Index C, Index F>
    constexpr auto window(const Shape<L1, C, F>& in) const {
        return Shape<Rows, C, F>(rows_.value(), in.channels(), in.folded());
    }
    template <class T, class In>
    constexpr Index stream_size(const In& in, Mode mode) const {
        return ring_begin + round_up_16(2 * rows_.value() * in.channels()) +
               round_up_16(layer_.template memory_size<T>(window(in), 1, mode));
    }

    [[no_unique_address]] L layer_;
    [[no_unique_address]] Extent<Rows> rows_;
};

IDM_NAMESPACE_END
