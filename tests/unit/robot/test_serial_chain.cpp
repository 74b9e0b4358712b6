#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <span>
#include <vector>

#include <idm/core/random.hpp>
#include <idm/robot/arm7.hpp>
#include <idm/robot/serial_chain.hpp>

#include "support/catch.hpp"

using namespace idm;
using robot::Joint;
using robot::JointType;
using robot::SerialChain;

namespace {

constexpr double g = 9.80665;
constexpr double right = std::numbers::pi / 2;

std::vector<double> torques(const SerialChain& chain, const std::vector<double>& q, const std::vector<double>& qd,
                            const std::vector<double>& qdd) {
    std::vector<double> tau(q.size(), 1e9);
    chain.inverse_dynamics(q, qd, qdd, tau);
    return tau;
}

/// A rod in the x-z plane: turns about -y (so that q > 0 lifts its end), point mass or body at `com` along x.
Joint rod(double mass, double com, double inertia_yy = 0, double at = 0) {
    Joint joint;
    joint.xyz = {at, 0, 0};
    joint.axis = {0, -1, 0};
    joint.mass = mass;
    joint.com = {com, 0, 0};
    joint.inertia.yy = inertia_yy;
    return joint;
}

}  // namespace

TEST_CASE("a pendulum needs m g c cos q against gravity and I + m c^2 for each rad/s^2") {
    const SerialChain chain({rod(2, 0.5, 0.1)});
    CHECK(torques(chain, {0}, {0}, {0})[0] == Approx(2 * g * 0.5).epsilon(1e-14));
    CHECK(torques(chain, {std::numbers::pi / 3}, {0}, {0})[0] == Approx(2 * g * 0.5 * 0.5).epsilon(1e-14));
    CHECK(torques(chain, {right}, {0}, {0})[0] == Approx(0).margin(1e-14));
    CHECK(torques(chain, {right}, {7}, {3})[0] == Approx((0.1 + 2 * 0.25) * 3).epsilon(1e-14));
}

TEST_CASE("two links agree with the textbook's closed form") {
    // Craig, "Introduction to Robotics", 3rd ed., equation 6.58: two point masses at the ends of the links.
    const double l1 = 0.7, l2 = 0.4, m1 = 3, m2 = 2;
    const SerialChain chain({rod(m1, l1), rod(m2, l2, 0, l1)});
    const double q1 = 0.3, q2 = -1.1, v1 = 1.7, v2 = -0.9, a1 = 2.5, a2 = 4;
    const double c2 = std::cos(q2), s2 = std::sin(q2), c1 = std::cos(q1), c12 = std::cos(q1 + q2);
    const double tau1 = m2 * l2 * l2 * (a1 + a2) + m2 * l1 * l2 * c2 * (2 * a1 + a2) + (m1 + m2) * l1 * l1 * a1 -
                        m2 * l1 * l2 * s2 * v2 * v2 - 2 * m2 * l1 * l2 * s2 * v1 * v2 + m2 * l2 * g * c12 +
                        (m1 + m2) * l1 * g * c1;
    const double tau2 =
        m2 * l1 * l2 * c2 * a1 + m2 * l1 * l2 * s2 * v1 * v1 + m2 * l2 * g * c12 + m2 * l2 * l2 * (a1 + a2);
    const auto tau = torques(chain, {q1, q2}, {v1, v2}, {a1, a2});
    CHECK(tau[0] == Approx(tau1).epsilon(1e-13));
    CHECK(tau[1] == Approx(tau2).epsilon(1e-13));
}

TEST_CASE("a mass on a turning slide agrees with polar coordinates") {
    // Horizontal: tau = m (r^2 thetadd + 2 r rd thetad), f = m (rdd - r thetad^2); gravity along z does no work.
    Joint turn, slide;
    slide.type = JointType::prismatic;
    slide.axis = {2, 0, 0};  // its length does not matter
    slide.mass = 1.5;
    const SerialChain chain({turn, slide});
    const double r = 0.6, rd = -0.8, rdd = 2, td = 1.3, tdd = -0.7;
    const auto tau = torques(chain, {0.4, r}, {td, rd}, {tdd, rdd});
    CHECK(tau[0] == Approx(1.5 * (r * r * tdd + 2 * r * rd * td)).epsilon(1e-13));
    CHECK(tau[1] == Approx(1.5 * (rdd - r * td * td)).epsilon(1e-13));
}

