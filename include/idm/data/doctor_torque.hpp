#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include <idm/core/cholesky.hpp>
#include <idm/core/config.hpp>
#include <idm/core/tensor.hpp>
#include <idm/data/delay.hpp>
#include <idm/data/doctor_findings.hpp>
#include <idm/data/features.hpp>
#include <idm/data/recipe.hpp>
#include <idm/data/trajectory.hpp>

// Sign and delay of torques, and of commands, against the motion that they go with.

IDM_NAMESPACE_BEGIN
namespace detail {

/// Torques fitted by a linear model of the motion, once for each lag between them.
///
/// tau_j[i + lag] ~ A [q, qd, qdd, sin q, cos q, tanh(qd / 0.02), 1][i], all joints on the right side, least squares
/// over the same i for every lag. Fitting anew for each lag matters: one fit hides its delay in the terms of qd.
///
/// *Shapes*: `unexplained [joints, 2 longest + 1]`, the share of the variance left; for the best lag of each joint
/// `weights [terms, joints]`, for terms and torques in their standard deviations, and `rows [joints]`, how many
/// independent rows the fit rests on; `inverse [terms, terms]`, that of the terms' correlations.
struct TorqueFit {
    Matrix<double> unexplained, weights, inverse;
    std::vector<double> rows;

