#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>
#include <span>
#include <string>
#include <vector>

#include <idm/core/config.hpp>
#include <idm/core/error.hpp>
#include <idm/core/random.hpp>
#include <idm/core/tensor.hpp>
#include <idm/data/trajectory.hpp>
#include <idm/robot/excitation.hpp>
#include <idm/robot/serial_chain.hpp>

IDM_NAMESPACE_BEGIN

namespace robot {

/// How many motions `simulate` records, and how well its sensors measure.
struct SimulationConfig {
    Index trajectories = 60;
    std::uint64_t seed = 1;
    double rate = 100;  ///< Hz
    /// Joint position of one encoder count, in rad (m for prismatic joints); 0: exact. The default is a 13-bit encoder
    /// on the motor in front of a gear of 128:1.
    double encoder_resolution = 2 * std::numbers::pi / (1 << 20);
    double drive_cycle = 0.001;   ///< s, over which the drive differences its encoder to get the velocity
    double torque_noise = 0.002;  ///< standard deviation as a share of each joint's tau_max
    ExcitationConfig excitation{};
};

namespace detail {

/// Records one motion the way a robot's controller does.
IDM_INLINE Trajectory record(const SerialChain& chain, const SimulationConfig& config, Index number);

}  // namespace detail

/// Moves a robot along random excitations and records it like a real one: a log of `q1..`, `qd1..`, `tau1..`, one
/// column for each joint. No two trajectories share their motion, so a split by trajectory is a split by motion.
///
/// `q` is the quantised encoder position. `qd` is what a drive reports: the difference of two encoder readings one
/// drive cycle apart (late by half a cycle, in steps of resolution / cycle). `tau` is the motor torque of the exact
/// state, with white noise. There is no acceleration column: real logs have none. The motion is followed exactly;
/// torque limits are not enforced.
///
/// *Units*: rad, rad/s, N m (prismatic joints m, m/s, N); time in s.
///
/// *Errors*: `ConfigError`: a setting out of its range, a joint without finite q_min, q_max, or (with noise) tau_max.
///
/// *Cost*: O(trajectories * duration * rate * joints). Trajectory k is a function of (seed, k) alone: it is the same in
/// a longer log. Sine, cosine and tanh come from the math library: logs of two machines may differ in the last bits.
IDM_INLINE Log simulate(const SerialChain& chain, const SimulationConfig& config = {});

}  // namespace robot

#if !IDM_HAS_COMPILED

namespace robot {

namespace detail {

IDM_INLINE Trajectory record(const SerialChain& chain, const SimulationConfig& config, Index number) {
    const auto stream = static_cast<std::uint64_t>(number);
    const Excitation motion(chain, config.excitation, Random(config.seed, stream, 0));
    Random noise(config.seed, stream, 1);
    const auto joints = static_cast<std::size_t>(chain.size());
    const auto quantised = [step = config.encoder_resolution](double q) {
        return step > 0 ? step * std::round(q / step) : q;
    };

    // The small excess keeps the last row when duration * rate is a whole number but for rounding.
    const Index rows = static_cast<Index>(std::floor(config.excitation.duration * config.rate + 1e-6));
    Trajectory out{std::to_string(number + 1), std::vector<double>(static_cast<std::size_t>(rows)),
                   Matrix<double>(rows, 3 * chain.size())};
    std::vector<double> q(joints), qd(joints), qdd(joints), tau(joints), before(joints);
    for (Index row = 0; row < rows; ++row) {
        const double t = static_cast<double>(row) / config.rate;
        motion.at(t - config.drive_cycle, before, qd, qdd);
        motion.at(t, q, qd, qdd);
        chain.inverse_dynamics(q, qd, qdd, tau);
        out.time[static_cast<std::size_t>(row)] = t;
        const std::span<double> recorded(out.values.row(row).data(), 3 * joints);
        for (std::size_t j = 0; j < joints; ++j) {
            const double range = chain.joints()[j].tau_max;
            recorded[j] = quantised(q[j]);
            recorded[joints + j] = (quantised(q[j]) - quantised(before[j])) / config.drive_cycle;
            recorded[2 * joints + j] =
                tau[j] + (config.torque_noise > 0 ? config.torque_noise * range * noise.normal() : 0);
        }
    }
    return out;
}

}  // namespace detail

IDM_INLINE Log simulate(const SerialChain& chain, const SimulationConfig& config) {
    using idm::detail::require;
    require<ConfigError>(config.trajectories >= 1, "simulation: expected 1 or more trajectories, got ",
                         config.trajectories);
    require<ConfigError>(config.rate > 0, "simulation: expected a rate above 0 Hz, got ", config.rate);
    require<ConfigError>(config.drive_cycle > 0, "simulation: expected a drive_cycle above 0 s, got ",
                         config.drive_cycle);
    require<ConfigError>(config.encoder_resolution >= 0 && config.torque_noise >= 0,
                         "simulation: expected encoder_resolution and torque_noise of 0 or more, got ",
                         config.encoder_resolution, " and ", config.torque_noise);
    for (Index j = 0; j < chain.size(); ++j)
        require<ConfigError>(
            config.torque_noise == 0 || std::isfinite(chain.joint(j).tau_max), "joint ", j + 1,
            ": torque noise is a share of tau_max, which is infinite; set tau_max or torque_noise = 0");

    Log log;
    for (const char* quantity : {"q", "qd", "tau"})
        for (Index j = 0; j < chain.size(); ++j) log.columns.push_back(idm::detail::message(quantity, j + 1));
    for (Index k = 0; k < config.trajectories; ++k) log.trajectories.push_back(detail::record(chain, config, k));
    return log;
}

}  // namespace robot

#endif  // !IDM_HAS_COMPILED

IDM_NAMESPACE_END
