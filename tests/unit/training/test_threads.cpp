#include <vector>

#include <idm/models/cnn1.hpp>
#include <idm/models/cnn2.hpp>
#include <idm/training/trainer.hpp>

#include "support/catch.hpp"
#include "support/small_dataset.hpp"

using namespace idm;
using namespace idm_test;

namespace {

/// Weights and losses of a whole training.
template <class M>
auto trained(const Dataset<typename M::Scalar>& data, Index window, const TrainerConfig& config) {
    M model({window, 2, 2});
    model.initialise(3);
    const History history = train(model, data, config);
    std::vector<double> losses;
    for (const EpochReport& epoch : history.epochs) {
        losses.push_back(epoch.training_loss);
        losses.push_back(epoch.validation_loss);
    }
    return std::pair(parameters_of(model), losses);
}

/// The same bits for any number of threads; the batch neither fills its parts evenly nor divides the data.
template <class M>
void check_threads(Index window, TrainerConfig config, const SmallData& small = {.outputs = 2}) {
    const auto data = linear_dataset<typename M::Scalar>(small);
    config.epochs = 2;
    for (const Index parts : {4, 3, 1}) {
        config.gradient_parts = parts;
        config.threads = 1;
        const auto one = trained<M>(data, window, config);
        for (const int threads : {2, 3, 4}) {
            INFO(threads << " threads, " << parts << " parts");
            config.threads = threads;
            const auto several = trained<M>(data, window, config);
            CHECK(several.first == one.first);
            CHECK(several.second == one.second);
        }
    }
}

}  // namespace

TEMPLATE_TEST_CASE("training on windows has the same bits on any number of threads", "[threads]", float, double) {
    check_threads<Cnn1<TestType>>(8, {.batch_size = 50});
}

TEMPLATE_TEST_CASE("training on sequences has the same bits on any number of threads", "[threads]", float, double) {
    check_threads<Cnn2<TestType>>(31, {.batch_size = 35, .sampling = Sampling::sequences, .chunk = 5},
                                  {.trajectories = 5, .rows = 45, .outputs = 2});
}

TEST_CASE("a batch of fewer items than parts has the same bits on any number of threads", "[threads]") {
    const SmallData few{.trajectories = 3, .rows = 50, .outputs = 2};
    check_threads<Cnn1<float>>(8, {.batch_size = 3}, few);
    check_threads<Cnn2<float>>(31, {.batch_size = 16, .sampling = Sampling::sequences, .chunk = 16}, few);
}
