#pragma once

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <random>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#if __has_include(<unistd.h>)
#include <fcntl.h>
#include <unistd.h>
#endif

#include <idm/core/config.hpp>
#include <idm/core/error.hpp>

IDM_NAMESPACE_BEGIN
namespace detail {

/// A name that nobody else uses: appended to a file it marks the unfinished version.
IDM_INLINE std::string unique_suffix();

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
    std::size_t size() const { return paths_.size(); }
    const std::filesystem::path& operator[](std::size_t i) const { return paths_[i]; }

private:
    std::vector<std::filesystem::path> paths_;
};

/// Returns once a file's or folder's content has reached the disk, where the system has a call for it. A renamed file
/// survives a power cut only if its content was there before and its folder after.
///
/// *Errors*: `FileError` with the path and the system's reason.
/// *Source*: fsync(2), with its note on folders; file systems that can't sync a folder answer EINVAL.
IDM_INLINE void sync_to_disk([[maybe_unused]] const std::filesystem::path& path);

}  // namespace detail

/// What a file is to hold.
struct FileContent {
    std::filesystem::path path;
    std::string bytes;
};

/// Writes all files, or if one cannot be written none: each goes to a temporary name beside its place, and only when
/// all are complete they are renamed over what was there. A reader never sees half a file, nor does who comes after a
/// power cut: content reaches the disk before its name does. Missing folders are made.
///
/// *Errors*: `FileError` with the path and the system's reason.
IDM_INLINE void write_files(std::span<const FileContent> files);

#if !IDM_HAS_COMPILED

namespace detail {

IDM_INLINE std::string unique_suffix() {
    std::random_device device;
    std::string out = "-";
    for (int i = 0; i < 12; ++i) out += static_cast<char>('a' + device() % 26);
    return out;
}

IDM_INLINE void sync_to_disk([[maybe_unused]] const std::filesystem::path& path) {
#if __has_include(<unistd.h>)
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    int error = descriptor < 0 || ::fsync(descriptor) != 0 ? errno : 0;
    if (error == EINVAL) error = 0;
    if (descriptor >= 0) ::close(descriptor);
    require<FileError>(error == 0, "cannot write ", path.string(), " to disk: ", std::generic_category().message(error),
                       "; check its rights and free space");
#endif
}

}  // namespace detail

IDM_INLINE void write_files(std::span<const FileContent> files) {
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
        detail::sync_to_disk(unfinished[unfinished.size() - 1]);
    }
    for (std::size_t i = 0; i < files.size(); ++i) {
        std::error_code error;
        std::filesystem::rename(unfinished[i], files[i].path, error);
        detail::require<FileError>(!error, "cannot write ", files[i].path.string(), ": ", error.message());
        detail::sync_to_disk(files[i].path.has_parent_path() ? files[i].path.parent_path() : ".");
    }
}

#endif  // !IDM_HAS_COMPILED

IDM_NAMESPACE_END
