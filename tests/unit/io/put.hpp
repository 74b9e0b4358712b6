#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <idm/io/atomic_file.hpp>

namespace idm_test {

/// Writes a file of these bytes, in the place of one that is there.
inline void put(const std::filesystem::path& path, const std::string& bytes) {
    idm::write_files(std::vector<idm::FileContent>{{path, bytes}});
}

}  // namespace idm_test
