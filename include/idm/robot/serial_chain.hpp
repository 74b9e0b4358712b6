#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include <Eigen/Core>
#include <Eigen/Geometry>

#include <idm/core/config.hpp>
#include <idm/core/error.hpp>
#include <idm/core/tensor.hpp>

IDM_NAMESPACE_BEGIN

/// Rigid-body robots: what turns a motion into joint torques by the laws of mechanics.
namespace robot {

enum class JointType { revolute, prismatic };

/// Inertia tensor about the centre of mass, axes parallel to the link frame. *Units*: kg m^2.
struct Inertia {
    double xx = 0, yy = 0, zz = 0, xy = 0, xz = 0, yz = 0;
};

/// A joint with the link that it moves, in the terms of a URDF file: the joint frame is displaced by `xyz` and turned
/// by `rpy` (fixed axes, R = Rz(yaw) Ry(pitch) Rx(roll)) from the parent's link frame, and is the link frame at q = 0.
///
/// Friction is smooth, so that it has one value for every velocity:
/// viscous * qd + (coulomb + stribeck * exp(-(qd / stribeck_speed)^2)) * tanh(qd / coulomb_speed).
///
/// *Source* of its terms: Armstrong-Helouvry, Dupont, Canudas de Wit, "A survey of models, analysis tools and
/// compensation methods for the control of machines with friction", Automatica 30(7), 1994, eq. 6.
///
/// *Units*: m, rad, kg, s, N m; for a prismatic joint position in m and torque in N.
struct Joint {
    JointType type = JointType::revolute;
    std::array<double, 3> xyz{}, rpy{};
    std::array<double, 3> axis{0, 0, 1};
    double mass = 0;
    std::array<double, 3> com{};
    Inertia inertia{};
    double rotor_inertia = 0;  ///< of the motor, reflected to the joint: gear ratio^2 * rotor inertia
    double viscous = 0;
    double coulomb = 0;
    double coulomb_speed = 0.01;  ///< friction reaches 76 % of `coulomb` here
    double stribeck = 0;          ///< by which friction near rest exceeds `coulomb`
    double stribeck_speed = 0.1;  ///< where 37 % of that is left
    double q_min = -std::numeric_limits<double>::infinity();
    double q_max = std::numeric_limits<double>::infinity();
    double qd_max = std::numeric_limits<double>::infinity();
    double qdd_max = std::numeric_limits<double>::infinity();
    double tau_max = std::numeric_limits<double>::infinity();
};

namespace detail {

inline Eigen::Vector3d vector3(const std::array<double, 3>& v) { return {v[0], v[1], v[2]}; }

/// A joint in the form that the recursion works with.
struct Body {
    explicit Body(const Joint& joint)
        : prismatic(joint.type == JointType::prismatic),
          axis(vector3(joint.axis).normalized()),
          translation(vector3(joint.xyz)),
          mass(joint.mass),
          com(vector3(joint.com)) {
        const Eigen::AngleAxisd roll(joint.rpy[0], Eigen::Vector3d::UnitX());
        const Eigen::AngleAxisd pitch(joint.rpy[1], Eigen::Vector3d::UnitY());
        const Eigen::AngleAxisd yaw(joint.rpy[2], Eigen::Vector3d::UnitZ());
        rotation = (yaw * pitch * roll).toRotationMatrix();
        const Inertia& i = joint.inertia;
        inertia << i.xx, i.xy, i.xz, i.xy, i.yy, i.yz, i.xz, i.yz, i.zz;
    }

    bool prismatic;
    Eigen::Vector3d axis, translation;
    Eigen::Matrix3d rotation;  // takes coordinates in the joint frame at q = 0 to the parent's link frame
    double mass;
    Eigen::Vector3d com;
    Eigen::Matrix3d inertia;
};

/// Angular velocity, angular acceleration and acceleration of a link frame's origin, in coordinates of that frame.
struct Motion {
    Eigen::Vector3d w, wd, a;
};

/// Force, and moment about a frame's origin, in coordinates of that frame.
struct Wrench {
    Eigen::Vector3d force, moment;
};

}  // namespace detail

/// A chain of rigid links from a fixed base, one joint each. Constant after construction.
///
/// *Errors*: `ConfigError` on construction: no joint, an axis of length 0, a number that is not finite, a negative
/// mass, friction or rotor inertia, coulomb_speed or stribeck_speed <= 0, limits that leave no range.
///
/// *Threads*: any number may use one chain.
class SerialChain {
public:
    explicit SerialChain(std::vector<Joint> joints, std::array<double, 3> gravity = {0, 0, -9.80665})
        : joints_(std::move(joints)), gravity_(gravity) {
        idm::detail::require<ConfigError>(!joints_.empty(), "expected at least one joint, got none");
        idm::detail::require<ConfigError>(std::isfinite(gravity[0] + gravity[1] + gravity[2]),
                                          "gravity: expected finite numbers, got NaN or infinity");
        bodies_.reserve(joints_.size());
        for (std::size_t i = 0; i < joints_.size(); ++i) {
            check(joints_[i], i + 1);
            bodies_.emplace_back(joints_[i]);
        }
    }

    Index size() const { return static_cast<Index>(joints_.size()); }
    const Joint& joint(Index i) const { return joints_[static_cast<std::size_t>(i)]; }
    std::span<const Joint> joints() const { return joints_; }
    /// *Units*: m/s^2, in the base frame.
    const std::array<double, 3>& gravity() const { return gravity_; }

