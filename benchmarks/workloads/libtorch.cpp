#include <dlfcn.h>

#include <torch/torch.h>

#include "side.hpp"

namespace bench {
namespace {

torch::Tensor tensor(const std::vector<float>& values, at::IntArrayRef sizes) {
    return torch::from_blob(const_cast<float*>(values.data()), sizes).clone();
}

/// [N, L, C] to PyTorch's [N, C, L].
torch::Tensor channels_first(const std::vector<float>& values, long samples, long length, long channels) {
    return tensor(values, {samples, length, channels}).transpose(1, 2).contiguous();
}

/// PyTorch's own layout. Convolutions pad both sides alike, so that of uneven padding gets its zeros beforehand; its
/// input gradient then reaches over these zeros.
class TorchSide final : public Side {
public:
    TorchSide(const Layer& l, const Operands& o, Pass pass) : layer_(l), pass_(pass) {
        implementation = "libtorch";
        b_ = tensor(o.b, {l.out_channels});
        if (l.dense) {
            x_ = tensor(o.x, {l.samples, l.in_channels});
            w_ = tensor(o.w, {l.out_channels, l.in_channels});
            d_y_ = tensor(o.d_y, {l.samples, l.out_channels});
            return;
        }
        x_ = channels_first(o.x, l.samples, l.length, l.in_channels);
        w_ = tensor(o.w, {l.out_channels, l.in_channels, l.kernel});
        d_y_ = channels_first(o.d_y, l.samples, l.out_length(), l.out_channels);
        if (l.pad_left == l.pad_right)
            padding_ = l.pad_left;
        else
            x_ = torch::constant_pad_nd(x_, {l.pad_left, l.pad_right}).contiguous();
    }

    using Side::run;
    void run() override {
        const c10::InferenceMode no_gradients;
        if (layer_.dense)
            run_dense();
        else if (pass_ == Pass::forward)
            results_ = {at::conv1d(x_, w_, b_, 1, padding_, layer_.dilation)};
        else {
            const bool input = pass_ == Pass::backward_input;
            auto [d_x, d_w, d_b] =
                at::convolution_backward(d_y_, x_, w_, at::IntArrayRef{layer_.out_channels}, {1}, {padding_},
                                         {layer_.dilation}, false, {0}, 1, {input, !input, !input});
            if (input)
                results_ = {d_x};
            else
                results_ = {d_w, d_b};
        }
    }

    std::vector<float> result() override {
        std::vector<float> values;
        for (torch::Tensor t : results_) {
            if (!layer_.dense && pass_ != Pass::backward_weights) t = t.transpose(1, 2);
            if (!layer_.dense && pass_ == Pass::backward_input && padding_ == 0)
                t = t.slice(1, layer_.pad_left, layer_.pad_left + layer_.length);
            t = t.contiguous();
            values.insert(values.end(), t.data_ptr<float>(), t.data_ptr<float>() + t.numel());
        }
        return values;
    }

private:
    void run_dense() {
        if (pass_ == Pass::forward)
            results_ = {at::linear(x_, w_, b_)};
        else if (pass_ == Pass::backward_input)
            results_ = {at::mm(d_y_, w_)};
        else
            results_ = {at::mm(d_y_.t(), x_), d_y_.sum(0)};
    }

    Layer layer_;
    Pass pass_;
    long padding_ = 0;
    torch::Tensor x_, w_, b_, d_y_;
    std::vector<torch::Tensor> results_;
};

}  // namespace

void add_libtorch(Sides& sides, const Layer& layer, const Operands& operands, Pass pass, int threads) {
    if (!libtorch_objection().empty()) return;
    at::set_num_threads(threads);
    sides.push_back(std::make_unique<TorchSide>(layer, operands, pass));
}

std::string libtorch_version() {
    std::string version = "libtorch " TORCH_VERSION;
    // Which processor OpenBLAS takes this one for decides its speed.
    if (const auto core = reinterpret_cast<const char* (*)()>(dlsym(RTLD_DEFAULT, "openblas_get_corename")))
        version += std::string(" with OpenBLAS for ") + core();
    return version;
}

std::string libtorch_objection() {
    // OpenBLAS and MKL each name a function of their own; the reference BLAS has neither.
    for (const char* name : {"openblas_get_config", "MKL_Get_Version_String"})
        if (dlsym(RTLD_DEFAULT, name)) return "";
    return "the BLAS behind libtorch is neither OpenBLAS nor MKL";
}

}  // namespace bench
