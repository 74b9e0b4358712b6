#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "contest.hpp"
#include "network.hpp"

namespace bench {
namespace {

/// Multiply-adds of one time step of Cnn2's convolutions, and of its dense layers for one target; twice as many flop.
constexpr double cnn2_first = 21 * 64, cnn2_block = 3 * 64 * 64 + 64 * 64, cnn2_head = 64 * 128 + 128 * 7;
/// M1 on one window.
constexpr double m1_first = 32.0 * 5 * 21 * 64, m1_all = m1_first + 32.0 * 3 * 64 * 64 + 2048 * 128 + 128 * 7;

/// flop of one window: all of M1; of Cnn2 the steps that reach the output (31, 15, 7, 3 and 1 behind each convolution).
double window_flop(Model model) {
    return 2 * (model == Model::m1 ? m1_all : 31 * cnn2_first + (15 + 7 + 3 + 1) * cnn2_block + cnn2_head);
}

/// flop of one target of a training step: forward, gradients of weights and inputs, the first layer's inputs excepted.
/// Cnn2 learns from chunks of 32 targets, of which 62 rows lie in the first layer, 60, 56, 48 and 32 behind the blocks.
double training_flop(Model model) {
    if (model == Model::m1) return 2 * (3 * m1_all - m1_first);
    const double all = 62 * cnn2_first + (60 + 56 + 48 + 32) * cnn2_block + 32 * cnn2_head;
    return 2 * (3 * all - 62 * cnn2_first) / 32;
}

/// *Errors*: `std::runtime_error` unless each number is the expected one to 1e-4 of the largest.
void require_close(const std::vector<float>& expected, const std::vector<float>& got, const std::string& what) {
    float most = 0;
    for (const float e : expected) most = std::max(most, std::abs(e));
    bool close = expected.size() == got.size();
    for (std::size_t i = 0; close && i < got.size(); ++i) close = std::abs(got[i] - expected[i]) <= 1e-4F * most;
    if (!close) throw std::runtime_error(what + " differs from idm; no results");
}

void compare(const Sides& sides, const std::string& what) {
    std::vector<float> expected;
    for (const auto& side : sides) {
        side->run();
        if (expected.empty()) expected = side->result();
        require_close(expected, side->result(), what + ": " + side->implementation + " " + side->variant);
    }
}

/// The losses before the first three steps on all windows at once.
void compare_training(Model model, const Parameters& parameters, const Series& series, const Sides& peers,
                      const std::string& what) {
    std::vector<float> expected;
    train_idm(model, parameters, series, 2 * series.windows, 1, [&](double loss, double) {
        expected.push_back(static_cast<float>(loss));
        return expected.size() < 3;
    });
    for (const auto& peer : peers) {
        std::vector<float> losses;
        for (int step = 0; step < 3; ++step) {
            peer->run();
            losses.push_back(peer->result()[0]);
        }
        require_close(expected, losses, what + ": " + peer->implementation + " " + peer->variant);
    }
}

void infer(Model model, const std::string& workload, long windows, int threads, const Effort& effort,
           std::vector<Record>& records) {
    const Parameters parameters = make_parameters(model);
    const Series series = make_series(windows);
    Sides sides;
    add_idm_inference(sides, model, parameters, series, threads);
    if (threads == 1) add_idm_bf16_inference(sides, model, parameters, series);
    add_idm_dispatch_inference(sides, model, parameters, series, threads);
    if (model == Model::m1) add_onednn_inference(sides, parameters, series, threads);
    add_libtorch_inference(sides, model, parameters, series, threads);
    compare(sides, workload + " infer");
    time_sides({workload, "infer", threads, static_cast<double>(windows) * window_flop(model)}, sides, effort, records);
}

/// Steps on `windows` targets. A sample of idm is an epoch of `steps` steps for each thread; its trainer runs all the
/// while, and after every epoch the others take as many steps as fill a sample of similar length.
void train_step(Model model, const std::string& workload, long windows, long steps, int threads, Effort effort,
                std::vector<Record>& records) {
    effort.sample_us = 8000;
    effort.samples = 1;
    const Parameters parameters = make_parameters(model);
    const Series series = make_series(windows);
    Sides peers;
    if (model == Model::m1) add_onednn_training(peers, parameters, series, threads);
    add_libtorch_training(peers, model, parameters, series, threads);
    compare_training(model, parameters, series, peers, workload + " train_step");

    double step_us = 0;
    Rounds rounds = contest(peers, threads, effort);
    rounds.add([&step_us] { return step_us; });
    train_idm(model, parameters, make_series(windows * steps * threads), windows, threads,
              [&](double, double us_per_target) {
                  step_us = us_per_target * static_cast<double>(windows);
                  return rounds.turn();
              });
    std::vector<Record> names = names_of(peers);
    names.push_back({"", "", 0, "idm", ""});
    record({workload, "train_step", threads, static_cast<double>(windows) * training_flop(model)}, names, rounds,
           records);
}

void tick(const Effort& effort, std::vector<Record>& records) {
    const Parameters parameters = make_parameters(Model::cnn2);
    const Series series = make_series(1);
    Sides sides;
    add_idm_tick(sides, parameters, series);
    add_idm_bf16_tick(sides, parameters, series);
    add_idm_dispatch_tick(sides, parameters, series);
    add_idm_inference(sides, Model::cnn2, parameters, series, 1);
    compare(sides, "cnn2_stream tick");
    sides.pop_back();  // the whole window was there to compare with
    time_sides({"cnn2_stream", "tick", 1, 2 * (cnn2_first + 4 * cnn2_block + cnn2_head)}, sides, effort, records);
}

}  // namespace

std::vector<std::string> network_workloads() { return {"M1_N1", "M1_N64", "M1_N256", "cnn2_window", "cnn2_stream"}; }

void run_network(const std::string& workload, int threads, const Effort& effort, std::vector<Record>& records) {
    if (workload == "M1_N1" && threads == 1) infer(Model::m1, workload, 1, 1, effort, records);
    if (workload == "M1_N64") train_step(Model::m1, workload, 64, 4, threads, effort, records);
    if (workload == "M1_N256") {
        infer(Model::m1, workload, 256, threads, effort, records);
        train_step(Model::m1, workload, 256, 1, threads, effort, records);
    }
    if (workload == "cnn2_window") {
        if (threads == 1) infer(Model::cnn2, workload, 1, 1, effort, records);
        train_step(Model::cnn2, workload, 256, 4, threads, effort, records);
    }
    if (workload == "cnn2_stream" && threads == 1) tick(effort, records);
}

}  // namespace bench
