#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <idm/data/dataset.hpp>
#include <idm/io/report/input.hpp>
#include <idm/io/weights.hpp>

namespace examples {

/// The seed of one model that was best on validation data: the report's choice for its pictures, too.
template <class M>
class BestSeed {
public:
    void offer(const M& model, const idm::ModelReport& report) {
        const double nmse = report.after.validation.scored.nmse;
        if (model_ && !(nmse < summary_.validation_nmse)) return;
        model_.emplace(model);
        summary_ = {.seed = report.seed,
                    .epochs = report.epochs,
                    .train_seconds = report.train_seconds,
                    .validation_nmse = nmse};
    }

    /// Writes `<model>.safetensors` with the recipe and normaliser of `data`, which is called `name`; returns its path.
    std::filesystem::path save(const std::filesystem::path& folder, const idm::Dataset<typename M::Scalar>& data,
                               const std::string& name) const {
        idm::WeightsInfo<typename M::Scalar> info{.recipe = data.recipe,
                                                  .input_names = data.input_names,
                                                  .target_names = data.target_names,
                                                  .normaliser = data.normaliser,
                                                  .training = summary_};
        info.recipe.window = model_->window();
        info.training.data = name;
        const std::filesystem::path path = folder / (std::string(M::name) + ".safetensors");
        idm::save_weights(path, *model_, info);
        return path;
    }

    /// Which file `save` writes, for the reader.
    std::string description() const {
        const std::string file = std::string(M::name) + ".safetensors";
        return summary_.seed == 0 ? file : idm::detail::message(file, " (seed ", summary_.seed, ")");
    }

private:
    std::optional<M> model_;
    idm::TrainingSummary summary_;
};

}  // namespace examples
