#pragma once

#include <cstddef>
#include <span>
#include <utility>

#include <idm/core/cholesky.hpp>
#include <idm/core/config.hpp>
#include <idm/core/error.hpp>
#include <idm/core/tensor.hpp>
#include <idm/robot/serial_chain.hpp>

IDM_NAMESPACE_BEGIN

namespace robot {

/// From torques to the acceleration they cause: qdd = (M(q) + rotor inertias)^-1 (tau - C(q, qd) qd - g(q) -
/// friction(qd)), by columns of the inverse dynamics. For simulation; it owns its work space.
///
/// *Units*: as `SerialChain::inverse_dynamics`. *Errors*: `ShapeError` for lengths other than the chain's size,
/// `NumericError` for a mass matrix that is not positive definite.
/// *Cost*: O(joints^2) and a Cholesky factorisation, no allocation. *Threads*: one each.
/// *Source*: Walker, Orin, "Efficient Dynamic Computer Simulation of Robotic Mechanisms", ASME J. Dyn. Sys. Meas.
/// Control 104(3), 1982, method 1.
class ForwardDynamics {
public:
    explicit ForwardDynamics(SerialChain chain)
        : chain_(std::move(chain)),
          mass_(chain_.size(), chain_.size()),
          zero_(Vector<double>::Zero(chain_.size())),
          unit_(zero_),
          bias_(chain_.size()),
          column_(chain_.size()),
          cholesky_(chain_.size()) {}

    const SerialChain& chain() const { return chain_; }

    /// M(q) with the rotor inertias on its diagonal, valid until the next call. *Units*: kg m^2.
    const Eigen::MatrixXd& mass_matrix(std::span<const double> q) {
        chain_.inverse_dynamics(q, view(zero_), view(zero_), view(bias_));
        for (Index j = 0; j < chain_.size(); ++j) {
            unit_[j] = 1;
            chain_.inverse_dynamics(q, view(zero_), view(unit_), view(column_));
            unit_[j] = 0;
            mass_.col(j) = column_ - bias_;
        }
        return mass_;
    }

    /// *Shapes*: four times `chain().size()`; `qdd` is overwritten.
    void acceleration(std::span<const double> q, std::span<const double> qd, std::span<const double> tau,
                      std::span<double> qdd) {
        idm::detail::require<ShapeError>(
            tau.size() == static_cast<std::size_t>(chain_.size()) && qdd.size() == tau.size(), "forward dynamics of ",
            chain_.size(),
            " joints: expected that many torques and "
            "accelerations, got ",
            tau.size(), " and ", qdd.size());
        idm::detail::require<NumericError>(cholesky_.compute(mass_matrix(q)),
                                           "forward dynamics: expected a positive definite mass matrix, got one of a "
                                           "chain whose last links have no mass; give them mass or a rotor inertia");
        chain_.inverse_dynamics(q, qd, view(zero_), view(bias_));
        column_ = Eigen::Map<const Vector<double>>(tau.data(), chain_.size()) - bias_;
        cholesky_.solve_in_place(view(column_));
        Eigen::Map<Vector<double>>(qdd.data(), chain_.size()) = column_;
    }

private:
    static std::span<double> view(Vector<double>& v) { return {v.data(), static_cast<std::size_t>(v.size())}; }

    SerialChain chain_;
    Eigen::MatrixXd mass_;
    Vector<double> zero_, unit_, bias_, column_;
    idm::detail::Cholesky cholesky_;
};

}  // namespace robot

IDM_NAMESPACE_END