    /// Torques of the motors that produce an acceleration in a state:
    /// tau = M(q) qdd + C(q, qd) qd + g(q) + rotor_inertia * qdd + friction(qd).
    ///
    /// *Shapes*: four times `size()`. `tau` is overwritten and may be one of the inputs.
    ///
    /// *Units*: rad, rad/s, rad/s^2 to N m (prismatic: m to N).
    ///
    /// *Errors*: `ShapeError` when a length is not `size()`; else none, limits are not enforced.
    ///
    /// *Cost*: O(size()), no allocation; stack of about 0.4 kB for each joint.
    ///
    /// *Source*: Luh, Walker, Paul, "On-Line Computational Scheme for Mechanical Manipulators", ASME J. Dyn. Sys. Meas.
    /// Control 102(2), 1980; equations 6.45 to 6.53 in Craig, "Introduction to Robotics", 3rd ed.
    void inverse_dynamics(std::span<const double> q, std::span<const double> qd, std::span<const double> qdd,
                          std::span<double> tau) const {
        for (const std::size_t length : {q.size(), qd.size(), qdd.size(), tau.size()})
            idm::detail::require<ShapeError>(length == joints_.size(), "inverse dynamics of ", joints_.size(),
                                             " joints: expected that many values in each argument, got ", length);
        // A base that accelerates upwards stands for gravity: no link needs a term of its own.
        const Eigen::Vector3d zero = Eigen::Vector3d::Zero();
        visit(0, {zero, zero, -detail::vector3(gravity_)}, q.data(), qd.data(), qdd.data(), tau.data());
    }

    /// The same as a function (q, qd, qdd) -> tau. *Cost*: one allocation, for the result.
    Vector<double> inverse_dynamics(const Vector<double>& q, const Vector<double>& qd,
                                    const Vector<double>& qdd) const {
        const auto view = [](auto& v) { return std::span(v.data(), static_cast<std::size_t>(v.size())); };
        Vector<double> tau(size());
        inverse_dynamics(view(q), view(qd), view(qdd), view(tau));
        return tau;
    }

    /// Friction of joint `i`, see `Joint`. *Units*: rad/s to N m.
    double friction(Index i, double qd) const {
        const Joint& j = joint(i);
        const double slow = qd / j.stribeck_speed;
        const double dry = j.stribeck > 0 ? j.coulomb + j.stribeck * std::exp(-slow * slow) : j.coulomb;
        return j.viscous * qd + dry * std::tanh(qd / j.coulomb_speed);
    }

private:
    /// Motions pass outwards as an argument, wrenches inwards as the result: what link i exerts on its parent, in the
    /// parent's frame.
    detail::Wrench visit(std::size_t i, const detail::Motion& parent, const double* q, const double* qd,
                         const double* qdd, double* tau) const {
        using Eigen::Matrix3d, Eigen::Vector3d;
        const detail::Body& body = bodies_[i];
        const double velocity = qd[i], acceleration = qdd[i];
        Matrix3d rotation = body.rotation;
        Vector3d offset = body.translation;
        if (body.prismatic)
            offset += body.rotation * body.axis * q[i];
        else
            rotation = body.rotation * Eigen::AngleAxisd(q[i], body.axis).toRotationMatrix();

        const Vector3d a_here = parent.a + parent.wd.cross(offset) + parent.w.cross(parent.w.cross(offset));
        detail::Motion link{rotation.transpose() * parent.w, rotation.transpose() * parent.wd,
                            rotation.transpose() * a_here};
        if (body.prismatic) {
            link.a += body.axis * acceleration + 2 * link.w.cross(body.axis * velocity);
        } else {
            link.wd += body.axis * acceleration + link.w.cross(body.axis * velocity);
            link.w += body.axis * velocity;
        }

        const Vector3d a_com = link.a + link.wd.cross(body.com) + link.w.cross(link.w.cross(body.com));
        detail::Wrench wrench{body.mass * a_com, body.inertia * link.wd + link.w.cross(body.inertia * link.w)};
        wrench.moment += body.com.cross(wrench.force);
        if (i + 1 < bodies_.size()) {
            const detail::Wrench child = visit(i + 1, link, q, qd, qdd, tau);
            wrench.force += child.force;
            wrench.moment += child.moment;
        }
        tau[i] = body.axis.dot(body.prismatic ? wrench.force : wrench.moment) +
                 joints_[i].rotor_inertia * acceleration + friction(static_cast<Index>(i), velocity);

        const Vector3d force = rotation * wrench.force;
        return {force, rotation * wrench.moment + offset.cross(force)};
    }

    static void check(const Joint& j, std::size_t number) {
        const auto require = [number](bool condition, const char* expected) {
            idm::detail::require<ConfigError>(condition, "joint ", number, ": expected ", expected);
        };
        const Inertia& t = j.inertia;
        double sum =
            j.mass + j.rotor_inertia + j.viscous + j.coulomb + j.stribeck + t.xx + t.yy + t.zz + t.xy + t.xz + t.yz;
        for (const auto& v : {j.xyz, j.rpy, j.axis, j.com}) sum += v[0] + v[1] + v[2];
        require(std::isfinite(sum), "finite numbers, got NaN or infinity");
        require(detail::vector3(j.axis).norm() > 0, "an axis longer than 0");
        require(j.mass >= 0 && j.rotor_inertia >= 0 && j.viscous >= 0 && j.coulomb >= 0 && j.stribeck >= 0,
                "mass, rotor inertia and friction of 0 or more");
        require(j.coulomb_speed > 0 && j.stribeck_speed > 0, "a coulomb_speed and a stribeck_speed above 0");
        require(j.q_min < j.q_max, "q_min < q_max");
        require(j.qd_max > 0 && j.qdd_max > 0 && j.tau_max > 0, "limits qd_max, qdd_max and tau_max above 0");
    }

    std::vector<Joint> joints_;
    std::vector<detail::Body> bodies_;
    std::array<double, 3> gravity_;
};

}  // namespace robot

IDM_NAMESPACE_END
