#!/usr/bin/env bash
set -euo pipefail

usage() {
    cat <<'END'
Usage: tests/package/run.sh [--clean-root]

Makes the Debian package, checks its fields and files (by lintian too, where it is installed), unpacks it into a temporary
root and builds the find_package and the pkg-config consumer against it. CXX chooses the compiler.

  --clean-root  instead, installs the package with what it depends on in a new minimal system of this machine's release
                (debootstrap, from the mirror that apt uses; as root; some 250 MB to fetch) and builds the consumers there
END
}

clean_root=0
case ${1:-} in
    "") ;;
    --clean-root) clean_root=1 ;;
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
# Keys of rosdep, as REP-149 asks for: its rules know xsimd, not libxsimd-dev.
expect "dependencies in package.xml" "eigen xsimd" "$(sed -n 's|.*<depend>\(.*\)</depend>.*|\1|p' "$root/package.xml" | tr '\n' ' ' | sed 's/ $//')"
expect "build type in package.xml" cmake "$(sed -n 's|.*<build_type>\(.*\)</build_type>.*|\1|p' "$root/package.xml")"

skip() {
    echo "skipped: $1"
    exit 77
}

command -v dpkg-deb >/dev/null || skip "no dpkg-deb on this machine"
if ((clean_root)); then
    [[ $(id -u) -eq 0 ]] || skip "only root can make a clean root"
    command -v debootstrap >/dev/null || skip "no debootstrap on this machine: cmake/bootstrap.sh package"
    release=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
    mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' "Codename: $release" | head -n 1)
    [[ -n $mirror ]] || skip "apt knows no mirror of $release"
    (cd "$work" && /usr/lib/apt/apt-helper download-file "$mirror/dists/$release/Release" Release) >"$work/log" 2>&1 ||
        skip "apt's mirror of $release cannot be reached"
fi

(cmake -S "$root" -B "$work/build" -DIDM_BUILD_TESTS=OFF -DIDM_BUILD_EXAMPLES=OFF -DIDM_BUILD_BENCHMARKS=OFF &&
    cd "$work/build" && cpack -G DEB) >"$work/log" 2>&1 || { cat "$work/log" && fail "cpack makes no package"; }
deb="$work/build/libidm-dev_${version}_all.deb"
[[ -f $deb ]] || fail "expected $(basename "$deb"), found $(cd "$work/build" && echo *.deb)"

if ((clean_root)); then
    system="$work/system"
    # inside COMMAND...: in the new system, which has no name of this one's folders and variables.
    inside() { env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C DEBIAN_FRONTEND=noninteractive chroot "$system" "$@"; }
    step() { "$@" >"$work/log" 2>&1 || { tail -n 30 "$work/log" && fail "failed: $*"; }; }
    echo "--- a new $release"
    step debootstrap --variant=minbase "$release" "$system" "$mirror"
    echo "--- the package and what it depends on"
    cp "$deb" "$system/libidm-dev.deb"
    step inside apt-get install -y -q --no-install-recommends /libidm-dev.deb
    echo "--- a compiler, CMake and pkg-config"
    step inside apt-get install -y -q --no-install-recommends g++ make cmake pkg-config
    echo "--- find_package and pkg-config"
    cp -r "$root/tests/consumer" "$system/consumer"
    step inside cmake -S /consumer/find_package -B /build
    step inside cmake --build /build
    expect idm_DIR /usr/share/cmake/idm "$(sed -n 's/^idm_DIR:PATH=//p' "$system/build/CMakeCache.txt")"
    inside /build/consumer
    step inside sh -c 'g++ -std=c++20 -O2 $(pkg-config --cflags "idm = '"$version"'") /consumer/main.cpp -o /pkg'
    inside /pkg
    echo "--- removed again"
    step inside dpkg --remove libidm-dev
    left=$(cd "$system/usr" && find . -name idm -o -name idm.pc -o -name libidm-dev)
    [[ -z $left ]] || fail "left behind: $left"
    exit
fi

if command -v lintian >/dev/null; then
    echo "--- lintian"
    lintian --allow-root --fail-on error,warning "$deb"
fi

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
cmp "$root/package.xml" "$work/root/usr/share/idm/package.xml" || fail "no package.xml for ROS"
expect "last release in the changelog" "libidm-dev ($version) unstable; urgency=medium" \
    "$(gzip -dc "$work/root/usr/share/doc/libidm-dev/changelog.gz" | head -n 1)"
if grep -rlF -e "$root" -e "$work" "$work/root"; then fail "the files above name a folder of this machine"; fi

# idm::native is there for its machine flag; nothing else may pass machine or warning flags on.
targets="$work/root/usr/share/cmake/idm/idm-targets.cmake"
flags=$(grep -ohE -- '(^|[ ";])-(m|W|f)[^ ";]*' "$targets" "$work/root/usr/share/pkgconfig/idm.pc" || true)
[[ -z $flags ]] || fail "exported flags: $flags"

echo "--- idm::native"
mkdir "$work/native"
cat >"$work/native/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.22)
project(native LANGUAGES CXX)
find_package(idm REQUIRED)
get_target_property(options idm::native INTERFACE_COMPILE_OPTIONS)
file(WRITE "${CMAKE_BINARY_DIR}/options" "${options}")
END
# native OPTION [CMAKE_OPTION...]: idm::native must compile with that option alone.
native() {
    local expected=$1
    shift
    cmake -S "$work/native" -B "$work/native$expected" -DCMAKE_PREFIX_PATH="$work/root/usr" "$@" >"$work/log" 2>&1 ||
        { cat "$work/log" && fail "idm::native cannot be found"; }
    expect "options of idm::native" "$expected" "$(cat "$work/native$expected/options")"
}
# A package for all architectures: made on one, used on the other.
native -march=native -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=x86_64
native -mcpu=native -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=aarch64

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
