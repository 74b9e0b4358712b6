// What weights in bf16 do to the predictions of models that learned the simulated arm: on its validation trajectories,
// scored against the measured torques and against the same model with weights in float.

#include <algorithm>
#include <cstdio>
#include <exception>
#include <span>

#include <idm/idm.hpp>

namespace {

using namespace idm;

template <class M>
void compare(const Dataset<float>& data, Index window) {
    M model({.window = window, .inputs = data.inputs.cols(), .outputs = data.targets.cols()});
    model.initialise(1);
    train(model, data, {});
    const EvaluationSet set = evaluation_set(data, data.split.validation);
    const auto scored = std::span<const Index>(set.scored);
    const Matrix<double> exact = predict(model, data, set), rounded = predict(bf16_weights(model), data, set);
    const Metrics before = score_predictions(set.measured, exact, scored).scored,
                  after = score_predictions(set.measured, rounded, scored).scored,
                  between = score_predictions(exact, rounded, scored).scored;
    double largest = 0, torque = 0;
    for (const Index row : set.scored) {
        largest = std::max(largest, (rounded.row(row) - exact.row(row)).cwiseAbs().maxCoeff());
        torque = std::max(torque, exact.row(row).cwiseAbs().maxCoeff());
    }
    std::printf("%s, window %td, %td rows\n", M::name, window, before.rows);
    std::printf("  nMSE to the measured torques: %.5f in float, %.5f in bf16 (%+.2f %%)\n", before.nmse, after.nmse,
                100 * (after.nmse / before.nmse - 1));
    std::printf("  bf16 to float: nMSE %.1e, RMSE %.4f N m, largest difference %.3f N m of %.1f N m (%.2f %%)\n",
                between.nmse, between.rmse, largest, torque, 100 * largest / torque);
}

}  // namespace

int main() try {
    const Recipe recipe{.positions = {.columns = numbered("q{}", 1, 7)},
                        .velocities = {.columns = numbered("qd{}", 1, 7)},
                        .targets = {.columns = numbered("tau{}", 1, 7)},
                        .use_sin = true,
                        .use_cos = true,
                        .sign_velocity = 0.02};
    const Log log = robot::simulate(robot::arm7());
    compare<Cnn1<float>>(make_dataset<float>(log, recipe, ByTrajectory{}), 16);
    compare<Cnn2<float>>(make_dataset<float>(log, recipe, ByTrajectory{}), 32);
} catch (const std::exception& e) {
    std::fprintf(stderr, "bf16: %s\n", e.what());
    return 1;
}
