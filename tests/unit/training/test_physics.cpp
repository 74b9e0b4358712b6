// Known inverse dynamics and a model of what they leave: the data, the prediction, the scores.

#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>
#include <string>
#include <vector>

#include <idm/core/random.hpp>
#include <idm/models/baseline.hpp>
#include <idm/models/cnn1.hpp>
#include <idm/models/physics_residual.hpp>
#include <idm/robot/arm7.hpp>
#include <idm/robot/excitation.hpp>
#include <idm/robot/serial_chain.hpp>
#include <idm/training/physics.hpp>
#include <idm/training/ridge.hpp>
#include <idm/training/trainer.hpp>

#include "support/catch.hpp"
#include "support/small_dataset.hpp"

using namespace idm;
using idm_test::message_of;
using robot::Joint;
using robot::SerialChain;

namespace {

SerialChain without_friction(const SerialChain& chain) {
    std::vector<Joint> joints(chain.joints().begin(), chain.joints().end());
    for (Joint& joint : joints) joint.viscous = joint.coulomb = 0;
    return SerialChain(joints, chain.gravity());
}

Recipe recipe_of(Index joints) {
    return {.positions = {.columns = numbered("q{}", 1, joints)},
            .velocities = {.columns = numbered("qd{}", 1, joints)},
            .accelerations = {.columns = numbered("qdd{}", 1, joints)},
            .targets = {.columns = numbered("tau{}", 1, joints)}};
}

/// An exact record of q, qd, qdd and tau at 100 Hz.
Log exact_log(const SerialChain& chain, Index trajectories) {
    const auto n = static_cast<std::size_t>(chain.size());
    Log log;
    for (const char* pattern : {"q{}", "qd{}", "qdd{}", "tau{}"})
        for (const std::string& name : numbered(pattern, 1, chain.size())) log.columns.push_back(name);
    for (Index k = 0; k < trajectories; ++k) {
        const robot::Excitation motion(chain, {.duration = 4}, Random(5, static_cast<std::uint64_t>(k)));
        Trajectory trajectory{std::to_string(k), {}, Matrix<double>(400, 4 * chain.size())};
        for (Index row = 0; row < 400; ++row) {
            trajectory.time.push_back(0.01 * static_cast<double>(row));
            double* out = &trajectory.values(row, 0);
            motion.at(trajectory.time.back(), {out, n}, {out + n, n}, {out + 2 * n, n});
            chain.inverse_dynamics({out, n}, {out + n, n}, {out + 2 * n, n}, {out + 3 * n, n});
        }
        log.trajectories.push_back(std::move(trajectory));
    }
    return log;
}

/// Two links in a vertical plane, with friction.
SerialChain two_links() {
    Joint joint;
    joint.axis = {0, -1, 0};
    joint.mass = 2;
    joint.com = {0.3, 0, 0};
    joint.inertia.yy = 0.02;
    joint.viscous = 0.8;
    joint.coulomb = 1.5;
    joint.coulomb_speed = 0.1;
    joint.q_min = -2, joint.q_max = 2, joint.qd_max = 2, joint.qdd_max = 20;
    Joint second = joint;
    second.xyz = {0.6, 0, 0};
    return SerialChain({joint, second});
}

/// One joint at 10 Hz: q = t^2, tau = 7 + t, in four trajectories of 100 rows.
Log parabola() {
    Log log;
    log.columns = {"q", "tau"};
    for (int k = 0; k < 4; ++k) {
        Trajectory trajectory{std::to_string(k), {}, Matrix<double>(100, 2)};
        for (Index row = 0; row < 100; ++row) {
            const double t = 0.1 * static_cast<double>(row);
            trajectory.time.push_back(t);
            trajectory.values.row(row) << t * t, 7 + t;
        }
        log.trajectories.push_back(std::move(trajectory));
    }
    return log;
}

const Recipe parabola_recipe{.positions = {.columns = {"q"}}, .targets = {.columns = {"tau"}}};
const auto nothing = [](const auto& q, const auto&, const auto&) { return Vector<double>(0 * q); };

template <class T>
Matrix<double> denormalised_targets(const Dataset<T>& data) {
    Matrix<T> targets = data.targets;
    data.normaliser.denormalise_targets(targets);
    return targets.template cast<double>();
}

}  // namespace

