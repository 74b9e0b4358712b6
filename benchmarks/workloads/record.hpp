#pragma once

#include <string>
#include <vector>

namespace bench {

/// One line of the results.
struct Record {
    std::string workload, pass;
    int threads = 1;
    std::string implementation, variant;
    double time_us = 0, gflops = 0, percent_of_peak = 0;
};

/// Of each implementation the fastest variant, in order of appearance.
std::vector<Record> fastest(const std::vector<Record>& records);

/// One line for each workload, pass and number of threads: what idm takes, and the others' times over it.
void print_table(const std::vector<Record>& records);

/// {"machine": {...}, "records": [...]}. *Errors*: `std::runtime_error` when the file cannot be written.
void write_json(const std::string& path, const std::vector<Record>& records);

}  // namespace bench
