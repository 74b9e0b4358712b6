#pragma once

#include <idm/core/config.hpp>

IDM_NAMESPACE_BEGIN
namespace kernels {

// The activations' formulas, each once. `M` brings the numbers they run on, one at a time or a vector at once, and
// exp, expm1, log1p_unit (log(1 + x), x in [0, 1]), tanh, erf, abs and select for them: reference::Math and simd::Math.
// A NaN stays NaN in all.
//
// `value` is y(x). `slope` is dy/dx, a function of y where `from_output` says so, else of x.

/// y = x where x > 0, else negative_slope * x.
struct LeakyReLU {
    static constexpr bool from_output = true;  // y > 0 exactly where x > 0, for a negative_slope of 0 or more
    double negative_slope;

    template <class M>
    typename M::V value(const typename M::V& x) const {
        return M::select(x > M::number(0), x, M::number(negative_slope) * x);
    }
    template <class M>
    typename M::V slope(const typename M::V& y) const {
        return M::select(y > M::number(0), M::number(1), M::number(negative_slope));
    }
};

/// y = x where x > 0, else alpha * (exp(x) - 1).
struct ELU {
    static constexpr bool from_output = true;
    double alpha;

    template <class M>
    typename M::V value(const typename M::V& x) const {
        return M::select(x > M::number(0), x, M::number(alpha) * M::expm1(x));
    }
    template <class M>
    typename M::V slope(const typename M::V& y) const {
        return M::select(y > M::number(0), M::number(1), y + M::number(alpha));
    }
};

/// y = tanh(x).
struct Tanh {
    static constexpr bool from_output = true;

    template <class M>
    typename M::V value(const typename M::V& x) const {
        return M::tanh(x);
    }
    template <class M>
    typename M::V slope(const typename M::V& y) const {
        return M::number(1) - y * y;
    }
};

/// y = 1 / (1 + exp(-x)), by exp(-|x|), which cannot overflow.
struct Sigmoid {
    static constexpr bool from_output = true;

    template <class M>
    typename M::V value(const typename M::V& x) const {
        const typename M::V e = M::exp(-M::abs(x));
        return M::select(x < M::number(0), e, M::number(1)) / (M::number(1) + e);
    }
    template <class M>
    typename M::V slope(const typename M::V& y) const {
        return y * (M::number(1) - y);
    }
};

/// y = log(1 + exp(x)), as max(x, 0) + log1p(exp(-|x|)); its slope, the sigmoid of x, is 1 - exp(-y).
struct Softplus {
    static constexpr bool from_output = true;

    template <class M>
    typename M::V value(const typename M::V& x) const {
        return M::select(x < M::number(0), M::number(0), x) + M::log1p_unit(M::exp(-M::abs(x)));
    }
    template <class M>
    typename M::V slope(const typename M::V& y) const {
        return -M::expm1(-y);
    }
};

/// y = x sigmoid(x).
struct SiLU {
    static constexpr bool from_output = false;  // it falls before it rises: two x share a y

    template <class M>
    typename M::V value(const typename M::V& x) const {
        return x * Sigmoid().value<M>(x);
    }
    template <class M>
    typename M::V slope(const typename M::V& x) const {
        const typename M::V s = Sigmoid().value<M>(x);
        return s * (M::number(1) + x * (M::number(1) - s));
    }
};

/// y = x Phi(x), Phi(x) = (1 + erf(x / sqrt(2))) / 2 the normal distribution's function; its density is
/// exp(-x^2 / 2) / sqrt(2 pi).
struct GELU {
    static constexpr bool from_output = false;

    template <class M>
    typename M::V value(const typename M::V& x) const {
        return x * distribution<M>(x);
    }
    template <class M>
    typename M::V slope(const typename M::V& x) const {
        const typename M::V density = M::number(0.39894228040143267794) * M::exp(M::number(-0.5) * x * x);
        return distribution<M>(x) + x * density;
    }

private:
    template <class M>
    static typename M::V distribution(const typename M::V& x) {
        return M::number(0.5) * (M::number(1) + M::erf(M::number(0.70710678118654752440) * x));
    }
};

}  // namespace kernels
IDM_NAMESPACE_END
