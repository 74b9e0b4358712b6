# Makes the target idm::dispatch: idm::idm with its kernels compiled for SSE2, AVX2 and AVX-512, of which the program takes
# those that the processor runs, and with other functions compiled once; on other machines than x86-64 it is idm::idm. The
# build tree and the installed package both read this file, and all is compiled in the consumer's build, if a target of it
# links idm::dispatch.
if(TARGET idm::dispatch)
    return()
endif()
if(NOT CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64" OR NOT CMAKE_CXX_COMPILER_ID MATCHES "GNU|Clang")
    add_library(idm::dispatch INTERFACE IMPORTED GLOBAL)
    target_link_libraries(idm::dispatch INTERFACE idm::idm)
    return()
endif()

add_library(idm_dispatch STATIC EXCLUDE_FROM_ALL "${CMAKE_CURRENT_LIST_DIR}/dispatch/choose.cpp")
# No kernels: what takes a compiler long, for programs of the usual switches (IDM_HAS_COMPILED in idm/core/config.hpp).
add_library(idm_dispatch_compiled OBJECT EXCLUDE_FROM_ALL "${CMAKE_CURRENT_LIST_DIR}/dispatch/compiled_inference.cpp"
                                                          "${CMAKE_CURRENT_LIST_DIR}/dispatch/compiled_training.cpp")
target_compile_options(idm_dispatch_compiled PRIVATE -O2 -march=x86-64)
target_compile_definitions(idm_dispatch_compiled PRIVATE IDM_DISPATCH)
target_sources(idm_dispatch PRIVATE $<TARGET_OBJECTS:idm_dispatch_compiled>)
add_library(idm::dispatch ALIAS idm_dispatch)
target_compile_definitions(idm_dispatch INTERFACE IDM_DISPATCH)
set(idm_level_sse2 "")
set(idm_level_avx2 -mavx2 -mfma)
set(idm_level_avx512 ${idm_level_avx2} -mavx512f -mavx512bw -mavx512cd -mavx512dq -mavx512vl)
foreach(level sse2 avx2 avx512)
    add_library(idm_dispatch_${level} OBJECT EXCLUDE_FROM_ALL "${CMAKE_CURRENT_LIST_DIR}/dispatch/level.cpp")
    # Optimised in a debug build too: what std:: lends the kernels is then inlined, and no level's is another's.
    target_compile_options(idm_dispatch_${level} PRIVATE -O3 -march=x86-64 ${idm_level_${level}})
    target_compile_definitions(idm_dispatch_${level} PRIVATE IDM_DISPATCH_LEVEL=level_${level} xsimd=xsimd_${level})
    target_sources(idm_dispatch PRIVATE $<TARGET_OBJECTS:idm_dispatch_${level}>)
endforeach()
foreach(target idm_dispatch idm_dispatch_compiled idm_dispatch_sse2 idm_dispatch_avx2 idm_dispatch_avx512)
    target_link_libraries(${target} PUBLIC idm::idm)
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON CXX_VISIBILITY_PRESET hidden UNITY_BUILD OFF)
    target_compile_options(${target} PRIVATE -ffp-contract=off $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
endforeach()
