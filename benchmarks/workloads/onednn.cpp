#include <omp.h>

#include "onednn.hpp"
#include "side.hpp"

namespace bench {
namespace {

void append(std::vector<float>& values, memory from, const memory::desc& plain) {
    const std::size_t begin = values.size();
    values.resize(begin + plain.get_size() / sizeof(float));
    memory to(plain, engine(), values.data() + begin);
    dnnl::reorder(from, to).execute(stream(), from, to);
    stream().wait();
}

/// The plain layouts of Operands and of Side::result; for a dense layer the lengths and the kernel fall away.
struct Plain {
    memory::desc x, w, b, y;

    explicit Plain(const Layer& l)
        : x(l.dense ? described({l.samples, l.in_channels}, Tag::nc)
                    : described({l.samples, l.in_channels, l.length}, Tag::nwc)),
          w(l.dense ? described({l.out_channels, l.in_channels}, Tag::oi)
                    : described({l.out_channels, l.in_channels, l.kernel}, Tag::oiw)),
          b(described({l.out_channels}, Tag::x)),
          y(l.dense ? described({l.samples, l.out_channels}, Tag::nc)
                    : described({l.samples, l.out_channels, l.out_length()}, Tag::nwc)) {}
};

/// One primitive. Reorders of operands and results are no part of `run`.
class OnednnSide final : public Side {
public:
    OnednnSide(const Layer& layer, const Operands& operands, Pass pass, const std::string& layout)
        : plain_(layer), pass_(pass) {
        implementation = "onednn";
        variant = layout;
        const Tag tag = layout == "any" ? Tag::any : layout == "nwc" ? Tag::nwc : Tag::ncw;
        if (layer.dense)
            make_dense(layer, operands, layout == "any" ? Tag::any : Tag::oi);
        else
            make_convolution(layer, operands, tag);
    }

    using Side::run;
    void run() override {
        primitive_.execute(stream(), arguments_);
        stream().wait();
    }
    std::vector<float> result() override {
        std::vector<float> values;
        if (pass_ == Pass::forward) append(values, arguments_.at(DNNL_ARG_DST), plain_.y);
        if (pass_ == Pass::backward_input) append(values, arguments_.at(DNNL_ARG_DIFF_SRC), plain_.x);
        if (pass_ == Pass::backward_weights) {
            append(values, arguments_.at(DNNL_ARG_DIFF_WEIGHTS), plain_.w);
            append(values, arguments_.at(DNNL_ARG_DIFF_BIAS), plain_.b);
        }
        return values;
    }

private:
    void make_convolution(const Layer& l, const Operands& operands, Tag tag) {
        const auto x = described(plain_.x.dims(), tag), y = described(plain_.y.dims(), tag),
                   w = described(plain_.w.dims(), Tag::any);
        const Dims strides{1}, dilates{l.dilation - 1}, left{l.pad_left}, right{l.pad_right};
        using dnnl::algorithm;
        const dnnl::convolution_forward::primitive_desc forward(
            {dnnl::prop_kind::forward_training, algorithm::convolution_direct, x, w, plain_.b, y, strides, dilates,
             left, right},
            engine());
        if (pass_ == Pass::forward) {
            set_forward(forward, operands);
        } else if (pass_ == Pass::backward_input) {
            set_backward_input(
                dnnl::convolution_backward_data::primitive_desc(
                    {algorithm::convolution_direct, x, w, y, strides, dilates, left, right}, engine(), forward),
                operands);
        } else {
            set_backward_weights(dnnl::convolution_backward_weights::primitive_desc(
                                     {algorithm::convolution_direct, x, w, plain_.b, y, strides, dilates, left, right},
                                     engine(), forward),
                                 operands);
        }
    }
    void make_dense(const Layer&, const Operands& operands, Tag weights) {
        const auto w = described(plain_.w.dims(), weights);
        const dnnl::inner_product_forward::primitive_desc forward(
            {dnnl::prop_kind::forward_training, plain_.x, w, plain_.b, plain_.y}, engine());
        if (pass_ == Pass::forward)
            set_forward(forward, operands);
        else if (pass_ == Pass::backward_input)
            set_backward_input(
                dnnl::inner_product_backward_data::primitive_desc({plain_.x, w, plain_.y}, engine(), forward),
                operands);
        else
            set_backward_weights(dnnl::inner_product_backward_weights::primitive_desc({plain_.x, w, plain_.b, plain_.y},
                                                                                      engine(), forward),
                                 operands);
    }

    template <class Desc>
    void set_forward(const Desc& d, const Operands& o) {
        arguments_ = {{DNNL_ARG_SRC, in_place(o.x, plain_.x, d.src_desc())},
                      {DNNL_ARG_WEIGHTS, in_place(o.w, plain_.w, d.weights_desc())},
                      {DNNL_ARG_BIAS, in_place(o.b, plain_.b, d.bias_desc())},
                      {DNNL_ARG_DST, memory(d.dst_desc(), engine())}};
        primitive_ = dnnl::primitive(d.get());
    }
    template <class Desc>
    void set_backward_input(const Desc& d, const Operands& o) {
        arguments_ = {{DNNL_ARG_DIFF_DST, in_place(o.d_y, plain_.y, d.diff_dst_desc())},
                      {DNNL_ARG_WEIGHTS, in_place(o.w, plain_.w, d.weights_desc())},
                      {DNNL_ARG_DIFF_SRC, memory(d.diff_src_desc(), engine())}};
        primitive_ = dnnl::primitive(d.get());
    }
    template <class Desc>
    void set_backward_weights(const Desc& d, const Operands& o) {
        arguments_ = {{DNNL_ARG_SRC, in_place(o.x, plain_.x, d.src_desc())},
                      {DNNL_ARG_DIFF_DST, in_place(o.d_y, plain_.y, d.diff_dst_desc())},
                      {DNNL_ARG_DIFF_WEIGHTS, memory(d.diff_weights_desc(), engine())},
                      {DNNL_ARG_DIFF_BIAS, memory(d.diff_bias_desc(), engine())}};
        primitive_ = dnnl::primitive(d.get());
    }

    Plain plain_;
    Pass pass_;
    dnnl::primitive primitive_;
    Arguments arguments_;
};

}  // namespace

void add_onednn(Sides& sides, const Layer& layer, const Operands& operands, Pass pass, int threads) {
    omp_set_num_threads(threads);
    for (const char* layout : {"nwc", "ncw", "any"}) {
        if (layer.dense && std::string(layout) == "ncw") continue;
        try {
            sides.push_back(std::make_unique<OnednnSide>(layer, operands, pass, layout));
        } catch (const dnnl::error& e) {  // a layout that the pass does not come in
            if (e.status != dnnl_unimplemented) throw;
        }
    }
}

std::string onednn_version() {
    const dnnl_version_t* v = dnnl_version();
    return "oneDNN " + std::to_string(v->major) + "." + std::to_string(v->minor) + "." + std::to_string(v->patch);
}

}  // namespace bench
