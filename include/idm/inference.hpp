#pragma once

// What a controller includes: models and their kernels, no training, no files beyond the weights. Compiles with
// -fno-exceptions -fno-rtti.

#include <idm/core/buffer.hpp>
#include <idm/core/config.hpp>
#include <idm/core/error.hpp>
#include <idm/core/parallel.hpp>
#include <idm/core/random.hpp>
#include <idm/core/shape.hpp>
#include <idm/core/tensor.hpp>
#include <idm/version.hpp>

#include <idm/kernels/select.hpp>
#include <idm/kernels/shapes.hpp>
