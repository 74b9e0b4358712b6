// Made fixtures/weights_v*.safetensors, which every later version must read: make_weights_fixture FILE.
// g++ -std=c++20 -O2 -ffp-contract=off -Iinclude -isystem /usr/include/eigen3 tests/unit/io/make_weights_fixture.cpp

#include <idm/models/baseline.hpp>

#include "weights_example.hpp"

int main(int, char** arguments) {
    idm::Baseline<float> model(example_config());
    model.initialise(1);
    idm::save_weights(arguments[1], model, example_info<float>());
}
