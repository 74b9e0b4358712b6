#!/usr/bin/env bash
# The README's first C++ block is examples/01_quickstart.cpp, word for word. Every other ```cpp block of README.md and docs/
# compiles without a warning: one with `int main` as it is, any other as the body of main, behind its #include lines and
# that of idm.hpp. If remarks `// prints TEXT` stand in it, it is run, and prints just these texts, a line each.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
for file in README.md examples/01_quickstart.cpp; do
    [[ -f $file ]] || { echo "check_readme: expected $file" >&2 && exit 1; }
done
awk '/^```cpp$/ {if (!done) {inside = 1; next}} /^```$/ {if (inside) done = 1; inside = 0} inside' README.md |
    diff --label README.md --label examples/01_quickstart.cpp -u - examples/01_quickstart.cpp ||
    { echo "check_readme: the README's program and the example differ" >&2 && exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# One file for each block, named by its document and line.
awk -v folder="$work" '
    /^```cpp$/ { name = FILENAME; gsub(/\//, "-", name); out = folder "/" name "-" FNR ".block"; next }
    /^```$/ { if (out != "") close(out); out = "" }
    out != "" { print > out }' README.md docs/*.md
includes=(-Iinclude)
for folder in /usr/include/eigen3 /usr/local/include/eigen3; do [[ -d $folder ]] && includes+=(-isystem "$folder"); done
status=0 count=0
for block in "$work"/*.block; do
    name=$(basename "$block" .block) source=${block%.block}.cpp program=${block%.block}
    [[ $name == README.md-* ]] && cmp -s "$block" examples/01_quickstart.cpp && continue
    count=$((count + 1))
    if grep -q 'int main' "$block"; then
        cp "$block" "$source"
    else
        {
            echo '#include <idm/idm.hpp>'
            grep '^#include' "$block" || true
            printf 'int main() {\n#line 1 "%s"\n' "$name"
            sed 's/^#include.*//' "$block"
            echo '}'
        } >"$source"
    fi
    options=(-std=c++20 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-unused-variable -Wno-unused-but-set-variable -Werror)
    if ! grep -q '// prints ' "$block"; then
        "${CXX:-g++}" "${options[@]}" "${includes[@]}" -fsyntax-only "$source" || status=1
        continue
    fi
    if "${CXX:-g++}" "${options[@]}" "${includes[@]}" -O1 -ffp-contract=off -o "$program" "$source"; then
        diff -u --label "$name, stated" --label printed <(sed -nE 's,.*// prints (.*)$,\1,p' "$block") <("$program") || status=1
    else
        status=1
    fi
done
((status == 0)) || echo "check_readme: the snippets above (document-line) do not compile, or print something else" >&2
echo "check_readme: $count snippets"
exit $status
