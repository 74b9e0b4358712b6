#include <idm/models/cnn1.hpp>
#include <idm/models/cnn2.hpp>
#include <idm/models/linear_skip.hpp>
#include <idm/training/ridge.hpp>
#include <idm/training/trainer.hpp>

#include "support/catch.hpp"
#include "support/small_dataset.hpp"

using namespace idm;
using namespace idm_test;

TEST_CASE("LinearSkip starts at the fitted Baseline and learns what it leaves, on chunks and on windows",
          "[sequence]") {
    const auto data = small_dataset<float>({.trajectories = 12, .rows = 100}, [](const auto& at, Index) {
        return at(0, 0) - at(3, 1) / 2 + at(1, 0) * at(1, 1);
    });
    Baseline<float> baseline({32, 2, 1});
    const double ridge = fit_ridge(baseline, data).validation_loss;
    const auto check = [&](auto model, Sampling sampling) {
        model.initialise(1);
        model.set_linear(baseline);
        const auto rows = window_rows(data.split.validation, 32, data.recipe.ahead, Rows::full);
        CHECK(mean_squared_error(model, data, rows) == Approx(ridge).epsilon(1e-6));
        TrainerConfig config;
        config.epochs = 8;
        config.sampling = sampling;
        config.threads = 1;
        train(model, data, config);
        CHECK(mean_squared_error(model, data, rows) < 0.9 * ridge);
    };
    SECTION("chunks") { check(LinearSkip<Cnn2<float>>({32, 2, 1}), Sampling::sequences); }
    SECTION("windows") { check(LinearSkip<Cnn1<float>>({32, 2, 1}), Sampling::windows); }
}
