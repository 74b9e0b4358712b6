#pragma once

#include <cstdlib>
#include <string>

#include <idm/core/error.hpp>
#include <idm/kernels/select.hpp>

IDM_NAMESPACE_BEGIN
namespace detail {

/// The kernels that run: the name of their instruction set, and how many numbers they take at a time.
struct RunningKernels {
    std::string name;
    Index floats, doubles;
};

inline RunningKernels running_kernels() {
#if IDM_HAS_DISPATCH
    const auto& level = kernels::dispatch::border::chosen();
    return {level.name, level.floats, level.doubles};
#elif defined(IDM_NO_SIMD)
    return {"nosimd", 1, 1};
#else
    return {IDM_ISA_NAME, static_cast<Index>(simd::Batch<float, kernels::DefaultArch>::size),
            static_cast<Index>(simd::Batch<double, kernels::DefaultArch>::size)};
#endif
}

/// The widest instruction set of the processor that the kernels could use.
inline const char* processor_simd() {
#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx")) return "sse2";
    if (!(__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))) return "avx";
    const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                        __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                        __builtin_cpu_supports("avx512vl");
    return avx512 ? "avx512" : "avx2fma";
#elif defined(__aarch64__) && defined(__ARM_NEON)
    return "neon64";
#else
    return "nosimd";
#endif
}

/// Lanes of floats of an instruction set by its name: sse2, sse3 ... 4, avx 8, avx512 16.
inline int lanes_of(const std::string& name) {
    if (name == "nosimd") return 1;
    if (name.rfind("avx512", 0) == 0) return 16;
    return name.rfind("avx", 0) == 0 ? 8 : 4;
}

/// What the report says of the processor's sets that do not run. `most`: IDM_MAX_SIMD, or null.
inline std::string unused_simd(const std::string& processor, const std::string& running, bool dispatch,
                               const char* most) {
    // idm::dispatch has no kernels for AVX alone.
    const bool fused = processor == "avx2fma" && running != processor && lanes_of(running) <= 8;
    const bool unused = lanes_of(processor) > lanes_of(running) || fused;
    std::string text;
    if (unused && !dispatch)
        text += processor == "avx" ? ": build with -march=native to use it"
                                   : ": link idm::dispatch, or build with -march=native, to use it";
    if (unused && dispatch && most && running == most && processor != "avx") text += ": IDM_MAX_SIMD forbids it";
    if (dispatch && most && running != most) text += message("; IDM_MAX_SIMD=", most, " names no set that runs here");
    return text;
}

}  // namespace detail

/// One line on the kernels of this program: their instruction set, how many numbers they take at a time, whether they
/// were chosen as the program runs (CMake target idm::dispatch) or compiled in, and what the processor could do.
///
/// With idm::dispatch the environment's IDM_MAX_SIMD (sse2, avx2fma, avx512) names the widest set to be taken.
inline std::string simd_report() {
    const detail::RunningKernels running = detail::running_kernels();
    const std::string processor = detail::processor_simd();
    const char* most = IDM_HAS_DISPATCH ? std::getenv("IDM_MAX_SIMD") : nullptr;
    return detail::message("kernels: ", running.name, " (", running.floats, " floats or ", running.doubles,
                           " doubles at a time), ", IDM_HAS_DISPATCH ? "chosen at run time" : "compiled in",
                           "; the processor offers ", processor,
                           detail::unused_simd(processor, running.name, IDM_HAS_DISPATCH, most));
}

IDM_NAMESPACE_END
