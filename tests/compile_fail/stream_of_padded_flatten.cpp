#include <idm/inference.hpp>

// The Flatten sees a window's padding, where a stream has history.
const idm::Cnn1<float, 16, 3, 2, idm::Padding::causal> model;
const auto stream = idm::streaming_network(model.network());
