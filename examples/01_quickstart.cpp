#include <cstdio>

#include <idm/idm.hpp>

int main() {
    const idm::Log log = idm::robot::simulate(idm::robot::arm7(), {.trajectories = 20});
    const idm::Recipe recipe{.positions = {.columns = idm::numbered("q{}", 1, 7)},
                             .velocities = {.columns = idm::numbered("qd{}", 1, 7)},
                             .targets = {.columns = idm::numbered("tau{}", 1, 7)},
                             .use_sin = true,
                             .use_cos = true,
                             .sign_velocity = 0.02};
    const auto data = idm::make_dataset<float>(log, recipe, idm::ByTrajectory{});

    idm::Cnn1<float> model({.window = 16, .inputs = data.inputs.cols(), .outputs = data.targets.cols()});
    model.initialise(1);
    idm::train(model, data, {.epochs = 10});

    const idm::Metrics test = idm::evaluate(model, data, data.split.test).scored;
    std::printf("test: nMSE %.2f, RMSE %.1f N m, R^2 %.2f\n", test.nmse, test.rmse, test.r2);
}
