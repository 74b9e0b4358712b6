#pragma once

#include <Eigen/Core>
#include <unsupported/Eigen/CXX11/Tensor>

#include <idm/core/config.hpp>

IDM_NAMESPACE_BEGIN

// Owning Eigen types hold data; views lend it. Storage is row-major throughout: [batch, time, channels] has its
// channels contiguous, and so has a log [rows, columns].

/// Owning tensor, row-major.
template <class T, int Rank>
using Tensor = Eigen::Tensor<T, Rank, Eigen::RowMajor, Index>;

/// View of somebody else's numbers as a tensor, no alignment required.
template <class T, int Rank>
using TensorView = Eigen::TensorMap<Tensor<T, Rank>>;
template <class T, int Rank>
using ConstTensorView = Eigen::TensorMap<const Tensor<T, Rank>>;

/// Owning matrix [rows, columns], row-major.
template <class T>
using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <class T>
using Vector = Eigen::Matrix<T, Eigen::Dynamic, 1>;

/// View of a row-major matrix, no alignment required.
template <class T>
using MatrixView = Eigen::Map<Matrix<T>>;
template <class T>
using ConstMatrixView = Eigen::Map<const Matrix<T>>;

IDM_NAMESPACE_END
