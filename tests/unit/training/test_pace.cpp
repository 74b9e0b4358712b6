#include <idm/training/pace.hpp>
#include <map>

#include "support/catch.hpp"

namespace {

/// Runs slices of one step each on a machine where `rates` gives the work per second of each number of threads; returns
/// how many slices each number got.
std::map<int, int> run_slices(idm::Pace& pace, const std::map<int, double>& rates, int slices) {
    std::map<int, int> taken;
    for (int i = 0; i < slices; ++i) {
        const int threads = pace.threads();
        ++taken[threads];
        REQUIRE(pace.observe(rates.at(threads) * idm::Pace::slice_seconds, idm::Pace::slice_seconds));
    }
    return taken;
}

const std::map<int, double> quiet_rates = {{4, 200}, {2, 110}, {1, 56}};
const std::map<int, double> busy_rates = {{4, 95}, {2, 108}, {1, 55}};

}  // namespace

TEST_CASE("a quiet machine's pace is that of all threads, with a rare try", "[pace]") {
    idm::Pace pace(4);
    const auto taken = run_slices(pace, quiet_rates, 1000);
    CHECK(taken.at(4) >= 980);
    CHECK(taken.at(2) >= 5);
    CHECK(taken.count(1) == 0);
    CHECK_FALSE(pace.slowed());
}

TEST_CASE("the pace leaves a processor that another program takes, and comes back", "[pace]") {
    idm::Pace pace(4);
    run_slices(pace, quiet_rates, 500);
    auto taken = run_slices(pace, busy_rates, 500);
    CHECK(taken.at(2) >= 480);
    CHECK(taken.at(4) + taken.at(1) >= 4);
    CHECK(pace.slowed());
    taken = run_slices(pace, quiet_rates, 500);
    CHECK(taken.at(4) >= 350);  // it looks for more threads once in 128 slices at worst
    CHECK_FALSE(pace.slowed());
}

TEST_CASE("the pace tries as soon as the rate has fallen", "[pace]") {
    idm::Pace pace(4);
    run_slices(pace, quiet_rates, 500);
    while (pace.threads() != 4) run_slices(pace, quiet_rates, 1);
    run_slices(pace, busy_rates, 1);
    CHECK(pace.threads() == 2);
}

TEST_CASE("the pace halves down to one thread", "[pace]") {
    idm::Pace pace(5);
    const auto taken = run_slices(pace, {{5, 10}, {3, 20}, {2, 40}, {1, 80}}, 200);
    CHECK(taken.size() == 4);
    CHECK(taken.at(1) >= 170);
}

TEST_CASE("one thread stays one", "[pace]") {
    idm::Pace pace(1);
    CHECK(run_slices(pace, {{1, 10}}, 100).at(1) == 100);
}

TEST_CASE("a slice of pace lasts until its time is over", "[pace]") {
    idm::Pace pace(4);
    const double part = idm::Pace::slice_seconds / 3;
    CHECK_FALSE(pace.observe(1, part));
    CHECK_FALSE(pace.observe(1, part));
    CHECK(pace.observe(1, 1.01 * part));
    CHECK_FALSE(pace.observe(1, part));
}
