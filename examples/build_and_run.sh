# Sourced by the scripts of this folder: build_and_run PROGRAM [ARGUMENT...] installs what is missing, builds the program in
# build/demo, its kernels by idm::dispatch, and becomes it.
build_and_run() {
    local program=$1 root build generator=()
    shift
    root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
    build="$root/build/demo"
    "$root/cmake/bootstrap.sh" library examples
    if [[ ! -f $build/CMakeCache.txt ]] && command -v ninja >/dev/null; then
        generator=(-G Ninja)
    fi
    mkdir -p "$build"
    echo "building $program ..." >&2
    if ! {
        cmake -S "$root" -B "$build" "${generator[@]}" -DCMAKE_BUILD_TYPE=Release -DIDM_NATIVE=OFF -DIDM_BUILD_EXAMPLES=ON \
            -DIDM_BUILD_TESTS=OFF -DIDM_BUILD_BENCHMARKS=OFF &&
            cmake --build "$build" --parallel "$("$root/cmake/jobs.sh")" --target "$program"
    } >"$build/build.log" 2>&1; then
        cat "$build/build.log" >&2
        echo "examples: the build of $program failed, see above ($build/build.log)" >&2
        exit 1
    fi
    # Threads that wait for one another sleep instead of spinning: with another job on the machine spinning costs tens of
    # times the work itself.
    export OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive}
    exec -a "$0" "$build/examples/$program" "$@"  # under the script's name, which messages then give
}
