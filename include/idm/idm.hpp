#pragma once

// Everything, in the order in which the data flows.

#include <idm/inference.hpp>

#include <idm/data/dataset.hpp>
#include <idm/data/normaliser.hpp>
#include <idm/data/recipe.hpp>
#include <idm/data/savitzky_golay.hpp>
#include <idm/data/split.hpp>
#include <idm/data/trajectory.hpp>
#include <idm/data/window.hpp>

#include <idm/robot/arm7.hpp>
#include <idm/robot/excitation.hpp>
#include <idm/robot/serial_chain.hpp>
#include <idm/robot/simulate.hpp>

#include <idm/training/analysis.hpp>
#include <idm/training/metrics.hpp>
#include <idm/training/neighbours.hpp>

#include <idm/io/atomic_file.hpp>
#include <idm/io/charts.hpp>
#include <idm/io/json_writer.hpp>
#include <idm/io/text.hpp>
