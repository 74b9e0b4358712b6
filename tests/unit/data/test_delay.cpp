#include <cmath>
#include <cstdint>
#include <numbers>
#include <string>
#include <vector>

#include <idm/core/random.hpp>
#include <idm/data/delay.hpp>

#include "files.hpp"

using idm::Index;

namespace {

/// Two trajectories; `measured` is sign x `commanded` `delay` samples before, of a motion of three frequencies.
idm::Log delayed(double delay, double sign, double noise) {
    idm::Log log{.columns = {"commanded", "measured"}, .trajectories = {}};
    idm::Random random(7);
    for (const double phase : {0.0, 2.0}) {
        idm::Trajectory trajectory{.name = std::to_string(phase), .time = {}, .values = idm::Matrix<double>(300, 2)};
        const auto motion = [&](double i) {
            return std::sin(0.11 * i + phase) + std::sin(0.23 * i) + std::cos(0.41 * i);
        };
        for (Index i = 0; i < 300; ++i) {
            const double now = static_cast<double>(i);
            trajectory.values.row(i) << 5 + motion(now), sign * motion(now - delay) + noise * random.normal();
        }
        log.trajectories.push_back(trajectory);
    }
    return log;
}

}  // namespace

TEST_CASE("a delay is found to a fraction of a sample, with its sign, through noise") {
    for (const double delay : {0.0, 4.0, -3.0, 2.5}) {
        const idm::DelayEstimate exact = idm::estimate_delay(delayed(delay, 1, 0), "commanded", "measured", 10);
        CHECK(exact.samples == Approx(delay).margin(0.05));
        const idm::DelayEstimate opposite = idm::estimate_delay(delayed(delay, -2, 0.3), "commanded", "measured", 10);
        CHECK(opposite.samples == Approx(delay).margin(0.15));
        CHECK(opposite.correlation < -0.95);
        CHECK(std::abs(opposite.correlation_undelayed) <= std::abs(opposite.correlation));
    }
    CHECK(idm::estimate_delay(delayed(4, 1, 0), "commanded", "measured", 10).correlation == Approx(1));
}

namespace {

/// Motion of frequencies up to 0.02 per sample as `cause`; as `effect` the same `delay` samples later, with a random
/// walk on it, both with white noise of 3 % of the motion's deviation.
idm::SignalPair slow_and_drifting(double delay, double drift, idm::Random& random) {
    std::vector<double> frequency, phase;
    for (int k = 0; k < 12; ++k) {
        frequency.push_back(random.uniform(0.001, 0.02) * 2 * std::numbers::pi);
        phase.push_back(random.uniform(0, 2 * std::numbers::pi));
    }
    idm::SignalPair out;
    double walk = 0;
    for (int i = 0; i < 1500; ++i) {
        double now = 0, then = 0;
        for (std::size_t k = 0; k < frequency.size(); ++k) {
            now += std::sin(frequency[k] * i + phase[k]);
            then += std::sin(frequency[k] * (i - delay) + phase[k]);
        }
        walk += drift * random.normal();
        out.cause.push_back(now + 0.07 * random.normal());
        out.effect.push_back(then + walk + 0.07 * random.normal());
    }
    return out;
}

/// The lag of the largest correlation between increments over `step` samples; 0: between the signals themselves.
double plain_search(const idm::SignalPair& pair, Index longest, Index step) {
    const auto prepared = [&](const std::vector<double>& from) {
        const Eigen::Map<const Eigen::ArrayXd> x(from.data(), std::ssize(from));
        const Index count = x.size() - step;
        return Eigen::ArrayXd(step > 0 ? Eigen::ArrayXd(x.tail(count) - x.head(count)) : Eigen::ArrayXd(x));
    };
    const Eigen::ArrayXd cause = prepared(pair.cause), effect = prepared(pair.effect);
    const Index count = cause.size() - 2 * longest;
    double best = 0, delay = 0;
    for (Index lag = -longest; lag <= longest; ++lag) {
        const Eigen::ArrayXd x = cause.segment(longest, count), y = effect.segment(longest + lag, count);
        const double r = std::abs(((x - x.mean()) * (y - y.mean())).sum()) / (y - y.mean()).matrix().norm();
        if (r > best) best = r, delay = static_cast<double>(lag);
    }
    return delay;
}

}  // namespace

TEST_CASE("the delay of slow motion is found through noise and drift, better than by signals or single steps") {
    for (const double drift : {0.0, 0.5}) {
        double ours = 0, of_signals = 0, of_steps = 0;
        for (const double delay : {0.0, 4.0, 4.5, -3.0, 8.0})
            for (std::uint64_t run = 0; run < 8; ++run) {
                idm::Random random(run);
                const idm::SignalPair pair = slow_and_drifting(delay, drift, random);
                ours += std::pow(idm::estimate_delay({&pair, 1}, 12).samples - delay, 2) / 40;
                of_signals += std::pow(plain_search(pair, 12, 0) - delay, 2) / 40;
                of_steps += std::pow(plain_search(pair, 12, 1) - delay, 2) / 40;
            }
        INFO("drift " << drift << ", mean squares " << ours << " " << of_signals << " " << of_steps);
        CHECK(std::sqrt(ours) < (drift > 0 ? 0.8 : 0.03));
        CHECK(std::sqrt(drift > 0 ? of_signals : of_steps) > 0.7);
        CHECK((drift > 0 ? of_signals : of_steps) > 2 * ours);
    }
}

TEST_CASE("an effect that follows like a low-pass behind a dead time lags by both") {
    // y[i] = 0.7 y[i - 1] + 0.3 x[i - 2]: the mean of its impulse response is 2 + 0.7 / 0.3.
    idm::Random random(3);
    idm::SignalPair pair = slow_and_drifting(0, 0, random);
    double y = 0;
    for (std::size_t i = 0; i < pair.cause.size(); ++i)
        pair.effect[i] = y = 0.7 * y + 0.3 * (i < 2 ? 0 : pair.cause[i - 2]);
    CHECK(idm::estimate_delay({&pair, 1}, 10).samples == Approx(2 + 0.7 / 0.3).margin(0.15));
}

TEST_CASE("what has no delay to find is refused") {
    const idm::Log log = delayed(1, 1, 0);
    CHECK_THROWS_AS(idm::estimate_delay(log, "commanded", "measured", 0), idm::ConfigError);
    CHECK_THROWS_AS(idm::estimate_delay(log, "command", "measured", 5), idm::DataError);
    CHECK_THAT(message_of<idm::DataError>([&] { (void)idm::estimate_delay(log, "commanded", "measured", 150); }),
               ContainsSubstring("452 rows"));
    CHECK_THAT(
        message_of<idm::DataError>([&] { (void)idm::estimate_delay(delayed(1, 0, 0), "commanded", "measured", 5); }),
        ContainsSubstring("constant effect"));
}
