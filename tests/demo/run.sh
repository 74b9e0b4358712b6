#!/usr/bin/env bash
# Tests the demo's command line: run.sh DEMO_PROGRAM REPLAY_PROGRAM. Logs that can't be used end in a message that says what was
# expected, what came, where and what to do, in a status other than 0 and in an untouched report; good ones in a report.
set -uo pipefail

demo=${1:?usage: tests/demo/run.sh DEMO_PROGRAM REPLAY_PROGRAM} replay=${2:?the program of tests/demo/replay.cpp}
folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$folder/logs.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

columns=(--position q1,q2 --target tau1,tau2 --degrees)
runs=("${columns[@]}" --trajectory run --time time_s)
files=(index.html metrics.json predictions.csv {baseline,cnn1,cnn2}.safetensors)
failures=0 cases=0

# brief ARGUMENTS...: what makes a demo with these arguments short, where they don't say.
brief() {
    [[ " $* " == *" --epochs "* ]] || echo --epochs 1
    [[ " $* " == *" --seeds "* ]] || echo --seeds 1
    [[ " $* " == *" --threads "* ]] || echo --threads 2
}

fail() {
    echo "FAILED: $1" >&2
    sed 's/^/    | /' output >&2
    failures=$((failures + 1))
}

# refuses NAME WORDS... -- ARGUMENTS...: the demo fails cleanly, its message holds all of the words, and the report in
# the folder `kept` stays as it was. OUT=FOLDER asks for the report elsewhere.
refuses() {
    local name=$1 out=${OUT:-kept} words=() kept
    shift
    while [[ $1 != -- ]]; do words+=("$1") && shift; done
    shift
    cases=$((cases + 1))
    rm -rf kept && mkdir kept
    for file in "${files[@]}"; do echo "an earlier report" >kept/$file; done
    kept=$(cksum kept/*)
    # shellcheck disable=SC2046
    "$demo" $(brief "$@") --out "$out" "$@" >output 2>&1 </dev/null
    local status=$?
    if ((status == 0 || status >= 128)); then fail "$name: expected a status from 1 to 127, got $status"; fi
    for word in "${words[@]}"; do
        grep -qF -- "$word" output || fail "$name: expected a message with \"$word\""
    done
    if grep -qE 'terminate called|what\(\)|bad_alloc' output; then fail "$name: an exception passed through"; fi
    if [[ $(cksum kept/*) != "$kept" ]]; then fail "$name: the earlier report was changed"; fi
}

# accepts NAME FOLDER ARGUMENTS...: the demo ends well and writes its report there.
accepts() {
    local name=$1 out=$2
    shift 2
    cases=$((cases + 1))
    # shellcheck disable=SC2046
    if ! "$demo" $(brief "$@") --out "$out" "$@" >output 2>&1 </dev/null; then
        fail "$name: expected success"
        return 1
    fi
    for file in "${files[@]}"; do
        [[ -s $out/$file ]] || fail "$name: expected $out/$file"
    done
    check_metrics "$name" "$out/metrics.json"
}

# says NAME WORDS: the last output holds the words.
says() { grep -qF -- "$2" output || fail "$1: expected to read \"$2\""; }

check_metrics() {
    if command -v python3 >/dev/null; then
        python3 "$folder/check_metrics.py" "$2" >>output 2>&1 || fail "$1: metrics.json is not as agreed"
        return
    fi
    for key in models name seed parameters window ahead epochs train_seconds before after validation test nmse_mean nmse \
        nmse_all_rows_mean rmse r2; do
        grep -q "\"$key\"" "$2" || fail "$1: metrics.json has no key $key"
    done
    for name in baseline cnn1 cnn2; do
        grep -q "\"name\": *\"$name\"" "$2" || fail "$1: metrics.json has no model $name"
    done
}

csv 0 3 120 >good.csv

# Help, from the program and from demo.sh, which must not build for it.
cases=$((cases + 1))
option_words() { grep -oE -- '-(-[a-z]+)+' | sort -u; }
"$demo" --help >output && option_words <output >help
[[ $(wc -l <help) -ge 20 ]] || fail "--help: expected at least 20 options"
PATH=/usr/bin:/bin "$folder/../../examples/demo.sh" kuka_kr300 --help >output 2>&1 || fail "demo.sh --help: expected success"
option_words <output | cmp -s - help ||
    fail "demo.sh --help: expected the program's options; write its help to examples/demo_help.txt"
grep -q "building" output && fail "demo.sh --help: expected no build"

# What can't be read.
refuses "missing file" "absent.csv" -- --log absent.csv "${runs[@]}"
refuses "missing file among good ones" "absent.csv" -- --log good.csv absent.csv "${runs[@]}"
: >empty.csv
refuses "empty file" "empty.csv" "an empty file" -- --log empty.csv "${runs[@]}"
head -n 1 good.csv >header.csv
refuses "header only" "header.csv" "a header only" -- --log header.csv "${runs[@]}"
mkdir nothing
refuses "folder without logs" "nothing" ".csv" ".npy" -- --log nothing "${runs[@]}"
cp good.csv foreign.npy
refuses "foreign file named .npy" "foreign.npy" "NPY" -- --log foreign.npy "${runs[@]}"
{ npy_header '>f4' 480 5 && table 0 3 120 | cut -d ' ' -f 1,3- | little_endian_floats; } >big.npy
refuses "big-endian NPY" "big.npy" ">f4" "<f4" -- --log big.npy --position 1,2 --target 3,4 --trajectory 0 --rate 100
npy 0 3 120 | head -c 5000 >short.npy
refuses "truncated NPY" "short.npy" "truncated" -- --log short.npy --position 1,2 --target 3,4 --trajectory 0 --rate 100

# Columns and fields.
refuses "unknown column" "'tau1_Nm'" "nearest" "'tau1'" -- \
    --log good.csv --position q1,q2 --target tau1_Nm,tau2 --trajectory run --time time_s
refuses "a column twice" "'q1' is named twice for the positions" -- \
    --log good.csv --position q1,q1 --target tau1,tau2 --trajectory run --time time_s
refuses "unknown trajectory column" "'rum'" "'run'" -- --log good.csv "${columns[@]}" --trajectory rum --time time_s
refuses "column number out of range" "number from 0 to 5" "got 6" -- \
    --log good.csv --position 2,3 --target 4,6 --trajectory 0 --time 1
sed '7s/,[^,]*$//' good.csv >few.csv
refuses "too few fields" "few.csv' line 7" "expected 6 fields" "got 5" -- --log few.csv "${runs[@]}"
awk -F, -v OFS=, 'NR == 9 { $4 = "off" } 1' good.csv >text.csv
refuses "text in a number column" "text.csv' line 9" "'q2'" "expected a number" "got 'off'" -- --log text.csv "${runs[@]}"
awk -F, -v OFS=, 'NR == 5 { $5 = "nan" } 1' good.csv >nan.csv
refuses "NaN" "nan.csv' line 5" "'tau1'" "finite" "(--drop)" -- --log nan.csv "${runs[@]}"
awk -F, -v OFS=, 'NR == 5 { $3 = "inf" } 1' good.csv >inf.csv
refuses "Inf" "inf.csv' line 5" "'q1'" "finite" -- --log inf.csv "${runs[@]}"
awk -F, -v OFS=, 'NR > 1 { $6 = 2.5 } 1' good.csv >constant.csv
refuses "constant output column" "'tau2'" "constant" "2.5" "leave it out" -- --log constant.csv "${runs[@]}"
{ cat good.csv && sed 1d good.csv; } >again.csv
head -c -4 good.csv >cut.csv
refuses "a file cut off in its last number" "cut.csv' line 481" "cut off" "newline" -- --log cut.csv "${runs[@]}"
refuses "a trajectory twice" "again.csv' line 482" "'0'" "second time" -- --log again.csv "${runs[@]}"
sed '1s/q2/q3/' good.csv >other.csv
refuses "files with other columns" "no column of 'other.csv' is named 'q2'" -- --log good.csv other.csv "${runs[@]}"

# Trajectories and time.
csv 0 3 4 >brief.csv
refuses "trajectories shorter than the filter" "'0' has 4 rows" "at least 5" -- --log brief.csv "${runs[@]}"
csv 0 3 79 >unscored.csv
refuses "trajectories too short to score" "at least 80 rows" -- --log unscored.csv "${runs[@]}"
csv 0 1 120 >two.csv
# Two of ten are for the test; at least two short ones are not.
{ csv 0 5 120 && table 6 9 31 | tr ' ' ','; } >mixed.csv
refuses "some trajectories shorter than the window" "has 31 rows, expected at least 32" "window 32" -- \
    --log mixed.csv "${runs[@]}"
if grep -q "epoch" output; then fail "a short trajectory: expected to hear of it before any training"; fi
refuses "no test trajectory" "block" "gap" "longer blocks" -- --log two.csv "${runs[@]}"
awk -F, -v OFS=, 'NR == 30 { $2 = 0.1 } 1' good.csv >back.csv
refuses "time that runs backwards" "back.csv' line 30" "expected time to rise" -- --log back.csv "${runs[@]}"
awk -F, -v OFS=, 'NR == 40 { $2 += 0.003 } 1' good.csv >jitter.csv
refuses "jitter above 20 %" "jitter.csv' line 40" "30 % off" "at most 20 %" "(--resample HZ)" -- --log jitter.csv "${runs[@]}"
refuses "no time at all" "time column" "by --rate" -- --log good.csv "${columns[@]}" --trajectory run
refuses "time and rate" "got both" -- --log good.csv "${runs[@]}" --rate 100

# Options.
refuses "unknown data set" "'kuka'" "kuka_kr300" "ias_sarcos" "ias_barrett" -- kuka
for name in kuka_kr300 ias_sarcos ias_barrett; do
    IDM_DATA_DIR=/nonexistent refuses "absent recordings $name" "/nonexistent/$name" "come from" "IDM_DATA_DIR" -- $name
done
refuses "no columns" "--position" "--target" -- --log good.csv
refuses "a log and a data set" "got both" "'kuka_kr300'" "'good.csv'" -- kuka_kr300 --log good.csv "${runs[@]}"
refuses "columns without a log" "--position" "--log" -- --position q1,q2
refuses "unknown option" "--epoch" -- --log good.csv "${runs[@]}" --epoch 3
for bad in "--epochs 0" "--epochs x" "--epochs 1.5" "--epochs 99999999999999999999" "--batch 0" "--seeds 0" "--window -1" \
    "--ahead -1" "--threads -1" "--threads 100000" "--rate -5" "--rate x" "--learning-rate 0" "--learning-rate nan" "--learning-rate x" "--clip -1" "--accumulate 0" "--ema 1" "--ema -0.1" \
    "--patience 0" "--resample 0" "--resample -5"; do
    # shellcheck disable=SC2086
    refuses "$bad" "${bad%% *}" -- --log good.csv "${columns[@]}" --trajectory run $bad
done
refuses "unknown loss" "--loss" "hubber" "absolute" "huber" "log_cosh" "squared" -- --log good.csv "${runs[@]}" --loss hubber
refuses "unknown optimiser" "--optimiser" "adam" "lion" "sgd" -- --log good.csv "${runs[@]}" --optimiser rmsprop
refuses "unknown schedule" "--schedule" "constant" "cosine" "one_cycle" "plateau" "step" -- \
    --log good.csv "${runs[@]}" --schedule fast
refuses "unknown interpolation" "--interpolation" "cubic" "linear" -- \
    --log good.csv "${runs[@]}" --resample 50 --interpolation nearest
refuses "interpolation without a rate" "--interpolation" "--resample" -- --log good.csv "${runs[@]}" --interpolation linear
refuses "window shorter than Cnn1 needs" "--window" "range 7 to 64" -- --log good.csv "${runs[@]}" --window 5
refuses "window longer than what scored rows have before them" "--window" "range 7 to 64" -- --log good.csv "${runs[@]}" --window 500
echo "not a folder" >file
OUT=file/report refuses "report below a file" "file" "--out" -- --log good.csv "${runs[@]}"
refuses "second metrics.json below a file" "file" "--json" -- --log good.csv "${runs[@]}" --json file/metrics.json
refuses "second metrics.json in the place of a folder" "nothing" "--json" -- --log good.csv "${runs[@]}" --json nothing

# Good logs.
accepts "trajectory column" one --log good.csv "${runs[@]}" --json new/second.json && {
    says "trajectory column" "100 Hz"
    cmp -s one/metrics.json new/second.json || fail "--json: expected a copy of metrics.json"
    says "weights" "weights: $PWD/one/cnn2.safetensors"
    grep -q 'baseline.safetensors, cnn1.safetensors (seed 1), cnn2.safetensors (seed 1)' one/index.html ||
        fail "weights: expected the report to name the files"
    # A header and each row of one test trajectory.
    [[ $(wc -l <one/predictions.csv) == 121 ]] || fail "predictions.csv: expected 121 lines"
}
# Three seeds: of Cnn1 and Cnn2 the file must hold the better one on validation data.
accepts "weights of three seeds" two --log good.csv "${runs[@]}" --seeds 3 --window 8 --ahead 1 &&
    { "$replay" two good.csv run time_s >output 2>&1 || fail "weights: expected the report's figures from the files alone"; }
echo "an earlier report" >one/index.html
accepts "report written over an earlier one" one --log good.csv "${runs[@]}" --json new/second.json --batch 1000000
grep -q "earlier" one/index.html && fail "an earlier report: expected index.html to be written over"
mkdir runs
for k in 0 1 2; do csv $k $k 100 | cut -d , -f 3- >"runs/$k, first.csv"; done
accepts "several files, commas in their names" several --log "runs/0, first.csv" "runs/1, first.csv" "runs/2, first.csv" \
    "${columns[@]}" --rate 100
accepts "a folder" several --log runs "${columns[@]}" --rate 100 --ahead 2 --window 8
npy 0 2 100 >good.npy
accepts "NPY with column numbers" numbers --log good.npy --position 1,2 --target 3,4 --trajectory 0 --rate 100 --degrees
refuses "NaN in a log with --drop elsewhere" "line 5" -- --log nan.csv "${runs[@]}"
accepts "NaN with --drop" dropped --log nan.csv "${runs[@]}" --drop
awk -F, -v OFS=, 'NR > 1 { $4 = 30 } 1' good.csv >still.csv
accepts "constant input column" still --log still.csv "${runs[@]}" && says "constant input column" "q(q2)"
awk -F, -v OFS=, '{ print $0, NR == 1 ? "mode" : NR % 2 ? "auto" : "" }' good.csv >mode.csv
accepts "text in a column that is not used" one --log mode.csv "${runs[@]}"
csv 0 0 800 >long.csv
accepts "one long run, cut into blocks" blocks --log long.csv "${columns[@]}" --time time_s --causal-filters
sed 's/,/;/g; s/\./,/g' good.csv >semicolon.csv
accepts "semicolons and decimal commas" one --log semicolon.csv "${runs[@]}"


# Learning by choice: each option alone changes what the networks learn, and the report says so.
learned() { grep nmse "$1/metrics.json"; }
accepts "three epochs" learn --log good.csv "${runs[@]}" --epochs 3 && learned learn >usual
for option in "--loss absolute" "--loss huber" "--loss log_cosh" "--optimiser sgd" "--optimiser lion" "--learning-rate 0.01" \
    "--schedule constant" "--schedule cosine" "--schedule step" "--clip 0.01" "--ema 0.5" "--accumulate 2"; do
    # shellcheck disable=SC2086
    accepts "$option" learn --log good.csv "${runs[@]}" --epochs 3 $option && says "$option" "Learning     $option"
    learned learn | cmp -s - usual && fail "$option: expected other figures than without"
done
accepts "the defaults by name" learn --log good.csv "${runs[@]}" --epochs 3 \
    --loss squared --optimiser adam --learning-rate 0.002 --schedule one_cycle --clip 0 --ema 0
learned learn | cmp -s - usual || fail "the defaults by name: expected the figures of no options"
grep -q -- '--loss squared --optimiser adam' learn/index.html || fail "learning options: expected them in the report"
# A rate that raises the validation loss again, and enough epochs to see it.
accepts "patience" learn --log good.csv "${runs[@]}" --epochs 40 --learning-rate 0.05 --patience 1
epochs=$(grep -o '"epochs": *[0-9]*' learn/metrics.json | grep -o '[0-9]*$' | tr '\n' ' ')
[[ $epochs == "0 "* && " $epochs" != *" 40 "* ]] || fail "patience: expected trainings of less than 40 epochs, got $epochs"

# Chunks: each row predicts its own action and the next two, scored together and step by step.
cases=$((cases + 1))
# shellcheck disable=SC2046
"$demo" $(brief) --log good.csv "${runs[@]}" --horizon 3 --target-quantity action --out chunk >output 2>&1 </dev/null ||
    fail "--horizon: expected success"
says "--horizon" "step +2"
grep -q 'tau2@+2' chunk/metrics.json || fail "--horizon: expected the last step's targets in metrics.json"
grep -qi torque chunk/index.html && fail "--target-quantity: expected a report that speaks of actions"
refuses "a horizon behind the scored rows" "--horizon" -- --log good.csv "${runs[@]}" --horizon 18

# Uneven stamps.
accepts "jitter with --resample" jitter --log jitter.csv "${runs[@]}" --resample 125 && says "--resample" "125 Hz"
learned jitter >usual
accepts "linear interpolation" jitter --log jitter.csv "${runs[@]}" --resample 125 --interpolation linear
learned jitter | cmp -s - usual && fail "linear interpolation: expected other figures than by cubic"

# Ctrl-C: the training finishes its step and saves; --resume ends in the report of a run that nobody stopped.
figures() { grep -v seconds "$1/metrics.json"; }
long=(--log long.csv "${columns[@]}" --time time_s --epochs 150 --seeds 1 --threads 2)
accepts "a run that nobody stops" whole "${long[@]}"
cases=$((cases + 1))
mkdir stopped
for file in "${files[@]}"; do echo "an earlier report" >"stopped/$file"; done
mkdir stopped/checkpoints && echo "a user's own" >stopped/checkpoints/mine
"$demo" "${long[@]}" --out stopped >output 2>&1 </dev/null &
until [[ -d stopped/idm_checkpoints ]] || ! kill -0 $! 2>/dev/null; do sleep 0.05; done
sleep 0.3
kill -INT $!
wait $!
status=$?
((status == 130)) || fail "Ctrl-C: expected status 130, got $status"
says "Ctrl-C" "$demo --log long.csv" "--out stopped --resume"
[[ $(cat stopped/index.html) == "an earlier report" ]] || fail "Ctrl-C: the earlier report was changed"
OUT=stopped refuses "resume with another loss" "loss.kind: expected 'huber' as now" "has 'squared'" -- "${long[@]}" --loss huber --resume
OUT=stopped refuses "resume with other settings" "another" -- "${long[@]}" --ema 0.5 --resume
cases=$((cases + 1))
"$demo" "${long[@]}" --out stopped --resume >output 2>&1 </dev/null || fail "--resume: expected success"
[[ $(figures stopped) == "$(figures whole)" ]] || fail "--resume: expected the report of a run that nobody stopped"
[[ ! -e stopped/idm_checkpoints ]] || fail "--resume: expected no checkpoints behind a finished run"
[[ -s stopped/checkpoints/mine ]] || fail "--out: expected a folder 'checkpoints' of the user's to stay"
refuses "nothing to resume" "no interrupted run in" -- "${long[@]}" --resume

echo "demo: $cases cases, $failures failures"
((failures == 0))
