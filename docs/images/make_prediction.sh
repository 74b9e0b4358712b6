#!/usr/bin/env bash
# Draws docs/images/prediction.svg from a report: one test trajectory, two joints, measured against predicted.
#
#   ./examples/demo.sh && docs/images/make_prediction.sh report/predictions.csv
set -euo pipefail
csv=$(realpath "${1:?usage: docs/images/make_prediction.sh predictions.csv}")
cd "$(dirname "${BASH_SOURCE[0]}")"

# A third of the samples is enough for the eye; columns by name, of the first trajectory in the file.
points=$(mktemp)
trap 'rm -f "$points"' EXIT
awk -F, '
    NR == 1 {
        for (i = 1; i <= NF; i++) column[$i] = i
        n = split("tau1_measured tau1_baseline tau1_cnn2 tau3_measured tau3_baseline tau3_cnn2", wanted, " ")
        for (i = 1; i <= n; i++) if (!(wanted[i] in column)) { print "expected a column " wanted[i] > "/dev/stderr"; exit 1 }
        next
    }
    first == "" { first = $1 }
    $1 == first && NR % 3 == 0 {
        line = $2
        for (i = 1; i <= n; i++) line = line " " $(column[wanted[i]])
        print line
    }' "$csv" >"$points"

gnuplot <<END
set terminal svg size 900,330 font "sans-serif,13" background rgb "white"
set output "prediction.svg"
set multiplot layout 1,2
set border 3 lc rgb "#888888"
set tics nomirror
set grid lc rgb "#e4e4e4"
set xlabel "time (s)"
set key above horizontal
set style line 1 lw 5 lc rgb "#aaaaaa"
set style line 2 lw 1.5 lc rgb "#c58a2b"
set style line 3 lw 1.5 lc rgb "#0b8a68"
set ylabel "torque (N m)"
set title "joint 1"
plot "$points" using 1:2 with lines ls 1 title "measured", "" using 1:3 with lines ls 2 title "Baseline", "" using 1:4 with lines ls 3 title "Cnn2"
set title "joint 3"
plot "$points" using 1:5 with lines ls 1 title "measured", "" using 1:6 with lines ls 2 title "Baseline", "" using 1:7 with lines ls 3 title "Cnn2"
unset multiplot
END
