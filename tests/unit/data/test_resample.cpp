#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include <idm/data/log_reader.hpp>
#include <idm/data/resample.hpp>

#include "files.hpp"

using idm::Index;

namespace {

/// One column, value(t), at the given stamps.
template <class F>
idm::Trajectory trajectory(std::vector<double> time, F value) {
    idm::Trajectory out{.name = "run", .time = std::move(time), .values = {}};
    out.values.resize(std::ssize(out.time), 1);
    for (std::size_t i = 0; i < out.time.size(); ++i) out.values(static_cast<Index>(i), 0) = value(out.time[i]);
    return out;
}

std::vector<double> even(Index rows, double rate) {
    std::vector<double> time;
    for (Index i = 0; i < rows; ++i) time.push_back(static_cast<double>(i) / rate);
    return time;
}

}  // namespace

TEST_CASE("stamps tell their period, jitter, gaps, duplicates and late rows") {
    const std::vector<double> time = {0, 1, 2.25, 3, 3, 4, 10, 11, 10.5, 12};
    const idm::TimeReport report = idm::inspect_time(time);
    CHECK(report.period == 1);
    CHECK(report.jitter == 0.5);  // 10.5 to 12
    CHECK(report.longest_step == 6);
    CHECK(report.largest_return == 0.5);
    CHECK(report.gaps == 1);
    CHECK(report.duplicates == 1);
    CHECK(report.out_of_order == 1);
    CHECK(idm::inspect_time(std::vector<double>{}).period == 0);
    CHECK_THROWS_AS(idm::inspect_time(time, 1), idm::ConfigError);
}

TEST_CASE("late rows are sorted, of equal stamps the first stays, a clock set back is an error") {
    idm::Trajectory late = trajectory({0, 2, 1, 3, 3, 4}, [](double t) { return t; });
    late.values(4, 0) = 99;
    const idm::Trajectory sorted = idm::sort_by_time(late);
    CHECK(sorted.time == std::vector<double>{0, 1, 2, 3, 4});
    for (Index i = 0; i < 5; ++i) CHECK(sorted.values(i, 0) == static_cast<double>(i));
    const auto back = trajectory({0, 1, 2, 3, 4, 5, 0, 1}, [](double t) { return t; });
    CHECK_THAT(message_of<idm::DataError>([&] { (void)idm::sort_by_time(back); }), ContainsSubstring("back by 5 s"));
    CHECK_THAT(message_of<idm::DataError>([&] { (void)idm::resample(back, {.rate = 1}); }),
               ContainsSubstring("rising stamps"));
}

TEST_CASE("a trajectory is split at gaps") {
    const auto pieces = idm::split_at_gaps(trajectory({0, 1, 2, 6, 7, 11.5}, [](double t) { return t; }));
    REQUIRE(pieces.size() == 2);  // 4 steps are no gap yet, 4.5 are
    CHECK(pieces[0].time.size() == 5);
    CHECK(pieces[1].values(0, 0) == 11.5);
}

TEST_CASE("linear interpolation keeps lines and cubic parabolas, on uneven stamps, to the ends") {
    const std::vector<double> uneven = {0, 0.07, 0.2, 0.31, 0.38, 0.5};
    const auto line = [](double t) { return 3 - 2 * t; };
    const auto parabola = [](double t) { return 1 + t - 4 * t * t; };
    for (const auto kind : {idm::Interpolation::linear, idm::Interpolation::cubic}) {
        const auto out = idm::resample(trajectory(uneven, line), {.rate = 20, .interpolation = kind});
        REQUIRE(out.time.size() == 11);
        for (Index i = 0; i < 11; ++i) CHECK(out.values(i, 0) == Approx(line(0.05 * static_cast<double>(i))));
    }
    const auto out = idm::resample(trajectory(uneven, parabola), {.rate = 20});
    for (Index i = 0; i < 11; ++i) CHECK(out.values(i, 0) == Approx(parabola(0.05 * static_cast<double>(i))));
    // Halfway between 0 and 0.07 a chord lies below the parabola by 4 * 0.035^2.
    const auto chord =
        idm::resample(trajectory(uneven, parabola), {.rate = 1 / 0.035, .interpolation = idm::Interpolation::linear});
    CHECK(chord.values(1, 0) == Approx(parabola(0.035) - 4 * 0.035 * 0.035));
}

TEST_CASE("rows that are even already stay") {
    const auto wave = trajectory(even(50, 100), [](double t) { return std::sin(20 * t); });
    const auto out = idm::resample(wave, {.rate = 100});
    REQUIRE(out.values.rows() == 50);
    CHECK((out.values - wave.values).cwiseAbs().maxCoeff() < 1e-12);
}

TEST_CASE("a falling rate keeps slow motion and lines, and removes what would alias") {
    const auto at = [](double frequency) {
        return [=](double t) { return std::sin(2 * std::numbers::pi * frequency * t); };
    };
    const auto slow = idm::resample(trajectory(even(2001, 1000), at(1)), {.rate = 50});
    REQUIRE(slow.values.rows() == 101);
    for (Index i = 0; i < 101; ++i)
        CHECK(slow.values(i, 0) == Approx(at(1)(0.02 * static_cast<double>(i))).margin(2e-3));
    // 45 Hz sampled at 50 Hz would look like 5 Hz of full size. 160 ms at each end see the continued signal.
    const auto fast = idm::resample(trajectory(even(2001, 1000), at(45)), {.rate = 50});
    CHECK(fast.values.middleRows(8, 85).cwiseAbs().maxCoeff() < 3e-3);
    const auto line = idm::resample(trajectory(even(2001, 1000), [](double t) { return 5 - 3 * t; }), {.rate = 33});
    for (Index i = 0; i < line.values.rows(); ++i)
        CHECK(line.values(i, 0) == Approx(5 - 3 * static_cast<double>(i) / 33).margin(1e-12));
}

TEST_CASE("a log that jitters is read when resampling is asked for") {
    const TemporaryFolder folder;
    const auto file =
        folder.write("log.csv", "t,q\n0,0\n1,1\n2.5,2.5\n2.5,9\n4,4\n3,3\n5,5\n20,20\n21,21\n22,22\n40,40\n");
    CHECK_THAT(message_of<idm::DataError>([&] { (void)idm::read_log(file, {.time_column = "t"}); }),
               ContainsSubstring("log.csv' line"));
    const idm::Log log = idm::read_log(file, {.time_column = "t", .shortest_piece = 3, .resample = {.rate = 1}});
    REQUIRE(log.trajectories.size() == 2);
    CHECK(log.trajectories[0].name == "log");
    CHECK(log.trajectories[1].name == "log part 2");
    CHECK(log.trajectories[0].time == std::vector<double>{0, 1, 2, 3, 4, 5});
    for (Index i = 0; i < 6; ++i) CHECK(log.trajectories[0].values(i, 1) == Approx(static_cast<double>(i)));
    CHECK(log.trajectories[1].values.rows() == 3);
    CHECK(log.dropped_rows == 2);  // the second row at 2.5 s, and the lone one at 40 s
    CHECK_THROWS_AS(idm::read_log(file, {.resample = {.rate = 1}}), idm::ConfigError);
    CHECK_THROWS_AS(idm::read_log(file, {.time_column = "t", .resample = {.rate = -1}}), idm::ConfigError);
}
