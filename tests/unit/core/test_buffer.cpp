#include <cstdint>
#include <type_traits>
#include <utility>

#include <idm/core/buffer.hpp>

#include "support/catch.hpp"

using namespace idm;

static_assert(std::is_nothrow_move_constructible_v<Buffer<float>>);

TEMPLATE_TEST_CASE("a buffer starts on a cache line and holds zeros", "[buffer]", float, double, std::int32_t) {
    for (Index size = 1; size <= 70; ++size) {
        Buffer<TestType> used(size);
        used.fill(TestType(7));  // so that the memory that the next one gets is not zero by chance
        const TestType* memory = used.data();
        CHECK(reinterpret_cast<std::uintptr_t>(memory) % 64 == 0);
        used = Buffer<TestType>();
        const Buffer<TestType> buffer(size);
        CHECK(buffer.size() == size);
        Index zeros = 0;
        for (const TestType& value : buffer.span()) zeros += value == TestType(0);
        CHECK(zeros == size);
    }
}

TEST_CASE("an empty buffer owns nothing and can be copied and moved", "[buffer]") {
    Buffer<float> none, zero(0);
    CHECK(none.data() == nullptr);
    CHECK(zero.data() == nullptr);
    CHECK(zero.span().empty());
    Buffer<float> copy(none);
    copy = std::move(none);
    CHECK(copy.size() == 0);
}

TEST_CASE("a copy is a buffer of its own", "[buffer]") {
    Buffer<double> a(3);
    a[0] = 1;
    a[2] = 3;
    Buffer<double> b(a);
    CHECK(b.data() != a.data());
    CHECK(reinterpret_cast<std::uintptr_t>(b.data()) % 64 == 0);
    b[0] = 10;
    CHECK(a[0] == 1);
    CHECK(b[2] == 3);

    Buffer<double> c(100);
    c = a;
    CHECK(c.size() == 3);
    CHECK(c[2] == 3);
    const Buffer<double>& same = c;
    c = same;
    CHECK(c.size() == 3);
    CHECK(c[2] == 3);
}

TEST_CASE("a move hands the memory over, so that pointers into it stay good", "[buffer]") {
    Buffer<float> a(5);
    a[4] = 4;
    const float* memory = a.data();
    Buffer<float> b(std::move(a));
    CHECK(b.data() == memory);
    CHECK(a.size() == 0);  // NOLINT(bugprone-use-after-move): the moved-from state is what is tested
    CHECK(a.data() == nullptr);
    Buffer<float> c(2);
    c = std::move(b);
    CHECK(c.data() == memory);
    CHECK(c[4] == 4);
    Buffer<float> d(1);
    d.swap(c);
    CHECK(d.data() == memory);
    CHECK(c.size() == 1);
}
