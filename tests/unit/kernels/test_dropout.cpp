// The kernel of Dropout: its mask number by number, from the generator's own stream.

#include <cstdint>

#include <idm/kernels/select.hpp>

#include "support/catch.hpp"
#include "support/guarded.hpp"

using namespace test;
using namespace idm;

TEMPLATE_TEST_CASE("Dropout's kernel takes one number of the stream for each place and writes its output only",
                   "[dropout]", float, double) {
    using T = TestType;
    for (Index size = 1; size <= 65; ++size)
        for (const Index offset : {0, 1}) {
            INFO(size << " numbers, " << offset << " behind a boundary");
            Random random(5);
            auto x = line<T>(size, offset), y = guarded_line<T>(size, offset), in_place = guarded_line<T>(size, offset);
            x.fill_uniform(random);
            for (Index i = 0; i < size; ++i) in_place.at(0, i) = x.at(0, i);
            // A rate of 3/4: a number stays where the stream's 64 bits lie in the upper quarter, four times as large.
            kernels::dropout(size, 0.75, Random(6, 7), x.data(), y.data());
            kernels::dropout(size, 0.75, Random(6, 7), static_cast<const T*>(in_place.data()), in_place.data());
            Random stream(6, 7);
            bool good = y.is_untouched_outside() && in_place.is_untouched_outside();
            for (Index i = 0; i < size; ++i) {
                const bool stays = stream.bits() >= std::uint64_t{3} << 62;
                good = good && y.at(0, i) == (stays ? 4 * x.at(0, i) : T(0));
            }
            REQUIRE(good);
            REQUIRE(difference_in_bits(y, in_place) == "");
        }
}
