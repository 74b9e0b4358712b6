#pragma once

// Every macro of the library is decided here (and in error.hpp, version.hpp). Code elsewhere only reads them.
//
// What a user may define before the first include, or on the command line, the same in the whole program part:
//   IDM_NO_SIMD    plain loops instead of the xsimd kernels
//   IDM_NO_OPENMP  one thread, even if the compiler was called with -fopenmp
//   IDM_DISPATCH   the CMake target idm::dispatch, which sets it: compiled kernels, chosen as the program runs, and the
//                  compiled functions of most use

#include <cstddef>

#include <idm/version.hpp>

#if defined(__FAST_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__)
#error \
    "idm: -ffast-math breaks its NaN checks and the agreement of its results; build without it. The kernels call the fused multiply-add themselves."
#endif

#if __cplusplus < 202002L && !(defined(_MSVC_LANG) && _MSVC_LANG >= 202002L)
#error "idm needs C++20: add -std=c++20, or target_compile_features(your_target PRIVATE cxx_std_20)."
#endif

// The instruction set of this translation unit. It is part of every symbol's name (see IDM_ABI below).
#if defined(IDM_NO_SIMD)
#define IDM_ISA nosimd
#elif defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512CD__) && defined(__AVX512DQ__) && \
    defined(__AVX512VL__)
#define IDM_ISA avx512
#elif defined(__AVX512BW__)
#define IDM_ISA avx512bw
#elif defined(__AVX512DQ__)
#define IDM_ISA avx512dq
#elif defined(__AVX512CD__)
#define IDM_ISA avx512cd
#elif defined(__AVX512F__)
#define IDM_ISA avx512f
#elif defined(__AVX2__) && defined(__FMA__)
#define IDM_ISA avx2fma
#elif defined(__AVX2__)
#define IDM_ISA avx2
#elif defined(__AVX__) && defined(__FMA__)
#define IDM_ISA avxfma
#elif defined(__AVX__)
#define IDM_ISA avx
#elif defined(__SSE4_2__)
#define IDM_ISA sse42
#elif defined(__SSE4_1__)
#define IDM_ISA sse41
#elif defined(__SSSE3__)
#define IDM_ISA ssse3
#elif defined(__SSE3__)
#define IDM_ISA sse3
#elif defined(__SSE2__)
#define IDM_ISA sse2
#define IDM_ISA_IS_SSE2
#elif defined(__aarch64__) && defined(__ARM_NEON)
#define IDM_ISA neon64
#else
#define IDM_ISA generic
#define IDM_NO_SIMD 1
#endif

#if defined(__AVX512F__) && !defined(IDM_NO_SIMD)
#define IDM_HAS_AVX512 1
#else
#define IDM_HAS_AVX512 0
#endif

#if defined(_OPENMP) && !defined(IDM_NO_OPENMP)
#define IDM_HAS_OPENMP 1
#define IDM_THREADING omp
#else
#define IDM_HAS_OPENMP 0
#define IDM_THREADING serial
#endif

#if defined(__cpp_exceptions) || defined(_CPPUNWIND)
#define IDM_HAS_EXCEPTIONS 1
#define IDM_ERRORS throwing
#else
#define IDM_HAS_EXCEPTIONS 0
#define IDM_ERRORS nothrow
#endif

#if defined(IDM_DISPATCH) && !defined(IDM_NO_SIMD)
#define IDM_HAS_DISPATCH 1
#define IDM_KERNELS _dispatch
#else
#define IDM_HAS_DISPATCH 0
#if defined(IDM_DISPATCH_LEVEL)  // one of those compiled kernels
#define IDM_KERNELS _level
#else
#define IDM_KERNELS
#endif
#endif

// What is no kernel and yet takes a compiler long, idm::dispatch holds compiled, for the switches that most programs
// have; headers then only declare it. IDM_COMPILES is set where those objects are made.
#if defined(IDM_COMPILES)
#define IDM_HAS_COMPILED 0
#define IDM_INLINE
#define IDM_COMPILED_TEMPLATE template
#elif IDM_HAS_DISPATCH && IDM_HAS_OPENMP && IDM_HAS_EXCEPTIONS && defined(IDM_ISA_IS_SSE2)
#define IDM_HAS_COMPILED 1
#define IDM_INLINE
#define IDM_COMPILED_TEMPLATE extern template
#else
#define IDM_HAS_COMPILED 0
#define IDM_INLINE inline
#endif

// Objects built with different switches may be linked into one program: every switch that changes code is in the
// name of the inline namespace, so the linker never takes one object's function for another's.
#define IDM_DETAIL_JOIN(a, b, c, d, e) a##_##b##_##c##_##d##e
#define IDM_DETAIL_ABI(a, b, c, d, e) IDM_DETAIL_JOIN(a, b, c, d, e)
#define IDM_ABI IDM_DETAIL_ABI(v0_1, IDM_ISA, IDM_THREADING, IDM_ERRORS, IDM_KERNELS)
#define IDM_DETAIL_TEXT_OF(x) #x
#define IDM_DETAIL_TEXT(x) IDM_DETAIL_TEXT_OF(x)
#define IDM_ISA_NAME IDM_DETAIL_TEXT(IDM_ISA)

#define IDM_NAMESPACE_BEGIN \
    namespace idm {         \
    inline namespace IDM_ABI {
#define IDM_NAMESPACE_END \
    }                     \
    }

#if defined(__GNUC__) || defined(__clang__)
#define IDM_RESTRICT __restrict__
#define IDM_ALWAYS_INLINE inline __attribute__((always_inline))
#define IDM_INLINE_LAMBDA __attribute__((always_inline))  // between a lambda's parameters and its body
#define IDM_NEVER_INLINE __attribute__((noinline))
#define IDM_PREFETCH(address) __builtin_prefetch(address)  // never faults
#define IDM_PREFETCH_TO_WRITE(address) __builtin_prefetch(address, 1)
#define IDM_OPAQUE(pointer) asm("" : "+r"(pointer))  // from here on the compiler knows nothing of its value
#else
#define IDM_RESTRICT
#define IDM_ALWAYS_INLINE inline
#define IDM_INLINE_LAMBDA
#define IDM_NEVER_INLINE
#define IDM_PREFETCH(address) static_cast<void>(address)
#define IDM_PREFETCH_TO_WRITE(address) static_cast<void>(address)
#define IDM_OPAQUE(pointer) static_cast<void>(pointer)
#endif

IDM_NAMESPACE_BEGIN

/// Signed index and extent type of the whole library (the same as Eigen's default).
using Index = std::ptrdiff_t;

/// Marks an extent that is known only at run time, as `Eigen::Dynamic` does.
inline constexpr Index dynamic = -1;

/// Every buffer of the library starts on a boundary of this many bytes: one cache line, one AVX-512 register.
inline constexpr std::size_t alignment_bytes = 64;

IDM_NAMESPACE_END
