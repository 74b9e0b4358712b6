#pragma once

#include <charconv>
#include <string>

#include <idm/core/config.hpp>

IDM_NAMESPACE_BEGIN
namespace detail {

/// Appends the shortest text that reads back as the same number, whatever the locale.
template <class Number>
void append_number(std::string& out, Number value) {
    char text[32];
    out.append(text, std::to_chars(text, text + sizeof text, value).ptr);
}

/// The same as a string of its own: settings that differ in their last bit differ in it.
template <class Number>
std::string exact_text(Number value) {
    std::string out;
    append_number(out, value);
    return out;
}

}  // namespace detail
IDM_NAMESPACE_END
