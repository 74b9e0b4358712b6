#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include <Eigen/Cholesky>

#include <idm/core/tensor.hpp>
#include <idm/data/dataset.hpp>
#include <idm/data/window.hpp>
#include <idm/models/baseline.hpp>
#include <idm/training/predict.hpp>

IDM_NAMESPACE_BEGIN

/// What `fit_ridge` found.
struct RidgeResult {
    double lambda = 0;  // chosen
    double validation_loss = 0;
    /// One penalty that was tried.
    struct Candidate {
        double lambda = 0, validation_loss = 0;  // infinite where the normal equations have no solution
    };
    std::vector<Candidate> candidates;
};

/// The penalties that `fit_ridge` tries unless told otherwise.
///
/// None below 1e-6: on the Barrett recording 1e-8 is 1.5 % better on validation data, by differencing neighbouring
/// samples, and its error over all rows, where the first sample is repeated, rises from 0.26 to 9.8.
inline std::vector<double> default_ridge_lambdas() { return {1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1}; }

namespace detail {

/// Writes [vec(x), 1] -> y coefficients into the model. *Shapes*: `solution` [window * inputs + 1, outputs].
template <class M>
void set_baseline(M& model, const Matrix<double>& solution) {
    using T = typename M::Scalar;
    const auto named = model.named_parameters();
    const Index window = model.window(), inputs = model.inputs(), size = window * inputs;
    for (Index o = 0; o < model.outputs(); ++o) {
        for (Index l = 0; l < window; ++l)
            for (Index c = 0; c < inputs; ++c)  // PyTorch's columns run over channels first
                named[0][o * size + c * window + l] = static_cast<T>(solution(l * inputs + c, o));
        named[1][o] = static_cast<T>(solution(size, o));
    }
}

/// Means of z z^T (its lower half) and z y^T over the training windows, with z = [vec(x), 1]; summed in double.
struct NormalEquations {
    Matrix<double> gram, moment;
};

template <class M>
NormalEquations normal_equations(const M& model, const Dataset<typename M::Scalar>& data) {
    const auto rows =
        window_rows(data.split.train, model.window(), data.recipe.ahead, idm::Rows::full, data.recipe.horizon);
    const Index size = model.window() * model.inputs(), outputs = model.outputs(), block = 256;
    NormalEquations sum{Matrix<double>::Zero(size + 1, size + 1), Matrix<double>::Zero(size + 1, outputs)};
    Matrix<double> z(block, size + 1), y(block, outputs);
    std::vector<typename M::Scalar> window(static_cast<std::size_t>(size));
    for (std::size_t begin = 0; begin < rows.size(); begin += static_cast<std::size_t>(block)) {
        const Index count = std::min<Index>(block, static_cast<Index>(rows.size() - begin));
        for (Index n = 0; n < count; ++n) {
            const WindowRow& row = rows[begin + static_cast<std::size_t>(n)];
            gather_window(data.inputs, row, model.window(), data.recipe.ahead, window.data());
            for (Index i = 0; i < size; ++i) z(n, i) = static_cast<double>(window[static_cast<std::size_t>(i)]);
            z(n, size) = 1;
            y.row(n) = data.targets.row(row.row).template cast<double>();
        }
        sum.gram.template selfadjointView<Eigen::Lower>().rankUpdate(z.topRows(count).transpose());
        sum.moment.noalias() += z.topRows(count).transpose() * y.topRows(count);
    }
    sum.gram /= static_cast<double>(rows.size());
    sum.moment /= static_cast<double>(rows.size());
    return sum;
}

}  // namespace detail

/// Fits the baseline in closed form, ridge regression:
///
///     min over W, b of 1/N sum_n |W vec(x_n) + b - y_n|^2 + lambda |W|^2
///
/// on the training windows, with the lambda whose validation loss is the lowest. The bias is not penalised.
///
/// *Cost*: N D^2 + D^3 / 3 flop for each lambda, D = window * inputs; D^2 doubles of memory.
/// *Source*: Hoerl and Kennard, "Ridge Regression", Technometrics 12(1), 1970, eq. 2.1.
/// *Errors*: `ConfigError` without a lambda or with a negative one, and as `train`'s for the gaps; `ShapeError` for
/// data of other extents than the model's; `DataError` when a trajectory is too short; `NumericError` when no lambda
/// has a finite solution, the model is then left as it was.
template <class T, Index W, Index I, Index O>
RidgeResult fit_ridge(Baseline<T, W, I, O>& model, const Dataset<T>& data,
                      const std::vector<double>& lambdas = default_ridge_lambdas(), int threads = 0) {
    detail::require_extents(model, data);
    detail::require_gap(data, model.window());
    const auto usable = [](double lambda) { return lambda >= 0 && std::isfinite(lambda); };
    detail::require<ConfigError>(!lambdas.empty() && std::all_of(lambdas.begin(), lambdas.end(), usable),
                                 "fit_ridge: expected at least one lambda, all finite and none negative");
    const detail::NormalEquations equations = detail::normal_equations(model, data);
    const auto validation =
        window_rows(data.split.validation, model.window(), data.recipe.ahead, idm::Rows::full, data.recipe.horizon);
    RidgeResult result;
    result.validation_loss = std::numeric_limits<double>::infinity();
    std::vector<T> best(model.parameters().begin(), model.parameters().end());
    for (const double lambda : lambdas) {
        Matrix<double> system = equations.gram;
        system.diagonal().head(model.window() * model.inputs()).array() += lambda;
        const auto factor = system.template selfadjointView<Eigen::Lower>().llt();
        double loss = std::numeric_limits<double>::infinity();
        if (factor.info() == Eigen::Success) {
            detail::set_baseline(model, Matrix<double>(factor.solve(equations.moment)));
            loss = mean_squared_error(model, data, validation, threads);
        }
        result.candidates.push_back({lambda, loss});
        if (loss < result.validation_loss) {
            result.lambda = lambda;
            result.validation_loss = loss;
            std::copy(model.parameters().begin(), model.parameters().end(), best.begin());
        }
    }
    std::copy(best.begin(), best.end(), model.parameters().begin());
    detail::require<NumericError>(std::isfinite(result.validation_loss), "fit_ridge: none of ", lambdas.size(),
                                  " lambdas gives a finite solution; add a larger one than ",
                                  *std::max_element(lambdas.begin(), lambdas.end()), ", or look for NaN in the data");
    return result;
}

IDM_NAMESPACE_END
