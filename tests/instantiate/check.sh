#!/usr/bin/env bash
# Every public template of include/idm stands in a file of this folder: one line for each that does not.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../include/idm"

# Names of the templates outside of namespace detail. Kernels are those of kernels/select.hpp, whatever it selects.
public_templates() {
    awk '
        /^namespace .*detail/ { hidden = 1 }
        /^}  \/\/ namespace .*detail/ { hidden = 0 }
        /^template/ && !hidden { text = ""; open = 1 }
        open { text = text " " $0 }
        open && /[{;]/ {
            open = 0
            sub(/^ *template */, "", text)
            depth = 0
            for (i = 1; i <= length(text); ++i) {
                c = substr(text, i, 1)
                if (c == "<") ++depth
                if (c == ">" && --depth == 0) break
            }
            text = substr(text, i + 1)
            sub(/^ +/, "", text)
            if (match(text, /^(class|struct|using|concept) +[A-Za-z0-9_]+/)) {
                split(substr(text, RSTART, RLENGTH), words, / +/)
                print words[2]
            } else if (match(text, /[A-Za-z0-9_]+\(/)) {
                print substr(text, RSTART, RLENGTH - 1)
            }
        }' "$@" | sort -u
}

mapfile -t headers < <(find . -name '*.hpp' ! -path './kernels/*' ! -name xsimd_compat.hpp; echo kernels/select.hpp)
names=$(public_templates "${headers[@]}")
status=0
for name in $names; do
    if ! grep -qw -- "$name" ../../tests/instantiate/*.cpp; then
        echo "expected the public template '$name' in tests/instantiate" >&2
        status=1
    fi
done
exit $status
