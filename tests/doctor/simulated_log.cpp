// Writes a log of the simulated arm as CSV to standard output: run, t, q1..q7, qd1..qd7, tau1..tau7.

#include <cstddef>
#include <cstdio>

#include <idm/robot/arm7.hpp>
#include <idm/robot/simulate.hpp>

int main() {
    const idm::Log log = idm::robot::simulate(idm::robot::arm7(), {.trajectories = 8});
    std::printf("run,t");
    for (const std::string& name : log.columns) std::printf(",%s", name.c_str());
    std::printf("\n");
    for (const idm::Trajectory& trajectory : log.trajectories)
        for (idm::Index row = 0; row < trajectory.values.rows(); ++row) {
            std::printf("%s,%.6f", trajectory.name.c_str(), trajectory.time[static_cast<std::size_t>(row)]);
            for (const double value : trajectory.values.row(row)) std::printf(",%.9g", value);
            std::printf("\n");
        }
}
