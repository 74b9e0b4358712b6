#pragma once

#include <filesystem>
#include <span>
#include <vector>

#include <idm/compiled/inference.hpp>
#include <idm/core/config.hpp>
#include <idm/data/dataset.hpp>
#include <idm/training/evaluate.hpp>
#include <idm/training/ridge.hpp>
#include <idm/training/trainer.hpp>

// What idm::dispatch holds compiled of training and evaluation, beside the functions that are no templates.

#ifdef IDM_COMPILED_TEMPLATE
IDM_NAMESPACE_BEGIN

IDM_COMPILED_TEMPLATE History train(Cnn1<float>&, const Dataset<float>&, const TrainerConfig&,
                                    const TrainingHooks<float>&);
IDM_COMPILED_TEMPLATE History train(Cnn2<float>&, const Dataset<float>&, const TrainerConfig&,
                                    const TrainingHooks<float>&);
IDM_COMPILED_TEMPLATE History train(Cnn1<float>&, const Dataset<float>&, const TrainerConfig&, const EpochCallback&);
IDM_COMPILED_TEMPLATE History train(Cnn2<float>&, const Dataset<float>&, const TrainerConfig&, const EpochCallback&);
IDM_COMPILED_TEMPLATE RidgeResult fit_ridge(Baseline<float>&, const Dataset<float>&, const std::vector<double>&, int);
IDM_COMPILED_TEMPLATE Score evaluate(const Baseline<float>&, const Dataset<float>&, std::span<const Segment>, int);
IDM_COMPILED_TEMPLATE Score evaluate(const Cnn1<float>&, const Dataset<float>&, std::span<const Segment>, int);
IDM_COMPILED_TEMPLATE Score evaluate(const Cnn2<float>&, const Dataset<float>&, std::span<const Segment>, int);
IDM_COMPILED_TEMPLATE void save_weights(const std::filesystem::path&, const Baseline<float>&,
                                        const WeightsInfo<float>&);
IDM_COMPILED_TEMPLATE void save_weights(const std::filesystem::path&, const Cnn1<float>&, const WeightsInfo<float>&);
IDM_COMPILED_TEMPLATE void save_weights(const std::filesystem::path&, const Cnn2<float>&, const WeightsInfo<float>&);

IDM_NAMESPACE_END
#endif
