#pragma once

#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <idm/core/config.hpp>

IDM_NAMESPACE_BEGIN

/// One JSON value and all below it.
struct Json {
    enum class Kind { null, boolean, number, string, array, object };

    Kind kind = Kind::null;
    std::string text = {};               // a string's characters, a number as written, or "true" or "false"
    std::vector<std::string> keys = {};  // of an object, as many as items
    std::vector<Json> items = {};

    /// The member of that name, or nullptr; nullptr too if this is no object.
    const Json* find(std::string_view key) const {
        for (std::size_t i = 0; i < keys.size(); ++i)
            if (keys[i] == key) return &items[i];
        return nullptr;
    }

    /// False unless this is a number that `Number` can hold: no fraction in an integer, no overflow.
    template <class Number>
    bool get(Number& out) const {
        if (kind != Kind::number) return false;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
        return error == std::errc() && end == text.data() + text.size();
    }
};

IDM_NAMESPACE_END
