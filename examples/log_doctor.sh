#!/usr/bin/env bash
# Tells before training what is wrong with a log: builds the log doctor, and runs it with the arguments given here.
#
#   examples/log_doctor.sh --log run.csv --position q1,q2 --velocity qd1,qd2 --target tau1,tau2 --time t --out examined
#   examples/log_doctor.sh kuka_kr300         a recording, as for demo.sh
#   examples/log_doctor.sh --help
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/build_and_run.sh"
build_and_run log_doctor "$@"
