#include <cmath>
#include <limits>
#include <vector>

#include <idm/core/random.hpp>
#include <idm/robot/arm7.hpp>
#include <idm/robot/excitation.hpp>

#include "support/catch.hpp"

using namespace idm;
using robot::Excitation;
using robot::ExcitationConfig;
using robot::Joint;
using robot::SerialChain;

namespace {

struct State {
    explicit State(std::size_t joints) : q(joints), qd(joints), qdd(joints) {}
    std::vector<double> q, qd, qdd;
};

State state(const Excitation& motion, double t, std::size_t joints = 7) {
    State s(joints);
    motion.at(t, s.q, s.qd, s.qdd);
    return s;
}

}  // namespace

TEST_CASE("an excitation begins and ends at rest in one place") {
    const Excitation motion(robot::arm7(), {}, Random(1));
    const State begin = state(motion, 0);
    for (const double t : {-1.0, 0.0, 10.0, 12.0}) {
        const State s = state(motion, t);
        CHECK(s.q == begin.q);
        for (std::size_t j = 0; j < 7; ++j) {
            CHECK(s.qd[j] == 0);
            CHECK(s.qdd[j] == 0);
        }
    }
    for (std::size_t j = 0; j < 7; ++j) CHECK(state(motion, 5).q[j] != begin.q[j]);
}

TEST_CASE("an excitation's velocity and acceleration are the derivatives of its position") {
    const Excitation motion(robot::arm7(), {}, Random(2));
    const double h = 1e-4;
    // Fading in, at the joints of the fade, in full motion, fading out.
    for (const double t : {0.3, 0.5, 0.9, 1.0, 4.7, 9.0, 9.3, 9.8}) {
        const State before = state(motion, t - h), now = state(motion, t), after = state(motion, t + h);
        for (std::size_t j = 0; j < 7; ++j) {
            // h^2 / 6 times a third derivative below 50 rad/s^3; h times a jump of the third derivative at the joints.
            CHECK((after.q[j] - before.q[j]) / (2 * h) == Approx(now.qd[j]).margin(1e-7));
            CHECK((after.qd[j] - before.qd[j]) / (2 * h) == Approx(now.qdd[j]).margin(3e-3));
        }
    }
}

TEST_CASE("no excitation leaves its share of the limits") {
    const SerialChain arm = robot::arm7();
    for (const double share : {0.3, 1.0}) {
        double widest = 0, fastest = 0;
        for (std::uint64_t seed = 0; seed < 20; ++seed) {
            const Excitation motion(arm, {.position_share = share, .speed_share = 1.3 - share}, Random(seed));
            for (double t = 0; t < 10; t += 0.0021) {
                const State s = state(motion, t);
                for (std::size_t j = 0; j < 7; ++j) {
                    const Joint& joint = arm.joints()[j];
                    const double half = (joint.q_max - joint.q_min) / 2;
                    widest = std::fmax(widest, std::fabs(s.q[j] - joint.q_min - half) / half);
                    fastest = std::fmax(fastest, std::fabs(s.qd[j]) / joint.qd_max);
                    fastest = std::fmax(fastest, std::fabs(s.qdd[j]) / joint.qdd_max);
                }
            }
        }
        CHECK(widest <= share);
        CHECK(fastest <= 1.3 - share);
        // The limits are used, not only kept.
        CHECK(widest > 0.9 * share);
        CHECK(fastest > 0.9 * (1.3 - share));
    }
}

TEST_CASE("an excitation is a function of its generator") {
    const SerialChain arm = robot::arm7();
    const State a = state(Excitation(arm, {}, Random(5)), 3), b = state(Excitation(arm, {}, Random(5)), 3);
    CHECK(a.q == b.q);
    CHECK(a.qdd == b.qdd);
    CHECK(a.q != state(Excitation(arm, {}, Random(6)), 3).q);
}

TEST_CASE("an excitation refuses settings out of range") {
    const SerialChain arm = robot::arm7();
    CHECK_THROWS_WITH(Excitation(arm, {.duration = 3, .ramp = 2}, Random(1)),
                      ContainsSubstring("expected ramp > 0 and duration >= 2 * ramp, got 2 s and 3 s"));
    CHECK_THROWS_AS(Excitation(arm, {.ramp = 0}, Random(1)), ConfigError);
    CHECK_THROWS_AS(Excitation(arm, {.sines = 0}, Random(1)), ConfigError);
    CHECK_THROWS_AS(Excitation(arm, {.min_frequency = 0}, Random(1)), ConfigError);
    CHECK_THROWS_AS(Excitation(arm, {.min_frequency = 2, .max_frequency = 1}, Random(1)), ConfigError);
    CHECK_THROWS_AS(Excitation(arm, {.speed_share = 1.1}, Random(1)), ConfigError);
    CHECK_THROWS_AS(Excitation(arm, {.position_share = std::numeric_limits<double>::quiet_NaN()}, Random(1)),
                    ConfigError);
    CHECK_THROWS_WITH(Excitation(SerialChain({Joint{}}), {}, Random(1)),
                      ContainsSubstring("joint 1: excitation needs finite limits"));
    std::vector<double> seven(7), six(6);
    CHECK_THROWS_AS(Excitation(arm, {}, Random(1)).at(0, seven, six, seven), ShapeError);
}
