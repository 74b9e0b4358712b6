// Ticks of a control loop, against what bounds them. All sides run in turns in one process; each figure is the best of
// the rounds' medians, so that another job on the machine slows a round, not a side.
//
//   tick        Cnn2 (76,679 parameters for 21 inputs, fp32), one sample through all layers, static shapes
//   read        reading the same weights once, in vectors, into eight sums
//   window      the same model on one whole window of normalised rows, pruned to the cone that its output depends on
//   robot tick  idm::Stream: the same in the log's units, features included
//   robot window  idm::Predictor: one window of samples, features included
//   tick bf16, robot tick bf16, robot window bf16   the same with the weights in bf16 (idm::bf16_weights)
//   conv        one causal convolution 64 -> 64, k3, a new sample
//   jitter      p99 of ticks and of a busy loop of equal p50, in turns; the median of the rounds' ratios
//
// The outputs of tick and window are compared before anything is timed.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <type_traits>
#include <vector>

#include <idm/inference.hpp>

namespace {

using namespace idm;
using Net = Cnn2<float, 32, 21, 7>;
using Clock = std::chrono::steady_clock;

constexpr int rounds = 25;

template <class T>
void keep(T& value) {
    asm volatile("" : : "g"(&value) : "memory");
}

double microseconds(Clock::time_point begin) {
    return std::chrono::duration<double, std::micro>(Clock::now() - begin).count();
}

double percentile(std::vector<double> values, double share) {
    const auto at = values.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), at, values.end());
    return *at;
}

/// One thing to time: `calls` calls make one sample of a few tens of microseconds.
struct Side {
    std::string name;
    int calls;
    std::function<void()> call;
    double best = 1e300;
};

/// Rounds of 41 samples of each side, in turns.
void time_in_turns(std::vector<Side>& sides) {
    for (int round = 0; round < rounds; ++round) {
        std::vector<std::vector<double>> samples(sides.size());
        for (int sample = 0; sample < 41; ++sample)
            for (std::size_t s = 0; s < sides.size(); ++s) {
                const auto begin = Clock::now();
                for (int i = 0; i < sides[s].calls; ++i) sides[s].call();
                samples[s].push_back(microseconds(begin) / sides[s].calls);
            }
        for (std::size_t s = 0; s < sides.size(); ++s)
            sides[s].best = std::min(sides[s].best, percentile(samples[s], 0.5));
    }
}

void read_all(std::span<const float> weights) {
#if defined(IDM_NO_SIMD)
    float sum = 0;
    for (const float w : weights) sum += w;
    keep(sum);
#else
    using B = simd::Batch<float, kernels::DefaultArch>;
    constexpr std::size_t lanes = B::size, step = 8 * lanes;
    B sums[8];
    for (B& sum : sums) sum = B(0.F);
    std::size_t i = 0;
    for (; i + step <= weights.size(); i += step)
        for (std::size_t k = 0; k < 8; ++k) sums[k] = sums[k] + B::load_unaligned(weights.data() + i + k * lanes);
    for (; i + lanes <= weights.size(); i += lanes) sums[0] = sums[0] + B::load_unaligned(weights.data() + i);
    for (B& sum : sums) keep(sum);
#endif
}

Recipe recipe() {
    Recipe r;
    for (const char* kind : {"q", "qd", "qdd"})
        for (char joint = '1'; joint <= '7'; ++joint) {
            ColumnGroup& group = kind[1] == 0 ? r.positions : kind[2] == 0 ? r.velocities : r.accelerations;
            group.columns.push_back(std::string(kind) + joint);
        }
    for (char joint = '1'; joint <= '7'; ++joint) r.targets.columns.push_back(std::string("tau") + joint);
    r.window = 32;
    r.sample_period = 0.001;
    return r;
}

/// p99 of ticks over p99 of a busy loop of the same p50, in each of the rounds.
double jitter(const std::function<void()>& tick, double p50) {
    const auto spin = [&] {
        const auto begin = Clock::now();
        while (microseconds(begin) < p50) {
        }
    };
    std::vector<double> ratios;
    for (int round = 0; round < 11; ++round) {
        std::vector<double> ticks, spins;
        for (int i = 0; i < 20000; ++i) {
            auto begin = Clock::now();
            tick();
            ticks.push_back(microseconds(begin));
            begin = Clock::now();
            spin();
            spins.push_back(microseconds(begin));
        }
        ratios.push_back(percentile(ticks, 0.99) / percentile(spins, 0.99));
    }
    return percentile(ratios, 0.5);
}

}  // namespace

