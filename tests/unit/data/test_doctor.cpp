#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <string>
#include <vector>

#include <idm/core/random.hpp>
#include <idm/data/doctor.hpp>
#include <idm/data/resample.hpp>
#include <idm/robot/arm7.hpp>
#include <idm/robot/simulate.hpp>

#include "files.hpp"

using idm::Index;

namespace {

const idm::Recipe arm_recipe{.positions = {.columns = idm::numbered("q{}", 1, 7)},
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

std::string kinds(const idm::Log& log) { return kinds(idm::diagnose(log, arm_recipe, idm::ByTrajectory{})); }

constexpr Index q2 = 1, qd3 = 9, tau4 = 17;

}  // namespace

TEST_CASE("a clean log is fit, and its rate and coverage are told") {
    const idm::Diagnosis diagnosis = idm::diagnose(clean(), arm_recipe, idm::ByTrajectory{});
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
    idm::Recipe as_degrees = arm_recipe;
    as_degrees.positions.unit = idm::AngleUnit::degree;
    CHECK(kinds(idm::diagnose(degrees, as_degrees)).empty());
    CHECK_THAT(kinds(idm::diagnose(clean(), as_degrees)), ContainsSubstring("unit@positions"));
    CHECK(kinds(spoilt([](idm::Trajectory& t) { t.values.col(qd3) *= 180 / std::numbers::pi; })) == "unit@qd3 ");
}

TEST_CASE("a recipe's sign and scale count: encoder counts are no degrees, a turned sign is mended") {
    const idm::Log log = spoilt([](idm::Trajectory& t) {
        t.values.leftCols(7) *= 1000;
        t.values.col(tau4) *= -0.1;  // a current
    });
    idm::Recipe scaled = arm_recipe;
    scaled.positions.scale.assign(7, 1e-3);
    scaled.targets.scale = {1, 1, 1, -10, 1, 1, 1};
    CHECK(kinds(idm::diagnose(log, scaled, idm::ByTrajectory{})) == "");
    scaled.targets.scale[3] = 10;
    CHECK(kinds(idm::diagnose(log, scaled, idm::ByTrajectory{})) == "torque sign@tau4 ");
}

TEST_CASE("a log whose stamps jitter is fit once it is resampled") {
    idm::Random random(5);
    const idm::Log jittering = spoilt([&](idm::Trajectory& t) {
        // Rows as they were at the later stamps, to second order: recorded late, not stamped wrong.
        for (Index row = 0; row < t.values.rows(); ++row) {
            const double late = random.uniform(0, 0.004);
            t.time[static_cast<std::size_t>(row)] += late;
            t.values.row(row).head(7) += late * t.values.row(row).segment(7, 7);
        }
    });
    CHECK(kinds(jittering).starts_with("jitter@"));
    idm::Log even = jittering;
    for (idm::Trajectory& t : even.trajectories) t = idm::resample(t, {.rate = 100});
    CHECK(kinds(even) == "");
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
    const auto held = [](Index rows) {
        return spoilt([=](idm::Trajectory& t) {
            if (t.name == "3") t.values.col(tau4).segment(200, rows).setConstant(t.values(200, tau4));
        });
    };
    CHECK(kinds(held(19)).empty());  // a few packets lost
    const idm::Diagnosis forty = idm::diagnose(held(40), arm_recipe), many = idm::diagnose(held(500), arm_recipe);
    CHECK(kinds(forty) == "stuck@tau4 ");
    CHECK(forty.fit());  // one row in 200
    CHECK(kinds(many) == "stuck@tau4 ");
    CHECK_FALSE(many.fit());  // one in 16
    REQUIRE(many.marks.size() == 1);
    CHECK(many.marks[0].column == tau4);
    CHECK(many.marks[0].trajectory == 2);
    CHECK(many.marks[0].begin == 200);
    CHECK(many.marks[0].end == 700);
}

namespace {

/// The clean log with one column cut off above the value that `share` of the rows exceed.
idm::Log clipped(Index column, double share) {
    std::vector<double> sorted;
    for (const idm::Trajectory& t : clean().trajectories)
        for (const double x : t.values.col(column)) sorted.push_back(x);
    std::sort(sorted.begin(), sorted.end());
    const double limit = sorted[static_cast<std::size_t>((1 - share) * static_cast<double>(sorted.size()))];
    return spoilt([&](idm::Trajectory& t) { t.values.col(column) = t.values.col(column).cwiseMin(limit).eval(); });
}

}  // namespace

TEST_CASE("clipped channels are named, a fault above one row in ten") {
    for (const Index column : {q2, qd3, tau4}) {
        INFO("column " << column);
        const std::string finding = "clipped@" + clean().columns[static_cast<std::size_t>(column)];
        const idm::Diagnosis little = idm::diagnose(clipped(column, 0.05), arm_recipe);
        const idm::Diagnosis much = idm::diagnose(clipped(column, 0.15), arm_recipe);
        CHECK_THAT(kinds(little), ContainsSubstring(finding));
        CHECK_THAT(kinds(much), ContainsSubstring(finding));
        CHECK(little.fit());
        CHECK_FALSE(much.fit());
        CHECK_FALSE(much.marks.empty());
    }
    CHECK(kinds(clipped(tau4, 0.001)).empty());
}

TEST_CASE("a robot that rests at the end of its range is neither stuck nor clipped") {
    const idm::Log resting = spoilt([](idm::Trajectory& t) {
        // 3 s of rest in between, at the highest position of the log: minimum jerk there and back, 100 rows each.
        const Index first = 300, last = 600;
        for (Index row = 0; row < t.values.rows(); ++row) {
            const double u = row < first  ? static_cast<double>(row) / static_cast<double>(first)
                             : row < last ? 1.0
                                          : static_cast<double>(999 - row) / static_cast<double>(999 - last);
            const double s = u * u * u * (10 + u * (6 * u - 15));
            t.values(row, q2) = 1e-4 * std::round(s * 1.5e4);
        }
    });
    CHECK_THAT(kinds(resting), !ContainsSubstring("stuck@q2") && !ContainsSubstring("clipped@q2"));
}

TEST_CASE("how long a run of equal values is no chance follows from how often the channel repeats itself") {
    // n p^(L - 1) = 1e-3 for n = 10000 and p = 1/2 (5001 of 10002): L = 1 + 7 / log10(2) = 24.25.
    CHECK(idm::detail::surprising_run(5000, 10000) == Approx(24.25).margin(0.01));
    CHECK(idm::detail::surprising_run(9000, 10000) > 100);
    CHECK(idm::detail::surprising_run(0, 10000) == 20);
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
                                              arm_recipe);
    REQUIRE(kinds(late) == "torque delay@tau4 ");
    CHECK_THAT(late.findings[0].text, ContainsSubstring("6 rows later"));
    CHECK(late.fit());
}

