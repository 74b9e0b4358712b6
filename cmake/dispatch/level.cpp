// The kernels for one instruction set, that of this compilation. CMake compiles it once for each IDM_DISPATCH_LEVEL and
// renames xsimd to a name of the level's own: two levels share no function, which the linker could take from the wider.

#undef IDM_NO_SIMD

#include <idm/kernels/dispatch_table.hpp>
#include <idm/kernels/simd/activation.hpp>
#include <idm/kernels/simd/conv1d.hpp>
#include <idm/kernels/simd/dense.hpp>
#include <idm/kernels/simd/depthwise.hpp>
#include <idm/kernels/simd/elementwise.hpp>
#include <idm/kernels/simd/gru.hpp>
#include <idm/kernels/simd/norm.hpp>
#include <idm/kernels/simd/pooling.hpp>

namespace idm::dispatch_v0_1 {
namespace {

using namespace idm::kernels;
namespace here = idm::kernels::simd;
using Arch = xsimd::default_arch;

ConvShape own(const Conv& s) {
    return {.samples = s.samples,
            .in_length = s.in_length,
            .in_channels = s.in_channels,
            .out_length = s.out_length,
            .out_channels = s.out_channels,
            .kernel = s.kernel,
            .stride = s.stride,
            .dilation = s.dilation,
            .pad_left = s.pad_left,
            .groups = s.groups,
            .x_sample_stride = s.x_sample_stride,
            .y_sample_stride = s.y_sample_stride};
}
DenseShape own(const Dense& s) {
    return {.rows = s.rows,
            .in_channels = s.in_channels,
            .out_channels = s.out_channels,
            .x_row_stride = s.x_row_stride,
            .y_row_stride = s.y_row_stride};
}
PoolShape own(const Pool& s) {
    return {.in_length = s.in_length,
            .channels = s.channels,
            .out_length = s.out_length,
            .kernel = s.kernel,
            .stride = s.stride,
            .row = s.row};
}
template <class T>
AdamStep<T> own(const Adam<T>& s) {
    return {.beta1 = s.beta1,
            .beta2 = s.beta2,
            .rest1 = s.rest1,
            .rest2 = s.rest2,
            .step_size = s.step_size,
            .root_scale = s.root_scale,
            .epsilon = s.epsilon,
            .decay = s.decay};
}
template <class T>
SgdStep<T> own(const Sgd<T>& s) {
    return {.momentum = s.momentum, .decay = s.decay, .rate = s.rate, .nesterov = s.nesterov};
}
template <class T>
LionStep<T> own(const Lion<T>& s) {
    return {.beta1 = s.beta1, .beta2 = s.beta2, .rest1 = s.rest1, .rest2 = s.rest2, .rate = s.rate, .decay = s.decay};
}
Epilogue epilogue(bool relu) { return relu ? Epilogue::relu : Epilogue::none; }

/// Calls body with the activation of that name.
template <class Body>
void with(Activation name, double parameter, const Body& body) {
    switch (name) {
        case Activation::leaky_relu:
            return body(LeakyReLU{parameter});
        case Activation::elu:
            return body(ELU{parameter});
        case Activation::tanh:
            return body(Tanh{});
        case Activation::sigmoid:
            return body(Sigmoid{});
        case Activation::softplus:
            return body(Softplus{});
        case Activation::silu:
            return body(SiLU{});
        case Activation::gelu:
            return body(GELU{});
    }
}

template <class T>
constexpr KernelTable<T> table() {
    KernelTable<T> t{};
    t.conv1d_forward = [](const Conv& s, const T* x, const T* w, const T* b, T* y, bool relu) {
        here::conv1d_forward<Arch>(own(s), x, w, b, y, epilogue(relu));
    };
    t.conv1d_transpose_weights = [](const Conv& s, const T* w, T* transposed) {
        here::conv1d_transpose_weights<Arch>(own(s), w, transposed);
    };
    t.conv1d_backward_input_transposed = [](const Conv& s, const T* d_y, const T* transposed, T* d_x) {
        here::conv1d_backward_input_transposed<Arch>(own(s), d_y, transposed, d_x);
    };
    t.conv1d_backward_weights = [](const Conv& s, const T* x, const T* d_y, T* d_w, T* d_b, bool accumulate) {
        here::conv1d_backward_weights<Arch>(own(s), x, d_y, d_w, d_b, accumulate);
    };
    t.dense_forward = [](const Dense& s, const T* x, const T* w, const T* b, T* y, bool relu) {
        here::dense_forward<Arch>(own(s), x, w, b, y, epilogue(relu));
    };
    t.dense_transpose_weights = [](const Dense& s, const T* w, T* transposed) {
        here::dense_transpose_weights<Arch>(own(s), w, transposed);
    };
    t.dense_backward_input_transposed = [](const Dense& s, const T* d_y, const T* transposed, T* d_x) {
        here::dense_backward_input_transposed<Arch>(own(s), d_y, transposed, d_x);
    };
    t.dense_backward_weights = [](const Dense& s, const T* x, const T* d_y, T* d_w, T* d_b, bool accumulate) {
        here::dense_backward_weights<Arch>(own(s), x, d_y, d_w, d_b, accumulate);
    };
    t.depthwise_forward = [](const Conv& s, const T* x, const T* w, const T* b, T* y, bool relu) {
        here::depthwise_forward<Arch>(own(s), x, w, b, y, epilogue(relu));
    };
    t.depthwise_backward_input = [](const Conv& s, const T* d_y, const T* w, T* d_x) {
        here::depthwise_backward_input<Arch>(own(s), d_y, w, d_x);
    };
    t.depthwise_backward_weights = [](const Conv& s, const T* x, const T* d_y, T* d_w, T* d_b, bool accumulate) {
        here::depthwise_backward_weights<Arch>(own(s), x, d_y, d_w, d_b, accumulate);
    };
    t.gru_forward = [](Index hidden, const T* product, const T* h, T* gates, T* y) {
        here::gru_forward<Arch>(hidden, product, h, gates, y);
    };
    t.gru_backward = [](Index hidden, const T* h, const T* d_y, T* gates, T* product, T* d_h) {
        here::gru_backward<Arch>(hidden, h, d_y, gates, product, d_h);
    };
    t.layer_norm_forward = [](Index rows, Index channels, T epsilon, const T* x, T* y) {
        here::layer_norm_forward<Arch>(rows, channels, epsilon, x, y);
    };
    t.layer_norm_backward = [](Index rows, Index channels, T epsilon, const T* x, const T* d_y, T* d_x) {
        here::layer_norm_backward<Arch>(rows, channels, epsilon, x, d_y, d_x);
    };
    t.average_pool_forward = [](const Pool& s, const T* x, T* y) { here::average_pool_forward<Arch>(own(s), x, y); };
    t.average_pool_backward = [](const Pool& s, const T* d_y, T* d_x) {
        here::average_pool_backward<Arch>(own(s), d_y, d_x);
    };
    t.max_pool_forward = [](const Pool& s, const T* x, T* y) { here::max_pool_forward<Arch>(own(s), x, y); };
    t.max_pool_backward = [](const Pool& s, const T* x, const T* d_y, T* d_x) {
        here::max_pool_backward<Arch>(own(s), x, d_y, d_x);
    };
    t.activation_forward = [](Activation name, double parameter, Index size, const T* x, T* y) {
        with(name, parameter, [&](const auto& f) { here::activation_forward<Arch>(f, size, x, y); });
    };
    t.activation_backward = [](Activation name, double parameter, Index size, const T* kept, const T* d_y, T* d_x) {
        with(name, parameter, [&](const auto& f) { here::activation_backward<Arch>(f, size, kept, d_y, d_x); });
    };
    t.relu_forward = [](Index size, const T* x, T* y) { here::relu_forward<Arch>(size, x, y); };
    t.relu_backward = [](Index size, const T* y, const T* d_y, T* d_x) {
        here::relu_backward<Arch>(size, y, d_y, d_x);
    };
    t.add_accumulate = [](Index size, const T* x, T* y) { here::add_accumulate<Arch>(size, x, y); };
    t.axpby = [](Index size, T a, const T* x, T b, T* y) { here::axpby<Arch>(size, a, x, b, y); };
    t.sum_of_squares = [](Index size, const T* x) { return here::sum_of_squares<Arch>(size, x); };
    t.squared_error = [](Index size, const T* prediction, const T* target, T scale, T* d_prediction) {
        return here::squared_error<Arch>(size, prediction, target, scale, d_prediction);
    };
    t.adam = [](Index size, const Adam<T>& step, const T* g, T* m, T* v, T* w) {
        here::adam<Arch>(size, own(step), g, m, v, w);
    };
    t.sgd = [](Index size, const Sgd<T>& step, const T* g, T* m, T* w) { here::sgd<Arch>(size, own(step), g, m, w); };
    t.lion = [](Index size, const Lion<T>& step, const T* g, T* m, T* w) {
        here::lion<Arch>(size, own(step), g, m, w);
    };
    return t;
}

template <class T>
constexpr int lanes = static_cast<int>(xsimd::batch<T, Arch>::size);

}  // namespace

extern constinit const Level IDM_DISPATCH_LEVEL{
    .name = IDM_ISA_NAME,
    .floats = lanes<float>,
    .doubles = lanes<double>,
    .of_float = table<float>(),
    .of_double = table<double>(),
    .conv1d_forward_bf16 =
        [](const Conv& s, const float* x, const float* words, const float* b, float* y, bool relu) {
            here::conv1d_forward_bf16<Arch>(own(s), x, Bf16Pairs{words}, b, y, epilogue(relu));
        },
    .dense_forward_bf16 =
        [](const Dense& s, const float* x, const float* words, const float* b, float* y, bool relu) {
            here::dense_forward_bf16<Arch>(own(s), x, Bf16Pairs{words}, b, y, epilogue(relu));
        },
};

}  // namespace idm::dispatch_v0_1
