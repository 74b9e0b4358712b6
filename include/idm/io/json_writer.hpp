#pragma once

#include <cmath>
#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <idm/core/config.hpp>
#include <idm/core/error.hpp>
#include <idm/core/exact_text.hpp>
#include <idm/io/text.hpp>

IDM_NAMESPACE_BEGIN

/// Builds JSON text (RFC 8259) in one pass, indented by two spaces.
///
///     JsonWriter json;
///     json.begin_object().member("name", "cnn1").key("nmse").array(values).end_object();
///
/// Numbers read back as the same bits; a number that is not finite becomes `null`, because JSON has none. Bytes that
/// are no UTF-8 (a log's header in another encoding) become U+FFFD.
/// *Errors*: `Error` for a value where a key belongs, a key where a value belongs, or an end without its begin.
class JsonWriter {
public:
    JsonWriter& begin_object() { return open('{'); }
    JsonWriter& end_object() { return close('{', '}'); }
    JsonWriter& begin_array() { return open('['); }
    JsonWriter& end_array() { return close('[', ']'); }

    JsonWriter& key(std::string_view name) {
        detail::require<Error>(!open_.empty() && open_.back().bracket == '{' && !after_key_, "JSON key \"", name,
                               "\" is not directly inside an object, or follows another key");
        separate();
        quote(name);
        text_ += ": ";
        after_key_ = true;
        return *this;
    }

    template <class Number>
    requires std::is_arithmetic_v<Number> JsonWriter& value(Number number) {
        begin_value();
        scalar(number);
        return *this;
    }
    JsonWriter& value(std::string_view string) {
        begin_value();
        quote(string);
        return *this;
    }
    JsonWriter& value(const char* string) { return value(std::string_view(string)); }
    JsonWriter& value(std::nullptr_t) {
        begin_value();
        text_ += "null";
        return *this;
    }

    template <class Value>
    JsonWriter& member(std::string_view name, const Value& content) {
        return key(name).value(content);
    }

    /// An array on one line.
    template <class Values>
    JsonWriter& array(const Values& values) {
        begin_value();
        text_ += '[';
        const char* comma = "";
        for (const auto& item : values) {
            text_ += comma;
            if constexpr (std::convertible_to<decltype(item), std::string_view>)
                quote(item);
            else
                scalar(item);
            comma = ", ";
        }
        text_ += ']';
        return *this;
    }

    /// The finished text. *Errors*: `Error` while an object or array is open, or before the first value.
    const std::string& text() const {
        detail::require<Error>(open_.empty() && !text_.empty(), "JSON text is not complete: ", open_.size(),
                               " objects or arrays are open");
        return text_;
    }

private:
    struct Level {
        char bracket;
        bool empty = true;
    };

    JsonWriter& open(char bracket) {
        begin_value();
        text_ += bracket;
        open_.push_back({bracket});
        return *this;
    }

    JsonWriter& close(char bracket, char closing) {
        detail::require<Error>(!open_.empty() && open_.back().bracket == bracket && !after_key_, "JSON '", closing,
                               "' without its '", bracket, "', or after a key without value");
        const bool empty = open_.back().empty;
        open_.pop_back();
        if (!empty) new_line();
        text_ += closing;
        return *this;
    }

    void begin_value() {
        if (open_.empty()) {
            detail::require<Error>(text_.empty(), "JSON text holds one value, a second one came");
        } else if (open_.back().bracket == '{') {
            detail::require<Error>(after_key_, "JSON value inside an object came without its key");
            after_key_ = false;
        } else {
            separate();
        }
    }

    void separate() {
        if (!open_.back().empty) text_ += ',';
        open_.back().empty = false;
        new_line();
    }

    void new_line() {
        text_ += '\n';
        text_.append(2 * open_.size(), ' ');
    }

    template <class Number>
    void scalar(Number number) {
        if constexpr (std::is_same_v<Number, bool>) {
            text_ += number ? "true" : "false";
        } else {
            if constexpr (std::is_floating_point_v<Number>) {
                if (!std::isfinite(number)) {
                    text_ += "null";
                    return;
                }
            }
            detail::append_number(text_, number);
        }
    }

    void quote(std::string_view string) {
        text_ += '"';
        while (!string.empty()) {
            const std::string_view character = detail::take_utf8(string);
            if (character.size() == 1)
                escape(character[0]);
            else
                text_ += character;
        }
        text_ += '"';
    }

    void escape(char c) {
        static constexpr char digits[] = "0123456789abcdef";
        if (c == '"' || c == '\\') {
            text_ += '\\';
            text_ += c;
        } else if (c == '\n') {
            text_ += "\\n";
        } else if (c == '\t') {
            text_ += "\\t";
        } else if (static_cast<unsigned char>(c) < 0x20) {
            text_ += "\\u00";
            text_ += digits[c >> 4];
            text_ += digits[c & 15];
        } else {
            text_ += c;
        }
    }

    std::string text_;
    std::vector<Level> open_;
    bool after_key_ = false;
};

IDM_NAMESPACE_END
