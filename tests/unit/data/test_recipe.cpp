#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include <idm/data/features.hpp>

#include "files.hpp"

using idm::Index;
using Names = std::vector<std::string>;

namespace {

/// Two trajectories of a joint that moves on parabolas, q = a t^2 / 2 + b t in degrees, 0.1 s apart; the second begins
/// far from the end of the first.
idm::Log parabolas() {
    idm::Log log{.columns = {"t", "q", "qd", "force", "tau"}, .trajectories = {}};
    for (double a : {4.0, -6.0}) {
        idm::Trajectory trajectory{.name = a > 0 ? "up" : "down", .time = {}, .values = idm::Matrix<double>(7, 5)};
        for (int i = 0; i < 7; ++i) {
            const double t = 0.1 * i;
            trajectory.time.push_back(t);
            trajectory.values.row(i) << t, a * t * t / 2 + 10 * a, a * t, 100 + i, 7 * a + i;
        }
        log.trajectories.push_back(trajectory);
    }
    return log;
}

constexpr double degree = std::numbers::pi / 180;

}  // namespace

TEST_CASE("velocity and acceleration come from the positions of their own trajectory") {
    const auto features = idm::make_features<double>(
        parabolas(),
        {.positions = {.columns = {"q"}, .unit = idm::AngleUnit::degree}, .targets = {.columns = {"tau"}}});
    CHECK(features.input_names == Names{"q(q)", "qd(q)", "qdd(q)"});
    CHECK(features.target_names == Names{"tau"});
    CHECK(features.target_unit == "N m");
    CHECK(features.sample_period == Approx(0.1).epsilon(1e-12));
    CHECK(features.segments == std::vector<idm::Segment>{{0, 7, "up"}, {7, 14, "down"}});
    REQUIRE(features.inputs.rows() == 14);
    for (Index row = 0; row < 14; ++row) {
        const double a = row < 7 ? 4 : -6, t = 0.1 * static_cast<double>(row % 7);
        CHECK(features.inputs(row, 0) == Approx((a * t * t / 2 + 10 * a) * degree).epsilon(1e-12));
        CHECK(std::abs(features.inputs(row, 1) - a * t * degree) < 1e-12);
        CHECK(std::abs(features.inputs(row, 2) - a * degree) < 1e-11);
        CHECK(features.targets(row, 0) == 7 * a + static_cast<double>(row % 7));
    }
}

TEST_CASE("torques come from motor currents by a scale and sign for each joint") {
    // docs/logs.md: torque = current x torque constant x gear ratio; joint 2's motor turns the other way.
    const idm::Log log{
        .columns = {"q1", "q2", "i1", "i2"},
        .trajectories = {{.name = "run",
                          .time = {0, 0.01},
                          .values = (idm::Matrix<double>(2, 4) << 0, 0, 2, 3, 0, 0, -1, 0.5).finished()}}};
    const idm::Recipe recipe{.positions = {.columns = {"q1", "q2"}},
                             .targets = {.columns = {"i1", "i2"}, .scale = {0.05 * 100, -0.04 * 160}},
                             .use_velocities = false,
                             .use_accelerations = false};
    const auto features = idm::make_features<double>(log, recipe);
    CHECK(features.targets.isApprox((idm::Matrix<double>(2, 2) << 10, -19.2, -5, -3.2).finished(), 1e-15));
    CHECK(features.target_unit == "N m");
    CHECK(idm::make_features<float>(log, recipe).targets(0, 1) == Approx(-19.2f));
}

TEST_CASE("every input has its place, name, unit, sign and scale") {
    idm::Recipe recipe{.positions = {.columns = {"q"}, .unit = idm::AngleUnit::degree, .scale = {-2}},
                       .velocities = {.columns = {"2"}, .unit = idm::AngleUnit::degree, .scale = {0.5}},
                       .extras = {.columns = {"force"}, .scale = {10}},
                       .targets = {.columns = {"4"}, .scale = {-1}},
                       .target_unit = "N",
                       .use_sin = true,
                       .use_cos = true,
                       .sign_velocity = 0.01};
    const auto features = idm::make_features<double>(parabolas(), recipe);
    CHECK(features.input_names == Names{"q(q)", "qd(qd)", "qdd(qd)", "sin q(q)", "cos q(q)", "sign qd(qd)", "force"});
    CHECK(features.target_unit == "N");
    // Row 3 of the first trajectory: t = 0.3, q = 0.18 + 40 degrees, qd = 1.2 degrees/s.
    const double q = -2 * 40.18 * degree, qd = 0.5 * 1.2 * degree;
    const double expected[] = {q, qd, 0.5 * 4 * degree, std::sin(q), std::cos(q), std::tanh(qd / 0.01), 1030};
    for (Index i = 0; i < 7; ++i) CHECK(features.inputs(3, i) == Approx(expected[i]).epsilon(1e-11));
    CHECK(features.targets(3, 0) == -31);
    CHECK(idm::make_features<float>(parabolas(), recipe).inputs(3, 0) == static_cast<float>(features.inputs(3, 0)));
    recipe.use_positions = recipe.use_velocities = recipe.use_accelerations = recipe.use_sin = recipe.use_cos = false;
    CHECK(idm::make_features<double>(parabolas(), recipe).input_names == Names{"sign qd(qd)", "force"});
}

