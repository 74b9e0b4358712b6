#include <vector>

#include <idm/data/window.hpp>

#include "files.hpp"

using idm::Index;
using idm::Rows;
using idm::WindowRow;
using Samples = std::vector<WindowRow>;

namespace {

const std::vector<idm::Segment> two = {{0, 100, "a"}, {100, 190, "b"}};

std::vector<double> window(WindowRow sample, Index length, Index ahead) {
    idm::Matrix<double> inputs(10, 2);
    for (Index row = 0; row < 10; ++row) inputs.row(row) << static_cast<double>(row), static_cast<double>(-row);
    std::vector<double> out(static_cast<std::size_t>(2 * length + 1), 99);
    idm::gather_window(inputs, sample, length, ahead, out.data());
    REQUIRE(out.back() == 99);
    out.pop_back();
    return out;
}

}  // namespace

TEST_CASE("full windows stay in their segment") {
    const std::vector<idm::Segment> segments = {{0, 5, "a"}, {8, 12, "b"}};
    CHECK(idm::window_rows(segments, 3, 0, Rows::full) ==
          Samples{{2, 0, 5}, {3, 0, 5}, {4, 0, 5}, {10, 8, 12}, {11, 8, 12}});
    CHECK(idm::window_rows(segments, 3, 1, Rows::full) ==
          Samples{{1, 0, 5}, {2, 0, 5}, {3, 0, 5}, {9, 8, 12}, {10, 8, 12}});
    CHECK(idm::window_rows(segments, 1, 0, Rows::full).size() == 9);
    CHECK(idm::window_rows(segments, 4, 0, Rows::full).size() == 3);
    // The window of row r covers only rows from r + 2 on.
    CHECK(idm::window_rows(segments, 1, 2, Rows::full) ==
          Samples{{0, 0, 5}, {1, 0, 5}, {2, 0, 5}, {8, 8, 12}, {9, 8, 12}});
}

TEST_CASE("scored rows are the same for every window and ahead") {
    const Samples rows = idm::window_rows(two, 1, 0, Rows::scored);
    REQUIRE(rows.size() == (100 - 79) + (90 - 79));
    CHECK(rows.front() == WindowRow{63, 0, 100});
    CHECK(rows[20] == WindowRow{83, 0, 100});  // 16 rows are left: 84 to 99
    CHECK(rows[21] == WindowRow{163, 100, 190});
    CHECK(rows.back() == WindowRow{173, 100, 190});
    for (Index length : {1, 16, 32, 64, 100})
        for (Index ahead : {0, 8, 16}) CHECK(idm::window_rows(two, length, ahead, Rows::scored) == rows);
}

TEST_CASE("all rows are all rows") {
    const Samples rows = idm::window_rows(two, 200, 5, Rows::all);
    REQUIRE(rows.size() == 190);
    CHECK(rows[0] == WindowRow{0, 0, 100});
    CHECK(rows[189] == WindowRow{189, 100, 190});
}

TEST_CASE("a window ends ahead of its target row and repeats the ends of its segment") {
    CHECK(window({5, 2, 8}, 3, 0) == std::vector<double>{3, -3, 4, -4, 5, -5});
    CHECK(window({5, 2, 8}, 3, 1) == std::vector<double>{4, -4, 5, -5, 6, -6});
    CHECK(window({3, 2, 8}, 4, 0) == std::vector<double>{2, -2, 2, -2, 2, -2, 3, -3});
    CHECK(window({6, 2, 8}, 3, 2) == std::vector<double>{6, -6, 7, -7, 7, -7});
    CHECK(window({5, 2, 8}, 1, 0) == std::vector<double>{5, -5});
}

TEST_CASE("a trajectory shorter than the window is named") {
    CHECK_THAT(message_of<idm::DataError>([] { (void)idm::window_rows(two, 95, 0, Rows::full); }),
               ContainsSubstring("'b' has 90 rows, expected at least 95"));
    CHECK_THAT(message_of<idm::DataError>([] { (void)idm::window_rows(two, 1, 95, Rows::full); }),
               ContainsSubstring("expected at least 96"));
    const std::vector<idm::Segment> brief = {{0, 79, "a"}};
    CHECK_THAT(message_of<idm::DataError>([&] { (void)idm::window_rows(brief, 16, 0, Rows::scored); }),
               ContainsSubstring("80 rows or more"));
    CHECK_THROWS_AS(idm::window_rows({}, 16, 0, Rows::all), idm::DataError);
    CHECK_THROWS_AS(idm::window_rows(two, 0, 0, Rows::all), idm::ConfigError);
    CHECK_THROWS_AS(idm::window_rows(two, 16, -1, Rows::all), idm::ConfigError);
}
