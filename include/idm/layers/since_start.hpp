#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include <idm/layers/contract.hpp>

IDM_NAMESPACE_BEGIN

/// Runs a recurrent layer (GRU) on a stream: one step in, the state after it out.
///
/// The state is zero at the stream's start and remembers every step since, whereas a window's starts from zero at the
/// window's first step. So the two are equal on a window that begins where the stream does, and on no later one.
///
/// *Shapes*: x [N, 1, C], y [N, 1, H]; each of the N samples is a stream of its own. *Errors*: `ConfigError` for a
/// backward pass: a stream does not learn. *Cost*: one `L::step`, a copy of its N H states, no allocation.
template <class L>
class SinceStart : public LayerDefaults {
public:
    static constexpr bool is_causal = true;

    constexpr explicit SinceStart(L layer) : layer_(layer) {}

    template <class In>
    constexpr auto output_shape(const In& in) const {
        detail::require<ShapeError>(in.length() == 1, "a stream's layer: expected one step in, got ", in.length());
        return layer_.output_shape(in);
    }
    template <class In>
    constexpr Index parameter_count(const In& in) const {
        return layer_.parameter_count(in);
    }
    template <class In>
    void list_parameters(const In& in, Index offset, const std::string& prefix, std::vector<ParameterInfo>& out) const {
        layer_.list_parameters(in, offset, prefix, out);
    }
    /// 0, although every earlier step counts: there is none whose arrival would make the state complete, so a stream's
    /// `warm()` does not wait for it.
    template <class In>
    constexpr Index history(const In&) const {
        return 0;
    }
    /// The states.
    template <class T, class In>
    constexpr Index memory_size(const In&, Index capacity, Mode) const {
        return round_up_16(capacity * layer_.hidden());
    }
    /// Gates, and what the states add to them.
    template <class T, class In>
    constexpr Index scratch_size(const In&, Index capacity, Mode) const {
        return 2 * round_up_16(capacity * gates());
    }

    template <class T, class In>
    void forward(const In& in, const Forward<T>& p) const {
        const Index hidden = layer_.hidden();
        layer_.template step<T>(in, p.samples, p.parameters, {p.x.data, p.x.sample_stride}, {p.memory, hidden},
                                {p.scratch, gates()}, {p.scratch + round_up_16(p.capacity * gates()), gates()},
                                {p.y.data, p.y.sample_stride});
        for (Index n = 0; n < p.samples; ++n) std::copy_n(p.y.sample(n), hidden, p.memory + n * hidden);
    }
    template <class T, class In>
    void backward(const In&, const Backward<T>&) const {
        detail::raise<ConfigError>("a streaming network has no backward pass; train the model that it was made from");
    }

    std::string name() const { return layer_.name() + " since the start"; }

private:
    constexpr Index gates() const { return 3 * layer_.hidden(); }

    [[no_unique_address]] L layer_;
};

IDM_NAMESPACE_END
