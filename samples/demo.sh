#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# "All lights off": a hub and three nodes, each its own process, over encrypted
# UDP multicast; and a node whose cable is pulled out, and put in again.
#
#     sh samples/demo.sh                       exit 0 if all three LEDs are off
#     sh samples/demo.sh --wrong-key kitchen   gives that node another key: its
#                                              LED stays on, exit 1
#     sh samples/demo.sh --valgrind            hub and nodes under valgrind: an
#                                              error or a leak is exit 1
#
# It installs what building needs and this system lacks, builds, and runs where
# the system allows network namespaces: each node is a host of its own, at a
# switch. Elsewhere all run on `lo`, and no cable is pulled. The LEDs are files,
# laid out as /sys/class/leds has them. If $MSOCK_BUILD names a build folder, it
# takes the programs from there and builds nothing. It takes about 25 seconds:
# for so long a node must be silent until the others take it for gone.
set -eu
umask 022

PATH=$PATH:/usr/sbin:/sbin
cd "$(dirname "$0")/.."
build=${MSOCK_BUILD:-build/release}
url='udp://239.255.77.83:7783'
nodes='kitchen porch hall'
switch=house # the interface of the hub, where there is a switch
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
    switch=
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

# What a host does: it waits for its cable, and becomes the program.
# shellcheck disable=SC2016
host='
    ip link set lo up
    tries=200
    until ip address add "$1" dev eth0 2>/dev/null; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || exit 1
        sleep 0.05
    done
    ip link set eth0 up
    shift
    exec "$@"'

# start INPUT LOG ADDRESS PROGRAM ARGUMENT...: in the background, as process $!,
# with an ADDRESS as a host of its own.
start()
{
    input=$1
    log=$2
    address=$3
    shift 3
    if [ -n "$valgrind" ]; then
        set -- valgrind --quiet --leak-check=full --show-leak-kinds=all \
            --error-exitcode=9 --log-file="$work/valgrind.%p" "$@"
    fi
    [ -z "$address" ] ||
        set -- unshare -n sh -c "$host" host "$address" "$@"
    "$@" <"$input" >"$log" 2>&1 3>&- &
    started="$started $! "
}

# plug_in NAME PID: a cable from that process, which is a host, to the switch.
plug_in()
{
    until_true 30 is_host "$2" || fail "node $1 is no host of its own"
    ip link add eth0 netns "$2" type veth peer name "to_$1"
    ip link set "to_$1" master "$switch" up
}

is_host()
{
    [ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ]
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

# hub_said PATTERN: whether the hub has, since it was shown last.
hub_said()
{
    tail -n +"$((shown + 1))" "$work/hub.log" | grep -Eq "$1"
}

# await PATTERN: waits until the hub says that, and shows what it said.
await()
{
    until_true 60 hub_said "$1" ||
        fail "the hub does not say \"$1\": $(cat "$work/hub.log")"
    lines=$(wc -l <"$work/hub.log")
    head -n "$lines" "$work/hub.log" | tail -n +"$((shown + 1))" |
        sed 's/^/     /'
    shown=$lines
}

# order STATE PATTERN: all lights on or off, and what the hub says of it.
order()
{
    tell lights "$1"
    await "^lights $1: $2"
}

show_leds()
{
    echo "     brightness: $(leds)"
}

# -- A key, three nodes with an LED each, and a hub

(umask 077 && "$build/bin/msock" key gen >"$work/key" &&
    "$build/bin/msock" key gen >"$work/other-key")
mkfifo "$work/input"
exec 3<>"$work/input"

number=1
interface=lo
eth=lo
if [ -n "$switch" ]; then
    interface=$switch
    eth=eth0
    ip link add "$switch" type bridge stp_state 0 mcast_snooping 0
    ip address add 192.0.2.1/24 dev "$switch"
    ip link set "$switch" up
fi
for name in $nodes; do
    number=$((number + 1))
    mkdir -p "$work/leds/$name/led0"
    echo 255 >"$work/leds/$name/led0/max_brightness"
    echo 0 >"$work/leds/$name/led0/brightness"
    key=$work/key
    if [ "$name" = "$wrong" ]; then
        key=$work/other-key
        echo 255 >"$work/leds/$name/led0/brightness" # lit, to be seen unmoved
    fi
    start /dev/null "$work/$name.log" "${switch:+192.0.2.$number/24}" \
        "$build/bin/node" --name "$name" --key-file "$key" \
        -c "$url?iface=$eth" --leds "$work/leds/$name"
    eval "pid_$name=$!"
    [ -z "$switch" ] || plug_in "$name" "$!"
done
for name in $nodes; do
    eval "pid=\$pid_$name"
    until_ready "$name" "$pid" ||
        fail "node $name did not start: $(cat "$work/$name.log")"
done
shown=0
start "$work/input" "$work/hub.log" '' "$build/bin/hub" \
    --key-file "$work/key" -c "$url?iface=$interface" --expect 3 \
    --wait "$patience"
hub=$!
echo "A hub and three nodes ($nodes) on $url,"
echo "each a process of its own, sealed with a new key."
[ -z "$wrong" ] || echo "But $wrong has another key, and its LED is lit."

# -- All on; a cable is pulled; all off

last=porch # in the hub's table
[ "$wrong" != porch ] || last=kitchen
missed=0
order on '[23] of'
until_true 30 all_leds 255 || fail "not all LEDs went on"
show_leds
if [ -n "$switch" ] && [ -z "$wrong" ]; then
    missed=1
    echo "(the cable of porch is pulled out)"
    ip link set to_porch down
    order off '2 of 3 .*; porch silent'
    show_leds
    echo "(until the hub takes porch for gone ...)"
    await '^porch is down'
    tell status
    await "^$last +[a-z]+ +(yes|no) "
    echo "(the cable is put in again)"
    ip link set to_porch up
    await '^porch is up'
fi
order off '[23] of'
until_true 30 all_leds 0 || fail "not all LEDs went off"
show_leds
tell status
await "^$last +[a-z]+ +(yes|no) "
echo quit >&3
reap "$hub"
[ "$ended" -ne 1 ] || [ "$missed" -eq 0 ] || ended=0 # it said that one missed
result=$ended

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