TEST_CASE("a torque that comes before its motion is a fault unless the model looks ahead") {
    const idm::Log early = spoilt([](idm::Trajectory& t) {
        const Index rows = t.values.rows();
        t.values.col(tau4).head(rows - 5) = t.values.col(tau4).tail(rows - 5).eval();
    });
    idm::Recipe ahead = arm_recipe;
    ahead.ahead = 5;
    REQUIRE(kinds(early) == "torque delay@tau4 ");
    CHECK_THAT(idm::diagnose(early, arm_recipe).findings[0].text, ContainsSubstring("5 rows earlier"));
    CHECK_FALSE(idm::diagnose(early, arm_recipe).fit());
    CHECK(idm::diagnose(early, ahead).fit());
}

TEST_CASE("commanded positions are told by their lead, not taken for torques") {
    // The command of each joint is its position 4 rows later.
    const idm::Log log = spoilt([](idm::Trajectory& t) {
        const Index rows = t.values.rows();
        t.values.middleCols(14, 7).topRows(rows - 4) = t.values.leftCols(7).bottomRows(rows - 4);
        t.values.middleCols(14, 7).bottomRows(4).rowwise() = t.values.row(rows - 1).head(7).eval();
    });
    idm::Recipe commands = arm_recipe;
    commands.target_unit = "rad";
    const idm::Diagnosis ahead = idm::diagnose(log, commands);
    CHECK(kinds(ahead) == "");
    CHECK_THAT(ahead.facts.back(), ContainsSubstring("commands run 4 rows ahead") && ContainsSubstring("median of 7"));
    CHECK(ahead.unexplained.size() == 0);

    std::swap(commands.positions.columns, commands.targets.columns);
    commands.velocities = {};
    CHECK_THAT(kinds(idm::diagnose(log, commands)), ContainsSubstring("command late@q1 command late@q2"));
    std::swap(commands.positions.columns, commands.targets.columns);
    std::rotate(commands.targets.columns.begin(), commands.targets.columns.begin() + 3, commands.targets.columns.end());
    CHECK_THAT(kinds(idm::diagnose(log, commands)), ContainsSubstring("command unrelated@"));
}