TEST_CASE("what the exact rigid body leaves of an arm's torques is friction alone", "[physics]") {
    const SerialChain arm = robot::arm7(), rigid = without_friction(arm);
    const Log log = exact_log(arm, 5);
    const auto data = physics::make_residual_dataset<double>(
        log, recipe_of(7), ByTrajectory{}, [&](const auto&... state) { return rigid.inverse_dynamics(state...); });
    const Matrix<double> left = denormalised_targets(data);
    REQUIRE(left.rows() == 2000);
    double worst = 0, worst_sum = 0;
    for (Index row = 0; row < left.rows(); ++row) {
        const auto recorded = log.trajectories[static_cast<std::size_t>(row / 400)].values.row(row % 400);
        for (Index j = 0; j < 7; ++j) {
            worst = std::max(worst, std::abs(left(row, j) - arm.friction(j, recorded(7 + j))));
            worst_sum = std::max(worst_sum, std::abs(left(row, j) + data.dynamics(row, j) - recorded(21 + j)));
        }
    }
    // Torques of up to 87 N m, 16 digits.
    CHECK(worst < 1e-12);
    CHECK(worst_sum < 1e-12);
    CHECK(data.target_names[2] == "tau3 - F");
    CHECK(data.recipe.targets.columns == recipe_of(7).targets.columns);
    CHECK(data.recipe.window == recipe_of(7).window);
}

TEST_CASE("degrees and a torque's sign and scale do not change what is left", "[physics]") {
    const SerialChain arm = two_links(), rigid = without_friction(arm);
    const auto dynamics = [&](const auto&... state) { return rigid.inverse_dynamics(state...); };
    Log log = exact_log(arm, 5);
    Recipe recipe = recipe_of(2);
    const auto expected = physics::make_residual_dataset<double>(log, recipe, ByTrajectory{}, dynamics);
    for (Trajectory& trajectory : log.trajectories) {
        trajectory.values.leftCols(6) *= 180 / std::numbers::pi;
        trajectory.values.col(7) /= -0.25;  // a motor current
    }
    recipe.positions.unit = recipe.velocities.unit = recipe.accelerations.unit = AngleUnit::degree;
    recipe.targets.scale = {1, -0.25};
    const auto data = physics::make_residual_dataset<double>(log, recipe, ByTrajectory{}, dynamics);
    CHECK((denormalised_targets(data) - denormalised_targets(expected)).cwiseAbs().maxCoeff() < 1e-12);
    CHECK((data.inputs - expected.inputs).cwiseAbs().maxCoeff() < 1e-12);
    CHECK(data.recipe.targets.scale == recipe.targets.scale);
}

TEST_CASE("F gets the filter's derivatives where the log has positions only", "[physics]") {
    // q = t^2: qd = 2 t and qdd = 2, which the filter's polynomial gives exactly. F = 3 qdd + qd + q leaves
    // 7 + t - 6 - 2 t - t^2.
    const auto dynamics = [](const auto& q, const auto& qd, const auto& qdd) {
        return Vector<double>(3 * qdd + qd + q);
    };
    Recipe recipe = parabola_recipe;
    recipe.use_velocities = GENERATE(true, false);  // what the model sees does not matter
    recipe.use_accelerations = recipe.use_velocities;
    const auto data = physics::make_residual_dataset<double>(parabola(), recipe, ByTrajectory{}, dynamics);
    CHECK(data.inputs.cols() == (recipe.use_velocities ? 3 : 1));
    const Matrix<double> left = denormalised_targets(data);
    for (Index row = 0; row < 400; ++row) {
        const double t = 0.1 * static_cast<double>(row % 100);
        REQUIRE(left(row, 0) == Approx(1 - t - t * t).margin(1e-9));
        REQUIRE(data.dynamics(row, 0) == Approx(6 + 2 * t + t * t).margin(1e-9));
    }
}

TEST_CASE("blocks keep the gap that F's filter needs", "[physics]") {
    Recipe recipe = parabola_recipe;
    recipe.window = 4;
    recipe.use_velocities = recipe.use_accelerations = false;
    const ByBlock rule{};
    const auto begin_of_validation = [&](const auto& data) {
        return data.split.validation.front().begin - data.split.train.front().end;
    };
    const auto plain = make_dataset<double>(parabola(), recipe, rule);
    const auto data = physics::make_residual_dataset<double>(parabola(), recipe, rule, nothing);
    recipe.use_velocities = recipe.use_accelerations = true;
    const auto all = make_dataset<double>(parabola(), recipe, rule);
    CHECK(begin_of_validation(data) == begin_of_validation(all));
    CHECK(begin_of_validation(data) > begin_of_validation(plain));
}

