#include <idm/layers/conv1d.hpp>
#include <idm/layers/network.hpp>

using Block = idm::Sequential<idm::Residual<idm::Conv1D<5, 3, idm::Padding::same>>>;
const idm::Network<idm::Shape<8, 4>, Block> network;
const auto out = network.output_shape();
