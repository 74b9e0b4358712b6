# Sets idm_host_isas to the -march levels of x86-64 that this machine can run; empty on other machines and in a cross
# build. The names are those of the x86-64 psABI.
include(CheckCXXSourceRuns)

set(idm_host_isas "")
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64" AND NOT CMAKE_CROSSCOMPILING)
    set(idm_host_isas x86-64)
    # Feature by feature: clang 14's __builtin_cpu_supports knows no "x86-64-v3".
    check_cxx_source_runs([[
        int main() { return !(__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                              __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2")); }
    ]] IDM_HOST_RUNS_V3)
    check_cxx_source_runs([[
        int main() { return !(__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                              __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                              __builtin_cpu_supports("avx512vl")); }
    ]] IDM_HOST_RUNS_V4)
    if(IDM_HOST_RUNS_V3)
        list(APPEND idm_host_isas x86-64-v3)
        if(IDM_HOST_RUNS_V4)
            list(APPEND idm_host_isas x86-64-v4)
        endif()
    endif()
endif()
