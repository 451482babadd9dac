# SPDX-License-Identifier: Apache-2.0
"""What a flood does to a listener and to somebody else's messages.

    python3 bench/flood/run.py BUILD_DIR [OPTION…]

A sender publishes 100 messages a second best effort and as many reliably, and a
flooder sends as fast as it can. Each is a host of its own: network namespaces
that this program makes, joined by a bridge; nothing leaves them.
"""

import argparse
import dataclasses
import json
import os
import re
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "reliable"))
sys.path.insert(0, os.path.join(HERE, ".."))
import network
from run import Role, alone, go_first, key_file

GROUP, PORT = "239.255.76.92", 7785
PER_S = 100
SETTLE_S = 2    # unnumbered messages, which a recorder may keep
REPAIR_S = 1    # what is missed may still be asked for
PATIENCE_S = 30


@dataclasses.dataclass
class Case:
    name: str
    kind: str
    size: int = 0
    source: str = "own"
    dead: bool = False  # what is replayed is of a session that ended


CASES = [
    Case("quiet", ""),
    Case("outsider, 100 B", "forge", 100),
    Case("outsider, 1400 B", "forge", 1400),
    Case("outsider, 100 B, sender's address", "forge", 100, "forged"),
    Case("recorder, dead session", "replay", dead=True),
    Case("recorder, living session", "replay"),
    Case("recorder, living, sender's address", "replay", source="forged"),
    Case("insider, 21 messages a frame", "insider", 21),
    Case("insider, 1 message a frame", "insider", 1),
    Case("insider, many sessions", "swarm", 21),
]
REFUSE = """
table netdev flood {{
    chain input {{
        type filter hook ingress device eth0 priority 0
        ether saddr {mac} drop
    }}
}}
"""


def refuse(host, flooder):
    """The sender's host is not what is measured: it need not hear the flood."""
    with flooder.inside():
        text = subprocess.run(["ip", "link", "show", "eth0"], check=True,
                              capture_output=True, text=True).stdout
    rules = REFUSE.format(mac=re.search("link/ether ([0-9a-f:]+)", text)[1])
    with host.inside():
        subprocess.run(["nft", "-f", "-"], input=rules, text=True, check=True)


def said(*words):
    return subprocess.run(words, check=True, capture_output=True,
                          text=True).stdout


def identities(build, folder):
    """What sender and listener add to the URL to sign and to check."""
    msock = os.path.join(os.path.realpath(build), "bin", "msock")
    trust = os.path.join(folder, "trust")
    added = {}
    for name in ("send", "listen"):
        path = os.path.join(folder, f"{name}.id")
        private(path, said(msock, "id", "gen"))
        shown = said(msock, "id", "show", path, "--name", name)
        private(trust, shown.strip() + ' publish "#"\n')
        added[name] = f"&id_file={path}&trust_file={trust}&sign=all"
    return added


