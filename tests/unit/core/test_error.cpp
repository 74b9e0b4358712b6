#include <stdexcept>
#include <string>
#include <type_traits>

#include <idm/core/error.hpp>

#include "support/catch.hpp"

using namespace idm;

TEMPLATE_TEST_CASE("every exception is an idm::Error and a std::runtime_error", "[error]", ShapeError, ConfigError,
                   FileError, DataError, NumericError) {
    CHECK(std::is_base_of_v<Error, TestType>);
    CHECK(std::is_base_of_v<std::runtime_error, TestType>);
    CHECK_THROWS_AS(detail::raise<TestType>("text"), TestType);
    CHECK_THROWS_AS(detail::raise<TestType>("text"), Error);
    CHECK_THROWS_WITH(detail::raise<TestType>("row ", 3), "row 3");
}

TEST_CASE("a message joins text and numbers", "[error]") {
    const std::string name = "log.csv";
    CHECK(detail::message(name, ':', 12, ": column ", std::string_view("q1"), " is ", 0.5) ==
          "log.csv:12: column q1 is 0.5");
    CHECK(detail::message() == "");
    // Six significant digits, also of small and large numbers.
    CHECK(detail::message(1e-7) == "1e-07");
    CHECK(detail::message(123456789.0) == "1.23457e+08");
    CHECK(detail::message(0.25f) == "0.25");
    CHECK(detail::message(Index(-1), ' ', std::size_t{18446744073709551615u}) == "-1 18446744073709551615");
}

TEST_CASE("require throws only where its condition fails", "[error]") {
    CHECK_NOTHROW(detail::require<DataError>(true, "not seen"));
    CHECK_THROWS_AS(detail::require<DataError>(false, "seen"), DataError);
    CHECK_THROWS_WITH(detail::require<DataError>(1 > 2, "expected ", 1, ", got ", 2), "expected 1, got 2");
}
