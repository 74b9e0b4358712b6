#include <algorithm>
#include <cmath>
#include <functional>

#include <omp.h>

#include "network.hpp"
#include "onednn.hpp"

// M1 as a chain of primitives: each layer in the layout that it likes best (or nwc throughout), a reorder only where
// two neighbours disagree; bias and ReLU fused into the forward primitives.

namespace bench {
namespace {

using dnnl::algorithm;
using dnnl::prop_kind;

long count(const memory& m) { return static_cast<long>(m.get_desc().get_size() / sizeof(float)); }
float* numbers(const memory& m) { return static_cast<float*>(m.get_data_handle()); }

/// Calls in order; the memories live in them.
class Chain {
public:
    void add(std::function<void()> call) { calls_.push_back(std::move(call)); }
    void add(const dnnl::primitive& primitive, const Arguments& arguments) {
        add([primitive, arguments] { primitive.execute(stream(), arguments); });
    }
    /// `m`, or what a reorder makes of it.
    memory as(const memory& m, const memory::desc& wanted) {
        if (m.get_desc() == wanted) return m;
        memory to(wanted, engine());
        add(dnnl::reorder(m, to), {{DNNL_ARG_FROM, m}, {DNNL_ARG_TO, to}});
        return to;
    }
    void run() const {
        for (const auto& call : calls_) call();
        stream().wait();
    }

private:
    std::vector<std::function<void()>> calls_;
};

/// A weight or bias, its gradient and Adam's state, all in the forward primitive's layout.
struct Parameter {
    memory value, gradient, first, second;
};

/// One layer's forward primitive and what backward needs of it.
struct Stage {
    std::function<memory(Chain&, Stage&, memory d_y, bool want_d_x)> backward;
    memory x, y;
    Parameter w, b;
    bool relu = false;
};

dnnl::primitive_attr fused(bool relu) {
    dnnl::primitive_attr attributes;
    dnnl::post_ops operations;
    if (relu) operations.append_eltwise(1, algorithm::eltwise_relu, 0, 0);
    attributes.set_post_ops(operations);
    return attributes;
}

Parameter parameter(const std::vector<float>& values, const memory::desc& plain, const memory::desc& wanted) {
    Parameter p{in_place(values, plain, wanted), memory(wanted, engine()), memory(wanted, engine()),
                memory(wanted, engine())};
    for (memory* m : {&p.gradient, &p.first, &p.second}) std::fill_n(numbers(*m), count(*m), 0.F);
    return p;
}

/// Where the layer has a ReLU: d_y times whether y is above zero, in place.
memory through_relu(Chain& chain, const Stage& s, memory d_y) {
    if (!s.relu) return d_y;
    const memory::desc d = s.y.get_desc();
    d_y = chain.as(d_y, d);
    const dnnl::eltwise_forward::primitive_desc forward(
        {prop_kind::forward_training, algorithm::eltwise_relu_use_dst_for_bwd, d, 0}, engine());
    const dnnl::eltwise_backward::primitive_desc backward({algorithm::eltwise_relu_use_dst_for_bwd, d, d, 0}, engine(),
                                                          forward);
    chain.add(dnnl::eltwise_backward(backward),
              {{DNNL_ARG_DST, s.y}, {DNNL_ARG_DIFF_DST, d_y}, {DNNL_ARG_DIFF_SRC, d_y}});
    return d_y;
}

/// Gradients of a layer from that of its output; returns its input's.
template <class Data, class Weights>
memory layer_backward(Chain& chain, Stage& s, const memory& d_y, const Data& data, const Weights& weights,
                      bool want_d_x) {
    memory d_w(weights.diff_weights_desc(), engine());
    chain.add(dnnl::primitive(weights.get()), {{DNNL_ARG_SRC, chain.as(s.x, weights.src_desc())},
                                               {DNNL_ARG_DIFF_DST, chain.as(d_y, weights.diff_dst_desc())},
                                               {DNNL_ARG_DIFF_WEIGHTS, d_w},
                                               {DNNL_ARG_DIFF_BIAS, s.b.gradient}});
    s.w.gradient = chain.as(d_w, s.w.value.get_desc());
    memory d_x;
    if (want_d_x) {
        d_x = memory(data.diff_src_desc(), engine());
        chain.add(dnnl::primitive(data.get()), {{DNNL_ARG_DIFF_DST, chain.as(d_y, data.diff_dst_desc())},
                                                {DNNL_ARG_WEIGHTS, chain.as(s.w.value, data.weights_desc())},
                                                {DNNL_ARG_DIFF_SRC, d_x}});
    }
    return d_x;
}

class M1 {
public:
    M1(const Parameters& parameters, const Series& series, Tag tag, bool training)
        : training_(training), n_(series.windows), tag_(tag) {
        memory x = in_place(series.window_inputs(), described({n_, inputs, window}, Tag::nwc),
                            described({n_, inputs, window}, Tag::nwc));
        convolution(x, parameters[0], parameters[1], inputs, 64, 5);
        convolution(stages_.back().y, parameters[2], parameters[3], 64, 64, 3);
        dense(stages_.back().y, parameters[4], parameters[5], {128, 64, window}, true);
        dense(stages_.back().y, parameters[6], parameters[7], {outputs, 128}, false);
        y_ = chain_.as(stages_.back().y, described({n_, outputs}, Tag::nc));
    }

