# SPDX-License-Identifier: Apache-2.0
"""What the parts of a message's way cost, in time and in instructions.

    python3 bench/micro/run.py BUILD_DIR [-r RUNS] [PART ...]

Times are medians and vary with the machine; instructions, counted by callgrind
(valgrind), hardly do: compare those. They are the difference between a long run
and a short one, so that what happens once does not count.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile

NOTES = {
    "scan": "64 B of JSON, an object of three strings",
    "decode": "a message of that: scanned, checked, cut",
    "decode-again": "the same if its head is that of the last one",
    "encode": "a message of that, in canonical form",
    "encode-again": "the same under the head of the last one",
    "seal": "a frame of 1400 B",
    "open": "the same",
    "dispatch": "to 2 of 1,000 wildcard filters, another topic each time",
    "dispatch-again": "the same topic each time",
    "subscribe": "one of 1,000 filters added to the trie and removed",
    "window": "a counter checked and marked",
    "publish": "64 B: msock_publish() until its share of a frame is finished",
    "publish-sealed": "the same, sealed",
    "hear": "64 B: its share of a frame until the callback returned",
    "hear-sealed": "the same, sealed",
}
TIME_ROUNDS = 200
COUNT_ROUNDS = (2, 6)


def run(*words):
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    return done.stdout


def time_of(micro, part, runs):
    """Nanoseconds an operation, the median of the runs."""
    figures = []
    for _ in range(runs):
        operations, ns = map(int, re.findall(
            r"=(\d+)", run(micro, part, str(TIME_ROUNDS))))
        figures.append(ns / operations)
    return statistics.median(figures)


def instructions_of(micro, part, rounds, folder):
    """Instructions of so many rounds, and their operations."""
    file = os.path.join(folder, "out")
    done = subprocess.run(
        ["valgrind", "--tool=callgrind", "--collect-atstart=no",
         "--toggle-collect=micro_measured", f"--callgrind-out-file={file}",
         micro, part, str(rounds)],
        check=True, capture_output=True, text=True)
    collected = re.search(r"Collected : (\d+)", done.stderr)
    return int(collected[1]), int(re.search(r"=(\d+)", done.stdout)[1])


def count_of(micro, part, folder):
    """Instructions an operation, or None without valgrind."""
    try:
        few = instructions_of(micro, part, COUNT_ROUNDS[0], folder)
        many = instructions_of(micro, part, COUNT_ROUNDS[1], folder)
    except FileNotFoundError:
        return None
    return (many[0] - few[0]) / (many[1] - few[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("build", help="folder built with MSOCK_BENCH=ON")
    parser.add_argument("parts", nargs="*", metavar="PART")
    parser.add_argument("-r", "--runs", type=int, default=5)
    args = parser.parse_args()
    micro = os.path.join(os.path.abspath(args.build), "bench", "bin", "micro")
    known = run(micro).split()
    unknown = set(args.parts) - set(known)
    if unknown:
        sys.exit(f"no such part: {', '.join(sorted(unknown))} "
                 f"(there are {', '.join(known)})")
    print("| part | ns | instructions | |\n| --- | ---: | ---: | --- |")
    with tempfile.TemporaryDirectory() as folder:
        for part in args.parts or known:
            count = count_of(micro, part, folder)
            shown = "no valgrind" if count is None else f"{count:,.0f}"
            ns = time_of(micro, part, args.runs)
            print(f"| {part} | {ns:,.0f} | {shown} | {NOTES[part]} |",
                  flush=True)


if __name__ == "__main__":
    main()
