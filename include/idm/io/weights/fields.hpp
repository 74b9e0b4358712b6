#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <idm/core/config.hpp>
#include <idm/core/status.hpp>
#include <idm/io/json_value.hpp>

IDM_NAMESPACE_BEGIN
namespace detail {

/// Takes the members of one JSON object, each once. The first that is missing or of another kind fails the status, and
/// what comes after it is skipped.
class Fields {
public:
    Fields(const Json* object, std::string where, Status& status)
        : object_(object), where_(std::move(where)), status_(status) {
        if (status_ && (!object_ || object_->kind != Json::Kind::object))
            status_ = failure(where_, ": expected a JSON object");
    }

    template <class Number>
    void number(const char* key, Number& out) {
        if (const Json* json = take(key, Json::Kind::number); json && !json->get(out)) wrong(key, "a number in range");
    }
    void string(const char* key, std::string& out) {
        if (const Json* json = take(key, Json::Kind::string)) out = json->text;
    }
    void boolean(const char* key, bool& out) {
        if (const Json* json = take(key, Json::Kind::boolean)) out = json->text == "true";
    }
    void strings(const char* key, std::vector<std::string>& out) {
        const Json* json = take(key, Json::Kind::array);
        for (std::size_t i = 0; json && i < json->items.size(); ++i) {
            if (json->items[i].kind != Json::Kind::string) return wrong(key, "strings");
            out.push_back(json->items[i].text);
        }
    }
    template <class Number>
    void numbers(const char* key, std::vector<Number>& out) {
        const Json* json = take(key, Json::Kind::array);
        for (std::size_t i = 0; json && i < json->items.size(); ++i)
            if (!json->items[i].get(out.emplace_back())) return wrong(key, "numbers in range");
    }
    Fields object(const char* key) { return Fields(take(key, Json::Kind::object), where_ + "." + key, status_); }

    /// To be called last: fails on members that nobody took.
    void finish() {
        if (status_ && object_->keys.size() != taken_)
            status_ = failure(where_, ": expected ", taken_, " members, got ", object_->keys.size());
    }

private:
    const Json* take(const char* key, Json::Kind kind) {
        if (!status_) return nullptr;
        ++taken_;
        const Json* json = object_->find(key);
        if (json && json->kind == kind) return json;
        wrong(key, json ? "another kind of value" : "it to be there");
        return nullptr;
    }
    void wrong(const char* key, const char* expected) { status_ = failure(where_, ".", key, ": expected ", expected); }

    const Json* object_;
    std::string where_;
    Status& status_;
    std::size_t taken_ = 0;
};

/// CRC-32 as zlib and PNG have it: polynomial 0xEDB88320, reflected.
IDM_INLINE std::uint32_t crc32(std::string_view bytes, std::uint32_t crc = 0);
IDM_INLINE std::string hexadecimal(std::uint32_t value);

inline constexpr std::string_view base64_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// RFC 4648, section 4.
IDM_INLINE std::string to_base64(std::string_view bytes);

/// False unless `text` is what `to_base64` gives for some bytes.
IDM_INLINE bool from_base64(std::string_view text, std::string& out);

#if !IDM_HAS_COMPILED

IDM_INLINE std::uint32_t crc32(std::string_view bytes, std::uint32_t crc) {
    crc = ~crc;
    for (const char byte : bytes) {
        crc ^= static_cast<unsigned char>(byte);
        for (int i = 0; i < 8; ++i) crc = (crc >> 1) ^ (0xEDB88320u & (0u - (crc & 1u)));
    }
    return ~crc;
}

IDM_INLINE std::string hexadecimal(std::uint32_t value) {
    std::string out;
    for (int shift = 28; shift >= 0; shift -= 4) out += "0123456789abcdef"[(value >> shift) & 15];
    return out;
}

IDM_INLINE std::string to_base64(std::string_view bytes) {
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::uint32_t group = 0;
        for (std::size_t k = 0; k < 3; ++k)
            group = (group << 8) | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0u);
        for (std::size_t k = 0; k < 4; ++k)
            out += i + k <= bytes.size() ? base64_digits[(group >> (18 - 6 * k)) & 63] : '=';
    }
    return out;
}

IDM_INLINE bool from_base64(std::string_view text, std::string& out) {
    out.clear();
    std::uint32_t group = 0;
    int bits = 0;
    for (const char c : text.substr(0, text.find('='))) {
        const std::size_t digit = base64_digits.find(c);
        if (digit == std::string_view::npos) return false;
        group = (group << 6) | static_cast<std::uint32_t>(digit);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            out += static_cast<char>((group >> bits) & 0xFF);
        }
    }
    return to_base64(out) == text;
}

#endif  // !IDM_HAS_COMPILED

}  // namespace detail
IDM_NAMESPACE_END
