#include <set>

#include <idm/kernels/shapes.hpp>

#include "support/catch.hpp"
#include "support/shape_grid.hpp"

using namespace idm;
using namespace idm::kernels;

// 40 columns: a block of 32, and a block of 16 that holds 8 and pads 8.
static_assert(packed_columns(40) == 48);
static_assert(packed_weight_size(3, 40) == 144);
static_assert(packed_offset(3, 40, 0, 0) == 0);
static_assert(packed_offset(3, 40, 1, 0) == 32);
static_assert(packed_offset(3, 40, 2, 31) == 95);
static_assert(packed_offset(3, 40, 0, 32) == 96);
static_assert(packed_offset(3, 40, 1, 33) == 96 + 16 + 1);
// 17 columns need two vectors of 16: one block of 32, as the last block is 16 wide only for 16 or fewer.
static_assert(packed_columns(17) == 32 && packed_block_width(17, 0) == 32);
static_assert(packed_columns(16) == 16 && packed_block_width(16, 0) == 16);
static_assert(packed_columns(1) == 16 && packed_columns(0) == 0);

TEST_CASE("every weight has a place of its own inside the packed size", "[shapes]") {
    for (Index columns = 1; columns <= 100; ++columns) {
        std::set<Index> places;
        for (Index row = 0; row < 3; ++row)
            for (Index column = 0; column < columns; ++column) places.insert(packed_offset(3, columns, row, column));
        CHECK(places.size() == static_cast<std::size_t>(3 * columns));
        CHECK(*places.begin() == 0);
        CHECK(*places.rbegin() < packed_weight_size(3, columns));
    }
}

namespace {

constexpr ConvShape conv(Index in_length, Index out_length, Index kernel, Index stride, Index dilation,
                         Index pad_left) {
    ConvShape s;
    s.in_length = in_length;
    s.out_length = out_length;
    s.kernel = kernel;
    s.stride = stride;
    s.dilation = dilation;
    s.pad_left = pad_left;
    return s;
}
constexpr bool equal(Halo a, Index left, Index right) { return a.left == left && a.right == right; }

}  // namespace

// Output l reads rows l S - pad_left to l S - pad_left + (K - 1) D.
static_assert(equal(forward_halo(conv(32, 32, 5, 1, 1, 2)), 2, 2));    // same
static_assert(equal(forward_halo(conv(32, 32, 3, 1, 8, 16)), 16, 0));  // causal
static_assert(equal(forward_halo(conv(32, 28, 5, 1, 1, 0)), 0, 0));    // valid
static_assert(equal(forward_halo(conv(7, 4, 3, 2, 1, 1)), 1, 1));      // rows 5, 6, 7 for the last output
static_assert(equal(forward_halo(conv(8, 4, 3, 2, 1, 1)), 1, 0));      // rows 5, 6, 7, which is inside
// d_x row i reads outputs i + pad_left - (K - 1) D to i + pad_left.
static_assert(equal(backward_halo(conv(32, 32, 5, 1, 1, 2)), 2, 2));
static_assert(equal(backward_halo(conv(32, 32, 3, 1, 8, 16)), 0, 16));
static_assert(equal(backward_halo(conv(32, 28, 5, 1, 1, 0)), 4, 4));
static_assert(equal(backward_halo(conv(7, 4, 3, 2, 1, 1)), 0, 0));  // scatters

TEST_CASE("the shape grid holds what it promises", "[shapes]") {
    const auto grid = shape_grid::convolutions();
    const auto has = [&](auto&& what) { return std::any_of(grid.begin(), grid.end(), what); };
    using shape_grid::Conv;
    for (Index channels = 1; channels <= 33; ++channels) {
        CHECK(has([&](const Conv& c) { return c.in_channels == channels && c.stride == 1; }));
        CHECK(has([&](const Conv& c) { return c.in_channels == channels && c.stride == 2; }));
        CHECK(has([&](const Conv& c) { return c.out_channels == channels && c.stride == 1; }));
    }
    for (auto padding : {shape_grid::Padding::valid, shape_grid::Padding::same, shape_grid::Padding::causal})
        for (Index stride : {1, 2, 3})
            for (Index dilation : {1, 2, 4, 8})
                CHECK(has([&](const Conv& c) {
                    return c.padding == padding && c.stride == stride && c.dilation == dilation && c.kernel > 1;
                }));
    for (Index length = 1; length <= 19; ++length) CHECK(has([&](const Conv& c) { return c.length == length; }));
}
