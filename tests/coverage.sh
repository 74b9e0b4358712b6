#!/usr/bin/env bash
set -euo pipefail
export OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive}

usage() {
    cat <<'END_OF_USAGE'
Usage: tests/coverage.sh

Builds the fast tests by gcc with -O1 --coverage and without OpenMP in build/coverage, runs them, and prints what share of
the lines of include/idm ran, folder by folder. Fails below 95 % of all lines, or where tests/instantiate lacks a public
template, whose lines would not count otherwise. The lines that did not run: build/coverage/lines.txt.
END_OF_USAGE
}

if [[ $# -gt 0 ]]; then
    usage
    case $1 in -h | --help) exit 0 ;; *) exit 2 ;; esac
fi

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build="$root/build/coverage"
jobs=$("$root/cmake/jobs.sh")
folders=(core kernels layers models data robot training io gradients parity)

"$root/tests/instantiate/check.sh"
"$root/cmake/bootstrap.sh" library tests coverage
generator=()
if [[ ! -f $build/CMakeCache.txt ]] && command -v ninja >/dev/null; then generator=(-G Ninja); fi
cmake -S "$root" -B "$build" "${generator[@]}" -DCMAKE_CXX_COMPILER=g++ -DCMAKE_BUILD_TYPE=Coverage \
    -DCMAKE_CXX_FLAGS_COVERAGE="-O1 --coverage" -DIDM_OPENMP=OFF -DIDM_BUILD_TESTS=ON \
    -DIDM_BUILD_EXAMPLES=OFF -DIDM_BUILD_BENCHMARKS=OFF
cmake --build "$build" --parallel "$jobs" --target idm_instantiate "${folders[@]/#/test_}"

find "$build" -name '*.gcda' -delete  # an earlier run's counts
pattern=$(IFS='|' && echo "^(${folders[*]})/")
ctest --test-dir "$build" --output-on-failure --no-tests=error --parallel "$jobs" -R "$pattern" -LE '^long$'

lcov --quiet --capture --directory "$build" --output-file "$build/all.info"
lcov --quiet --extract "$build/all.info" "$root/include/idm/*" --output-file "$build/idm.info"
awk -F'[:,]' -v root="$root/include/" '
    /^SF:/ { file = substr($2, length(root) + 1); parts_of = split(file, parts, "/"); folder = parts_of > 2 ? parts[2] : "." }
    /^DA:/ { if ($3 == 0) print file ":" $2 > missed }
    /^LF:/ { total[folder] += $2; lines += $2 }
    /^LH:/ { ran[folder] += $2; all += $2 }
    END {
        for (folder in total)
            printf "%-10s %5d of %5d lines, %5.1f %%\n", folder, ran[folder], total[folder], 100 * ran[folder] / total[folder] | "sort"
        close("sort")
        printf "%-10s %5d of %5d lines, %5.1f %%\n", "include/idm", all, lines, lines ? 100 * all / lines : 0
        if (!lines || 100 * all < 95 * lines) { print "expected at least 95 %, see " missed; exit 1 }
    }' missed="$build/lines.txt" "$build/idm.info"
