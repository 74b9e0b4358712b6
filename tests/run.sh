#!/usr/bin/env bash
set -euo pipefail
# Several programs share the cores here: threads that spin while they wait would cost tens of times the work itself.
export OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive}

usage() {
    cat <<'END'
Usage: tests/run.sh [OPTIONS] [-- CTEST_OPTIONS...]

Installs what the tests need (cmake/bootstrap.sh), builds them in build/tests and runs them.

  --long             run the long tests too and, unless options of ctest choose among them, then those of --dispatch and --arm
  --dispatch         build as users of idm::dispatch, in build/tests-dispatch; no consumers
  --arm              build for 64-bit ARM, in build/tests-arm, and run under qemu; no consumers
  --preset NAME      configure by a preset of CMakePresets.json, in build/tests-NAME
  --compiler CXX     build with this compiler, in build/tests-CXX
  --no-consumers     leave out the projects of tests/consumer, which build outside this build
  --werror           warnings in our own code are errors
  --jobs N           parallel jobs (default: one per core, if memory carries them)
  --help             this text

Example: tests/run.sh --preset asan-ubsan -- -R kernels
END
}

fail() {
    echo "tests/run.sh: $1" >&2
    usage >&2
    exit 2
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
suffix="" preset="" compiler="" jobs="" long=0 consumers=1 arm=0 dispatch=0
options=(-DIDM_BUILD_TESTS=ON -DIDM_BUILD_EXAMPLES=OFF -DIDM_BUILD_BENCHMARKS=OFF -DCMAKE_UNITY_BUILD=ON)
while [[ $# -gt 0 ]]; do
    case $1 in
        --long) long=1 ;;
        --no-consumers) consumers=0 ;;
        --dispatch) dispatch=1 ;;
        --arm) arm=1 ;;
        --preset) preset=${2:?--preset needs a name} && shift ;;
        --compiler) compiler=${2:?--compiler needs a program} && shift ;;
        --jobs) jobs=${2:?--jobs needs a number} && shift ;;
        --werror) options+=(-DIDM_WERROR=ON) ;;
        -h | --help) usage && exit 0 ;;
        --) shift && break ;;
        *) fail "unknown option '$1'" ;;
    esac
    shift
done
if [[ -n $preset ]]; then
    suffix+="-$preset"
    options+=(--preset "$preset")
fi
if [[ -n $compiler ]]; then
    suffix+="-$(basename "$compiler")"
    options+=("-DCMAKE_CXX_COMPILER=$compiler")
fi
if ((dispatch)); then
    suffix+="-dispatch" consumers=0
    options+=(-DIDM_TEST_DISPATCH=ON)
fi
if ((arm)); then
    suffix+="-arm" consumers=0
    # -O1 shortens the compilation; at -O1 gcc 12 takes nested initialisers for dangling.
    options+=(--toolchain cmake/aarch64-toolchain.cmake "-DCMAKE_CXX_FLAGS_RELEASE=-O1 -Wno-dangling-pointer")
fi
[[ -n $jobs ]] || jobs=$("$root/cmake/jobs.sh")
build="$root/build/tests$suffix"

groups=(library tests)
((!long)) || groups+=(python package arm)
((!arm)) || groups+=(arm)
"$root/cmake/bootstrap.sh" "${groups[@]}"
if [[ ! -f $build/CMakeCache.txt ]] && command -v ninja >/dev/null; then
    options+=(-G Ninja)
fi
(cd "$root" && cmake -S . -B "$build" "${options[@]}")
cmake --build "$build" --parallel "$jobs"

ctest_options=(--test-dir "$build" --output-on-failure --no-tests=error --parallel "$jobs")
# One expression: several --label-exclude leave out only what has all of the labels.
left_out=none
((long)) || left_out+='|long'
((consumers)) || left_out+='|consumer'
ctest_options+=(--label-exclude "^($left_out)\$")
ctest "${ctest_options[@]}" "$@"

if ((long && !arm && !dispatch)) && [[ -z $preset$compiler && $# -eq 0 ]]; then
    if [[ $(uname -m) == x86_64 ]]; then
        echo "tests/run.sh: all of it with idm::dispatch"
        "$root/tests/run.sh" --dispatch --jobs "$jobs"
    fi
    if command -v aarch64-linux-gnu-g++ >/dev/null && command -v qemu-aarch64 >/dev/null; then
        echo "tests/run.sh: all of it on 64-bit ARM"
        "$root/tests/run.sh" --arm --jobs "$jobs"
    else
        echo "skipped: the tests on 64-bit ARM, for want of aarch64-linux-gnu-g++ and qemu-aarch64"
    fi
fi
