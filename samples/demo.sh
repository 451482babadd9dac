#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# "All lights off": a hub and three nodes, each its own process, over encrypted
# UDP multicast.
#
#     sh samples/demo.sh                       exit 0 if all three LEDs are off
#     sh samples/demo.sh --wrong-key kitchen   gives that node another key: its
#                                              LED stays on, exit 1
#     sh samples/demo.sh --valgrind            hub and nodes under valgrind: an
#                                              error or a leak is exit 1
#
# It installs what building needs and this system lacks, builds, and runs on
# `lo` in a network namespace of its own where the system allows one. The LEDs
# are files, laid out as /sys/class/leds has them. If $MSOCK_BUILD names a
# build folder, it takes the programs from there and builds nothing.
set -eu
umask 022

PATH=$PATH:/usr/sbin:/sbin
cd "$(dirname "$0")/.."
build=${MSOCK_BUILD:-build/release}
url='udp://239.255.77.83:7783?iface=lo'
nodes='kitchen porch hall'
wrong=
valgrind=
patience=1 # seconds that the hub waits for a report

usage()
{
    echo "usage: sh samples/demo.sh [--wrong-key kitchen|porch|hall]" \
        "[--valgrind]" >&2
    exit 2
}

fail()
{
    echo "demo.sh: $*" >&2
    exit 1
}

make_build()
{
    sh tools/deps.sh build
    [ -x "$build/bin/hub" ] || echo "Building (once) ..."
    log=$(mktemp)
    if ! { cmake --preset release -DMSOCK_TESTS=OFF &&
        cmake --build "$build"; } >"$log" 2>&1; then
        cat "$log" >&2
        rm -f "$log"
        fail "the build failed"
    fi
    rm -f "$log"
}

arguments="$*"
while [ $# -gt 0 ]; do
    case $1 in
    --wrong-key)
        case ${2:-} in
        kitchen | porch | hall) wrong=$2 ;;
        *) usage ;;
        esac
        shift
        ;;
    --valgrind)
        valgrind=yes
        patience=10
        ;;
    *) usage ;;
    esac
    shift
done

# The first call builds and makes the namespace; the second, inside, runs.
if [ "${MSOCK_DEMO_INSIDE:-}" != 1 ]; then
    [ -n "${MSOCK_BUILD:-}" ] || make_build
    [ -z "$valgrind" ] || command -v valgrind >/dev/null ||
        fail "valgrind is not installed"
    user=
    [ "$(id -u)" -eq 0 ] || user=-r
    # Both are made of words without blanks.
    # shellcheck disable=SC2086
    if unshare -n $user ip link set lo up 2>/dev/null; then
        MSOCK_DEMO_INSIDE=1 exec unshare -n $user \
            sh samples/demo.sh $arguments
    fi
    echo "(no network namespace here: using lo itself)"
elif ! ip link set lo up; then
    fail "cannot bring lo up"
fi

work=$(mktemp -d)
started=

finish()
{
    for pid in $started; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' INT TERM HUP

# start INPUT LOG PROGRAM ARGUMENT...: in the background, as process $!.
start()
{
    input=$1
    log=$2
    shift 2
    if [ -n "$valgrind" ]; then
        set -- valgrind --quiet --leak-check=full --show-leak-kinds=all \
            --error-exitcode=9 --log-file="$work/valgrind.%p" "$@"
    fi
    "$@" <"$input" >"$log" 2>&1 3>&- &
    started="$started $! "
}

# reap PID: waits for its end; its exit status is in $ended.
reap()
{
    ended=0
    wait "$1" || ended=$?
    started=$(echo "$started" | sed "s/ $1 / /")
}

# until_ready NODE PID: whether the node gets ready, and did not end before.
until_ready()
{
    tries=600
    until said ready "$work/$1.log"; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] && kill -0 "$2" 2>/dev/null || return 1
        sleep 0.05
    done
}

# until_true SECONDS COMMAND...: whether the command comes true in time.
until_true()
{
    tries=$(($1 * 20))
    shift
    until "$@"; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || return 1
        sleep 0.05
    done
}

led()
{
    cat "$work/leds/$1/led0/brightness"
}

leds()
{
    before=
    for name in $nodes; do
        printf '%s%s %s' "${before}" "$name" "$(led "$name")"
        before=', '
    done
}

# all_leds VALUE: whether each LED that should obey shows it.
all_leds()
{
    before=
    for name in $nodes; do
        [ "$name" = "$wrong" ] || [ "$(led "$name")" = "$1" ] || return 1
    done
}

said()
{
    grep -q "$1" "$2"
}

tell()
{
    echo "hub> $*"
    echo "$*" >&3
}

# -- A key, three nodes with an LED each, and a hub

(umask 077 && "$build/bin/msock" key gen >"$work/key" &&
    "$build/bin/msock" key gen >"$work/other-key")
mkfifo "$work/input"
exec 3<>"$work/input"

for name in $nodes; do
    mkdir -p "$work/leds/$name/led0"
    echo 255 >"$work/leds/$name/led0/max_brightness"
    echo 0 >"$work/leds/$name/led0/brightness"
    key=$work/key
    if [ "$name" = "$wrong" ]; then
        key=$work/other-key
        echo 255 >"$work/leds/$name/led0/brightness" # lit, to be seen unmoved
    fi
    start /dev/null "$work/$name.log" "$build/bin/node" --name "$name" \
        --key-file "$key" -c "$url" --leds "$work/leds/$name"
    eval "pid_$name=$!"
done
for name in $nodes; do
    eval "pid=\$pid_$name"
    until_ready "$name" "$pid" ||
        fail "node $name did not start: $(cat "$work/$name.log")"
done
start "$work/input" "$work/hub.log" "$build/bin/hub" \
    --key-file "$work/key" -c "$url" --expect 3 --wait "$patience"
hub=$!
echo "A hub and three nodes ($nodes) on $url,"
echo "each a process of its own, sealed with a new key."
[ -z "$wrong" ] || echo "But $wrong has another key, and its LED is lit."

# -- All on, all off, and what the hub knows

for state in on off; do
    tell all lights $state
    value=255
    [ $state = on ] || value=0
    until_true 30 all_leds $value || fail "not all LEDs went $state"
    until_true 30 said "lights $state:" "$work/hub.log" ||
        fail "the hub is silent: $(cat "$work/hub.log")"
    grep "lights $state:" "$work/hub.log" | sed 's/^/     /'
    echo "     brightness: $(leds)"
done
tell status
until_true 30 said ' ago$' "$work/hub.log" || fail "the hub shows no table"
echo quit >&3
reap "$hub"
result=$ended
grep -e '^NODE ' -e ' ago$' "$work/hub.log" | sed 's/^/     /'

# -- What the LEDs say

status=0
for name in $nodes; do
    eval "pid=\$pid_$name"
    kill "$pid"
    reap "$pid"
    [ "$ended" -eq 0 ] || [ "$result" -ne 0 ] || result=$ended
    if [ "$(led "$name")" = 0 ]; then
        echo "$name: off"
    else
        echo "$name: STILL ON: its LED was not moved"
        status=1
    fi
    grep "$name: refused" "$work/$name.log" || true
done
if [ -n "$valgrind" ]; then
    cat "$work"/valgrind.* >&2
    [ -z "$(cat "$work"/valgrind.*)" ] || fail "valgrind found errors"
    echo "valgrind: no error, no leak"
fi
if [ "$status" -eq 0 ] && [ "$result" -ne 0 ]; then
    fail "a program ended with exit $result"
fi
[ "$status" -ne 0 ] || echo "All lights are off."
exit "$status"
