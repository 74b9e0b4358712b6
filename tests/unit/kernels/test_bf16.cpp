// Weights in bf16: rounding by hand and against every neighbour, the order of words, and the kernels against the
// reference and against the kernels of float on the rounded weights.

#include <cmath>
#include <limits>
#include <vector>

#include "problems.hpp"
#include "support/catch.hpp"

using namespace test;
using kernels::Bf16Pairs;
using kernels::Epilogue;

namespace {

std::uint16_t bf16_of_bits(std::uint32_t value) { return kernels::to_bf16(std::bit_cast<float>(value)); }

void round_weights(Guarded<float>& w) {
    w.for_each([](float& v) { v = kernels::from_bf16(kernels::to_bf16(v)); });
}

/// The words of packed weights of `groups` groups, behind each other; their memory ends where they end.
Guarded<float> words_of(const Guarded<float>& w, Index rows, Index columns, Index groups, Index offset) {
    const Index each = kernels::bf16_words(rows, columns);
    auto words = guarded_line<float>(groups * each, offset);
    for (Index g = 0; g < groups; ++g)
        kernels::pack_bf16(rows, columns, w.data() + g * kernels::packed_weight_size(rows, columns),
                           words.data() + g * each);
    CHECK(words.is_untouched_outside());
    auto read = line<float>(words.run(), offset);
    std::copy_n(words.data(), words.run(), read.data());
    return read;
}
Guarded<float> words_of(const ConvProblem<float>& p) {
    return words_of(p.weights.w, p.s.weight_rows(), p.s.group_outputs(), p.s.groups, p.offset);
}
Guarded<float> words_of(const DenseProblem<float>& p) {
    return words_of(p.weights.w, p.s.in_channels, p.s.out_channels, 1, p.offset);
}

// Both by overload, as problems.hpp has it for the others.
void bf16_forward(const ConvProblem<float>& p, Bf16Pairs w, Guarded<float>& y, Epilogue epilogue) {
    kernels::conv1d_forward_bf16(p.s, p.x.data(), w, p.weights.b.data(), y.data(), epilogue);
}
void bf16_forward(const DenseProblem<float>& p, Bf16Pairs w, Guarded<float>& y, Epilogue epilogue) {
    kernels::dense_forward_bf16(p.s, p.x.data(), w, p.weights.b.data(), y.data(), epilogue);
}
void bf16_reference(const ConvProblem<float>& p, Bf16Pairs w, Guarded<float>& y) {
    kernels::reference::conv1d_forward_bf16(p.s, p.x.data(), w, p.weights.b.data(), y.data(), Epilogue::none);
}
void bf16_reference(const DenseProblem<float>& p, Bf16Pairs w, Guarded<float>& y) {
    kernels::reference::dense_forward_bf16(p.s, p.x.data(), w, p.weights.b.data(), y.data(), Epilogue::none);
}

template <class Problem>
void check_bf16(Problem p) {
    const auto words = words_of(p);
    const Bf16Pairs w{words.data()};
    round_weights(p.weights.w);
    auto y = p.output(), expected = p.output(), specified = p.output();
    bf16_forward(p, w, y, Epilogue::none);
    forward<Selected<float>>(p, expected, Epilogue::none);
    CHECK(difference_in_bits(y, expected) == "");
    CHECK(y.is_untouched_outside());
    bf16_reference(p, w, specified);
    forward<Reference<float>>(p, expected, Epilogue::none);
    CHECK(difference_in_bits(specified, expected) == "");

    auto again = y;
    bf16_forward(p, w, again, Epilogue::none);
    CHECK(difference_in_bits(again, y) == "");
    bf16_forward(p, w, again, Epilogue::relu);
    y.for_each([](float& v) { v = v < 0 ? 0 : v; });
    CHECK(difference_in_bits(again, y) == "");
    CHECK(again.is_untouched_outside());
}

}  // namespace

