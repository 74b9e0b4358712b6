#pragma once

#include <algorithm>
#include <string>

#include <idm/layers/contract.hpp>
#include <idm/layers/over_newest.hpp>

IDM_NAMESPACE_BEGIN

/// [L, C] -> [1, L * C]: the whole window becomes one step. Moves nothing.
///
/// Memory runs over channels fastest; PyTorch's nn.Flatten over [C, L] runs over time fastest. The Dense behind it
/// converts its weight's columns, see there.
class Flatten : public LayerDefaults {
public:
    static constexpr bool in_place = true;
    static constexpr bool is_view = true;
    static constexpr bool reads_whole_window = true;

    template <Index L, Index C, Index F>
    constexpr auto output_shape(const Shape<L, C, F>& in) const {
        constexpr Index size = detail::map_static<[](Index l, Index c) { return l * c; }, L, C>();
        constexpr Index folded = detail::map_static<[](Index l, Index f) { return l * f; }, L, F>();
        return Shape<1, size, folded>(1, in.size(), in.length() * in.folded());
    }
    template <class T, class In>
    void forward(const In& in, const Forward<T>& p) const {
        if (p.y.data == p.x.data) return;
        for (Index n = 0; n < p.samples; ++n) std::copy_n(p.x.sample(n), in.size(), p.y.sample(n));
    }
    template <class T, class In>
    void backward(const In& in, const Backward<T>& p) const {
        if (!p.d_x.data || p.d_x.data == p.d_y.data) return;
        for (Index n = 0; n < p.samples; ++n) std::copy_n(p.d_y.sample(n), in.size(), p.d_x.sample(n));
    }
    template <Index L, Index C, Index F>
    constexpr auto streaming(const Shape<L, C, F>& in) const {
        return OverNewest<Flatten, L>(*this, in.length());
    }
    std::string name() const { return "Flatten"; }
};

/// Stands in LastStep's place when a causal network is trained on whole chunks: every step goes on.
class EveryStep : public LayerDefaults {
public:
    static constexpr bool in_place = true;
    static constexpr bool is_view = true;
    static constexpr bool is_causal = true;

    template <class In>
    constexpr In output_shape(const In& in) const {
        return in;
    }
    template <class T, class In>
    void forward(const In& in, const Forward<T>& p) const {
        Flatten().forward(in, p);
    }
    template <class T, class In>
    void backward(const In& in, const Backward<T>& p) const {
        Flatten().backward(in, p);
    }
    std::string name() const { return "EveryStep"; }
};

/// [L, C] -> [1, C]: the newest step.
class LastStep : public LayerDefaults {
public:
    template <Index L, Index C, Index F>
    constexpr auto output_shape(const Shape<L, C, F>& in) const {
        detail::require<ShapeError>(in.length() >= 1, "LastStep: expected at least 1 step, got ", in.length());
        return Shape<1, C, F>(1, in.channels(), in.folded());
    }
    template <class T, class In>
    void forward(const In& in, const Forward<T>& p) const {
        for (Index n = 0; n < p.samples; ++n)
            std::copy_n(p.x.sample(n) + in.size() - in.channels(), in.channels(), p.y.sample(n));
    }
    template <class T, class In>
    void backward(const In& in, const Backward<T>& p) const {
        if (!p.d_x.data) return;
        for (Index n = 0; n < p.samples; ++n) {
            std::fill_n(p.d_x.sample(n), in.size() - in.channels(), T(0));
            std::copy_n(p.d_y.sample(n), in.channels(), p.d_x.sample(n) + in.size() - in.channels());
        }
    }
    template <class In>
    constexpr EveryStep streaming(const In&) const {
        return {};
    }
    std::string name() const { return "LastStep"; }
};

IDM_NAMESPACE_END
