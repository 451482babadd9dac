#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs the installed unit under a systemd of its own, which is process 1 of
# namespaces made for it: start, a sealed report, reloads, end. This system's
# own manager, if it has one, is not asked and not changed.
#
#     sh tools/unit.sh [BUILD]     a built tree; root  [build/release]
set -eu

PATH=$PATH:/usr/sbin:/sbin
stage=${MSOCK_UNIT_STAGE:-outside}
work=${MSOCK_UNIT_WORK:-}

fail()
{
    echo "unit.sh: $*" >&2
    exit 1
}

# What process 1 needs of a file system, with the build installed in it.
make_root()
{
    mount -t tmpfs -o mode=755 tmpfs "$root"
    cd "$root"
    mkdir -p dev etc/multisock etc/systemd/system proc run sys tmp usr \
        var/tmp old
    chmod 1777 tmp var/tmp
    ln -s usr/bin usr/sbin usr/lib .
    [ ! -e /lib64 ] || ln -s usr/lib64 .
    mount --bind /usr usr
    mount -o remount,bind,ro usr
    mount -t tmpfs -o mode=755 tmpfs usr/local
    DESTDIR=$root cmake --install "$build" --prefix /usr/local >/dev/null
    mount -t tmpfs -o mode=755 tmpfs dev
    mkdir dev/pts dev/shm
    ln -s pts/ptmx dev/ptmx
    for node in null zero full random urandom tty; do
        touch "dev/$node"
        mount --bind "/dev/$node" "dev/$node"
    done
    mount -t proc proc proc
    mount --bind proc/sys proc/sys
    mount -o remount,bind,ro proc/sys
    mount -t sysfs sysfs sys
    mount -t cgroup2 cgroup2 sys/fs/cgroup
    cp /etc/passwd /etc/group /etc/ld.so.cache etc
    echo 0123456789abcdef0123456789abcdef >etc/machine-id
}

configure()
{
    (umask 077 && usr/local/bin/msock key gen >etc/multisock/hub.key)
    echo '{"channel": "udp://239.255.77.83:7783?iface=lo", "name": "hub",
        "status": {"file": "/run/multisock-hub/status.json"}}' \
        >etc/multisock/hub.json
    cp "$source/tools/unit.sh" check.sh
    cat >etc/systemd/system/check.service <<-END
	[Unit]
	DefaultDependencies=no
	Wants=multisock-hub.service
	After=multisock-hub.service
	FailureAction=exit-force
	SuccessAction=exit-force
	[Service]
	Type=oneshot
	Environment=MSOCK_UNIT_STAGE=check
	ExecStart=/bin/sh /check.sh
	StandardOutput=append:/old$work/said
	StandardError=append:/old$work/said
	END
    # There is no journal here, and nothing of this system is to be set up.
    mkdir etc/systemd/system/multisock-hub.service.d
    printf '[Unit]\nDefaultDependencies=no\n[Service]\n%s\n' \
        "StandardError=append:/old$work/hub" \
        >etc/systemd/system/multisock-hub.service.d/log.conf
}

# What the hub's process may do, as the kernel sees it.
sandboxed()
{
    pid=$(systemctl show -P MainPID multisock-hub)
    for line in "CapBnd:	0000000000000000" "NoNewPrivs:	1" "Seccomp:	2"; do
        grep -qx "$line" "/proc/$pid/status" || fail "not so: $line"
    done
    [ "$(stat -c %u "/proc/$pid")" -ne 0 ] || fail "it runs as root"
}

reported()
{
    systemctl kill -s USR1 --kill-who=main multisock-hub
    grep -q '"sealed":true' /run/multisock-hub/status.json
}

check()
{
    systemctl is-active --quiet multisock-hub || {
        systemctl status multisock-hub || true
        fail "the unit did not start"
    }
    sandboxed
    msock pub kitchen/lights/state '{"on":true}' --name kitchen \
        --key-file /etc/multisock/hub.key \
        --channel 'udp://239.255.77.83:7783?iface=lo'
    tries=0
    until reported; do
        tries=$((tries + 1))
        [ $tries -lt 100 ] || fail "no sealed report in the status"
        sleep 0.1
    done
    [ "$(stat -Lc %a /run/multisock-hub/status.json)" = 600 ] ||
        fail "others may read the status"
    systemctl reload multisock-hub || fail "it cannot be reloaded"
    echo '{"unknown": 1}' >/etc/multisock/hub.json
    ! systemctl reload multisock-hub 2>/dev/null ||
        fail "a wrong configuration was taken"
    systemctl is-active --quiet multisock-hub || fail "it ended at a reload"
    systemctl stop multisock-hub
    [ "$(systemctl show -P Result multisock-hub)" = success ] ||
        fail "it did not end in order"
    ! systemctl start multisock-hub 2>/dev/null ||
        fail "it started with a wrong configuration"
    [ "$(systemctl show -P ActiveState multisock-hub)" = failed ] ||
        fail "a wrong configuration is tried again"
    echo passed
}

inside()
{
    root=$work/root
    mkdir "$root"
    make_root
    configure
    pivot_root . old
    mount --make-rshared / # as credentials need it; nobody outside sees it
    unset MSOCK_UNIT_STAGE
    exec env -i PATH=/usr/local/bin:/usr/bin:/usr/sbin container=msock-unit \
        /usr/lib/systemd/systemd --system --unit=check.service \
        --log-target=console --log-level=warning </dev/null \
        >"/old$work/log" 2>&1
}

outside()
{
    source=$(cd "$(dirname "$0")/.." && pwd)
    build=$(cd "${1:-$source/build/release}" && pwd) || fail "no such build"
    [ "$(id -u)" -eq 0 ] || fail "root is needed, for mounts"
    [ -x /usr/lib/systemd/systemd ] ||
        fail "no systemd here: apt-get install systemd"
    work=$(mktemp -d)
    trap 'rm -rf --one-file-system "$work"' EXIT
    export source build
    MSOCK_UNIT_STAGE=inside MSOCK_UNIT_WORK=$work timeout -k 5 90 \
        unshare -mpfnCui --kill-child sh "$source/tools/unit.sh" || true
    [ "$(tail -n 1 "$work/said" 2>/dev/null)" = passed ] || {
        cat "$work/log" "$work/hub" "$work/said" >&2 2>/dev/null || true
        fail "the unit does not work under systemd"
    }
    # Where the unit lies that was installed last, which is this one.
    score=$(systemd-analyze security --offline=true \
        "$build/cmake/multisock-hub.service" 2>/dev/null |
        sed -n 's/.*: \([0-9.]*\) .*/\1/p' | tail -n 1)
    echo "unit.sh: multisock-hub.service under systemd" \
        "$(systemd-analyze --version | awk 'NR == 1 { print $2 }'):" \
        "start, sealed report, reload, refused reload, stop, no start of" \
        "what is wrong: passed;" \
        "exposure $score"
}

"$stage" "$@"
