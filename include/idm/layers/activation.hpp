#pragma once

#include <string>

#include <idm/kernels/select.hpp>
#include <idm/layers/contract.hpp>

IDM_NAMESPACE_BEGIN

/// y = max(x, 0), a NaN stays NaN. The gradient at 0 is 0, as in PyTorch.
///
/// *Shapes*: any. *Cost*: in place; behind Conv1D or Dense it is part of their kernel.
/// *Source*: https://pytorch.org/docs/stable/generated/torch.nn.ReLU.html
class ReLU : public LayerDefaults {
public:
    static constexpr bool in_place = true;
    static constexpr bool backward_reads_output = true;
    static constexpr bool is_causal = true;
    static constexpr kernels::Epilogue as_epilogue = kernels::Epilogue::relu;

    template <class In>
    constexpr In output_shape(const In& in) const {
        return in;
    }
    /// Its backward pass is `backward`.
    template <class T, class In>
    void forward(const In& in, const Forward<T>& p) const {
        for (Index n = 0; n < p.samples; ++n) kernels::relu_forward(in.size(), p.x.sample(n), p.y.sample(n));
    }
    /// The gradient of `forward`.
    template <class T, class In>
    void backward(const In& in, const Backward<T>& p) const {
        if (!p.d_x.data) return;
        for (Index n = 0; n < p.samples; ++n)
            kernels::relu_backward(in.size(), p.y.sample(n), static_cast<const T*>(p.d_y.sample(n)), p.d_x.sample(n));
    }
    std::string name() const { return "ReLU"; }
};

IDM_NAMESPACE_END
