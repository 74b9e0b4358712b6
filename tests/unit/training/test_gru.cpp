#include <idm/layers/gru.hpp>
#include <idm/models/model.hpp>
#include <idm/training/trainer.hpp>

#include "support/catch.hpp"
#include "support/small_dataset.hpp"

using namespace idm;
using namespace idm_test;

namespace {

using RecurrentNet = Sequential<GRU<12>, LastStep, Dense<1>>;

class Recurrent : public Model<float, Shape<8, 2>, RecurrentNet> {
public:
    Recurrent() : Model(Shape<8, 2>(), RecurrentNet()) {}
};

}  // namespace

TEST_CASE("a GRU network learns on windows, on sequences it is refused", "[gru]") {
    const auto data = linear_dataset<float>();
    Recurrent model;
    model.initialise(1);
    const TrainerConfig config{.epochs = 30, .batch_size = 32, .rate = 2e-2, .threads = 1};
    const History history = train(model, data, config);
    // The targets' variance is 1/3 (1 + 3/4) = 0.58: a model that ignores its input has that loss.
    CHECK(history.epochs.front().training_loss > 0.2);
    CHECK(history.epochs.back().training_loss < 0.03);

    TrainerConfig sequences = config;
    sequences.sampling = Sampling::sequences;
    REQUIRE_THROWS_AS(train(model, data, sequences), ConfigError);
    REQUIRE_THROWS_WITH(train(model, data, sequences), ContainsSubstring("needs a causal network"));
}
