#!/usr/bin/env bash
set -euo pipefail

usage() {
    cat <<'END'
Usage: tests/coverage.sh [OPTIONS OF tests/run.sh]

Builds the tests by clang under the address and undefined-behaviour sanitizers in build/tests-coverage, runs them, and
prints what share of the lines of include/idm ran, folder by folder. A line of a template ran if it did in any instance;
those that no test makes count too, as tests/instantiate has every public template. Fails below 95 % of all lines, and
where tests/instantiate lacks one. The lines that did not run: build/tests-coverage/lines.txt.
END
}

case ${1:-} in -h | --help) usage && exit 0 ;; esac

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build="$root/build/tests-coverage"
"$root/tests/instantiate/check.sh"
"$root/cmake/bootstrap.sh" coverage

counts="$build/counts"
rm -rf "$counts"
# Processes of one program share four files of counts.
LLVM_PROFILE_FILE="$counts/%4m.profraw" "$root/tests/run.sh" --preset coverage "$@"

clang_version=$(clang++ -dumpversion) && clang_version=${clang_version%%.*}
# llvm NAME ARGUMENT...: clang's own llvm-NAME, whatever it is called here.
llvm() {
    local program="llvm-$1-$clang_version"
    command -v "$program" >/dev/null || program="llvm-$1"
    "$program" "${@:2}"
}
objects=()
while IFS= read -r object; do objects+=(-object "$object"); done < <(
    find "$build/tests" -maxdepth 1 -name 'test_*' -type f -executable
    find "$build/tests" -path '*idm_instantiate.dir*' -name '*.o'
)
llvm profdata merge -sparse "$counts"/*.profraw -o "$counts/all"
llvm cov export -format=lcov -instr-profile "$counts/all" "${objects[@]:1}" "$root/include/idm" >"$build/lines.info" 2>"$counts/warnings"
awk -F'[:,]' -v root="$root/include/" -v missed="$build/lines.txt" '
    BEGIN { printf "" > missed }
    /^SF:/ { file = substr($2, length(root) + 1); parts_of = split(file, parts, "/"); folder = parts_of > 2 ? parts[2] : "." }
    /^DA:/ { ++total[folder]; ++lines; if ($3 > 0) { ++ran[folder]; ++all } else print file ":" $2 > missed }
    END {
        for (folder in total)
            printf "%-10s %5d of %5d lines, %5.1f %%\n", folder, ran[folder], total[folder], 100 * ran[folder] / total[folder] | "sort"
        close("sort")
        printf "%-10s %5d of %5d lines, %5.1f %%\n", "include/idm", all, lines, lines ? 100 * all / lines : 0
        if (!lines || 100 * all < 95 * lines) { print "expected at least 95 %, see " missed; exit 1 }
    }' "$build/lines.info"
