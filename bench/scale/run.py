#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a group costs as it grows.

    python3 bench/scale/run.py BUILD_DIR          tables, and plots beside them
    python3 bench/scale/run.py BUILD_DIR --docs   the same into docs/
    python3 bench/scale/run.py --help

Messages to 1..128 subscribers and from 1..32 publishers, memory by what a node
holds, and what an idle node costs by the nodes it knows. Everything happens in a
network namespace that this program makes.
"""

import argparse
import os
import re
import signal
import statistics
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..")
sys.path[:0] = [HERE, os.path.join(HERE, ".."), os.path.join(HERE, "..",
                                                             "peers")]
import network
import plot
from idle import resident
from play import Failed, Process

GROUP, PORT = "239.255.76.95", "7795"
URL = f"udp://{GROUP}:{PORT}?iface=lo"
PACED = 1000         # messages a second of all publishers, if they are paced
SETTLE_S = 1.5       # after the last node opened
BOUND_S = 60         # for one run
MODES = {"full speed": 0, f"{PACED:,}/s": PACED}


def say(text):
    print(text, file=sys.stderr, flush=True)


class Group:
    """The programs of one run; all end with it."""

    def __init__(self, build):
        self.folder = os.path.join(build, "bench", "bin")
        self.running = []

    def __enter__(self):
        signal.alarm(BOUND_S)
        return self

    def __exit__(self, *_):
        signal.alarm(0)
        for process in self.running:
            process.end()

    def start(self, program, *words):
        process = Process([os.path.join(self.folder, program),
                           *map(str, words)], {})
        self.running.append(process)
        return process

    def nodes(self, count, *words):
        nodes = [self.start("scale_node", *words) for _ in range(count)]
        for node in nodes:
            node.expect("READY")
        return nodes


def too_long(_number, _frame):
    raise Failed("took too long")


# -- Messages --

def flow(build, subscribers, publishers, rate, seconds):
    """One run.  Returns its figures by name."""
    with Group(build) as group:
        heard = group.nodes(subscribers, "listen", URL)
        sent = group.nodes(publishers, "publish", URL, rate / publishers,
                           seconds)
        time.sleep(SETTLE_S)
        for node in sent:
            node.process.send_signal(signal.SIGUSR1)
        sent = [node.result("sent") for node in sent]
        for node in heard:
            node.ask_to_end()
        heard = [node.result("count") for node in heard]
    if any(each["count"] == 0 for each in heard):
        raise Failed("a subscriber heard nothing")
    count = sum(each["sent"] for each in sent)
    came = sum(each["count"] for each in heard)
    rates = [each["noted"] / max(each["took_ns"], 1) * 1e9 for each in heard]
    wall_s = max(each["wall_us"] for each in sent) / 1e6
    return {
        "publisher_us": sum(each["cpu_us"] for each in sent) / max(count, 1),
        "subscriber_us": sum(each["cpu_us"] for each in heard) / max(came, 1),
        "offered": count / wall_s,
        "rate": min(statistics.mean(rates), count / wall_s),
        "loss": 100 * (1 - came / max(count * subscribers, 1)),
    }


def flows(build, given):
    """Figures by mode, subscribers and publishers: medians, worst loss."""
    plan = [(mode, subscribers, 1) for mode in MODES
            for subscribers in given.subscribers]
    plan += [(mode, 1, publishers) for mode in MODES
             for publishers in given.publishers if (mode, 1, publishers)
             not in plan]
    runs = {key: [] for key in plan}
    for number in range(given.runs):
        for mode, subscribers, publishers in plan:
            try:
                runs[mode, subscribers, publishers].append(
                    flow(build, subscribers, publishers, MODES[mode],
                         given.seconds))
            except Failed as why:
                say(f"{subscribers} subscribers, {publishers} publishers, "
                    f"{mode}: {why}")
        say(f"run {number + 1} of {given.runs} done")
    return {key: {**{name: statistics.median(row[name] for row in rows)
                     for name in rows[0]},
                  "worst": max(row["loss"] for row in rows)}
            for key, rows in runs.items() if rows}


def flow_table(seen, column, title):
    """Lines of Markdown; `column`: 1 varies subscribers, 2 publishers."""
    yield (f"| {title} | | offered a second | delivered to each | lost, "
           "worst run | µs a message: publisher | subscriber |")
    yield "| ---: | --- |" + " ---: |" * 5
    for mode in MODES:
        for key, row in seen.items():
            if key[0] == mode and key[3 - column] == 1:
                yield (f"| {key[column]} | {mode} | {row['offered']:,.0f} | "
                       f"{row['rate']:,.0f} | {max(row['worst'], 0):.2f} % | "
                       f"{row['publisher_us']:.2f} | "
                       f"{row['subscriber_us']:.2f} |")


def plot_flows(seen, folder, column, title):
    def points(mode, figure, times=lambda key: 1):
        return [(key[column], row[figure] * times(key))
                for key, row in sorted(seen.items())
                if key[0] == mode and key[3 - column] == 1]

    cost = {f"{who}, {mode}": points(mode, f"{who}_us")
            for mode in MODES for who in ("publisher", "subscriber")}
    plot.lines(os.path.join(folder, f"{title}-cost.svg"),
               f"Processor time of a message, by {title}", title,
               "µs, 64 B a message", cost)
    fast = next(iter(MODES))
    plot.lines(os.path.join(folder, f"{title}-rate.svg"),
               f"Messages at full speed, by {title}", title, "messages/s",
               {"offered in all": points(fast, "offered"),
                "to each subscriber": points(fast, "rate"),
                "to all subscribers": points(fast, "rate",
                                             lambda key: key[1])})


# -- A node that is looked at --

def report(node):
    node.process.send_signal(signal.SIGUSR1)
    return node.result("nodes")


def wait_for(node, figure, count):
    """Returns the node's report when it holds so many."""
    while True:
        seen = report(node)
        if seen[figure] >= count:
            return seen
        time.sleep(0.1)


