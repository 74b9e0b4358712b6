#pragma once

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

#include <idm/core/config.hpp>

IDM_NAMESPACE_BEGIN

/// Base of every exception that the library throws. `what()` says what was expected, what came, where, and what to do.
class Error : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Extents that do not fit together (a window of another length, a batch beyond the workspace's capacity).
class ShapeError : public Error {
    using Error::Error;
};

/// A setting outside its range (a negative learning rate, a kernel of length 0).
class ConfigError : public Error {
    using Error::Error;
};

/// A file that is missing, truncated, of another format, or can't be written.
class FileError : public Error {
    using Error::Error;
};

/// A log whose content can't be used: an unknown column, NaN, time that runs backwards, too few rows.
class DataError : public Error {
    using Error::Error;
};

/// A computation that left the finite numbers, for example a diverged training.
class NumericError : public Error {
    using Error::Error;
};

namespace detail {

inline void append(std::string& out, std::string_view text) { out += text; }
inline void append(std::string& out, const std::string& text) { out += text; }
inline void append(std::string& out, const char* text) { out += text; }
inline void append(std::string& out, char c) { out += c; }
template <class Number>
    requires std::is_arithmetic_v<Number>
void append(std::string& out, Number value) {
    if constexpr (std::is_integral_v<Number>) {
        out += std::to_string(value);
    } else {
        char text[32];
        // "%g" reads better than std::to_string's six fixed decimals: 1e-07, not 0.000000.
        const int n = std::snprintf(text, sizeof text, "%.6g", static_cast<double>(value));
        out.append(text, static_cast<std::size_t>(n));
    }
}

/// Joins text and numbers into one message.
template <class... Parts>
std::string message(const Parts&... parts) {
    std::string out;
    (append(out, parts), ...);
    return out;
}

/// Throws `E` with the joined message; without exceptions it ends the program, so such builds use the `try_` forms.
template <class E, class... Parts>
[[noreturn]] void raise(const Parts&... parts) {
#if IDM_HAS_EXCEPTIONS
    throw E(message(parts...));
#else
    (void)sizeof...(parts);
    std::abort();
#endif
}

/// Throws `E` unless `condition` holds.
template <class E, class... Parts>
constexpr void require(bool condition, const Parts&... parts) {
    if (!condition) [[unlikely]]
        raise<E>(parts...);
}

}  // namespace detail

IDM_NAMESPACE_END
