// Ticks of a control loop without exceptions: a static model, all memory taken before the loop, positions in, torques
// out.

#include <array>
#include <cmath>
#include <cstdio>
#include <memory>
#include <span>
#include <string>

#include <idm/inference.hpp>

int main() {
    using Net = idm::Cnn2<float, 32, 21, 7>;
    const auto model = std::make_shared<Net>();
    model->initialise(1);
    idm::Recipe recipe{.filter = {.alignment = idm::Alignment::causal}, .window = 32, .sample_period = 0.001};
    for (int joint = 1; joint <= 7; ++joint) {
        recipe.positions.columns.push_back("q" + std::to_string(joint));
        recipe.targets.columns.push_back("tau" + std::to_string(joint));
    }
    idm::Normaliser<float> normaliser(idm::Vector<float>::Zero(21), idm::Vector<float>::Ones(21),
                                      idm::Vector<float>::Zero(7), idm::Vector<float>::Ones(7));
    normaliser.set_input_range(idm::Vector<float>::Constant(21, -1e4f), idm::Vector<float>::Constant(21, 1e4f));

    // What cannot be loaded comes back as a status, and the model stays as it is.
    idm::WeightsInfo<float> info;
    const idm::Status loaded = idm::try_load_weights("no such file", *model, info);
    std::printf("%s\n", loaded.message.c_str());

    const auto rest = [](std::span<const double>, std::span<float> torque) noexcept {
        for (float& value : torque) value = 0;
    };
    idm::SafeStream<Net, decltype(rest)> safe(
        idm::Stream<Net>(*model, recipe, normaliser), rest,
        {.limit = {87, 87, 87, 87, 12, 12, 12}, .fade_in = 0.001, .sample_period = 0.001});
    idm::StreamSwap<Net> swap(model, recipe, normaliser);
    swap.offer(model, recipe, normaliser);

    const idm::FlushDenormals flush;
    std::array<double, 7> q{};
    bool right = !loaded;
    float change = 0, before = 0;
    for (int tick = 0; tick < 60; ++tick) {
        for (std::size_t joint = 0; joint < 7; ++joint) q[joint] = std::sin(0.01 * tick + static_cast<double>(joint));
        const float torque = safe.tick(q)[6], same = swap.tick(q)[6];
        right = right && (safe.trust() < 1 || torque == same);
        change += std::fabs(torque - before);
        before = torque;
    }
    std::printf("trust %g, swaps %td, torque %g\n", safe.trust(), swap.swaps(), static_cast<double>(before));
    return right && safe.trust() == 1 && swap.swaps() == 1 && std::isfinite(change) && change > 0 ? 0 : 1;
}
