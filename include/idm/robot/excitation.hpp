#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>
#include <span>
#include <vector>

#include <idm/core/config.hpp>
#include <idm/core/error.hpp>
#include <idm/core/random.hpp>
#include <idm/robot/serial_chain.hpp>

IDM_NAMESPACE_BEGIN

namespace robot {

/// How long, fast and wide the motions of an `Excitation` are.
struct ExcitationConfig {
    double duration = 10;          ///< s
    double ramp = 1;               ///< s, from rest to the full motion, and the same back
    Index sines = 8;               ///< for each joint
    double min_frequency = 0.05;   ///< Hz
    double max_frequency = 0.8;    ///< Hz
    double position_share = 0.55;  ///< of each joint's range, about its middle: the work space of all motions
    double speed_share = 0.9;      ///< of each joint's qd_max and qdd_max
};

/// One random motion that excites every joint: a sum of sines about a random centre, faded in and out,
/// q(t) = centre + fade(t) * sum_k a_k sin(w_k t + p_k), with its exact derivatives.
///
/// It begins and ends at rest: at t <= 0 and t >= duration q is the centre, qd = qdd = 0. Frequencies and phases are
/// uniform; amplitudes are drawn in proportion to 1 / w, so every sine adds alike to the velocity. Then each joint is
/// scaled to 80 to 100 % of the first limit it meets, found on a grid of 100 points in the shortest period or ramp,
/// with 0.2 % to spare for the peaks between; the centre is uniform in the room that is left.
///
/// *Errors*: `ConfigError`: ranges of the settings, a joint without finite limits q_min, q_max.
///
/// *Threads*: constant after construction.
///
/// *Source*: sums of sines as excitation: Swevers et al., "Optimal Robot Excitation and Identification", IEEE Trans.
/// Robotics and Automation 13(5), 1997; the fade is the polynomial 10 u^3 - 15 u^4 + 6 u^5 of minimum jerk.
class Excitation {
public:
    Excitation(const SerialChain& chain, const ExcitationConfig& config, Random random)
        : duration_(config.duration), ramp_(config.ramp), sines_(config.sines) {
        check(config);
        const auto count = static_cast<std::size_t>(chain.size());
        centres_.reserve(count);
        sine_.reserve(count * static_cast<std::size_t>(sines_));
        for (Index j = 0; j < chain.size(); ++j) {
            const Joint& joint = chain.joint(j);
            idm::detail::require<ConfigError>(std::isfinite(joint.q_min) && std::isfinite(joint.q_max), "joint ", j + 1,
                                              ": excitation needs finite limits q_min and q_max, got ", joint.q_min,
                                              " and ", joint.q_max);
            draw(joint, config, random);
        }
    }

    /// State at time `t`. *Shapes*: three times the number of joints. *Units*: s to rad, rad/s, rad/s^2.
    ///
    /// *Errors*: `ShapeError` when a length is not the number of joints. *Cost*: O(joints * sines), no allocation.
    void at(double t, std::span<double> q, std::span<double> qd, std::span<double> qdd) const {
        for (const std::size_t length : {q.size(), qd.size(), qdd.size()})
            idm::detail::require<ShapeError>(length == centres_.size(), "excitation of ", centres_.size(),
                                             " joints: expected that many values in each argument, got ", length);
        const State fade = fade_at(t);
        for (std::size_t j = 0; j < centres_.size(); ++j) {
            const State state = joint_at(j, t, fade);
            q[j] = centres_[j] + state.q;
            qd[j] = state.qd;
            qdd[j] = state.qdd;
        }
    }

private:
    struct Sine {
        double amplitude, w, phase;
    };
    /// A value with its first two derivatives.
    struct State {
        double q, qd, qdd;
    };

    static void check(const ExcitationConfig& c) {
        using idm::detail::require;
        require<ConfigError>(c.ramp > 0 && c.duration >= 2 * c.ramp,
                             "excitation: expected ramp > 0 and duration >= 2 * ramp, got ", c.ramp, " s and ",
                             c.duration, " s");
        require<ConfigError>(c.sines >= 1, "excitation: expected 1 or more sines, got ", c.sines);
        require<ConfigError>(c.min_frequency > 0 && c.max_frequency >= c.min_frequency,
                             "excitation: expected 0 < min_frequency <= max_frequency, got ", c.min_frequency, " and ",
                             c.max_frequency, " Hz");
        require<ConfigError>(c.position_share > 0 && c.position_share <= 1 && c.speed_share > 0 && c.speed_share <= 1,
                             "excitation: expected position_share and speed_share in (0, 1], got ", c.position_share,
                             " and ", c.speed_share);
    }

    State fade_at(double t) const {
        const double left = t / ramp_, right = (duration_ - t) / ramp_;
        const double u = std::clamp(std::min(left, right), 0.0, 1.0), ud = (left < right ? 1 : -1) / ramp_;
        return {u * u * u * (10 + u * (6 * u - 15)), 30 * u * u * (1 - u) * (1 - u) * ud,
                60 * u * (1 - u) * (1 - 2 * u) * ud * ud};
    }

    /// Joint `j`'s motion about its centre.
    State joint_at(std::size_t j, double t, const State& fade) const {
        State sum{0, 0, 0};
        const auto count = static_cast<std::size_t>(sines_);
        for (const Sine& sine : std::span(sine_).subspan(j * count, count)) {
            const double angle = sine.w * t + sine.phase, value = sine.amplitude * std::sin(angle);
            sum.q += value;
            sum.qd += sine.amplitude * sine.w * std::cos(angle);
            sum.qdd -= sine.w * sine.w * value;
        }
        return {fade.q * sum.q, fade.qd * sum.q + fade.q * sum.qd,
                fade.qdd * sum.q + 2 * fade.qd * sum.qd + fade.q * sum.qdd};
    }

    void draw(const Joint& joint, const ExcitationConfig& config, Random& random) {
        const std::size_t j = centres_.size(), first = sine_.size();
        for (Index k = 0; k < sines_; ++k) {
            const double w = 2 * std::numbers::pi * random.uniform(config.min_frequency, config.max_frequency);
            const double amplitude = random.uniform(0.2, 1) / w;
            sine_.push_back({amplitude, w, random.uniform(0, 2 * std::numbers::pi)});
        }
        State peak{0, 0, 0};
        const double step = std::min(1 / config.max_frequency, ramp_) / 100;
        for (double t = step; t < duration_; t += step) {
            const State state = joint_at(j, t, fade_at(t));
            peak = {std::max(peak.q, std::abs(state.q)), std::max(peak.qd, std::abs(state.qd)),
                    std::max(peak.qdd, std::abs(state.qdd))};
        }
        const double middle = (joint.q_min + joint.q_max) / 2;
        const double half = config.position_share * (joint.q_max - joint.q_min) / 2;
        const double gain = 0.998 * random.uniform(0.8, 1) *
                            std::min({half / peak.q, config.speed_share * joint.qd_max / peak.qd,
                                      config.speed_share * joint.qdd_max / peak.qdd});
        for (std::size_t i = first; i < sine_.size(); ++i) sine_[i].amplitude *= gain;
        const double room = half - gain * peak.q / 0.998;
        centres_.push_back(random.uniform(middle - room, middle + room));
    }

    double duration_, ramp_;
    Index sines_;
    std::vector<double> centres_;
    std::vector<Sine> sine_;  // [joints, sines]
};

}  // namespace robot

IDM_NAMESPACE_END
