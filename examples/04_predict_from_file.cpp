// Train once, keep the weights in a file, predict from it anywhere: the file holds all that is needed to turn rows of a
// log into torques, so the program that loads it names no unit, filter or mean.

#include <cstdio>
#include <filesystem>
#include <vector>

#include <idm/idm.hpp>

namespace {

using Net = idm::Cnn1<float>;

void train_and_save(const idm::Log& log, const std::filesystem::path& path) {
    const idm::Recipe recipe{.positions = {.columns = idm::numbered("q{}", 1, 7)},
                             .velocities = {.columns = idm::numbered("qd{}", 1, 7)},
                             .targets = {.columns = idm::numbered("tau{}", 1, 7)},
                             .use_sin = true,
                             .use_cos = true,
                             .sign_velocity = 0.02};
    const auto data = idm::make_dataset<float>(log, recipe, idm::ByTrajectory{});
    Net model({.window = 16, .inputs = data.inputs.cols(), .outputs = data.targets.cols()});
    model.initialise(1);
    idm::train(model, data, {.epochs = 8});
    idm::save_weights(path, model,
                      {.recipe = data.recipe,
                       .input_names = data.input_names,
                       .target_names = data.target_names,
                       .normaliser = data.normaliser});
}

}  // namespace

int main() {
    const idm::Log log = idm::robot::simulate(idm::robot::arm7(), {.trajectories = 12});
    const std::filesystem::path path = std::filesystem::temp_directory_path() / "idm_example.safetensors";
    train_and_save(log, path);

    // Another program, another day. A file of another model, recipe or format is refused with the reason.
    Net model({.window = 16, .inputs = 42, .outputs = 7});
    const auto info = idm::load_weights(path, model);
    idm::Predictor<Net> predictor(model, info.recipe, info.normaliser);

    // One window: `rows()` samples of `columns()`, in the log's own units, oldest first.
    const idm::Trajectory& motion = log.trajectories.back();
    const idm::Index begin = 400, predicted = begin + predictor.rows() - 1 - predictor.delay();
    std::vector<double> samples;
    for (idm::Index row = begin; row < begin + predictor.rows(); ++row)
        for (const std::string& column : predictor.columns()) samples.push_back(motion.values(row, log.column(column)));
    std::vector<float> torque(7);
    predictor.predict(samples, torque);

    std::printf("trajectory %s at %.2f s, N m\n  joint  measured  predicted\n", motion.name.c_str(),
                motion.time[static_cast<std::size_t>(predicted)]);
    for (idm::Index j = 0; j < 7; ++j)
        std::printf("  %-5s  %8.2f  %9.2f\n", info.target_names[static_cast<std::size_t>(j)].c_str(),
                    motion.values(predicted, log.column(info.target_names[static_cast<std::size_t>(j)])),
                    static_cast<double>(torque[static_cast<std::size_t>(j)]));
    std::filesystem::remove(path);
}
