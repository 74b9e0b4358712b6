#include <algorithm>
#include <cmath>
#include <set>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <idm/layers/without_padding.hpp>
#include <idm/models/cnn2.hpp>
#include <idm/training/trainer.hpp>

#include "support/catch.hpp"
#include "support/small_dataset.hpp"

using namespace idm;
using namespace idm_test;

namespace {

using Model2 = Cnn2<double>;
using Sequence = decltype(sequence_network(std::declval<const Model2&>().network(), 1));
using Windows = detail::WindowBatches<double, Model2::NetworkType>;
using Sequences = detail::SequenceBatches<double, Sequence>;
using Unpadded = decltype(without_padding(std::declval<const Sequence&>()));
static_assert(!std::is_same_v<Unpadded, Sequence>);

constexpr Index window = 31;

/// With an output for each row, or for those alone that depend on no padding.
template <class Net>
Net chunk_network(const Model2& model, Index chunk) {
    const Sequence sequence = sequence_network(model.network(), window - 1 + chunk);
    if constexpr (std::is_same_v<Net, Sequence>)
        return sequence;
    else
        return without_padding(sequence);
}

/// Loss and gradient, both summed over all targets.
struct Total {
    double loss = 0;
    Buffer<double> gradient;
};

template <class Batches>
Total sum_over(const Batches& batches, const Model2& model) {
    Total sum{0, Buffer<double>(static_cast<Index>(model.parameters().size()))};
    Workspace<double> workspace(batches.network().template workspace_shape<double>(1, Mode::training));
    for (Index item = 0; item < batches.items(); ++item) {
        batches.load(item, workspace.input(), 0);
        batches.network().forward(model.parameters().data(), workspace, 1);
        sum.loss += batches.loss(item, 1.0, workspace.output().sample(0), workspace.d_output().sample(0));
        batches.network().backward(model.parameters().data(), sum.gradient.data(), workspace, 1);
    }
    return sum;
}

double norm(const Buffer<double>& a) {
    double square = 0;
    for (Index i = 0; i < a.size(); ++i) square += a[i] * a[i];
    return std::sqrt(square);
}

/// Each row and output of a data set has a number of its own in input and target: the row, plus 1/4 in output 1.
Dataset<double> numbered_rows(Index rows, Index ahead) {
    auto data = linear_dataset<double>({.trajectories = 5, .rows = rows, .inputs = 1, .outputs = 2, .ahead = ahead});
    for (Index row = 0; row < data.inputs.rows(); ++row) {
        data.inputs(row, 0) = static_cast<double>(row + 1);
        data.targets.row(row) << static_cast<double>(row + 1), static_cast<double>(row + 1) + 0.25;
    }
    return data;
}

/// Rows that an epoch's items learn from, in order of the log; checks that each target stands where its window ends.
/// A prediction of 0 with a scale of -1/2 has the target as its gradient.
template <class Batches>
std::vector<Index> learned_rows(const Batches& batches, Index ahead) {
    const Index length = batches.network().input_shape().length(), outputs = batches.network().output_shape().size();
    std::vector<double> x(static_cast<std::size_t>(length)), y(static_cast<std::size_t>(outputs)), d_y(y);
    std::vector<Index> rows;
    for (Index item = 0; item < batches.items(); ++item) {
        batches.load(item, {x.data(), length}, 0);
        std::fill(d_y.begin(), d_y.end(), 99.0);  // whatever an earlier step left
        batches.loss(item, -0.5, y.data(), d_y.data());
        Index targets = 0;
        for (Index t = 0; t < outputs / 2; ++t) {
            const double target = d_y[static_cast<std::size_t>(2 * t)];
            if (target == 0) {
                REQUIRE(d_y[static_cast<std::size_t>(2 * t + 1)] == 0);
                continue;
            }
            REQUIRE(d_y[static_cast<std::size_t>(2 * t + 1)] == target + 0.25);
            rows.push_back(static_cast<Index>(target) - 1);
            ++targets;
            // The last output is that of the last step; a window network has this one alone.
            const Index end = length - outputs / 2 + t;
            for (Index i = 0; i < window; ++i)
                REQUIRE(x[static_cast<std::size_t>(end - i)] == target + static_cast<double>(ahead - i));
        }
        REQUIRE(batches.targets(item) == targets);
    }
    std::sort(rows.begin(), rows.end());
    return rows;
}

}  // namespace

