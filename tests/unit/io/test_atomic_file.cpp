#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <idm/io/atomic_file.hpp>
#include <idm/io/charts.hpp>

#include "support/catch.hpp"
#include "support/full_disk.hpp"

using namespace idm;
namespace fs = std::filesystem;

namespace {

std::vector<std::string> names_in(const fs::path& folder) {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
}

}  // namespace

TEST_CASE("files are written into a new folder and over old ones, byte for byte", "[files]") {
    const detail::TemporaryFolder temporary;
    const fs::path folder = temporary.path() / "new" / "deeper";
    const std::string bytes("a\r\n\0b", 5);
    write_files(std::vector<FileContent>{{folder / "x", bytes}, {folder / "y", ""}});
    CHECK(detail::read_text(folder / "x") == bytes);
    write_files(std::vector<FileContent>{{folder / "x", "second"}});
    CHECK(detail::read_text(folder / "x") == "second");
    CHECK(names_in(folder) == std::vector<std::string>{"x", "y"});
}

TEST_CASE("when one file cannot be written, none is, and nothing is left over", "[files]") {
    const detail::TemporaryFolder temporary;
    const fs::path folder = temporary.path();
    write_files(std::vector<FileContent>{{folder / "x", "old"}, {folder / "file", "a file"}});
    SECTION("a folder of this name is there") {
        fs::create_directory(folder / "taken");
        const std::vector<FileContent> files{{folder / "x", "new"}, {folder / "taken", "new"}};
        CHECK_THROWS_AS(write_files(files), FileError);
        CHECK_THROWS_WITH(write_files(files), ContainsSubstring((folder / "taken").string()));
        CHECK(names_in(folder) == std::vector<std::string>{"file", "taken", "x"});
    }
    SECTION("the parent is a file") {
        const std::vector<FileContent> files{{folder / "x", "new"}, {folder / "file" / "y", "new"}};
        CHECK_THROWS_AS(write_files(files), FileError);
        CHECK(names_in(folder) == std::vector<std::string>{"file", "x"});
    }
    CHECK(detail::read_text(folder / "x") == "old");
}

TEST_CASE("a file is written into the current folder by its name alone", "[files]") {
    const detail::TemporaryFolder temporary;
    const fs::path before = fs::current_path();
    fs::current_path(temporary.path());
    write_files(std::vector<FileContent>{{"x", "text"}});
    fs::current_path(before);
    CHECK(detail::read_text(temporary.path() / "x") == "text");
}

TEST_CASE("what is not there can't reach the disk", "[files]") {
    const detail::TemporaryFolder temporary;
    detail::sync_to_disk(temporary.path());
    CHECK_THROWS_AS(detail::sync_to_disk(temporary.path() / "absent"), FileError);
}

TEST_CASE("when the second of two files has no room, neither is written", "[files]") {
    const detail::TemporaryFolder temporary;
    const fs::path folder = temporary.path();
    write_files(std::vector<FileContent>{{folder / "x", "old"}});
    const std::vector<FileContent> files{{folder / "x", "new"}, {folder / "y", std::string(70000, 'y')}};
    const FileSizeLimit limit(65536);
    CHECK_THROWS_WITH(write_files(files),
                      ContainsSubstring((folder / "y").string()) && ContainsSubstring("free space"));
    CHECK(names_in(folder) == std::vector<std::string>{"x"});
    CHECK(detail::read_text(folder / "x") == "old");
}
