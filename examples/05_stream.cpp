// Sample by sample, as in a control loop: positions go in, torques come out, every tick. Velocities, accelerations and
// all that the network must remember of earlier samples are inside. A tick allocates nothing, and what leaves
// SafeStream is within the limits whatever went in.

#include <cmath>
#include <cstdio>
#include <limits>
#include <span>
#include <vector>

#include <idm/idm.hpp>

int main() {
    using Net = idm::Cnn2<float>;
    const idm::Log log = idm::robot::simulate(idm::robot::arm7(), {.trajectories = 15});
    // A causal filter: a controller has no samples of the future.
    const idm::Recipe recipe{.positions = {.columns = idm::numbered("q{}", 1, 7)},
                             .targets = {.columns = idm::numbered("tau{}", 1, 7)},
                             .use_sin = true,
                             .use_cos = true,
                             .sign_velocity = 0.05,
                             .filter = {.alignment = idm::Alignment::causal},
                             .window = 32};
    const auto data = idm::make_dataset<float>(log, recipe, idm::ByTrajectory{});
    Net model({.window = 32, .inputs = data.inputs.cols(), .outputs = 7});
    model.initialise(1);
    idm::train(model, data, {.epochs = 30, .batch_size = 128});

    // A loop of another rate than the log's, or other columns, would be refused here.
    idm::Stream<Net> stream(model, data.recipe, data.normaliser,
                            {.sample_period = 0.01, .columns = idm::numbered("q{}", 1, 7)});
    const auto relax = [](std::span<const double>, std::span<float> torque) noexcept {
        for (float& value : torque) value = 0;
    };
    idm::SafeStream<Net, decltype(relax)> safe(stream, relax,
                                               {.limit = {87, 87, 87, 87, 12, 12, 12}, .sample_period = 0.01});

    const idm::Trajectory& motion = log.trajectories.back();
    std::vector<double> sample(7);
    double squared_error = 0;
    idm::Index trusted = 0;
    for (idm::Index row = 0; row < motion.values.rows(); ++row) {
        const idm::FlushDenormals flush;  // around the loop's body: its thread's mode is the caller's again behind it
        for (idm::Index j = 0; j < 7; ++j) sample[static_cast<std::size_t>(j)] = motion.values(row, j);
        if (row == 500) sample[2] = std::numeric_limits<double>::quiet_NaN();  // a sensor fails for one tick
        const std::span<const float> torque = safe.tick(sample);
        if (row == 500)
            std::printf("row 500: %s, trust %.2f, torque of joint 3: %.2f N m\n", to_string(safe.fault()), safe.trust(),
                        static_cast<double>(torque[2]));
        if (safe.trust() < 1) continue;
        ++trusted;
        squared_error += std::pow(static_cast<double>(torque[1]) - motion.values(row, log.column("tau2")), 2);
    }
    std::printf("joint 2: RMSE %.2f N m over %td trusted ticks of %td; warm after %td\n",
                std::sqrt(squared_error / static_cast<double>(trusted)), trusted, motion.values.rows(),
                safe.stream().warm_up());
}
