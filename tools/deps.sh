#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs what multisock needs and this system lacks.
#
#     sh tools/deps.sh build    what building and the demo need
#     sh tools/deps.sh test     that, and what the tests need
#     sh tools/deps.sh fuzz     that, and what fuzzing needs
#     sh tools/deps.sh bench    what building needs, and what is compared with
#
# Every need is looked for first; when nothing is missing, no package manager
# is started and no network is touched. Without apt the packages are named.
set -eu

PATH=$PATH:/usr/sbin:/sbin
missing=

fail()
{
    echo "deps.sh: $*" >&2
    exit 1
}

# lack PACKAGE: notes a Debian package as missing, once.
lack()
{
    case " $missing " in
    *" $1 "*) ;;
    *) missing="${missing:+$missing }$1" ;;
    esac
}

# program NAME PACKAGE
program()
{
    command -v "$1" >/dev/null 2>&1 || lack "$2"
}

# library PKG_CONFIG_NAME PACKAGE
library()
{
    pkg-config --exists "$1" 2>/dev/null || lack "$2"
}

# header NAME PACKAGE
header()
{
    printf '#include <%s>\n' "$1" | cc -E - >/dev/null 2>&1 || lack "$2"
}

# fuzzer PACKAGE: what clang links its sanitizers and libFuzzer from.
fuzzer()
{
    echo 'int LLVMFuzzerTestOneInput(void) { return 0; }' |
        clang -fsanitize=fuzzer,address -x c -o /dev/null - 2>/dev/null ||
        lack "$1"
}

look()
{
    missing=
    program cc gcc
    header stdio.h libc6-dev
    program cmake cmake
    program ninja ninja-build
    program pkg-config pkg-config
    library libuv libuv1-dev
    library libsodium libsodium-dev
    library sqlite3 libsqlite3-dev
    library ncursesw libncurses-dev
    header uthash.h uthash-dev
    program ip iproute2
    program unshare util-linux
    if [ "$1" = test ] || [ "$1" = fuzz ]; then
        library criterion libcriterion-dev
        library libcjson libcjson-dev
        library libmosquitto libmosquitto-dev
        program mosquitto mosquitto # the tests start a broker of their own
        program mosquitto_rr mosquitto-clients
        library glib-2.0 libglib2.0-dev
        program python3 python3
        program nft nftables
        program mandoc mandoc
        program tmux tmux
        program c++ g++
        program make make
        program readelf binutils
        program zsh zsh
        program fish fish
        # Debian packages are made and tested where there is Debian.
        if command -v apt-get >/dev/null 2>&1; then
            program dpkg-shlibdeps dpkg-dev
            program file file
        fi
    fi
    if [ "$1" = fuzz ]; then
        program clang clang
        fuzzer libclang-rt-14-dev
    fi
    if [ "$1" = bench ]; then
        library norm libnorm-dev
        library glib-2.0 libglib2.0-dev # which lcm.pc wants
        library lcm liblcm-dev
        library CycloneDDS cyclonedds-dev
        program idlc cyclonedds-tools
        library libzmq libzmq3-dev
        library libmosquitto libmosquitto-dev
        program mosquitto mosquitto
        library libnats libnats-dev
        program nats-server nats-server
        program openssl openssl
        program valgrind valgrind
        program c++ g++
        program python3 python3
        program nft nftables
    fi
}

# as_root COMMAND...: runs it as root, or says how to.
as_root()
{
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null 2>&1; then
        sudo "$@"
    else
        fail "not root and no sudo; install as root: $missing"
    fi
}

what=${1:-}
case $what in
build | test | fuzz | bench) ;;
*)
    echo "usage: sh tools/deps.sh build|test|fuzz|bench" >&2
    exit 2
    ;;
esac

look "$what"
[ -n "$missing" ] || exit 0

command -v apt-get >/dev/null 2>&1 ||
    fail "no apt here; install what Debian calls: $missing"
echo "deps.sh: installing $missing" >&2
as_root apt-get update >&2
# Names are words of ours, without blanks.
# shellcheck disable=SC2086
as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y --no-install-recommends $missing >&2

look "$what"
[ -z "$missing" ] || fail "installed, but still not found: $missing"
