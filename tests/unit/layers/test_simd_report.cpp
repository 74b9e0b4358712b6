#include <cstdlib>
#include <string>

#include <idm/layers/simd_report.hpp>

#include "support/catch.hpp"

using namespace idm;

TEST_CASE("simd_report names the kernels that run and what the processor offers", "[simd_report]") {
    const std::string report = simd_report();
    INFO(report);
    CHECK_THAT(report, ContainsSubstring(IDM_HAS_DISPATCH ? "chosen at run time" : "compiled in"));
    const char* most = IDM_HAS_DISPATCH ? std::getenv("IDM_MAX_SIMD") : nullptr;
    const std::string offers =
        std::string("; the processor offers ") + detail::processor_simd() +
        detail::unused_simd(detail::processor_simd(), detail::running_kernels().name, IDM_HAS_DISPATCH, most);
    CHECK(report.substr(report.find(';')) == offers);
#if IDM_HAS_DISPATCH
    CHECK_THAT(report, ContainsSubstring("kernels: " + std::string(detail::running_kernels().name)));
#elif defined(IDM_NO_SIMD)
    CHECK_THAT(report, ContainsSubstring("kernels: nosimd (1 floats or 1 doubles"));
#elif defined(__AVX512VL__)
    CHECK_THAT(report, ContainsSubstring("kernels: avx512 (16 floats or 8 doubles"));
#elif defined(__AVX2__) && defined(__FMA__)
    CHECK_THAT(report, ContainsSubstring("kernels: avx2fma (8 floats or 4 doubles"));
#elif defined(__aarch64__)
    CHECK(report == "kernels: neon64 (4 floats or 2 doubles at a time), compiled in; the processor offers neon64");
#elif !defined(__SSE3__)
    CHECK_THAT(report, ContainsSubstring("kernels: sse2 (4 floats or 2 doubles"));
#endif
}

TEST_CASE("simd_report says how to have more than what runs, where that helps", "[simd_report]") {
    using detail::unused_simd;
    const std::string either = ": link idm::dispatch, or build with -march=native, to use it";
    CHECK(unused_simd("avx512", "sse2", false, nullptr) == either);
    CHECK(unused_simd("avx512", "avx2fma", false, nullptr) == either);
    for (const char* without_fma : {"sse42", "avx", "avxfma", "avx2"})
        CHECK(unused_simd("avx2fma", without_fma, false, nullptr) == either);
    CHECK(unused_simd("avx", "sse2", false, nullptr) == ": build with -march=native to use it");
    for (const char* all : {"sse2", "avx", "avx2fma", "avx512", "neon64"}) {
        CHECK(unused_simd(all, all, false, nullptr).empty());
        CHECK(unused_simd(all, all, true, nullptr).empty());
    }
    // It has no kernels for AVX without FMA.
    CHECK(unused_simd("avx", "sse2", true, nullptr).empty());
    CHECK(unused_simd("avx", "sse2", true, "sse2").empty());
    CHECK(unused_simd("avx2fma", "avx512f", false, nullptr).empty());  // it has not all of AVX-512's parts
    CHECK(unused_simd("avx512", "sse2", true, "sse2") == ": IDM_MAX_SIMD forbids it");
    CHECK(unused_simd("avx2fma", "avx2fma", true, "avx2fma").empty());
    CHECK(unused_simd("avx2fma", "avx2fma", true, "avx512") == "; IDM_MAX_SIMD=avx512 names no set that runs here");
}

TEST_CASE("lanes of instruction sets by name", "[simd_report]") {
    CHECK(detail::lanes_of("nosimd") == 1);
    CHECK(detail::lanes_of("sse2") == 4);
    CHECK(detail::lanes_of("sse42") == 4);
    CHECK(detail::lanes_of("neon64") == 4);
    CHECK(detail::lanes_of("avx") == 8);
    CHECK(detail::lanes_of("avx2fma") == 8);
    CHECK(detail::lanes_of("avx512") == 16);
}
