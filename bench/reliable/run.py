# SPDX-License-Identifier: Apache-2.0
"""How long until every receiver has everything: multisock against NORM.

    python3 bench/reliable/run.py BUILD_DIR [OPTION…]

Runs all systems one after the other in each cell (objects, receivers, loss),
then all again, and prints a table of medians: from just before the first object
is offered until the last receiver has the last one, told by one clock. A
receiver checks number, content and order. Everything happens in network
namespaces that this program makes, joined by a bridge; nothing leaves them.
"""

import argparse
import contextlib
import dataclasses
import fcntl
import itertools
import json
import os
import re
import select
import signal
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import network

BOUND_S = 20      # a run that takes longer has failed
START_S = 10
FAST = 125000000  # bytes/s: the 1 Gbit/s that both may use


@dataclasses.dataclass
class System:
    """One line of competitors: a program and its settings."""
    name: str
    program: str
    settings: dict
    ordered: bool = True
    sealed: bool = False

    def words(self, key_file):
        extra = {"key_file": key_file} if self.sealed else {}
        return [f"{key}={value}"
                for key, value in {**self.settings, **extra}.items()]


def multisock(name, sealed=False, **query):
    query = {"iface": "eth0", **query}
    url = "udp://239.255.76.91:7784?" + "&".join(
        f"{key}={value}" for key, value in query.items())
    return System(name, "reliable_multisock", {"url": url}, sealed=sealed)


def norm(name, ordered=True, **settings):
    return System(name, "reliable_norm", settings, ordered)


SYSTEMS = [
    norm("NORM 1G"),
    norm("NORM cc", rate=0),
    norm("NORM 1 ms", grtt=0.001),
    norm("NORM 1 ms, no parity", grtt=0.001, parity=0),
    multisock("open", pace=FAST),
    multisock("sealed", pace=FAST, sealed=True),
]
OURS = ("open", "sealed")



class Role:
    """A running program of one system in one host."""

    def __init__(self, host, *words):
        self.buffer = b""
        with host.inside():
            self.process = subprocess.Popen(words, stdout=subprocess.PIPE,
                                            stdin=subprocess.DEVNULL)

    def line(self, end):
        """The next line, or None at the time `end` or when it has ended."""
        out = self.process.stdout.fileno()
        while b"\n" not in self.buffer:
            wait = end - time.monotonic()
            if wait <= 0 or not select.select([out], [], [], wait)[0]:
                return None
            chunk = os.read(out, 65536)
            if not chunk:
                return None
            self.buffer += chunk
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.decode()

    def says(self, word, end):
        line = self.line(end)
        while line not in (None, word):
            line = self.line(end)
        return line == word

    def finish(self):
        """Ends it, and reads its report."""
        self.process.send_signal(signal.SIGTERM)
        end = time.monotonic() + START_S
        line = self.line(end)
        while line is not None and "=" not in line:
            line = self.line(end)
        return {key: int(value) for key, value in
                re.findall(r"(\w+)=(\d+)", line or "")}

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


