#!/usr/bin/env bash
# The README's first C++ block is examples/01_quickstart.cpp, word for word. Every other ```cpp block of README.md and docs/
# compiles without a warning as the body of a function behind idm.hpp. One with remarks `// prints TEXT` is run too, and prints
# just these texts, a line each.
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
# All of them in one program, which takes the library's headers in once; compilers name a block's place by document and line.
source=$work/snippets.cpp calls="" count=0
echo '#include <idm/idm.hpp>' >"$source"
for block in "$work"/*.block; do
    name=$(basename "$block" .block)
    [[ $name == README.md-* ]] && cmp -s "$block" examples/01_quickstart.cpp && continue
    count=$((count + 1))
    printf 'void snippet_%d() {\n#line 1 "%s"\n%s\n}\n' "$count" "$name" "$(cat "$block")" >>"$source"
    if grep -q '// prints ' "$block"; then
        calls+="std::puts(\"of $name\"); snippet_$count();"
        { echo "of $name" && sed -nE 's,.*// prints (.*)$,\1,p' "$block"; } >>"$work/stated"
    fi
done
echo "int main() { $calls }" >>"$source"
includes=(-Iinclude)
for folder in /usr/include/eigen3 /usr/local/include/eigen3; do [[ -d $folder ]] && includes+=(-isystem "$folder"); done
options=(-std=c++20 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-unused-variable -Wno-unused-but-set-variable -Werror)
"${CXX:-g++}" "${options[@]}" "${includes[@]}" -O0 -ffp-contract=off -o "$work/snippets" "$source" ||
    { echo "check_readme: the snippets above (document-line:line) do not compile" >&2 && exit 1; }
"$work/snippets" >"$work/printed" || { echo "check_readme: a snippet ended the program; the last were:" >&2 && tail -n 3 "$work/printed" >&2 && exit 1; }
diff -u --label stated "$work/stated" --label printed "$work/printed" ||
    { echo "check_readme: snippets do not print what they state" >&2 && exit 1; }
