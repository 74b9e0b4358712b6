#include <cmath>
#include <vector>

#include <idm/layers/init.hpp>

#include "support/catch.hpp"
#include "support/network_run.hpp"

using namespace idm;
using namespace idm_test;

TEST_CASE("initialisation is a function of the seed, inside +-1 / sqrt(fan_in)", "[init]") {
    const auto net = Sequential(Conv1D<64, 5>(), ReLU(), Flatten(), Dense<9>());
    auto a = network_run<double>(Shape<8, 3>(), net), b = a, c = a;
    initialise_uniform<double>(a.named(), 1);
    initialise_uniform<double>(b.named(), 1);
    initialise_uniform<double>(c.named(), 2);
    CHECK(values_of(a.parameters) == values_of(b.parameters));
    CHECK(values_of(a.parameters) != values_of(c.parameters));

    const std::vector<Index> fan_in{15, 15, 256, 256};
    const auto named = a.named();
    REQUIRE(named.size() == 4);
    for (std::size_t i = 0; i < 4; ++i) {
        CHECK(named[i].info().fan_in == fan_in[i]);
        const double bound = 1 / std::sqrt(static_cast<double>(fan_in[i]));
        double low = 0, high = 0, sum = 0, squares = 0;
        for (const double v : values_of(named[i])) {
            low = std::min(low, v);
            high = std::max(high, v);
            sum += v;
            squares += v * v;
        }
        CHECK(low >= -bound);
        CHECK(high < bound);
        // Of n uniform numbers the mean is within 5 sigma of 0, the extremes come near the bound.
        const double n = static_cast<double>(named[i].size()), sigma = bound / std::sqrt(3 * n);
        CHECK(std::abs(sum / n) < 5 * sigma);
        if (n > 500) {
            CHECK(low < -0.98 * bound);
            CHECK(high > 0.98 * bound);
            // Variance bound^2 / 3; the standard error of the mean square is bound^2 sqrt(4 / 45 / n).
            CHECK(std::abs(squares / n - bound * bound / 3) < 5 * bound * bound * std::sqrt(4 / 45.0 / n));
        }
    }
}

TEST_CASE("a change in one layer leaves the other layers' first numbers as they were", "[init]") {
    auto narrow = network_run<float>(Shape<8, 3>(), Sequential(Dense<4>(), ReLU(), Dense<2>()));
    auto wide = network_run<float>(Shape<8, 5>(), Sequential(Dense<4>(), ReLU(), Dense<2>()));
    initialise_uniform<float>(narrow.named(), 3);
    initialise_uniform<float>(wide.named(), 3);
    CHECK(values_of(narrow.named()[2]) == values_of(wide.named()[2]));
    CHECK(values_of(narrow.named()[3]) == values_of(wide.named()[3]));
}
