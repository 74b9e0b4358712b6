#pragma once

#include <string>
#include <vector>

namespace bench {

/// One figure of the results.
struct Record {
    std::string workload, pass;
    int threads = 1;
    std::string implementation, variant;
    double time_us = 0, gflops = 0, percent_of_peak = 0;
    int rounds = 0;  // whose best median the time is
};

/// Of each implementation on one line (workload, pass, threads) the fastest variant, in order of appearance.
std::vector<Record> fastest(const std::vector<Record>& line);

/// What idm takes, and what the others take over that.
void print_header();
void print_line(const std::vector<Record>& line);

/// {"machine": {...}, "records": [...]}. *Errors*: `std::runtime_error` when the file cannot be written.
void write_json(const std::string& path, const std::vector<Record>& records);

}  // namespace bench
