#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include <idm/layers/activation.hpp>

#include "support/catch.hpp"
#include "support/network_run.hpp"

using namespace idm;
using namespace idm_test;

namespace {

// At x = -1, 0, 2 (written out to 17 digits from the formulas) with d_y = 1, 2, 3.
template <class T, class L>
void check_by_hand(const L& layer, const std::vector<double>& y, const std::vector<double>& d_x) {
    const std::string name = layer.name();
    INFO(name);
    auto run = network_run<T>(Shape<3, 1>(), Sequential(layer));
    // A few roundings; GELU's slope at -1 is what is left of numbers six times as large, with an erf of 4 units
    // (tests/unit/kernels/test_functions.cpp).
    const double units = std::is_same_v<L, GELU> ? 6 * 4 : 8;
    const double tolerance = units * static_cast<double>(std::numeric_limits<T>::epsilon());
    for (int pass = 0; pass < 2; ++pass) {
        const auto got = run.forward({-1, 0, 2});
        const auto got_d_x = run.backward({1, 2, 3});
        for (std::size_t i = 0; i < 3; ++i) {
            CHECK(static_cast<double>(got[i]) == Approx(y[i]).epsilon(tolerance).margin(0));
            CHECK(static_cast<double>(got_d_x[i]) == Approx(d_x[i]).epsilon(tolerance).margin(0));
        }
    }
}

}  // namespace

TEMPLATE_TEST_CASE("activations by hand", "[activations]", float, double) {
    using T = TestType;
    check_by_hand<T>(LeakyReLU(0.25), {-0.25, 0, 2}, {0.25, 0.5, 3});
    // exp(-1) = 0.36787944117144233
    check_by_hand<T>(ELU(0.5), {-0.31606027941427883, 0, 2}, {0.18393972058572117, 1, 3});
    // tanh(1) = 0.76159415595576489, tanh(2) = 0.96402758007581688; slopes 1 - y^2
    check_by_hand<T>(Tanh(), {-0.76159415595576489, 0, 0.96402758007581688},
                     {0.41997434161402607, 2, 3 * 0.070650824853164432});
    // 1 / (1 + e) = 0.26894142136999512, 1 / (1 + exp(-2)) = 0.88079707797788244; slopes y (1 - y)
    check_by_hand<T>(Sigmoid(), {0.26894142136999512, 0.5, 0.88079707797788244},
                     {0.19661193324148185, 0.5, 3 * 0.10499358540350652});
    // log(1 + exp(-1)), log 2, log(1 + exp(2)); slopes: the sigmoid
    check_by_hand<T>(Softplus(), {0.31326168751822283, 0.69314718055994531, 2.1269280110429725},
                     {0.26894142136999512, 1, 3 * 0.88079707797788244});
    // x s; slopes s (1 + x (1 - s))
    check_by_hand<T>(SiLU(), {-0.26894142136999512, 0, 1.7615941559557649},
                     {0.07232948812851326, 1, 3 * 1.0907842487848955});
    // Phi(-1) = 0.15865525393145705, Phi(2) = 0.97724986805182079; densities 0.24197072451914337, 0.053990966513188063
    check_by_hand<T>(GELU(), {-0.15865525393145705, 0, 1.9544997361036416},
                     {-0.083315470587686315, 1, 3 * 1.0852318010781969});
}

TEMPLATE_TEST_CASE("activations far out: no overflow on the way, no NaN", "[activations]", float, double) {
    using T = TestType;
    const T far = std::is_same_v<T, float> ? T(1e30) : T(1e300);
    const auto ends = [far](const auto& layer, T low, T high, T low_slope, T high_slope) {
        const std::string name = layer.name();
        INFO(name);
        auto run = network_run<T>(Shape<2, 1>(), Sequential(layer));
        CHECK(run.forward({-far, far}) == std::vector<T>{low, high});
        CHECK(run.backward({1, 1}) == std::vector<T>{low_slope, high_slope});
    };
    ends(ELU(), -1, far, 0, 1);
    ends(Tanh(), -1, 1, 0, 0);
    ends(Sigmoid(), 0, 1, 0, 0);
    ends(Softplus(), 0, far, 0, 1);
    ends(SiLU(), 0, far, 0, 1);
    ends(GELU(), 0, far, 0, 1);
}

TEST_CASE("a slope or alpha below 0 is an error", "[activations]") {
    REQUIRE_THROWS_WITH(LeakyReLU(-1), "LeakyReLU: expected a negative_slope of 0 or more, got -1");
    REQUIRE_THROWS_AS(LeakyReLU(-1), ConfigError);
    REQUIRE_THROWS_WITH(ELU(-0.5), "ELU: expected an alpha of 0 or more, got -0.5");
    REQUIRE_THROWS_AS(ELU(-0.5), ConfigError);
}