TEST_CASE("a turning body resists being tilted") {
    // A body tilted by q2 about y turns about z at rate w: kinetic energy w^2 / 2 (Ixx sin^2 q2 + Izz cos^2 q2), so
    // tau2 = w^2 sin q2 cos q2 (Izz - Ixx). The gyroscopic moment does no work: no energy balance sees it.
    Joint turn, tilt;
    tilt.axis = {0, 1, 0};
    tilt.inertia = {.xx = 0.2, .yy = 0.3, .zz = 0.45};
    const auto tau = torques(SerialChain({turn, tilt}), {1, std::numbers::pi / 6}, {3, 0}, {0, 0});
    CHECK(tau[1] == Approx(9 * 0.5 * std::sqrt(0.75) * 0.25).epsilon(1e-14));
    CHECK(tau[0] == Approx(0).margin(1e-14));
}

TEST_CASE("a lift carries its weight") {
    Joint lift;
    lift.type = JointType::prismatic;
    lift.mass = 4;
    CHECK(torques(SerialChain({lift}), {0.2}, {0.5}, {1})[0] == Approx(4 * (g + 1)).epsilon(1e-14));
    CHECK(torques(SerialChain({lift}, {0, 0, -1.62}), {0.2}, {0.5}, {1})[0] == Approx(4 * 2.62).epsilon(1e-14));
}

TEST_CASE("friction and rotor inertia add to their own joint only") {
    Joint joint = rod(0, 0);
    joint.viscous = 0.5;
    joint.coulomb = 2;
    joint.coulomb_speed = 0.1;
    joint.rotor_inertia = 0.25;
    const SerialChain chain({joint, rod(0, 0)});
    // By hand: tanh(ln 2) = (4 - 1) / (4 + 1) = 0.6.
    const double v = 0.1 * std::log(2.0);
    CHECK(torques(chain, {1, 1}, {v, 9}, {0, 0})[0] == Approx(0.5 * v + 2 * 0.6).epsilon(1e-14));
    CHECK(torques(chain, {1, 1}, {-v, 9}, {0, 0})[0] == Approx(-0.5 * v - 2 * 0.6).epsilon(1e-14));
    CHECK(torques(chain, {1, 1}, {100, 9}, {0, 0})[0] == Approx(50 + 2).epsilon(1e-14));
    const auto tau = torques(chain, {1, 1}, {0, 9}, {-4, 5});
    CHECK(tau[0] == Approx(-1).epsilon(1e-14));
    CHECK(tau[1] == 0);
    CHECK(chain.friction(0, v) == Approx(0.5 * v + 1.2).epsilon(1e-14));
}

TEST_CASE("rpy turns about fixed axes: roll, then pitch, then yaw") {
    // With rpy = (90, 0, 90) degrees the joint's z axis is Rz(90) Rx(90) z = Rz(90) (-y) = x, its x axis is y and its
    // y axis is z. A mass at the frame's x lies on the base's y: turning about x lifts it by m g c.
    Joint joint;
    joint.rpy = {right, 0, right};
    joint.mass = 2;
    joint.com = {0.3, 0, 0};
    CHECK(torques(SerialChain({joint}), {0}, {0}, {0})[0] == Approx(2 * g * 0.3).epsilon(1e-13));
    // Pitch of 90 degrees takes x down to -z; the axis y stays: turning about y swings the mass towards -x, no torque
    // at rest, and m g c after a quarter turn, with the sign of the weight's pull.
    joint.rpy = {0, right, 0};
    joint.axis = {0, 1, 0};
    CHECK(torques(SerialChain({joint}), {0}, {0}, {0})[0] == Approx(0).margin(1e-14));
    CHECK(torques(SerialChain({joint}), {right}, {0}, {0})[0] == Approx(2 * g * 0.3).epsilon(1e-13));
}

TEST_CASE("tau may overwrite an input") {
    const SerialChain arm = robot::arm7();
    const std::vector<double> q{0.1, -0.2, 0.3, -1.4, 0.5, 1.6, -0.7}, qd(7, 0.8), qdd{1, 2, -3, 4, -5, 6, 7};
    const auto expected = torques(arm, q, qd, qdd);
    for (int which = 0; which < 3; ++which) {
        std::array<std::vector<double>, 3> in{q, qd, qdd};
        arm.inverse_dynamics(in[0], in[1], in[2], in[static_cast<std::size_t>(which)]);
        CHECK(in[static_cast<std::size_t>(which)] == expected);
    }
}

