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

struct ExcitationConfig {
    double duration = 10;         ///< s
    double ramp = 2;              ///< s, from rest to the full motion, and the same back
    Index sines = 5;              ///< for each joint
    double min_frequency = 0.05;  ///< Hz
    double max_frequency = 0.8;   ///< Hz
    double limit_share = 0.9;     ///< of each joint's limits, measured from the middle of its range
};

/// One random motion that excites every joint: a sum of sines about a random centre, faded in and out,
/// q(t) = centre + fade(t) * sum_k a_k sin(w_k t + p_k), with its exact derivatives.
///
/// It begins and ends at rest: at t <= 0 and t >= duration q is the centre, qd = qdd = 0. Position, velocity and
/// acceleration stay within `limit_share` of each joint's limits for all t, by the triangle inequality on the sines and
/// on the fade. Each joint uses 40 to 100 % of what that leaves, so fast, slow, wide and narrow motions all occur.
/// Amplitudes are drawn in proportion to 1 / w: every sine adds alike to the velocity.
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
        // u and its derivative: rising at the begin, falling at the end, constant between.
        const double left = t / ramp_, right = (duration_ - t) / ramp_;
        const double u = std::clamp(std::min(left, right), 0.0, 1.0), ud = (left < right ? 1 : -1) / ramp_;
        const double fade = u * u * u * (10 + u * (6 * u - 15));
        const double fade_d = 30 * u * u * (1 - u) * (1 - u) * ud;
        const double fade_dd = 60 * u * (1 - u) * (1 - 2 * u) * ud * ud;

        const Sine* sine = sine_.data();
        for (std::size_t j = 0; j < centres_.size(); ++j) {
            double s = 0, sd = 0, sdd = 0;
            for (Index k = 0; k < sines_; ++k, ++sine) {
                const double angle = sine->w * t + sine->phase, value = sine->amplitude * std::sin(angle);
                s += value;
                sd += sine->amplitude * sine->w * std::cos(angle);
                sdd -= sine->w * sine->w * value;
            }
            q[j] = centres_[j] + fade * s;
            qd[j] = fade_d * s + fade * sd;
            qdd[j] = fade_dd * s + 2 * fade_d * sd + fade * sdd;
        }
    }

private:
    struct Sine {
        double amplitude, w, phase;
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
        require<ConfigError>(c.limit_share > 0 && c.limit_share <= 1,
                             "excitation: expected limit_share in (0, 1], got ", c.limit_share);
    }

    void draw(const Joint& joint, const ExcitationConfig& config, Random& random) {
        const std::size_t first = sine_.size();
        double s = 0, sd = 0, sdd = 0;  // bounds of the sum and of its derivatives
        for (Index k = 0; k < sines_; ++k) {
            const double w = 2 * std::numbers::pi * random.uniform(config.min_frequency, config.max_frequency);
            const double amplitude = random.uniform(0.2, 1) / w;
            sine_.push_back({amplitude, w, random.uniform(0, 2 * std::numbers::pi)});
            s += amplitude;
            sd += amplitude * w;
            sdd += amplitude * w * w;
        }
        // The fade's derivatives are at most 15/8 and 10/sqrt(3), by ramp and ramp^2.
        const double f = 1.875 / ramp_, ff = 10 / std::numbers::sqrt3 / (ramp_ * ramp_);
        const double half = (joint.q_max - joint.q_min) / 2, middle = joint.q_min + half;
        const double gain =
            config.limit_share * random.uniform(0.4, 1) *
            std::min({half / s, joint.qd_max / (f * s + sd), joint.qdd_max / (ff * s + 2 * f * sd + sdd)});
        for (std::size_t i = first; i < sine_.size(); ++i) sine_[i].amplitude *= gain;
        const double room = std::max(0.0, config.limit_share * half - gain * s);
        centres_.push_back(random.uniform(middle - room, middle + room));
    }

    double duration_, ramp_;
    Index sines_;
    std::vector<double> centres_;
    std::vector<Sine> sine_;  // [joints, sines]
};

}  // namespace robot

IDM_NAMESPACE_END
