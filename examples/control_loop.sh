#!/usr/bin/env bash
# A learned model in a 1 kHz control loop, against controllers without it, on a simulated arm that its data sheet describes
# with errors of 10 %. Prints the tracking errors and draws them.
#
#   examples/control_loop.sh                  about two minutes
#   examples/control_loop.sh --json FILE      the figures as JSON
#   examples/control_loop.sh --help
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/build_and_run.sh"
build_and_run control_loop "$@"