TEMPLATE_TEST_CASE("chunks have the loss and the gradient of their windows", "[sequence]", Sequence, Unpadded) {
    const auto ahead = GENERATE(Index(0), Index(3));
    const auto chunk = GENERATE(Index(1), Index(7), Index(64));
    const auto data = linear_dataset<double>({.trajectories = 4, .rows = 40, .outputs = 2, .ahead = ahead});
    Model2 model({window, 2, 2});
    model.initialise(1);
    const auto sequence = chunk_network<TestType>(model, chunk);
    detail::SequenceBatches<double, TestType> chunks(sequence, data, data.split.train, window);
    const Total windows = sum_over(Windows(model.network(), data, data.split.train), model);
    Random random(5);
    for (int epoch = 0; epoch < 2; ++epoch) {
        const Total sum = sum_over(chunks, model);
        CHECK(sum.loss == Approx(windows.loss).epsilon(1e-14));
        Buffer<double> difference = sum.gradient;
        for (Index i = 0; i < difference.size(); ++i) difference[i] -= windows.gradient[i];
        CHECK(norm(difference) <= 1e-12 * norm(windows.gradient));
        CHECK(norm(windows.gradient) > 1);
        chunks.begin_epoch(random);
    }
}

TEMPLATE_TEST_CASE("an epoch of chunks learns from each full row once, wherever it is cut", "[sequence]", Sequence,
                   Unpadded) {
    const auto ahead = GENERATE(Index(0), Index(3), Index(30), Index(40));
    const auto chunk = GENERATE(Index(1), Index(5), Index(32), Index(200));
    const auto data = numbered_rows(50, ahead);
    const Model2 model({window, 1, 2});
    const auto sequence = chunk_network<TestType>(model, chunk);
    std::vector<Index> expected;
    for (const WindowRow& row : window_rows(data.split.train, window, ahead, idm::Rows::full))
        expected.push_back(row.row);
    detail::SequenceBatches<double, TestType> chunks(sequence, data, data.split.train, window);
    CHECK(learned_rows(chunks, ahead) == expected);
    Random random(1);
    std::set<std::vector<Index>> orders;
    for (int epoch = 0; epoch < 30; ++epoch) {
        chunks.begin_epoch(random);
        REQUIRE(learned_rows(chunks, ahead) == expected);
        std::vector<Index> order;
        for (Index item = 0; item < chunks.items(); ++item) order.push_back(chunks.targets(item));
        orders.insert(order);
    }
    // Other cuts in other epochs; chunks of one row can only be shuffled.
    if (chunk == 5) CHECK(orders.size() > 5);
}

TEST_CASE("an epoch of windows learns from each full row once", "[sequence]") {
    const auto ahead = GENERATE(Index(0), Index(3), Index(40));
    const auto data = numbered_rows(50, ahead);
    const Model2 model({window, 1, 2});
    std::vector<Index> expected;
    for (const WindowRow& row : window_rows(data.split.train, window, ahead, idm::Rows::full))
        expected.push_back(row.row);
    Windows windows(model.network(), data, data.split.train);
    Random random(1);
    for (int epoch = 0; epoch < 3; ++epoch) {
        windows.begin_epoch(random);
        CHECK(learned_rows(windows, ahead) == expected);
    }
}

TEST_CASE("chunks refuse trajectories shorter than the window, as windows do", "[sequence]") {
    const auto data = linear_dataset<double>({.rows = 30});
    const Model2 model({window, 2, 1});
    const Sequence sequence = sequence_network(model.network(), window - 1 + 8);
    const std::string message = message_of<DataError>([&] { Sequences(sequence, data, data.split.train, window); });
    CHECK_THAT(message, ContainsSubstring("30 rows, expected at least 31"));
    CHECK(message == message_of<DataError>([&] { Windows(model.network(), data, data.split.train); }));
}
