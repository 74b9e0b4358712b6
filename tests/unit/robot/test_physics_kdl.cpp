// Orocos KDL as the known part of a robot's torques, where it is installed.
#if defined(IDM_TEST_HAS_KDL)

#include <cmath>
#include <vector>

#include <idm/data/dynamics.hpp>
#include <idm/robot/arm7.hpp>
#include <idm/robot/simulate.hpp>

#include "support/catch.hpp"
#include "unit/robot/kdl.hpp"

using namespace idm;
using namespace idm_test;

TEST_CASE("what KDL's inverse dynamics leave of an arm's log is what our rigid body leaves") {
    const robot::SerialChain arm = robot::arm7(), rigid(without_friction(arm), arm.gravity());
    const KDL::Chain chain = kdl_chain(arm);
    KDL::ChainIdSolver_RNE solver(chain, kdl_vector(arm.gravity()));
    const KDL::Wrenches no_loads(chain.getNrOfSegments(), KDL::Wrench::Zero());
    KDL::JntArray a(7), b(7), c(7), tau(7);
    const auto kdl = [&](const auto& q, const auto& qd, const auto& qdd) -> const Eigen::VectorXd& {
        a.data = q, b.data = qd, c.data = qdd;
        REQUIRE(solver.CartToJnt(a, b, c, no_loads, tau) == 0);
        return tau.data;
    };
    const Log log = robot::simulate(arm, {.trajectories = 4, .excitation = {.duration = 3}});
    const Recipe recipe{.positions = {.columns = numbered("q{}", 1, 7)},
                        .velocities = {.columns = numbered("qd{}", 1, 7)},
                        .targets = {.columns = numbered("tau{}", 1, 7)}};
    const auto ours = physics::make_residual_dataset<double>(
        log, recipe, ByTrajectory{}, [&](const auto&... state) { return rigid.inverse_dynamics(state...); });
    const auto theirs = physics::make_residual_dataset<double>(log, recipe, ByTrajectory{}, kdl);
    CHECK((theirs.dynamics - ours.dynamics).cwiseAbs().maxCoeff() < 1e-10);
    CHECK((theirs.targets - ours.targets).cwiseAbs().maxCoeff() < 1e-10);
    CHECK(ours.dynamics.cwiseAbs().maxCoeff() > 10);
}

#endif
