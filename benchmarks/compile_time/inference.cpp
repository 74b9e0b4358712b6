// What a controller compiles: a model from its file, run on one window.
#include <vector>

#include <idm/inference.hpp>

int main(int, char** argv) {
    idm::Cnn1<float> model({.window = 16, .inputs = 21, .outputs = 7});
    const auto info = idm::load_weights(argv[1], model);
    idm::Predictor<idm::Cnn1<float>> predictor(model, info.recipe, info.normaliser);
    const std::vector<double> window(static_cast<std::size_t>(predictor.rows()) * predictor.columns().size());
    std::vector<float> torque(7);
    predictor.predict(window, torque);
    return torque[0] > 100;
}
