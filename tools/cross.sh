#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds and tests multisock as other machines; see docs/porting.md.
#
#     sh tools/cross.sh arm64      64-bit ARM
#     sh tools/cross.sh armhf      32-bit ARM
#     sh tools/cross.sh s390x      big-endian
#     sh tools/cross.sh cortex-m   core/ and codec/ for a controller: compiled
#                                  and measured, not run
#     sh tools/cross.sh all        all of these, one after another
#
# Installs Debian's cross compilers and QEMU if they are missing. Libraries of
# the other machine are not installed: they are unpacked below build/cross/,
# with a package manager's state of its own. There everything is kept; remove
# build/cross to begin anew. JOBS is the number of jobs at once [2].
set -eu

cd "$(dirname "$0")/.."
self=$PWD/tools/cross.sh
root=$PWD/build/cross
jobs=${JOBS:-2}
machine=${1:-}
here=$root/$machine

# What the machine's library folder has to hold. Not Criterion, which Debian
# has for few machines: tests/support/criterion_shim stands in for it.
libraries="libc6-dev libstdc++6 libuv1-dev libsodium-dev libcjson-dev
    uthash-dev libsqlite3-dev libncurses-dev"

usage()
{
    echo "usage: sh tools/cross.sh arm64|armhf|s390x|cortex-m|all" >&2
    exit 2
}

# result TEXT: what the table at the end says about this machine.
result()
{
    echo "$machine: $*" >"$here/result"
}

fail()
{
    echo "cross.sh: $machine: $*" >&2
    result "$*"
    exit 1
}

# lacks COMMAND...: whether none of the commands is there.
lacks()
{
    for command; do
        if command -v "$command" >/dev/null 2>&1; then
            return 1
        fi
    done
    return 0
}

# install PACKAGE...: on this machine, as root.
install()
{
    command -v apt-get >/dev/null 2>&1 ||
        fail "no apt here; install what Debian calls: $*"
    if [ "$(id -u)" -eq 0 ]; then
        as_root=
    elif command -v sudo >/dev/null 2>&1; then
        as_root=sudo
    else
        fail "not root and no sudo; install as root: $*"
    fi
    echo "cross.sh: installing $*" >&2
    $as_root apt-get update >&2
    for package; do
        apt-cache show "$package" >/dev/null 2>&1 ||
            fail "Debian lacks $package here"
    done
    $as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends "$@" >&2
}

# -- Libraries of another machine --

# An apt that knows nothing of this machine's packages, below build/cross; it
# trusts the same sources and keys.
write_apt_conf()
{
    mkdir -p "$here/apt/lists/partial" "$here/apt/archives/partial"
    : >"$here/apt/status"
    cat >"$here/apt/conf" <<EOF
APT::Architecture "$machine";
APT::Architectures { "$machine"; };
APT::Install-Recommends "false";
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Retries "3";
Dir::State "$here/apt";
Dir::State::status "$here/apt/status";
Dir::Cache "$here/apt";
Dir::Log "$here/apt";
EOF
}

# Unpacks the libraries and all they need into build/cross/MACHINE/sysroot.
# The stamp names them, so that a longer list is fetched and not overlooked.
fetch_sysroot()
{
    if [ "$(cat "$here/sysroot.stamp" 2>/dev/null)" = "$libraries" ]; then
        return
    fi
    write_apt_conf
    export APT_CONFIG="$here/apt/conf"
    # A mirror may be behind with one of several lists: the others will do, if
    # every library is in them.
    apt-get update >&2 || echo "cross.sh: some lists are missing" >&2
    for library in $libraries; do
        apt-cache show "$library" >/dev/null 2>&1 ||
            fail "Debian lacks $library for $machine"
    done
    # The names are words of ours.
    # shellcheck disable=SC2086
    apt-get install -y --download-only $libraries >&2 ||
        fail "libraries could not be fetched: see above"
    unset APT_CONFIG
    rm -rf "$here/sysroot"
    mkdir -p "$here/sysroot"
    for package in "$here"/apt/archives/*.deb; do
        dpkg-deb --extract "$package" "$here/sysroot"
    done
    echo "$libraries" >"$here/sysroot.stamp"
}

# -- Machines with Linux --

# count FIELD: the sum of a field over the test programs' lines of totals.
count()
{
    sed -n "s/.*\[====\].* $1: \([0-9]*\).*/\1/p" "$here/tests.log" |
        awk '{ sum += $1 } END { print sum + 0 }'
}

# Tests that are programs of the machine; those of house/, cli/ and e2e/ are
# scripts about programs of this one. QEMU 7.2 refuses options of sockets that
# the transport does not do without (SO_RXQ_OVFL): what opens a real one can
# only be tested on a real machine.
sockets='open|multicast|cycles'

