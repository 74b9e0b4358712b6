#!/usr/bin/env bash
# Tests the log doctor's command line: run.sh LOG_DOCTOR SIMULATED_LOG. A clean log of the simulated arm passes; of each
# spoilt copy the fault is named, and the exit status says whether it is fit to train on: 0 fit, 1 not fit, 2 no answer.
set -uo pipefail

doctor=${1:?usage: tests/doctor/run.sh LOG_DOCTOR SIMULATED_LOG}
simulated=${2:?usage: tests/doctor/run.sh LOG_DOCTOR SIMULATED_LOG}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

# list PATTERN: the names of seven columns.
list() { for i in 1 2 3 4 5 6 7; do printf "%s$1$i" "$([[ $i == 1 ]] || echo ,)"; done; }
positions=(--position "$(list q)")
velocities=(--velocity "$(list qd)")
runs=(--trajectory run --time t "${positions[@]}" "${velocities[@]}" --target "$(list tau)")
failures=0 cases=0

fail() {
    echo "FAILED: $1" >&2
    sed 's/^/    | /' output >&2
    failures=$((failures + 1))
}

# finds NAME STATUS WORDS... -- ARGUMENTS...: the doctor ends with this status and its words are all there. DOCTOR_PATH is
# where it looks for programs.
finds() {
    local name=$1 expected=$2
    shift 2
    local words=()
    while [[ $1 != -- ]]; do words+=("$1") && shift; done
    shift
    cases=$((cases + 1))
    PATH=${DOCTOR_PATH:-$PATH} "$doctor" "$@" >output 2>&1 </dev/null
    local status=$?
    ((status == expected)) || fail "$name: expected status $expected, got $status"
    for word in "${words[@]}"; do
        grep -qF -- "$word" output || fail "$name: expected to read \"$word\""
    done
}

# alone NAME KINDS: the last output has findings of these kinds and of no other.
alone() {
    local found
    found=$(sed -nE 's/^(FAULT|warning|note): ([a-z ]+), .*/\2/p' output | sort -u | paste -sd ' ')
    [[ $found == "$2" ]] || fail "$1: expected \"$2\" and nothing else, got \"$found\""
}

# spoil NAME AWK: a copy of the clean log, each row changed by the program; columns by name, q[j], qd[j] and tau[j].
spoil() {
    LC_ALL=C awk -F, -v OFS=, 'BEGIN { q = 2; qd = 9; tau = 16; run = 1; t = 2 }
        NR == 1 { print; next }
        '"$2"'
        { print }' clean.csv >"$1.csv"
}

"$simulated" >clean.csv || exit 1
finds "clean" 0 "8000 rows in 8 trajectories" "rate 100 Hz" "fit to train on" -- --log clean.csv "${runs[@]}"
alone "clean" ""

# Units, signs and scales.
spoil degrees '{ for (j = 1; j <= 7; ++j) $(q + j) *= 57.29577951308232 }'
finds "degrees taken for rad" 1 "FAULT: unit, positions" "look like degrees" "NOT fit" -- --log degrees.csv "${runs[@]}"
finds "the same, said to be degrees" 1 "FAULT: unit, qd1" -- --log degrees.csv "${runs[@]}" --degrees
spoil sign '{ $(qd + 3) = -$(qd + 3) }'
finds "velocity of the wrong sign" 1 "FAULT: velocity sign, qd3" -- --log sign.csv "${runs[@]}"
spoil scale '{ $(qd + 3) *= 2 }'
finds "velocity of the wrong scale" 1 "FAULT: velocity scale, qd3: it is 2" -- --log scale.csv "${runs[@]}"
alone "velocity of the wrong scale" "velocity scale"
spoil swapped '{ x = $(qd + 3); $(qd + 3) = $(qd + 4); $(qd + 4) = x }'
finds "velocities of other joints" 1 "velocity differs, qd3" "velocity differs, qd4" -- --log swapped.csv "${runs[@]}"
spoil flipped '{ $(tau + 4) = -$(tau + 4) }'
finds "torque of the wrong sign" 0 "warning: torque sign, tau4" -- --log flipped.csv "${runs[@]}"
alone "torque of the wrong sign" "torque sign"

# Channels.
spoil stuck '$run == 3 && $t >= 2 && $t < 7 { if ($t == 2) held = $(tau + 4); $(tau + 4) = held }'
finds "a stuck torque" 1 "FAULT: stuck, tau4: 500 rows in a row" "trajectory '3'" -- --log stuck.csv "${runs[@]}"
spoil briefly '$run == 3 && $t >= 2 && $t < 3 { if ($t == 2) held = $(tau + 4); $(tau + 4) = held }'
finds "a torque stuck for a second" 0 "warning: stuck, tau4: 100 rows" -- --log briefly.csv "${runs[@]}"
spoil constant '{ $(tau + 5) = 1.5 }'
finds "a constant torque" 1 "FAULT: constant, tau5: always 1.5" -- --log constant.csv "${runs[@]}"
spoil saturated '$(tau + 2) > 3 { $(tau + 2) = 3 } $(tau + 2) < -12 { $(tau + 2) = -12 }'
finds "a saturated torque" 1 "FAULT: clipped, tau2" "end 3 of" "end -12 of" -- --log saturated.csv "${runs[@]}"
spoil end '$(q + 6) > 2.2 { $(q + 6) = 2.2 }'
finds "a clipped position" 1 "FAULT: clipped, q6" "end 2.2 of" -- --log end.csv "${runs[@]}"
spoil nan '$run == 2 && $t == 4 { $(tau + 1) = "nan" }'
finds "a row of NaN" 1 "FAULT: not finite, log: 1 rows" -- --log nan.csv "${runs[@]}"

