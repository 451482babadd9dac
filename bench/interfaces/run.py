#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How long until a network that comes back carries the first message.

    python3 bench/interfaces/run.py BUILD_DIR [-n TIMES]

Two hosts on a switch; one publishes a number every millisecond, and the other's
interface is taken away and made again, or its cable is pulled and plugged in.
Told is the time from the command that brought it up until `msock sub` printed a
message that was published since. Once with a switch that floods, and once
with one that snoops IGMP and has a querier. Everything happens in network
namespaces that this program makes.
"""

import argparse
import os
import statistics
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import network
from network import netns

CHANNEL = f"udp://{netns.GROUP}:{netns.PORT}"
SNOOP = ("mcast_snooping", "1", "mcast_query_response_interval", "10",
         "mcast_startup_query_interval", "10", "mcast_querier", "1")
PATIENCE_S = 20
OUT_S = 0.3  # time for the switch and the listener to see that it is gone


def until(condition, what):
    end = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"{sys.argv[0]}: in {PATIENCE_S} s it was not so: {what}")
        time.sleep(0.001)


class Listener:
    """Notes when each number is printed."""

    def __init__(self, host, msock):
        with host.inside():
            self.program = subprocess.Popen(
                [msock, "sub", "n", "-c", CHANNEL], stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL)
        self.last = (-1, 0.0)
        self.first = None
        self.newest = 0
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        for line in self.program.stdout:
            now = time.monotonic()
            self.last = (int(line), now)
            if self.first is None and self.last[0] >= self.newest:
                self.first = now

    def expect(self, number):
        """The first number from this one on is waited for."""
        self.newest = number
        self.first = None

    def end(self):
        self.program.terminate()
        self.program.wait()


class Publisher:
    """Publishes numbers, one a millisecond."""

    def __init__(self, host, msock):
        with host.inside():
            self.program = subprocess.Popen(
                [msock, "pub", "n", "-c", CHANNEL], stdin=subprocess.PIPE,
                stderr=subprocess.DEVNULL)  # its network comes and goes
        self.count = 0
        self.done = threading.Event()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        while not self.done.wait(0.001):
            self.program.stdin.write(b"%d\n" % self.count)
            self.program.stdin.flush()
            self.count += 1

    def end(self):
        self.done.set()
        self.thread.join()
        self.program.stdin.close()
        self.program.wait()


class House:
    """Two hosts on a switch, and what happens to the second one's network."""

    def __init__(self, name, snoops):
        self.name = name
        self.port = f"{name}-1"
        self.network = network.Network(name, 1)
        if snoops:
            netns.ip("address", "add", "192.0.2.254/24", "dev", name)
            netns.ip("link", "set", name, "type", "bridge", *SNOOP)
        self.writer, self.reader = self.network.hosts

    def make(self):
        """Makes the interface anew, as when an adapter is plugged in."""
        netns.ip("link", "add", "eth0", "netns", self.reader.path(), "type",
                 "veth", "peer", self.port)
        netns.ip("link", "set", self.port, "master", self.name, "up")
        with self.reader.inside():
            netns.ip("address", "add", "192.0.2.2/24", "dev", "eth0")
            start = time.monotonic()
            netns.ip("link", "set", "eth0", "up")
        return start

    def remove(self):
        netns.ip("link", "delete", self.port)

    def pull(self):
        netns.ip("link", "set", self.port, "down")

    def plug(self):
        start = time.monotonic()
        netns.ip("link", "set", self.port, "up")
        return start


def measure(house, listener, publisher, out, back):
    """Milliseconds until the first message, from when it was told to be up."""
    until(lambda: listener.last[0] > publisher.count - 200, "messages arrive")
    out()
    time.sleep(OUT_S)
    quiet = listener.last[0]
    listener.expect(publisher.count)
    start = back()
    until(lambda: listener.first is not None, "a message arrives")
    if quiet >= listener.newest:
        sys.exit(f"{sys.argv[0]}: messages arrived without a network")
    return (listener.first - start) * 1000


def play(name, snoops, msock, times):
    house = House(name, snoops)
    listener = Listener(house.reader, msock)
    publisher = Publisher(house.writer, msock)
    rows = []
    try:
        for what, out, back in (
                ("an interface that appears", house.remove, house.make),
                ("a cable that is plugged in", house.pull, house.plug)):
            found = [measure(house, listener, publisher, out, back)
                     for _ in range(times)]
            rows.append((what, "snoops" if snoops else "floods", found))
    finally:
        publisher.end()
        listener.end()
    return rows


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", help="directory of a release build")
    parser.add_argument("-n", type=int, default=20, metavar="TIMES",
                        help="of each, at most 200 [%(default)s]")
    options = parser.parse_args()
    if not 1 <= options.n <= 200:
        parser.error("-n is 1 to 200")
    network.enter()
    msock = os.path.join(os.path.abspath(options.build), "bin", "msock")
    print(f"First message after, ms, of {options.n} times:\n\n"
          "| | switch | median | least | most |\n"
          "| --- | --- | ---: | ---: | ---: |")
    for name, snoops in (("floods", False), ("snoops", True)):
        for what, switch, found in play(name, snoops, msock, options.n):
            print(f"| {what} | {switch} | {statistics.median(found):.0f} | "
                  f"{min(found):.0f} | {max(found):.0f} |", flush=True)


if __name__ == "__main__":
    main()
