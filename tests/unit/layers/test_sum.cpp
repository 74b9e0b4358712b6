#include <string>
#include <vector>

#include <idm/layers/init.hpp>
#include <idm/layers/sum.hpp>

#include "support/catch.hpp"
#include "support/network_run.hpp"

using namespace idm;
using namespace idm_test;

// x = (1, 2) then (3, 4), one channel each: net = Dense 2 x + 1, skip = Dense -x + 5.
TEMPLATE_TEST_CASE("Sum by hand", "[sum]", float, double) {
    using T = TestType;
    auto run = network_run<T>(Shape<2, 1>(), Sum(Dense<1>(), Dense<1>()), 2, Mode::training_to_input, 3);
    const std::vector<T> values[] = {{2}, {1}, {-1}, {5}};
    for (std::size_t i = 0; i < 4; ++i) run.named()[i].copy_from(values[i]);
    for (int pass = 1; pass <= 2; ++pass) {
        CHECK(run.forward({1, 2, 3, 4}) == std::vector<T>{7, 8, 9, 10});
        CHECK(run.backward({1, 10, 100, 1000}) == std::vector<T>{1, 10, 100, 1000});
        for (const std::size_t weight : {0u, 2u}) CHECK(run.named_gradient()[weight][0] == T(4321 * pass));
        for (const std::size_t bias : {1u, 3u}) CHECK(run.named_gradient()[bias][0] == T(1111 * pass));
    }
}

TEST_CASE("Sum: names, and a net that starts at zero", "[sum]") {
    auto run = network_run<float>(
        Shape<4, 2>(), Sequential(Sum(Sequential(Flatten(), Dense<3>(), ReLU(), Dense<2>()), WindowLinear<2, 4>())));
    const auto named = run.named();
    initialise_uniform<float>(named, 1);
    const std::vector<std::string> names = {"0.net.1.weight", "0.net.1.bias",  "0.net.3.weight",
                                            "0.net.3.bias",   "0.skip.weight", "0.skip.bias"};
    REQUIRE(named.size() == names.size());
    for (std::size_t i = 0; i < names.size(); ++i) {
        CHECK(named[i].name() == names[i]);
        for (Index j = 0; j < named[i].size(); ++j) CHECK((named[i][j] == 0) == (i == 2 || i == 3));
    }
    CHECK(named[4].shape() == std::vector<Index>{2, 2, 4});
}

TEST_CASE("Sum of different shapes is refused", "[sum]") {
    using In = Shape<dynamic, dynamic>;
    const auto make = [](Index taps) {
        return Network<In, Sum<Conv1D<>, Conv1D<>>>(In(9, 2), {Conv1D<>(3, 2), Conv1D<>(3, taps)});
    };
    CHECK(make(2).output_shape().length() == 8);
    REQUIRE_THROWS_AS(make(3), ShapeError);
    REQUIRE_THROWS_WITH(make(3), "Sum: expected a skip that gives the net's shape [8, 3], got [7, 3]");
}
