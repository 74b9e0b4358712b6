#!/usr/bin/env bash
# Data flows one way and so do includes: a folder includes itself and what lies before it. And what else is promised of
# every header.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../include/idm"

declare -A may_include=(
    [core]="core"
    [kernels]="core kernels"
    [layers]="core kernels layers"
    [models]="core kernels layers models data"
    [data]="core data"
    [robot]="core robot data/trajectory.hpp"
    [training]="core kernels layers models data robot training"
    [io]="core kernels layers models data robot training io"
    [compiled]="core kernels layers models data robot training io compiled"
    [inference.hpp]="core kernels layers data/feature_stream.hpp models io/weights.hpp compiled/inference.hpp version.hpp"
    [idm.hpp]="inference.hpp data robot training io compiled/training.hpp version.hpp"
    [version.hpp]=""
)

status=0
complain() {
    echo "include/idm/$1" >&2
    status=1
}

while IFS= read -r header; do
    header=${header#./}
    folder=${header%%/*}
    if [[ -z ${may_include[$folder]+set} ]]; then
        complain "$header: no folder '$folder' in the architecture"
        continue
    fi
    # Everyone may ask for the version, through core/config.hpp.
    while IFS=: read -r line included; do
        allowed=" ${may_include[$folder]} "
        [[ $header == core/config.hpp ]] && allowed+="version.hpp "
        [[ $allowed == *" ${included%%/*} "* || $allowed == *" $included "* ]] ||
            complain "$header:$line: $folder may not include $included (allowed:${allowed% })"
    done < <(grep -nE '^ *# *include *<idm/' "$header" | sed -E 's|^([0-9]+):.*<idm/([^>]+)>.*|\1:\2|')

    lines=$(wc -l <"$header")
    ((lines <= 300)) || complain "$header: $lines lines, expected at most 300"
    grep -q '^#pragma once$' "$header" || complain "$header: no #pragma once"
done < <(find . -name '*.hpp' | sort)

# forbid REGEX WHY FILE...: no line of these files may match.
forbid() {
    local pattern=$1 why=$2
    shift 2
    local hits
    hits=$(grep -nHE -- "$pattern" "$@" || true)
    while IFS= read -r hit; do
        if [[ -n $hit ]]; then complain "$hit    <- $why"; fi
    done <<<"$hits"
}

mapfile -t headers < <(find . -name '*.hpp' | sed 's|^\./||' | sort)
mapfile -t kernels < <(printf '%s\n' "${headers[@]}" | grep '^kernels/')
mapfile -t not_config < <(printf '%s\n' "${headers[@]}" | grep -vxE 'core/(config|error)\.hpp|version\.hpp')
mapfile -t not_parallel < <(printf '%s\n' "${headers[@]}" | grep -vx 'core/parallel\.hpp')

forbid '^ *# *include *"' 'includes are written <idm/...>' "${headers[@]}"
forbid '^ *using namespace ' 'no using namespace in a header' "${headers[@]}"
forbid '\b(std::(cout|cerr|clog)|(std::)?(printf|puts|fprintf) *\()' 'the library never prints' "${headers[@]}"
forbid '^ *# *define +IDM_' 'macros belong in core/config.hpp and core/error.hpp' "${not_config[@]}"
forbid '^ *# *pragma +omp|<omp\.h>' 'only core/parallel.hpp names OpenMP' "${not_parallel[@]}"
forbid '\bEigen\b|std::(vector|string|function)\b' 'kernels take raw pointers and a shape' "${kernels[@]}"

# reached HEADER: every header of ours that it includes, directly or not.
reached() { "${CXX:-g++}" -std=c++20 -I.. -MM -MG -x c++ "$1" | tr -s ' \\' '\n' | sed -nE 's,^(\.\./idm/)?([a-z].*\.hpp)$,\2,p' | sort -u; }
# robot/urdf.hpp is the one header left out of idm.hpp: it needs urdfdom.
while IFS= read -r header; do
    complain "$header: not in idm.hpp, which includes everything"
done < <(comm -13 <(reached idm.hpp) <(printf '%s\n' "${headers[@]}" | grep -vE '^kernels/|^robot/urdf\.hpp$' | sort))
while IFS= read -r header; do
    complain "$header: in inference.hpp, which a controller includes"
done < <(reached inference.hpp | grep -E '^(training|robot)/')
exit $status