run_tests()
{
    code=0
    ctest --test-dir "$here/build" \
        --tests-regex '^(codec|core|transport|plugins)/' \
        --exclude-regex "make_vectors|^transport/($sockets)" \
        --parallel "$jobs" --timeout 900 --verbose \
        >"$here/tests.log" 2>&1 || code=$?
    grep -E '\[(FAIL|SKIP)\]|does not hold|\*\*\*' "$here/tests.log" || :
    tail -n 12 "$here/tests.log"
    tests="$(count Passing) tests passed, $(count Skipped) skipped"
    failed=$(($(count Failing) + $(count Crashing)))
    if [ "$code" -ne 0 ]; then
        fail "$tests, $failed FAILED: see build/cross/$machine/tests.log"
    fi
    [ "$(count Passing)" -gt 0 ] || fail "no test ran"
    # A case is at one depth of the files; both tests read every case.
    vectors=$(cat tests/vectors/*.json | grep -c '^   "name"')
    result "$tests; $vectors test vectors among them"
}

# linux COMPILER QEMU
linux()
{
    missing=
    ! lacks "$1-gcc" || missing="gcc-$1"
    ! lacks "$1-g++" || missing="$missing g++-$1"
    ! lacks "$2" "$2-static" || missing="$missing qemu-user"
    ! lacks cmake || missing="$missing cmake"
    ! lacks ninja || missing="$missing ninja-build"
    ! lacks pkg-config || missing="$missing pkg-config"
    ! lacks python3 || missing="$missing python3"
    if [ -n "$missing" ]; then
        # shellcheck disable=SC2086
        install $missing
    fi
    fetch_sysroot
    cmake -S . -B "$here/build" -G Ninja \
        --toolchain "$PWD/cmake/toolchains/$machine.cmake" \
        -DCMAKE_BUILD_TYPE=RelWithDebInfo -DMSOCK_WERROR=ON \
        -DMSOCK_CRITERION_SHIM=ON ||
        fail "cannot be configured"
    cmake --build "$here/build" -j "$jobs" || fail "does not build"
    run_tests
}

# -- Controllers --

warnings="-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
    -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef -Werror"

# Headers of libraries alone: their folder has those of this machine's libc.
link_headers()
{
    mkdir -p "$here/include"
    for header in sodium.h sodium uthash.h; do
        ln -sfn "/usr/include/$header" "$here/include/$header"
    done
}

# compile FOLDER: all of it; one line of sizes in bytes.
compile()
{
    rm -rf "${here:?}/$1"
    mkdir -p "$here/$1"
    for source in "$1"/*.c; do
        # Debian's compiler has a stdint.h of its own, which does not say what
        # newlib's inttypes.h asks before it defines PRIu64.
        # shellcheck disable=SC2086
        arm-none-eabi-gcc -std=c11 -D_POSIX_C_SOURCE=200809L \
            -mcpu=cortex-m4 -mthumb -Os -ffunction-sections -fdata-sections \
            $warnings -D__int64_t_defined=1 -Iinclude -I. \
            -isystem "$here/include" -fstack-usage -c "$source" \
            -o "$here/$1/$(basename "$source" .c).o" ||
            fail "$source does not compile"
    done
    arm-none-eabi-size --totals "$here/$1"/*.o >"$here/$1.size"
    cat "$here/$1"/*.su | sort -t "$(printf '\t')" -k 2nr >"$here/$1.stack"
    tail -n 1 "$here/$1.size" |
        awk -v folder="$1" '{ print folder "/ " $1 " bytes of code and" \
            " constants, " $2 " of data, " $3 " of zeros" }'
    head -n 1 "$here/$1.stack" |
        awk -F '\t' '{ sub(/.*:/, "", $1); print "    largest stack frame: " \
            $2 " bytes, " $1 }'
}

# What the folders leave to the C library, libsodium and the port, by name.
list_needs()
{
    arm-none-eabi-ld -r -o "$here/all.o" "$here"/codec/*.o "$here"/core/*.o ||
        fail "cannot be linked into one object"
    arm-none-eabi-nm --undefined-only "$here/all.o" |
        awk '{ print $NF }' >"$here/needs"
    echo "needs from outside: $(wc -l <"$here/needs") functions, listed in" \
        "build/cross/cortex-m/needs"
}

cortex_m()
{
    missing=
    ! lacks arm-none-eabi-gcc || missing=gcc-arm-none-eabi
    [ -e /usr/include/newlib/stdio.h ] ||
        missing="$missing libnewlib-arm-none-eabi"
    [ -e /usr/include/sodium.h ] || missing="$missing libsodium-dev"
    [ -e /usr/include/uthash.h ] || missing="$missing uthash-dev"
    if [ -n "$missing" ]; then
        # shellcheck disable=SC2086
        install $missing
    fi
    link_headers
    compile codec
    compile core
    list_needs
    result "$(cat "$here/codec.size" "$here/core.size" |
        awk '/TOTALS/ { sum += $1 } END { print sum }') bytes of code" \
        "and constants in codec/ and core/"
}

# -- All --

# Each on its own, so that one that fails does not keep the others from it.
all()
{
    code=0
    for each in arm64 armhf s390x cortex-m; do
        sh "$self" "$each" || code=1
    done
    echo
    for each in arm64 armhf s390x cortex-m; do
        cat "$root/$each/result"
    done
    exit "$code"
}

case $machine in
arm64 | armhf | s390x | cortex-m)
    mkdir -p "$here"
    result "did not end"
    ;;
esac
case $machine in
arm64) linux aarch64-linux-gnu qemu-aarch64 ;;
armhf) linux arm-linux-gnueabihf qemu-arm ;;
s390x) linux s390x-linux-gnu qemu-s390x ;;
cortex-m) cortex_m ;;
all) all ;;
*) usage ;;
esac
cat "$here/result"
