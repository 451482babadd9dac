#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whether a recording misses anything of a busy channel.

    python3 bench/record/run.py BUILD_DIR [--rate R] [--duration S] [--db]

`msock bench pub --reliable` publishes numbered messages, and `msock record`
writes them. Told are what was published and what stands in the file, the most
memory that the recorder had, and the processor time it took. It fails if one of
the numbers is not in the file, or twice. Everything happens in a network
namespace that this program makes.
"""

import argparse
import base64
import json
import os
import signal
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import network

TOPIC = "bench/load"
SIZE_WORDS = ("-s", "64")
LOAD = 2  # kind of a message that is counted: tools/msock/bench_message.h


def listening():
    """Whether a socket hears the default channel."""
    with open("/proc/net/udp", encoding="ascii") as file:
        return any(":1E67 " in line for line in file)


def memory_of(pid):
    """The most that a program had resident, in KiB."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        for line in file:
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    return 0


def processor_of(pid):
    """Seconds of processor time that a program took."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        parts = file.read().rsplit(")", 1)[1].split()
    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


def recorded(path, is_db):
    """The raw messages of the topic in a recording."""
    if is_db:
        for data, in sqlite3.connect(path).execute(
                "SELECT data FROM messages WHERE topic=?", (TOPIC,)):
            yield data
        return
    with open(path, encoding="utf-8") as file:
        for line in file:
            message = json.loads(line)
            if message["topic"] == TOPIC:
                yield base64.b64decode(message["raw"])


def numbers(path, is_db):
    """The numbers of the load in a recording: not what begins and ends it."""
    for data in recorded(path, is_db):
        magic, kind, number = struct.unpack_from(">4sB3xQ", data)
        if magic == b"msB1" and kind == LOAD:
            yield number


def measure(msock, options, path):
    words = ["--db"] if options.db else []
    recorder = subprocess.Popen([msock, "record", *words, path, TOPIC],
                                stderr=subprocess.PIPE, text=True)
    try:
        while not listening():
            time.sleep(0.01)
        publisher = subprocess.run(
            [msock, "bench", "pub", "--reliable", "--json", *SIZE_WORDS, "-r",
             str(options.rate), "--duration", str(options.duration)],
            stdout=subprocess.PIPE, text=True, check=True,
            timeout=options.duration + 60)
        time.sleep(1)  # what is on its way
        memory, processor = memory_of(recorder.pid), processor_of(recorder.pid)
        recorder.send_signal(signal.SIGTERM)
        said = recorder.communicate(timeout=60)[1]
    finally:
        recorder.kill()
    sent = [json.loads(line) for line in publisher.stdout.splitlines()]
    return (sent[0], list(numbers(path, options.db)), memory, processor,
            said)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", help="directory of a release build")
    parser.add_argument("--rate", type=int, default=20000,
                        help="messages a second [%(default)s]")
    parser.add_argument("--duration", type=int, default=60,
                        help="seconds, at most 600 [%(default)s]")
    parser.add_argument("--db", action="store_true", help="an SQLite file")
    options = parser.parse_args()
    if not 0 < options.duration <= 600:
        parser.error("--duration is 1 to 600")
    network.enter()
    msock = os.path.join(os.path.abspath(options.build), "bin", "msock")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "recording")
        sent, found, memory, processor, said = measure(msock, options, path)
        size = os.path.getsize(path)
    print(sent)
    print(f"{len(found):,} messages of the publisher in the file, "
          f"{size / 2**20:.0f} MiB")
    print(f"recorder: {memory / 1024:.1f} MiB at most, {processor:.1f} s of "
          f"processor time")
    print(said.strip())
    if sorted(found) != list(range(sent["messages"])):
        sys.exit(f"{len(set(found)):,} different ones of "
                 f"{sent['messages']:,} are there")


if __name__ == "__main__":
    main()
