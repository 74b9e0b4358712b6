#pragma once

#include <string>
#include <vector>

#include "record.hpp"
#include "rounds.hpp"
#include "side.hpp"

namespace bench {

/// What a line of the results is about, and the flop of one call.
struct Line {
    std::string workload, pass;
    int threads;
    double flop;
};

/// The peak and the sides, ready to take turns.
Rounds contest(const Sides& sides, int threads, const Effort& effort);
/// Implementation and variant of each.
std::vector<Record> names_of(const Sides& sides);
/// The figures of a finished contest, in the order of its contestants behind the peak; the fastest variant of each.
/// Printed as they come.
void record(const Line& line, const std::vector<Record>& names, const Rounds& rounds, std::vector<Record>& records);
void time_sides(const Line& line, const Sides& sides, const Effort& effort, std::vector<Record>& records);

/// Compares the networks of a workload and times them.
std::vector<std::string> network_workloads();
void run_network(const std::string& workload, int threads, const Effort& effort, std::vector<Record>& records);

}  // namespace bench
