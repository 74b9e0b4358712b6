#!/usr/bin/env bash
set -euo pipefail

usage() {
    cat <<'END'
Usage: tests/package/run.sh

Makes the Debian package, checks its fields and files, unpacks it into a temporary root and builds the find_package and
the pkg-config consumer against it. CXX chooses the compiler.
END
}

case ${1:-} in
    "") ;;
    -h | --help) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
esac

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export CXX=${CXX:-c++}

fail() {
    echo "package: $1" >&2
    exit 1
}

# expect WHAT EXPECTED FOUND
expect() { [[ $3 == "$2" ]] || fail "$1: expected '$2', found '$3'"; }

part() { sed -n "s/^#define IDM_VERSION_$1 //p" "$root/include/idm/version.hpp"; }
version="$(part MAJOR).$(part MINOR).$(part PATCH)"
expect "version in package.xml" "$version" "$(sed -n 's|.*<version>\(.*\)</version>.*|\1|p' "$root/package.xml")"
expect "build type in package.xml" cmake "$(sed -n 's|.*<build_type>\(.*\)</build_type>.*|\1|p' "$root/package.xml")"

if ! command -v dpkg-deb >/dev/null; then
    echo "skipped: no dpkg-deb on this machine"
    exit 77
fi

(cmake -S "$root" -B "$work/build" -DIDM_BUILD_TESTS=OFF -DIDM_BUILD_EXAMPLES=OFF -DIDM_BUILD_BENCHMARKS=OFF &&
    cd "$work/build" && cpack -G DEB) >"$work/log" 2>&1 || { cat "$work/log" && fail "cpack makes no package"; }
deb="$work/build/libidm-dev_${version}_all.deb"
[[ -f $deb ]] || fail "expected $(basename "$deb"), found $(cd "$work/build" && echo *.deb)"

echo "--- fields and files"
field() { dpkg-deb -f "$deb" "$1"; }
expect Package libidm-dev "$(field Package)"
expect Version "$version" "$(field Version)"
expect Architecture all "$(field Architecture)"
expect Section libdevel "$(field Section)"
expect Depends "libeigen3-dev (>= 3.4), libxsimd-dev (>= 8.1)" "$(field Depends)"
dpkg-deb -c "$deb" >"$work/files"
# Owned by root, under /usr, written by nobody else, folders open to all.
others=$(grep -vE '^(drwxr-xr-x|-rw-r--r--) root/root .* \./(usr/.*)?$' "$work/files" || true)
[[ -z $others ]] || fail "files of other owners, modes or places: $others"
dpkg-deb -x "$deb" "$work/root"
(cd "$root/include" && find idm -type f | sort) >"$work/expected"
(cd "$work/root/usr/include" && find . -type f | sed 's|^\./||' | sort) >"$work/found"
diff "$work/expected" "$work/found" || fail "the package's headers are not those of include/"
[[ -s $work/root/usr/share/doc/libidm-dev/copyright ]] || fail "no copyright file"
if grep -rlF -e "$root" -e "$work" "$work/root"; then fail "the files above name a folder of this machine"; fi

# idm::native is there for its -march; nothing else may pass machine or warning flags on.
targets="$work/root/usr/share/cmake/idm/idm-targets.cmake"
flags=$(sed '/set_target_properties(idm::native/,/^)/d' "$targets" "$work/root/usr/share/pkgconfig/idm.pc" |
    grep -oE -- '(^|[ ";])-(m|W|f)[^ ";]*' || true)
[[ -z $flags ]] || fail "exported flags: $flags"

echo "--- find_package and pkg-config"
cmake -S "$root/tests/consumer/find_package" -B "$work/consumer" -DCMAKE_PREFIX_PATH="$work/root/usr" >"$work/log" 2>&1 &&
    cmake --build "$work/consumer" >>"$work/log" 2>&1 || { cat "$work/log" && fail "the consumer does not build"; }
expect "idm_DIR" "$work/root/usr/share/cmake/idm" "$(sed -n 's/^idm_DIR:PATH=//p' "$work/consumer/CMakeCache.txt")"
"$work/consumer/consumer"
if command -v pkg-config >/dev/null; then
    options=$(PKG_CONFIG_PATH="$work/root/usr/share/pkgconfig" pkg-config --cflags "idm = $version")
    # shellcheck disable=SC2086  # several options
    "$CXX" -std=c++20 -O2 $options "$root/tests/consumer/main.cpp" -o "$work/pkg" && "$work/pkg"
else
    echo "skipped: no pkg-config on this machine"
fi
