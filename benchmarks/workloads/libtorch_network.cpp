#include <torch/torch.h>

#include "network.hpp"

namespace bench {
namespace {

torch::Tensor tensor(const std::vector<float>& values, at::IntArrayRef sizes) {
    return torch::from_blob(const_cast<float*>(values.data()), sizes).clone();
}

/// Weights and biases in turns.
std::vector<std::vector<long>> shapes(Model model) {
    if (model == Model::m1)
        return {{64, inputs, 5}, {64}, {64, 64, 3}, {64}, {128, 64 * window}, {128}, {outputs, 128}, {outputs}};
    std::vector<std::vector<long>> all = {{64, inputs, 1}, {64}};
    for (int block = 0; block < 4; ++block)
        for (const long kernel : {3, 1}) {
            all.push_back({64, 64, kernel});
            all.push_back({64});
        }
    for (const std::vector<long>& shape : {std::vector<long>{128, 64}, {128}, {outputs, 128}, {outputs}})
        all.push_back(shape);
    return all;
}

torch::Tensor forward_m1(const std::vector<torch::Tensor>& p, torch::Tensor x) {
    x = at::relu(at::conv1d(x, p[0], p[1], 1, 2));
    x = at::relu(at::conv1d(x, p[2], p[3], 1, 1));
    x = at::relu(at::linear(x.flatten(1), p[4], p[5]));
    return at::linear(x, p[6], p[7]);
}

torch::Tensor forward_cnn2(const std::vector<torch::Tensor>& p, torch::Tensor x) {
    x = at::conv1d(x, p[0], p[1]);
    for (std::size_t block = 0; block < 4; ++block) {
        const long dilation = 1L << block;
        const std::size_t i = 2 + 4 * block;
        const torch::Tensor padded = at::constant_pad_nd(x, {2 * dilation, 0});
        const torch::Tensor h = at::relu(at::conv1d(padded, p[i], p[i + 1], {1}, at::IntArrayRef{0}, {dilation}));
        x = x + at::conv1d(h, p[i + 2], p[i + 3]);
    }
    x = at::relu(at::linear(at::relu(x).select(2, window - 1), p[18], p[19]));
    return at::linear(x, p[20], p[21]);
}

class TorchNetwork final : public Side {
public:
    TorchNetwork(Model model, const Parameters& parameters, const Series& series, bool training)
        : forward_(model == Model::m1 ? forward_m1 : forward_cnn2),
          x_(tensor(series.window_inputs(), {series.windows, window, inputs}).transpose(1, 2).contiguous()),
          targets_(tensor(series.window_targets(), {series.windows, outputs})) {
        implementation = "libtorch";
        const auto sizes = shapes(model);
        for (std::size_t i = 0; i < sizes.size(); ++i)
            parameters_.push_back(tensor(parameters[i], sizes[i]).requires_grad_(training));
        if (training) adam_ = std::make_unique<torch::optim::Adam>(parameters_, learning_rate);
    }

    using Side::run;
    void run() override {
        if (!adam_) {
            const c10::InferenceMode no_gradients;
            result_ = forward_(parameters_, x_);
            return;
        }
        adam_->zero_grad();
        const torch::Tensor loss = at::mse_loss(forward_(parameters_, x_), targets_);
        loss.backward();
        adam_->step();
        result_ = loss.detach();
    }
    std::vector<float> result() override {
        const torch::Tensor flat = result_.contiguous();
        return {flat.data_ptr<float>(), flat.data_ptr<float>() + flat.numel()};
    }

private:
    torch::Tensor (*forward_)(const std::vector<torch::Tensor>&, torch::Tensor);
    torch::Tensor x_, targets_, result_;
    std::vector<torch::Tensor> parameters_;
    std::unique_ptr<torch::optim::Adam> adam_;
};

}  // namespace

void add_libtorch_inference(Sides& sides, Model model, const Parameters& parameters, const Series& series,
                            int threads) {
    if (!libtorch_objection().empty()) return;
    at::set_num_threads(threads);
    sides.push_back(std::make_unique<TorchNetwork>(model, parameters, series, false));
}
void add_libtorch_training(Sides& sides, Model model, const Parameters& parameters, const Series& series, int threads) {
    if (!libtorch_objection().empty()) return;
    at::set_num_threads(threads);
    sides.push_back(std::make_unique<TorchNetwork>(model, parameters, series, true));
}

}  // namespace bench