    /// Standard error of the sum of two weights (or of one, for `a == b`) of joint `j`.
    double error(Index a, Index b, Index j) const {
        const double form = a == b ? inverse(a, a) : inverse(a, a) + 2 * inverse(a, b) + inverse(b, b);
        return std::sqrt(form * unexplained.row(j).minCoeff() / rows[static_cast<std::size_t>(j)]);
    }
};

/// Sign, delay and relation of torques to the motion.
///
/// Delay: the lag at which the motion explains the torque best, named where it leaves less than 3/4 of what is
/// unexplained as recorded. That is a choice of what matters, not of what is certain: over thousands of rows far less
/// would be. A torque that comes later costs a model nothing, its window holds the motion; one that comes more than
/// `ahead` rows earlier asks it for motion that it has not seen, which for five rows costs a tenth of its error or more
/// ("what a model loses to spoilt torques" in the tests of the training): a fault.
/// Relation: a linear model of known motion that explains less than a tenth of a torque is hardly one of this robot.
///
/// `features` hold q, qd, qdd, sin q, cos q, sign qd of as many joints as there are targets.
IDM_INLINE void check_torques(const Features<double>& features, Index ahead, Diagnosis& out);

/// Targets that are commanded positions, not torques.
inline bool are_commands(const Recipe& recipe) {
    return !recipe.target_origins.columns.empty() || recipe.target_unit == "rad" || recipe.target_unit == "deg";
}

IDM_INLINE bool moves(const Log& log, const std::string& name);

/// By how many rows commanded positions run ahead of the joints, and commands that their joint does not follow: that
/// explain less than a tenth of its motion's variance (over 12 rows), or come behind it.
///
/// *Shapes*: as many targets as positions.
IDM_INLINE void check_commands(const Log& log, const Recipe& recipe, Diagnosis& out);

#if !IDM_HAS_COMPILED

/// Rows as good as independent: residuals that resemble the one before by r count (1 - r) / (1 + r) each.
///
/// *Source*: Bartlett, "Some Aspects of the Time-Correlation Problem", J. R. Statist. Soc. 98(3), 1935, for motion much
/// slower than its sampling.
inline double independent_rows(const Vector<double>& residual) {
    const Index count = residual.size();
    const double square = residual.squaredNorm();
    const double r = square > 0 ? residual.head(count - 1).dot(residual.tail(count - 1)) / square : 0;
    return static_cast<double>(count) * (1 - r) / (1 + r);
}

/// x^T y / rows. Loops: see `Cholesky` for what Eigen's product costs every file that includes this one.
inline Matrix<double> mean_products(const Matrix<double>& x, const Matrix<double>& y) {
    Matrix<double> sum = Matrix<double>::Zero(x.cols(), y.cols());
    for (Index row = 0; row < x.rows(); ++row)
        for (Index i = 0; i < x.cols(); ++i) sum.row(i) += x(row, i) * y.row(row);
    return sum / static_cast<double>(x.rows());
}

inline TorqueFit fit_torques(const Features<double>& features, Index longest) {
    const Index terms = features.inputs.cols(), joints = features.targets.cols();
    Index rows = 0;
    for (const Segment& segment : features.segments) rows += std::max<Index>(0, segment.size() - 2 * longest);
    require<DataError>(rows > 2 * terms, "expected more than ", 2 * terms, " rows to fit torques by, got ", rows);
    Matrix<double> x(rows, terms), y(rows, joints);
    const auto gather = [&](const Matrix<double>& from, Index lag, Matrix<double>& to) {
        Index filled = 0;
        for (const Segment& segment : features.segments) {
            const Index count = std::max<Index>(0, segment.size() - 2 * longest);
            to.middleRows(filled, count) = from.middleRows(segment.begin + (count > 0 ? longest + lag : 0), count);
            filled += count;
        }
        for (Index column = 0; column < to.cols(); ++column) {
            to.col(column).array() -= to.col(column).mean();
            const double deviation = std::sqrt(to.col(column).squaredNorm() / static_cast<double>(rows));
            if (deviation > 0) to.col(column) /= deviation;
        }
    };
    gather(features.inputs, 0, x);
    // The small ridge settles terms that move together (q and sin q over a short range) and constant ones.
    Matrix<double> gram = mean_products(x, x);
    gram.diagonal().array() += 1e-6;
    Cholesky solver(terms);
    require<NumericError>(solver.compute(gram), "torques: the terms of the motion have no finite correlations");
    TorqueFit fit{.unexplained = Matrix<double>(joints, 2 * longest + 1),
                  .weights = Matrix<double>::Zero(terms, joints),
                  .inverse = solver.solve(Matrix<double>::Identity(terms, terms)),
                  .rows = std::vector<double>(static_cast<std::size_t>(joints))};
    std::vector<double> least(static_cast<std::size_t>(joints), 2.0);
    for (Index lag = -longest; lag <= longest; ++lag) {
        gather(features.targets, lag, y);
        const Matrix<double> right = mean_products(x, y);
        const Matrix<double> weights = solver.solve(right);
        for (Index j = 0; j < joints; ++j) {
            const auto k = static_cast<std::size_t>(j);
            const double unexplained = fit.unexplained(j, lag + longest) = 1 - weights.col(j).dot(right.col(j));
            if (unexplained >= least[k]) continue;
            least[k] = unexplained;
            fit.weights.col(j) = weights.col(j);
            fit.rows[k] = independent_rows(y.col(j) - x * weights.col(j));
        }
    }
    return fit;
}

/// A torque that opposes its joint's motion: inertia pushes along the acceleration and friction along the velocity, so
/// both weights below 0 mean the opposite sign. Each must be so by three standard errors, which noise alone does to one
/// joint in 700 each, and both together by 0.05: less, 1/400 of the torque's variance, is within what gravity and
/// coupling leave in a linear model.
inline void check_sign(const TorqueFit& fit, Index j, Index joints, const std::string& where, Diagnosis& out) {
    const Index qd = joints + j, qdd = 2 * joints + j, sign = 5 * joints + j;
    const double inertia = fit.weights(qdd, j), friction = fit.weights(qd, j) + fit.weights(sign, j);
    if (inertia < -3 * fit.error(qdd, qdd, j) && friction < -3 * fit.error(qd, sign, j) && inertia + friction < -0.05)
        out.add(Severity::warning, "torque sign", where, "it opposes the joint's acceleration (", inertia,
                " standard deviations per one) and velocity (", friction,
                "); a network learns it so, physics does not: turn its sign in the recipe");
}

IDM_INLINE void check_torques(const Features<double>& features, Index ahead, Diagnosis& out) {
    constexpr Index longest = 10;
    const Index joints = features.targets.cols();
    const TorqueFit fit = fit_torques(features, longest);
    out.unexplained = fit.unexplained;
    for (Index j = 0; j < joints; ++j) {
        const std::string& where = features.target_names[static_cast<std::size_t>(j)];
        Index best = 0;
        const double least = fit.unexplained.row(j).minCoeff(&best), undelayed = fit.unexplained(j, longest);
        const Index earlier = longest - best;
        check_sign(fit, j, joints, where, out);
        if (earlier != 0 && least < 0.75 * undelayed)
            out.add(earlier > ahead ? Severity::fault : Severity::warning, "torque delay", where,
                    "it fits the motion best ", std::abs(earlier),
                    std::abs(earlier) == longest ? " or more rows " : " rows ", earlier < 0 ? "later" : "earlier", " (",
                    100 * least, " % of its variance unexplained, ", 100 * undelayed, " % as recorded)",
                    earlier > ahead ? "; shift it, or let the model see that many rows behind (Recipe::ahead)" : "");
        if (least > 0.9)
            out.add(Severity::warning, "torque unrelated", where, "the motion explains only ", 100 * (1 - least),
                    " % of its variance; is it this robot's?");
    }
}

IDM_INLINE bool moves(const Log& log, const std::string& name) {
    const Index column = log.column(name);
    double low = log.trajectories[0].values(0, column), high = low;
    for (const Trajectory& trajectory : log.trajectories) {
        low = std::min(low, trajectory.values.col(column).minCoeff());
        high = std::max(high, trajectory.values.col(column).maxCoeff());
    }
    return low < high;
}

IDM_INLINE void check_commands(const Log& log, const Recipe& recipe, Diagnosis& out) {
    constexpr Index longest = 12;
    Index rows = 0;
    for (const Trajectory& trajectory : log.trajectories)
        rows += std::max<Index>(0, trajectory.values.rows() - 3 * longest);
    std::vector<double> delays;
    for (std::size_t j = 0; rows >= 2 && j < recipe.targets.columns.size(); ++j) {
        const std::string &command = recipe.targets.columns[j], &position = recipe.positions.columns[j];
        if (!moves(log, command) || !moves(log, position)) continue;  // constant channels are named elsewhere
        const DelayEstimate delay = estimate_delay(log, command, position, longest);
        delays.push_back(delay.samples);
        const std::string& where = log.columns[static_cast<std::size_t>(log.column(command))];
        if (delay.correlation * delay.correlation < 0.1)
            out.add(Severity::warning, "command unrelated", where, "it explains only ",
                    100 * delay.correlation * delay.correlation, " % of the motion of '", position,
                    "'; is it another joint's?");
        else if (delay.samples < -0.5)
            out.add(Severity::warning, "command late", where, "it comes ", -delay.samples, " rows behind '", position,
                    "'; is it a command, and are its stamps right?");
    }
    if (delays.empty()) return;
    std::sort(delays.begin(), delays.end());
    const auto tenths = [](double x) { return std::round(10 * x) / 10; };
    const double median = (delays[(delays.size() - 1) / 2] + delays[delays.size() / 2]) / 2;
    out.facts.push_back(message("commands run ", tenths(median), " rows ahead of the positions (median of ",
                                delays.size(), ", from ", tenths(delays.front()), " to ", tenths(delays.back()), ")"));
}

#endif  // !IDM_HAS_COMPILED

}  // namespace detail
IDM_NAMESPACE_END
