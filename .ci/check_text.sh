#!/usr/bin/env bash
# The checkout speaks of itself alone: no left-over notes, no paths of one machine, no files that cannot be read.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
status=0

# Written in pieces, so that this file does not match itself.
words='\b(TO''DO|FIX''ME|XX''X|HA''CK|[Ss]tu''b(s|bed)?|ses''sions?|[Ii]ss''ues? +(#?[0-9]+|[A-H]))\b'
paths='(^|[^[:alnum:]_.:/$}>)-])/(wo''rk|ho''me|ro''ot|Us''ers|m''nt)/'
if git grep -nIE "$words" -- . ':!tests/parity/fixtures'; then
    echo "check_text: the words above do not belong into the project" >&2
    status=1
fi
if git grep -nIE "$paths" -- .; then
    echo "check_text: the paths above are those of one machine" >&2
    status=1
fi

# What builds and tests leave behind.
if git ls-files | grep -E '(^|/)(CMakeFiles|__pycache__)/|(^|/)CMakeCache\.txt$|\.(o|a|so|profraw|profdata|gcda|gcno)$'; then
    echo "check_text: the files above are made by builds, not written" >&2
    status=1
fi

# git takes a file for binary as a diff does. Pictures of the documentation and fixtures may be, up to 1 MB.
while IFS= read -r file; do
    case $file in
        docs/*.png | docs/*.svg | tests/*/fixtures/*) limit=1048576 ;;
        *) limit=0 ;;
    esac
    if (($(wc -c <"$file") > limit)); then
        echo "check_text: $file: a binary of more than $limit bytes" >&2
        status=1
    fi
done < <(comm -13 <(git grep -lI -e '' -- . | sort) <(git ls-files | sort))
exit $status
