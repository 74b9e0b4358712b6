#include <idm/layers/conv1d.hpp>
#include <idm/layers/network.hpp>

using Block = idm::Sequential<idm::Residual<idm::Conv1D<4, 3, idm::Padding::valid>>>;
const idm::Network<idm::Shape<8, 4>, Block> network;
const auto out = network.output_shape();
