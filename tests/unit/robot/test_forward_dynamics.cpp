#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include <idm/core/random.hpp>
#include <idm/robot/arm7.hpp>
#include <idm/robot/forward_dynamics.hpp>

#include "support/catch.hpp"

#if defined(IDM_TEST_HAS_KDL)
#include <kdl/chainfdsolver_recursive_newton_euler.hpp>

#include "unit/robot/kdl.hpp"
#endif

using namespace idm;
using robot::ForwardDynamics;

namespace {

std::vector<double> draw(Random& random, double range) {
    std::vector<double> values(7);
    for (double& value : values) value = random.uniform(-range, range);
    return values;
}

}  // namespace

TEST_CASE("a pendulum falls as by hand") {
    // Point mass m at l from a horizontal axis, rotor J: (m l^2 + J) qdd = tau - m g l cos q - friction.
    robot::Joint joint{.axis = {0, -1, 0}, .mass = 2, .com = {0.5, 0, 0}};
    joint.rotor_inertia = 0.3;
    joint.viscous = 0.7;
    joint.coulomb = 1.5;
    joint.coulomb_speed = 0.2;
    joint.stribeck = 0.5;
    joint.stribeck_speed = 0.4;
    ForwardDynamics dynamics(robot::SerialChain({joint}));
    const double q = 0.4, qd = 0.3, tau = 5;
    double qdd = 0;
    dynamics.acceleration({&q, 1}, {&qd, 1}, {&tau, 1}, {&qdd, 1});
    const double friction = 0.7 * qd + (1.5 + 0.5 * std::exp(-0.5625)) * std::tanh(1.5);
    CHECK(qdd == Approx((tau - 2 * 9.80665 * 0.5 * std::cos(q) - friction) / (2 * 0.25 + 0.3)));
    CHECK(dynamics.mass_matrix({&q, 1})(0, 0) == Approx(0.8));
}

TEST_CASE("forward dynamics invert the inverse dynamics, friction and rotors included") {
    ForwardDynamics dynamics(robot::arm7());
    Random random(4);
    std::vector<double> tau(7), qdd(7);
    for (int state = 0; state < 100; ++state) {
        const auto q = draw(random, 3), qd = draw(random, 2), expected = draw(random, 10);
        dynamics.chain().inverse_dynamics(q, qd, expected, tau);
        dynamics.acceleration(q, qd, tau, qdd);
        for (std::size_t j = 0; j < 7; ++j) CHECK(qdd[j] == Approx(expected[j]).epsilon(1e-9).margin(1e-9));
    }
    qdd.resize(6);
    CHECK_THROWS_AS(dynamics.acceleration(tau, tau, tau, qdd), ShapeError);
}

// Under the address sanitizer Eigen allocates in another way than in the installed KDL, whose solver then frees
// wrongly.
#if defined(IDM_TEST_HAS_KDL) && !defined(__SANITIZE_ADDRESS__)
TEST_CASE("forward dynamics of the 7-joint arm agree with Orocos KDL on 1,000 random states") {
    const robot::SerialChain arm(idm_test::without_friction(robot::arm7()), robot::arm7().gravity());
    ForwardDynamics dynamics(arm);
    const KDL::Chain chain = idm_test::kdl_chain(arm);
    KDL::ChainFdSolver_RNE solver(chain, idm_test::kdl_vector(arm.gravity()));
    const KDL::Wrenches no_loads(chain.getNrOfSegments(), KDL::Wrench::Zero());
    KDL::JntArray q(7), qd(7), tau(7), expected(7);
    std::vector<double> qdd(7);
    Random random(5);
    for (int state = 0; state < 1000; ++state) {
        for (unsigned j = 0; j < 7; ++j) {
            q(j) = random.uniform(-3, 3);
            qd(j) = random.uniform(-3, 3);
            tau(j) = random.uniform(-50, 50);
        }
        REQUIRE(solver.CartToJnt(q, qd, tau, no_loads, expected) == 0);
        dynamics.acceleration({q.data.data(), 7}, {qd.data.data(), 7}, {tau.data.data(), 7}, qdd);
        const double largest = expected.data.cwiseAbs().maxCoeff();
        for (unsigned j = 0; j < 7; ++j) REQUIRE(std::abs(qdd[j] - expected(j)) < 1e-8 * largest);
    }
}
#endif
