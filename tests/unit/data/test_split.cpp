#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <idm/data/split.hpp>

#include "files.hpp"

using idm::Index;
using idm::Segment;
using Segments = std::vector<Segment>;

namespace {

Segments equal_segments(Index count, Index rows) {
    Segments result;
    for (Index i = 0; i < count; ++i) result.push_back({i * rows, (i + 1) * rows, "run" + std::to_string(i)});
    return result;
}

}  // namespace

TEST_CASE("trajectories are divided by fractions, each used once, the same for one seed") {
    const Segments segments = equal_segments(20, 10);
    const idm::Split split = idm::split_by_trajectory(segments, idm::ByTrajectory{.seed = 3});
    CHECK(split.train.size() == 14);
    CHECK(split.validation.size() == 3);
    CHECK(split.test.size() == 3);
    Segments all = split.train;
    all.insert(all.end(), split.validation.begin(), split.validation.end());
    all.insert(all.end(), split.test.begin(), split.test.end());
    std::sort(all.begin(), all.end(), [](const Segment& a, const Segment& b) { return a.begin < b.begin; });
    CHECK(all == segments);
    CHECK(idm::split_by_trajectory(segments, idm::ByTrajectory{.seed = 3}).test == split.test);
    CHECK_FALSE(idm::split_by_trajectory(segments, idm::ByTrajectory{.seed = 4}).test == split.test);
    const idm::Split least = idm::split_by_trajectory(equal_segments(3, 10), idm::ByTrajectory{});
    CHECK(least.train.size() == 1);
    CHECK(least.test.size() == 1);
}

TEST_CASE("trajectories are listed by name or number") {
    const Segments segments = equal_segments(4, 10);
    const idm::Split split =
        idm::split_by_trajectory(segments, idm::ByName{.train = {"run3", "0"}, .validation = {"run1"}, .test = {"2"}});
    CHECK(split.train == Segments{{0, 10, "run0"}, {30, 40, "run3"}});
    CHECK(split.validation == Segments{{10, 20, "run1"}});
    CHECK(split.test == Segments{{20, 30, "run2"}});
}

TEST_CASE("an absent trajectory number is not another trajectory") {
    const Segments segments = {{0, 10, "1"}, {10, 20, "2"}, {20, 30, "3"}};
    CHECK(idm::split_by_trajectory(segments, idm::ByName{{"1"}, {"2"}, {"3"}}).train.at(0).begin == 0);
    CHECK_THAT(message_of<idm::DataError>([&] {
                   idm::split_by_trajectory(segments, idm::ByName{{"0"}, {"2"}, {"3"}});
               }),
               ContainsSubstring("no trajectory is named '0'"));
}

TEST_CASE("trajectory splits that can't be judged are refused") {
    const Segments segments = equal_segments(4, 10);
    const auto refuse = [&](const idm::ByName& rule) {
        return message_of<idm::DataError>([&] { idm::split_by_trajectory(segments, rule); });
    };
    CHECK_THAT(refuse({.train = {"run0"}, .validation = {"run1"}, .test = {}}),
               ContainsSubstring("the test set is empty"));
    CHECK_THAT(refuse({.train = {}, .validation = {"run1"}, .test = {"run0"}}),
               ContainsSubstring("the train set is empty"));
    CHECK_THAT(refuse({.train = {"run0"}, .validation = {}, .test = {"run1"}}),
               ContainsSubstring("the validation set is empty"));
    CHECK_THAT(refuse({.train = {"run0"}, .validation = {"run1"}, .test = {"run_2"}}),
               ContainsSubstring("no trajectory is named 'run_2'") && ContainsSubstring("'run2'"));
    CHECK_THAT(refuse({.train = {"run0", "run1"}, .validation = {"run1"}, .test = {"run2"}}),
               ContainsSubstring("rows 10 to 19 are used twice"));
    CHECK_THAT(refuse({.train = {"run0", "run0"}, .validation = {"run1"}, .test = {"run2"}}),
               ContainsSubstring("used twice"));
    CHECK_THAT(message_of<idm::DataError>([] { idm::split_by_trajectory(equal_segments(2, 10), idm::ByTrajectory{}); }),
               ContainsSubstring("got 2 in all"));
    CHECK_THROWS_AS(idm::split_by_trajectory(segments, idm::ByTrajectory{.train = 0.8, .validation = 0.2, .test = 0}),
                    idm::ConfigError);
    CHECK_THROWS_AS(idm::split_by_trajectory(segments, idm::ByTrajectory{.train = 0.8, .validation = 0.2, .test = 0.2}),
                    idm::ConfigError);
}

