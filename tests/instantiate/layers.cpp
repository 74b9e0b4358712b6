// kernels and layers.

#include <vector>

#include <idm/kernels/select.hpp>
#include <idm/layers/activation.hpp>
#include <idm/layers/batch_norm.hpp>
#include <idm/layers/bf16.hpp>
#include <idm/layers/cone.hpp>
#include <idm/layers/contract.hpp>
#include <idm/layers/conv1d.hpp>
#include <idm/layers/dense.hpp>
#include <idm/layers/depthwise.hpp>
#include <idm/layers/dropout.hpp>
#include <idm/layers/gru.hpp>
#include <idm/layers/init.hpp>
#include <idm/layers/network.hpp>
#include <idm/layers/norm.hpp>
#include <idm/layers/over_newest.hpp>
#include <idm/layers/parameters.hpp>
#include <idm/layers/pooling.hpp>
#include <idm/layers/reshape.hpp>
#include <idm/layers/residual.hpp>
#include <idm/layers/sequential.hpp>
#include <idm/layers/since_start.hpp>
#include <idm/layers/streaming.hpp>
#include <idm/layers/sum.hpp>
#include <idm/layers/without_padding.hpp>

#include "instantiate/keep.hpp"

using namespace idm;
using idm_test::keep;

template class idm::NamedParameter<float>;
template class idm::NamedParameter<double>;

namespace {

// Calls in the place of addresses, which overloaded and deduced members do not have. Nothing runs.
template <class T, class In, class L>
void layer(const L& l, const In& in, const Forward<T>& f, const Backward<T>& b, std::vector<ParameterInfo>& list) {
    static_assert(Layer<L, In, T>);
    (void)l.output_shape(in), (void)l.parameter_count(in), (void)l.name(), l.list_parameters(in, 0, "", list);
    (void)l.history(in), (void)l.input_halo(in), (void)l.gradient_halo(in);
    (void)l.template memory_size<T>(in, 1, Mode::training), (void)l.template scratch_size<T>(in, 1, Mode::training);
    l.forward(in, f);
    l.backward(in, b);
}

template <class T, class In, class... Layers>
void layers() {
    keep(&layer<T, In, Layers>...);
}

template <class T, class In>
void all_layers() {
    layers<T, In, Conv1D<>, Conv1D<4, 3, Padding::same>, Conv1D<4, 3, Padding::causal, 1, 2>,
           Conv1D<dynamic, dynamic, Padding::valid, 1, 1, dynamic>, DepthwiseConv1D<>, Dense<>, Dense<5>, GRU<>, GRU<5>,
           ReLU, LeakyReLU, ELU, Tanh, Sigmoid, Softplus, SiLU, GELU, Flatten, LastStep, EveryStep, LayerNorm<>,
           LayerNorm<false>, BatchNorm1D, Dropout, AveragePool<>, MaxPool<>, GlobalAveragePool, Residual<ReLU>,
           Sum<Dense<5>, Dense<5>>, WindowLinear<>, Sequential<Dense<>, ReLU>>();
    // LayerThatCannotStream and LayerThatSeesPadding are names for compile errors: see tests/compile_fail.
    using Net = Sequential<Conv1D<4, 3, Padding::causal>, LastStep>;
    static_assert(SequenceTrainable<Net> && Prunable<Net>);
    using N = Network<In, Net>;
    keep(&N::template workspace_shape<T>, &N::template forward<T>, &N::template backward<T>, &sequence_network<In, Net>,
         &without_padding<In, Conv1D<4, 3, Padding::causal>>, &streaming_network<In, Net>, &pruned_network<In, Net>,
         &layer<T, Shape<1, In::static_channels>, OverNewest<Dense<>>>,
         &layer<T, Shape<1, In::static_channels>, SinceStart<GRU<>>>);
}

template <class T>
void all_kernels() {
    namespace k = kernels;
    keep(&k::conv1d_forward<T>, &k::conv1d_backward_input_scratch<T>, &k::conv1d_backward_input<T>,
         &k::conv1d_transpose_weights<T>, &k::conv1d_backward_input_transposed<T>, &k::dense_transpose_weights<T>,
         &k::dense_backward_input_transposed<T>, &k::conv1d_backward_weights<T>, &k::dense_forward<T>,
         &k::dense_backward_input_scratch<T>, &k::dense_backward_input<T>, &k::dense_backward_weights<T>,
         &k::depthwise_forward<T>, &k::depthwise_backward_input<T>, &k::depthwise_backward_weights<T>,
         &k::gru_forward<T>, &k::gru_backward<T>, &k::relu_forward<T>, &k::relu_backward<T>, &k::add_accumulate<T>,
         &k::axpby<T>, &k::squared_error<T>, &k::sum_of_squares<T>, &k::adam<T>, &k::sgd<T>, &k::lion<T>,
         &k::average_pool_forward<T>, &k::average_pool_backward<T>, &k::max_pool_forward<T>, &k::max_pool_backward<T>,
         &k::dropout<T>, &k::batch_statistics<T>, &k::channel_scales<T>, &k::normalise_channels<T>,
         &k::normalise_channels_backward<T>, &k::scale_channels<T>, &k::scale_channels_backward<T>,
         &k::layer_norm_forward<T>, &k::layer_norm_backward<T>, &k::activation_forward<T, k::Tanh>,
         &k::activation_backward<T, k::Tanh>);
    keep(&initialise_uniform<T>);
    static_assert(ConvolutionLongerThanItsInput<3, 3, 3, 1>::length == 3);
}

template <class T>
void make() {
    all_kernels<T>();
    all_layers<T, Shape<dynamic, dynamic>>();
    all_layers<T, Shape<16, 3>>();
}

}  // namespace

void instantiate_layers() {
    make<float>();
    make<double>();
    keep(&kernels::conv1d_forward_bf16<float>, &kernels::dense_forward_bf16<float>,
         &Bf16<Conv1D<>>::forward<float, Shape<16, 3>>, &Bf16<Dense<>>::forward<float, Shape<16, 3>>);
}
