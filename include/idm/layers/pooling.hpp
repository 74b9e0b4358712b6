#pragma once

#include <string>

#include <idm/core/error.hpp>
#include <idm/kernels/select.hpp>
#include <idm/layers/contract.hpp>
#include <idm/layers/over_newest.hpp>

IDM_NAMESPACE_BEGIN

namespace detail {

/// What AveragePool and MaxPool share: windows of `Kernel` steps, `Stride` apart.
template <Index Kernel, Index Stride>
class PoolLayer : public LayerDefaults {
public:
    constexpr PoolLayer() requires(Kernel != dynamic && Stride != dynamic) { check(); }
    /// The stride is the kernel, as in PyTorch, unless given.
    constexpr explicit PoolLayer(Index kernel) : PoolLayer(kernel, kernel) {}
    constexpr PoolLayer(Index kernel, Index stride) : kernel_(kernel), stride_(stride) { check(); }

    constexpr Index kernel() const { return kernel_.value(); }
    constexpr Index stride() const { return stride_.value(); }

    template <Index L, Index C, Index F>
    constexpr auto output_shape(const Shape<L, C, F>& in) const {
        static_assert(L == dynamic || Kernel == dynamic || L >= Kernel, "a pool's kernel exceeds its input's length");
        detail::require<ShapeError>(in.length() >= kernel(), "pool: expected an input of at least ", kernel(),
                                    " steps, as many as its kernel, got ", in.length(),
                                    "; take a longer window or a smaller kernel");
        constexpr Index length = detail::map_static<&PoolLayer::steps, L, Kernel, Stride>();
        return Shape<length, C, F>(steps(in.length(), kernel(), stride()), in.channels(), in.folded());
    }

protected:
    template <class In>
    constexpr kernels::PoolShape shape(const In& in) const {
        return {in.length(), in.channels(), steps(in.length(), kernel(), stride()), kernel(), stride()};
    }
    std::string name_of(const char* kind) const {
        return detail::message(kind, "(k", kernel(), ", stride ", stride(), ")");
    }

private:
    static constexpr Index steps(Index length, Index kernel, Index stride) { return (length - kernel) / stride + 1; }
    constexpr void check() const {
        detail::require<ConfigError>(kernel() >= 1 && stride() >= 1,
                                     "pool: expected a kernel and a stride of at least 1, got ", kernel(), " and ",
                                     stride());
    }

    [[no_unique_address]] Extent<Kernel> kernel_;
    [[no_unique_address]] Extent<Stride> stride_;
};

}  // namespace detail

/// y[n, l, c] = mean over k of x[n, l S + k, c].
///
/// *Shapes*: x [N, L, C], y [N, floor((L - K) / S) + 1, C].
/// *Errors*: `ConfigError` for a count below 1, `ShapeError` for an input shorter than the kernel (a compile error
/// where both are static). *Cost*: N L_out K C additions, no allocation.
/// *Source*: https://pytorch.org/docs/stable/generated/torch.nn.AvgPool1d.html
template <Index Kernel = dynamic, Index Stride = Kernel>
class AveragePool : public detail::PoolLayer<Kernel, Stride> {
public:
    using detail::PoolLayer<Kernel, Stride>::PoolLayer;

    /// Its backward pass is `backward`.
    template <class T, class In>
    void forward(const In& in, const Forward<T>& p) const {
        for (Index n = 0; n < p.samples; ++n)
            kernels::average_pool_forward(this->shape(in), p.x.sample(n), p.y.sample(n));
    }
    /// The gradient of `forward`.
    template <class T, class In>
    void backward(const In& in, const Backward<T>& p) const {
        if (!p.d_x.data) return;
        for (Index n = 0; n < p.samples; ++n)
            kernels::average_pool_backward(this->shape(in), static_cast<const T*>(p.d_y.sample(n)), p.d_x.sample(n));
    }
    std::string name() const { return this->name_of("AveragePool"); }
};

/// y[n, l, c] = max over k of x[n, l S + k, c]. The gradient goes to the first of equal largest steps; a NaN wins.
///
/// *Shapes*, *Errors*: as AveragePool. *Cost*: N L_out K C comparisons in each pass, no memory kept, no allocation.
/// *Source*: https://pytorch.org/docs/stable/generated/torch.nn.MaxPool1d.html
template <Index Kernel = dynamic, Index Stride = Kernel>
class MaxPool : public detail::PoolLayer<Kernel, Stride> {
public:
    using detail::PoolLayer<Kernel, Stride>::PoolLayer;

    /// Its backward pass is `backward`.
    template <class T, class In>
    void forward(const In& in, const Forward<T>& p) const {
        for (Index n = 0; n < p.samples; ++n) kernels::max_pool_forward(this->shape(in), p.x.sample(n), p.y.sample(n));
    }
    /// The gradient of `forward`.
    template <class T, class In>
    void backward(const In& in, const Backward<T>& p) const {
        if (!p.d_x.data) return;
        for (Index n = 0; n < p.samples; ++n)
            kernels::max_pool_backward(this->shape(in), p.x.sample(n), static_cast<const T*>(p.d_y.sample(n)),
                                       p.d_x.sample(n));
    }
    std::string name() const { return this->name_of("MaxPool"); }
};

/// y[n, 0, c] = mean over all steps of x[n, l, c].
///
/// *Shapes*: x [N, L, C], y [N, 1, C]. *Errors*: `ShapeError` for an input of no step.
/// *Cost*: N L C additions, no allocation.
/// *Source*: https://pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool1d.html with output size 1
class GlobalAveragePool : public LayerDefaults {
public:
    static constexpr bool reads_whole_window = true;

    template <Index L, Index C, Index F>
    constexpr auto output_shape(const Shape<L, C, F>& in) const {
        detail::require<ShapeError>(in.length() >= 1, "GlobalAveragePool: expected at least 1 step, got ", in.length());
        return Shape<1, C, F>(1, in.channels(), in.folded());
    }
    /// Its backward pass is `backward`.
    template <class T, class In>
    void forward(const In& in, const Forward<T>& p) const {
        AveragePool<>(in.length(), 1).forward(in, p);
    }
    /// The gradient of `forward`.
    template <class T, class In>
    void backward(const In& in, const Backward<T>& p) const {
        AveragePool<>(in.length(), 1).backward(in, p);
    }
    template <Index L, Index C, Index F>
    constexpr auto streaming(const Shape<L, C, F>& in) const {
        return OverNewest<GlobalAveragePool, L>(*this, in.length());
    }
    std::string name() const { return "GlobalAveragePool"; }
};

IDM_NAMESPACE_END