def spent(node):
    """Processor time in s, and context switches, so far."""
    folder = f"/proc/{node.process.pid}"
    with open(f"{folder}/schedstat", encoding="ascii") as file:
        cpu_s = int(file.read().split()[0]) / 1e9
    with open(f"{folder}/status", encoding="ascii") as file:
        wakes = int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)",
                              file.read(), re.M)[1])
    return cpu_s, wakes


def size_of(node, seen):
    return {"heap": seen["heap"], "rss": 1024 * resident(node.process.pid)}


def each(few, many, count):
    return {name: (many[name] - few[name]) / count for name in few}


# -- Idle, and the memory of a session --

def play_known(group, count):
    """`count` nodes say hello as often as a group of that size does."""
    period_ms = max(5000, 25 * (count + 1))
    player = group.start("scale_hellos", GROUP, PORT, count, period_ms)
    player.expect("READY")
    return player


def idle_by_known(build, known, seconds):
    """An idle node by the number of nodes it knows.  Returns cost and memory by
    that number."""
    seen = {}
    with Group(build) as group:
        signal.alarm(0)
        node = group.nodes(1, "idle", URL, "bench/idle", 0)[0]
        for count in known:
            player = play_known(group, count) if count else None
            signal.alarm(BOUND_S)
            told = wait_for(node, "nodes", count)
            signal.alarm(0)
            time.sleep(SETTLE_S)
            before, began = spent(node), time.monotonic()
            time.sleep(seconds)
            after, took = spent(node), time.monotonic() - began
            seen[count] = {"cpu_ms": 6e4 * (after[0] - before[0]) / took,
                           "wakes": (after[1] - before[1]) / took,
                           **size_of(node, told)}
            if player:
                player.end()
            say(f"idle with {count} known done")
    return seen


# -- Memory --

def subscriptions(build, counts):
    sizes = []
    for count in counts:
        with Group(build) as group:
            node = group.nodes(1, "idle", URL, "bench/idle", count)[0]
            sizes.append(size_of(node, report(node)))
    return each(*sizes, counts[1] - counts[0])


def states(build, counts):
    """Of a node that holds what another published."""
    sizes = []
    for count in counts:
        with Group(build) as group:
            holder = group.nodes(1, "idle", URL, "#", 0)[0]
            group.nodes(1, "states", URL, count)
            told = wait_for(holder, "states", count)
            sizes.append(size_of(holder, told))
    return each(*sizes, counts[1] - counts[0])


def memory(build, seen, counts):
    few, *_, many = sorted(count for count in seen if count > 0)
    session = each({name: seen[few][name] for name in ("heap", "rss")},
                   {name: seen[many][name] for name in ("heap", "rss")},
                   many - few)
    return {"known session": (session, few, many),
            "subscription": (subscriptions(build, counts), *counts),
            "state value": (states(build, counts), *counts)}


