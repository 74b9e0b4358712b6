#pragma once

#include <cstdint>

#include <idm/core/config.hpp>

#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

IDM_NAMESPACE_BEGIN

/// While it lives, this thread's floating-point unit takes and gives zero for denormal numbers, which cost some
/// processors a hundred times an ordinary one; afterwards the mode is what it was before.
///
/// A stream at rest makes denormals: activations that decay towards zero. Put one around a control loop. Elsewhere than
/// on x86 with SSE2 and aarch64 it does nothing. *Threads*: each its own. *Cost*: a few cycles; no system call.
class FlushDenormals {
public:
    FlushDenormals() noexcept : before_(mode()) { set_mode(before_ | flush); }
    ~FlushDenormals() { set_mode(before_); }
    FlushDenormals(const FlushDenormals&) = delete;
    FlushDenormals& operator=(const FlushDenormals&) = delete;

    /// Whether the calling thread flushes denormals now.
    static bool active() noexcept { return flush != 0 && (mode() & flush) == flush; }

private:
#if defined(__SSE2__)
    static constexpr std::uint64_t flush = 0x8040;  // MXCSR: flush to zero (bit 15), denormals are zero (bit 6)
    static std::uint64_t mode() noexcept { return _mm_getcsr(); }
    static void set_mode(std::uint64_t mode) noexcept { _mm_setcsr(static_cast<unsigned>(mode)); }
#elif defined(__aarch64__)
    static constexpr std::uint64_t flush = std::uint64_t{1} << 24;  // FPCR.FZ
    static std::uint64_t mode() noexcept {
        std::uint64_t value;
        asm volatile("mrs %0, fpcr" : "=r"(value));
        return value;
    }
    static void set_mode(std::uint64_t mode) noexcept { asm volatile("msr fpcr, %0" : : "r"(mode)); }
#else
    static constexpr std::uint64_t flush = 0;
    static std::uint64_t mode() noexcept { return 0; }
    static void set_mode(std::uint64_t) noexcept {}
#endif

    std::uint64_t before_;
};

IDM_NAMESPACE_END
