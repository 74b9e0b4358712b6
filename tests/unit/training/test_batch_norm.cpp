// A network with BatchNorm1D and Dropout from training to the folded network.

#include <cmath>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <idm/layers/batch_norm.hpp>
#include <idm/layers/dropout.hpp>
#include <idm/models/fold_batch_norm.hpp>
#include <idm/training/trainer.hpp>

#include "support/catch.hpp"
#include "support/small_dataset.hpp"

using namespace idm;
using namespace idm_test;

namespace {

using NormedNet = Sequential<Conv1D<16, 3, Padding::causal>, BatchNorm1D, ReLU, Dropout, LastStep, Dense<1>>;
using TestModel = Model<float, Shape<8, 2>, NormedNet>;

std::pair<TestModel, History> trained(const Dataset<float>& data, Sampling sampling, int threads,
                                      Index batch_size = 0) {
    TestModel model({8, 2}, NormedNet({}, BatchNorm1D(), {}, Dropout(0.1), {}, {}));
    model.initialise(1);
    TrainerConfig config;
    config.epochs = 8;
    config.sampling = sampling;
    config.threads = threads;
    if (batch_size > 0) config.batch_size = batch_size;
    History result = train(model, data, config);
    return {std::move(model), std::move(result)};
}

}  // namespace

TEST_CASE("BatchNorm1D and Dropout learn, on any number of threads, and fold away", "[batch_norm]") {
    const auto data = linear_dataset<float>({.rows = 200});
    const auto sampling = GENERATE(Sampling::windows, Sampling::sequences);
    const auto [model, result] = trained(data, sampling, 1);
    // The targets' variance, the loss of a model that has learned the mean alone, is (1 + 1/4 + 1/4) / 3 = 1/2.
    CHECK(result.epochs.back().validation_loss < 0.35);
    // All windows in one step are work for three threads.
    const auto one = trained(data, sampling, 1, 1000), several = trained(data, sampling, 3, 1000);
    CHECK(parameters_of(several.first) == parameters_of(one.first));

    // The best epoch's statistics are those of the convolution's outputs: bias and about |w|^2 / 3 of inputs in [-1,
    // 1).
    const auto named = model.named_parameters();
    REQUIRE(named[5].name() == "1.running_var");
    for (Index c = 0; c < 16; ++c) {
        double variance = 0;
        for (Index i = 0; i < 6; ++i) variance += std::pow(static_cast<double>(named[0][c * 6 + i]), 2) / 3;
        CHECK(static_cast<double>(named[4][c]) == Approx(static_cast<double>(named[1][c])).margin(0.1));
        CHECK(static_cast<double>(named[5][c]) == Approx(variance).epsilon(0.35));
    }

    const auto folded = fold_batch_norm(model);
    const auto rows = window_rows(data.split.test, 8, data.recipe.ahead, Rows::full);
    const auto y = predict_rows(model, data, rows), other = predict_rows(folded, data, rows);
    // Sums of 7 and 17 products in float, outputs of order 1.
    CHECK((y - other).cwiseAbs().maxCoeff() <= 1e-6F * (1 + y.cwiseAbs().maxCoeff()));
}
