# SPDX-License-Identifier: Apache-2.0
"""What sealing, admission and signatures cost, against an open channel.

    python3 bench/layers/run.py BUILD_DIR [-r RUNS]

Two programs on one host talk over an open channel, a sealed one, and a sealed
one where every frame is signed and checked; the three take turns, and the table
shows medians. Everything happens in a network namespace that this program
makes; nothing leaves it.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import network

BOUND_S = 120
URL = "udp://239.255.76.92:7785?iface=lo"
NAMES = ("echo", "measure", "first")
COLUMNS = (("rate", "messages/s", "{:,.0f}"),
           ("rtt_p50_us", "round trip µs", "{:.1f}"),
           ("rtt_p99_us", "p99 µs", "{:.1f}"),
           ("first_ms", "first message ms", "{:.2f}"))


class Bench:
    def __init__(self, build, folder):
        self.layers = os.path.join(build, "bench", "bin", "layers")
        self.msock = os.path.join(build, "bin", "msock")
        self.folder = folder
        self.write("bench.key", self.run("key", "gen"))
        for name in NAMES:
            self.write(f"{name}.id", self.run("id", "gen"))
        self.write("trust", "".join(
            self.run("id", "show", self.path(f"{name}.id"), "--name",
                     name).strip() + ' publish "#"\n' for name in NAMES))

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(os.open(self.path(name), os.O_WRONLY | os.O_CREAT, 0o600),
                  "w", encoding="utf-8") as file:
            file.write(text)

    def run(self, *words):
        return subprocess.run([self.msock, *words], check=True,
                              capture_output=True, text=True).stdout

    def url(self, kind, name):
        keys = ""
        if kind != "open":
            keys += "&key_file=" + self.path("bench.key")
        if kind == "signed":
            keys += ("&id_file=" + self.path(f"{name}.id")
                     + "&trust_file=" + self.path("trust"))
        return URL + keys

    def measure(self, kind):
        """One run.  Returns its figures by name."""
        echo = subprocess.Popen(
            [self.layers, "echo", self.url(kind, "echo"), "echo"],
            stdout=subprocess.PIPE, text=True)
        try:
            if echo.stdout.readline() != "READY\n":
                sys.exit("layers echo does not start")
            done = subprocess.run(
                [self.layers, "measure", self.url(kind, "measure"), "measure",
                 self.url(kind, "first"), "first"],
                check=True, stdout=subprocess.PIPE, text=True,
                timeout=BOUND_S)
        finally:
            echo.terminate()
            echo.wait()
            echo.stdout.close()
        return {name: float(value) for name, value in
                re.findall(r"(\w+)=([\d.]+)", done.stdout)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", help="folder built with MSOCK_BENCH=ON")
    parser.add_argument("-r", "--runs", type=int, default=5)
    given = parser.parse_args()
    network.enter()
    kinds = ("open", "sealed", "signed")
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(os.path.realpath(given.build), folder)
        rows = {kind: [] for kind in kinds}
        for _ in range(given.runs):
            for kind in kinds:
                rows[kind].append(bench.measure(kind))

    print("| channel | " + " | ".join(title for _, title, _ in COLUMNS) + " |")
    print("| --- |" + " ---: |" * len(COLUMNS))
    base = {}
    for kind in kinds:
        cells = []
        for name, _, form in COLUMNS:
            value = statistics.median(row[name] for row in rows[kind])
            base.setdefault(name, value)
            cells.append(form.format(value) + f" ({value / base[name]:.2f})")
        print(f"| {kind} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
