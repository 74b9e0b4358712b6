#include <string>
#include <vector>

#include <idm/data/trajectory.hpp>

#include "files.hpp"

using idm::detail::edit_distance;

TEST_CASE("the edit distance counts single-character edits and ignores case") {
    CHECK(edit_distance("kitten", "sitting") == 3);
    CHECK(edit_distance("", "abc") == 3);
    CHECK(edit_distance("abc", "") == 3);
    CHECK(edit_distance("Tau1", "tau1") == 0);
    CHECK(edit_distance("q1", "q12") == 1);
}

TEST_CASE("a column is found by name, else by number from 0") {
    const idm::Log log{.columns = {"time", "q1", "q2", "tau_1", "nan"}, .trajectories = {}};
    CHECK(log.column("q1") == 1);
    CHECK(log.column("3") == 3);
    const idm::Log numbers{.columns = {"5", "0"}, .trajectories = {}};
    CHECK(numbers.column("0") == 1);  // the name comes first
}

TEST_CASE("where names are numbers, an absent one is no position") {
    const idm::Log log{.columns = {"1", "2", "3"}, .trajectories = {}};
    CHECK(log.column("1") == 0);
    CHECK_THAT(message_of<idm::DataError>([&] { (void)log.column("0"); }),
               ContainsSubstring("no column is named '0'") && ContainsSubstring("names are numbers themselves"));
    const idm::Log one{.columns = {"t", "2.5", "q"}, .trajectories = {}};
    CHECK_THROWS_AS(one.column("0"), idm::DataError);
    CHECK(one.column("t") == 0);
}

TEST_CASE("an unknown column names the nearest one") {
    const idm::Log log{.columns = {"time", "q1", "tau_1"}, .trajectories = {}};
    CHECK_THAT(message_of<idm::DataError>([&] { (void)log.column("tau1"); }), ContainsSubstring("'tau1'"));
    CHECK_THAT(message_of<idm::DataError>([&] { (void)log.column("tau1"); }), ContainsSubstring("is 'tau_1'"));
    CHECK_THAT(message_of<idm::DataError>([&] { (void)log.column("Time"); }), ContainsSubstring("is 'time'"));
    CHECK_THAT(message_of<idm::DataError>([&] { (void)log.column("3"); }), ContainsSubstring("from 0 to 2, got 3"));
    CHECK_THAT(message_of<idm::DataError>([&] { (void)log.column("-1"); }), ContainsSubstring("from 0 to 2"));
    CHECK_THROWS_AS(idm::Log{}.column("q1"), idm::DataError);
}

TEST_CASE("segments lie one behind the other") {
    const idm::Log log{.columns = {"q"},
                       .trajectories = {{.name = "a", .time = {}, .values = idm::Matrix<double>::Zero(3, 1)},
                                        {.name = "b", .time = {}, .values = idm::Matrix<double>::Zero(5, 1)}}};
    CHECK(log.rows() == 8);
    CHECK(log.segments() == std::vector<idm::Segment>{{0, 3, "a"}, {3, 8, "b"}});
}

TEST_CASE("numbered names") {
    CHECK(idm::numbered("q{}_deg", 1, 3) == std::vector<std::string>{"q1_deg", "q2_deg", "q3_deg"});
    CHECK(idm::numbered("{}", 0, 0) == std::vector<std::string>{"0"});
    CHECK_THROWS_AS(idm::numbered("q", 1, 3), idm::ConfigError);
}
