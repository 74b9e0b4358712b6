// Orocos KDL as an oracle, where it is installed.
#if defined(IDM_TEST_HAS_KDL)

#include <cmath>
#include <cstddef>
#include <vector>

#include <idm/core/random.hpp>
#include <idm/robot/arm7.hpp>
#include <idm/robot/serial_chain.hpp>

#include "support/catch.hpp"
#include "unit/robot/kdl.hpp"

using namespace idm;
using robot::Joint;
using robot::JointType;
using robot::SerialChain;
using namespace idm_test;

namespace {

/// Largest difference of a torque vector, relative to its largest value, over 1,000 random states.
double worst_difference(const SerialChain& chain) {
    const KDL::Chain reference = kdl_chain(chain);
    KDL::ChainIdSolver_RNE solver(reference, kdl_vector(chain.gravity()));
    const KDL::Wrenches no_loads(reference.getNrOfSegments(), KDL::Wrench::Zero());
    const auto n = static_cast<std::size_t>(chain.size());
    const auto joints = static_cast<unsigned>(n);
    KDL::JntArray q(joints), qd(joints), qdd(joints), expected(joints);
    std::vector<double> tau(n);
    Random random(20);
    double worst = 0;
    for (int state = 0; state < 1000; ++state) {
        for (unsigned j = 0; j < joints; ++j) {
            q(j) = random.uniform(-3, 3);
            qd(j) = random.uniform(-3, 3);
            qdd(j) = random.uniform(-15, 15);
        }
        REQUIRE(solver.CartToJnt(q, qd, qdd, no_loads, expected) == 0);
        chain.inverse_dynamics({q.data.data(), n}, {qd.data.data(), n}, {qdd.data.data(), n}, tau);
        double difference = 0, largest = 0;
        for (unsigned j = 0; j < joints; ++j) {
            difference = std::fmax(difference, std::fabs(tau[j] - expected(j)));
            largest = std::fmax(largest, std::fabs(expected(j)));
            if (!std::isfinite(tau[j])) return tau[j];
        }
        worst = std::fmax(worst, difference / largest);
    }
    return worst;
}

}  // namespace

TEST_CASE("the 7-joint arm agrees with Orocos KDL on 1,000 random states") {
    const SerialChain arm = robot::arm7();
    CHECK(worst_difference(SerialChain(without_friction(arm), arm.gravity())) < 1e-9);
    // KDL knows no friction: with it the two must differ, or the comparison compares nothing.
    CHECK(worst_difference(arm) > 1e-3);
}

TEST_CASE("a chain with slides, turned frames and skew axes agrees with Orocos KDL on 1,000 random states") {
    Random random(3);
    std::vector<Joint> joints(6);
    for (std::size_t i = 0; i < joints.size(); ++i) {
        Joint& joint = joints[i];
        joint.type = i % 2 == 1 || i == 4 ? JointType::prismatic : JointType::revolute;
        for (std::size_t k = 0; k < 3; ++k) {
            joint.xyz[k] = random.uniform(-0.5, 0.5);
            joint.rpy[k] = random.uniform(-3, 3);
            joint.axis[k] = random.uniform(-1, 1);
            joint.com[k] = random.uniform(-0.3, 0.3);
        }
        joint.mass = random.uniform(0.5, 5);
        joint.inertia = {0.11, 0.13, 0.07, 0.01, -0.02, 0.005};
        joint.rotor_inertia = random.uniform(0, 1);
    }
    CHECK(worst_difference(SerialChain(joints)) < 1e-9);
    CHECK(worst_difference(SerialChain(joints, {1.5, -4, 8})) < 1e-9);
}

#endif
