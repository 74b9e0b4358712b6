#pragma once

// Everything, in the order in which the data flows.

#include <idm/inference.hpp>

#include <idm/data/csv.hpp>
#include <idm/data/dataset.hpp>
#include <idm/data/delay.hpp>
#include <idm/data/doctor.hpp>
#include <idm/data/dynamics.hpp>
#include <idm/data/feature_stream.hpp>
#include <idm/data/features.hpp>
#include <idm/data/log_reader.hpp>
#include <idm/data/normaliser.hpp>
#include <idm/data/npy.hpp>
#include <idm/data/recipe.hpp>
#include <idm/data/resample.hpp>
#include <idm/data/savitzky_golay.hpp>
#include <idm/data/split.hpp>
#include <idm/data/table.hpp>
#include <idm/data/trajectory.hpp>
#include <idm/data/window.hpp>

#include <idm/robot/arm7.hpp>
#include <idm/robot/excitation.hpp>
#include <idm/robot/forward_dynamics.hpp>
#include <idm/robot/serial_chain.hpp>
#include <idm/robot/simulate.hpp>

#include <idm/training/adam.hpp>
#include <idm/training/analysis.hpp>
#include <idm/training/batches.hpp>
#include <idm/training/best_weights.hpp>
#include <idm/training/callbacks.hpp>
#include <idm/training/csv_log.hpp>
#include <idm/training/evaluate.hpp>
#include <idm/training/groups.hpp>
#include <idm/training/lion.hpp>
#include <idm/training/loss.hpp>
#include <idm/training/metrics.hpp>
#include <idm/training/neighbours.hpp>
#include <idm/training/optimiser.hpp>
#include <idm/training/pace.hpp>
#include <idm/training/physics.hpp>
#include <idm/training/predict.hpp>
#include <idm/training/ridge.hpp>
#include <idm/training/schedule.hpp>
#include <idm/training/sgd.hpp>
#include <idm/training/stop.hpp>
#include <idm/training/train_step.hpp>
#include <idm/training/trainer.hpp>
#include <idm/training/trainer_config.hpp>
#include <idm/training/training_identity.hpp>
#include <idm/training/training_state.hpp>
#include <idm/training/useful_threads.hpp>

#include <idm/io/atomic_file.hpp>
#include <idm/io/chart_script.hpp>
#include <idm/io/charts.hpp>
#include <idm/io/checkpoint.hpp>
#include <idm/io/doctor_chart.hpp>
#include <idm/io/json_reader.hpp>
#include <idm/io/json_value.hpp>
#include <idm/io/json_writer.hpp>
#include <idm/io/report.hpp>
#include <idm/io/safetensors.hpp>
#include <idm/io/text.hpp>
#include <idm/io/weights.hpp>

#include <idm/compiled/training.hpp>