TEST_CASE("the gap comes off the end of the earlier block") {
    const Segments run = {{0, 15000, "run"}};
    const idm::ByRows rule{
        .train = {{0, 10500, "a"}}, .validation = {{10500, 12000, "b"}}, .test = {{12000, 15000, "c"}}};
    const idm::Split split = idm::split_by_block(run, rule, 37);
    CHECK(split.train == Segments{{0, 10463, "a"}});
    CHECK(split.validation == Segments{{10500, 11963, "b"}});
    CHECK(split.test == Segments{{12000, 15000, "c"}});
    idm::ByRows wider = rule;
    wider.gap = 64;
    CHECK(idm::split_by_block(run, wider, 37).train == Segments{{0, 10436, "a"}});
    CHECK(idm::split_by_block(run, wider, 100).train == Segments{{0, 10400, "a"}});
}

TEST_CASE("a gap is kept whatever the order of the parts, and only where a part changes") {
    const Segments run = {{0, 100, "run"}, {100, 200, "other"}};
    const idm::ByRows rule{.train = {{40, 60, "d"}, {20, 40, "c"}, {170, 200, "f"}},
                           .validation = {{61, 100, "e"}, {100, 150, "g"}},
                           .test = {{0, 15, "a"}}};
    const idm::Split split = idm::split_by_block(run, rule, 10);
    // a and c are 5 rows apart, c and d are of one part, d and e are 1 row apart, e ends with its trajectory, and
    // g and f are far apart.
    CHECK(split.test == Segments{{0, 10, "a"}});
    CHECK(split.train == Segments{{20, 40, "c"}, {40, 51, "d"}, {170, 200, "f"}});
    CHECK(split.validation == Segments{{61, 100, "e"}, {100, 150, "g"}});
}

TEST_CASE("blocks by fractions cut every trajectory in the order of time") {
    const idm::Split split = idm::split_by_block(Segments{{0, 100, "x"}, {100, 300, "y"}},
                                                 idm::ByBlock{.train = 0.5, .validation = 0.2, .test = 0.3}, 4);
    CHECK(split.train == Segments{{0, 46, "x train"}, {100, 196, "y train"}});
    CHECK(split.validation == Segments{{50, 66, "x validation"}, {200, 236, "y validation"}});
    CHECK(split.test == Segments{{70, 100, "x test"}, {240, 300, "y test"}});
}

TEST_CASE("block splits that leak or stay empty are refused") {
    const Segments run = {{0, 100, "run"}, {100, 200, "other"}};
    const auto refuse = [&](const idm::ByRows& rule) {
        return message_of<idm::DataError>([&] { idm::split_by_block(run, rule, 10); });
    };
    CHECK_THAT(refuse({.train = {{0, 50, "a"}}, .validation = {{49, 70, "b"}}, .test = {{70, 100, "c"}}}),
               ContainsSubstring("rows 49 to 49 are used twice, by 'a' and 'b'"));
    CHECK_THAT(refuse({.train = {{0, 50, "a"}}, .validation = {{50, 70, "b"}}, .test = {}}),
               ContainsSubstring("the test set is empty"));
    CHECK_THAT(refuse({.train = {{0, 50, "a"}}, .validation = {{50, 60, "b"}}, .test = {{60, 100, "c"}}}),
               ContainsSubstring("block 'b' from row 50 is not longer than the gap of 10"));
    CHECK_THAT(refuse({.train = {{0, 50, "a"}}, .validation = {{90, 110, "b"}}, .test = {{120, 150, "c"}}}),
               ContainsSubstring("'b'") && ContainsSubstring("leaves its trajectory"));
    CHECK_THAT(refuse({.train = {{0, 50, "a"}}, .validation = {{60, 60, "b"}}, .test = {{120, 150, "c"}}}),
               ContainsSubstring("'b'") && ContainsSubstring("is empty"));
    CHECK_THAT(refuse({.train = {{0, 50, "a"}}, .validation = {{60, 70, "b"}}, .test = {{150, 250, "c"}}}),
               ContainsSubstring("'c'") && ContainsSubstring("200 rows"));
}

