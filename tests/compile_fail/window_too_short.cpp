#include <idm/models/cnn1.hpp>

// Two valid convolutions, kernels 5 and 3, leave nothing of 6 steps.
idm::Cnn1<float, 6, 21, 7> model;
