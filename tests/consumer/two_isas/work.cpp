// Compiled once per instruction set, with WORK as the function's name.

#include <idm/idm.hpp>

#define IDM_TEST_TEXT(x) IDM_TEST_TEXT_OF(x)
#define IDM_TEST_TEXT_OF(x) #x

float WORK(const char** abi) {
    *abi = IDM_TEST_TEXT(IDM_ABI);
    idm::Cnn2<float> model({.window = 32, .inputs = 5, .outputs = 3});
    model.initialise(1);
    auto workspace = model.make_workspace(2);
    idm::Random random(2);
    for (idm::Index sample = 0; sample < 2; ++sample)
        for (idm::Index i = 0; i < 32 * 5; ++i)
            workspace.input().sample(sample)[i] = static_cast<float>(random.uniform(-1, 1));
    model.forward(workspace, 2);
    return workspace.output().sample(1)[2];
}