TEST_CASE("the pieces of one run never reach two parts") {
    // Four runs of 100, 60, 60 and 60 rows; the first has three pieces.
    const Segments segments = {{0, 40, "a", 0},    {40, 70, "a part 2", 0}, {70, 100, "a part 3", 0},
                               {100, 160, "b", 1}, {160, 220, "c", 2},      {220, 280, "d"}};
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        const idm::Split split = idm::split_by_trajectory(segments, idm::ByTrajectory{.seed = seed});
        std::size_t of_a = 0;
        for (const Segments* part : {&split.train, &split.validation, &split.test}) {
            const auto count = static_cast<std::size_t>(
                std::count_if(part->begin(), part->end(), [](const Segment& s) { return s.source == 0; }));
            CHECK((count == 0 || count == 3));
            of_a += count;
            // Of four runs, one is for validation and one for the test.
            if (part != &split.train) CHECK(part->size() == (count == 3 ? 3 : 1));
        }
        CHECK(of_a == 3);
    }
    CHECK_THAT(message_of<idm::DataError>(
                   [&] { idm::split_by_trajectory(std::span(segments).first(4), idm::ByTrajectory{}); }),
               ContainsSubstring("got 2 in all"));
    CHECK_THAT(message_of<idm::DataError>([&] {
                   idm::split_by_trajectory(
                       segments, idm::ByName{.train = {"a", "b"}, .validation = {"c"}, .test = {"a part 3"}});
               }),
               ContainsSubstring("'a' (train) and 'a part 3' (test) are pieces of one recording"));
}

TEST_CASE("blocks keep their gap across the pieces of one run") {
    const Segments pieces = {{0, 40, "a", 7}, {40, 70, "b", 7}, {70, 100, "c", 7}};
    const idm::Split rows =
        idm::split_by_block(pieces, idm::ByRows{{{0, 40, "a"}}, {{45, 70, "b"}}, {{70, 100, "c"}}}, 10);
    CHECK(rows.train == Segments{{0, 35, "a"}});
    CHECK(rows.validation == Segments{{45, 60, "b"}});
    // Cuts at rows 50 and 75: validation would end with rows 70 to 71 of c, but the gap takes them.
    const idm::ByBlock rule{.train = 0.5, .validation = 0.25, .test = 0.25};
    const idm::Split split = idm::split_by_block(pieces, rule, 3);
    CHECK(split.train == Segments{{0, 40, "a train", 7}, {40, 47, "b train", 7}});
    CHECK(split.validation == Segments{{50, 70, "b validation", 7}});
    CHECK(split.test == Segments{{75, 100, "c test", 7}});
    // The 2 rows of b before the gap are too few for a window that fits the gap.
    CHECK(idm::split_by_block(pieces, rule, 8).train == Segments{{0, 40, "a train", 7}});
    CHECK_THAT(message_of<idm::DataError>([&] { idm::split_by_block(pieces, rule, 25); }),
               ContainsSubstring("block 'a validation' of 25 rows is not longer than the gap of 25"));
}

TEST_CASE("any rule is followed through one function") {
    const Segments segments = equal_segments(3, 100);
    CHECK(idm::make_split(segments, idm::ByName{{"run0"}, {"run1"}, {"run2"}}, 50).train == Segments{{0, 100, "run0"}});
    CHECK(idm::make_split(segments, idm::ByTrajectory{}, 50).test.at(0).size() == 100);
    CHECK(idm::make_split(segments, idm::ByBlock{.train = 0.6, .validation = 0.2, .test = 0.2}, 5).train.at(1) ==
          Segment{100, 155, "run1 train"});
    CHECK(idm::make_split(segments, idm::ByRows{{{0, 50, "a"}}, {{50, 100, "b"}}, {{100, 150, "c"}}}, 5).train ==
          Segments{{0, 45, "a"}});
}