    /// Loss, backward pass and Adam behind the forward pass.
    void add_training(const std::vector<float>& targets) {
        memory d_y(described({n_, outputs}, Tag::nc), engine());
        chain_.add([this, targets, d_y] {
            double sum = 0;
            const float scale = 2.F / static_cast<float>(targets.size());
            for (std::size_t i = 0; i < targets.size(); ++i) {
                const float error = numbers(y_)[i] - targets[i];
                sum += static_cast<double>(error) * static_cast<double>(error);
                numbers(d_y)[i] = scale * error;
            }
            loss_ = sum / static_cast<double>(targets.size());
        });
        memory d = d_y;
        for (std::size_t i = stages_.size(); i-- > 0;) {
            d = through_relu(chain_, stages_[i], d);
            d = stages_[i].backward(chain_, stages_[i], d, i > 0);
        }
        chain_.add([this] { adam(); });
    }

    void run() const { chain_.run(); }
    const memory& output() const { return y_; }
    double loss() const { return loss_; }

private:
    void convolution(const memory& x, const std::vector<float>& w, const std::vector<float>& b, long in, long out,
                     long kernel) {
        const auto plain_w = described({out, in, kernel}, Tag::oiw), plain_b = described({out}, Tag::x);
        // The first layer reads the windows as they come.
        const auto src = stages_.empty() ? x.get_desc() : described({n_, in, window}, tag_);
        const auto dst = described({n_, out, window}, tag_), any_w = described({out, in, kernel}, Tag::any);
        const Dims strides{1}, dilates{0}, pad{kernel / 2};
        const dnnl::convolution_forward::primitive_desc forward(
            {kind(), algorithm::convolution_direct, src, any_w, plain_b, dst, strides, dilates, pad, pad}, fused(true),
            engine());
        add_stage(forward, x, w, plain_w, b, plain_b, true);
        if (!training_) return;
        const dnnl::convolution_backward_data::primitive_desc data(
            {algorithm::convolution_direct, src, any_w, dst, strides, dilates, pad, pad}, engine(), forward);
        const dnnl::convolution_backward_weights::primitive_desc weights(
            {algorithm::convolution_direct, src, any_w, plain_b, dst, strides, dilates, pad, pad}, engine(), forward);
        stages_.back().backward = [data, weights](Chain& chain, Stage& s, const memory& d_y, bool want_d_x) {
            return layer_backward(chain, s, d_y, data, weights, want_d_x);
        };
    }

