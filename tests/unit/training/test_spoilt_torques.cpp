#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include <idm/data/dataset.hpp>
#include <idm/models/baseline.hpp>
#include <idm/robot/arm7.hpp>
#include <idm/robot/simulate.hpp>
#include <idm/training/evaluate.hpp>
#include <idm/training/ridge.hpp>

#include "support/catch.hpp"

using idm::Index;

namespace {

const idm::Log& clean() {
    static const idm::Log log = idm::robot::simulate(idm::robot::arm7(), {.trajectories = 24});
    return log;
}

/// Error of ridge regression, mean over the joints, after `spoil` has changed the torques of each trajectory that it
/// learns from; where `test_too`, of the test trajectories as well.
template <class Spoil>
double test_error(Spoil spoil, bool test_too = false) {
    const idm::Recipe recipe{.positions = {.columns = idm::numbered("q{}", 1, 7)},
                             .velocities = {.columns = idm::numbered("qd{}", 1, 7)},
                             .targets = {.columns = idm::numbered("tau{}", 1, 7)},
                             .use_sin = true,
                             .use_cos = true,
                             .sign_velocity = 0.02};
    const idm::ByName split{.train = idm::numbered("{}", 1, 16),
                            .validation = idm::numbered("{}", 17, 19),
                            .test = idm::numbered("{}", 20, 24)};
    idm::Log log = clean();
    for (std::size_t i = 0; i < (test_too ? 24 : 19); ++i) spoil(log.trajectories[i].values.rightCols(7));
    const auto data = idm::make_dataset<double>(log, recipe, split);
    idm::Baseline<double> model({.window = 8, .inputs = data.inputs.cols(), .outputs = 7});
    idm::fit_ridge(model, data, {1e-4});
    return idm::evaluate(model, data, data.split.test).scored.nmse;
}

double clean_error() {
    static const double error = test_error([](const auto&) {});
    return error;
}

/// Error with the torques `rows` rows later, relative to that without.
double shifted(Index rows) {
    return test_error(
               [=](auto torques) {
                   const Index kept = torques.rows() - std::abs(rows);
                   const Index from = std::max<Index>(0, -rows), to = std::max<Index>(0, rows);
                   torques.middleRows(to, kept) = torques.middleRows(from, kept).eval();
               },
               true) /
           clean_error();
}

/// Error with the largest `share` of each torque cut off.
double clipped(double share) {
    std::vector<double> limits;
    for (Index joint = 0; joint < 7; ++joint) {
        std::vector<double> sorted;
        for (const idm::Trajectory& t : clean().trajectories)
            for (const double x : t.values.col(14 + joint)) sorted.push_back(x);
        std::sort(sorted.begin(), sorted.end());
        limits.push_back(sorted[static_cast<std::size_t>((1 - share) * static_cast<double>(sorted.size()))]);
    }
    return test_error([&](auto torques) {
               for (Index joint = 0; joint < 7; ++joint)
                   torques.col(joint) = torques.col(joint).cwiseMin(limits[static_cast<std::size_t>(joint)]).eval();
           }) /
           clean_error();
}

/// Error with each torque held over `share` of each trajectory.
double stuck(double share) {
    return test_error([=](auto torques) {
               const auto rows = static_cast<Index>(share * static_cast<double>(torques.rows()));
               torques.middleRows(300, rows).rowwise() = torques.row(300).eval();
           }) /
           clean_error();
}

}  // namespace

// What the log doctor calls a fault and what a warning (data/doctor_torque.hpp, data/doctor_channels.hpp) rests on
// this.
TEST_CASE("what a model loses to spoilt torques", "[.long]") {
    INFO("error of the clean log " << clean_error());
    CHECK(test_error([](auto torques) { torques *= -1; }, true) / clean_error() == Approx(1).epsilon(1e-9));
    CHECK(shifted(5) < 1.02);
    CHECK(shifted(-5) > 1.1);
    CHECK(clipped(0.1) < 1.1);
    CHECK(clipped(0.2) > 1.2);
    CHECK(stuck(0.05) < 1.1);
    CHECK(stuck(0.1) > 1.1);
}
