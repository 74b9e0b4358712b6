#!/usr/bin/env bash
# The main job: installs what is missing, builds the demo for this machine, and runs it with the arguments given here.
#
#   examples/demo.sh                    the simulated arm
#   examples/demo.sh kuka_kr300         a recording (also ias_sarcos, ias_barrett, unitree_g1)
#   examples/demo.sh --help             without a build: your own log, windows, epochs, ...
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# Help costs no build; a test compares this text with what the program prints.
for argument in "$@"; do
    if [[ $argument == -h || $argument == --help ]]; then
        exec cat "$here/demo_help.txt"
    fi
done

source "$here/build_and_run.sh"
build_and_run demo "$@"