def memory_table(rows):
    yield "| bytes each | allocated | resident | measured between |"
    yield "| --- | ---: | ---: | --- |"
    for name, (size, few, many) in rows.items():
        yield (f"| {name} | {size['heap']:,.0f} | {size['rss']:,.0f} | "
               f"{few:,} and {many:,} |")


def idle_table(seen):
    yield "| nodes known | CPU, ms a minute | wake-ups a second | resident |"
    yield "| ---: | ---: | ---: | ---: |"
    for count, row in seen.items():
        yield (f"| {count:,} | {row['cpu_ms']:.0f} | {row['wakes']:.1f} | "
               f"{row['rss'] / 1048576:.1f} MiB |")


# -- All --

def plot_all(folder, seen, rows, idles):
    os.makedirs(folder, exist_ok=True)
    plot_flows(seen, folder, 1, "subscribers")
    plot_flows(seen, folder, 2, "publishers")
    plot.bars(os.path.join(folder, "memory.svg"), "Memory of each", "",
              "bytes", {name: max(size["heap"] or size["rss"], 0)
                        for name, (size, *_) in rows.items()})
    plot.bars(os.path.join(folder, "idle-cpu.svg"), "An idle node's processor "
              "time", "nodes known", "ms a minute",
              {f"{count:,}": row["cpu_ms"] for count, row in idles.items()})
    plot.bars(os.path.join(folder, "idle-wakes.svg"), "An idle node's "
              "wake-ups", "nodes known", "a second",
              {f"{count:,}": row["wakes"] for count, row in idles.items()})


def put(path, tables):
    """Puts the tables between their marks in that document."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    for name, lines in tables.items():
        mark, end = f"<!-- scale: {name} -->\n", "<!-- end -->"
        before, found, rest = text.partition(mark)
        if not found:
            sys.exit(f"{path}: no {mark.strip()}")
        text = before + mark + "\n".join(lines) + "\n" + end + \
            rest.partition(end)[2]
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def numbers(text):
    return [int(word) for word in text.split(",")]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", help="folder built with MSOCK_BENCH=ON")
    parser.add_argument("-r", "--runs", type=int, default=3,
                        help="of which medians are shown [3]")
    parser.add_argument("--subscribers", type=numbers, metavar="N,...",
                        default=[1, 8, 32, 128],
                        help="of one publisher [1,8,32,128]")
    parser.add_argument("--publishers", type=numbers, metavar="N,...",
                        default=[1, 8, 32], help="to one subscriber [1,8,32]")
    parser.add_argument("--seconds", type=float, default=1,
                        help="of publishing, each run [1]")
    parser.add_argument("--known", type=numbers, metavar="N,...",
                        default=[0, 100, 1000], help="nodes, two of them over "
                        "0 and the last at most 1000 [0,100,1000]")
    parser.add_argument("--idle", type=float, default=20,
                        help="seconds for each of those [20]")
    parser.add_argument("--held", type=numbers, metavar="FEW,MANY",
                        default=[1000, 10000],
                        help="subscriptions and states [1000,10000]")
    parser.add_argument("-o", "--plots", metavar="FOLDER",
                        help="for the SVG files [BUILD_DIR/bench/scale]")
    parser.add_argument("--docs", action="store_true",
                        help="plots and tables into docs/performance*")
    given = parser.parse_args()
    if len([count for count in given.known if count > 0]) < 2:
        parser.error("--known needs two numbers over 0")
    if len(given.held) != 2:
        parser.error("--held needs two numbers")
    return given


def main():
    given = arguments()
    network.enter()
    network.netns.ip("link", "set", "lo", "multicast", "on")
    network.netns.ip("route", "add", "224.0.0.0/4", "dev", "lo")
    signal.signal(signal.SIGALRM, too_long)
    build = os.path.realpath(given.build)
    seen = flows(build, given)
    idles = idle_by_known(build, given.known, given.idle)
    rows = memory(build, idles, given.held)
    tables = {
        "subscribers": list(flow_table(seen, 1, "subscribers")),
        "publishers": list(flow_table(seen, 2, "publishers")),
        "memory": list(memory_table(rows)),
        "idle": list(idle_table(idles)),
    }
    print("\n\n".join("\n".join(lines) for lines in tables.values()))
    docs = os.path.join(ROOT, "docs")
    folder = given.plots or os.path.join(build, "bench", "scale")
    plot_all(os.path.join(docs, "performance") if given.docs else folder, seen,
             rows, idles)
    if given.docs:
        put(os.path.join(docs, "performance.md"), tables)


if __name__ == "__main__":
    main()
