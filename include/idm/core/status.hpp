#pragma once

#include <string>

#include <idm/core/error.hpp>

IDM_NAMESPACE_BEGIN

/// How a call that does not throw ended: true, or false with a message like that of an exception.
struct [[nodiscard]] Status {
    std::string message = {};
    explicit operator bool() const { return message.empty(); }
};

namespace detail {

/// A failed status with the joined message.
template <class... Parts>
Status failure(const Parts&... parts) {
    return {message(parts...)};
}

}  // namespace detail

IDM_NAMESPACE_END