TEST_CASE("bf16 by hand: ties go to even, infinity and NaN stay", "[bf16]") {
    CHECK(kernels::to_bf16(1.F) == 0x3f80);
    CHECK(kernels::to_bf16(-2.5F) == 0xc020);
    CHECK(kernels::to_bf16(0.F) == 0);
    CHECK(kernels::to_bf16(-0.F) == 0x8000);
    // 8 bits of precision: 1 + 2^-8 lies halfway between 1 and 1 + 2^-7, 1 + 3 * 2^-8 between an odd one and an even.
    CHECK(kernels::from_bf16(kernels::to_bf16(1.00390625F)) == 1.F);
    CHECK(kernels::from_bf16(kernels::to_bf16(1.01171875F)) == 1.015625F);
    CHECK(kernels::from_bf16(kernels::to_bf16(1.00390637F)) == 1.0078125F);
    CHECK(kernels::from_bf16(kernels::to_bf16(-1.01171875F)) == -1.015625F);
    // Denormal numbers are as exact as the format has them, down to 2^-133; half of that is a tie with zero.
    CHECK(kernels::from_bf16(kernels::to_bf16(0x1p-133F)) == 0x1p-133F);
    CHECK(kernels::from_bf16(kernels::to_bf16(0x1p-134F)) == 0.F);
    CHECK(kernels::from_bf16(kernels::to_bf16(0x1.8p-133F)) == 0x1p-132F);
    CHECK(bf16_of_bits(0x007fffff) == 0x0080);  // the largest denormal becomes the least normal number
    const float infinity = std::numeric_limits<float>::infinity();
    CHECK(kernels::to_bf16(infinity) == 0x7f80);
    CHECK(kernels::to_bf16(-infinity) == 0xff80);
    CHECK(kernels::to_bf16(std::numeric_limits<float>::max()) == 0x7f80);
    CHECK(bf16_of_bits(0x7f7f7fff) == 0x7f7f);  // just below halfway from the largest bf16 to 2^128
    // Even NaNs whose payload is in the lower half alone, or would round up into the sign.
    for (const std::uint32_t nan : {0x7fc00000u, 0x7f800001u, 0xff800001u, 0x7fffffffu, 0xffffffffu})
        CHECK((std::isnan(kernels::from_bf16(bf16_of_bits(nan))) && bf16_of_bits(nan) >> 15 == nan >> 31));
}

TEST_CASE("every bf16 stays, and what lies between two goes to the nearer one", "[bf16]") {
    Index wrong = 0;
    for (std::uint32_t b = 0; b < 0x10000; ++b) {
        const std::uint32_t exponent = b >> 7 & 0xff;
        if (exponent == 0xff && (b & 0x7f) != 0) continue;  // NaN
        wrong += bf16_of_bits(b << 16) != b;
        if (exponent == 0xff) continue;  // infinity has none above
        wrong += bf16_of_bits(b << 16 | 0x7fff) != b;
        wrong += bf16_of_bits(b << 16 | 0x8000) != b + (b & 1);
        wrong += bf16_of_bits(b << 16 | 0x8001) != b + 1;
    }
    CHECK(wrong == 0);
}

