// Ticks of a control loop: a static model, all memory taken before the loop.

#include <cmath>
#include <cstdio>

#include <idm/inference.hpp>

int main() {
    idm::Cnn2<float, 32, 21, 7> model;
    model.initialise(1);
    auto workspace = model.make_workspace(1);
    float change = 0, before = 0;
    for (int tick = 0; tick < 3; ++tick) {
        float* input = workspace.input().sample(0);
        for (idm::Index i = 0; i < 32 * 21; ++i) input[i] = std::sin(0.1f * static_cast<float>(i + 21 * tick));
        model.forward(workspace, 1);
        const float torque = workspace.output().sample(0)[6];
        change += std::fabs(torque - before);
        before = torque;
        std::printf("tick %d: %g\n", tick, static_cast<double>(torque));
    }
    return std::isfinite(change) && change > 0 ? 0 : 1;
}
