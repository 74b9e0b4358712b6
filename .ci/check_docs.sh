#!/usr/bin/env bash
# The Doxygen pages, without a warning, and a text for every public class: .ci/check_docs.sh [FOLDER] (default: build/docs), to be read from html/index.html.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
out=${1:-$root/build/docs}
mkdir -p "$out"
version=$(sed -nE 's/^#define IDM_VERSION_(MAJOR|MINOR|PATCH) ([0-9]+).*/\2/p' "$root/include/idm/version.hpp" | paste -sd.)
sed -e "s|@ROOT@|$root|g; s|@OUT@|$out|g; s|@VERSION@|$version|g" "$root/docs/doxygen/Doxyfile.in" >"$out/Doxyfile"
doxygen "$out/Doxyfile"
[[ -s $out/html/index.html ]] || { echo "check_docs: expected pages in $out/html" >&2 && exit 1; }
for folder in "$root"/include/idm/*/; do
    [[ $(basename "$folder") != compiled ]] || continue  # declares nothing of its own
    page="$out/html/group__$(basename "$folder").html"
    grep -qE 'class="memItemRight"|class="memname"' "$page" ||
        { echo "check_docs: the group $(basename "$folder") is empty; name it in docs/doxygen/groups.dox" >&2 && exit 1; }
done

mkdir -p "$out/undocumented"
{
    grep -vE '^(WARN_AS_ERROR|WARN_IF_UNDOCUMENTED|EXTRACT_ALL|OUTPUT_DIRECTORY)' "$out/Doxyfile"
    printf '%s\n' WARN_IF_UNDOCUMENTED=YES EXTRACT_ALL=NO "OUTPUT_DIRECTORY=$out/undocumented"
} >"$out/Doxyfile.undocumented"
if doxygen "$out/Doxyfile.undocumented" 2>&1 | grep -E 'Compound .* is not documented'; then
    echo "check_docs: expected a /// text for each class above" >&2
    exit 1
fi
