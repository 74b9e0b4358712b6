// Which level of kernels runs. Compiled for the program's own instruction set.

#include <cstdlib>
#include <cstring>

#include <idm/kernels/dispatch_table.hpp>

namespace idm::dispatch_v0_1 {

extern const Level level_sse2, level_avx2, level_avx512;

namespace {

const Level* const levels[] = {&level_sse2, &level_avx2, &level_avx512};
constexpr int level_count = 3;

/// Feature by feature: clang 14's __builtin_cpu_supports knows no "x86-64-v3". CMake compiles the levels with these
/// features and no others.
int runnable_count() noexcept {
    __builtin_cpu_init();
    if (!(__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))) return 1;
    const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                        __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                        __builtin_cpu_supports("avx512vl");
    return avx512 ? level_count : level_count - 1;
}

const Level* choose() noexcept {
    const int count = runnable_count();
    if (const char* most = std::getenv("IDM_MAX_SIMD"))
        for (int i = 0; i < count; ++i)
            if (std::strcmp(most, levels[i]->name) == 0) return levels[i];
    return levels[count - 1];
}

const Level* choice = nullptr;  // threads that meet it unsettled settle it alike

}  // namespace

const Level* runnable(int index) noexcept { return index >= 0 && index < runnable_count() ? levels[index] : nullptr; }

const Level& chosen() noexcept {
    const Level* level = __atomic_load_n(&choice, __ATOMIC_ACQUIRE);
    if (!level) {
        level = choose();
        __atomic_store_n(&choice, level, __ATOMIC_RELEASE);
    }
    return *level;
}

}  // namespace idm::dispatch_v0_1
