#!/usr/bin/env bash
set -euo pipefail

usage() {
    cat <<'END'
Usage: cmake/bootstrap.sh [GROUP...]

Installs what is missing, by apt-get (Debian 12 or newer, Ubuntu 22.04 or newer; as root or through sudo), and leaves alone
what is there: with everything in place it calls nothing and needs no network. Elsewhere it prints what to install.

Groups (default: library tests examples):
  library     a C++20 compiler, CMake >= 3.22, Ninja, Eigen, xsimd
  tests       Catch2; Orocos KDL and nlohmann-json as oracles; urdfdom for the URDF reader
  examples    CLI11 for the demo's options, gnuplot for the report's pictures
  benchmarks  Google Benchmark
  peers       oneDNN, libtorch and OpenBLAS, which the benchmarks compare with
  compile-time  GNU time, which measures what compiling takes
  coverage    clang with its sanitizers and llvm
  python      PyTorch and numpy, for examples/python and its long test
  package     debootstrap and lintian, for the long test of the Debian package
  arm         g++ for 64-bit ARM, qemu
  ci          clang, clang-format, clang's OpenMP, Doxygen, and the group arm
END
}

# on_path PROGRAM MINIMUM: is PROGRAM there, in at least that version?
on_path() {
    command -v "$1" >/dev/null || return 1
    local found
    found=$("$1" --version 2>/dev/null | grep -oE '[0-9]+\.[0-9]+(\.[0-9]+)?' | head -n 1) || return 1
    [[ "$(printf '%s\n%s\n' "$2" "$found" | sort -V | head -n 1)" == "$2" ]]
}

packages=()
add_group() {
    case $1 in
        library)
            on_path g++ 11 || on_path clang++ 14 || packages+=(g++)
            on_path cmake 3.22 || packages+=(cmake)
            on_path ninja 1.10 || packages+=(ninja-build)
            packages+=(libeigen3-dev libxsimd-dev)
            ;;
        tests) packages+=(catch2 liborocos-kdl-dev nlohmann-json3-dev liburdfdom-dev) ;;
        examples)
            packages+=(libcli11-dev)
            on_path gnuplot 5.0 || packages+=(gnuplot-nox)
            ;;
        benchmarks) packages+=(libbenchmark-dev) ;;
        compile-time) packages+=(time) ;;
        peers) packages+=(libdnnl-dev libtorch-dev libopenblas0-openmp) ;;
        coverage)
            on_path clang++ 14 || packages+=(clang)
            packages+=(llvm libclang-rt-dev libomp-dev)
            ;;
        python) packages+=(python3-torch python3-numpy) ;;
        package) packages+=(debootstrap lintian) ;;
        arm) packages+=(g++-aarch64-linux-gnu qemu-user) ;;
        ci)
            add_group arm
            on_path g++ 11 || packages+=(g++)
            on_path clang++ 14 || packages+=(clang)
            packages+=(clang-format libomp-dev doxygen)
            ;;
        *)
            echo "bootstrap: no group '$1'" >&2
            usage >&2
            exit 2
            ;;
    esac
}

[[ $# -gt 0 ]] || set -- library tests examples
for group in "$@"; do
    case $group in -h | --help) usage && exit 0 ;; esac
    add_group "$group"
done

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    echo "bootstrap: no apt-get on this machine; install what is missing of the following (names as in Debian):" >&2
    echo "    ${packages[*]}" >&2
    exit 0
fi

missing=()
for package in "${packages[@]}"; do
    status=$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null) || status=""
    [[ $status == "install ok installed" ]] || missing+=("$package")
done
[[ ${#missing[@]} -gt 0 ]] || exit 0

as_root=()
if [[ $(id -u) -ne 0 ]]; then
    if ! command -v sudo >/dev/null; then
        echo "bootstrap: not root and no sudo; as root run: apt-get install ${missing[*]}" >&2
        exit 1
    fi
    as_root=(sudo)
fi
echo "bootstrap: installing ${missing[*]}"
"${as_root[@]}" apt-get update -q -o Acquire::Retries=3
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q -o Acquire::Retries=3 --no-install-recommends "${missing[@]}"