int main() {
    Net model;
    model.initialise(1);
    const float* weights = model.parameters().data();
    const auto stream = streaming_network(model.network());
    const auto pruned = pruned_network(model.network());
    Workspace<float> one(stream.workspace_shape<float>(1, Mode::inference));
    Workspace<float> cone(pruned.workspace_shape<float>(1, Mode::inference));

    Random random(1);
    for (Index i = 0; i < 32 * 21; ++i) cone.input().sample(0)[i] = static_cast<float>(random.uniform(-1, 1));
    for (Index t = 0; t < 32; ++t) {
        std::copy_n(cone.input().sample(0) + t * 21, 21, one.input().sample(0));
        stream.forward(weights, one, 1);
    }
    pruned.forward(weights, cone, 1);
    for (Index o = 0; o < 7; ++o)
        if (!(std::abs(one.output().sample(0)[o] - cone.output().sample(0)[o]) < 1e-5)) {
            std::fprintf(stderr, "stream: tick and window differ; nothing is timed\n");
            return EXIT_FAILURE;
        }

    const Recipe r = recipe();
    const Normaliser<float> normaliser(Vector<float>::Zero(21), Vector<float>::Ones(21), Vector<float>::Zero(7),
                                       Vector<float>::Ones(7));
    Stream<Net> robot(model, r, normaliser);
    Predictor<Net> predictor(model, r, normaliser);
    const auto fast = bf16_weights(model);
    using Fast = std::remove_const_t<decltype(fast)>;
    const auto fast_stream = streaming_network(fast.network());
    Workspace<float> fast_one(fast_stream.workspace_shape<float>(1, Mode::inference));
    Stream<Fast> fast_robot(fast, r, normaliser);
    Predictor<Fast> fast_predictor(fast, r, normaliser);
    std::vector<double> sample(21, 0.5), window(32 * 21, 0.5);
    std::vector<float> torque(7);

    const Network<Shape<3, 64>, Sequential<Conv1D<64, 3>>> conv;
    const auto conv_stream = streaming_network(conv);
    Workspace<float> conv_memory(conv_stream.workspace_shape<float>(1, Mode::inference));
    Buffer<float> conv_weights(conv_stream.buffer_size());
    for (float& w : conv_weights.span()) w = static_cast<float>(random.uniform(-0.1, 0.1));

    const auto tick = [&] {
        stream.forward(weights, one, 1);
        keep(one.output().sample(0)[0]);
    };
    std::vector<Side> sides = {{"tick", 20, tick},
                               {"read", 20, [&] { read_all(model.parameters()); }},
                               {"window", 6,
                                [&] {
                                    pruned.forward(weights, cone, 1);
                                    keep(cone.output().sample(0)[0]);
                                }},
                               {"robot tick", 20,
                                [&] {
                                    robot.tick(sample);
                                    keep(robot);
                                }},
                               {"robot window", 6,
                                [&] {
                                    predictor.predict(window, torque);
                                    keep(torque[0]);
                                }},
                               {"tick bf16", 20,
                                [&] {
                                    fast_stream.forward(fast.parameters().data(), fast_one, 1);
                                    keep(fast_one.output().sample(0)[0]);
                                }},
                               {"robot tick bf16", 20,
                                [&] {
                                    fast_robot.tick(sample);
                                    keep(fast_robot);
                                }},
                               {"robot window bf16", 6,
                                [&] {
                                    fast_predictor.predict(window, torque);
                                    keep(torque[0]);
                                }},
                               {"conv 64->64 k3", 100, [&] {
                                    conv_stream.forward(static_cast<const float*>(conv_weights.data()), conv_memory, 1);
                                    keep(conv_memory.output().sample(0)[0]);
                                }}};
    time_in_turns(sides);
    std::printf("best of %d medians, one thread, us\n", rounds);
    for (const Side& side : sides) std::printf("  %-18s %8.3f\n", side.name.c_str(), side.best);
    std::printf("tick / read                  %.2f\n", sides[0].best / sides[1].best);
    std::printf("robot tick / read            %.2f\n", sides[3].best / sides[1].best);
    std::printf("window / tick                %.2f\n", sides[2].best / sides[0].best);
    std::printf("robot window / robot tick    %.2f\n", sides[4].best / sides[3].best);
    std::printf("tick / tick bf16             %.2f\n", sides[0].best / sides[5].best);
    std::printf("p99 of a tick / of a busy loop of equal p50   %.2f\n", jitter(tick, sides[0].best));
    return EXIT_SUCCESS;
}
