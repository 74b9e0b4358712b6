#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include <idm/data/log_reader.hpp>

#include "files.hpp"

namespace {

std::vector<std::string> names(const idm::Log& log) {
    std::vector<std::string> result;
    for (const idm::Trajectory& trajectory : log.trajectories) result.push_back(trajectory.name);
    return result;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("a folder is one log, one trajectory per file in the order of names") {
    const TemporaryFolder folder;
    folder.write("runs/b.csv", "q,tau\n1,2\n3,4\n");
    folder.write("runs/a.csv", "q,tau\n5,6\n");
    folder.write("runs/notes.md", "no data");
    const idm::Log log = idm::read_log(folder.path() / "runs");
    CHECK(names(log) == Names{"a", "b"});
    CHECK(log.columns == Names{"q", "tau"});
    CHECK(log.rows() == 3);
    CHECK(log.trajectories[1].values(1, 0) == 3);
    CHECK(log.trajectories[1].time.empty());
}

TEST_CASE("several files join, and equal names get their number") {
    const TemporaryFolder folder;
    const std::vector<std::filesystem::path> files = {
        folder.write("x/run.csv", "q\n1\n"), folder.write("y/run.csv", "q\n2\n"), folder.write("other.csv", "q\n3\n")};
    CHECK(names(idm::read_log(files)) == Names{"run (0)", "run (1)", "other"});
}

TEST_CASE("a column tells trajectories apart, all columns stay") {
    const TemporaryFolder folder;
    const auto file = folder.write("log.csv", "id,q\n1234567,1\n1234567,2\n1234568,3\n2.5,4\n");
    const idm::Log log = idm::read_log(file, {.trajectory_column = "id"});
    CHECK(names(log) == Names{"1234567", "1234568", "2.5"});
    CHECK(log.columns == Names{"id", "q"});
    CHECK(log.trajectories[0].values.rows() == 2);
    CHECK(log.trajectories[2].values(0, 1) == 4);
    CHECK(names(idm::read_log(file, {.trajectory_column = "0"})).size() == 3);
    CHECK_THAT(message_of<idm::DataError>([&] { (void)idm::read_log(file, {.trajectory_column = "ids"}); }),
               ContainsSubstring("is 'id'"));
}

TEST_CASE("the rows of a trajectory must follow each other") {
    const TemporaryFolder folder;
    const auto file = folder.write("log.csv", "id,q\n1,1\n2,2\n1,3\n");
    CHECK_THAT(message_of<idm::DataError>([&] { (void)idm::read_log(file, {.trajectory_column = "id"}); }),
               ContainsSubstring("line 4") && ContainsSubstring("'1' begins a second time"));
}

TEST_CASE("time comes from a column or from the rate") {
    const TemporaryFolder folder;
    const auto file = folder.write("log.csv", "ms,q\n100,1\n110,2\n120,3\n");
    CHECK(idm::read_log(file, {.time_column = "ms", .time_scale = 0.5}).trajectories[0].time ==
          std::vector<double>{50, 55, 60});
    CHECK(idm::read_log(file, {.sample_rate = 4}).trajectories[0].time == std::vector<double>{0, 0.25, 0.5});
    CHECK_THROWS_AS(idm::read_log(file, {.time_column = "ms", .sample_rate = 4}), idm::ConfigError);
    CHECK_THROWS_AS(idm::read_log(file, {.sample_rate = -4}), idm::ConfigError);
}

TEST_CASE("time that does not rise is an error, with its place") {
    const TemporaryFolder folder;
    const auto file = folder.write("log.csv", "t,q\n0,1\n0.1,2\n0.1,3\n");
    CHECK_THAT(message_of<idm::DataError>([&] { (void)idm::read_log(file, {.time_column = "t"}); }),
               ContainsSubstring("line 4") && ContainsSubstring("a step of 0 s"));
    const auto back = folder.write("back.csv", "t,q\n0,1\n0.2,2\n0.1,3\n");
    CHECK_THAT(message_of<idm::DataError>([&] { (void)idm::read_log(back, {.time_column = "t"}); }),
               ContainsSubstring("line 4") && ContainsSubstring("a step of -0.1 s"));
}

TEST_CASE("jitter up to 20 % passes, more is an error with place and size") {
    const TemporaryFolder folder;
    const auto steady = folder.write("steady.csv", "t,q\n0,1\n0.1,2\n0.22,3\n0.3,4\n0.4,5\n");
    CHECK(idm::read_log(steady, {.time_column = "t"}).rows() == 5);
    const auto jittering = folder.write("jitter.csv", "t,q\n0,1\n0.1,2\n0.2,3\n0.325,4\n0.425,5\n0.525,6\n");
    CHECK_THAT(message_of<idm::DataError>([&] { (void)idm::read_log(jittering, {.time_column = "t"}); }),
               ContainsSubstring("line 5") && ContainsSubstring("0.125 s is 25 % off"));
    const auto gap = folder.write("gap.csv", "t,q\n0,1\n0.1,2\n0.2,3\n0.4,4\n0.5,5\n");
    CHECK_THROWS_AS(idm::read_log(gap, {.time_column = "t"}), idm::DataError);
}

TEST_CASE("each trajectory has its own time") {
    const TemporaryFolder folder;
    const auto file = folder.write("log.csv", "id,t\n1,7\n1,8\n2,0\n2,1\n");
    CHECK(idm::read_log(file, {.trajectory_column = "id", .time_column = "t"}).trajectories[1].time ==
          std::vector<double>{0, 1});
}

TEST_CASE("NaN, Inf and empty fields are errors with file, line and column") {
    const TemporaryFolder folder;
    for (const char* bad : {"nan", "NaN", "inf", "-Inf", ""}) {
        const auto file = folder.write("log.csv", "q,tau\n1,2\n# note\n3," + std::string(bad) + "\n");
        CHECK_THAT(message_of<idm::DataError>([&] { (void)idm::read_log(file); }),
                   ContainsSubstring("log.csv' line 4, column 'tau'"));
    }
}

TEST_CASE("dropping bad rows splits the trajectory there and says how many are gone") {
    const TemporaryFolder folder;
    const auto file = folder.write("log.csv", "t,q\n0,1\n1,2\n2,nan\n3,4\n4,5\n5,inf\n6,7\n");
    const idm::Log log =
        idm::read_log(file, {.time_column = "t", .non_finite = idm::NonFinite::drop, .shortest_piece = 2});
    CHECK(names(log) == Names{"log", "log part 2"});
    CHECK(log.dropped_rows == 3);  // two bad ones, and the piece of one row behind them
    CHECK(log.rows() == 4);
    CHECK(log.trajectories[1].time == std::vector<double>{3, 4});
    CHECK(log.trajectories[1].values(0, 1) == 4);
    CHECK_THAT(message_of<idm::DataError>(
                   [&] { (void)idm::read_log(file, {.non_finite = idm::NonFinite::drop, .shortest_piece = 3}); }),
               ContainsSubstring("no rows are left: 7"));
}

TEST_CASE("pieces of one run share its source, whatever parted them") {
    const TemporaryFolder folder;
    const std::vector<std::filesystem::path> files = {
        folder.write("a.csv", "t,q\n0,1\n1,2\n2,nan\n3,4\n4,5\n20,6\n21,7\n"),
        folder.write("b.csv", "t,q\n0,1\n1,2\n")};
    idm::LogConfig config{.time_column = "t", .non_finite = idm::NonFinite::drop, .shortest_piece = 2};
    config.resample.rate = 1;
    const idm::Log log = idm::read_log(files, config);
    CHECK(names(log) == Names{"a", "a part 2", "a part 3", "b"});
    std::vector<idm::Index> sources;
    for (const idm::Segment& segment : log.segments()) sources.push_back(segment.source);
    CHECK(sources == std::vector<idm::Index>{0, 0, 0, 1});
}

TEST_CASE("a column that is empty in every row does not cost the log") {
    const TemporaryFolder folder;
    const std::vector<std::filesystem::path> files = {folder.write("a.csv", "t,q,spare\n0,1,\n1,2,\n2,,\n"),
                                                      folder.write("b.csv", "t,q,spare\n0,3,nan\n1,4,\n")};
    const idm::Log log = idm::read_log(files, {.non_finite = idm::NonFinite::drop, .shortest_piece = 1});
    CHECK(log.rows() == 4);
    CHECK(log.dropped_rows == 1);
    CHECK(idm::read_log(files[1], {.time_column = "t"}).rows() == 2);
    // Elsewhere it has values, or it is the column of the time or of the trajectories: as ever.
    const auto filled = folder.write("c.csv", "t,q,spare\n0,3,nan\n1,4,7\n");
    CHECK_THAT(message_of<idm::DataError>([&] {
                   (void)idm::read_log(std::vector{files[1], filled});
               }),
               ContainsSubstring("b.csv' line 2, column 'spare'"));
    CHECK_THAT(message_of<idm::DataError>([&] { (void)idm::read_log(files[1], {.time_column = "spare"}); }),
               ContainsSubstring("column 'spare'"));
    CHECK_THAT(message_of<idm::DataError>([&] { (void)idm::read_log(files[1], {.trajectory_column = "spare"}); }),
               ContainsSubstring("column 'spare'"));
}

TEST_CASE("what stands in columns that are not used costs nothing") {
    const TemporaryFolder folder;
    const auto file = folder.write("log.csv", "id,t,q,mode,temperature\n1,0,5,auto,\n1,1,6,off,20\n1,2,7,auto,inf\n");
    const idm::LogConfig config{.trajectory_column = "id", .time_column = "t", .used = {"q"}};
    const idm::Log log = idm::read_log(file, config);
    CHECK(log.rows() == 3);
    CHECK(log.dropped_rows == 0);
    CHECK(log.columns.size() == 5);
    CHECK(log.trajectories[0].values(2, 2) == 7);
    CHECK(std::isnan(log.trajectories[0].values(0, 3)));
    for (const char* used : {"mode", "temperature"}) {
        idm::LogConfig asked = config;
        asked.used.push_back(used);
        CHECK_THAT(message_of<idm::DataError>([&] { (void)idm::read_log(file, asked); }),
                   ContainsSubstring("line 2, column '" + std::string(used)));
    }
    // Time and trajectories are used, named or not.
    const auto late = folder.write("late.csv", "id,t,q\n1,0,5\n1,soon,6\n");
    CHECK_THAT(message_of<idm::DataError>([&] { (void)idm::read_log(late, config); }),
               ContainsSubstring("line 3, column 't'") && ContainsSubstring("'soon'"));
}

TEST_CASE("a missing label is dropped and does not end its trajectory's name") {
    const TemporaryFolder folder;
    const auto file = folder.write("log.csv", "id,q\n3,1\n3,2\n,3\n3,4\n4,5\n");
    const idm::LogConfig drop{.trajectory_column = "id", .non_finite = idm::NonFinite::drop, .shortest_piece = 1};
    const idm::Log log = idm::read_log(file, drop);
    CHECK(names(log) == Names{"3", "3 part 2", "4"});
    CHECK(log.dropped_rows == 1);
    CHECK_THAT(message_of<idm::DataError>([&] { (void)idm::read_log(file, {.trajectory_column = "id"}); }),
               ContainsSubstring("line 4, column 'id'"));
}

TEST_CASE("an NPY file is known by its first bytes, and its places are rows") {
    const TemporaryFolder folder;
    std::string bytes = "\x93NUMPY\x01";
    const std::string header = "{'descr':'<f4','fortran_order':False,'shape':(2,1)}\n";
    bytes += '\0';
    bytes += static_cast<char>(header.size());
    bytes += '\0';
    bytes += header;
    bytes += std::string("\0\0\x80\x3f\0\0\xc0\x7f", 8);  // 1, NaN
    const auto file = folder.write("log.bin", bytes);
    CHECK_THAT(message_of<idm::DataError>([&] { (void)idm::read_log(file, {.npy = {.columns = {"q"}}}); }),
               ContainsSubstring("row 1 (counted from 0), column 'q'"));
}

TEST_CASE("logs that do not fit together are refused") {
    const TemporaryFolder folder;
    const auto a = folder.write("a.csv", "q,tau\n1,2\n");
    const auto renamed = folder.write("b.csv", "q,tua\n1,2\n");
    const auto wider = folder.write("c.csv", "q,tau,x\n1,2,3\n");
    using Paths = std::vector<std::filesystem::path>;
    CHECK_THAT(message_of<idm::DataError>([&] {
                   (void)idm::read_log(Paths{a, renamed});
               }),
               ContainsSubstring("b.csv' column 1 is 'tua', expected 'tau'"));
    CHECK_THAT(message_of<idm::DataError>([&] {
                   (void)idm::read_log(Paths{a, wider});
               }),
               ContainsSubstring("c.csv' has 3 columns, expected 2"));
    CHECK_THROWS_AS(idm::read_log(Paths{}), idm::ConfigError);
    CHECK_THROWS_AS(idm::read_log(folder.path() / "missing.csv"), idm::FileError);
    folder.write("empty/readme.md", "no data");
    CHECK_THAT(message_of<idm::FileError>([&] { (void)idm::read_log(folder.path() / "empty"); }),
               ContainsSubstring("found none"));
}