TEST_CASE("the power of the motors is the change of energy and the heat of friction") {
    // With M(q) from unit accelerations at rest, E = 1/2 qd' M qd + V; V' = g(q)' qd. Central differences in time.
    const SerialChain arm = robot::arm7();
    const auto kinetic = [&](const std::vector<double>& q, const std::vector<double>& qd) {
        const auto still = torques(arm, q, std::vector<double>(7), std::vector<double>(7));
        const auto moved = torques(arm, q, std::vector<double>(7), qd);  // M qd + g
        double e = 0;
        for (std::size_t i = 0; i < 7; ++i) e += 0.5 * qd[i] * (moved[i] - still[i]);
        return e;
    };
    Random random(7);
    for (int trial = 0; trial < 20; ++trial) {
        std::vector<double> q(7), qd(7), qdd(7), q0(7), q1(7), qd0(7), qd1(7);
        const double h = 1e-4;
        for (std::size_t i = 0; i < 7; ++i) {
            q[i] = random.uniform(-2, 2), qd[i] = random.uniform(-2, 2), qdd[i] = random.uniform(-5, 5);
            q0[i] = q[i] - h * qd[i] + h * h / 2 * qdd[i], q1[i] = q[i] + h * qd[i] + h * h / 2 * qdd[i];
            qd0[i] = qd[i] - h * qdd[i], qd1[i] = qd[i] + h * qdd[i];
        }
        const auto tau = torques(arm, q, qd, qdd);
        const auto weight = torques(arm, q, std::vector<double>(7), std::vector<double>(7));
        double power = 0;
        for (std::size_t i = 0; i < 7; ++i)
            power += qd[i] * (tau[i] - weight[i] - arm.friction(static_cast<Index>(i), qd[i]));
        // The error of the difference is h^2 / 6 times a third derivative of order 1e3 W/s^2.
        CHECK((kinetic(q1, qd1) - kinetic(q0, qd0)) / (2 * h) == Approx(power).margin(1e-4));
    }
}

TEST_CASE("a chain refuses what it can't be built from") {
    CHECK_THROWS_AS(SerialChain({}), ConfigError);
    Joint bad = rod(1, 1);
    bad.axis = {0, 0, 0};
    CHECK_THROWS_WITH(SerialChain({rod(1, 1), bad}), "joint 2: expected an axis longer than 0");
    bad = rod(-1, 1);
    CHECK_THROWS_AS(SerialChain({bad}), ConfigError);
    bad = rod(1, std::numeric_limits<double>::quiet_NaN());
    CHECK_THROWS_AS(SerialChain({bad}), ConfigError);
    bad = rod(1, 1);
    bad.coulomb_speed = 0;
    CHECK_THROWS_AS(SerialChain({bad}), ConfigError);
    bad = rod(1, 1);
    bad.q_min = bad.q_max = 1;
    CHECK_THROWS_AS(SerialChain({bad}), ConfigError);

    CHECK_THROWS_AS(SerialChain({rod(1, 1)}, {0, 0, std::numeric_limits<double>::infinity()}), ConfigError);

    std::vector<double> one(1), two(2);
    CHECK_THROWS_WITH(SerialChain({rod(1, 1)}).inverse_dynamics(one, one, two, one),
                      ContainsSubstring("of 1 joints: expected that many values in each argument, got 2"));
}

TEST_CASE("the arm is the published one") {
    const SerialChain arm = robot::arm7();
    REQUIRE(arm.size() == 7);
    double mass = 0;
    for (const Joint& joint : arm.joints()) mass += joint.mass;
    CHECK(mass == Approx(13.78593).epsilon(1e-12));
    // q = 0: stretched upwards, the flange 88 mm in front. No torque about the vertical axes 1, 3 and 5.
    const auto tau = torques(arm, std::vector<double>(7), std::vector<double>(7), std::vector<double>(7));
    CHECK(tau[0] == Approx(0).margin(1e-12));
    CHECK(tau[2] == Approx(0).margin(1e-12));
    CHECK(tau[4] == Approx(0).margin(1e-12));
    // Joint 4 turns about -y at x = 82.5 mm: lifting acts forwards. By hand from the data sheet, x of each centre of
    // mass from there: link 4 -51.13; link 5 -82.5 - 0.05; link 6 -82.5 + 65.72; link 7 -82.5 + 88 + 0.89 mm.
    const double moment = 2.2037 * (-0.05113) + 2.2855 * (-0.0825 - 0.00005) + 1.353 * (-0.0825 + 0.06572) +
                          0.35973 * (-0.0825 + 0.088 + 0.00089);
    CHECK(tau[3] == Approx(g * moment).epsilon(1e-12));
}
