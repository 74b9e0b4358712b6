#!/usr/bin/env bash
# The first C++ block of the README is examples/01_quickstart.cpp, word for word.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
for file in README.md examples/01_quickstart.cpp; do
    [[ -f $file ]] || { echo "check_readme: expected $file" >&2 && exit 1; }
done
awk '/^```cpp$/ {if (!done) {inside = 1; next}} /^```$/ {if (inside) done = 1; inside = 0} inside' README.md |
    diff --label README.md --label examples/01_quickstart.cpp -u - examples/01_quickstart.cpp ||
    { echo "check_readme: the README's program and the example differ" >&2 && exit 1; }
