#pragma once

#include <charconv>
#include <string>
#include <string_view>

#include <idm/core/config.hpp>
#include <idm/core/utf8.hpp>

IDM_NAMESPACE_BEGIN
namespace detail {

/// Appends a number with at most `digits` significant digits, whatever the locale.
inline void append_rounded(std::string& out, double value, int digits) {
    char text[32];
    const auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::general, digits).ptr;
    out.append(text, end);
}

/// Cuts the first character off `text`; a byte that is no UTF-8 comes back as U+FFFD.
inline std::string_view take_utf8(std::string_view& text) {
    const std::size_t length = utf8_length(text);
    const std::string_view character = length == 0 ? std::string_view("\xEF\xBF\xBD") : text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
    return character;
}

/// `text` with the characters that mean something in HTML and SVG replaced, fit for elements and quoted attributes.
inline std::string escape_html(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const std::string_view character = take_utf8(text);
        switch (character[0]) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            case '\'':
                out += "&#39;";
                break;
            default:
                out += character;
        }
    }
    return out;
}

}  // namespace detail

IDM_NAMESPACE_END
