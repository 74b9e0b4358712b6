#pragma once

#include <charconv>
#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include <idm/core/config.hpp>
#include <idm/core/status.hpp>
#include <idm/core/utf8.hpp>
#include <idm/io/json_value.hpp>

IDM_NAMESPACE_BEGIN

/// Reads one JSON text (RFC 8259): strict UTF-8, no key twice, at most 32 levels, nothing behind the value.
///
/// *Errors*: a failed status that names the byte and what was expected there. *Cost*: memory in proportion to the text;
/// limit the length of foreign ones.
IDM_INLINE Status read_json(std::string_view text, Json& out);

#if !IDM_HAS_COMPILED

namespace detail {

/// Reads RFC 8259 and nothing more; stops at the first error.
class JsonParser {
public:
    explicit JsonParser(std::string_view text) : text_(text) {}

    Status parse(Json& out) {
        if (value(out, 0)) {
            skip_space();
            if (at_ != text_.size()) fail("the end of the text");
        }
        return std::move(status_);
    }

private:
    static constexpr int depth_limit = 32;

    bool fail(const std::string& expected) {
        status_ = failure("JSON byte ", at_, ": expected ", expected);
        return false;
    }
    char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    bool take(char c) {
        if (peek() != c || at_ >= text_.size()) return false;
        ++at_;
        return true;
    }
    void skip_space() {
        while (at_ < text_.size() && std::string_view(" \t\n\r").find(text_[at_]) != std::string_view::npos) ++at_;
    }

    bool value(Json& out, int depth) {
        if (depth > depth_limit) return fail(message("at most ", depth_limit, " levels"));
        skip_space();
        switch (peek()) {
            case '{':
                return object(out, depth);
            case '[':
                return array(out, depth);
            case '"':
                out.kind = Json::Kind::string;
                return string(out.text);
            case 't':
                return word(out, "true", Json::Kind::boolean);
            case 'f':
                return word(out, "false", Json::Kind::boolean);
            case 'n':
                return word(out, "null", Json::Kind::null);
            default:
                return number(out);
        }
    }

    bool word(Json& out, std::string_view expected, Json::Kind kind) {
        if (text_.substr(at_, expected.size()) != expected) return fail("a value");
        at_ += expected.size();
        out.kind = kind;
        if (kind == Json::Kind::boolean) out.text = expected;
        return true;
    }

    bool digits() {
        const std::size_t begin = at_;
        while (peek() >= '0' && peek() <= '9') ++at_;
        return at_ > begin;
    }

    bool number(Json& out) {
        const std::size_t begin = at_;
        take('-');
        if (!take('0') && !digits()) return fail("a value");
        if (take('.') && !digits()) return fail("a digit");
        if (take('e') || take('E')) {
            if (!take('+')) take('-');
            if (!digits()) return fail("a digit");
        }
        out.kind = Json::Kind::number;
        out.text = text_.substr(begin, at_ - begin);
        return true;
    }

    bool array(Json& out, int depth) {
        out.kind = Json::Kind::array;
        ++at_;
        skip_space();
        if (take(']')) return true;
        do {
            if (!value(out.items.emplace_back(), depth + 1)) return false;
            skip_space();
        } while (take(','));
        return take(']') || fail("',' or ']'");
    }

    bool object(Json& out, int depth) {
        std::set<std::string> seen;
        out.kind = Json::Kind::object;
        ++at_;
        skip_space();
        if (take('}')) return true;
        do {
            skip_space();
            std::string key;
            if (!string(key)) return false;
            if (!seen.insert(key).second) return fail("every key once, got \"" + key + "\" twice");
            out.keys.push_back(std::move(key));
            skip_space();
            if (!take(':')) return fail("':'");
            if (!value(out.items.emplace_back(), depth + 1)) return false;
            skip_space();
        } while (take(','));
        return take('}') || fail("',' or '}'");
    }

    bool string(std::string& out) {
        if (!take('"')) return fail("'\"'");
        while (at_ < text_.size()) {
            const std::size_t length = utf8_length(text_.substr(at_));
            if (length == 0) return fail("UTF-8");
            if (take('"')) return true;
            if (static_cast<unsigned char>(peek()) < 0x20) return fail("no control character inside a string");
            if (take('\\')) {
                if (!escape(out)) return false;
            } else {
                out += text_.substr(at_, length);
                at_ += length;
            }
        }
        return fail("'\"'");
    }

    bool escape(std::string& out) {
        constexpr std::string_view names = "\"\\/bfnrt", meanings = "\"\\/\b\f\n\r\t";
        if (take('u')) return unicode(out);
        const std::size_t i = at_ < text_.size() ? names.find(text_[at_]) : std::string_view::npos;
        if (i == std::string_view::npos) return fail("an escape of JSON");
        ++at_;
        out += meanings[i];
        return true;
    }

    bool hexadecimal(unsigned& out) {
        const std::string_view four = text_.substr(at_, 4);
        const auto [end, error] = std::from_chars(four.data(), four.data() + four.size(), out, 16);
        if (four.size() < 4 || error != std::errc() || end != four.data() + 4) return fail("four hexadecimal digits");
        at_ += 4;
        return true;
    }

    bool unicode(std::string& out) {
        unsigned code = 0, low = 0;
        if (!hexadecimal(code)) return false;
        if (code >= 0xD800 && code < 0xE000) {
            if (code >= 0xDC00 || !take('\\') || !take('u')) return fail("a pair of surrogates");
            if (!hexadecimal(low)) return false;
            if (low < 0xDC00 || low >= 0xE000) return fail("a pair of surrogates");
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        }
        const unsigned more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
        constexpr unsigned lead[] = {0, 0xC0, 0xE0, 0xF0};
        out += static_cast<char>(lead[more] | (code >> (6 * more)));
        for (unsigned i = more; i-- > 0;) out += static_cast<char>(0x80 | ((code >> (6 * i)) & 0x3F));
        return true;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    Status status_;
};

}  // namespace detail

IDM_INLINE Status read_json(std::string_view text, Json& out) {
    out = Json();
    return detail::JsonParser(text).parse(out);
}

#endif  // !IDM_HAS_COMPILED

IDM_NAMESPACE_END