# Torque against motion.
spoil late '{ x = $(tau + 4); n = $t < 0.005 ? 0 : n + 1; $(tau + 4) = n < 5 ? x : last[(n - 5) % 5]; last[n % 5] = x }'
finds "a torque five rows late" 0 "warning: torque delay, tau4" "5 rows later" -- --log late.csv "${runs[@]}"
spoil early '{ for (j = 1; j <= 23; ++j) if (j != tau + 4) { x = $j; n = NR; $j = NR < 7 ? x : past[j, n % 5]; past[j, n % 5] = x } }'
sed -i '2,6d' early.csv
finds "a torque five rows early" 1 "FAULT: torque delay, tau4" "5 rows earlier" -- --log early.csv "${runs[@]}"
finds "the same, with a model that looks ahead" 0 "warning: torque delay, tau4" -- --log early.csv "${runs[@]}" --ahead 5

# Stamps.
spoil jitter '{ $t += ((NR * 7919) % 13 - 6) * 0.0006 }'
finds "stamps that jitter" 1 "FAULT: jitter" "expected at most 20 %" -- --log jitter.csv "${runs[@]}"
spoil gap '$run == 4 && $t >= 5 { $t += 0.5 }'
finds "a gap" 1 "FAULT: gap, time: 1 gaps, the longest 0.51 s" -- --log gap.csv "${runs[@]}"
spoil duplicate '$run == 4 && $t == 5 { $t = 4.99 }'
finds "a stamp twice" 1 "FAULT: equal stamps, time: 1 rows" -- --log duplicate.csv "${runs[@]}"
spoil order '$run == 4 && $t == 5 { held = $0; next } held { print; $0 = held; held = "" }'
finds "rows out of order" 1 "FAULT: late stamps, time: 1 rows" -- --log order.csv "${runs[@]}"
spoil rates '$run == 4 { $t *= 2 }'
finds "two rates" 1 "FAULT: rates differ, trajectory 4" -- --log rates.csv "${runs[@]}"
finds "no stamps" 1 "FAULT: no time" -- --log clean.csv --trajectory run "${positions[@]}" --target "$(list tau)"

# What a model would see of the motion.
{ cat clean.csv && awk -F, -v OFS=, 'NR > 1 { $1 += 8; print }' clean.csv; } >repeated.csv
finds "each trajectory driven twice" 1 "FAULT: leak" "on both sides of the split" -- --log repeated.csv "${runs[@]}"
spoil still '{ for (j = 1; j <= 7; ++j) { $(q + j) *= 0.01; $(qd + j) *= 0.01 } }'
finds "joints that hardly move" 1 "FAULT: coverage, all joints" -- --log still.csv "${runs[@]}"
spoil one '{ $(q + 2) *= 0.01; $(qd + 2) *= 0.01 }'
finds "one joint that hardly moves" 0 "warning: coverage, q(q2)" -- --log one.csv "${runs[@]}"
finds "a target that is an input" 1 "FAULT: leak, qd2" -- --log clean.csv --trajectory run --time t "${positions[@]}" \
    "${velocities[@]}" --target tau1,qd2,tau3,tau4,tau5,tau6,tau7

# No answer.
finds "a missing file" 2 "absent.csv" -- --log absent.csv "${runs[@]}"
finds "an unknown column" 2 "'q9'" "nearest" -- --log clean.csv --time t --position q9 --target tau1
finds "no columns" 2 "--position" "--target" -- --log clean.csv
finds "an unknown option" 2 "--colour" -- --log clean.csv "${runs[@]}" --colour
finds "an unknown data set" 2 "'kuka'" -- kuka

# The picture.
finds "a picture" 1 "wrote seen/log_doctor.txt" -- --log stuck.csv "${runs[@]}" --out seen
grep -q "FAULT: stuck, tau4" seen/log_doctor.txt || fail "a picture: expected the findings in log_doctor.txt"
if command -v gnuplot >/dev/null; then
    grep -q "trajectory 3" seen/log_doctor.svg || fail "a picture: expected the stuck trajectory in log_doctor.svg"
fi
DOCTOR_PATH=$work/nothing finds "no gnuplot" 0 "no picture" "install gnuplot" "wrote blind/log_doctor.txt" -- \
    --log clean.csv "${runs[@]}" --out blind
[[ -s blind/log_doctor.txt && ! -e blind/log_doctor.svg ]] || fail "no gnuplot: expected the text and no picture"
echo "not a folder" >file
finds "a picture below a file" 2 "file" -- --log clean.csv "${runs[@]}" --out file/seen

# Recordings of real robots, where they are.
data=${IDM_DATA_DIR:-$root/../shared/data}
export IDM_DATA_DIR=$data
recording() { [[ -e $data/$1 ]] || { echo "skipped: no $1 in $data" && return 1; }; }
recording kuka_kr300 && finds "kuka_kr300" 0 "note: repeated" "36 pairs" -- kuka_kr300
recording ias_sarcos && finds "ias_sarcos" 0 "warning: torque sign, tau7" -- ias_sarcos && alone "ias_sarcos" "extrapolation torque sign"
recording ias_barrett && finds "ias_barrett" 0 -- ias_barrett && alone "ias_barrett" ""
# 14 arm joints: columns 2 to 15 the positions, 28 to 41 the commands.
recording unitree_g1 && finds "unitree_g1" 0 "commands run 4." "median of 14" -- \
    --log "$data/unitree_g1/episodes.npy" --trajectory 0 --time 1 --target-unit rad \
    --position "$(seq -s, 2 15)" --target "$(seq -s, 28 41)" && alone "unitree_g1" ""

echo "log_doctor: $cases cases, $failures failures"
((failures == 0))
