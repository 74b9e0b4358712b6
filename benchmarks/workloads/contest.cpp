#include "contest.hpp"

namespace bench {

Rounds contest(const Sides& sides, int threads, const Effort& effort) {
    Rounds rounds(effort);
    rounds.add([threads] { return multiply_add_flops(threads); }, false);
    for (const auto& side : sides) rounds.add_calls([&side](int calls) { side->run(calls); });
    return rounds;
}

void record(const Line& line, const std::vector<Record>& names, const Rounds& rounds, std::vector<Record>& records) {
    const double peak = rounds.best(0);
    std::vector<Record> all;
    for (std::size_t i = 0; i < names.size(); ++i) {
        const double us = rounds.best(i + 1), flops = line.flop / us * 1e6;
        all.push_back({line.workload, line.pass, line.threads, names[i].implementation, names[i].variant, us,
                       flops * 1e-9, peak > 0 ? 100 * flops / peak : 0, rounds.finished()});
    }
    if (peak > 0)
        all.push_back({line.workload, line.pass, line.threads, "peak", "", line.flop / peak * 1e6, peak * 1e-9, 100,
                       rounds.finished()});
    all = fastest(all);
    print_line(all);
    records.insert(records.end(), all.begin(), all.end());
}

std::vector<Record> names_of(const Sides& sides) {
    std::vector<Record> names;
    for (const auto& side : sides) names.push_back({"", "", 0, side->implementation, side->variant});
    return names;
}

void time_sides(const Line& line, const Sides& sides, const Effort& effort, std::vector<Record>& records) {
    Rounds rounds = contest(sides, line.threads, effort);
    rounds.run();
    record(line, names_of(sides), rounds, records);
}

}  // namespace bench
