// The kernels of BatchNorm1D, and LayerNorm's weight and bias, against sums worked out in exact arithmetic: inputs are
// small integers, row counts and scales powers of two, so every result is exact in float, in whatever order.

#include <cmath>
#include <vector>

#include <idm/kernels/select.hpp>

#include "support/catch.hpp"
#include "support/guarded.hpp"

using namespace test;
using namespace idm;

namespace {

constexpr Index samples = 2, rows = 2, most_channels = 65;

/// Numbers for which all of this is exact, `run` in each of `runs`, a few marks between them.
template <class T>
Guarded<T> integers(Random& random, Index runs, Index run, Index offset) {
    Guarded<T> result(runs, run, run + 5, 0, 0, offset);
    result.fill_integers(random);
    return result;
}
/// 1/4, 1/2, 1, 2, 4, 1/4 and so on.
template <class T>
Guarded<T> powers_of_two(Index size, Index offset) {
    auto result = line<T>(size, offset);
    for (Index i = 0; i < size; ++i) result.at(0, i) = static_cast<T>(std::ldexp(1, static_cast<int>(i % 5) - 2));
    return result;
}

/// `check(channels, offset)` for every number of channels, aligned and not.
template <class Check>
void each_shape(Check check) {
    for (Index channels = 1; channels <= most_channels; ++channels)
        for (const Index offset : {0, 1}) {
            INFO(channels << " channels, " << offset << " numbers behind a boundary");
            check(channels, offset);
        }
}

}  // namespace

TEMPLATE_TEST_CASE("statistics of channels are exact, and only they are written", "[batch_norm]", float, double) {
    using T = TestType;
    Random random(1);
    each_shape([&](Index channels, Index offset) {
        const auto x = integers<T>(random, samples, rows * channels, offset);
        auto mean = guarded_line<T>(channels, offset), variance = guarded_line<T>(channels, offset);
        kernels::batch_statistics(samples, rows * channels + 5, rows, channels, x.data(), mean.data(), variance.data());
        bool good = mean.is_untouched_outside() && variance.is_untouched_outside();
        for (Index c = 0; c < channels; ++c) {
            T sum = 0, squares = 0;
            for (Index n = 0; n < samples; ++n)
                for (Index r = 0; r < rows; ++r) {
                    const T value = x.at(n, r * channels + c);
                    sum += value;
                    squares += value * value;
                }
            good = good && mean.at(0, c) == sum / 4 && variance.at(0, c) == squares / 4 - sum / 4 * (sum / 4);
        }
        REQUIRE(good);
    });
}

TEMPLATE_TEST_CASE("scales of channels are exact, and only they are written", "[batch_norm]", float, double) {
    using T = TestType;
    each_shape([&](Index channels, Index offset) {
        const auto scale = powers_of_two<T>(channels, offset);
        auto variance = line<T>(channels, offset), y = guarded_line<T>(channels, offset);
        for (Index c = 0; c < channels; ++c)
            variance.at(0, c) = 1 / (scale.at(0, c) * scale.at(0, c)) - T(0.0625);  // 16 to 1/16, less epsilon
        kernels::channel_scales(channels, T(0.0625), variance.data(), y.data());
        REQUIRE(y.is_untouched_outside());
        REQUIRE(difference_in_bits(y, scale) == "");
    });
}

TEMPLATE_TEST_CASE("channels are normalised exactly, and only the output is written", "[batch_norm]", float, double) {
    using T = TestType;
    Random random(2);
    each_shape([&](Index channels, Index offset) {
        const auto x = integers<T>(random, 1, rows * channels, offset);
        const auto mean = integers<T>(random, 1, channels, offset);
        const auto scale = powers_of_two<T>(channels, offset);
        auto y = guarded_line<T>(rows * channels, offset);
        kernels::normalise_channels(rows, channels, mean.data(), scale.data(), x.data(), y.data());
        bool good = y.is_untouched_outside();
        for (Index i = 0; i < rows * channels; ++i) {
            const Index c = i % channels;
            good = good && y.at(0, i) / scale.at(0, c) + mean.at(0, c) == x.at(0, i);
        }
        REQUIRE(good);
    });
}

TEMPLATE_TEST_CASE("the gradient of normalised channels is exact, and only it is written", "[batch_norm]", float,
                   double) {
    using T = TestType;
    Random random(3);
    each_shape([&](Index channels, Index offset) {
        const auto numbers = [&](Index size) { return integers<T>(random, 1, size, offset); };
        const auto y = numbers(rows * channels), d_y = numbers(rows * channels);
        const auto weight = numbers(channels), sum = numbers(channels), along = numbers(channels);
        const auto scale = powers_of_two<T>(channels, offset);
        auto d_x = guarded_line<T>(rows * channels, offset);
        kernels::normalise_channels_backward(rows, channels, samples * rows, scale.data(), weight.data(), sum.data(),
                                             along.data(), y.data(), d_y.data(), d_x.data());
        bool good = d_x.is_untouched_outside();
        for (Index i = 0; i < rows * channels; ++i) {
            const Index c = i % channels;
            // Both sides four times as large, in integers.
            const T expected =
                4 * d_y.at(0, i) - weight.at(0, c) * sum.at(0, c) - weight.at(0, c) * y.at(0, i) * along.at(0, c);
            good = good && 4 * d_x.at(0, i) / scale.at(0, c) == expected;
        }
        REQUIRE(good);
    });
}

TEMPLATE_TEST_CASE("weight and bias of channels: exact forward and backward, and nothing else is written",
                   "[batch_norm]", float, double) {
    using T = TestType;
    Random random(4);
    each_shape([&](Index channels, Index offset) {
        const auto numbers = [&](Index size) { return integers<T>(random, 1, size, offset); };
        const auto guarded = [&](const Guarded<T>& of) {
            auto copy = guarded_line<T>(of.run(), offset);
            for (Index i = 0; i < of.run(); ++i) copy.at(0, i) = of.at(0, i);
            return copy;
        };
        const auto x = numbers(rows * channels), d_y = numbers(rows * channels);
        const auto weight = numbers(channels), bias = numbers(channels);
        const auto d_weight0 = numbers(channels), d_bias0 = numbers(channels);
        auto y = guarded(x), d_x = guarded(d_y), d_weight = guarded(d_weight0), d_bias = guarded(d_bias0);
        kernels::scale_channels(rows, channels, weight.data(), bias.data(), y.data());
        kernels::scale_channels_backward(rows, channels, weight.data(), x.data(), d_x.data(), d_weight.data(),
                                         d_bias.data());
        bool good = true;
        for (const auto* output : {&y, &d_x, &d_weight, &d_bias}) good = good && output->is_untouched_outside();
        for (Index c = 0; c < channels; ++c) {
            T along = d_weight0.at(0, c), sum = d_bias0.at(0, c);
            for (Index i = c; i < rows * channels; i += channels) {
                good = good && y.at(0, i) == x.at(0, i) * weight.at(0, c) + bias.at(0, c) &&
                       d_x.at(0, i) == d_y.at(0, i) * weight.at(0, c);
                along += x.at(0, i) * d_y.at(0, i);
                sum += d_y.at(0, i);
            }
            good = good && d_weight.at(0, c) == along && d_bias.at(0, c) == sum;
        }
        REQUIRE(good);
    });
}
