#include <cstdio>
#include <cstring>

// CALLS is CALL(f) for each function f that work.cpp was compiled as.
#define CALL(function) float function(const char** abi);
CALLS
#undef CALL

int main() {
    bool agree = true;
    float first = 0;
    const char* before = nullptr;
    const auto compare = [&](const char* name, float sum, const char* abi) {
        std::printf("%s (%s): %g\n", name, abi, static_cast<double>(sum));
        if (before) agree = agree && sum == first && std::strcmp(abi, before) != 0;
        first = sum;
        before = abi;
    };
    const char* abi = nullptr;
    float sum = 0;
#define CALL(function)    \
    sum = function(&abi); \
    compare(#function, sum, abi);
    CALLS
    return agree && before && first > 0 ? 0 : 1;
}