TEMPLATE_TEST_CASE("a state's prediction, worked out by hand", "[physics]", float, double) {
    using T = TestType;
    // x = (window - [1, 2]) / [2, 4] = [[1, 0], [2, 1]]; y = 0.5 * 1 - 1 * 0 + 2 * 2 + 0.25 * 1 + 3 = 7.75;
    // denormalised 7.75 * 2 - 1 = 14.5; F = q + 10 qd + 100 qdd = 321.
    Baseline<T> model({2, 2, 1});
    const auto named = model.named_parameters();
    // PyTorch's columns run over channels first: channel 0 of both steps, then channel 1.
    const std::array<double, 4> weight{0.5, 2, -1, 0.25};
    for (Index i = 0; i < 4; ++i) named[0][i] = static_cast<T>(weight[static_cast<std::size_t>(i)]);
    named[1][0] = 3;
    Vector<T> input_mean(2), input_scale(2);
    input_mean << 1, 2;
    input_scale << 2, 4;
    const auto one = [](double value) { return Vector<T>(Vector<T>::Constant(1, static_cast<T>(value))); };
    const Normaliser<T> normaliser(input_mean, input_scale, one(-1), one(2));
    const auto dynamics = [](const auto& q, const auto& qd, const auto& qdd) {
        return Vector<double>(q + 10 * qd + 100 * qdd);
    };
    const physics::Residual residual(dynamics, model, normaliser);
    auto workspace = residual.model().make_workspace(1);
    const auto state = [](double value) { return Vector<double>(Vector<double>::Constant(1, value)); };
    const std::vector<T> window{3, 2, 5, 6};
    for (int twice = 0; twice < 2; ++twice) {
        std::vector<double> tau{-1};
        residual.predict(state(1), state(2), state(3), window, workspace, tau);
        CHECK(tau[0] == 14.5 + 321);
    }
    std::vector<double> two(2), tau(1);
    CHECK_THROWS_AS(residual.predict(state(1), state(2), state(3), window, workspace, two), ShapeError);
    CHECK_THROWS_AS(residual.predict(state(1), state(2), state(3), std::span(window).first(3), workspace, tau),
                    ShapeError);
    const physics::Residual wrong([](const auto&...) { return Vector<double>(Vector<double>::Zero(2)); }, model,
                                  normaliser);
    CHECK_THROWS_WITH(wrong.predict(state(1), state(2), state(3), window, workspace, tau),
                      ContainsSubstring("expected inverse dynamics of 1 torques (the model's outputs), got 2"));
    CHECK_THROWS_AS(physics::Residual(nothing, model, Normaliser<T>(one(0), one(1), one(0), one(1))), ShapeError);
}

