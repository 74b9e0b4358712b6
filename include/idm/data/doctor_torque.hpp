#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include <Eigen/Cholesky>

#include <idm/core/config.hpp>
#include <idm/core/tensor.hpp>
#include <idm/data/doctor_findings.hpp>
#include <idm/data/features.hpp>
#include <idm/data/trajectory.hpp>

// Sign and delay of torques against the motion that they go with.

IDM_NAMESPACE_BEGIN
namespace detail {

/// Torques fitted by a linear model of the motion, once for each lag between them.
///
/// tau_j[i + lag] ~ A [q, qd, qdd, sin q, cos q, tanh(qd / 0.02), 1][i], all joints on the right side, least squares
/// over the same i for every lag. Fitting anew for each lag matters: one fit hides its delay in the terms of qd.
///
/// *Shapes*: `unexplained [joints, 2 longest + 1]`, the share of the variance left; `weights[lag] [terms, joints]`, for
/// terms and torques in their standard deviations.
struct TorqueFit {
    Matrix<double> unexplained;
    std::vector<Matrix<double>> weights;
};

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
    Matrix<double> gram = x.transpose() * x / static_cast<double>(rows);
    gram.diagonal().array() += 1e-6;
    const Eigen::LDLT<Matrix<double>> solver(gram);
    TorqueFit fit{.unexplained = Matrix<double>(joints, 2 * longest + 1), .weights = {}};
    for (Index lag = -longest; lag <= longest; ++lag) {
        gather(features.targets, lag, y);
        const Matrix<double> right = x.transpose() * y / static_cast<double>(rows);
        fit.weights.push_back(solver.solve(right));
        for (Index j = 0; j < joints; ++j)
            fit.unexplained(j, lag + longest) = 1 - fit.weights.back().col(j).dot(right.col(j));
    }
    return fit;
}

/// Sign: inertia pushes along the joint's own acceleration and friction along its velocity, so a torque that opposes
/// both has the wrong sign. Delay: the lag at which the motion explains the torque best, named where it leaves less
/// than 3/4 of what is unexplained without it.
///
/// `features` hold q, qd, qdd, sin q, cos q, sign qd of as many joints as there are targets.
inline void check_torques(const Features<double>& features, Diagnosis& out) {
    constexpr Index longest = 10;
    const Index joints = features.targets.cols();
    const TorqueFit fit = fit_torques(features, longest);
    for (Index j = 0; j < joints; ++j) {
        const std::string& where = features.target_names[static_cast<std::size_t>(j)];
        Index best = 0;
        const double least = fit.unexplained.row(j).minCoeff(&best), undelayed = fit.unexplained(j, longest);
        const Matrix<double>& weights = fit.weights[static_cast<std::size_t>(best)];
        const double inertia = weights(2 * joints + j, j),
                     friction = weights(joints + j, j) + weights(5 * joints + j, j);
        if (inertia < 0 && friction < 0 && inertia + friction < -0.05)
            out.add(Severity::warning, "torque sign", where, "it opposes the joint's acceleration (", inertia,
                    " standard deviations per one) and velocity (", friction,
                    "); a network learns it so, physics does not: turn its sign in the recipe");
        if (best != longest && least < 0.75 * undelayed)
            out.add(Severity::warning, "torque delay", where, "it fits the motion best ", std::abs(best - longest),
                    best == 0 || best == 2 * longest ? " or more rows " : " rows ",
                    best > longest ? "later" : "earlier", " (", 100 * least, " % of its variance unexplained, ",
                    100 * undelayed, " % as recorded)");
        if (least > 0.9)
            out.add(Severity::warning, "torque unrelated", where, "the motion explains only ", 100 * (1 - least),
                    " % of its variance; is it this robot's?");
    }
}

}  // namespace detail
IDM_NAMESPACE_END
