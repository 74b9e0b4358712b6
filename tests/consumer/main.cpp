// A program of somebody else's: a linear model worked out by hand, through the public headers alone.

#include <cstdio>

#include <idm/idm.hpp>

int main() {
    // Two steps of one input: y = 1 * 1 + 10 * 2 + 0.5.
    idm::Baseline<float, 2, 1, 1> model;
    auto parameters = model.named_parameters();
    parameters[0][0] = 1;
    parameters[0][1] = 10;
    parameters[1][0] = 0.5f;

    auto workspace = model.make_workspace(1);
    workspace.input().sample(0)[0] = 1;
    workspace.input().sample(0)[1] = 2;
    model.forward(workspace, 1);
    const float y = workspace.output().sample(0)[0];
    std::printf("idm %d.%d.%d: y = %g\n", IDM_VERSION_MAJOR, IDM_VERSION_MINOR, IDM_VERSION_PATCH,
                static_cast<double>(y));
    return y == 21.5f ? 0 : 1;
}