def private(path, text):
    """Writes what is added to a file that others may not read."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    with open(os.open(path, flags, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


class Attack(Role):
    """The flooder, which takes orders."""

    def __init__(self, host, *words):
        self.pipe, orders = os.pipe()
        with open(self.pipe, "rb") as given:
            self.buffer = b""
            with host.inside():
                self.process = subprocess.Popen(words, stdin=given,
                                                stdout=subprocess.PIPE)
        self.orders = open(orders, "wb", buffering=0)
        self.held = False

    def order(self, word):
        self.orders.write(word.encode() + b"\n")

    def close(self):
        self.orders.close()
        super().close()


class Bench:
    def __init__(self, options, folder):
        self.options = options
        self.key = key_file(folder)
        self.url = f"udp://{GROUP}:{PORT}?iface=eth0&rcvbuf={options.rcvbuf}"
        self.identities = identities(options.build, folder)
        self.net = network.Network("flood", 2)
        self.sender, self.listener, self.flooder = self.net.hosts
        refuse(self.sender, self.flooder)

    def program(self, name, cpu, yields, *words):
        """Runs on one processor, where it gives way to who yields less."""
        path = os.path.join(os.path.realpath(self.options.build), "bench",
                            "bin", name)
        return ["taskset", "-c", str(cpu % os.cpu_count()), "nice", "-n",
                str(yields), path, *words]

    def node(self, host, role, count):
        # A weak listener shares a processor with the flooder, and gets a
        # quarter of it.
        cpu, yields = {"send": (1, 0), "listen": (
            0, 10 if self.options.weak else 0)}[role]
        url = self.url + (self.identities[role] if self.options.signed else "")
        made = Role(host, *self.program("flood_node", cpu, yields, role, url,
                                        self.key, str(count)))
        self.ready(made, "READY")
        return made

    @staticmethod
    def ready(role, word):
        if not role.says(word, time.monotonic() + PATIENCE_S):
            raise RuntimeError(f"waited in vain for {word}")

    def attack(self, case):
        cpu = 0 if self.options.weak else 1
        made = Attack(self.flooder, *self.program(
            "flood_attack", cpu, 5, case.kind, str(case.size), case.source,
            GROUP, str(PORT), "192.0.2.3", self.key))
        self.ready(made, "READY")
        return made

    @staticmethod
    def hold(attack):
        """Nothing is recorded from here on, and the flood has not begun."""
        if attack and not attack.held:
            attack.held = True
            attack.order("hold")
            time.sleep(0.1)

    def run(self, case):
        count = PER_S * self.options.seconds
        roles = []

        def began(role):
            roles.append(role)
            return role

        try:
            listener = began(self.node(self.listener, "listen", count))
            attack = began(self.attack(case)) if case.kind else None
            if case.dead:
                dead = began(self.node(self.sender, "send", 0))
                self.ready(dead, "SETTLED")
                dead.finish()
                self.hold(attack)
            sender = began(self.node(self.sender, "send", count))
            self.ready(sender, "SETTLED")
            self.hold(attack)
            before = cpu_s(listener)
            since = time.monotonic()
            if attack:
                attack.order("go")
            self.ready(sender, "SENT")
            took = time.monotonic() - since
            used = cpu_s(listener) - before
            flood = attack.finish() if attack else {"rate": 0}
            time.sleep(REPAIR_S)
            sender.finish()
            heard = listener.finish()
        finally:
            for role in roles:
                role.close()
        return {"case": case.name, "count": count, "rate": flood["rate"],
                "cpu": round(100 * used / took), **heard}


def cpu_s(role):
    """Seconds of a processor that a program has used."""
    with open(f"/proc/{role.process.pid}/stat", encoding="ascii") as file:
        words = file.read().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def percent(row, what):
    return f"{100 * (row['count'] - row[what]) / row['count']:.1f}"


def table(rows):
    print("| flooder | frames/s | lost, best effort % | lost, reliable % | "
          "latest, best effort ms | reliable ms | CPU % | memory MiB | "
          "what was counted |")
    print("|---" + "| ---: " * 7 + "|---|")
    for row in rows:
        counted = ", ".join(f"{key} {value}" for key, value in row.items()
                            if key.startswith("drop_") and value >= 100)
        print("| " + " | ".join([
            row["case"], str(row["rate"]), percent(row, "best_effort"),
            percent(row, "reliable"), f"{row['best_effort_us'] / 1000:.0f}",
            f"{row['reliable_us'] / 1000:.0f}", str(row["cpu"]),
            f"{row['rss_kb'] / 1024:.1f}", counted]) + " |")


def options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", help="folder built with MSOCK_BENCH=ON")
    parser.add_argument("-t", "--seconds", type=int, default=5)
    parser.add_argument("-c", "--cases", default="",
                        help="only those whose names begin so, by semicolons")
    parser.add_argument("-b", "--rcvbuf", default="208K",
                        help="receive buffer of the listener [%(default)s: "
                        "what most systems allow]")
    parser.add_argument("-w", "--weak", action="store_true",
                        help="the flooder has three times the time of the "
                        "listener, on one processor")
    parser.add_argument("-g", "--signed", action="store_true",
                        help="sender and listener sign all they say; the "
                        "flooder has no identity")
    parser.add_argument("-o", "--output", help="each run as a line of JSON")
    return parser.parse_args()


def main():
    given = options()
    network.enter()
    go_first()
    wanted = tuple(given.cases.split(";"))
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(given, folder)
        for case in CASES:
            if not case.name.startswith(wanted):
                continue
            with alone():
                rows.append(bench.run(case))
            if given.output:
                with open(given.output, "a", encoding="utf-8") as file:
                    file.write(json.dumps(rows[-1]) + "\n")
    table(rows)


if __name__ == "__main__":
    main()
