#pragma once

#include <filesystem>

#include <idm/core/config.hpp>
#include <idm/data/dataset.hpp>
#include <idm/data/features.hpp>
#include <idm/io/weights.hpp>
#include <idm/models/baseline.hpp>
#include <idm/models/cnn1.hpp>
#include <idm/models/cnn2.hpp>
#include <idm/models/predictor.hpp>
#include <idm/models/stream.hpp>

// What idm::dispatch holds compiled of the models in float with extents known at run time. Only here because of the
// time that a compiler takes: half of it for a program that predicts.

#ifdef IDM_COMPILED_TEMPLATE
IDM_NAMESPACE_BEGIN

IDM_COMPILED_TEMPLATE class Network<Shape<dynamic, dynamic>, detail::BaselineNet<dynamic>>;
IDM_COMPILED_TEMPLATE class Network<Shape<dynamic, dynamic>, detail::Cnn1Net<dynamic, Padding::valid>>;
IDM_COMPILED_TEMPLATE class Network<Shape<dynamic, dynamic>, detail::Cnn2Net<dynamic>>;
IDM_COMPILED_TEMPLATE class Model<float, Shape<dynamic, dynamic>, detail::BaselineNet<dynamic>>;
IDM_COMPILED_TEMPLATE class Model<float, Shape<dynamic, dynamic>, detail::Cnn1Net<dynamic, Padding::valid>>;
IDM_COMPILED_TEMPLATE class Model<float, Shape<dynamic, dynamic>, detail::Cnn2Net<dynamic>>;
IDM_COMPILED_TEMPLATE class Baseline<float>;
IDM_COMPILED_TEMPLATE class Cnn1<float>;
IDM_COMPILED_TEMPLATE class Cnn2<float>;
IDM_COMPILED_TEMPLATE class Predictor<Baseline<float>>;
IDM_COMPILED_TEMPLATE class Predictor<Cnn1<float>>;
IDM_COMPILED_TEMPLATE class Predictor<Cnn2<float>>;
IDM_COMPILED_TEMPLATE class Stream<Cnn1<float>>;
IDM_COMPILED_TEMPLATE class Stream<Cnn2<float>>;

IDM_COMPILED_TEMPLATE WeightsInfo<float> load_weights(const std::filesystem::path&, Baseline<float>&);
IDM_COMPILED_TEMPLATE WeightsInfo<float> load_weights(const std::filesystem::path&, Cnn1<float>&);
IDM_COMPILED_TEMPLATE WeightsInfo<float> load_weights(const std::filesystem::path&, Cnn2<float>&);
IDM_COMPILED_TEMPLATE Status try_load_weights(const std::filesystem::path&, Baseline<float>&,
                                              WeightsInfo<float>&) noexcept;
IDM_COMPILED_TEMPLATE Status try_load_weights(const std::filesystem::path&, Cnn1<float>&, WeightsInfo<float>&) noexcept;
IDM_COMPILED_TEMPLATE Status try_load_weights(const std::filesystem::path&, Cnn2<float>&, WeightsInfo<float>&) noexcept;

IDM_COMPILED_TEMPLATE Features<float> make_features<float>(const Log&, const Recipe&);
IDM_COMPILED_TEMPLATE Features<double> make_features<double>(const Log&, const Recipe&);
IDM_COMPILED_TEMPLATE Dataset<float> make_dataset<float>(const Log&, const Recipe&, const SplitRule&);
IDM_COMPILED_TEMPLATE Dataset<double> make_dataset<double>(const Log&, const Recipe&, const SplitRule&);

IDM_NAMESPACE_END
#endif
