#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <idm/core/config.hpp>
#include <idm/core/error.hpp>
#include <idm/core/tensor.hpp>
#include <idm/data/trajectory.hpp>

IDM_NAMESPACE_BEGIN
namespace detail {

/// One file of numbers and where in the file they stand, for messages.
struct Table {
    std::filesystem::path source;
    std::vector<std::string> columns;
    Matrix<double> values;
    std::vector<Index> lines;  // of a text file, counted from 1; empty for binary files

    std::string place(Index row) const {
        if (lines.empty()) return message("'", source.string(), "' row ", row, " (counted from 0)");
        return message("'", source.string(), "' line ", lines[static_cast<std::size_t>(row)]);
    }
};

/// The whole file as bytes.
///
/// *Errors*: `FileError` when it is missing or can't be read.
IDM_INLINE std::string read_bytes(const std::filesystem::path& path);

/// Column names: the given ones if there are as many as columns, else "0", "1", ...
IDM_INLINE std::vector<std::string> column_names(const std::vector<std::string>& given, Index count,
                                                 const std::filesystem::path& path);

/// A log of one trajectory, named after the file.
IDM_INLINE Log to_log(Table&& table);

#if !IDM_HAS_COMPILED

/// Text files and NPY files in a folder, in the order of their names; a file stands for itself.
inline std::vector<std::filesystem::path> log_files(std::span<const std::filesystem::path> paths) {
    std::vector<std::filesystem::path> files;
    for (const std::filesystem::path& path : paths) {
        std::error_code code;
        if (!std::filesystem::is_directory(path, code)) {
            files.push_back(path);
            continue;
        }
        const std::size_t before = files.size();
        for (const auto& entry : std::filesystem::directory_iterator(path, code)) {
            const std::string extension = entry.path().extension().string();
            for (const char* known : {".csv", ".tsv", ".txt", ".dat", ".npy"})
                if (extension == known) files.push_back(entry.path());
        }
        std::sort(files.begin() + static_cast<std::ptrdiff_t>(before), files.end());
        require<FileError>(files.size() > before, "expected .csv, .tsv, .txt, .dat or .npy files in the folder '",
                           path.string(), "', found none");
    }
    require<ConfigError>(!files.empty(), "expected at least one log file");
    return files;
}

IDM_INLINE std::string read_bytes(const std::filesystem::path& path) {
    std::error_code ignored;  // the plain forms throw on a folder that may not be entered
    require<FileError>(std::filesystem::is_regular_file(path, ignored), "expected a file at '", path.string(),
                       "', found ", std::filesystem::exists(path, ignored) ? "something else" : "nothing",
                       "; check the path");
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    require<FileError>(file.is_open(), "can't open '", path.string(), "'; check its permissions");
    std::string bytes(static_cast<std::size_t>(file.tellg()), '\0');
    file.seekg(0);
    file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    require<FileError>(file.good() || bytes.empty(), "can't read '", path.string(), "' to its end");
    return bytes;
}

IDM_INLINE std::vector<std::string> column_names(const std::vector<std::string>& given, Index count,
                                                 const std::filesystem::path& path) {
    if (given.empty()) return numbered("{}", 0, count - 1);
    require<DataError>(static_cast<Index>(given.size()) == count, "'", path.string(), "' has ", count, " columns, but ",
                       given.size(), " names were given for them");
    return given;
}

IDM_INLINE Log to_log(Table&& table) {
    return {.columns = std::move(table.columns),
            .trajectories = {{.name = table.source.stem().string(), .time = {}, .values = std::move(table.values)}}};
}

#endif  // !IDM_HAS_COMPILED

}  // namespace detail
IDM_NAMESPACE_END
