# SPDX-License-Identifier: Apache-2.0
"""Plays a scenario with a system, and tells what came of it."""

import os
import signal
import subprocess
import statistics
import sys

START_S = 15
BOUND_S = 60
FLOW_S = 0.5
STEPS = 7            # of the search for the greatest lossless rate
CPU_NS = 1e9
LOSS = """
table ip bench {{
    chain input {{
        type filter hook input priority 0
        ip daddr 224.0.0.0/4 meta l4proto udp \
            numgen random mod 100 < {percent} drop
    }}
}}
"""


class Failed(Exception):
    """A run that gave no figures."""


class Process:
    """A program whose lines are read with a bound in time."""

    def __init__(self, command, environment):
        self.name = " ".join(command[:2])
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True, env={**os.environ, **environment})

    def expect(self, word):
        """Reads up to that line; libraries say things of their own."""
        for line in self.process.stdout:
            if line.strip() == word:
                return
        raise Failed(f"{self.name} ended before {word}")

    def result(self, first):
        for line in self.process.stdout:
            if line.startswith(first + "="):
                return {key: float(value) for key, _, value in
                        (word.partition("=") for word in line.split())}
        raise Failed(f"{self.name} ended without figures")

    def ask_to_end(self):
        self.process.send_signal(signal.SIGTERM)

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Stage:
    """Where systems play: programs, keys and brokers."""

    def __init__(self, build, keys):
        self.folder = os.path.join(build, "bench", "bin")
        self.keys = keys  # settings of the sealed ones, by program
        self.running = []
        signal.signal(signal.SIGALRM, self._too_long)

    @staticmethod
    def _too_long(_number, _frame):
        raise Failed("took too long")

    def has(self, system):
        return os.access(os.path.join(self.folder, "peer_" + system.program),
                         os.X_OK)

    def start(self, system, role, name, **more):
        settings = {**system.settings, **more, "name": name}
        if system.sealed:
            settings.update(self.keys.get(system.program, {}))
        words = [f"{key}={value}" for key, value in settings.items()]
        process = Process(
            [os.path.join(self.folder, "peer_" + system.program), role, *words],
            system.environment)
        self.running.append(process)
        process.expect("READY")
        return process

    def play(self, system, scenario):
        """One run.  Returns its figures by name, or raises Failed."""
        players = {"flow": self._flow, "ping": self._ping,
                   "lossless": self._lossless}
        signal.alarm(BOUND_S)
        self._lose(scenario.loss)
        try:
            return players[scenario.kind](system, scenario)
        finally:
            signal.alarm(0)
            self._end_all()
            self._lose(0)

    def _end_all(self):
        while self.running:
            self.running.pop().end()

    @staticmethod
    def _lose(percent):
        rules = "table ip bench {}\ndelete table ip bench\n"
        if percent > 0:
            rules += LOSS.format(percent=percent)
        subprocess.run(["nft", "-f", "-"], input=rules, text=True, check=True)

    def _flow(self, system, scenario, rate=0):
        rate = rate or scenario.rate
        steady = scenario.rate > 0
        listeners = [
            self.start(system, "listen", f"listener-{i}", size=scenario.size,
                       timed=int(steady), busy=scenario.busy)
            for i in range(scenario.listeners)]
        publisher = self.start(
            system, "publish", "publisher", size=scenario.size,
            seconds=1 if steady else FLOW_S, listeners=scenario.listeners,
            **({"rate": rate} if rate else {}))
        publisher.expect("DONE")
        for listener in listeners:
            listener.ask_to_end()
        heard = [listener.result("count") for listener in listeners]
        publisher.ask_to_end()
        sent = publisher.result("sent")
        self._end_all()
        return flow_figures(sent, heard)

    def _ping(self, system, scenario):
        echo = self.start(system, "echo", "echo", size=scenario.size)
        ping = self.start(system, "ping", "ping", size=scenario.size,
                          count=3000)
        seen = ping.result("rounds")
        echo.ask_to_end()
        if "p50_us" not in seen or seen["lost"] > seen["rounds"] / 100:
            raise Failed("round trips were lost")
        return {"p50_us": seen["p50_us"], "p99_us": seen["p99_us"],
                "rate": 1e6 * seen["rounds"] / seen["wall_us"]}

    def _lossless(self, system, scenario):
        """The greatest rate at which nothing is lost, by bisection."""
        low, best = 0.0, None
        high = 1.1 * self._flow(system, scenario)["offered"]
        for _ in range(STEPS):
            middle = (low + high) / 2
            figures = self._flow(system, scenario, rate=middle)
            kept = figures["offered"] > 0.9 * middle
            if figures["lost"] == 0 and kept:
                low, best = middle, figures
            else:
                high = middle
        if best is None:
            raise Failed("loses at every rate")
        return best


def flow_figures(sent, heard):
    offered = sent["sent"] / max(sent["wall_us"], 1) * 1e6
    wanted = sent["sent"] * len(heard)
    came = sum(each["count"] - each["disorder"] for each in heard)
    rates = [(each["count"] - 1) * CPU_NS /
             max(each["last_ns"] - each["first_ns"], 1) for each in heard]
    share = came / max(wanted, 1)
    # Who begins late and is then served from a buffer is no faster than that.
    rate = min(statistics.mean(rates), offered * share)
    figures = {
        "rate": rate, "offered": offered, "lost": wanted - came,
        "loss": 100 * (1 - share),
        "disorder": sum(each["disorder"] for each in heard),
        "bad": sum(each["bad"] for each in heard),
        "publisher_us": sent["cpu_us"] / max(sent["sent"], 1),
        "listener_us": sum(each["cpu_us"] for each in heard) / max(came, 1),
    }
    figures.update({key: heard[0][key] for key in ("p50_us", "p99_us")
                    if key in heard[0]})
    return figures
