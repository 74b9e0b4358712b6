#include <idm/layers/simd_report.hpp>

#include "support/catch.hpp"

using namespace idm;

TEST_CASE("simd_report names the kernels that run and what the processor offers", "[simd_report]") {
    const std::string report = simd_report();
    INFO(report);
    CHECK_THAT(report, ContainsSubstring(IDM_HAS_DISPATCH ? "chosen at run time" : "compiled in"));
    CHECK_THAT(report, ContainsSubstring(std::string("the processor offers ") + detail::processor_simd()));
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
    // Whether it says that more could be had: from any of 128 bits to AVX, and from AVX on.
    const bool more = report.find("link idm::dispatch") != std::string::npos;
    CHECK(more == (detail::lanes_of(detail::processor_simd()) > detail::running_kernels().floats ||
                   (detail::running_kernels().name == "avx" && std::string(detail::processor_simd()) == "avx2fma")));
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