TEST_CASE("recorded accelerations are taken as they are") {
    const auto features = idm::make_features<double>(parabolas(), {.positions = {.columns = {"q"}},
                                                                   .accelerations = {.columns = {"force"}},
                                                                   .targets = {.columns = {"tau"}},
                                                                   .use_velocities = false});
    CHECK(features.input_names == Names{"q(q)", "qdd(force)"});
    CHECK(features.inputs(9, 1) == 102);
}

TEST_CASE("the filter's alignment reaches the features") {
    const auto features = idm::make_features<double>(
        parabolas(), {.positions = {.columns = {"force"}},
                      .targets = {.columns = {"tau"}},
                      .use_accelerations = false,
                      .filter = {.length = 3, .order = 1, .alignment = idm::Alignment::causal}});
    // force rises by 1 per 0.1 s; a causal slope over 3 samples starts at 0 and needs two rows to get there.
    const double expected[] = {0, 5, 10, 10};
    for (Index row = 0; row < 4; ++row) CHECK(std::abs(features.inputs(7 + row, 1) - expected[row]) < 1e-10);
}

TEST_CASE("the filter counts where something is derived, and by the highest derivative") {
    idm::Recipe recipe{.positions = {.columns = {"q"}}, .targets = {.columns = {"tau"}}, .filter = {.length = 9}};
    const auto derives = [&](Index derivative) {
        CHECK(idm::filter_derivative(recipe) == derivative);
        CHECK(idm::filter_span(recipe) == (derivative > 0 ? 9 : 1));
    };
    derives(2);
    recipe.velocities.columns = {"qd"};
    derives(1);
    recipe.accelerations.columns = {"force"};
    derives(0);
    recipe.velocities.columns = {};
    derives(1);
    recipe.accelerations.columns = {};
    recipe.use_accelerations = false;
    derives(1);
    recipe.use_velocities = false;
    derives(0);
    recipe.sign_velocity = 0.1;
    derives(1);
    recipe.positions.columns = {};
    derives(0);
}

TEST_CASE("the sample period is the log's, or stated, or an error") {
    const idm::Recipe recipe{.positions = {.columns = {"q"}}, .targets = {.columns = {"tau"}}};
    idm::Recipe stated = recipe;
    stated.sample_period = 0.1005;
    CHECK(idm::make_features<double>(parabolas(), stated).sample_period == 0.1005);
    stated.sample_period = 0.102;
    CHECK_THAT(message_of<idm::DataError>([&] { idm::make_features<double>(parabolas(), stated); }),
               ContainsSubstring("'up'") && ContainsSubstring("expected 0.102 s"));
    idm::Log timeless = parabolas();
    for (idm::Trajectory& trajectory : timeless.trajectories) trajectory.time.clear();
    CHECK_THAT(message_of<idm::DataError>([&] { idm::make_features<double>(timeless, recipe); }),
               ContainsSubstring("carries no time"));
    CHECK(idm::make_features<double>(timeless, stated).sample_period == 0.102);
    idm::Log mixed = parabolas();
    for (double& t : mixed.trajectories[1].time) t *= 2;
    CHECK_THROWS_AS(idm::make_features<double>(mixed, recipe), idm::DataError);
}

