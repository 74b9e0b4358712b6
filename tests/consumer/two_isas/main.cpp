// consumer       calls the objects of the instruction sets that this processor has, and compares what they say
// consumer all   calls them all, whatever the processor has

#include <cmath>
#include <cstdio>
#include <cstring>

// work.cpp was compiled as each of these.
float on_x86_64(const char** abi);
float on_x86_64_v3(const char** abi);
float on_x86_64_v4(const char** abi);

namespace {

struct Choice {
    const char* name;
    float (*work)(const char**);
    bool runs;
};

bool agree(const Choice* choices, int count, bool all) {
    bool right = true;
    float first = 0;
    const char* before = nullptr;
    for (int i = 0; i < count; ++i) {
        if (!choices[i].runs && !all) continue;
        const char* abi = nullptr;
        const float value = choices[i].work(&abi);
        std::printf("%s (%s): %.9g\n", choices[i].name, abi, static_cast<double>(value));
        if (!before) first = value;
        // Sums of a few hundred products of order 1, added up in another order.
        if (!(std::fabs(value - first) < 1e-5f)) right = false;
        if (before && std::strcmp(abi, before) == 0) right = false;
        before = abi;
    }
    return right && before && first != 0;
}

}  // namespace

int main(int argc, char** argv) {
    // Feature by feature: clang 14's __builtin_cpu_supports knows no "x86-64-v3".
    __builtin_cpu_init();
    const bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
                    __builtin_cpu_supports("bmi2");
    const bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                    __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                    __builtin_cpu_supports("avx512vl");
    const Choice choices[] = {
        {"x86-64", on_x86_64, true}, {"x86-64-v3", on_x86_64_v3, v3}, {"x86-64-v4", on_x86_64_v4, v4}};
    return agree(choices, 3, argc == 2 && std::strcmp(argv[1], "all") == 0) ? 0 : 1;
}
