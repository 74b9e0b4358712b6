#include <idm/idm.hpp>

// Half of a weight's bits are gone: small steps of an optimiser would be lost.
void learn(idm::Bf16Weights<idm::Cnn2<float>>& model, const idm::Dataset<float>& data) { idm::train(model, data, {}); }
