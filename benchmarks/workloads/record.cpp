#include "record.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <thread>

#include <idm/core/parallel.hpp>
#include <idm/core/xsimd_compat.hpp>
#include <idm/io/json_writer.hpp>
#include <idm/version.hpp>

#include "side.hpp"

namespace bench {
namespace {

constexpr const char* peers[] = {"idm_bf16", "idm_dispatch", "onednn", "libtorch"};

const Record* find(const std::vector<Record>& line, const std::string& implementation) {
    const auto found =
        std::find_if(line.begin(), line.end(), [&](const Record& r) { return r.implementation == implementation; });
    return found == line.end() ? nullptr : &*found;
}

std::string cpu_name() {
    std::ifstream info("/proc/cpuinfo");
    for (std::string line; std::getline(info, line);)
        if (line.rfind("model name", 0) == 0 && line.find(": ") != std::string::npos)
            return line.substr(line.find(": ") + 2);
    return "unknown";
}

double load_average() {
    double load = 0;
    std::ifstream("/proc/loadavg") >> load;
    return load;
}

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}

}  // namespace

std::vector<Record> fastest(const std::vector<Record>& line) {
    std::vector<Record> best;
    for (const Record& r : line) {
        const auto same = std::find_if(best.begin(), best.end(),
                                       [&](const Record& b) { return b.implementation == r.implementation; });
        if (same == best.end())
            best.push_back(r);
        else if (r.time_us < same->time_us)
            *same = r;
    }
    return best;
}

void print_header() {
    const double load = load_average(), cores = std::thread::hardware_concurrency();
    if (load > cores / 2)
        std::printf("Load average %.1f on %.0f cores: figures on several threads are those of a busy machine.\n", load,
                    cores);
    std::printf("%-12s %-16s %2s %6s %11s %9s %6s", "workload", "pass", "th", "rounds", "idm us", "GFLOP/s", "%peak");
    for (const char* peer : peers) std::printf("  %15s %6s", (std::string(peer) + " us").c_str(), "/ idm");
    std::printf("\n");
}

void print_line(const std::vector<Record>& line) {
    const Record& idm = *find(line, "idm");
    std::printf("%-12s %-16s %2d %6d %11.2f %9.1f %6.1f", idm.workload.c_str(), idm.pass.c_str(), idm.threads,
                idm.rounds, idm.time_us, idm.gflops, idm.percent_of_peak);
    for (const char* peer : peers) {
        const Record* r = find(line, peer);
        if (r)
            std::printf("  %15.2f %6.2f", r->time_us, r->time_us / idm.time_us);
        else
            std::printf("  %15s %6s", "-", "-");
        if (r && !r->variant.empty()) std::printf(" %s", r->variant.c_str());
    }
    std::printf("\n");
    std::fflush(stdout);
}

void write_json(const std::string& path, const std::vector<Record>& records) {
    idm::JsonWriter json;
    json.begin_object().key("machine").begin_object();
    json.member("cpu", cpu_name()).member("cores", std::thread::hardware_concurrency());
    json.member("load_average", load_average());
    json.member("compiler", __VERSION__).member("simd", xsimd::default_arch::name());
    json.member("idm", idm::detail::message(IDM_VERSION_MAJOR, ".", IDM_VERSION_MINOR, ".", IDM_VERSION_PATCH));
    json.member("onednn", onednn_version()).member("libtorch", libtorch_version());
    for (const char* name : {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_"})
        json.member(name, environment(name));
    json.end_object().key("records").begin_array();
    for (const Record& r : records) {
        json.begin_object().member("workload", r.workload).member("pass", r.pass).member("threads", r.threads);
        json.member("implementation", r.implementation).member("variant", r.variant).member("time_us", r.time_us);
        json.member("gflops", r.gflops).member("percent_of_peak", r.percent_of_peak);
        json.member("rounds", r.rounds).end_object();
    }
    json.end_array().end_object();
    std::ofstream file(path);
    file << json.text() << '\n';
    if (!file.flush()) throw std::runtime_error("cannot write " + path);
}

}  // namespace bench