TEST_CASE("a word holds two columns, 16 apart, and pads are zero", "[bf16]") {
    // 2 rows of 33 columns: a block of 32, and one of which one column is there. Weight (r, c) = 64 r + c.
    std::vector<float> packed(static_cast<std::size_t>(kernels::packed_weight_size(2, 33)));
    for (Index r = 0; r < 2; ++r)
        for (Index c = 0; c < 33; ++c)
            packed[static_cast<std::size_t>(kernels::packed_offset(2, 33, r, c))] = static_cast<float>(64 * r + c);
    REQUIRE(kernels::bf16_words(2, 33) == 64);
    std::vector<float> words(64, -1.F);
    kernels::pack_bf16(2, 33, packed.data(), words.data());
    const auto word = [](float lower, float upper) {
        return static_cast<std::uint32_t>(kernels::to_bf16(lower)) | static_cast<std::uint32_t>(kernels::to_bf16(upper))
                                                                         << 16;
    };
    CHECK(bits(words[0]) == word(0, 16));
    CHECK(bits(words[15]) == word(15, 31));
    CHECK(bits(words[16]) == word(64, 80));
    CHECK(bits(words[32]) == word(32, 0));
    CHECK(bits(words[33]) == 0);
    CHECK(bits(words[48]) == word(96, 0));
    for (Index r = 0; r < 2; ++r)
        for (Index c = 0; c < 33; ++c)
            CHECK(kernels::bf16_weight({words.data()}, 2, r, c) == static_cast<float>(64 * r + c));
}

TEST_CASE("dense with bf16 weights by hand", "[bf16]") {
    // w = | 1.01171875 -> 1.015625   2 |   x = 1, 4: y = 0.5 + 1.015625 - 12, 2 + 4 inf
    //     | -3                     inf |
    const std::vector<float> x{1, 4}, b{0.5F, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    std::vector<float> packed(32), words(32), y(2);
    packed[0] = 1.01171875F;
    packed[1] = 2;
    packed[16] = -3;
    packed[17] = std::numeric_limits<float>::infinity();
    kernels::pack_bf16(2, 2, packed.data(), words.data());
    const kernels::DenseShape s{1, 2, 2, 2, 2};
    kernels::dense_forward_bf16(s, x.data(), Bf16Pairs{words.data()}, b.data(), y.data(), Epilogue::none);
    CHECK(y == std::vector<float>{-10.484375F, std::numeric_limits<float>::infinity()});
    kernels::reference::dense_forward_bf16(s, x.data(), Bf16Pairs{words.data()}, b.data(), y.data(), Epilogue::relu);
    CHECK(y == std::vector<float>{0, std::numeric_limits<float>::infinity()});
}

TEST_CASE("a dense layer with bf16 weights is that with the rounded weights, to the bit", "[bf16][grid]") {
    for (const auto& shape : shape_grid::denses()) {
        INFO(shape.describe());
        check_bf16(DenseProblem<float>(shape));
    }
}

TEST_CASE("a convolution with bf16 weights is that with the rounded weights, to the bit", "[bf16][grid]") {
    for (const auto& shape : shape_grid::convolutions()) {
        INFO(shape.describe());
        check_bf16(ConvProblem<float>(shape));
    }
}

TEST_CASE("each group's bf16 weights are its own", "[bf16][grid]") {
    for (Index each = 1; each <= shape_grid::most_channels; ++each)
        for (Index samples : {1, 2})
            for (Index length : {3, 9}) {
                ConvProblem<float> p({samples, length, 8, 2 * each, 3, 1, 1, shape_grid::Padding::valid});
                INFO(each << " outputs of each group, " << samples << " samples of " << length);
                p.s.groups = 2;
                p.weights.w = line<float>(2 * p.s.group_weights(), 1);
                p.weights.b = line<float>(kernels::grouped_bias_size(2 * each, 2), 1);
                Random random(5);
                p.weights.w.fill_uniform(random);
                p.weights.b.fill_uniform(random);
                check_bf16(p);
            }
}

TEST_CASE("alignment of bf16 weights does not change a bit", "[bf16][grid]") {
    for (const auto& shape : shape_grid::denses()) {
        const DenseProblem<float> unaligned(shape, 1), aligned(shape, 0);
        const auto words1 = words_of(unaligned), words0 = words_of(aligned);
        auto y1 = unaligned.output(), y0 = aligned.output();
        bf16_forward(unaligned, {words1.data()}, y1, Epilogue::none);
        bf16_forward(aligned, {words0.data()}, y0, Epilogue::none);
        CHECK(difference_in_bits(y1, y0) == "");
    }
}
