#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Where a publisher's and a listener's instructions go, at full speed.

    python3 bench/profile/run.py BUILD_DIR [-n MESSAGES]

Both are peer_multisock of bench/peers under callgrind (valgrind), over an open
channel and a sealed one, 64 B a message. What is shown is the difference of a
long run and a short one, so that what happens once does not count, in user
space. Costs are grouped by the file that their lines stand in
(groups.py); what no group names is told as "other", with the largest of it.
Everything happens in a network namespace that this program makes.
"""

import argparse
import collections
import glob
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, ".."),
                os.path.join(HERE, "..", "peers")]
import callgrind
import network
from groups import GROUPS, OTHER, group_of
from play import Failed, Process

BOUND_S = 120  # for a publisher and its listener
URL = "udp://239.255.76.94:7787?iface=lo"
KINDS = ("open", "sealed")
FOLDERS = re.compile(r"(?:.*/)?((?:bench|codec|core|plugins|transport)/.*)")
OTHERS_SHOWN = 5
BLIND = 0.5  # so much of "other" is no news of the code


def say(text):
    print(text, file=sys.stderr, flush=True)


# -- Running --

class Stage:
    """Where a publisher and a listener play under callgrind."""

    def __init__(self, build, folder):
        self.peer = os.path.join(build, "bench", "bin", "peer_multisock")
        self.folder = folder
        self.settings = {"open": {}, "sealed": {"key_file": self.path("key")}}
        key = subprocess.run([os.path.join(build, "bin", "msock"), "key",
                              "gen"], check=True, capture_output=True).stdout
        with open(os.open(self.path("key"), os.O_WRONLY | os.O_CREAT, 0o600),
                  "wb") as file:
            file.write(key)
        signal.signal(signal.SIGALRM, self._too_long)

    @staticmethod
    def _too_long(_number, _frame):
        raise Failed(f"took over {BOUND_S} s")

    def path(self, name):
        return os.path.join(self.folder, name)

    def start(self, kind, role, word, **more):
        settings = {"url": URL, "name": role, **self.settings[kind], **more}
        return Process(["valgrind", "--tool=callgrind",
                        f"--callgrind-out-file={self.path(role)}", self.peer,
                        word, *(f"{key}={value}"
                                for key, value in settings.items())], {})

    def play(self, kind, count):
        """One run.  Returns profile and messages, by role."""
        running = []
        signal.alarm(BOUND_S)
        try:
            listener = self.start(kind, "listener", "listen")
            running.append(listener)
            listener.expect("READY")
            publisher = self.start(kind, "publisher", "publish", count=count,
                                   seconds=BOUND_S)
            running.append(publisher)
            publisher.expect("DONE")
            listener.ask_to_end()
            heard = listener.result("count")["count"]
            publisher.ask_to_end()
            sent = publisher.result("sent")["sent"]
            for each in running:
                each.process.wait()  # until its profile is written
        finally:
            signal.alarm(0)
            for each in running:
                each.end()
        if heard < sent:
            say(f"{kind}: the listener missed {sent - heard:,.0f} of "
                f"{sent:,.0f} messages; finding out is among its costs")
        return {"publisher": (callgrind.read(self.path("publisher")), sent),
                "listener": (callgrind.read(self.path("listener")), heard)}


def library_of(path):
    """The name of a library that is not ours, or None."""
    name = os.path.basename(path)
    return None if "multisock" in name else name.split(".")[0]


def source_of(path):
    """A source file as the repository calls it; objects may come from a cache
    of builds elsewhere."""
    ours = FOLDERS.fullmatch(path)
    return ours[1] if ours else path


class Column:
    """Instructions a message of a role on a channel: groups, and what is in
    "other", by function and file."""

    def __init__(self, role, many, few):
        messages = many[1] - few[1]
        if messages <= 0:
            raise Failed(f"the {role} had no more messages in the long run")
        self.groups = collections.Counter()
        self.others = collections.Counter()
        profile = callgrind.difference(many[0], few[0])
        costs = callgrind.spread(profile, library_of)
        for (library, place), cost in costs.items():
            file = source_of(place.file)
            group = group_of(role, library, file)
            self.groups[group] += cost / messages
            if group == OTHER:
                self.others[place.function, library or file] += cost / messages
        self.total = sum(self.groups.values())

    def share(self, group):
        share = 100 * self.groups[group] / self.total
        if group != OTHER and share < 0.05:
            return ""
        return f"{share:.0f} %" if share >= 0.5 else "< 1 %"


def measure(build, messages):
    """Returns the columns, by role and kind of channel."""
    columns = {}
    few = max(1000, messages // 5)
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(build, folder)
        for kind in KINDS:
            short, long = stage.play(kind, few), stage.play(kind,
                                                            few + messages)
            for role in GROUPS:
                columns[role, kind] = Column(role, long[role], short[role])
    return columns


# -- Showing --

def print_table(columns):
    print("| " + " | ".join(f"{role} | open | sealed" for role in GROUPS) +
          " |")
    print("|" + " --- | ---: | ---: |" * len(GROUPS))
    names = [[name for name, *_ in groups] + [OTHER]
             for groups in GROUPS.values()]
    for row in zip(*names):
        print("| " + " | ".join(
            " | ".join([name, *(columns[role, kind].share(name)
                                for kind in KINDS)])
            for role, name in zip(GROUPS, row)) + " |")
    print("| " + " | ".join(
        " | ".join(["instructions a message",
                    *(f"{columns[role, kind].total:,.0f}" for kind in KINDS)])
        for role in GROUPS) + " |")


def print_others(columns):
    for (role, kind), column in columns.items():
        largest = [f"`{function}` of {where} {cost:.1f}" for
                   (function, where), cost in
                   column.others.most_common(OTHERS_SHOWN) if cost >= 0.1]
        if largest:
            print(f"- other of the {role}, {kind}, by instructions a message: "
                  + ", ".join(largest))
    if any(column.groups[OTHER] > BLIND * column.total
           for column in columns.values()):
        say("most lines are of no known file: does the build have debug "
            "information (the preset release)?")


def build_of(build):
    """What kind of build it is, in words."""
    cache, compiler = "", ""
    with open(os.path.join(build, "CMakeCache.txt"), encoding="utf-8") as file:
        cache = file.read()
    for path in glob.glob(os.path.join(build, "CMakeFiles", "*",
                                       "CMakeCCompiler.cmake")):
        with open(path, encoding="utf-8") as file:
            compiler = file.read()
    kind = re.search(r"^CMAKE_BUILD_TYPE:\w+=(.*)$", cache, re.M)
    words = [kind[1] if kind else "?"]
    words += re.findall(r'set\(CMAKE_C_COMPILER_(?:ID|VERSION) "(.*)"\)',
                        compiler)
    if re.search(r"^MSOCK_SANITIZE:\w+=.", cache, re.M):
        sys.exit("callgrind does not run programs with sanitizers: give a "
                 "build without, as the preset release")
    return " ".join(words)


def check(build):
    """Ends the program unless all that it needs is there."""
    if not shutil.which("valgrind"):
        sys.exit("valgrind is not installed: sh tools/deps.sh bench")
    for path in (("CMakeCache.txt",), ("bin", "msock"),
                 ("bench", "bin", "peer_multisock")):
        if not os.path.exists(os.path.join(build, *path)):
            sys.exit(f"{os.path.join(build, *path)} is missing: configure with "
                     "-DMSOCK_BENCH=ON, and build")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", help="folder built with MSOCK_BENCH=ON")
    parser.add_argument("-n", "--messages", type=int, default=100000,
                        help="by which the long run is longer, 1000 to "
                        "1000000 [%(default)s]")
    given = parser.parse_args()
    if not 1000 <= given.messages <= 1000000:
        parser.error("--messages is 1000 to 1000000")
    build = os.path.realpath(given.build)
    check(build)
    made = build_of(build)
    network.enter()
    try:
        columns = measure(build, given.messages)
    except (Failed, KeyError) as why:
        sys.exit(f"no profile: {why}")
    print_table(columns)
    print(f"\n{made}, {given.messages:,} messages.")
    print_others(columns)


if __name__ == "__main__":
    main()
