// Stands here and not under core, because the tests of this folder are built once for each instruction set.

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <typeinfo>

#include <idm/core/buffer.hpp>
#include <idm/core/config.hpp>
#include <idm/core/error.hpp>

#include "support/catch.hpp"
#include "support/guarded.hpp"

using namespace idm;
using namespace test;

TEST_CASE("the name of every type carries version, instruction set, threading and error handling",
          "[instruction_set]") {
    const std::string name = typeid(Buffer<float>).name();
    INFO(name);
#if defined(IDM_NO_SIMD)
    const std::string isa = "nosimd";
#elif defined(__AVX512VL__)
    const std::string isa = "avx512";
#elif defined(__AVX2__) && defined(__FMA__)
    const std::string isa = "avx2fma";
#elif defined(__AVX__)
    const std::string isa = "avx";
#elif defined(__SSE4_2__)
    const std::string isa = "sse42";
#elif defined(__SSE2__)
    const std::string isa = "sse2";
#else
    const std::string isa = "neon64";
#endif
#if IDM_HAS_OPENMP
    const std::string threading = "omp";
#else
    const std::string threading = "serial";
#endif
    const std::string tag =
        detail::message('v', IDM_VERSION_MAJOR, '_', IDM_VERSION_MINOR, '_', isa, '_', threading, "_throwing");
    CHECK_THAT(name, ContainsSubstring(tag));
}

#if !defined(IDM_NO_SIMD)

#include <idm/core/xsimd_compat.hpp>

namespace {

using Arch = xsimd::default_arch;
template <class T>
constexpr Index lanes = static_cast<Index>(idm::simd::Batch<T, Arch>::size);

template <class T>
idm::simd::Batch<T, Arch> counting(T first) {
    alignas(alignment_bytes) T values[lanes<T>];
    for (Index i = 0; i < lanes<T>; ++i) values[i] = first + static_cast<T>(i);
    return idm::simd::Batch<T, Arch>::load_aligned(values);
}

}  // namespace

TEMPLATE_TEST_CASE("load_first reads its numbers and nothing behind", "[instruction_set]", float, double) {
    using T = TestType;
    for (Index count = 0; count <= lanes<T>; ++count) {
        auto from = line<T>(count);  // ends with its allocation
        for (Index i = 0; i < count; ++i) from.at(0, i) = static_cast<T>(i + 1);
        auto to = guarded_line<T>(lanes<T>);
        idm::simd::load_first<T, Arch>(from.data(), count).store_unaligned(to.data());
        for (Index i = 0; i < lanes<T>; ++i) CHECK(to.at(0, i) == (i < count ? static_cast<T>(i + 1) : T(0)));
    }
}

TEMPLATE_TEST_CASE("store_first writes its numbers and nothing behind", "[instruction_set]", float, double) {
    using T = TestType;
    for (Index count = 0; count <= lanes<T>; ++count) {
        auto to = guarded_line<T>(count);
        idm::simd::store_first<T, Arch>(counting(T(1)), to.data(), count);
        for (Index i = 0; i < count; ++i) CHECK(to.at(0, i) == static_cast<T>(i + 1));
        CHECK(to.is_untouched_outside());
    }
}

TEMPLATE_TEST_CASE("sum_lanes adds every lane", "[instruction_set]", float, double) {
    using T = TestType;
    CHECK(idm::simd::sum_lanes<T, Arch>(counting(T(1))) == static_cast<T>(lanes<T> * (lanes<T> + 1) / 2));
}

// (1 + e)^2 - (1 + 2 e) is e^2 in one rounding, 0 in two.
TEMPLATE_TEST_CASE("multiply_add rounds once where the instruction set can", "[instruction_set]", float, double) {
    using T = TestType;
    using B = idm::simd::Batch<T, Arch>;
    const T e = std::numeric_limits<T>::epsilon();
    volatile T x = T(1) + e, z = -(T(1) + T(2) * e);
    const B result = idm::simd::multiply_add<T, Arch>(B(x), B(x), B(z));
#if defined(__FMA__) || defined(__AVX512F__) || defined(__aarch64__)
    const T expected = e * e;
#else
    const T expected = T(0);
#endif
    auto to = line<T>(lanes<T>);
    result.store_unaligned(to.data());
    for (Index i = 0; i < lanes<T>; ++i) CHECK(to.at(0, i) == expected);
}

TEMPLATE_TEST_CASE("multiply_add takes its arguments in order x * y + z", "[instruction_set]", float, double) {
    using T = TestType;
    auto to = line<T>(lanes<T>);
    idm::simd::multiply_add<T, Arch>(counting(T(2)), counting(T(3)), counting(T(50))).store_unaligned(to.data());
    for (Index i = 0; i < lanes<T>; ++i) CHECK(to.at(0, i) == static_cast<T>((2 + i) * (3 + i) + 50 + i));
}

TEMPLATE_TEST_CASE("rectify and square_root lane by lane", "[instruction_set]", float, double) {
    using T = TestType;
    using B = idm::simd::Batch<T, Arch>;
    auto to = line<T>(lanes<T>);
    idm::simd::rectify<T, Arch>(counting(T(-1))).store_unaligned(to.data());
    for (Index i = 0; i < lanes<T>; ++i) CHECK(to.at(0, i) == static_cast<T>(std::max<Index>(i - 1, 0)));
    idm::simd::rectify<T, Arch>(B(std::numeric_limits<T>::quiet_NaN())).store_unaligned(to.data());
    for (Index i = 0; i < lanes<T>; ++i) CHECK(std::isnan(to.at(0, i)));
    idm::simd::square_root<T, Arch>(counting(T(1))).store_unaligned(to.data());
    for (Index i = 0; i < lanes<T>; ++i) CHECK(to.at(0, i) == std::sqrt(static_cast<T>(i + 1)));
}

#endif
