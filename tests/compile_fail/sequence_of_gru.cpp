#include <idm/inference.hpp>

// A GRU's output depends on every step since the window's first: chunks would start it in another state.
using Layers = idm::Sequential<idm::GRU<4>, idm::LastStep, idm::Dense<2>>;
const idm::Network<idm::Shape<16, 3>, Layers> network;
const auto sequence = idm::sequence_network(network, 100);
