# Makes the target idm::dependencies: Eigen, xsimd and, where wanted and found, OpenMP.
# The build tree and the installed package both read this file, so they cannot disagree.
#
# What is installed is used. Only where a library is missing, and only in the build tree (`idm_may_fetch`), its
# release is fetched.

if(TARGET idm::dependencies)
    return()
endif()

# Debian's Eigen3ConfigVersion and xsimdConfigVersion refuse a newer major version, hence no version in find_package.
find_package(Eigen3 CONFIG QUIET)
if(TARGET Eigen3::Eigen AND DEFINED Eigen3_VERSION AND Eigen3_VERSION VERSION_LESS 3.4)
    message(FATAL_ERROR "idm: expected Eigen 3.4 or newer, found ${Eigen3_VERSION} in ${Eigen3_DIR}")
endif()
find_package(xsimd CONFIG QUIET)
if(TARGET xsimd AND DEFINED xsimd_VERSION AND xsimd_VERSION VERSION_LESS 8.1)
    message(FATAL_ERROR "idm: expected xsimd 8.1 or newer, found ${xsimd_VERSION} in ${xsimd_DIR}")
endif()

# Header-only libraries: their include folders are all that is used. (Debian's xsimd 8.1 target also links xtl, which
# it does not install and which the headers do not need.)
function(idm_header_only_dependency target name package repository tag subfolder)
    if(TARGET ${target})
        get_target_property(folders ${target} INTERFACE_INCLUDE_DIRECTORIES)
    elseif(idm_may_fetch)
        message(STATUS "idm: ${name} is not installed (Debian and Ubuntu: ${package}), fetching it")
        include(FetchContent)
        # A SOURCE_SUBDIR without a CMakeLists.txt: fetched, but none of its targets are added.
        string(TOLOWER ${name} lower)
        FetchContent_Declare(${lower} GIT_REPOSITORY ${repository} GIT_TAG ${tag} GIT_SHALLOW ON SOURCE_SUBDIR none)
        FetchContent_MakeAvailable(${lower})
        set(folders "${${lower}_SOURCE_DIR}${subfolder}")
    else()
        message(FATAL_ERROR "idm needs ${name}: install it (Debian and Ubuntu: ${package}), or point CMAKE_PREFIX_PATH to it")
    endif()
    target_include_directories(idm::dependencies SYSTEM INTERFACE ${folders})
endfunction()

add_library(idm::dependencies INTERFACE IMPORTED GLOBAL)
idm_header_only_dependency(Eigen3::Eigen "Eigen" libeigen3-dev https://gitlab.com/libeigen/eigen.git 3.4.0 "")
idm_header_only_dependency(xsimd "xsimd" libxsimd-dev https://github.com/xtensor-stack/xsimd.git 13.0.0 "/include")

if(NOT DEFINED IDM_OPENMP OR IDM_OPENMP)
    find_package(OpenMP QUIET COMPONENTS CXX)
    if(OpenMP_CXX_FOUND)
        target_compile_options(idm::dependencies INTERFACE ${OpenMP_CXX_FLAGS})
        target_link_options(idm::dependencies INTERFACE ${OpenMP_CXX_FLAGS})
    else()
        message(STATUS "idm: no OpenMP for this compiler, training runs on one thread")
    endif()
else()
    target_compile_definitions(idm::dependencies INTERFACE IDM_NO_OPENMP)
endif()
