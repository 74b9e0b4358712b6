#include <idm/models/baseline.hpp>
#include <idm/models/cnn1.hpp>
#include <idm/models/cnn2.hpp>
#include <idm/models/linear_skip.hpp>

#include "gradients/central_difference.hpp"

using namespace idm;
using namespace gradients;

namespace {
// Numbers moved of each larger tensor: the largest model then takes seconds under the sanitizers too.
constexpr Index moved = 20;
}  // namespace

TEST_CASE("gradient of Baseline", "[gradients]") {
    check_gradient(Baseline<double>({8, 3, 2}).network(), 3);
    check_gradient(Baseline<double, 8, 3, 2>().network(), 3);
}

TEST_CASE("gradient of Cnn1", "[gradients]") {
    check_gradient(Cnn1<double>({9, 3, 2}).network(), 2, moved);
    check_gradient(Cnn1<double, 9, 3, 2>().network(), 2, moved);
}

TEST_CASE("gradient of Cnn1 with padding", "[gradients]") {
    check_gradient(Cnn1<double, dynamic, dynamic, dynamic, Padding::same>({7, 3, 2}).network(), 1, moved);
    check_gradient(Cnn1<double, dynamic, dynamic, dynamic, Padding::causal>({7, 3, 2}).network(), 1, moved);
}

TEST_CASE("gradient of Cnn2", "[gradients]") {
    check_gradient(Cnn2<double>({12, 3, 2}).network(), 1, moved);
    check_gradient(Cnn2<double, 12, 3, 2>().network(), 1, moved);
}

TEST_CASE("gradient of LinearSkip", "[gradients]") {
    check_gradient(LinearSkip<Cnn1<double>>({9, 3, 2}).network(), 2, moved);
    check_gradient(LinearSkip<Cnn2<double, 12, 3, 2>>().network(), 1, moved);
}
