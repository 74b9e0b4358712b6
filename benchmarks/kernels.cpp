// Times each convolution and dense kernel on the named workloads, on one thread, and an empty job of a crew.
//
// First the selected kernel's output is compared with the reference's; a wrong one reports an error and no time. Then a
// loop of nothing but multiply-adds, the selected kernel and the reference run in turns, so that a busy machine slows
// all three. The columns hold medians over the turns ("Time" is Google Benchmark's mean):
//   GFLOP/s           of the selected kernel
//   peak, %peak       GFLOP/s of the multiply-adds, and the selected kernel's share of it
//   reference_us      time of the reference
//   times_reference   how many times faster the selected kernel is

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include <idm/core/buffer.hpp>
#include <idm/core/parallel.hpp>
#include <idm/core/random.hpp>
#include <idm/kernels/select.hpp>

#include "support/shape_grid.hpp"

namespace {

using namespace idm;
using kernels::Epilogue;
using Scalar = float;

double seconds_of(auto&& work) {
    const auto begin = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

double median(std::vector<double> values) {
    std::nth_element(values.begin(), values.begin() + static_cast<Index>(values.size() / 2), values.end());
    return values[values.size() / 2];
}

#if defined(IDM_NO_SIMD)
/// Without vectors there is no peak to compare with: the figure is 0.
double multiply_add_flops() { return 0; }
#else
/// flop/s of one short run of independent multiply-adds, all in registers.
double multiply_add_flops() {
    using B = simd::Batch<Scalar, kernels::DefaultArch>;
    // Two units with a latency of four or five cycles need ten sums in flight; 12 fit in 16 registers beside x and z.
    constexpr int sums = 12, repeats = 20000;
    B x(Scalar(0.999)), z(Scalar(0.001)), sum[sums];
    for (B& s : sum) s = B(Scalar(0));
    benchmark::DoNotOptimize(x);
    benchmark::DoNotOptimize(z);
    const double seconds = seconds_of([&] {
        for (int i = 0; i < repeats; ++i)
            for (B& s : sum) s = simd::multiply_add(s, x, z);
        for (B& s : sum) benchmark::DoNotOptimize(s);
    });
    return 2.0 * sums * repeats * static_cast<double>(B::size) / seconds;
}
#endif

/// Integers in [-2, 2]: sums of their products are exact in any order, so that right outputs are equal outputs.
void fill(Scalar* to, Index size, Random& random) {
    for (Index i = 0; i < size; ++i) to[i] = static_cast<Scalar>(static_cast<int>(random.below(5)) - 2);
}

/// `runs` runs of `run` numbers, `stride` apart, and zeros around them.
struct Rows {
    Index before;
    Buffer<Scalar> memory;
    Rows(Index runs, Index run, Index stride, Index before_, Index behind, Random& random)
        : before(before_), memory(before_ + runs * stride + behind) {
        for (Index n = 0; n < runs; ++n) fill(data() + n * stride, run, random);
    }
    Scalar* data() { return memory.data() + before; }
};

/// Inputs and outputs of the passes over one shape.
struct Operands {
    Rows x, d_y;
    Buffer<Scalar> w, b, y, d_x, d_w, d_b, scratch;

    Operands(const kernels::ConvShape& s, Random random)
        : x(rows(s.samples, s.in_length, s.in_channels, s.x_sample_stride, kernels::forward_halo(s), random)),
          d_y(rows(s.samples, s.out_length, s.out_channels, s.y_sample_stride, kernels::backward_halo(s), random)),
          w(weights(s.weight_rows(), s.out_channels, random)),
          b(weights(1, s.out_channels, random)),
          y(s.samples * s.y_sample_stride),
          d_x(s.samples * s.x_sample_stride),
          d_w(w.size()),
          d_b(b.size()),
          scratch(kernels::conv1d_backward_input_scratch<Scalar>(s)) {}
    Operands(const kernels::DenseShape& s, Random random)
        : x(rows(s.rows, 1, s.in_channels, s.x_row_stride, {}, random)),
          d_y(rows(s.rows, 1, s.out_channels, s.y_row_stride, {}, random)),
          w(weights(s.in_channels, s.out_channels, random)),
          b(weights(1, s.out_channels, random)),
          y(s.rows * s.y_row_stride),
          d_x(s.rows * s.x_row_stride),
          d_w(w.size()),
          d_b(b.size()),
          scratch(kernels::dense_backward_input_scratch<Scalar>(s)) {}

    bool outputs_equal(const Operands& other) const {
        const auto equal = [](const Buffer<Scalar>& mine, const Buffer<Scalar>& others) {
            return std::equal(mine.span().begin(), mine.span().end(), others.span().begin());
        };
        return equal(y, other.y) && equal(d_x, other.d_x) && equal(d_w, other.d_w) && equal(d_b, other.d_b);
    }

private:
    static Rows rows(Index samples, Index length, Index channels, Index stride, kernels::Halo halo, Random& random) {
        return Rows(samples, length * channels, stride, halo.left * channels, halo.right * channels, random);
    }
    static Buffer<Scalar> weights(Index rows, Index columns, Random& random) {
        Buffer<Scalar> packed(kernels::packed_weight_size(rows, columns));
        for (Index row = 0; row < rows; ++row)
            for (Index column = 0; column < columns; ++column)
                fill(packed.data() + kernels::packed_offset(rows, columns, row, column), 1, random);
        return packed;
    }
};

/// One kernel, selected and reference, on the same operands.
template <class Shape>
struct Pass {
    const char* name;
    void (*selected)(const Shape&, Operands&);
    void (*reference)(const Shape&, Operands&);
};

const Pass<kernels::ConvShape> conv_passes[] = {
    {"conv1d_forward",
     [](const auto& s, Operands& o) {
         kernels::conv1d_forward(s, o.x.data(), o.w.data(), o.b.data(), o.y.data(), Epilogue::relu);
     },
     [](const auto& s, Operands& o) {
         kernels::reference::conv1d_forward(s, o.x.data(), o.w.data(), o.b.data(), o.y.data(), Epilogue::relu);
     }},
    {"conv1d_backward_input",
     [](const auto& s, Operands& o) {
         kernels::conv1d_backward_input(s, o.d_y.data(), o.w.data(), o.d_x.data(), o.scratch.data());
     },
     [](const auto& s, Operands& o) {
         kernels::reference::conv1d_backward_input(s, o.d_y.data(), o.w.data(), o.d_x.data(), o.scratch.data());
     }},
    {"conv1d_backward_weights",
     [](const auto& s, Operands& o) {
         kernels::conv1d_backward_weights(s, o.x.data(), o.d_y.data(), o.d_w.data(), o.d_b.data(), false);
     },
     [](const auto& s, Operands& o) {
         kernels::reference::conv1d_backward_weights(s, o.x.data(), o.d_y.data(), o.d_w.data(), o.d_b.data(), false);
     }},
};

const Pass<kernels::DenseShape> dense_passes[] = {
    {"dense_forward",
     [](const auto& s, Operands& o) {
         kernels::dense_forward(s, o.x.data(), o.w.data(), o.b.data(), o.y.data(), Epilogue::relu);
     },
     [](const auto& s, Operands& o) {
         kernels::reference::dense_forward(s, o.x.data(), o.w.data(), o.b.data(), o.y.data(), Epilogue::relu);
     }},
    {"dense_backward_input",
     [](const auto& s, Operands& o) {
         kernels::dense_backward_input(s, o.d_y.data(), o.w.data(), o.d_x.data(), o.scratch.data());
     },
     [](const auto& s, Operands& o) {
         kernels::reference::dense_backward_input(s, o.d_y.data(), o.w.data(), o.d_x.data(), o.scratch.data());
     }},
    {"dense_backward_weights",
     [](const auto& s, Operands& o) {
         kernels::dense_backward_weights(s, o.x.data(), o.d_y.data(), o.d_w.data(), o.d_b.data(), false);
     },
     [](const auto& s, Operands& o) {
         kernels::reference::dense_backward_weights(s, o.x.data(), o.d_y.data(), o.d_w.data(), o.d_b.data(), false);
     }},
};

template <class Shape>
void run(benchmark::State& state, const Pass<Shape>& pass, const Shape& shape, double flop) {
    Operands selected(shape, Random(1)), reference(shape, Random(1));
    pass.selected(shape, selected);
    const double reference_once = seconds_of([&] { pass.reference(shape, reference); });
    if (!selected.outputs_equal(reference)) {
        state.SkipWithError("the output differs from the reference's");
        return;
    }
    for (auto _ : state) {
        pass.selected(shape, selected);
        benchmark::ClobberMemory();
    }

    // Turns of about a millisecond each, but the reference at least once.
    constexpr int turns = 15;
    const double guess = seconds_of([&] { pass.selected(shape, selected); });
    const int repeats = std::max(1, static_cast<int>(1e-3 / guess));
    std::vector<double> peak, time, reference_time{reference_once};
    for (int turn = 0; turn < turns; ++turn) {
        peak.push_back(multiply_add_flops());
        time.push_back(seconds_of([&] {
                           for (int i = 0; i < repeats; ++i) {
                               pass.selected(shape, selected);
                               benchmark::ClobberMemory();
                           }
                       }) /
                       repeats);
        if (reference_once < 0.05)
            reference_time.push_back(seconds_of([&] {
                pass.reference(shape, reference);
                benchmark::ClobberMemory();
            }));
    }
    using benchmark::Counter;
    const double flops = flop / median(time);
    state.counters["GFLOP/s"] = Counter(flops * 1e-9);
    state.counters["peak"] = Counter(median(peak) * 1e-9);
    state.counters["%peak"] = Counter(median(peak) > 0 ? 100 * flops / median(peak) : 0);
    state.counters["reference_us"] = Counter(median(reference_time) * 1e6);
    state.counters["times_reference"] = Counter(median(reference_time) / median(time));
}

template <class Workloads, class Passes>
void add(const Workloads& workloads, const Passes& passes) {
    for (const auto& pass : passes)
        for (const auto& workload : workloads) {
            const auto shape = workload.problem.shape();
            const double flop = workload.problem.flop();
            const std::string name = std::string(pass.name) + "/" + workload.name;
            benchmark::RegisterBenchmark(name.c_str(), [&pass, shape, flop](benchmark::State& state) {
                run(state, pass, shape, flop);
            })->Unit(benchmark::kMicrosecond);
        }
}

/// An empty job of a crew: what it costs to begin and to end one.
void crew_job(benchmark::State& state) {
    with_crew(static_cast<int>(state.range(0)), [&](Crew& crew) {
        for (auto _ : state) crew.run([](const Team&) {});
    });
}

}  // namespace

int main(int argc, char** argv) {
    char tabular[] = "--benchmark_counters_tabular=true";
    std::vector<char*> arguments(argv, argv + argc);
    arguments.insert(arguments.begin() + 1, tabular);  // first, so that the command line can undo it
    argc = static_cast<int>(arguments.size());
    benchmark::Initialize(&argc, arguments.data());
    if (benchmark::ReportUnrecognizedArguments(argc, arguments.data())) return 1;
    for (const auto& w : shape_grid::conv_workloads())
        benchmark::AddCustomContext(w.name, w.problem.describe() + " (" + w.what + ")");
    for (const auto& w : shape_grid::dense_workloads())
        benchmark::AddCustomContext(w.name, w.problem.describe() + " (" + w.what + ")");
    add(shape_grid::conv_workloads(), conv_passes);
    add(shape_grid::dense_workloads(), dense_passes);
    benchmark::RegisterBenchmark("crew_job", crew_job)->ArgName("threads")->Arg(default_threads());
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
}
