#!/usr/bin/env bash
# Usage: tests/consumer/run.sh [ways|two_isas|dispatch]...
# Builds and runs projects in a temporary folder, with plain -O2: `ways` those that use the library in each way of CMake
# (tests/package has pkg-config's), `two_isas` a program of objects built for several instruction sets, `dispatch` one that
# chooses its kernels as it runs; several, and all without a name, two at a time.
# CXX chooses the compiler.
set -euo pipefail

if [[ $# -ne 1 ]]; then
    if [[ $# -eq 0 ]]; then set -- ways two_isas dispatch; fi
    printf '%s\n' "$@" | xargs -P 2 -n 1 "$0"
    exit
fi

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
here="$root/tests/consumer"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export CXX=${CXX:-c++}

fail() {
    echo "consumer: $1" >&2
    exit 1
}

# build NAME FOLDER [CMAKE_OPTION...]: configures and builds tests/consumer/FOLDER in $work/NAME.
build() {
    local name=$1 folder=$2
    shift 2
    echo "--- $name"
    cmake -S "$here/$folder" -B "$work/$name" -DCMAKE_BUILD_TYPE= -DCMAKE_CXX_FLAGS=-O2 \
        -DCMAKE_EXPORT_COMPILE_COMMANDS=ON "$@" >"$work/log" 2>&1 &&
        cmake --build "$work/$name" --parallel 3 >>"$work/log" 2>&1 || { cat "$work/log" && fail "$name does not build"; }
}

# plain NAME: the library's target must pass no machine or warning flag on.
plain() {
    # Without the objects of idm::dispatch, which is not linked here and so not built.
    if grep '"command"' "$work/$1/compile_commands.json" | grep -v idm_dispatch | grep -oE -- ' -(m|W|ffp|ffast)[^ ]*'; then
        fail "$1: idm::idm passed these flags on"
    fi
}

# separate OBJECT OBJECT: no weak symbol of ours may be in both, or the linker would take one object's code for both.
symbols() { nm --defined-only "$1" | awk '$2 ~ /^[WVu]$/ && $3 ~ /3idm/ {print $3}' | sort -u; }
separate() {
    symbols "$1" >"$work/a" && symbols "$2" >"$work/b"
    [[ -s $work/a && -s $work/b ]] || fail "expected weak symbols of idm in $1 and $2"
    local shared
    shared=$(comm -12 "$work/a" "$work/b")
    [[ -z $shared ]] || fail "symbols in both $1 and $2: $(c++filt <<<"$shared")"
    echo "no shared symbol among $(wc -l <"$work/a") and $(wc -l <"$work/b")"
}

ways() {
    (cmake -S "$root" -B "$work/package" -DIDM_BUILD_TESTS=OFF -DIDM_BUILD_EXAMPLES=OFF -DIDM_BUILD_BENCHMARKS=OFF \
        -DCMAKE_INSTALL_PREFIX="$work/prefix" && cmake --install "$work/package") >"$work/log" 2>&1 ||
        { cat "$work/log" && fail "cannot install"; }

    build find_package find_package -DCMAKE_PREFIX_PATH="$work/prefix"
    build add_subdirectory add_subdirectory -DIDM_SOURCE_DIR="$root"
    build fetch_content fetch_content -DFETCHCONTENT_SOURCE_DIR_IDM="$root"
    build controller controller -DIDM_SOURCE_DIR="$root"
    for name in find_package add_subdirectory fetch_content controller; do
        plain "$name"
        "$work/$name/consumer"
    done
    if [[ -x $work/find_package/urdf ]]; then "$work/find_package/urdf"; fi
}

# runs_on CPU PROGRAM LEVEL...: on such a processor the program must run its objects of these levels, all and alone.
runs_on() {
    local cpu=$1 program=$2
    shift 2
    qemu-x86_64 -cpu "$cpu" "$program" >"$work/out" 2>"$work/log" || { cat "$work/log" && fail "$program dies on a $cpu"; }
    [[ $(cut -d ' ' -f 1 "$work/out" | tr '\n' ' ') == "$* " ]] || { cat "$work/out" && fail "expected $* on a $cpu"; }
}

two_isas() {
    if [[ $(uname -m) != x86_64 ]]; then
        echo "skipped: objects of several instruction sets in one program, which are those of x86-64"
        return
    fi
    command -v qemu-x86_64 >/dev/null || echo "skipped: programs of several instruction sets on older processors, for want of qemu-x86_64"
    ulimit -c 0
    for level in -O2 -O0; do
        build "two_isas$level" two_isas -DIDM_SOURCE_DIR="$root" -DCMAKE_CXX_FLAGS="$level"
        mapfile -t objects < <(find "$work/two_isas$level" -name 'work.cpp.o' | sort)
        [[ ${#objects[@]} -eq 3 ]] || fail "expected 3 objects, found ${#objects[@]}"
        # What is filled when the program starts is filled by every object, whatever the processor.
        for object in "${objects[@]}"; do
            if nm "$object" | grep ' _ZGVN3idm' | c++filt; then fail "$object fills these variables before main"; fi
        done
        for ((i = 1; i < ${#objects[@]}; ++i)); do
            for ((j = 0; j < i; ++j)); do
                separate "${objects[j]}" "${objects[i]}"
            done
        done
        program="$work/two_isas$level/consumer"
        "$program"
        if command -v qemu-x86_64 >/dev/null; then
            runs_on Nehalem "$program" x86-64
            runs_on Haswell "$program" x86-64 x86-64-v3
            if { qemu-x86_64 -cpu Nehalem "$program" all; } >/dev/null 2>&1; then fail "this qemu runs AVX on a Nehalem"; fi
        fi
    done
}

# chooses LEVEL COMMAND...: the program must say that it runs these kernels, and what the narrowest give.
chooses() {
    local level=$1
    shift
    "$@" >"$work/out" 2>"$work/log" || { cat "$work/log" && fail "dies: $*"; }
    grep -q "^kernels: $level (" "$work/out" || { cat "$work/out" && fail "expected kernels of $level from $*"; }
    [[ -n ${said:-} ]] || said=$(sed -n 2p "$work/out")
    # Sums of a few hundred products of order 1 to 5 decimals, added up in another order.
    awk -v a="$said" -v b="$(sed -n 2p "$work/out")" 'BEGIN {exit !(a != 0 && a - b < 2e-5 && b - a < 2e-5)}' ||
        { cat "$work/out" && fail "expected $said from $*"; }
    head -n 1 "$work/out"
}

dispatch() {
    if [[ $(uname -m) != x86_64 ]]; then
        echo "skipped: kernels chosen as the program runs, which are those of x86-64"
        return
    fi
    (cmake -S "$root" -B "$work/package" -DIDM_BUILD_TESTS=OFF -DIDM_BUILD_EXAMPLES=OFF -DIDM_BUILD_BENCHMARKS=OFF \
        -DCMAKE_INSTALL_PREFIX="$work/prefix" && cmake --install "$work/package") >"$work/log" 2>&1 ||
        { cat "$work/log" && fail "cannot install"; }
    # idm::dispatch optimises its objects whatever the build asks for.
    build dispatch dispatch -DCMAKE_PREFIX_PATH="$work/prefix" -DCMAKE_CXX_FLAGS=-O0
    local objects program object foreign said=""
    mapfile -t objects < <(find "$work/dispatch" -name 'level.cpp.o')
    [[ ${#objects[@]} -eq 3 ]] || fail "expected 3 objects, found ${#objects[@]}"
    # Nothing that another object may hold too, of the standard library neither, and nothing done before main. The one
    # exception is a pointer to the C++ runtime's handler of exceptions.
    for object in "${objects[@]}"; do
        nm --defined-only "$object" | grep level >/dev/null || fail "expected kernels in $object"
        foreign=$(nm --defined-only "$object" | awk '$2 ~ /^[WVu]$/ && $3 !~ /level|^DW.ref/ {print $3}')
        [[ -z $foreign ]] || fail "$object shares $(c++filt <<<"$foreign")"
        nm --defined-only "$object" | awk '$2 ~ /^[WVu]$/ && $3 !~ /^DW.ref/ {print $3}' | sort -u >>"$work/weak"
        if objdump -h "$object" | grep -E 'init_array|ctors'; then fail "$object runs before main"; fi
    done
    [[ -s $work/weak ]] || fail "expected weak symbols of the levels"
    foreign=$(sort "$work/weak" | uniq -d)
    [[ -z $foreign ]] || fail "two levels share $(c++filt <<<"$foreign")"
    program="$work/dispatch/consumer"
    chooses sse2 env IDM_MAX_SIMD=sse2 "$program"
    chooses '[a-z0-9]*' "$program"
    if command -v qemu-x86_64 >/dev/null; then
        chooses sse2 qemu-x86_64 -cpu Nehalem "$program"
        chooses sse2 qemu-x86_64 -cpu SandyBridge "$program"  # AVX without FMA
        grep -q 'the processor offers avx$' "$work/out" || fail "expected no more than AVX from a SandyBridge"
        chooses avx2fma qemu-x86_64 -cpu Haswell "$program"
    else
        echo "skipped: kernels on older processors, for want of qemu-x86_64"
    fi
}

case $1 in
    ways | two_isas | dispatch) "$1" ;;
    *) fail "expected ways, two_isas or dispatch, found '$1'" ;;
esac
