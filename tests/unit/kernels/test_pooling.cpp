// The selected pool kernels against their reference, which unit/layers/test_pooling.cpp works out by hand.

#include <limits>
#include <vector>

#include "implementations.hpp"
#include "support/catch.hpp"
#include "support/guarded.hpp"

using namespace test;
using kernels::PoolShape;

namespace {

/// Windows that overlap, touch and leave gaps; a kernel of 1; one window over all; a step behind the last window;
/// windows of more steps than two vectors have lanes.
std::vector<PoolShape> shapes(Index channels) {
    std::vector<PoolShape> all;
    for (Index kernel : {1, 2, 3, 7})
        for (Index stride : {1, 2, 3, 5}) all.push_back({7, channels, (7 - kernel) / stride + 1, kernel, stride});
    for (Index stride : {3, 32}) all.push_back({65, channels, (65 - 32) / stride + 1, 32, stride});
    return all;
}

/// Small integers: equal numbers and zeros of both signs in most windows, a NaN or an infinity in some.
template <class T>
void fill_with_ties(Guarded<T>& x, Random& random) {
    constexpr T infinity = std::numeric_limits<T>::infinity();
    const T rare[] = {std::numeric_limits<T>::quiet_NaN(), infinity, -infinity, T(-0.0)};
    x.for_each([&](T& value) {
        value = static_cast<T>(static_cast<int>(random.below(5)) - 2);
        if (random.below(8) == 0) value = rare[random.below(4)];
    });
}

template <class K, class T>
struct Pools {
    Guarded<T> average, d_average, largest, d_largest;

    Pools(const PoolShape& s, const Guarded<T>& x, const Guarded<T>& tied, const Guarded<T>& d_y, Index offset)
        : average(guarded_line<T>(s.out_length * s.channels, offset)),
          d_average(guarded_line<T>(s.in_length * s.channels, offset)),
          largest(average),
          d_largest(d_average) {
        K::average_pool_forward(s, x.data(), average.data());
        K::average_pool_backward(s, d_y.data(), d_average.data());
        K::max_pool_forward(s, tied.data(), largest.data());
        K::max_pool_backward(s, tied.data(), d_y.data(), d_largest.data());
        for (const auto* written : {&average, &d_average, &largest, &d_largest}) CHECK(written->is_untouched_outside());
    }
};

template <class A, class B>
void check_equal(const A& a, const B& b) {
    CHECK(difference_in_bits(a.average, b.average) == "");
    CHECK(difference_in_bits(a.d_average, b.d_average) == "");
    CHECK(difference_in_bits(a.largest, b.largest) == "");
    CHECK(difference_in_bits(a.d_largest, b.d_largest) == "");
}

template <class T>
void check_shape(const PoolShape& s) {
    INFO(s.channels << " channels, kernel " << s.kernel << ", stride " << s.stride);
    const Index size = s.in_length * s.channels, out = s.out_length * s.channels;
    auto x = line<T>(size), tied = line<T>(size), d_y = line<T>(out);
    auto x0 = line<T>(size, 0), tied0 = line<T>(size, 0), d_y0 = line<T>(out, 0);
    Random random(9), same(9);
    x.fill_uniform(random);
    fill_with_ties(tied, random);
    d_y.fill_uniform(random);
    x0.fill_uniform(same);
    fill_with_ties(tied0, same);
    d_y0.fill_uniform(same);
    const Pools<Reference<T>, T> expected(s, x, tied, d_y, 1);
    check_equal(Pools<Selected<T>, T>(s, x, tied, d_y, 1), expected);
    check_equal(Pools<Selected<T>, T>(s, x0, tied0, d_y0, 0), expected);
}

}  // namespace

TEMPLATE_TEST_CASE("pool kernels give the reference's bits and write their output only, aligned or not", "[pooling]",
                   float, double) {
    for (Index channels = 1; channels <= 33; ++channels)
        for (const PoolShape& s : shapes(channels)) check_shape<TestType>(s);
}

TEMPLATE_TEST_CASE("MaxPool kernels: the last NaN wins over all, else the first of equal steps", "[pooling]",
                   Reference<float>, Reference<double>, Selected<float>, Selected<double>) {
    using T = typename TestType::Scalar;
    constexpr T nan = std::numeric_limits<T>::quiet_NaN();
    const Index channels = 17;  // a lane of a whole vector and one of the rest see the same
    const PoolShape s{4, channels, 1, 4, 1};
    auto x = line<T>(4 * channels), y = guarded_line<T>(channels), d_y = line<T>(channels),
         d_x = guarded_line<T>(4 * channels);
    d_y.fill(T(3));
    for (Index c : {Index(0), channels - 1}) {
        const auto largest_step = [&](std::vector<T> values) {
            x.fill(T(1));
            for (Index k = 0; k < 4; ++k) x.at(0, k * channels + c) = values[static_cast<std::size_t>(k)];
            TestType::max_pool_forward(s, x.data(), y.data());
            TestType::max_pool_backward(s, x.data(), d_y.data(), d_x.data());
            Index step = -1;
            for (Index k = 0; k < 4; ++k)
                if (d_x.at(0, k * channels + c) != T(0)) step = step == -1 ? k : 4;
            return step;
        };
        CHECK(largest_step({1, 2, 2, 0}) == 1);
        CHECK(y.at(0, c) == T(2));
        CHECK(largest_step({T(-0.0), T(0.0), T(-0.0), T(-1)}) == 0);
        CHECK(bits(y.at(0, c)) == bits(T(-0.0)));
        CHECK(largest_step({5, nan, 9, 9}) == 1);
        CHECK(bits(y.at(0, c)) == bits(nan));
        CHECK(largest_step({nan, 1, nan, 7}) == 2);
        CHECK(bits(y.at(0, c)) == bits(nan));
    }
}
