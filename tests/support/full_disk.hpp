#pragma once

#include <csignal>
#include <filesystem>
#include <optional>
#include <string>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/// Files may not grow beyond `bytes` while this lives: writing on fails with EFBIG, as it does with ENOSPC on a full
/// disk, on any system and without rights.
class FileSizeLimit {
public:
    explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
        getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit limit{bytes, before_.rlim_max};
        setrlimit(RLIMIT_FSIZE, &limit);
    }
    FileSizeLimit(const FileSizeLimit&) = delete;
    FileSizeLimit& operator=(const FileSizeLimit&) = delete;
    ~FileSizeLimit() {
        setrlimit(RLIMIT_FSIZE, &before_);
        std::signal(SIGXFSZ, handler_);
    }

private:
    rlimit before_{};
    void (*handler_)(int);
};

namespace full_disk_detail {

inline bool write_text(const char* path, const std::string& text) {
    const int file = open(path, O_WRONLY | O_CLOEXEC);
    const bool good = file >= 0 && write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    if (file >= 0) close(file);
    return good;
}

/// A mount that this process alone sees: by right where it is root, else in a user namespace where those are allowed.
inline bool mount_small(const std::filesystem::path& folder, const char* size) {
    const std::string user = "0 " + std::to_string(geteuid()) + " 1", group = "0 " + std::to_string(getegid()) + " 1";
    if (unshare(CLONE_NEWNS) != 0 &&
        (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0 || !write_text("/proc/self/setgroups", "deny") ||
         !write_text("/proc/self/uid_map", user) || !write_text("/proc/self/gid_map", group)))
        return false;
    return mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
           mount("idm_test", folder.c_str(), "tmpfs", 0, (std::string("size=") + size).c_str()) == 0;
}

}  // namespace full_disk_detail

/// Runs `check` in a child process in which `folder` is a file system of so small a `size` (of tmpfs, as "64k"), which
/// vanishes with the child. Returns what `check` says was wrong; nothing where no such file system can be mounted.
template <class Check>
std::optional<std::string> on_small_disk(const std::filesystem::path& folder, const char* size, Check check) {
    int channel[2];
    if (pipe(channel) != 0) return std::nullopt;
    const pid_t child = fork();
    if (child == 0) {
        if (!full_disk_detail::mount_small(folder, size)) _exit(2);
        const std::string wrong = check();
        const bool sent = write(channel[1], wrong.data(), wrong.size()) == static_cast<ssize_t>(wrong.size());
        _exit(sent ? 0 : 1);
    }
    close(channel[1]);
    std::string wrong;
    char buffer[256];
    for (ssize_t n = 0; (n = read(channel[0], buffer, sizeof buffer)) > 0;)
        wrong.append(buffer, static_cast<std::size_t>(n));
    close(channel[0]);
    int status = 0;
    waitpid(child, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 2) return std::nullopt;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        wrong += " (the child ended with status " + std::to_string(status) + ")";
    return wrong;
}
