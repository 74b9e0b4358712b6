// What is known of a robot need not be learned: the rigid body comes from its data sheet, a network learns the rest.
// Here the rest is friction, and a tool on the last link that the data sheet knows nothing of.
//
// Any library's inverse dynamics fit, in a lambda. Pinocchio (`pinocchio::Data data(model)`):
//     const auto dynamics = [&](const auto& q, const auto& qd, const auto& qdd) -> const Eigen::VectorXd& {
//         return pinocchio::rnea(model, data, q, qd, qdd);
//     };
// Orocos KDL (`KDL::ChainIdSolver_RNE solver(chain, gravity)`, JntArrays a, b, c, tau, no loads):
//     const auto dynamics = [&](const auto& q, const auto& qd, const auto& qdd) -> const Eigen::VectorXd& {
//         a.data = q, b.data = qd, c.data = qdd;
//         return solver.CartToJnt(a, b, c, loads, tau), tau.data;
//     };

#include <cstdio>
#include <utility>
#include <vector>

#include <idm/idm.hpp>

namespace physics = idm::physics;
using idm::Vector;

/// What the data sheet says of the arm: no friction, nothing on its last link.
idm::robot::SerialChain data_sheet(const idm::robot::SerialChain& arm) {
    std::vector<idm::robot::Joint> joints(arm.joints().begin(), arm.joints().end());
    for (idm::robot::Joint& joint : joints) joint.viscous = joint.coulomb = 0;
    joints.back().mass = 0;
    return idm::robot::SerialChain(std::move(joints));
}

void print(const char* name, const idm::Score& score) {
    std::printf("%-20s test: nMSE %.3f, RMSE %.2f N m\n", name, score.scored.nmse, score.scored.rmse);
}

int main() {
    const idm::robot::SerialChain arm = idm::robot::arm7(), known = data_sheet(arm);
    const auto dynamics = [&](const auto&... state) { return known.inverse_dynamics(state...); };

    const idm::Log log = idm::robot::simulate(arm, {.trajectories = 20});
    const idm::Recipe recipe{.positions = {.columns = idm::numbered("q{}", 1, 7)},
                             .velocities = {.columns = idm::numbered("qd{}", 1, 7)},
                             .targets = {.columns = idm::numbered("tau{}", 1, 7)},
                             .use_sin = true,
                             .use_cos = true,
                             .sign_velocity = 0.02};
    const auto plain = idm::make_dataset<float>(log, recipe, idm::ByTrajectory{});
    const auto rest = physics::make_residual_dataset<float>(log, recipe, idm::ByTrajectory{}, dynamics);

    idm::Cnn1<float> network({.window = 16, .inputs = plain.inputs.cols(), .outputs = plain.targets.cols()});
    idm::Cnn1<float> correction = network;
    for (auto* model : {&network, &correction}) model->initialise(1);
    idm::train(network, plain, {.epochs = 10});
    idm::train(correction, rest, {.epochs = 10});
    print("rigid body alone", physics::evaluate_dynamics(rest, rest.split.test));
    print("network alone", idm::evaluate(network, plain, plain.split.test));
    print("rigid body + network", physics::evaluate(correction, rest, rest.split.test));

    // In a control loop: one state and the window of features that leads to it; here the arm rests, as it has before.
    const physics::Residual model(dynamics, std::move(correction), rest.normaliser);
    auto workspace = model.model().make_workspace(1);
    const Vector<double> q = Vector<double>::Constant(7, -0.5), zero = Vector<double>::Zero(7);
    std::vector<float> row, window;  // q, qd, qdd, sin q, cos q, sign qd
    for (const Vector<double>& part :
         {q, zero, zero, Vector<double>(q.array().sin()), Vector<double>(q.array().cos()), zero})
        row.insert(row.end(), part.begin(), part.end());
    for (int step = 0; step < 16; ++step) window.insert(window.end(), row.begin(), row.end());
    std::vector<double> tau(7);
    model.predict(q, zero, zero, window, workspace, tau);
    std::printf("joint 4 at rest: %.2f N m, exact %.2f N m\n", tau[3], arm.inverse_dynamics(q, zero, zero)[3]);
}
