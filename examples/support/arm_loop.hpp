#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include <idm/robot/arm7.hpp>
#include <idm/robot/excitation.hpp>
#include <idm/robot/forward_dynamics.hpp>

// A 7-joint arm under control at 1 kHz: the robot as it is, the robot as its data sheet has it, and the loop.

namespace examples {

using Joints = idm::Vector<double>;

inline constexpr double tick = 0.001;          // s
inline constexpr double actuator_lag = 0.002;  // s, from a commanded to a produced torque, first order

inline std::span<double> view(Joints& values) { return {values.data(), static_cast<std::size_t>(values.size())}; }
inline std::span<const double> view(const Joints& values) {
    return {values.data(), static_cast<std::size_t>(values.size())};
}

/// What the data sheet knows: rigid bodies and rotors, no friction.
inline idm::robot::SerialChain nominal_arm() {
    const idm::robot::SerialChain arm = idm::robot::arm7();
    std::vector<idm::robot::Joint> joints(arm.joints().begin(), arm.joints().end());
    for (idm::robot::Joint& joint : joints) joint.viscous = joint.coulomb = 0;
    return idm::robot::SerialChain(std::move(joints));
}

/// The robot itself: every mass, inertia, rotor and friction 10 % above or below the published number, in turns, and
/// friction that rises by 30 % towards rest.
inline idm::robot::SerialChain true_arm() {
    const idm::robot::SerialChain arm = idm::robot::arm7();
    std::vector<idm::robot::Joint> joints(arm.joints().begin(), arm.joints().end());
    for (std::size_t i = 0; i < joints.size(); ++i) {
        idm::robot::Joint& joint = joints[i];
        const double body = i % 2 == 0 ? 1.1 : 0.9, drive = i % 3 == 0 ? 0.9 : 1.1;
        joint.mass *= body;
        for (double* part : {&joint.inertia.xx, &joint.inertia.yy, &joint.inertia.zz, &joint.inertia.xy,
                             &joint.inertia.xz, &joint.inertia.yz})
            *part *= body;
        joint.rotor_inertia *= drive;
        joint.viscous *= drive;
        joint.coulomb *= drive;
        joint.stribeck = 0.3 * joint.coulomb;
        joint.stribeck_speed = 0.1;
    }
    return idm::robot::SerialChain(std::move(joints));
}

/// The arm in motion, integrated by the classical Runge-Kutta method, one step for each tick.
class Plant {
public:
    explicit Plant(idm::robot::SerialChain chain) : dynamics_(std::move(chain)), qdd_(dynamics_.chain().size()) {}

    const Joints& q() const { return state_.q; }
    const Joints& qd() const { return state_.qd; }

    /// At rest in `q`, the actuators already producing `tau`.
    void place(const Joints& q, const Joints& tau) { state_ = {q, Joints::Zero(q.size()), tau}; }

    void step(const Joints& commanded) {
        const State a = rate(state_, commanded), b = rate(moved(state_, a, tick / 2), commanded),
                    c = rate(moved(state_, b, tick / 2), commanded), d = rate(moved(state_, c, tick), commanded);
        const auto add = [](Joints& to, const Joints& k1, const Joints& k2, const Joints& k3, const Joints& k4) {
            to += tick / 6 * (k1 + 2 * k2 + 2 * k3 + k4);
        };
        add(state_.q, a.q, b.q, c.q, d.q);
        add(state_.qd, a.qd, b.qd, c.qd, d.qd);
        add(state_.tau, a.tau, b.tau, c.tau, d.tau);
    }

private:
    struct State {
        Joints q, qd, tau;
    };
    static State moved(const State& s, const State& rate, double time) {
        return {s.q + time * rate.q, s.qd + time * rate.qd, s.tau + time * rate.tau};
    }
    State rate(const State& s, const Joints& commanded) {
        dynamics_.acceleration(view(s.q), view(s.qd), view(s.tau), view(qdd_));
        return {s.qd, qdd_, (commanded - s.tau) / actuator_lag};
    }

    idm::robot::ForwardDynamics dynamics_;
    Joints qdd_;
    State state_{};
};

/// Where the motion wants the arm. Before its begin and behind its end it rests.
struct Desired {
    Joints q = Joints::Zero(7), qd = Joints::Zero(7), qdd = Joints::Zero(7);

    Desired() = default;
    Desired(const idm::robot::Excitation& motion, double time) { motion.at(time, view(q), view(qd), view(qdd)); }
};

/// Joint gains from the diagonal of the mass matrix in the middle of the work space: 25 rad/s, damping ratio 1.
struct Gains {
    Joints stiffness, damping;

    explicit Gains(idm::robot::SerialChain chain) {
        Joints middle(chain.size());
        for (idm::Index j = 0; j < chain.size(); ++j) middle[j] = (chain.joint(j).q_min + chain.joint(j).q_max) / 2;
        constexpr double frequency = 25;
        const Joints inertia = idm::robot::ForwardDynamics(std::move(chain)).mass_matrix(view(middle)).diagonal();
        stiffness = frequency * frequency * inertia;
        damping = 2 * frequency * inertia;
    }
};

/// A torque beside the feedback's, from the motion's time and the measured position.
using Feedforward = std::function<Joints(double time, const Joints& q)>;

/// One motion under feedback and feed-forward. After each tick `record(time, q, commanded, error)`.
template <class Record>
void run_loop(Plant& plant, const idm::robot::Excitation& motion, double duration, const Gains& gains,
              const Feedforward& feedforward, Record&& record) {
    const Desired start(motion, 0);
    plant.place(start.q, feedforward(0, start.q));
    for (idm::Index k = 0; static_cast<double>(k) * tick < duration; ++k) {
        const double time = static_cast<double>(k) * tick;
        const Desired desired(motion, time);
        const Joints error = desired.q - plant.q();
        const Joints commanded = gains.stiffness.cwiseProduct(error) +
                                 gains.damping.cwiseProduct(desired.qd - plant.qd()) + feedforward(time, plant.q());
        const Joints q = plant.q();
        plant.step(commanded);
        record(time, q, commanded, error);
    }
}

}  // namespace examples
