#include <algorithm>
#include <chrono>
#include <numeric>

#include <idm/core/buffer.hpp>
#include <idm/core/parallel.hpp>
#include <idm/kernels/select.hpp>

#include "side.hpp"

namespace bench {
namespace {

using namespace idm;
using kernels::ConvShape;
using kernels::DenseShape;
using kernels::Epilogue;

/// Samples of `run` numbers, `stride` apart, with zeros around them.
struct Rows {
    Index before, run, stride;
    Buffer<float> memory;

    Rows(Index samples, Index run_, Index before_, Index behind)
        : before(before_), run(run_), stride(before_ + run_ + behind), memory(samples * stride) {}
    float* sample(Index n) { return memory.data() + before + n * stride; }
    void set(const std::vector<float>& values) {
        for (std::size_t i = 0; i < values.size(); ++i)
            sample(static_cast<Index>(i) / run)[static_cast<Index>(i) % run] = values[i];
    }
    std::vector<float> get() {
        std::vector<float> values;
        for (Index n = 0; n * stride < memory.size(); ++n) values.insert(values.end(), sample(n), sample(n) + run);
        return values;
    }
};

ConvShape shape_of(const Layer& l) {
    ConvShape s;
    s.samples = l.samples;
    s.in_length = l.length;
    s.in_channels = l.in_channels;
    s.out_length = l.out_length();
    s.out_channels = l.out_channels;
    s.kernel = l.kernel;
    s.dilation = l.dilation;
    s.pad_left = l.pad_left;
    return s;
}

/// Threads, of `most`, that a pass is split over. A small gradient of weights, about a microsecond's work for each, is
/// one thread's: its lines pass from core to core to be added up, and D3's took up to six times as long on four as on
/// one.
int useful_threads(const Layer& layer, Pass pass, int most) {
    if (pass != Pass::backward_weights) return most;
    constexpr double share = 200'000;  // flop
    return static_cast<int>(std::clamp(layer.flop() / share, 1.0, static_cast<double>(most)));
}

/// A layer on up to `threads` threads: calls are jobs of one crew. As in training each thread takes a share of the
/// samples, and gradients of weights are added up afterwards; but gradients of a dense layer that is wide enough are
/// split by columns, of d_x or of the weights. Weights lie as the pass wants them, the peers' too.
class IdmSide final : public Side {
public:
    IdmSide(const Layer& layer, const Operands& operands, Pass pass, int threads)
        : layer_(layer),
          shape_(shape_of(layer)),
          pass_(pass),
          threads_(useful_threads(layer, pass, threads)),
          weight_size_(kernels::packed_weight_size(shape_.weight_rows(), layer.out_channels)),
          x_(rows(layer.length, layer.in_channels, kernels::forward_halo(shape_))),
          y_(rows(layer.out_length(), layer.out_channels, kernels::backward_halo(shape_))),
          parameters_(weight_size_ + kernels::packed_columns(layer.out_channels)),
          transposed_(layer.dense ? kernels::dense_backward_input_scratch<float>(dense(shape_))
                                  : kernels::conv1d_backward_input_scratch<float>(shape_)) {
        implementation = "idm";
        shape_.x_sample_stride = x_.stride;
        shape_.y_sample_stride = y_.stride;
        for (int t = 0; t < threads_; ++t) gradient_.emplace_back(parameters_.size());
        if (pass != Pass::backward_input) x_.set(operands.x);
        if (pass != Pass::forward) y_.set(operands.d_y);
        for (Index i = 0; i < static_cast<Index>(operands.w.size()); ++i)
            parameters_[packed(i)] = operands.w[static_cast<std::size_t>(i)];
        std::copy(operands.b.begin(), operands.b.end(), parameters_.data() + weight_size_);
        const float* w = parameters_.data();
        if (layer.dense)
            kernels::dense_transpose_weights(dense(shape_), w, transposed_.data());
        else
            kernels::conv1d_transpose_weights(shape_, w, transposed_.data());
    }

    void run() override { run(1); }
    void run(int calls) override {
        with_crew(threads_, [&](Crew& crew) {
            const Job job{this, &IdmSide::pass}, sum{this, &IdmSide::add_up};
            const bool adds_up = crew.size() > 1 && pass_ == Pass::backward_weights && !by_columns(crew.size());
            for (int i = 0; i < calls; ++i) {
                crew.run(job);
                if (adds_up) crew.run(sum);
            }
        });
    }

