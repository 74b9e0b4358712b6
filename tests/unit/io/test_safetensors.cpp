#include <cstdint>
#include <string>
#include <vector>

#include <idm/io/safetensors.hpp>

#include "support/catch.hpp"

using namespace idm;

namespace {

std::string file_of(const std::string& header, const std::string& data) {
    std::string out;
    detail::append_little_endian(out, static_cast<std::uint64_t>(header.size()));
    return out + header + data;
}

std::string reading_error(const std::string& bytes) {
    Safetensors file;
    return read_safetensors(bytes, file).message;
}

std::string entry(const std::string& name, const std::string& shape, const std::string& offsets,
                  const std::string& dtype = "F32") {
    return "\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}";
}

const std::string eight(8, '\0');

}  // namespace

TEST_CASE("a safetensors file written by hand is read", "[safetensors]") {
    // 1.0f, -2.0f and 0.5 little-endian (IEEE 754).
    const std::string data("\x00\x00\x80\x3F\x00\x00\x00\xC0\x00\x00\x00\x00\x00\x00\xE0\x3F", 16);
    const std::string bytes = file_of("{\"__metadata__\":{\"k\":\"v\"}," + entry("b", "[1,2]", "[0,8]") + "," +
                                          entry("a", "[]", "[8,16]", "F64") + "}  ",
                                      data);
    Safetensors file;
    REQUIRE(read_safetensors(bytes, file));
    CHECK(file.metadata.at("k") == "v");
    REQUIRE(file.tensors.size() == 2);
    CHECK(file.tensors.at("b").shape == std::vector<Index>{1, 2});
    CHECK(detail::from_little_endian<float>(file.tensors.at("b").bytes) == std::vector<float>{1.0f, -2.0f});
    CHECK(detail::from_little_endian<double>(file.tensors.at("a").bytes) == std::vector<double>{0.5});

    const std::string again = write_safetensors(file);
    Safetensors second;
    REQUIRE(read_safetensors(again, second));
    CHECK(detail::read_little_endian<std::uint64_t>(again.data()) % 8 == 0);
    CHECK(second.metadata == file.metadata);
    CHECK(second.tensors.at("b").bytes == file.tensors.at("b").bytes);
    CHECK(second.tensors.at("a").shape.empty());
}

TEST_CASE("a header of up to 1 MiB is written and read, a longer one neither", "[safetensors]") {
    Safetensors file, read;
    std::uint64_t largest = 0;
    const auto write = [&](std::size_t size) {
        file.metadata["k"] = std::string(size, 'x');
        const std::string bytes = write_safetensors(file);
        REQUIRE(read_safetensors(bytes, read));
        largest = detail::read_little_endian<std::uint64_t>(bytes.data());
    };
    std::size_t size = safetensors_header_limit - 64;
    CHECK_THROWS_WITH(
        [&] {
            for (; size < safetensors_header_limit; ++size) write(size);
        }(),
        ContainsSubstring("names and metadata of at most 1048576 bytes, got 1048584"));
    CHECK(largest == safetensors_header_limit);
    CHECK_THROWS_AS(write(size), DataError);
}

TEST_CASE("safetensors: each bad input has its message", "[safetensors]") {
    const auto refused = [](const std::string& bytes, const std::string& words) {
        CHECK_THAT(reading_error(bytes), ContainsSubstring(words));
    };
    const std::string good = "{" + entry("a", "[2]", "[0,8]") + "}";
    CHECK(reading_error(file_of(good, eight)).empty());
    refused("", "at least 8 bytes, got 0");
    refused(file_of(good, eight).substr(0, 20), "truncated");
    refused(file_of(good, eight.substr(1)), "fits into the file's 7 bytes");
    refused(std::string("\0\0\0\0\0\0\0\x10", 8) + good, "1152921504606846976");
    refused("idm,q1,q2,tau1\n1,2,3,4\n", "no weights file");
    refused(file_of("[]", ""), "JSON object");
    refused(file_of(" " + good, eight), "JSON object");
    refused(file_of(good + "x", eight), "end of the text");
    refused(file_of(good, eight + "x"), "expected tensors over all 9 bytes");
    refused(file_of("{" + entry("a", "[1]", "[0,4]") + "," + entry("a", "[1]", "[4,8]") + "}", eight), "twice");
    refused(file_of("{" + entry("a", "[1]", "[0,4]") + "," + entry("b", "[1]", "[0,4]") + "}", eight), "overlap");
    refused(file_of("{" + entry("a", "[1]", "[4,8]") + "}", eight), "gap at data byte 0");
    refused(file_of("{" + entry("a", "[2]", "[0,8]", "F16") + "}", eight), "F32 or F64, got 'F16'");
    refused(file_of("{" + entry("a", "[3]", "[0,8]") + "}", eight), "shape that fits");
    refused(file_of("{" + entry("a", "[-2]", "[0,8]") + "}", eight), "shape that fits");
    refused(file_of("{" + entry("a", "[4294967296,4294967296]", "[0,8]") + "}", eight), "shape that fits");
    refused(file_of("{" + entry("a", "[2]", "[8,0]") + "}", eight), "data_offsets");
    refused(file_of("{" + entry("a", "[2]", "[0,8,8]") + "}", eight), "two data_offsets");
    refused(file_of("{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", eight), "two data_offsets");
    refused(file_of("{\"__metadata__\":{\"k\":1}," + good.substr(1), eight), "metadata 'k'");
}
