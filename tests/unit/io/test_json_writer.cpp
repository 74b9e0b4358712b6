#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <idm/core/random.hpp>
#include <idm/io/json_writer.hpp>

#include "support/catch.hpp"

#if defined(IDM_TEST_HAS_JSON)
#include <cstring>

#include <nlohmann/json.hpp>
#endif

using namespace idm;

TEST_CASE("JSON text is laid out to be read by people", "[json]") {
    JsonWriter json;
    json.begin_object();
    json.member("name", "cnn1").member("seed", 3).member("best", true);
    json.key("nmse").array(std::vector<double>{0.5, 0.25}).key("joints").array(std::vector<std::string>{"a", "b"});
    json.key("empty").begin_array().end_array().key("nothing").value(nullptr);
    json.key("list").begin_array().value(1).begin_object().end_object().end_array();
    json.end_object();
    CHECK(json.text() ==
          "{\n"
          "  \"name\": \"cnn1\",\n"
          "  \"seed\": 3,\n"
          "  \"best\": true,\n"
          "  \"nmse\": [0.5, 0.25],\n"
          "  \"joints\": [\"a\", \"b\"],\n"
          "  \"empty\": [],\n"
          "  \"nothing\": null,\n"
          "  \"list\": [\n"
          "    1,\n"
          "    {}\n"
          "  ]\n"
          "}");
}

TEST_CASE("numbers without a JSON form become null", "[json]") {
    JsonWriter json;
    json.array(std::vector<double>{std::numeric_limits<double>::quiet_NaN(), -std::numeric_limits<double>::infinity(),
                                   0.1, -0.0, 1e300});
    CHECK(json.text() == "[null, null, 0.1, -0, 1e+300]");
    JsonWriter single;
    single.value(0.1f);
    CHECK(single.text() == "0.1");
}

TEST_CASE("strings are escaped and bytes that are no UTF-8 replaced", "[json]") {
    const auto quoted = [](std::string_view text) {
        JsonWriter json;
        json.value(text);
        return json.text();
    };
    CHECK(quoted("a\"b\\c\n\t\x01\x1f/") == "\"a\\\"b\\\\c\\n\\t\\u0001\\u001f/\"");
    CHECK(quoted("\xC3\xA4 \xE2\x82\xAC \xF0\x9F\xA6\xBE") == "\"\xC3\xA4 \xE2\x82\xAC \xF0\x9F\xA6\xBE\"");
    CHECK(quoted("L\xE4nge") == "\"L\xEF\xBF\xBDnge\"");
    CHECK(quoted("\xC3") == "\"\xEF\xBF\xBD\"");                                  // cut off
    CHECK(quoted("\xC0\xAF") == "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");                  // overlong '/'
    CHECK(quoted("\xED\xA0\x80") == "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");  // surrogate
    CHECK(quoted(std::string_view("a\0b", 3)) == "\"a\\u0000b\"");
}

TEST_CASE("a writer refuses text that would not be JSON", "[json]") {
    JsonWriter json;
    CHECK_THROWS_AS(json.text(), Error);
    CHECK_THROWS_AS(json.key("x"), Error);
    json.begin_object();
    CHECK_THROWS_AS(json.value(1), Error);
    CHECK_THROWS_AS(json.end_array(), Error);
    json.key("a");
    CHECK_THROWS_AS(json.key("b"), Error);
    CHECK_THROWS_AS(json.end_object(), Error);
    CHECK_THROWS_AS(json.text(), Error);
    json.value(1).end_object();
    CHECK(json.text() == "{\n  \"a\": 1\n}");
    CHECK_THROWS_AS(json.value(2), Error);
    CHECK_THROWS_AS(json.end_object(), Error);
}

#if defined(IDM_TEST_HAS_JSON)

TEST_CASE("nlohmann-json reads back every number bit for bit", "[json]") {
    Random random(23);
    std::vector<double> doubles;
    std::vector<std::int64_t> integers{0, -1, std::numeric_limits<std::int64_t>::max(),
                                       std::numeric_limits<std::int64_t>::min()};
    while (doubles.size() < 2000) {
        const std::uint64_t bits = random.bits();
        double value;
        std::memcpy(&value, &bits, sizeof value);
        if (std::isfinite(value)) doubles.push_back(value);
    }
    std::vector<float> floats;
    for (int i = 0; i < 2000; ++i) floats.push_back(static_cast<float>(random.normal()));
    JsonWriter json;
    json.begin_object().key("d").array(doubles).key("f").array(floats).key("i").array(integers).end_object();
    const auto read = nlohmann::json::parse(json.text());
    CHECK(read["d"].get<std::vector<double>>() == doubles);
    CHECK(read["f"].get<std::vector<float>>() == floats);
    CHECK(read["i"].get<std::vector<std::int64_t>>() == integers);
}

TEST_CASE("nlohmann-json accepts any bytes that were written as a string", "[json]") {
    Random random(29);
    for (int i = 0; i < 2000; ++i) {
        std::string bytes;
        const auto length = random.below(6);
        // Bytes from 0xC0 on are frequent, so that most strings meet the rules for sequences.
        for (std::uint64_t j = 0; j < length; ++j)
            bytes += static_cast<char>(random.below(2) ? 0x80 + random.below(128) : random.below(256));
        JsonWriter json;
        json.begin_object().member(bytes, bytes).end_object();
        nlohmann::json read;
        REQUIRE_NOTHROW(read = nlohmann::json::parse(json.text()));
        // The oracle replaces bad bytes too when it writes; what it finds good must come back unchanged.
        std::string dumped;
        try {
            dumped = nlohmann::json(bytes).dump();
        } catch (const nlohmann::json::exception&) {
            CHECK(read.begin().key().find("\xEF\xBF\xBD") != std::string::npos);
            continue;
        }
        CHECK(read.begin().key() == bytes);
        CHECK(read.begin().value() == bytes);
    }
}

#endif
