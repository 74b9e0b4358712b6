// What a training program compiles: everything, a data set from a log, Cnn1 trained on it.
#include <idm/idm.hpp>

int main(int, char** argv) {
    const idm::Log log = idm::read_log(argv[1]);
    const idm::Recipe recipe{.positions = {.columns = idm::numbered("q{}", 1, 7)},
                             .velocities = {.columns = idm::numbered("qd{}", 1, 7)},
                             .targets = {.columns = idm::numbered("tau{}", 1, 7)}};
    const auto data = idm::make_dataset<float>(log, recipe, idm::ByTrajectory{});
    idm::Cnn1<float> model({.window = 16, .inputs = data.inputs.cols(), .outputs = data.targets.cols()});
    model.initialise(1);
    idm::train(model, data);
    return idm::evaluate(model, data, data.split.test).scored.nmse > 1;
}
