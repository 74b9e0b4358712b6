// models, training and io.

#include <span>

#include <idm/io/checkpoint.hpp>
#include <idm/io/weights.hpp>
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
#include <idm/training/adam.hpp>
#include <idm/training/analysis.hpp>
#include <idm/training/evaluate.hpp>
#include <idm/training/lion.hpp>
#include <idm/training/loss.hpp>
#include <idm/training/metrics.hpp>
#include <idm/training/neighbours.hpp>
#include <idm/training/optimiser.hpp>
#include <idm/training/physics.hpp>
#include <idm/training/predict.hpp>
#include <idm/training/ridge.hpp>
#include <idm/training/sgd.hpp>
#include <idm/training/trainer.hpp>

#include "instantiate/keep.hpp"

using namespace idm;
using idm_test::keep;

using State = const Vector<double>&;
using Dynamics = Vector<double> (*)(State, State, State);
using Dynamic = Shape<dynamic, dynamic>;

#define IDM_TEST_INSTANTIATE(T)                                                                             \
    template class idm::Optimiser<T>;                                                                       \
    template class idm::Predictor<idm::Cnn2<T>>;                                                            \
    template class idm::Stream<idm::Cnn2<T>>;                                                               \
    template class idm::StreamSwap<idm::Cnn2<T>>;                                                           \
    template class idm::SafeStream<idm::Cnn2<T>, void (*)(std::span<const double>, std::span<T>) noexcept>; \
    template class idm::Adam<T>;                                                                            \
    template class idm::Lion<T>;                                                                            \
    template class idm::Sgd<T>;                                                                             \
    template class idm::Loss<T>;                                                                            \
    template struct idm::TrainingState<T>;                                                                  \
    template struct idm::TrainingHooks<T>;                                                                  \
    template struct idm::WeightsInfo<T>;                                                                    \
    template class idm::Model<T, Dynamic, detail::Cnn2Net<dynamic>>;                                        \
    template class idm::Baseline<T>;                                                                        \
    template class idm::Baseline<T, 16, 3, 2>;                                                              \
    template class idm::Cnn1<T>;                                                                            \
    template class idm::Cnn1<T, 16, 3, 2>;                                                                  \
    template class idm::Cnn2<T>;                                                                            \
    template class idm::LinearSkip<idm::Cnn2<T>>;                                                           \
    template class idm::Cnn2<T, 32, 3, 2>;                                                                  \
    template class idm::physics::Residual<Dynamics, idm::Cnn1<T>>
IDM_TEST_INSTANTIATE(float);
IDM_TEST_INSTANTIATE(double);

namespace {

using Segments = std::span<const Segment>;
using Indices = std::span<const Index>;
using Samples = std::span<const WindowRow>;

template <class M>
void model() {
    using T = typename M::Scalar;
    // The whole base class too: deriving makes its member functions on use alone.
    keep(&M::forward, &M::predict, &M::initialise, &M::parameter_count, &M::layer_table, &M::make_workspace);
    keep(&format_layer_table<M>, &predict<M>, &evaluate<M>, &mean_loss<M>, &mean_squared_error<M>,
         &train_with_checkpoints<M>, &save_weights<M>, &load_weights<M>, &try_load_weights<M>, &physics::predict<M>,
         &physics::evaluate<M>);
    keep<History (*)(M&, const Dataset<T>&, const TrainerConfig&, const EpochCallback&)>(&train<M>);
    keep<History (*)(M&, const Dataset<T>&, const TrainerConfig&, const TrainingHooks<T>&)>(&train<M>);
    keep<Matrix<T> (*)(const M&, const Matrix<T>&, Index, Samples, int)>(&predict_rows<M>);
    keep<Matrix<T> (*)(const M&, const Dataset<T>&, Samples, int)>(&predict_rows<M>);
}

template <class T>
void make() {
    model<Baseline<T>>();
    model<Cnn1<T>>();
    model<Cnn2<T>>();
    model<LinearSkip<Cnn2<T>>>();
    keep(&save_checkpoint<T>, &load_checkpoint<T>, &fit_ridge<T, dynamic, dynamic, dynamic>, &evaluation_set<T>,
         &target_rows<T>, &score_predictions<T>, &trajectory_scores<T>, &roughness<T>, &normalised_errors<T>,
         &mean_prediction<T>, &nearest_neighbour_prediction<T>, &noise_sensitivity<T, Matrix<T> (&)(const Matrix<T>&)>,
         &physics::dynamics_of<T>, &physics::evaluate_dynamics<T>);
    using Normed = Model<T, Dynamic, Sequential<Dense<2>, BatchNorm1D>>;
    keep<BatchNormFolded<Normed> (*)(const Normed&)>(&fold_batch_norm<Normed>);
    keep<Metrics (*)(const Matrix<T>&, const Matrix<T>&, Indices)>(&evaluate_predictions<T>);
    keep<Metrics (*)(const Matrix<T>&, const Matrix<T>&)>(&evaluate_predictions<T>);
}

}  // namespace

void instantiate_training() {
    keep<Bf16Weights<Cnn1<float>> (*)(const Cnn1<float>&)>(&bf16_weights<Cnn1<float>>);
    make<float>();
    make<double>();
}