TEST_CASE("clean logs pass whatever their seed, noise, encoder and rate") {
    for (std::uint64_t seed = 1; seed <= 2; ++seed)
        for (const auto& [resolution, noise, rate] :
             {std::array{0.0, 0.0, 100.0}, {6e-6, 0.01, 200.0}, {1e-4, 0.02, 50.0}, {1e-3, 0.002, 20.0}}) {
            INFO("seed " << seed << ", resolution " << resolution << ", noise " << noise << ", rate " << rate);
            const idm::Log log = idm::robot::simulate(idm::robot::arm7(), {.trajectories = 8,
                                                                           .seed = seed,
                                                                           .rate = rate,
                                                                           .encoder_resolution = resolution,
                                                                           .torque_noise = noise});
            idm::Recipe derived = arm_recipe;
            // A count of 1e-3 rad per ms is a velocity of 1 rad/s: such a drive's velocity is not worth recording.
            if (resolution > 1e-5) derived.velocities = {};
            CHECK(kinds(idm::diagnose(log, derived, idm::ByTrajectory{})) == "");
        }
}

TEST_CASE("the wrong sign of any joint is told by the fit's standard errors") {
    for (Index joint = 0; joint < 7; ++joint) {
        const std::string name = clean().columns[static_cast<std::size_t>(14 + joint)];
        CHECK(kinds(spoilt([=](idm::Trajectory& t) { t.values.col(14 + joint) *= -1; })) ==
              "torque sign@" + name + " ");
    }
}

TEST_CASE("test rows beyond what the training rows hold are named") {
    const idm::Log log = spoilt([](idm::Trajectory& t) {
        if (t.name == "8") t.values.col(q2).array() += 1;
    });
    const idm::ByName split{.train = {"1", "2", "3", "4", "5"}, .validation = {"6"}, .test = {"7", "8"}};
    CHECK_THAT(kinds(idm::diagnose(log, arm_recipe, split)), ContainsSubstring("extrapolation@q(q2)"));
    CHECK(kinds(idm::diagnose(clean(), arm_recipe, split)) == "");
}

TEST_CASE("a joint that hardly moves is named") {
    CHECK_THAT(kinds(spoilt([](idm::Trajectory& t) {
                   t.values.col(q2) *= 0.01;
                   t.values.col(q2 + 7) *= 0.01;
               })),
               ContainsSubstring("coverage@q(q2)"));
    const idm::Diagnosis still =
        idm::diagnose(spoilt([](idm::Trajectory& t) { t.values.leftCols(14) *= 0.01; }), arm_recipe);
    CHECK_THAT(kinds(still), ContainsSubstring("coverage@all joints"));
    CHECK_FALSE(still.fit());
}

TEST_CASE("a repeated trajectory leaks where the split parts it from its copy") {
    idm::Log log = clean();
    log.trajectories[6].values = log.trajectories[1].values;
    const idm::ByName apart{.train = {"1", "2", "3", "4", "5"}, .validation = {"6"}, .test = {"7", "8"}};
    const idm::ByName together{.train = {"1", "2", "7", "4", "5"}, .validation = {"6"}, .test = {"3", "8"}};
    CHECK(kinds(idm::diagnose(log, arm_recipe, apart)) == "leak@'2' and '7' ");
    CHECK_FALSE(idm::diagnose(log, arm_recipe, apart).fit());
    CHECK(kinds(idm::diagnose(log, arm_recipe, together)) == "repeated@'2' and '7' ");
    CHECK(idm::diagnose(log, arm_recipe, together).fit());
    CHECK(idm::diagnose(log, arm_recipe).findings.at(0).severity == idm::Severity::warning);
}

TEST_CASE("a target that is an input leaks, unless later rows of it are predicted") {
    idm::Recipe recipe = arm_recipe;
    recipe.targets.columns[2] = "qd3";
    const idm::Diagnosis copied = idm::diagnose(clean(), recipe);
    CHECK_THAT(kinds(copied), ContainsSubstring("leak@qd3 "));
    CHECK_FALSE(copied.fit());
    recipe.horizon = 2;
    CHECK_THAT(kinds(idm::diagnose(clean(), recipe)), !ContainsSubstring("leak"));
}

TEST_CASE("a recipe that the doctor can't use is refused") {
    CHECK_THROWS_AS(idm::diagnose({}, arm_recipe), idm::DataError);
    CHECK_THROWS_AS(idm::diagnose(clean(), {.targets = {.columns = {"tau1"}}}), idm::ConfigError);
    CHECK_THROWS_AS(idm::diagnose(clean(), {.positions = {.columns = {"q1"}},
                                            .velocities = {.columns = {"qd1", "qd2"}},
                                            .targets = {.columns = {"tau1"}}}),
                    idm::ConfigError);
    CHECK_THROWS_AS(idm::diagnose(clean(), {.positions = {.columns = {"q9"}}, .targets = {.columns = {"tau1"}}}),
                    idm::DataError);
}
