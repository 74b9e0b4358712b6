#include <type_traits>

#include <idm/core/shape.hpp>

#include "support/catch.hpp"

using namespace idm;

namespace {

constexpr Index add(Index a, Index b) { return a + b; }

}  // namespace

static_assert(Extent<5>().value() == 5);
static_assert(Extent<5>(5).value() == 5);
static_assert(Extent<5>::static_value == 5);
static_assert(Extent<dynamic>(7).value() == 7);
static_assert(Extent<dynamic>().value() == 0);
static_assert(std::is_empty_v<Extent<5>>);

static_assert(detail::map_static<add, 2, 3>() == 5);
static_assert(detail::map_static<add, 2, dynamic>() == dynamic);
static_assert(detail::map_static<add, dynamic, 3>() == dynamic);

static_assert(Shape<32, 21>::is_static && !Shape<dynamic, 21>::is_static && !Shape<32, dynamic>::is_static);
static_assert(Shape<32, 21>().size() == 672);
static_assert(Shape<dynamic, 21>(32, 21).size() == 672);
static_assert(Shape<dynamic, dynamic, dynamic>(1, 64, 32).folded() == 32);
static_assert(sizeof(Shape<dynamic, 21>) == sizeof(Index));  // static extents take no space
static_assert(Shape<32, 21>() == Shape<32, 21>(32, 21));
static_assert(!(Shape<dynamic, dynamic>(32, 21) == Shape<dynamic, dynamic>(21, 32)));

TEST_CASE("a static extent refuses another value and says which", "[shape]") {
    CHECK_THROWS_AS(Extent<5>(6), ShapeError);
    CHECK_THROWS_WITH(Extent<5>(6), ContainsSubstring("expected extent 5") && ContainsSubstring("got 6") &&
                                        ContainsSubstring("idm::dynamic"));
    CHECK_THROWS_AS((Shape<32, 21>(32, 20)), ShapeError);
    CHECK_THROWS_AS((Shape<32, dynamic>(31, 20)), ShapeError);
    CHECK_NOTHROW(Shape<32, dynamic>(32, 20));
}

TEST_CASE("a dynamic extent refuses negative values", "[shape]") {
    CHECK_THROWS_AS(Extent<dynamic>(-1), ShapeError);
    CHECK_THROWS_WITH(Extent<dynamic>(-3), ContainsSubstring("0 or more") && ContainsSubstring("-3"));
    CHECK_NOTHROW(Extent<dynamic>(0));
}
