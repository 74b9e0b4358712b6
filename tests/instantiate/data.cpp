// core and data.

#include <idm/core/buffer.hpp>
#include <idm/core/parallel.hpp>
#include <idm/core/shape.hpp>
#include <idm/core/tensor.hpp>
#include <idm/core/workspace.hpp>
#include <idm/data/dataset.hpp>
#include <idm/data/dynamics.hpp>
#include <idm/data/normaliser.hpp>
#include <idm/data/recipe.hpp>
#include <idm/data/window.hpp>

#include "instantiate/keep.hpp"

using namespace idm;

template class idm::Extent<3>;
template class idm::Shape<16, 3>;
template class idm::Shape<dynamic, dynamic>;

#define IDM_TEST_INSTANTIATE(T)        \
    template class idm::Buffer<T>;     \
    template struct idm::BatchView<T>; \
    template class idm::Workspace<T>;  \
    template struct idm::Features<T>;  \
    template class idm::Normaliser<T>; \
    template struct idm::Dataset<T>;   \
    template struct idm::physics::ResidualDataset<T>
IDM_TEST_INSTANTIATE(float);
IDM_TEST_INSTANTIATE(double);

namespace {

using State = const Vector<double>&;
using Dynamics = Vector<double> (*)(State, State, State);
static_assert(physics::InverseDynamics<Dynamics>);

template <class T>
void make() {
    // Names of Eigen's types: a use shows that they exist.
    Tensor<T, 2> tensor(1, 2);
    TensorView<T, 2> view(tensor.data(), 1, 2);
    ConstTensorView<T, 2> const_view(tensor.data(), 1, 2);
    Matrix<T> matrix(1, 2);
    MatrixView<T> matrix_view(matrix.data(), 1, 2);
    ConstMatrixView<T> const_matrix_view(matrix.data(), 1, 2);
    idm_test::keep(&make_features<T>, &make_dataset<T>, &gather_window<T>, &chunk_view<T>, &in_log_units<T>,
                   &physics::make_residual_dataset<T, Dynamics>, &parallel<void (*)(const Team&)>,
                   &with_crew<void (*)(Crew&)>);
}

}  // namespace

void instantiate_data() {
    make<float>();
    make<double>();
}
