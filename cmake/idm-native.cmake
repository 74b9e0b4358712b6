# Makes the target idm::native: idm::idm for the instruction set of the machine that builds. The build tree and the installed
# package both read this file: the flag is that of the consumer's machine, not of the one that made the package.
if(TARGET idm::native)
    return()
endif()
add_library(idm::native INTERFACE IMPORTED GLOBAL)
target_link_libraries(idm::native INTERFACE idm::idm)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
    target_compile_options(idm::native INTERFACE -mcpu=native)
else()
    target_compile_options(idm::native INTERFACE -march=native)
endif()
