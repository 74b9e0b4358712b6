#!/usr/bin/env bash
set -euo pipefail

usage() {
    cat <<'END'
Usage: benchmarks/run.sh [NAME...] [-- BENCHMARK_OPTIONS...]

Installs what the benchmarks need (cmake/bootstrap.sh), builds them for this machine in build/benchmarks and runs all of
them, or those named (kernels: benchmarks/kernels.cpp, stream: benchmarks/stream.cpp). Options after -- go to Google Benchmark.

Example: benchmarks/run.sh kernels -- --benchmark_filter=conv1d
END
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build="$root/build/benchmarks"
names=()
while [[ $# -gt 0 ]]; do
    case $1 in
        -h | --help) usage && exit 0 ;;
        --) shift && break ;;
        -*) echo "benchmarks/run.sh: unknown option '$1'" >&2 && usage >&2 && exit 2 ;;
        *) names+=("$1") ;;
    esac
    shift
done
if [[ ${#names[@]} -eq 0 ]]; then
    for source in "$root"/benchmarks/*.cpp; do
        names+=("$(basename "$source" .cpp)")
    done
fi
for name in "${names[@]}"; do
    [[ -f $root/benchmarks/$name.cpp ]] || { echo "benchmarks/run.sh: no benchmarks/$name.cpp" >&2 && exit 2; }
done

"$root/cmake/bootstrap.sh" library benchmarks
generator=()
if [[ ! -f $build/CMakeCache.txt ]] && command -v ninja >/dev/null; then
    generator=(-G Ninja)
fi
cmake -S "$root" -B "$build" "${generator[@]}" -DIDM_NATIVE=ON -DIDM_BUILD_BENCHMARKS=ON -DIDM_BUILD_TESTS=OFF \
    -DIDM_BUILD_EXAMPLES=OFF
cmake --build "$build" --parallel "$("$root/cmake/jobs.sh")" --target "${names[@]/#/bench_}"
for name in "${names[@]}"; do
    "$build/benchmarks/bench_$name" "$@"
done
