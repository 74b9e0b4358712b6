// Times idm, oneDNN and libtorch on the same workloads, beside a loop of nothing but multiply-adds (the peak).
//
// All sides of a workload run in one process and take turns (rounds.hpp). Before anything is timed their outputs are
// compared; one that is wrong ends the program with status 1 and no results.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

#include <idm/core/parallel.hpp>
#include <idm/core/random.hpp>

#include "contest.hpp"
#include "network.hpp"
#include "side.hpp"
#include "support/shape_grid.hpp"

namespace {

using namespace bench;

struct Options {
    Effort effort;
    std::string json;
    bool scaling = false;
    int threads = 0;                     // 0: one, and all
    std::vector<std::string> workloads;  // empty: all
};

Options parse(int argc, char** argv) {
    Options options;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        if (word == "--quick")
            options.effort = Effort{.rounds = 20, .samples = 3, .round_us = 20e3, .contest_us = 2.5e6, .sample_us = 60};
        else if (word == "--scaling")
            options.scaling = true;
        else if (word == "--threads" && i + 1 < argc)
            options.threads = std::max(1, std::stoi(argv[++i]));
        else if (word == "--json" && i + 1 < argc)
            options.json = argv[++i];
        else if (word.rfind("-", 0) != 0)
            options.workloads.push_back(word);
        else
            throw std::runtime_error("unknown option " + word +
                                     "; usage: [--quick] [--scaling] [--threads N] [--json FILE] [WORKLOAD...]");
    }
    return options;
}

/// *Errors*: `std::runtime_error` for a name that is none of these.
void require_known(const std::vector<std::string>& workloads, const std::vector<std::string>& known) {
    std::string list;
    for (const std::string& name : known) list += " " + name;
    for (const std::string& name : workloads)
        if (std::find(known.begin(), known.end(), name) == known.end())
            throw std::runtime_error("no workload " + name + "; there are" + list);
}

bool wanted(const Options& options, const std::string& workload) {
    return options.workloads.empty() ||
           std::find(options.workloads.begin(), options.workloads.end(), workload) != options.workloads.end();
}

std::vector<Layer> layers() {
    std::vector<Layer> all;
    for (const auto& w : shape_grid::conv_workloads()) {
        const auto s = w.problem.shape();
        all.push_back({w.name, false, s.samples, s.in_length, s.in_channels, s.out_channels, s.kernel, s.dilation,
                       s.pad_left, s.pad_right()});
    }
    for (const auto& w : shape_grid::dense_workloads())
        all.push_back({w.name, true, w.problem.rows, 1, w.problem.in_channels, w.problem.out_channels});
    return all;
}

/// Convolutions 64 -> 64, k3, of which one extent changes; for charts.
std::vector<Layer> scaling_layers() {
    std::vector<Layer> all;
    const auto add = [&](const char* extent, long size, long samples, long length, long channels) {
        all.push_back({extent + std::to_string(size), false, samples, length, channels, channels, 3, 1, 1, 1});
    };
    for (const long n : {1, 2, 4, 8, 16, 32, 64, 128, 256}) add("batch_", n, n, 32, 64);
    for (const long n : {4, 7, 8, 16, 25, 32, 64, 128, 256}) add("length_", n, 16, n, 64);
    for (const long n : {4, 8, 16, 24, 32, 48, 64, 96, 128, 256}) add("channels_", n, 16, 32, n);
    return all;
}

Operands operands_of(const Layer& l) {
    idm::Random random(1);
    const auto integers = [&](long size) {
        std::vector<float> values(static_cast<std::size_t>(size));
        for (float& value : values) value = static_cast<float>(static_cast<int>(random.below(5)) - 2);
        return values;
    };
    return {integers(l.samples * l.length * l.in_channels), integers(l.out_channels * l.in_channels * l.kernel),
            integers(l.out_channels), integers(l.samples * l.out_length() * l.out_channels)};
}

/// Runs each side once. *Errors*: `std::runtime_error` for the first whose result is not the expected one.
void compare(const Sides& sides, const std::vector<float>& expected, const std::string& what) {
    for (const auto& side : sides) {
        side->run();
        if (side->result() != expected)
            throw std::runtime_error(what + ": " + side->implementation + " " + side->variant +
                                     " does not give what plain loops give; no results");
    }
}

const char* name_of(Pass pass) {
    const char* names[] = {"forward", "backward_input", "backward_weights"};
    return names[static_cast<int>(pass)];
}

void run_layer(const Layer& layer, Pass pass, int threads, const Effort& effort, std::vector<Record>& records) {
    const Operands operands = operands_of(layer);
    Sides sides;
    add_idm(sides, layer, operands, pass, threads);
    if (pass == Pass::forward && threads == 1) add_idm_bf16(sides, layer, operands);
    add_idm_dispatch(sides, layer, operands, pass, threads);
    add_onednn(sides, layer, operands, pass, threads);
    add_libtorch(sides, layer, operands, pass, threads);
    compare(sides, plain_result(layer, operands, pass), layer.name + " " + name_of(pass));
    time_sides({layer.name, name_of(pass), threads, layer.flop()}, sides, effort, records);
}

constexpr Pass passes[] = {Pass::forward, Pass::backward_input, Pass::backward_weights};

std::vector<Record> run_workloads(const Options& options) {
    std::vector<std::string> known = network_workloads();
    for (const Layer& layer : layers()) known.push_back(layer.name);
    require_known(options.workloads, known);
    std::vector<int> threads{std::max(1, options.threads)};
    if (options.threads == 0 && idm::default_threads() > 1) threads.push_back(idm::default_threads());
    std::vector<Record> records;
    for (const int t : threads) {
        for (const Layer& layer : layers())
            for (const Pass pass : passes)
                if (wanted(options, layer.name) && (t == 1 || layer.samples > 1))
                    run_layer(layer, pass, t, options.effort, records);
        for (const std::string& workload : network_workloads())
            if (wanted(options, workload)) run_network(workload, t, options.effort, records);
    }
    return records;
}

std::vector<Record> run_scaling(const Options& options) {
    const int most =
        options.threads > 0 ? options.threads : idm::default_threads();  // before libtorch is told of fewer
    std::vector<std::string> known{"threads"};
    for (const Layer& layer : scaling_layers()) known.push_back(layer.name);
    require_known(options.workloads, known);
    std::vector<Record> records;
    for (const Layer& layer : scaling_layers())
        if (wanted(options, layer.name)) run_layer(layer, Pass::forward, 1, options.effort, records);
    const Layer threaded{"threads", false, 256, 32, 64, 64, 3, 1, 1, 1};
    for (int t = 1; t <= most && wanted(options, threaded.name); ++t)
        for (const Pass pass : passes) run_layer(threaded, pass, t, options.effort, records);
    return records;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        const Options options = parse(argc, argv);
        if (onednn_version().empty()) std::printf("built without oneDNN (libdnnl-dev and -DIDM_BENCHMARK_PEERS=ON)\n");
        if (libtorch_version().empty())
            std::printf("built without libtorch (libtorch-dev and -DIDM_BENCHMARK_PEERS=ON)\n");
        if (!libtorch_objection().empty()) std::printf("without libtorch: %s\n", libtorch_objection().c_str());
        print_header();
        const std::vector<Record> records = options.scaling ? run_scaling(options) : run_workloads(options);
        if (!options.json.empty()) write_json(options.json, records);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "bench_workloads: %s\n", e.what());
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
