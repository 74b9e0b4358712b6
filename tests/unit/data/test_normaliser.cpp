#include <cmath>
#include <string>
#include <vector>

#include <idm/data/normaliser.hpp>

#include "files.hpp"

using idm::Index;
using idm::Matrix;
using Names = std::vector<std::string>;

namespace {

template <class T>
struct Data {
    // Rows 0 to 3 and 6 are for training; the others would change every mean and scale.
    Matrix<T> inputs = (Matrix<T>(7, 2) << 1, 5, 3, 5, 5, 5, 7, 5, 100, -7, 200, 8, 4, 5).finished();
    Matrix<T> targets = (Matrix<T>(7, 1) << -2, 2, -2, 2, 50, 60, 0).finished();
    std::vector<idm::Segment> train = {{0, 4, "a"}, {6, 7, "b"}};
    idm::Normaliser<T> normaliser = idm::Normaliser<T>::fit(inputs, targets, train, {"moving", "resting"}, {"tau"});
};

}  // namespace

TEMPLATE_TEST_CASE("mean and population deviation of the training rows alone", "", float, double) {
    Data<TestType> data;
    const auto& normaliser = data.normaliser;
    CHECK(normaliser.input_mean()[0] == TestType(4));   // (1 + 3 + 5 + 7 + 4) / 5
    CHECK(normaliser.input_scale()[0] == TestType(2));  // sqrt((9 + 1 + 1 + 9 + 0) / 5)
    CHECK(normaliser.target_mean()[0] == TestType(0));
    CHECK(normaliser.target_scale()[0] == static_cast<TestType>(std::sqrt(16.0 / 5)));
    normaliser.normalise_inputs(data.inputs);
    CHECK(data.inputs(0, 0) == TestType(-1.5));
    CHECK(data.inputs(4, 0) == TestType(48));
}

TEMPLATE_TEST_CASE("a constant input keeps scale 1 and is named", "", float, double) {
    Data<TestType> data;
    CHECK(data.normaliser.constant_inputs() == Names{"resting"});
    CHECK(data.normaliser.input_scale()[1] == TestType(1));
    data.normaliser.normalise_inputs(data.inputs);
    CHECK(data.inputs(0, 1) == TestType(0));
    CHECK(data.inputs(5, 1) == TestType(3));
    // 0.1 summed ten times is off its mean by roundings; they are no signal.
    Matrix<TestType> rounded = Matrix<TestType>::Constant(10, 1, TestType(0.1));
    rounded(3, 0) = std::nextafter(TestType(0.1), TestType(1));
    const Matrix<TestType> targets = Matrix<TestType>::Random(10, 1);
    const std::vector<idm::Segment> all = {{0, 10, "all"}};
    CHECK(idm::Normaliser<TestType>::fit(rounded, targets, all, {"x"}, {"tau"}).constant_inputs() == Names{"x"});
}

TEMPLATE_TEST_CASE("a small signal on a large offset is kept", "", float, double) {
    // 1000 + 1 mm steps: the plain sum of squares in float would lose them.
    Matrix<TestType> inputs(1000, 1);
    for (Index i = 0; i < 1000; ++i) inputs(i, 0) = i % 2 ? TestType(1000.5) : TestType(1000);
    const Matrix<TestType> targets = inputs;
    const std::vector<idm::Segment> all = {{0, 1000, "all"}};
    const auto normaliser = idm::Normaliser<TestType>::fit(inputs, targets, all, {"x"}, {"tau"});
    CHECK(normaliser.input_mean()[0] == TestType(1000.25));
    CHECK(normaliser.input_scale()[0] == TestType(0.25));
}

TEMPLATE_TEST_CASE("targets return to their unit", "", float, double) {
    Data<TestType> data;
    const Matrix<TestType> before = data.targets;
    data.normaliser.normalise_targets(data.targets);
    CHECK(data.targets(1, 0) == TestType(2) / static_cast<TestType>(std::sqrt(16.0 / 5)));
    CHECK(data.normaliser.denormalise_target(TestType(0.5), 0) ==
          TestType(0.5) * static_cast<TestType>(std::sqrt(16.0 / 5)));
    data.normaliser.denormalise_targets(data.targets);
    for (Index row = 0; row < 7; ++row)
        CHECK(data.targets(row, 0) == Approx(before(row, 0)).epsilon(4 * std::numeric_limits<TestType>::epsilon()));
}

TEST_CASE("a constant target is refused by name") {
    const Matrix<double> inputs = Matrix<double>::Random(4, 1);
    Matrix<double> targets = Matrix<double>::Random(4, 2);
    targets.col(1).setConstant(3);
    targets(3, 1) = 4;  // varies, but not in the training rows
    const std::vector<idm::Segment> train = {{0, 3, "a"}};
    CHECK_THAT(message_of<idm::DataError>([&] {
                   idm::Normaliser<double>::fit(inputs, targets, train, {"q"}, {"tau1", "tau2"});
               }),
               ContainsSubstring("'tau2' has the constant value 3"));
    CHECK_THROWS_AS(idm::Normaliser<double>::fit(inputs, targets, {}, {"q"}, {"tau1", "tau2"}), idm::DataError);
}

TEST_CASE("stored values are checked") {
    using V = idm::Vector<double>;
    const V one = V::Ones(1), two = V::Ones(2);
    const idm::Normaliser<double> normaliser(two, two, one, one);
    Matrix<double> narrow = Matrix<double>::Zero(3, 1);
    CHECK_THROWS_AS(normaliser.normalise_inputs(narrow), idm::ShapeError);
    CHECK_NOTHROW(normaliser.normalise_targets(narrow));
    CHECK_THROWS_AS(idm::Normaliser<double>(two, one, one, one), idm::ShapeError);
    CHECK_THROWS_AS(idm::Normaliser<double>(one, V::Zero(1), one, one), idm::DataError);
    CHECK_THROWS_AS(idm::Normaliser<double>(one, one, one, -one), idm::DataError);
    CHECK_THROWS_AS(idm::Normaliser<double>(one * std::nan(""), one, one, one), idm::DataError);
}
