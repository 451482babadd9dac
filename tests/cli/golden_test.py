# SPDX-License-Identifier: Apache-2.0
"""msock pub, sub and req against mosquitto_pub, mosquitto_sub and mosquitto_rr
with a broker: each line of golden_table.py prints the same, times and ids
masked, and ends with the same code."""

import concurrent.futures
import os
import re
import shlex
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "e2e"))
import golden_table
import netns
from golden_table import Ask

AT_ONCE = 8  # lines; most of the time they wait
FIRST_PORT = 20000  # each line has one of its own

# What differs from one run to the next.
MASKS = (
    (rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6}Z)?[+-]\d{4}", b"TIME"),
    (rb"\d{10}\.\d{9}", b"UNIX"),
    (rb'"mid":[1-9]\d*', b'"mid":ID'),
)


def masked(out):
    for pattern, instead in MASKS:
        out = re.sub(pattern, instead, out)
    return out


def topic_of(words):
    return next(words[at + 1] for at, word in enumerate(words)
                if word in ("-t", "--topic"))


class Side:
    """One of the two that are compared, for one line."""

    def __init__(self, port, folder):
        self.port, self.folder = port, folder
        self.programs = []

    def start(self, *words, data=b""):
        with tempfile.TemporaryFile() as file:
            file.write(data)
            file.seek(0)
            self.programs.append(
                netns.Program(*words, stdin=file, cwd=self.folder))
        return self.programs[-1]

    def close(self):
        for program in self.programs:
            program.close()


class Theirs(Side):
    """mosquitto's programs, and a broker on `lo` of this namespace."""

    def __init__(self, port, folder):
        super().__init__(port, folder)
        path = os.path.join(folder, f"{port}.conf")
        with open(path, "w", encoding="ascii") as file:
            file.write(f"listener {port} 127.0.0.1\nallow_anonymous true\n"
                       "persistence false\nlog_type all\nlog_dest stderr\n"
                       "user root\n")
        self.broker = self.start("mosquitto", "-c", path)
        self.await_broker(b" running")

    def await_broker(self, text, program=None):
        """Waits until the broker has said `text`, or the program has ended."""
        watched = program or self.broker
        netns.until(lambda: text in self.broker.said() or
                    watched.process.poll() is not None, text)
        if self.broker.process.poll() is not None:
            raise AssertionError(self.broker.said().decode())

    def client(self, name, *words, data=b""):
        return self.start(f"mosquitto_{name}", "-h", "127.0.0.1", "-p",
                          self.port, "-i", f"c{len(self.programs)}", *words,
                          data=data)

    def sub(self, words):
        name = f"c{len(self.programs)}"
        program = self.client("sub", *words)
        self.await_broker(f"SUBACK to {name}\n".encode(), program)
        return program

    def hold(self):
        """The broker itself holds what is retained."""

    def pub(self, pub):
        name = f"c{len(self.programs)}"
        program = self.client("pub", *shlex.split(pub.words), data=pub.input)
        if pub.code == 0:
            self.await_broker(f"Client {name} disconnected".encode())
        return program

    def ask(self, ask):
        words = shlex.split(ask.words)
        heard = self.sub(["-t", topic_of(words), "-C", "1", "-v"])
        asker = self.client("rr", *words, "-e", "answers", data=ask.input)
        netns.until(lambda: heard.process.poll() is not None,
                    "the question is heard")
        if ask.answer is not None:
            self.client("pub", "-t", "answers", "-m", ask.answer)
        return asker, heard


class Ours(Side):
    """msock, on a channel of its own."""

    listening = 0

    def msock(self, *words, data=b""):
        return self.start(netns.msock, *words, "-c",
                          f"udp://{netns.GROUP}:{self.port}?iface=lo",
                          data=data)

    def listen(self, *words):
        program = self.msock(*words)
        self.listening += 1
        netns.until(lambda: program.process.poll() is not None or
                    netns.listeners(netns.GROUP, self.port) >= self.listening,
                    f"{words} listens")
        return program

    def sub(self, words):
        if "-q" in words:  # what is reliable need not be asked for
            del words[words.index("-q"):words.index("-q") + 2]
        return self.listen("sub", *words)

    def hold(self):
        """A node that holds all states, as the broker does."""
        self.listen("sub", "#")

    def pub(self, pub):
        return self.msock("pub", *shlex.split(pub.ours or pub.words),
                          data=pub.input)

    def ask(self, ask):
        words = shlex.split(ask.words)
        how = (["later", "--delay", "60000"] if ask.answer is None else
               [ask.answer, "-C", "1"])
        heard = self.listen("reply", topic_of(words), *how, "-v")
        asker = self.msock("req", *words, data=ask.input)
        return asker, heard


def ended(program):
    """The exit code, and what it printed."""
    program.process.wait(netns.PATIENCE_S)
    return program.process.returncode, masked(program.output())


def is_heard(ask):
    """Whether what is heard ends, and is the same."""
    return ask.hears and ask.answer is not None


def run(side, line):
    """Runs a line to its end.  Returns how each of its programs ended."""
    if isinstance(line, Ask):
        asker, heard = side.ask(line)
        return [ended(asker)] + ([ended(heard)] if is_heard(line) else [])
    if line.before:
        side.hold()
    results = [ended(side.pub(pub)) for pub in line.before]
    sub = side.sub(shlex.split(line.sub)) if line.sub else None
    results += [ended(side.pub(pub)) for pub in line.pubs]
    return results + ([ended(sub)] if sub else [])


def codes(line):
    """The exit codes that the table says."""
    if isinstance(line, Ask):
        return [line.code] + ([0] if is_heard(line) else [])
    return ([pub.code for pub in line.before + line.pubs] +
            ([line.code] if line.sub else []))


class Golden(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        for name, content in golden_table.FILES.items():
            with open(os.path.join(self.folder, name), "wb") as file:
                file.write(content)

    def run_twice(self, numbered):
        """Returns how the programs of a line ended, theirs and ours, and what
        ours said."""
        number, line = numbered
        theirs = Theirs(FIRST_PORT + number, self.folder)
        ours = Ours(FIRST_PORT + number, self.folder)
        try:
            results = run(theirs, line), run(ours, line)
            said = b"".join(program.said() for program in ours.programs)
            return line, *results, said.decode("utf-8", "replace")
        finally:
            theirs.close()
            ours.close()

    def test_each_line_prints_the_same_and_ends_alike(self):
        lines = enumerate(golden_table.LINES)
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            for line, theirs, ours, said in pool.map(self.run_twice, lines):
                with self.subTest(line=line):
                    self.assertEqual([code for code, _ in theirs], codes(line))
                    self.assertEqual(ours, theirs, said)

    def test_there_are_enough_lines(self):
        self.assertGreaterEqual(len(golden_table.LINES), 40)


if __name__ == "__main__":
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    missing = [name for name in ("mosquitto", "mosquitto_pub", "mosquitto_sub",
                                 "mosquitto_rr") if not shutil.which(name)]
    if missing:
        print(f"{missing} are missing: sh tools/deps.sh test")
        sys.exit(1 if os.environ.get("MSOCK_REQUIRE_NETNS")
                 else netns.SKIPPED)
    netns.main()