    void dense(const memory& x, const std::vector<float>& w, const std::vector<float>& b, const Dims& shape,
               bool relu) {
        const long out = shape[0];
        const auto plain_w = described(shape, shape.size() == 3 ? Tag::oiw : Tag::oi),
                   plain_b = described({out}, Tag::x);
        Dims in = shape;
        in[0] = n_;
        const auto src = described(in, Tag::any), any_w = described(shape, Tag::any),
                   dst = described({n_, out}, Tag::any);
        const dnnl::inner_product_forward::primitive_desc forward({kind(), src, any_w, plain_b, dst}, fused(relu),
                                                                  engine());
        add_stage(forward, x, w, plain_w, b, plain_b, relu);
        if (!training_) return;
        const dnnl::inner_product_backward_data::primitive_desc data({src, any_w, dst}, engine(), forward);
        const dnnl::inner_product_backward_weights::primitive_desc weights({src, any_w, plain_b, dst}, engine(),
                                                                           forward);
        stages_.back().backward = [data, weights](Chain& chain, Stage& s, const memory& d_y, bool want_d_x) {
            return layer_backward(chain, s, d_y, data, weights, want_d_x);
        };
    }

    template <class Forward>
    void add_stage(const Forward& forward, const memory& x, const std::vector<float>& w, const memory::desc& plain_w,
                   const std::vector<float>& b, const memory::desc& plain_b, bool relu) {
        Stage s;
        s.relu = relu;
        s.x = chain_.as(x, forward.src_desc());
        s.y = memory(forward.dst_desc(), engine());
        s.w = parameter(w, plain_w, forward.weights_desc());
        s.b = parameter(b, plain_b, forward.bias_desc());
        chain_.add(
            dnnl::primitive(forward.get()),
            {{DNNL_ARG_SRC, s.x}, {DNNL_ARG_WEIGHTS, s.w.value}, {DNNL_ARG_BIAS, s.b.value}, {DNNL_ARG_DST, s.y}});
        stages_.push_back(std::move(s));
    }

    void adam() {
        ++steps_;
        const float beta1 = 0.9F, beta2 = 0.999F, epsilon = 1e-8F;
        const float size = static_cast<float>(learning_rate / (1 - std::pow(0.9, steps_)));
        const float root = static_cast<float>(1 / std::sqrt(1 - std::pow(0.999, steps_)));
#pragma omp parallel
        for (Stage& s : stages_)
            for (Parameter* p : {&s.w, &s.b}) {
                const float* g = numbers(p->gradient);
                float *w = numbers(p->value), *m = numbers(p->first), *v = numbers(p->second);
                const long end = count(p->value);
#pragma omp for simd nowait
                for (long i = 0; i < end; ++i) {
                    m[i] = beta1 * m[i] + (1 - beta1) * g[i];
                    v[i] = beta2 * v[i] + (1 - beta2) * g[i] * g[i];
                    w[i] -= size * m[i] / (std::sqrt(v[i]) * root + epsilon);
                }
            }
    }

    prop_kind kind() const { return training_ ? prop_kind::forward_training : prop_kind::forward_inference; }

    bool training_;
    long n_;
    Tag tag_;
    Chain chain_;
    std::vector<Stage> stages_;
    memory y_;
    double loss_ = 0;
    int steps_ = 0;
};

class OnednnNetwork final : public Side {
public:
    OnednnNetwork(const Parameters& parameters, const Series& series, const std::string& layout, bool training)
        : training_(training), model_(parameters, series, layout == "any" ? Tag::any : Tag::nwc, training) {
        implementation = "onednn";
        variant = layout;
        if (training) model_.add_training(series.window_targets());
    }
    using Side::run;
    void run() override { model_.run(); }
    std::vector<float> result() override {
        if (training_) return {static_cast<float>(model_.loss())};
        return {numbers(model_.output()), numbers(model_.output()) + count(model_.output())};
    }

private:
    bool training_;
    M1 model_;
};

void add(Sides& sides, const Parameters& parameters, const Series& series, int threads, bool training) {
    omp_set_num_threads(threads);
    for (const char* layout : {"nwc", "any"})
        sides.push_back(std::make_unique<OnednnNetwork>(parameters, series, layout, training));
}

}  // namespace

void add_onednn_inference(Sides& sides, const Parameters& parameters, const Series& series, int threads) {
    add(sides, parameters, series, threads, false);
}
void add_onednn_training(Sides& sides, const Parameters& parameters, const Series& series, int threads) {
    add(sides, parameters, series, threads, true);
}

}  // namespace bench
