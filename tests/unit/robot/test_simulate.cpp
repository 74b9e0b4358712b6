#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include <idm/core/random.hpp>
#include <idm/robot/arm7.hpp>
#include <idm/robot/simulate.hpp>

#include "support/catch.hpp"

using namespace idm;
using robot::Excitation;
using robot::Joint;
using robot::SerialChain;
using robot::simulate;

TEST_CASE("the default log is 60 trajectories of 10 s at 100 Hz within the torque limits") {
    const SerialChain arm = robot::arm7();
    const Log log = simulate(arm);
    REQUIRE(log.columns.size() == 21);
    CHECK(log.columns[0] == "q1");
    CHECK(log.columns[7] == "qd1");
    CHECK(log.columns[20] == "tau7");
    REQUIRE(log.trajectories.size() == 60);
    for (const Trajectory& trajectory : log.trajectories) {
        REQUIRE(trajectory.values.rows() == 1000);
        REQUIRE(trajectory.values.cols() == 21);
        REQUIRE(trajectory.values.allFinite());
        CHECK(trajectory.time.front() == 0);
        CHECK(trajectory.time.back() == Approx(9.99).epsilon(1e-14));
        for (Index j = 0; j < 7; ++j) CHECK(trajectory.values.col(14 + j).cwiseAbs().maxCoeff() < arm.joint(j).tau_max);
    }
    CHECK(log.trajectories[0].name == "1");
}

TEST_CASE("without noise the log is inverse dynamics of the excitation") {
    const SerialChain arm = robot::arm7();
    const Log log = simulate(arm, {.trajectories = 2, .seed = 9, .encoder_resolution = 0, .torque_noise = 0});
    const Excitation motion(arm, {}, Random(9, 1));
    std::vector<double> q(7), qd(7), qdd(7), tau(7);
    for (const Index row : {0, 1, 333, 999}) {
        motion.at(static_cast<double>(row) / 100, q, qd, qdd);
        arm.inverse_dynamics(q, qd, qdd, tau);
        for (Index j = 0; j < 7; ++j) {
            const auto k = static_cast<std::size_t>(j);
            const auto& values = log.trajectories[1].values;
            CHECK(values(row, j) == q[k]);
            // Late by half a cycle of 1 ms: qdd * 0.5 ms, and h^2 / 6 of the third derivative.
            CHECK(values(row, 7 + j) == Approx(qd[k] - 0.0005 * qdd[k]).margin(2e-5));
            CHECK(values(row, 14 + j) == tau[k]);
        }
    }
}

TEST_CASE("positions are whole encoder counts, velocities whole counts per drive cycle") {
    const double count = 2 * std::numbers::pi / (1 << 20);
    const Log log = simulate(robot::arm7(), {.trajectories = 1, .seed = 2});
    const Log exact = simulate(robot::arm7(), {.trajectories = 1, .seed = 2, .encoder_resolution = 0});
    const auto& values = log.trajectories[0].values;
    double largest = 0;
    for (Index row = 0; row < values.rows(); ++row)
        for (Index j = 0; j < 7; ++j) {
            const double counts = values(row, j) / count, steps = values(row, 7 + j) * 0.001 / count;
            REQUIRE(std::fabs(counts - std::round(counts)) < 1e-8);
            REQUIRE(std::fabs(steps - std::round(steps)) < 1e-8);
            largest = std::fmax(largest, std::fabs(values(row, j) - exact.trajectories[0].values(row, j)));
        }
    CHECK(largest <= count / 2 * (1 + 1e-9));
    CHECK(largest > count / 2 * 0.99);
}

TEST_CASE("torque noise has the stated deviation and is white") {
    const SerialChain arm = robot::arm7();
    const Log noisy = simulate(arm, {.trajectories = 10, .seed = 4, .torque_noise = 0.01});
    const Log clean = simulate(arm, {.trajectories = 10, .seed = 4, .torque_noise = 0});
    for (Index j = 0; j < 7; ++j) {
        double sum = 0, square = 0, neighbour = 0, last = 0;
        for (std::size_t k = 0; k < 10; ++k)
            for (Index row = 0; row < 1000; ++row) {
                const double e = noisy.trajectories[k].values(row, 14 + j) - clean.trajectories[k].values(row, 14 + j);
                sum += e, square += e * e, neighbour += e * last, last = e;
            }
        const double sigma = 0.01 * arm.joint(j).tau_max, n = 10000;
        // Four standard errors of a mean, a deviation and a correlation from 10,000 samples.
        CHECK(sum / n == Approx(0).margin(4 * sigma / std::sqrt(n)));
        CHECK(std::sqrt(square / n) == Approx(sigma).epsilon(4 / std::sqrt(2 * n)));
        CHECK(neighbour / square == Approx(0).margin(4 / std::sqrt(n)));
    }
}

TEST_CASE("trajectory k depends on the seed and k alone, and no two are alike") {
    const SerialChain arm = robot::arm7();
    const Log few = simulate(arm, {.trajectories = 3, .seed = 11}),
              more = simulate(arm, {.trajectories = 5, .seed = 11});
    const Log other = simulate(arm, {.trajectories = 3, .seed = 12});
    for (std::size_t k = 0; k < 3; ++k) {
        CHECK(few.trajectories[k].values == more.trajectories[k].values);
        CHECK(few.trajectories[k].values != other.trajectories[k].values);
    }
    for (std::size_t a = 0; a < 5; ++a)
        for (std::size_t b = 0; b < a; ++b) {
            // In the middle of the motion the configurations are far apart.
            const auto distance = (more.trajectories[a].values.row(500) - more.trajectories[b].values.row(500)).head(7);
            CHECK(distance.norm() > 0.5);
        }
}

TEST_CASE("a simulation refuses settings out of range") {
    const SerialChain arm = robot::arm7();
    CHECK_THROWS_AS(simulate(arm, {.trajectories = 0}), ConfigError);
    CHECK_THROWS_AS(simulate(arm, {.rate = 0}), ConfigError);
    CHECK_THROWS_AS(simulate(arm, {.drive_cycle = 0}), ConfigError);
    CHECK_THROWS_AS(simulate(arm, {.encoder_resolution = -1}), ConfigError);
    CHECK_THROWS_AS(simulate(arm, {.torque_noise = -1}), ConfigError);
    Joint joint;
    joint.q_min = -1, joint.q_max = 1;
    CHECK_THROWS_WITH(simulate(SerialChain({joint})), ContainsSubstring("joint 1: torque noise is a share of tau_max"));
    CHECK(simulate(SerialChain({joint}), {.trajectories = 1, .torque_noise = 0}).trajectories.size() == 1);
}
