#include <idm/idm.hpp>

// Files hold floats: those of the model before it was rounded.
void save(const idm::Bf16Weights<idm::Cnn2<float>>& model, const idm::WeightsInfo<float>& info) {
    idm::save_weights("model.safetensors", model, info);
}
