#pragma once

// What a controller includes: models and their kernels, no training, no files beyond the weights. Compiles with
// -fno-exceptions -fno-rtti; of the file functions only try_load_weights exists then.

#include <idm/core/barrier.hpp>
#include <idm/core/buffer.hpp>
#include <idm/core/cholesky.hpp>
#include <idm/core/config.hpp>
#include <idm/core/error.hpp>
#include <idm/core/exact_text.hpp>
#include <idm/core/flush_denormals.hpp>
#include <idm/core/parallel.hpp>
#include <idm/core/random.hpp>
#include <idm/core/shape.hpp>
#include <idm/core/tensor.hpp>
#include <idm/core/utf8.hpp>
#include <idm/core/workspace.hpp>
#include <idm/version.hpp>

#include <idm/kernels/bf16.hpp>
#include <idm/kernels/select.hpp>
#include <idm/kernels/shapes.hpp>

#include <idm/layers/activation.hpp>
#include <idm/layers/batch_norm.hpp>
#include <idm/layers/bf16.hpp>
#include <idm/layers/cone.hpp>
#include <idm/layers/contract.hpp>
#include <idm/layers/conv1d.hpp>
#include <idm/layers/dense.hpp>
#include <idm/layers/depthwise.hpp>
#include <idm/layers/dropout.hpp>
#include <idm/layers/gru.hpp>
#include <idm/layers/init.hpp>
#include <idm/layers/network.hpp>
#include <idm/layers/norm.hpp>
#include <idm/layers/over_newest.hpp>
#include <idm/layers/parameters.hpp>
#include <idm/layers/pooling.hpp>
#include <idm/layers/reshape.hpp>
#include <idm/layers/residual.hpp>
#include <idm/layers/sequential.hpp>
#include <idm/layers/simd_report.hpp>
#include <idm/layers/since_start.hpp>
#include <idm/layers/streaming.hpp>
#include <idm/layers/sum.hpp>
#include <idm/layers/without_padding.hpp>

#include <idm/models/baseline.hpp>
#include <idm/models/bf16_weights.hpp>
#include <idm/models/cnn1.hpp>
#include <idm/models/cnn2.hpp>
#include <idm/models/fold_batch_norm.hpp>
#include <idm/models/linear_skip.hpp>
#include <idm/models/model.hpp>
#include <idm/models/physics_residual.hpp>
#include <idm/models/predictor.hpp>
#include <idm/models/safe_stream.hpp>
#include <idm/models/stream.hpp>
#include <idm/models/stream_swap.hpp>
#include <idm/models/units.hpp>

#include <idm/io/weights.hpp>

#include <idm/compiled/inference.hpp>
