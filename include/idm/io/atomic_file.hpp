#pragma once

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <random>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include <idm/core/config.hpp>
#include <idm/core/error.hpp>

IDM_NAMESPACE_BEGIN
namespace detail {

/// A name that nobody else uses: appended to a file it marks the unfinished version.
inline std::string unique_suffix() {
    std::random_device device;
    std::string out = "-";
    for (int i = 0; i < 12; ++i) out += static_cast<char>('a' + device() % 26);
    return out;
}

/// Files that are removed again unless they were put into place.
class UnfinishedFiles {
public:
    UnfinishedFiles() = default;
    UnfinishedFiles(const UnfinishedFiles&) = delete;
    UnfinishedFiles& operator=(const UnfinishedFiles&) = delete;
    ~UnfinishedFiles() {
        std::error_code ignored;
        for (const auto& path : paths_) std::filesystem::remove(path, ignored);
    }
    const std::filesystem::path& add(std::filesystem::path path) { return paths_.emplace_back(std::move(path)); }
    const std::filesystem::path& operator[](std::size_t i) const { return paths_[i]; }

private:
    std::vector<std::filesystem::path> paths_;
};

}  // namespace detail

/// What a file is to hold.
struct FileContent {
    std::filesystem::path path;
    std::string bytes;
};

/// Writes all files, or if one cannot be written none: each goes to a temporary name beside its place, and only when
/// all are complete they are renamed over what was there. A reader never sees half a file. Missing folders are made.
///
/// *Errors*: `FileError` with the path and the system's reason.
inline void write_files(std::span<const FileContent> files) {
    detail::UnfinishedFiles unfinished;
    for (const FileContent& file : files) {
        std::error_code error;
        if (file.path.has_parent_path()) std::filesystem::create_directories(file.path.parent_path(), error);
        detail::require<FileError>(!error, "cannot make the folder ", file.path.parent_path().string(), ": ",
                                   error.message(), "; choose another place");
        detail::require<FileError>(!std::filesystem::is_directory(file.path, error), "cannot write ",
                                   file.path.string(), ": a folder of this name is there; remove it or choose another");
        errno = 0;
        std::ofstream out(unfinished.add(file.path.string() + detail::unique_suffix()), std::ios::binary);
        out.write(file.bytes.data(), static_cast<std::streamsize>(file.bytes.size()));
        out.close();
        detail::require<FileError>(!out.fail(), "cannot write ", file.path.string(), ": ",
                                   std::generic_category().message(errno),
                                   "; check the folder's rights and free space");
    }
    for (std::size_t i = 0; i < files.size(); ++i) {
        std::error_code error;
        std::filesystem::rename(unfinished[i], files[i].path, error);
        detail::require<FileError>(!error, "cannot write ", files[i].path.string(), ": ", error.message());
    }
}

IDM_NAMESPACE_END
