# SPDX-License-Identifier: Apache-2.0
"""A publisher's host and receivers' hosts on one switch, and what gets lost.

Hosts are network namespaces of this process's own: nothing of it is left when
the process ends, and nothing that is sent leaves them.
"""

import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "tests", "e2e"))
import netns

INSIDE = "MSOCK_BENCH_NETNS"
LOSS = """
table ip bench {{
    chain input {{
        type filter hook input priority 0
        meta l4proto udp numgen random mod 100 < {percent} drop
    }}
}}
"""


def enter():
    """Starts this very program again in a namespace without a network."""
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    if os.environ.get(INSIDE) != "1":
        os.environ[INSIDE] = "1"
        flags = "-n" if os.geteuid() == 0 else "-rn"
        os.execvp("unshare", ["unshare", flags, sys.executable, "-B",
                              *sys.argv])
    names = [line.split(":")[0].strip()
             for line in open("/proc/net/dev", encoding="ascii")
             if ":" in line]
    if names != ["lo"]:
        sys.exit(f"{sys.argv[0]}: this is no namespace of its own: {names}")
    netns.ip("link", "set", "lo", "up")


class Network:
    """hosts[0] publishes, the others receive."""

    def __init__(self, name, receivers):
        netns.ip("link", "add", name, "type", "bridge", "stp_state", "0",
                 "mcast_snooping", "0")
        netns.ip("link", "set", name, "up")
        self.hosts = [netns.Host() for _ in range(receivers + 1)]
        for number, host in enumerate(self.hosts):
            port = f"{name}-{number}"
            netns.ip("link", "add", "eth0", "netns", host.path(), "type",
                     "veth", "peer", port)
            netns.ip("link", "set", port, "master", name, "up")
            with host.inside():
                netns.ip("address", "add", f"192.0.2.{number + 1}/24", "dev",
                         "eth0")
                netns.ip("link", "set", "eth0", "up")
        self.loss = 0

    def lose(self, percent):
        """Each receiver's host drops that many of the datagrams it gets."""
        if percent == self.loss:
            return
        self.loss = percent
        rules = "table ip bench {}\ndelete table ip bench\n"
        if percent:
            rules += LOSS.format(percent=percent)
        for host in self.hosts[1:]:
            with host.inside():
                subprocess.run(["nft", "-f", "-"], input=rules, text=True,
                               check=True)
