#include <idm/models/cnn1.hpp>

// A padded Flatten sees the whole window at once: no output at every step of a chunk.
const idm::Cnn1<float, 32, 21, 7, idm::Padding::causal> model;
const auto network = idm::sequence_network(model.network(), 100);
