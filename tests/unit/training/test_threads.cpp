#include <algorithm>
#include <atomic>
#include <chrono>
#include <limits>
#include <thread>
#include <vector>

#include <idm/models/baseline.hpp>
#include <idm/models/cnn1.hpp>
#include <idm/models/cnn2.hpp>
#include <idm/training/trainer.hpp>

#include "support/catch.hpp"
#include "support/small_dataset.hpp"

using namespace idm;
using namespace idm_test;

namespace {

/// Weights and losses of a whole training.
template <class M>
auto trained_and_losses(const Dataset<typename M::Scalar>& data, Index window, const TrainerConfig& config) {
    M model({window, 2, 2});
    model.initialise(3);
    const History history = train(model, data, config);
    std::vector<double> losses;
    for (const EpochReport& epoch : history.epochs) {
        losses.push_back(epoch.training_loss);
        losses.push_back(epoch.validation_loss);
    }
    return std::pair(parameters_of(model), losses);
}

/// The same bits for any number of threads; the batch neither fills its parts evenly nor divides the data.
template <class M>
void check_threads(Index window, TrainerConfig config, const SmallData& small = {.outputs = 2}) {
    const auto data = linear_dataset<typename M::Scalar>(small);
    config.epochs = 2;
    for (const Index parts : {4, 3, 1}) {
        config.gradient_parts = parts;
        config.threads = 1;
        const auto one = trained_and_losses<M>(data, window, config);
        for (const int threads : {2, 3, 4}) {
            INFO(threads << " threads, " << parts << " parts");
            config.threads = threads;
            const auto several = trained_and_losses<M>(data, window, config);
            CHECK(several.first == one.first);
            CHECK(several.second == one.second);
        }
    }
}

}  // namespace

TEMPLATE_TEST_CASE("training on windows has the same bits on any number of threads", "[threads]", float, double) {
    check_threads<Cnn1<TestType>>(8, {.batch_size = 50});
}

TEMPLATE_TEST_CASE("training on sequences has the same bits on any number of threads", "[threads]", float, double) {
    check_threads<Cnn2<TestType>>(31, {.batch_size = 35, .sampling = Sampling::sequences, .chunk = 5},
                                  {.trajectories = 5, .rows = 45, .outputs = 2});
}

TEST_CASE("a batch of fewer items than parts has the same bits on any number of threads", "[threads]") {
    const SmallData few{.trajectories = 3, .rows = 50, .outputs = 2};
    check_threads<Cnn1<float>>(16, {.batch_size = 3}, few);  // enough work for three threads
    check_threads<Cnn2<float>>(31, {.batch_size = 16, .sampling = Sampling::sequences, .chunk = 16}, few);
}

TEST_CASE("a step of little work is one thread's", "[threads]") {
    const auto baseline = Baseline<float>({16, 21, 7}).network();
    CHECK(detail::multiply_adds(baseline) == 16 * 21 * 7 + 7);
    // 5, 3 taps valid, then the dense layers; weights and biases.
    const auto cnn1 = Cnn1<float>({16, 21, 7}).network();
    const Index steps = 12 * (5 * 21 * 64 + 64) + 10 * (3 * 64 * 64 + 64) + (640 * 128 + 128) + (128 * 7 + 7);
    CHECK(detail::multiply_adds(cnn1) == steps);
    const auto threads = [](const auto& network, Index samples, int most, Index pieces = 4) {
        return detail::useful_threads(3 * samples * detail::multiply_adds(network), most, pieces);
    };
    CHECK(threads(baseline, 64, 4) == 1);
    CHECK(threads(baseline, 200, 4) == 2);
    CHECK(threads(cnn1, 1, 4) == 1);
    CHECK(threads(cnn1, 64, 4) == 4);
    CHECK(threads(cnn1, 64, 1) == 1);
    CHECK(threads(cnn1, 64, 4, 3) == 3);
    CHECK(threads(cnn1, 64, 4, 0) == 1);
    CHECK(threads(cnn1, 1'000'000, 0, 1'000'000) == default_threads());
}

namespace {

template <class Action>
double seconds_of(Action action) {
    const auto start = std::chrono::steady_clock::now();
    action();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> times) {
    const auto middle = times.begin() + std::ssize(times) / 2;
    std::nth_element(times.begin(), middle, times.end());
    return *middle;
}

}  // namespace

TEMPLATE_TEST_CASE("denormal inputs and weights slow training by no more than half", "[.long][threads]", float,
                   double) {
    const auto ordinary = linear_dataset<TestType>({.trajectories = 6, .rows = 300, .inputs = 21, .outputs = 7});
    constexpr TestType tiny = std::numeric_limits<TestType>::min() / 64;
    auto denormal = ordinary;
    denormal.inputs *= tiny;
    denormal.targets *= tiny;
    const auto seconds = [&](const Dataset<TestType>& data, TestType scale) {
        Cnn1<TestType> model({32, 21, 7});
        model.initialise(1);
        for (TestType& w : model.parameters()) w *= scale;
        return seconds_of([&] { (void)train(model, data, {.epochs = 1, .threads = 1}); });
    };
    std::vector<double> with, without;
    for (int round = 0; round < 9; ++round) {
        without.push_back(seconds(ordinary, 1));
        with.push_back(seconds(denormal, tiny));
    }
    INFO("median seconds: ordinary " << median(without) << ", denormal " << median(with));
    CHECK(median(with) <= 1.5 * median(without));
}

TEST_CASE("a busy neighbour makes training no more than twice as slow", "[.long][threads]") {
    // Nine rounds, quiet and busy in turn; one busy thread takes a quarter of four processors. Meaningless on a machine
    // that has other work. Long enough for the trainer to see what its threads get done.
    const auto data = linear_dataset<float>({.trajectories = 6, .rows = 1200, .inputs = 21, .outputs = 7});
    const auto seconds = [&] {
        Cnn1<float> model({32, 21, 7});
        model.initialise(1);
        return seconds_of([&] { (void)train(model, data, {.epochs = 15}); });
    };
    std::vector<double> quiet, busy;
    for (int round = 0; round < 9; ++round) {
        quiet.push_back(seconds());
        std::atomic<bool> stop = false;
        std::thread neighbour([&] {
            while (!stop) continue;
        });
        busy.push_back(seconds());
        stop = true;
        neighbour.join();
    }
    INFO("median seconds: quiet " << median(quiet) << ", busy " << median(busy));
    CHECK(median(busy) <= 2 * median(quiet));
}
