# SPDX-License-Identifier: Apache-2.0
"""What a subscriber costs that waits, beside one of bare libuv."""

import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

from play import Failed, Process
from systems import SYSTEMS

RATE = 5000       # messages a second: the first one is never far
SETTLE_S = 1.5    # of opening
WATCH_S = 10      # an idle one is looked at
OPENED_S = 0.3    # until its second hello has left
STARTS = 10       # for memory, and for exec to first message
MUST = {  # title: figure, whether by that of libuv, must, moonshot
    "idle subscriber, memory": ("rss", True, 1.5, 1.25),
    "idle subscriber, exec to first message": ("first_us", True, 1.5, 1.1),
    "idle subscriber, threads": ("threads", False, 1, 1),
    "idle subscriber, wake-ups a second": ("wakes", False, 1, 1),
    "the library, stripped, KiB": ("library", False, 200, 120),
}
PROGRAMS = {"multisock": "idle_multisock", "libuv": "idle_uv"}


def status(pid):
    """Figures of a process, and "waits": those of all its threads."""
    texts = []
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/status", encoding="ascii") as file:
            texts.append(dict(re.findall(r"^(\w+):\s+(\d+)", file.read(),
                                         re.M)))
    return {**{name: int(value) for name, value in texts[0].items()},
            "waits": sum(int(text["voluntary_ctxt_switches"])
                         for text in texts)}


def resident(pid):
    """KiB, counted page by page; VmRSS may be off by some for each processor."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return int(re.search(r"^Rss:\s+(\d+)", file.read(), re.M)[1])


def watch(program, seconds):
    """Threads and wake-ups of one that nobody speaks to."""
    process = Process([program], {})
    try:
        process.expect("READY")
        time.sleep(SETTLE_S)
        before, began = status(process.process.pid), time.monotonic()
        time.sleep(seconds)
        after, took = status(process.process.pid), time.monotonic() - began
    finally:
        process.end()
    return {"threads": after["Threads"],
            "wakes": (after["waits"] - before["waits"]) / took}


def memory(program, starts):
    """Median KiB resident."""
    sizes = []
    for _ in range(starts):
        process = Process([program], {})
        try:
            process.expect("READY")
            time.sleep(OPENED_S)
            sizes.append(resident(process.process.pid))
        finally:
            process.end()
    return statistics.median(sizes)


def first(stage, name, program, starts):
    """Median time from exec to the first message, in us."""
    publisher = stage.start(SYSTEMS[name], "publish", "publisher", size=64,
                            rate=RATE, seconds=60, listeners=0)
    times = []
    try:
        time.sleep(1)
        for _ in range(starts):
            process = Process([program], {})
            try:
                times.append(process.result("first_us")["first_us"])
            finally:
                process.end()
    finally:
        publisher.end()
    return statistics.median(times)


def library_kib(build):
    """Size of the shared library without its symbols, or None."""
    path = os.path.join(build, "lib", "libmultisock.so")
    with tempfile.TemporaryDirectory() as folder:
        stripped = os.path.join(folder, "stripped")
        try:
            subprocess.run(["strip", "-o", stripped, path], check=True)
        except (FileNotFoundError, subprocess.CalledProcessError):
            return None
        return os.path.getsize(stripped) / 1024


def measure(stage, build, quick):
    """Figures by system; those that are not built are left out."""
    seen = {}
    for name, program in PROGRAMS.items():
        program = os.path.join(stage.folder, program)
        if not os.access(program, os.X_OK):
            continue
        try:
            starts = 3 if quick else STARTS
            seen[name] = watch(program, 1 if quick else WATCH_S)
            seen[name]["rss"] = memory(program, starts)
            seen[name]["first_us"] = first(stage, name, program, starts)
        except Failed as why:
            print(f"idle, {name}: {why}", file=sys.stderr)
            seen.pop(name, None)
    library = library_kib(build)
    if library and "multisock" in seen:
        seen["multisock"]["library"] = library
    return seen


def print_figures(seen):
    print("| idle subscriber | resident | threads | wake-ups a second | "
          "exec to first message |")
    print("| --- |" + " ---: |" * 4)
    for name, row in seen.items():
        print(f"| {name} | {row['rss']:,.0f} KiB | {row['threads']} | "
              f"{row['wakes']:.1f} | {row['first_us'] / 1000:.2f} ms |")


def goals(seen):
    """Lines of the table of ratios."""
    ours, theirs = (seen.get(name, {}) for name in PROGRAMS)
    for title, (figure, ratio, must, shot) in MUST.items():
        if figure not in ours or (ratio and figure not in theirs):
            continue
        value = ours[figure] / (theirs[figure] if ratio else 1)
        verdict = ("moonshot" if value <= shot else
                   "met" if value <= must else "missed")
        yield (f"| {title} | {'libuv' if ratio else ''} | {value:.3g} | "
               f"{must:.3g} | {shot:.3g} | {verdict} |")
