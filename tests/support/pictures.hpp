#pragma once

#include <cstddef>
#include <cstdlib>
#include <string>

namespace idm_test {

/// Whether pictures can be drawn here.
inline bool has_gnuplot() { return std::system("gnuplot --version > /dev/null 2>&1") == 0; }

/// How often `part` is in `text`, such as an element in a page or a picture.
inline std::size_t occurrences(const std::string& text, const std::string& part) {
    std::size_t count = 0;
    for (auto place = text.find(part); place != std::string::npos; place = text.find(part, place + 1)) ++count;
    return count;
}

}  // namespace idm_test
