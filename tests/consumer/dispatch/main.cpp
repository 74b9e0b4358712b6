// Prints which kernels run and, in a second line, what a small network says by them.

#include <cstdio>

#include <idm/inference.hpp>

int main() {
    idm::Cnn2<float> model({.window = 32, .inputs = 5, .outputs = 3});
    model.initialise(1);
    auto workspace = model.make_workspace(2);
    idm::Random random(2);
    for (idm::Index sample = 0; sample < 2; ++sample)
        for (idm::Index i = 0; i < 32 * 5; ++i)
            workspace.input().sample(sample)[i] = static_cast<float>(random.uniform(-1, 1));
    model.forward(workspace, 2);
    std::printf("%s\n%.5f\n", idm::simd_report().c_str(), static_cast<double>(workspace.output().sample(1)[2]));
}