TEMPLATE_TEST_CASE("rows are predicted and scored as the sum of F and model", "[physics]", float, double) {
    using T = TestType;
    const SerialChain arm = two_links(), rigid = without_friction(arm);
    const auto dynamics = [&](const auto&... state) { return rigid.inverse_dynamics(state...); };
    const Log log = exact_log(arm, 5);
    const auto data = physics::make_residual_dataset<T>(log, recipe_of(2), ByTrajectory{}, dynamics);
    Baseline<T> model({4, data.inputs.cols(), 2});
    fit_ridge(model, data);
    const EvaluationSet set = evaluation_set(data, data.split.test);
    const Matrix<double> predicted = physics::predict(model, data, set);
    REQUIRE(predicted.rows() == 400);

    // The same by the control loop's call, with features in their own units.
    const physics::Residual residual(dynamics, model, data.normaliser);
    auto workspace = residual.model().make_workspace(1);
    const auto recorded = [&](Index row, Index first) {
        const Index at = set.rows[static_cast<std::size_t>(row)].row;
        const auto& values = log.trajectories[static_cast<std::size_t>(at / 400)].values;
        return Vector<double>(values.row(at % 400).segment(first, 2).transpose());
    };
    double worst = 0;
    for (const Index row : {3, 100, 399}) {
        std::vector<T> window;
        for (Index back = 3; back >= 0; --back)
            for (Index first = 0; first < 6; first += 2)
                for (const double value : recorded(row - back, first)) window.push_back(static_cast<T>(value));
        std::vector<double> tau(2);
        residual.predict(recorded(row, 0), recorded(row, 2), recorded(row, 4), window, workspace, tau);
        for (Index j = 0; j < 2; ++j)
            worst = std::max(worst, std::abs(tau[static_cast<std::size_t>(j)] - predicted(row, j)));
    }
    // Two ways to normalise 24 numbers and sum their products; features of up to 20, torques of up to 30.
    CHECK(worst < 1000 * std::numeric_limits<T>::epsilon());

    // Scores are those of the whole torque.
    Matrix<double> measured(400, 2), known(400, 2);
    for (Index row = 0; row < 400; ++row) {
        measured.row(row) = recorded(row, 6).transpose();
        known.row(row) = rigid.inverse_dynamics(recorded(row, 0), recorded(row, 2), recorded(row, 4)).transpose();
    }
    const std::span<const Index> scored(set.scored);
    const Score both = physics::evaluate(model, data, data.split.test);
    CHECK(both.scored.rmse == Approx(evaluate_predictions(measured, predicted, scored).rmse).epsilon(1e-4));
    CHECK(both.all_rows.nmse == Approx(evaluate_predictions(measured, predicted).nmse).epsilon(1e-4));
    const Score alone = physics::evaluate_dynamics(data, data.split.test);
    CHECK(alone.scored.nmse == Approx(evaluate_predictions(measured, known, scored).nmse).epsilon(1e-4));
    CHECK(both.scored.nmse < alone.scored.nmse);
    // The error in N m is that of the model on what F leaves.
    CHECK(both.scored.rmse == Approx(evaluate(model, data, data.split.test).scored.rmse).epsilon(1e-4));
}

TEST_CASE("rigid body and network together beat each of them alone", "[physics]") {
    const SerialChain arm = two_links(), rigid = without_friction(arm);
    const Log log = exact_log(arm, 8);
    const auto plain = make_dataset<float>(log, recipe_of(2), ByTrajectory{});
    const auto data = physics::make_residual_dataset<float>(
        log, recipe_of(2), ByTrajectory{}, [&](const auto&... state) { return rigid.inverse_dynamics(state...); });
    const TrainerConfig config{.epochs = 6, .threads = 1};
    Cnn1<float> network({8, 6, 2}), correction({8, 6, 2});
    network.initialise(1);
    correction.initialise(1);
    train(network, plain, config);
    train(correction, data, config);
    const double together = physics::evaluate(correction, data, data.split.test).scored.nmse;
    CHECK(together < 0.25 * physics::evaluate_dynamics(data, data.split.test).scored.nmse);
    CHECK(together < 0.5 * evaluate(network, plain, plain.split.test).scored.nmse);
}

TEST_CASE("residual data refuse what does not fit together", "[physics]") {
    const auto make = [](const Log& log, const Recipe& recipe, const auto& dynamics) {
        return [&] { physics::make_residual_dataset<double>(log, recipe, ByTrajectory{}, dynamics); };
    };
    const Log log = parabola();
    CHECK_THAT(message_of<ConfigError>(
                   make(log, {.positions = {.columns = {"q"}}, .targets = {.columns = {"tau", "q"}}}, nothing)),
               ContainsSubstring("1 positions, expected as many targets"));
    CHECK_THAT(message_of<ConfigError>(make(log, {.positions = {.columns = {"q"}}}, nothing)),
               ContainsSubstring("got 0, 0 and 0"));
    const auto three = [](const auto&...) { return Vector<double>(Vector<double>::Zero(3)); };
    CHECK_THAT(message_of<ShapeError>(make(log, parabola_recipe, three)),
               ContainsSubstring("expected inverse dynamics of 1 torques, one for each position and target, got 3"));
    const auto nan = [](const auto& q, const auto&, const auto&) {
        return Vector<double>(q.array() / (q(0) < 0.05 && q(0) > 0 ? 0.0 : 1.0));
    };
    CHECK_THAT(message_of<NumericError>(make(log, parabola_recipe, nan)),
               ContainsSubstring("NaN or infinity in row 1 (counted from 0)"));
    Log named = log;
    named.columns[0] = "tau - F";
    CHECK_THAT(message_of<DataError>(
                   make(named, {.positions = {.columns = {"tau - F"}}, .targets = {.columns = {"tau"}}}, nothing)),
               ContainsSubstring("'tau - F' of its own"));
}
