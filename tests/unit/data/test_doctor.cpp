#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include <idm/data/doctor.hpp>
#include <idm/robot/arm7.hpp>
#include <idm/robot/simulate.hpp>

#include "files.hpp"

using idm::Index;

namespace {

const idm::Recipe recipe{.positions = {.columns = idm::numbered("q{}", 1, 7)},
                         .velocities = {.columns = idm::numbered("qd{}", 1, 7)},
                         .targets = {.columns = idm::numbered("tau{}", 1, 7)}};

const idm::Log& clean() {
    static const idm::Log log = idm::robot::simulate(idm::robot::arm7(), {.trajectories = 8});
    return log;
}

/// A copy of the clean log; `spoil` changes each of its trajectories.
template <class F>
idm::Log spoilt(F spoil) {
    idm::Log log = clean();
    for (idm::Trajectory& trajectory : log.trajectories) spoil(trajectory);
    return log;
}

std::string kinds(const idm::Diagnosis& diagnosis) {
    std::string out;
    for (const idm::Finding& f : diagnosis.findings) out += f.kind + "@" + f.where + " ";
    return out;
}

std::string kinds(const idm::Log& log) { return kinds(idm::diagnose(log, recipe, idm::ByTrajectory{})); }

constexpr Index q2 = 1, qd3 = 9, tau4 = 17;

}  // namespace

TEST_CASE("a clean log is fit, and its rate and coverage are told") {
    const idm::Diagnosis diagnosis = idm::diagnose(clean(), recipe, idm::ByTrajectory{});
    CHECK(kinds(diagnosis).empty());
    CHECK(diagnosis.fit());
    REQUIRE(diagnosis.coverage.size() == 7);
    const Index rows = clean().trajectories[0].values.rows();
    double low = clean().trajectories[0].values(0, q2);
    for (const idm::Trajectory& t : clean().trajectories) low = std::min(low, t.values.col(q2).head(rows).minCoeff());
    CHECK(diagnosis.coverage[1].q_low == low);
    CHECK(diagnosis.coverage[1].cells > 0.3);
    const std::string text = idm::format_diagnosis(diagnosis);
    CHECK_THAT(text, ContainsSubstring("rate 100 Hz") && ContainsSubstring("\nfit to train on\n"));
}

TEST_CASE("spoilt stamps are named") {
    CHECK(kinds(spoilt([](idm::Trajectory& t) { t.time[500] += 0.004; })) == "jitter@trajectory 1 ");
    CHECK(kinds(spoilt([](idm::Trajectory& t) {
              for (std::size_t i = 300; i < t.time.size(); ++i) t.time[i] += 1;
          })) == "gap@time ");
    CHECK(kinds(spoilt([](idm::Trajectory& t) { t.time[40] = t.time[39]; })) ==
          "jitter@trajectory 1 equal stamps@time ");
    CHECK(kinds(spoilt([](idm::Trajectory& t) { std::swap(t.time[40], t.time[41]); })) ==
          "jitter@trajectory 1 late stamps@time ");
    CHECK(kinds(spoilt([](idm::Trajectory& t) { t.time.clear(); })) == "no time@log ");
    CHECK(kinds(spoilt([](idm::Trajectory& t) {
              if (t.name == "5")
                  for (double& stamp : t.time) stamp *= 1.5;
          })) == "rates differ@trajectory 5 ");
}

TEST_CASE("degrees are told from radians, by range and by velocity") {
    const idm::Log degrees = spoilt([](idm::Trajectory& t) { t.values.leftCols(7) *= 180 / std::numbers::pi; });
    CHECK_THAT(kinds(degrees), ContainsSubstring("unit@positions unit@qd1 unit@qd2"));
    idm::Recipe as_degrees = recipe;
    as_degrees.positions.unit = idm::AngleUnit::degree;
    CHECK(kinds(idm::diagnose(degrees, as_degrees)).empty());
    CHECK_THAT(kinds(idm::diagnose(clean(), as_degrees)), ContainsSubstring("unit@positions"));
    CHECK(kinds(spoilt([](idm::Trajectory& t) { t.values.col(qd3) *= 180 / std::numbers::pi; })) == "unit@qd3 ");
}

TEST_CASE("a velocity that does not belong to its position is named") {
    CHECK_THAT(kinds(spoilt([](idm::Trajectory& t) { t.values.col(qd3) *= -1; })),
               ContainsSubstring("velocity sign@qd3"));
    CHECK(kinds(spoilt([](idm::Trajectory& t) { t.values.col(qd3) *= 2; })) == "velocity scale@qd3 ");
    CHECK_THAT(kinds(spoilt([](idm::Trajectory& t) { t.values.col(qd3).swap(t.values.col(qd3 + 1)); })),
               ContainsSubstring("velocity differs@qd3 velocity differs@qd4"));
}