TEST_CASE("recipes that can't be followed are refused") {
    const idm::Log log = parabolas();
    const auto refuse = [&](const idm::Recipe& recipe) {
        return message_of<idm::ConfigError>([&] { idm::make_features<double>(log, recipe); });
    };
    CHECK_THAT(refuse({.positions = {.columns = {"q"}}}), ContainsSubstring("no targets"));
    CHECK_THAT(refuse({.targets = {.columns = {"tau"}}}), ContainsSubstring("no inputs"));
    CHECK_THAT(refuse({.positions = {.columns = {"q", "1"}}, .targets = {.columns = {"tau"}}}),
               ContainsSubstring("column 'q' is named twice for the positions"));
    CHECK_THAT(refuse({.positions = {.columns = {"q"}}, .targets = {.columns = {"tau", "force", "tau"}}}),
               ContainsSubstring("column 'tau' is named twice for the targets"));
    CHECK_THAT(refuse({.positions = {.columns = {"q"}, .scale = {1, 2}}, .targets = {.columns = {"tau"}}}),
               ContainsSubstring("expected 1 scales for the positions"));
    CHECK_THAT(refuse({.extras = {.columns = {"force"}}, .targets = {.columns = {"tau"}}, .use_sin = true}),
               ContainsSubstring("sin q"));
    CHECK_THAT(refuse({.extras = {.columns = {"force"}}, .targets = {.columns = {"tau"}}, .sign_velocity = 1}),
               ContainsSubstring("smooth sign"));
    CHECK_THAT(refuse({.positions = {.columns = {"q"}}, .targets = {.columns = {"tau"}}, .sign_velocity = -1}),
               ContainsSubstring("got -1"));
    CHECK_THAT(message_of<idm::DataError>([&] {
                   idm::make_features<double>(log, {.positions = {.columns = {"q"}}, .targets = {.columns = {"taU"}}});
               }),
               ContainsSubstring("is 'tau'"));
    CHECK_THAT(message_of<idm::DataError>([&] {
                   idm::make_features<double>(
                       log,
                       {.positions = {.columns = {"q"}}, .targets = {.columns = {"tau"}}, .filter = {.length = 9}});
               }),
               ContainsSubstring("'up' has 7 rows, expected at least 9"));
    CHECK_THAT(
        refuse({.positions = {.columns = {"q"}}, .targets = {.columns = {"tau"}}, .filter = {.length = 5, .order = 1}}),
        ContainsSubstring("polynomial order 1"));
    CHECK_THROWS_AS(idm::make_features<double>(idm::Log{}, {}), idm::DataError);
}

TEST_CASE("numbers that are not finite are found in logs made in memory, too") {
    idm::Log log = parabolas();
    log.trajectories[1].values(4, 4) = std::nan("");
    const idm::Recipe recipe{.positions = {.columns = {"q"}}, .targets = {.columns = {"tau"}}};
    CHECK_THAT(message_of<idm::DataError>([&] { idm::make_features<double>(log, recipe); }),
               ContainsSubstring("'down' row 4") && ContainsSubstring("'tau'"));
}

TEST_CASE("a column without a value is named when a recipe asks for it") {
    idm::Log log = parabolas();
    for (idm::Trajectory& trajectory : log.trajectories) trajectory.values.col(3).setConstant(std::nan(""));
    idm::Recipe recipe{.positions = {.columns = {"q"}}, .targets = {.columns = {"tau"}}};
    CHECK(idm::make_features<double>(log, recipe).inputs.rows() == 14);
    recipe.extras = {.columns = {"force"}};
    CHECK_THAT(message_of<idm::DataError>([&] { idm::make_features<double>(log, recipe); }),
               ContainsSubstring("column 'force' is empty or NaN in every row"));
}

TEST_CASE("a value that the model's type can't hold is named, with its row") {
    idm::Log log = parabolas();
    log.trajectories[1].values(4, 4) = -1e300;
    idm::Recipe recipe{.positions = {.columns = {"q"}}, .targets = {.columns = {"tau"}}};
    CHECK(idm::make_features<double>(log, recipe).targets(11, 0) == -1e300);
    CHECK_THAT(message_of<idm::DataError>([&] { idm::make_features<float>(log, recipe); }),
               ContainsSubstring("'down' row 4") && ContainsSubstring("'tau'") && ContainsSubstring("got -1e+300"));
    log.trajectories[1].values(4, 4) = 0;
    log.trajectories[0].values(2, 3) = 1e39;
    recipe.extras = {.columns = {"force"}};
    CHECK_THAT(message_of<idm::DataError>([&] { idm::make_features<float>(log, recipe); }),
               ContainsSubstring("'up' row 2") && ContainsSubstring("'force'") && ContainsSubstring("3.4"));
}

TEST_CASE("targets may be relative to state columns, each in its own unit") {
    const idm::Log log = parabolas();
    idm::Recipe recipe{.positions = {.columns = {"q"}},
                       .targets = {.columns = {"tau", "force"}, .scale = {1, 2}},
                       .target_origins = {.columns = {"q", "qd"}, .scale = {0.5, 1}}};
    const auto features = idm::make_features<double>(log, recipe);
    CHECK(features.target_names == Names{"tau", "force"});
    for (Index row = 0; row < 7; ++row) {
        const auto& down = log.trajectories[1].values;  // t, q, qd, force, tau
        CHECK(features.targets(7 + row, 0) == Approx(down(row, 4) - 0.5 * down(row, 1)));
        CHECK(features.targets(7 + row, 1) == Approx(2 * down(row, 3) - down(row, 2)));
    }
    recipe.target_origins = {.columns = {"q", "q"}};  // both from one state
    CHECK(idm::make_features<double>(log, recipe).targets(0, 1) == Approx(200 - 40));
    recipe.target_origins = {.columns = {"q"}};
    CHECK_THAT(message_of<idm::ConfigError>([&] { (void)idm::make_features<double>(log, recipe); }),
               ContainsSubstring("expected 2 target origins"));
}
