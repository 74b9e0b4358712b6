#include <cmath>
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

TEST_CASE("what has no delay to find is refused") {
    const idm::Log log = delayed(1, 1, 0);
    CHECK_THROWS_AS(idm::estimate_delay(log, "commanded", "measured", 0), idm::ConfigError);
    CHECK_THROWS_AS(idm::estimate_delay(log, "command", "measured", 5), idm::DataError);
    CHECK_THAT(message_of<idm::DataError>([&] { (void)idm::estimate_delay(log, "commanded", "measured", 150); }),
               ContainsSubstring("302 rows"));
    CHECK_THAT(
        message_of<idm::DataError>([&] { (void)idm::estimate_delay(delayed(1, 0, 0), "commanded", "measured", 5); }),
        ContainsSubstring("constant effect"));
}
