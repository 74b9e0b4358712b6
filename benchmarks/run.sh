#!/usr/bin/env bash
set -euo pipefail
# Threads that spin while another job has their core would cost tens of times the work itself. It holds for idm, oneDNN and
# libtorch alike. On a quiet machine the OpenMP library's own choice stays.
if [[ -r /proc/loadavg ]] && awk -v cores="$(nproc)" '{exit !($1 > cores / 2)}' /proc/loadavg; then
    export OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive}
fi
# libtorch allocates in every call: without this glibc gives large blocks back to the system each time.
export MALLOC_MMAP_THRESHOLD_=${MALLOC_MMAP_THRESHOLD_:-2147483648}
export MALLOC_TRIM_THRESHOLD_=${MALLOC_TRIM_THRESHOLD_:-4294967296}

# Debian 12's OpenBLAS, which libtorch works with, takes processors that are younger than it for ones without AVX: libtorch
# is then up to three times as slow.
if [[ -z ${OPENBLAS_CORETYPE:-} && -r /proc/cpuinfo ]]; then
    if grep -qw avx512vl /proc/cpuinfo; then
        export OPENBLAS_CORETYPE=SkylakeX
    elif grep -qw avx2 /proc/cpuinfo; then
        export OPENBLAS_CORETYPE=Haswell
    fi
fi

usage() {
    cat <<'END'
Usage: benchmarks/run.sh [--quick] [NAME...] [-- OPTIONS...]

Installs what the benchmarks need (cmake/bootstrap.sh), builds them for this machine in build/benchmarks and runs those
named, or else workloads:

  workloads  idm beside oneDNN and libtorch, where they are installed, and the machine's peak; prints a table and writes
             benchmarks/results/latest.json. --quick ends within a minute on a quiet machine. OPTIONS: --threads N (else one
             thread, then all); names of workloads (S1 ... S7, D1 ... D3, M1_N1, M1_N64, M1_N256, cnn2_window, cnn2_stream)
  scaling    one convolution over batch, length, channels and threads, into benchmarks/results/scaling.json, which
             benchmarks/charts.py draws
  kernels    each kernel beside the reference, and an empty job of a crew of threads. OPTIONS: those of Google Benchmark
  stream     ticks of a control loop
  bf16       what weights in bf16 do to the predictions of trained models

Examples: benchmarks/run.sh --quick
          benchmarks/run.sh workloads -- --threads 1 S1 S2
          benchmarks/run.sh kernels -- --benchmark_filter=conv1d
END
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build="$root/build/benchmarks"
programs=(workloads scaling kernels stream bf16)
names=() quick=()
while [[ $# -gt 0 ]]; do
    case $1 in
        -h | --help) usage && exit 0 ;;
        --) shift && break ;;
        --quick) quick=(--quick) ;;
        -*) echo "benchmarks/run.sh: unknown option '$1'" >&2 && usage >&2 && exit 2 ;;
        *) names+=("$1") ;;
    esac
    shift
done
[[ ${#names[@]} -gt 0 ]] || names=(workloads)
for name in "${names[@]}"; do
    [[ " ${programs[*]} " == *" $name "* ]] || { echo "benchmarks/run.sh: no benchmark '$name'" >&2 && usage >&2 && exit 2; }
done

"$root/cmake/bootstrap.sh" library benchmarks
peers=()
if [[ " ${names[*]} " =~ " workloads "|" scaling " ]]; then
    peers=(-DIDM_BENCHMARK_PEERS=ON)
    "$root/cmake/bootstrap.sh" peers || echo "benchmarks/run.sh: going on with the peers that are there" >&2
fi
generator=()
if [[ ! -f $build/CMakeCache.txt ]] && command -v ninja >/dev/null; then
    generator=(-G Ninja)
fi
cmake -S "$root" -B "$build" "${generator[@]}" -DIDM_NATIVE=ON -DIDM_BUILD_BENCHMARKS=ON "${peers[@]}" \
    -DIDM_BUILD_TESTS=OFF -DIDM_BUILD_EXAMPLES=OFF
targets=("${names[@]/scaling/workloads}")
cmake --build "$build" --parallel "$("$root/cmake/jobs.sh")" --target "${targets[@]/#/bench_}"
mkdir -p "$root/benchmarks/results"
program="$build/benchmarks/workloads/bench_workloads" results="$root/benchmarks/results"
for name in "${names[@]}"; do
    case $name in
        workloads) "$program" "${quick[@]}" --json "$results/latest.json" "$@" ;;
        scaling) "$program" --scaling "${quick[@]}" --json "$results/scaling.json" "$@" ;;
        *) "$build/benchmarks/bench_$name" "$@" ;;
    esac
done
