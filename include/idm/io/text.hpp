#pragma once

#include <charconv>
#include <string>
#include <string_view>

#include <idm/core/config.hpp>

IDM_NAMESPACE_BEGIN
namespace detail {

/// Length of the UTF-8 sequence at the front of `text`, 0 if there is none (RFC 3629, section 4: no overlong forms, no
/// surrogates, nothing above U+10FFFF).
inline std::size_t utf8_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
    const auto tail = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xBF) {
        return byte(i) >= low && byte(i) <= high;
    };
    const unsigned first = byte(0);
    if (first < 0x80) return 1;
    if (first >= 0xC2 && first <= 0xDF) return tail(1) ? 2 : 0;
    if (first >= 0xE0 && first <= 0xEF)
        return tail(1, first == 0xE0 ? 0xA0 : 0x80, first == 0xED ? 0x9F : 0xBF) && tail(2) ? 3 : 0;
    if (first >= 0xF0 && first <= 0xF4)
        return tail(1, first == 0xF0 ? 0x90 : 0x80, first == 0xF4 ? 0x8F : 0xBF) && tail(2) && tail(3) ? 4 : 0;
    return 0;
}

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
