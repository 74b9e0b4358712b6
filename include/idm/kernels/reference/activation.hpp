#pragma once

#include <cmath>

#include <idm/kernels/activation.hpp>

IDM_NAMESPACE_BEGIN
namespace kernels::reference {

/// The standard library's functions of one number.
template <class T>
struct Math {
    using V = T;
    static V number(double value) { return static_cast<T>(value); }
    static V exp(V x) { return std::exp(x); }
    static V expm1(V x) { return std::expm1(x); }
    static V log1p_unit(V x) { return std::log1p(x); }
    static V tanh(V x) { return std::tanh(x); }
    static V erf(V x) { return std::erf(x); }
    static V abs(V x) { return std::abs(x); }
    static V select(bool condition, V yes, V no) { return condition ? yes : no; }
};

/// y = f(x). x and y may be the same.
template <class T, class Function>
void activation_forward(const Function& f, Index size, const T* x, T* y) {
    for (Index i = 0; i < size; ++i) y[i] = f.template value<Math<T>>(x[i]);
}

/// d_x = d_y f'; `kept` is y where `Function::from_output`, else x. d_x and d_y may be the same.
template <class T, class Function>
void activation_backward(const Function& f, Index size, const T* kept, const T* d_y, T* d_x) {
    for (Index i = 0; i < size; ++i) d_x[i] = d_y[i] * f.template slope<Math<T>>(kept[i]);
}

}  // namespace kernels::reference
IDM_NAMESPACE_END
