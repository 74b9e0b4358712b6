#include <cstdint>
#include <string>
#include <vector>

#include <idm/core/random.hpp>
#include <idm/io/json_reader.hpp>

#include "support/catch.hpp"

#if defined(IDM_TEST_HAS_JSON)
#include <nlohmann/json.hpp>
#endif

using namespace idm;

namespace {

std::string parsing_error(const std::string& text) {
    Json json;
    return read_json(text, json).message;
}

// One text of each rule of RFC 8259, right and wrong.
const std::vector<std::string> texts = {"",
                                        " ",
                                        "null",
                                        "true",
                                        "false",
                                        "nul",
                                        "True",
                                        "nulll",
                                        "0",
                                        "-0",
                                        "-",
                                        "+1",
                                        "01",
                                        "1.",
                                        ".5",
                                        "1.5e+3",
                                        "1e",
                                        "1E-2",
                                        "1e5.0",
                                        "0x10",
                                        "NaN",
                                        "Infinity",
                                        "[]",
                                        "[1,2]",
                                        "[1,]",
                                        "[,1]",
                                        "[1 2]",
                                        "[",
                                        "]",
                                        "[[[]]]",
                                        "{}",
                                        "{\"a\":1}",
                                        "{\"a\":1,}",
                                        "{a:1}",
                                        "{\"a\" 1}",
                                        "{\"a\":}",
                                        "{",
                                        "}",
                                        "{\"a\":1",
                                        "\"\"",
                                        "\"a",
                                        "\"\\n\\t\\/\"",
                                        "\"\\x\"",
                                        "\"\\u00e9\\uD83D\\uDE00\"",
                                        "\"\\uD83D\"",
                                        "\"\\uDE00\"",
                                        "\"\\uD83D\\u0041\"",
                                        "\"\\u12\"",
                                        "\"\\u12G4\"",
                                        "\"\\u+123\"",
                                        "\"\xC3\xA9\"",
                                        "\"\xC3\"",
                                        "\"\xFF\"",
                                        "\"\xC0\x80\"",
                                        "\"a\nb\"",
                                        "\"\x7F\"",
                                        "// 1\n1",
                                        "1 1",
                                        " [ 1 , { \"k\" : [ true , null ] } ] ",
                                        "[1]x",
                                        "'a'",
                                        "{\"a\":{\"a\":1}}",
                                        "1e400",
                                        "123456789012345678901234567890"};

}  // namespace

TEST_CASE("JSON is read into values that know their kind", "[json]") {
    Json json;
    REQUIRE(read_json(" {\"name\": \"a\\u00e9\\n\", \"list\": [1, -2.5e1, true, null], \"deep\": {}} ", json));
    REQUIRE(json.kind == Json::Kind::object);
    CHECK(json.keys == std::vector<std::string>{"name", "list", "deep"});
    CHECK(json.find("name")->text == "a\xC3\xA9\n");
    CHECK(json.find("absent") == nullptr);
    const Json& list = *json.find("list");
    REQUIRE(list.items.size() == 4);
    CHECK(list.find("name") == nullptr);
    int whole = 0;
    double number = 0;
    std::uint8_t small = 0;
    CHECK((list.items[0].get(whole) && whole == 1));
    CHECK((list.items[1].get(number) && number == -25.0));
    CHECK_FALSE(list.items[1].get(whole));
    CHECK_FALSE(list.items[1].get(small));
    CHECK((list.items[2].kind == Json::Kind::boolean && list.items[2].text == "true"));
    CHECK_FALSE(list.items[2].get(number));
    CHECK(list.items[3].kind == Json::Kind::null);
    std::uint64_t big = 0;
    REQUIRE(read_json("18446744073709551615", json));
    CHECK((json.get(big) && big == 18446744073709551615u));
    REQUIRE(read_json("18446744073709551616", json));
    CHECK_FALSE(json.get(big));
}

TEST_CASE("JSON errors name the byte and what was expected", "[json]") {
    CHECK(parsing_error("[1,]") == "JSON byte 3: expected a value");
    CHECK(parsing_error("{\"a\":1, \"a\":2}") == "JSON byte 11: expected every key once, got \"a\" twice");
    CHECK(parsing_error("{\"a\":1, \"\\u0061\":2}") != "");
    CHECK(parsing_error("1 2") == "JSON byte 2: expected the end of the text");
    CHECK(parsing_error(std::string("1\0", 2)) == "JSON byte 1: expected the end of the text");
}

TEST_CASE("JSON nested deeper than 32 levels is refused, however deep", "[json]") {
    const auto nested = [](std::size_t n) { return std::string(n, '[') + std::string(n, ']'); };
    CHECK(parsing_error(nested(33)).empty());
    CHECK(parsing_error(nested(34)) == "JSON byte 33: expected at most 32 levels");
    CHECK(parsing_error(std::string(1000000, '[')) == "JSON byte 33: expected at most 32 levels");
}

#if defined(IDM_TEST_HAS_JSON)

namespace {

bool same(const Json& ours, const nlohmann::json& theirs) {
    switch (ours.kind) {
        case Json::Kind::null:
            return theirs.is_null();
        case Json::Kind::boolean:
            return theirs.is_boolean() && theirs.get<bool>() == (ours.text == "true");
        case Json::Kind::string:
            return theirs.is_string() && theirs.get<std::string>() == ours.text;
        case Json::Kind::number: {
            double value = 0;
            return theirs.is_number() && ours.get(value) && value == theirs.get<double>();
        }
        default:
            break;
    }
    const bool object = ours.kind == Json::Kind::object;
    if (theirs.size() != ours.items.size() || (object ? !theirs.is_object() : !theirs.is_array())) return false;
    for (std::size_t i = 0; i < ours.items.size(); ++i)
        if (!same(ours.items[i], object ? theirs.at(ours.keys[i]) : theirs.at(i))) return false;
    return true;
}

// Number of texts that both accept.
int agree(const std::string& text) {
    Json ours;
    const bool accepted = static_cast<bool>(read_json(text, ours));
    const nlohmann::json theirs = nlohmann::json::parse(text, nullptr, false);
    INFO(text);
    // nlohmann-json also refuses numbers that overflow a double, which is a question of the type asked for here.
    if (text == "1e400") return 0;
    CHECK(accepted == !theirs.is_discarded());
    if (accepted) CHECK(same(ours, theirs));
    return accepted;
}

}  // namespace

TEST_CASE("the JSON reader accepts what nlohmann-json accepts, and reads the same", "[json]") {
    int accepted = 0;
    for (const std::string& text : texts) accepted += agree(text);
    CHECK(accepted == 20);
}

TEST_CASE("the JSON reader agrees with nlohmann-json on texts changed at random", "[json]") {
    const std::string text =
        "{\"a\": [1, -2.5e-3, true, false, null], \"b\": {\"c\": \"x\\n\\u00e9\\ud83d\\ude00 \xC3\xA9\"}, \"d\": 10}";
    // No second key that could come to equal another: on those the two differ by intent.
    const std::string characters = "[]{},:\"\\ 0123.eE+-truefalsn\n\xC3\xA9";
    Random random(7);
    int accepted = 0;
    for (int i = 0; i < 4000; ++i) {
        std::string changed = text;
        const auto at = static_cast<std::size_t>(random.below(changed.size()));
        if (random.below(2) == 0)
            changed[at] = characters[static_cast<std::size_t>(random.below(characters.size()))];
        else
            changed.erase(at, 1);
        if (parsing_error(changed).find("twice") == std::string::npos) accepted += agree(changed);
    }
    CHECK(accepted > 500);
    CHECK(accepted < 3500);
}

#endif