TEST_CASE("constant, stuck and clipped channels are named") {
    CHECK_THAT(kinds(spoilt([](idm::Trajectory& t) { t.values.col(tau4).setConstant(3); })),
               ContainsSubstring("constant@tau4"));
    CHECK_THAT(kinds(spoilt([](idm::Trajectory& t) {
                   if (t.name == "3") t.values.col(q2).segment(200, 100).setConstant(t.values(200, q2));
               })),
               ContainsSubstring("stuck@q2"));
    CHECK(kinds(spoilt([](idm::Trajectory& t) {
              if (t.name == "3") t.values.col(tau4).segment(200, 40).setConstant(t.values(200, tau4));
          })) == "stuck@tau4 ");
    const double limit = 0.5 * clean().trajectories[0].values.col(tau4).cwiseAbs().maxCoeff();
    const idm::Log clipped = spoilt(
        [&](idm::Trajectory& t) { t.values.col(tau4) = t.values.col(tau4).cwiseMin(limit).cwiseMax(-limit).eval(); });
    CHECK_THAT(kinds(clipped), ContainsSubstring("clipped@tau4"));
    CHECK(idm::diagnose(clipped, recipe).fit());  // a network learns it, saturation and all
}

TEST_CASE("values that are not finite are named, and rows dropped for them") {
    idm::Log log = spoilt([](idm::Trajectory& t) { t.values(7, tau4) = std::nan(""); });
    CHECK(kinds(log) == "not finite@tau4 ");
    log = clean();
    log.dropped_rows = 3;
    CHECK(kinds(log) == "not finite@log ");
}

TEST_CASE("a torque of opposite sign is named, and one that comes late") {
    CHECK(kinds(spoilt([](idm::Trajectory& t) { t.values.col(tau4) *= -1; })) == "torque sign@tau4 ");
    const idm::Diagnosis late = idm::diagnose(spoilt([](idm::Trajectory& t) {
                                                  const Index rows = t.values.rows();
                                                  t.values.col(tau4).tail(rows - 6) =
                                                      t.values.col(tau4).head(rows - 6).eval();
                                              }),
                                              recipe);
    REQUIRE(kinds(late) == "torque delay@tau4 ");
    CHECK_THAT(late.findings[0].text, ContainsSubstring("6 rows later"));
    CHECK(late.fit());
}

TEST_CASE("a joint that hardly moves is named") {
    CHECK_THAT(kinds(spoilt([](idm::Trajectory& t) {
                   t.values.col(q2) *= 0.01;
                   t.values.col(q2 + 7) *= 0.01;
               })),
               ContainsSubstring("coverage@q(q2)"));
}

TEST_CASE("a repeated trajectory leaks where the split parts it from its copy") {
    idm::Log log = clean();
    log.trajectories[6].values = log.trajectories[1].values;
    const idm::ByName apart{.train = {"1", "2", "3", "4", "5"}, .validation = {"6"}, .test = {"7", "8"}};
    const idm::ByName together{.train = {"1", "2", "7", "4", "5"}, .validation = {"6"}, .test = {"3", "8"}};
    CHECK(kinds(idm::diagnose(log, recipe, apart)) == "leak@'2' and '7' ");
    CHECK_FALSE(idm::diagnose(log, recipe, apart).fit());
    CHECK(kinds(idm::diagnose(log, recipe, together)) == "repeated@'2' and '7' ");
    CHECK(idm::diagnose(log, recipe, together).fit());
    CHECK(idm::diagnose(log, recipe).findings.at(0).severity == idm::Severity::warning);
}

TEST_CASE("a recipe that the doctor can't use is refused") {
    CHECK_THROWS_AS(idm::diagnose({}, recipe), idm::DataError);
    CHECK_THROWS_AS(idm::diagnose(clean(), {.targets = {.columns = {"tau1"}}}), idm::ConfigError);
    CHECK_THROWS_AS(idm::diagnose(clean(), {.positions = {.columns = {"q1"}},
                                            .velocities = {.columns = {"qd1", "qd2"}},
                                            .targets = {.columns = {"tau1"}}}),
                    idm::ConfigError);
    CHECK_THROWS_AS(idm::diagnose(clean(), {.positions = {.columns = {"q9"}}, .targets = {.columns = {"tau1"}}}),
                    idm::DataError);
}
