#include <idm/inference.hpp>

// `same` padding looks ahead.
using Layers = idm::Sequential<idm::Conv1D<4, 3, idm::Padding::same>, idm::LastStep>;
const idm::Network<idm::Shape<16, 3>, Layers> network;
const auto stream = idm::streaming_network(network);