    const ConvShape& shape() const { return shape_; }
    const float* weights() const { return parameters_.data(); }
    void forward_bf16(kernels::Bf16Pairs w) {
        const float *x = x_.sample(0), *b = weights() + weight_size_;
        if (layer_.dense)
            kernels::dense_forward_bf16(dense(shape_), x, w, b, y_.sample(0), Epilogue::none);
        else
            kernels::conv1d_forward_bf16(shape_, x, w, b, y_.sample(0), Epilogue::none);
    }

    std::vector<float> result() override {
        if (pass_ == Pass::forward) return y_.get();
        if (pass_ == Pass::backward_input) return x_.get();
        std::vector<float> values;
        const Index weights = layer_.out_channels * layer_.in_channels * layer_.kernel;
        for (Index i = 0; i < weights; ++i) values.push_back(gradient_[0][packed(i)]);
        const float* b = gradient_[0].data() + weight_size_;
        values.insert(values.end(), b, b + layer_.out_channels);
        return values;
    }

private:
    /// On a cache line of its own, as anything that other threads read and nobody writes should be.
    struct alignas(alignment_bytes) Job {
        IdmSide* side;
        void (IdmSide::*work)(const Team&);
        void operator()(const Team& team) const { (side->*work)(team); }
    };

    Index columns() const { return pass_ == Pass::backward_input ? layer_.in_channels : layer_.out_channels; }
    bool by_columns(int threads) const {
        return layer_.dense && pass_ != Pass::forward && columns() >= threads * kernels::column_block;
    }

    void pass(const Team& team) {
        if (by_columns(team.size()))
            pass_of_columns(team, columns());
        else
            pass_of_samples(team);
    }

    void pass_of_columns(const Team& team, Index columns) {
        const Range blocks = team.share((columns + kernels::column_block - 1) / kernels::column_block);
        const Index begin = blocks.begin * kernels::column_block,
                    end = std::min(blocks.end * kernels::column_block, columns);
        DenseShape s = dense(shape_);
        if (pass_ == Pass::backward_input) {
            s.in_channels = end - begin;
            kernels::dense_backward_input_transposed(
                s, y_.sample(0), transposed_.data() + kernels::packed_offset(layer_.out_channels, columns, 0, begin),
                x_.sample(0) + begin);
        } else {
            s.out_channels = end - begin;
            kernels::dense_backward_weights(
                s, x_.sample(0), y_.sample(0) + begin,
                gradient_[0].data() + kernels::packed_offset(layer_.in_channels, columns, 0, begin),
                gradient_[0].data() + weight_size_ + begin, false);
        }
    }

    void pass_of_samples(const Team& team) {
        const Range mine = team.share(layer_.samples);
        ConvShape s = shape_;
        s.samples = mine.end - mine.begin;
        const auto t = static_cast<std::size_t>(team.index());
        const float *w = parameters_.data(), *b = w + weight_size_;
        if (pass_ == Pass::forward) {
            forward(s, x_.sample(mine.begin), w, b, y_.sample(mine.begin));
        } else if (pass_ == Pass::backward_input) {
            backward_input(s, y_.sample(mine.begin), x_.sample(mine.begin));
        } else {
            backward_weights(s, x_.sample(mine.begin), y_.sample(mine.begin), gradient_[t].data());
        }
    }

