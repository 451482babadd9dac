#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Measures an idle node: resident memory, and wake-ups per second over 20 s,
# once its first hellos and its first look at everything are over.
#
#     sh tools/idle.sh [BUILD]       BUILD holds bin/ and plugins/ [build/release]
#     sh tools/idle.sh BUILD hub     `msock hub` in place of the sample node
#
# It runs sealed, with the lights plugin, on `lo` in a network namespace of its
# own. A wake-up is a context switch, of any of its threads, that it waited
# for: not one by which a busy machine took the processor from it.
set -eu

PATH=$PATH:/usr/sbin:/sbin
cd "$(dirname "$0")/.."

build=${1:-build/release}
what=${2:-node}
[ -x "$build/bin/node" ] || {
    echo "idle.sh: no $build/bin/node: run sh samples/demo.sh first, or name" \
        "a build folder" >&2
    exit 1
}

# The first call only makes the namespace; the second, inside, does the work.
if [ "${MSOCK_IDLE_INSIDE:-}" != 1 ]; then
    user=
    [ "$(id -u)" -eq 0 ] || user=-r
    MSOCK_IDLE_INSIDE=1 exec unshare -n $user sh tools/idle.sh "$@"
fi

work=$(mktemp -d)
node=

finish()
{
    [ -z "$node" ] || kill "$node" 2>/dev/null || true
    [ -z "$node" ] || wait "$node" 2>/dev/null || true
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' INT TERM

fail()
{
    echo "idle.sh: $*" >&2
    exit 1
}

# switches: context switches of all threads of the node so far.
switches()
{
    cat "/proc/$node/task/"*/status |
        awk '/^voluntary_ctxt_switches/ { sum += $2 } END { print sum }'
}

ip link set lo up
(umask 077 && "$build/bin/msock" key gen >"$work/key")
mkdir -p "$work/leds/lamp"
echo 0 >"$work/leds/lamp/brightness"
echo 255 >"$work/leds/lamp/max_brightness"
channel='udp://239.255.77.83:7783?iface=lo'
case $what in
node)
    "$build/bin/node" --name idle --key-file "$work/key" \
        --plugins "$build/plugins" --leds "$work/leds" \
        -c "$channel" >"$work/log" 2>&1 &
    ;;
hub)
    cat >"$work/hub.json" <<END
{
  "channel": "$channel", "name": "idle", "key_file": "$work/key",
  "plugins_directory": "$(cd "$build/plugins" && pwd)",
  "plugins": [{"name": "lights", "config": {"leds": ["lamp"], "directory": "$work/leds"}}],
  "status": {"file": "$work/status.json"}
}
END
    "$build/bin/msock" hub --config "$work/hub.json" >"$work/log" 2>&1 &
    ;;
*) fail "node or hub, not '$what'" ;;
esac
node=$!

# 239.255.77.83 as /proc shows it; joined within 10 s or not at all.
tries=100
until grep -qi 534DFFEF "/proc/$node/net/igmp" 2>/dev/null; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] && kill -0 "$node" 2>/dev/null ||
        fail "the node did not join: $(cat "$work/log")"
    sleep 0.1
done
sleep 12

before=$(switches)
sleep 20
after=$(switches)
rss=$(awk '/^VmRSS/ { print $2 }' "/proc/$node/status")
echo "RSS $rss kB"
awk -v n=$((after - before)) 'BEGIN { printf "wake-ups %.1f/s\n", n / 20 }'
