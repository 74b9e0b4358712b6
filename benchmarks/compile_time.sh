#!/usr/bin/env bash
set -euo pipefail

usage() {
    cat <<'END'
Usage: benchmarks/compile_time.sh [ROUNDS]

Compiles the three files of benchmarks/compile_time in turns, ROUNDS times (default 5), idm's also as users of idm::dispatch
do (+dispatch), and prints for each the medians of user time and peak memory, and their ratio to Eigen's Tensor header with one
contraction. The compiler is $CXX, or g++; flags: -std=c++20 -O2 -fopenmp.
END
}

case ${1:-5} in
    -h | --help) usage && exit 0 ;;
    *[!0-9]* | 0) usage >&2 && exit 2 ;;
esac
rounds=${1:-5}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
"$root/cmake/bootstrap.sh" library compile-time
compiler=${CXX:-g++}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# It leaves files where it runs.
eigen=$(cd "$work" && cmake --find-package -DNAME=Eigen3 -DCOMPILER_ID=GNU -DLANGUAGE=CXX -DMODE=COMPILE 2>/dev/null) || eigen="-I/usr/include/eigen3"

files=(eigen_tensor inference inference+dispatch training training+dispatch)
for ((round = 0; round < rounds; ++round)); do
    for file in "${files[@]}"; do
        flags=""
        [[ $file != *+dispatch ]] || flags=-DIDM_DISPATCH
        # shellcheck disable=SC2086  # flags, one word each
        env time --format='%U %M' --append --output="$work/$file" "$compiler" -std=c++20 -O2 -fopenmp $flags \
            -I"$root/include" $eigen -c "$root/benchmarks/compile_time/${file%+dispatch}.cpp" -o "$work/$file.o"
    done
done

# median FILE COLUMN
median() { sort -n -k "$2,$2" "$work/$1" | awk -v column="$2" '{v[NR] = $column} END {print v[int((NR + 1) / 2)]}'; }
base_seconds=$(median eigen_tensor 1) base_memory=$(median eigen_tensor 2)
echo "$("$compiler" --version | head -n 1), medians of $rounds"
printf '%-18s %8s %7s %8s %7s\n' file "user s" ratio MiB ratio
for file in "${files[@]}"; do
    awk -v file="$file" -v s="$(median "$file" 1)" -v m="$(median "$file" 2)" -v s0="$base_seconds" -v m0="$base_memory" \
        'BEGIN {printf "%-18s %8.2f %7.2f %8.0f %7.2f\n", file, s, s / s0, m / 1024, m / m0}'
done
