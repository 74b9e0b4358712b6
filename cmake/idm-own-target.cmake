# idm_own_target(name [PORTABLE | DISPATCH]): what the project's own tests, examples and benchmarks are built with, and no
# consumer is. PORTABLE: never for this machine's instruction set, whatever IDM_NATIVE says. DISPATCH: by idm::dispatch unless
# IDM_NATIVE asks for this machine's.
function(idm_own_target name)
    if(IDM_NATIVE AND NOT "PORTABLE" IN_LIST ARGN)
        target_link_libraries(${name} PRIVATE idm::native)
    elseif("DISPATCH" IN_LIST ARGN)
        target_link_libraries(${name} PRIVATE idm::dispatch)
    else()
        target_link_libraries(${name} PRIVATE idm::idm)
    endif()
    # The kernels call the fused multiply-add themselves; contraction elsewhere would make results depend on the compiler.
    target_compile_options(${name} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -ffp-contract=off)
    # gcc 12 takes parts of its own AVX-512 intrinsics, of std::string in nested initialisers and of <regex> for
    # uninitialised; clang and the sanitizers look for the real thing.
    target_compile_options(${name} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
    if(CMAKE_UNITY_BUILD)
        # Several test files in one: a local name of the one may well be a helper of another.
        target_compile_options(${name} PRIVATE -Wno-shadow)
    endif()
    if(IDM_WERROR)
        target_compile_options(${name} PRIVATE -Werror)
    endif()
    if(IDM_SANITIZE)
        # Left out: null, object-size and pointer-overflow, whose faults the address sanitizer sees too where such a pointer
        # is used, and vptr, for want of virtual functions. They double the time to compile the tests of the layers (56 s to
        # 28 s, with -g1), pointer-overflow without the others adds a quarter to that of models (58 s to 46 s). Of clang's
        # own: float-cast-overflow, as xsimd makes integers of doubles without a look at their range, and activations choose
        # among the results afterwards.
        target_compile_options(${name} PRIVATE -fsanitize=${IDM_SANITIZE}
                                               -fno-sanitize=null,object-size,pointer-overflow,vptr,float-cast-overflow
                                               -fno-sanitize-recover=all -fno-omit-frame-pointer)
        target_link_options(${name} PRIVATE -fsanitize=${IDM_SANITIZE})
    endif()
    if(IDM_COVERAGE)
        target_compile_options(${name} PRIVATE -fprofile-instr-generate -fcoverage-mapping)
        target_link_options(${name} PRIVATE -fprofile-instr-generate)
    endif()
endfunction()
