#include <cmath>
#include <limits>
#include <vector>

#include <idm/layers/batch_norm.hpp>
#include <idm/layers/init.hpp>

#include "support/catch.hpp"
#include "support/network_run.hpp"

using namespace idm;
using namespace idm_test;

namespace {

template <class T>
auto initialised(Index samples, Mode mode, double epsilon = 3, double momentum = 0.25) {
    auto run = network_run<T>(Shape<2, 1>(), Sequential(BatchNorm1D(epsilon, momentum)), samples, mode, samples + 1);
    const auto named = run.named();
    initialise_uniform<T>(named, 1);
    return run;
}

}  // namespace

// x = (1, 3) and (3, 1): mean 2, variance 1 (4/3 with divisor 3), scale 1/2 with epsilon 3. Normalised -1/2, 1/2, 1/2,
// -1/2; for d_y = (4, 0), (0, 0) times the weight 2 the sums are 8 and -4, so d_x = (8 - 2 - 1/2, -2 + 1/2) / 2 and
// (-2 + 1/2, -2 - 1/2) / 2. Momentum 1/4: the mean moves from 0 to 1/2, the variance from 1 to 13/12.
TEMPLATE_TEST_CASE("BatchNorm1D by hand", "[batch_norm]", float, double) {
    using T = TestType;
    auto run = initialised<T>(2, Mode::training_to_input);
    const auto named = run.named(), gradient = run.named_gradient();
    REQUIRE(named.size() == 4);
    CHECK(named[2].name() == "0.running_mean");
    CHECK(named[3].name() == "0.running_var");
    CHECK(!named[1].info().statistic);
    CHECK(named[2].info().statistic);
    CHECK(named[3].info().statistic);
    named[0][0] = 2;
    named[1][0] = 10;
    for (int pass = 1; pass <= 2; ++pass) {
        CHECK(run.forward({1, 3, 3, 1}) == std::vector<T>{9, 11, 11, 9});
        CHECK(run.backward({4, 0, 0, 0}) == std::vector<T>{2.75, -0.75, -0.75, -1.25});
        CHECK(gradient[0][0] == T(-2 * pass));
        CHECK(gradient[1][0] == T(4 * pass));
        CHECK(gradient[2][0] == T(-1 * pass));  // 2 samples * (0 - 1/2)
        CHECK(std::abs(gradient[3][0] + T(pass) / 6) <= 2 * std::numeric_limits<T>::epsilon());  // 2 * (1 - 13/12)
    }
}

TEMPLATE_TEST_CASE("BatchNorm1D outside of training takes the running statistics", "[batch_norm]", float, double) {
    using T = TestType;
    auto run = initialised<T>(1, Mode::inference);
    const T values[] = {2, 10, 1, 13};  // weight, bias, mean, variance: scale 1 / 4
    for (std::size_t i = 0; i < 4; ++i) run.named()[i][0] = values[i];
    for (int pass = 0; pass < 2; ++pass) CHECK(run.forward({5, -3}) == std::vector<T>{12, 8});
}

TEMPLATE_TEST_CASE("BatchNorm1D of one row, of none, and of equal rows", "[batch_norm]", float, double) {
    using T = TestType;
    auto one = network_run<T>(Shape<1, 2>(), Sequential(BatchNorm1D()));
    const auto named = one.named();
    initialise_uniform<T>(named, 1);
    CHECK(one.forward({5, -7}) == std::vector<T>{0, 0});
    CHECK(one.backward({1, 2}) == std::vector<T>{0, 0});
    CHECK(values_of(one.named_gradient()[3]) == std::vector<T>{0, 0});
    auto equal = initialised<T>(2, Mode::training_to_input);
    CHECK(equal.forward({4, 4, 4, 4}) == std::vector<T>{0, 0, 0, 0});
    equal.gradient.fill(0);
    equal.network.forward(equal.parameters.data(), equal.workspace, 0);
    equal.network.backward(equal.parameters.data(), equal.gradient.data(), equal.workspace, 0);
    CHECK(values_of(equal.gradient) == std::vector<T>(64, 0));
}

TEST_CASE("BatchNorm1D refuses settings out of range", "[batch_norm]") {
    REQUIRE_THROWS_AS(BatchNorm1D(0), ConfigError);
    REQUIRE_THROWS_WITH(BatchNorm1D(0), "BatchNorm1D: expected an epsilon above 0, got 0");
    REQUIRE_THROWS_WITH(BatchNorm1D(1, 2), "BatchNorm1D: expected a momentum in [0, 1], got 2");
}
