#pragma once

#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include <idm/core/tensor.hpp>

IDM_NAMESPACE_BEGIN
namespace detail {

/// Solves systems of a few dozen equations with a symmetric positive definite matrix, A = L L^T.
///
/// Eigen's factorisations are for large ones too, and whoever includes a header that names one compiles it, used or
/// not: half a second each.
///
/// *Cost*: n^3 / 6 multiply-adds, n^2 for a solution; `compute` and `solve_in_place` do not allocate.
/// *Source*: Golub, Van Loan, "Matrix Computations", 4th edition, algorithm 4.2.1.
class Cholesky {
public:
    explicit Cholesky(Index size) : lower_(Matrix<double>::Zero(size, size)) {}

    /// Reads the lower half of `matrix`, of the size given at construction. False, and no solution, where it is not
    /// positive definite.
    template <class M>
    bool compute(const M& matrix) {
        for (Index i = 0; i < lower_.rows(); ++i)
            for (Index j = 0; j <= i; ++j) {
                double sum = matrix(i, j);
                for (Index k = 0; k < j; ++k) sum -= lower_(i, k) * lower_(j, k);
                if (i == j && !(sum > 0)) return false;
                lower_(i, j) = i == j ? std::sqrt(sum) : sum / lower_(j, j);
            }
        return true;
    }

    /// Puts the solution x of A x = b where b is.
    void solve_in_place(std::span<double> b) const {
        const Index size = lower_.rows();
        const auto at = [&](Index i) -> double& { return b[static_cast<std::size_t>(i)]; };
        for (Index i = 0; i < size; ++i) {
            for (Index k = 0; k < i; ++k) at(i) -= lower_(i, k) * at(k);
            at(i) /= lower_(i, i);
        }
        for (Index i = size - 1; i >= 0; --i) {
            for (Index k = i + 1; k < size; ++k) at(i) -= lower_(k, i) * at(k);
            at(i) /= lower_(i, i);
        }
    }

    /// X of A X = B, column by column.
    Matrix<double> solve(const Matrix<double>& b) const {
        Matrix<double> x(b.rows(), b.cols());
        std::vector<double> column(static_cast<std::size_t>(b.rows()));
        for (Index c = 0; c < b.cols(); ++c) {
            for (Index r = 0; r < b.rows(); ++r) column[static_cast<std::size_t>(r)] = b(r, c);
            solve_in_place(column);
            for (Index r = 0; r < b.rows(); ++r) x(r, c) = column[static_cast<std::size_t>(r)];
        }
        return x;
    }

private:
    Matrix<double> lower_;
};

}  // namespace detail
IDM_NAMESPACE_END