@contextlib.contextmanager
def alone():
    """No two runs at a time on this machine, whoever starts them."""
    path = os.path.join(tempfile.gettempdir(), "multisock-bench.lock")
    with open(path, "w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class Bench:
    def __init__(self, options):
        self.options = options
        self.networks = {}
        folder = os.path.join(os.path.realpath(options.build), "bench", "bin")
        self.program = lambda name: os.path.join(folder, name)

    def network(self, receivers):
        if receivers not in self.networks:
            self.networks[receivers] = network.Network(f"bench{receivers}",
                                                       receivers)
        return self.networks[receivers]

    def race(self, system, objects, receivers, loss):
        """One run.  Returns what it was and how it went."""
        net = self.network(receivers)
        net.lose(loss)
        words = system.words(self.options.key_file)
        roles = []

        def start(host, role, number):
            roles.append(Role(host, self.program(system.program), role,
                              str(objects), f"id={number}", f"name=n{number}",
                              *words))
            if not roles[-1].says("READY", time.monotonic() + START_S):
                raise RuntimeError(f"{system.name}: a {role} does not start")

        try:
            for number, host in enumerate(net.hosts[1:], 2):
                start(host, "receive", number)
            start(net.hosts[0], "publish", 1)
            end = time.monotonic() + BOUND_S
            for role in roles[:-1]:
                role.says("COMPLETE", end)
            reports = [role.finish() for role in roles]
        finally:
            for role in roles:
                role.close()
        return {"system": system.name, "objects": objects,
                "receivers": receivers, "loss": loss,
                **judge(system, objects, reports[:-1], reports[-1])}


def judge(system, objects, receivers, publisher):
    """The time in ms, or None and why."""
    fault = None
    if any(r.get("count") != objects for r in receivers):
        fault = "incomplete"
    elif any(r["bad"] for r in receivers):
        fault = "wrong content"
    elif system.ordered and any(r["disorder"] for r in receivers):
        fault = "out of order"
    first = publisher.get("first_ns", 0)
    last = max(r.get("last_ns", 0) for r in receivers)
    return {"ms": None if fault else (last - first) / 1e6, "fault": fault,
            "offered_ms": (publisher.get("offered_ns", 0) - first) / 1e6,
            "publisher": publisher, "receivers_saw": receivers}


# -- The table --

def median(rows):
    """The median of a cell, which needs more than half of its runs."""
    times = [row["ms"] for row in rows if row["ms"] is not None]
    return statistics.median(times) if 2 * len(times) > len(rows) else None


def shown(rows):
    failed = sum(row["ms"] is None for row in rows)
    value = median(rows)
    text = "–" if value is None else f"{value:.3g}" if value < 100 else (
        f"{value:.0f}")
    return text + (f" ({failed} of {len(rows)} failed)" if failed else "")


def ratio(ours, best):
    if ours is None:
        return "–"
    return "" if best is None else f"{ours / best:.2f}"


def table(rows):
    names = list(dict.fromkeys(row["system"] for row in rows))
    base = [name for name in names if name.startswith("NORM")]
    mine = [name for name in names if name in OURS]
    rest = [name for name in names if name not in base + mine]
    head = ["objects", "receivers", "loss %"] + base + rest
    for name in mine:
        head += [name] + (["ratio"] if base else [])
    print("| " + " | ".join(head) + " |")
    print("|" + " ---: |" * len(head))

    def key(row):
        return row["objects"], row["receivers"], row["loss"]
    for cell, group in itertools.groupby(sorted(rows, key=key), key):
        group = list(group)
        of = {name: [r for r in group if r["system"] == name]
              for name in names}
        times = [median(of[name]) for name in base]
        best = min((t for t in times if t is not None), default=None)
        line = [str(word) for word in cell]
        line += [shown(of[name]) for name in base + rest]
        for name in mine:
            line.append(shown(of[name]))
            if base:
                line.append(ratio(median(of[name]), best))
        print("| " + " | ".join(line) + " |")


# -- The command line --

def numbers(text):
    return [int(word) for word in text.split(",")]


def extra(text):
    """NAME:norm:KEY=VALUE,… or NAME:multisock:KEY=VALUE,… (of the URL)."""
    name, kind, settings = text.split(":", 2)
    pairs = dict(word.split("=", 1) for word in settings.split(",") if word)
    if kind == "norm":
        return norm(name, ordered=pairs.get("form") != "objects", **pairs)
    return multisock(name, sealed=bool(pairs.pop("sealed", "")), **pairs)


def options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", help="folder built with MSOCK_BENCH=ON")
    parser.add_argument("-r", "--runs", type=int, default=5)
    parser.add_argument("-n", "--objects", type=numbers, default="500,5000")
    parser.add_argument("-l", "--loss", type=numbers, default="0,1,10,30",
                        help="per cent")
    parser.add_argument("-k", "--receivers", type=numbers, default="1,8")
    parser.add_argument("-s", "--systems", default="",
                        help="only those whose names begin so, by commas")
    parser.add_argument("-x", "--extra", type=extra, action="append",
                        default=[], metavar="NAME:norm|multisock:KEY=VALUE,…",
                        help="one more system")
    parser.add_argument("-o", "--output", help="each run as a line of JSON")
    return parser.parse_args()


def chosen(given, program):
    """The systems to run: those that are wanted and were built."""
    wanted = tuple(given.systems.split(","))
    systems = [s for s in SYSTEMS if s.name.startswith(wanted)] + given.extra
    if not os.path.exists(program("reliable_norm")):
        print("NORM is skipped: there was no libnorm-dev when this was built",
              file=sys.stderr)
        systems = [s for s in systems if s.program != "reliable_norm"]
    if not os.path.exists(program("reliable_multisock")):
        sys.exit(f"{given.build}: build it with -DMSOCK_BENCH=ON")
    return systems


def key_file(folder):
    path = os.path.join(folder, "bench.key")
    with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
        subprocess.run(["base64"], input=os.urandom(32), stdout=file,
                       check=True)
    return path


def go_first():
    """Other work of this machine waits for the runs, where that is allowed:
    that of other sessions too, which the kernel may weigh as wholes."""
    group = "/proc/self/autogroup"
    try:
        os.setpriority(os.PRIO_PROCESS, 0, -20)
        if os.path.exists(group):
            with open(group, "w", encoding="ascii") as file:
                file.write("-20")
    except PermissionError:
        print("not root: other work of this machine disturbs the times",
              file=sys.stderr)


def main():
    given = options()
    network.enter()
    go_first()
    with tempfile.TemporaryDirectory() as folder:
        given.key_file = key_file(folder)
        bench = Bench(given)
        systems = chosen(given, bench.program)
        rows = []
        cells = list(itertools.product(given.objects, given.receivers,
                                       given.loss))
        for _, cell in itertools.product(range(given.runs), cells):
            for system in systems:
                with alone():
                    rows.append(bench.race(system, *cell))
                if given.output:
                    with open(given.output, "a", encoding="utf-8") as file:
                        file.write(json.dumps(rows[-1]) + "\n")
    table(rows)


if __name__ == "__main__":
    main()
