#!/usr/bin/env bash
# The main job: installs what is missing, builds the demo for this machine, and runs it with the arguments given here.
#
#   examples/demo.sh                    the simulated arm
#   examples/demo.sh kuka_kr300         a recording (also ias_sarcos, ias_barrett)
#   examples/demo.sh --help             without a build: your own log, windows, epochs, ...
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build="$root/build/demo"

# Help costs no build; a test compares this text with what the program prints.
for argument in "$@"; do
    if [[ $argument == -h || $argument == --help ]]; then
        exec cat "$root/examples/demo_help.txt"
    fi
done

"$root/cmake/bootstrap.sh" library examples
generator=()
if [[ ! -f $build/CMakeCache.txt ]] && command -v ninja >/dev/null; then
    generator=(-G Ninja)
fi
mkdir -p "$build"
echo "building the demo ..." >&2
if ! {
    cmake -S "$root" -B "$build" "${generator[@]}" -DCMAKE_BUILD_TYPE=Release -DIDM_NATIVE=ON -DIDM_BUILD_EXAMPLES=ON \
        -DIDM_BUILD_TESTS=OFF -DIDM_BUILD_BENCHMARKS=OFF &&
        cmake --build "$build" --parallel "$("$root/cmake/jobs.sh")" --target demo
} >"$build/build.log" 2>&1; then
    cat "$build/build.log" >&2
    echo "examples/demo.sh: the build failed, see above ($build/build.log)" >&2
    exit 1
fi
# Threads that wait for one another sleep instead of spinning: with another job on the machine spinning costs tens of times
# the work itself.
export OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive}
exec "$build/examples/demo" "$@"