    Rows rows(Index length, Index channels, kernels::Halo halo) const {
        if (layer_.dense) halo = {};
        return {layer_.samples, length * channels, halo.left * channels, halo.right * channels};
    }
    /// Where PyTorch's i-th weight lies.
    Index packed(Index i) const {
        const Index k = i % layer_.kernel, c = i / layer_.kernel % layer_.in_channels,
                    o = i / layer_.kernel / layer_.in_channels;
        return kernels::packed_offset(shape_.weight_rows(), layer_.out_channels, k * layer_.in_channels + c, o);
    }
    static DenseShape dense(const ConvShape& s) {
        return {s.samples, s.in_channels, s.out_channels, s.x_sample_stride, s.y_sample_stride};
    }
    void forward(const ConvShape& s, const float* x, const float* w, const float* b, float* y) const {
        if (layer_.dense)
            kernels::dense_forward(dense(s), x, w, b, y, Epilogue::none);
        else
            kernels::conv1d_forward(s, x, w, b, y, Epilogue::none);
    }
    void backward_input(const ConvShape& s, const float* d_y, float* d_x) const {
        const float* transposed = transposed_.data();
        if (layer_.dense)
            kernels::dense_backward_input_transposed(dense(s), d_y, transposed, d_x);
        else
            kernels::conv1d_backward_input_transposed(s, d_y, transposed, d_x);
    }
    void backward_weights(const ConvShape& s, const float* x, const float* d_y, float* gradient) const {
        if (layer_.dense)
            kernels::dense_backward_weights(dense(s), x, d_y, gradient, gradient + weight_size_, false);
        else
            kernels::conv1d_backward_weights(s, x, d_y, gradient, gradient + weight_size_, false);
    }
    /// The others' gradients to the first's, each thread a share of the parameters.
    void add_up(const Team& team) {
        const Range lines = team.share(parameters_.size() / 16);
        for (std::size_t other = 1; other < gradient_.size(); ++other)
            kernels::add_accumulate((lines.end - lines.begin) * 16,
                                    static_cast<const float*>(gradient_[other].data()) + lines.begin * 16,
                                    gradient_[0].data() + lines.begin * 16);
    }

    Layer layer_;
    ConvShape shape_;
    Pass pass_;
    int threads_;
    Index weight_size_;
    Rows x_, y_;
    Buffer<float> parameters_, transposed_;
    std::vector<Buffer<float>> gradient_;
};

#if !IDM_HAS_DISPATCH
/// The forward pass of a layer on one thread with weights in bf16.
class Bf16Side final : public Side {
public:
    Bf16Side(const Layer& layer, const Operands& operands)
        : side_(layer, operands, Pass::forward, 1),
          words_(kernels::bf16_words(side_.shape().weight_rows(), layer.out_channels)) {
        implementation = "idm_bf16";
        kernels::pack_bf16(side_.shape().weight_rows(), layer.out_channels, side_.weights(), words_.data());
    }
    using Side::run;
    void run() override { side_.forward_bf16(kernels::Bf16Pairs{words_.data()}); }
    std::vector<float> result() override { return side_.result(); }

private:
    IdmSide side_;
    Buffer<float> words_;
};

template <class T>
void keep(T& value) {
    asm volatile("" : : "g"(&value) : "memory");
}

#endif

}  // namespace

// This file is compiled twice: for the machine, and as users of idm::dispatch compile it, for its kernels alone.
#if IDM_HAS_DISPATCH

void add_idm_dispatch(Sides& sides, const Layer& layer, const Operands& operands, Pass pass, int threads) {
    sides.push_back(std::make_unique<IdmSide>(layer, operands, pass, threads));
    sides.back()->implementation = "idm_dispatch";
}

#else

void add_idm(Sides& sides, const Layer& layer, const Operands& operands, Pass pass, int threads) {
    sides.push_back(std::make_unique<IdmSide>(layer, operands, pass, threads));
}

void add_idm_bf16(Sides& sides, const Layer& layer, const Operands& operands) {
    sides.push_back(std::make_unique<Bf16Side>(layer, operands));
}

double multiply_add_flops([[maybe_unused]] int threads) {
#if defined(IDM_NO_SIMD)
    return 0;
#else
    using B = simd::Batch<float, kernels::DefaultArch>;
    using Clock = std::chrono::steady_clock;
    // Two units with a latency of four or five cycles need ten sums in flight; 12 fit in 16 registers beside x and z.
    constexpr int sums = 12, repeats = 20000;
    std::vector<double> flops(static_cast<std::size_t>(threads));
    parallel(threads, [&](const Team& team) {
        B x(0.999F), z(0.001F), sum[sums];
        for (B& s : sum) s = B(0.F);
        keep(x);
        keep(z);
        const auto begin = Clock::now();
        for (int i = 0; i < repeats; ++i)
            for (B& s : sum) s = simd::multiply_add(s, x, z);
        for (B& s : sum) keep(s);
        const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
        flops[static_cast<std::size_t>(team.index())] = 2.0 * sums * repeats * static_cast<double>(B::size) / seconds;
    });
    return std::accumulate(flops.begin(), flops.end(), 0.0);
#endif
}

#endif

}  // namespace bench
