#!/usr/bin/env bash
# Prints how many compile jobs this machine carries: one per core, but 3 GB of free memory each.
set -euo pipefail
jobs=$(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN)
if [[ -r /proc/meminfo ]]; then
    fit=$(awk '/^MemAvailable:/ {print int($2 / 3145728)}' /proc/meminfo)
    ((fit < jobs)) && jobs=$fit
fi
((jobs < 1)) && jobs=1
echo "$jobs"
