# SPDX-License-Identifier: Apache-2.0
"""The samples that live in another loop exchange messages with each other."""

import os
import subprocess
import sys
import time

import netns

ASYNCIO = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..",
                       "samples", "embed_asyncio.py")
SAMPLES = ("embed_poll", "embed_uv", "embed_thread", "embed_glib")


class Embedding(netns.Case):
    def path_of(self, name):
        return os.path.join(os.path.dirname(netns.msock), name)

    def sample(self, *words, readers):
        """Starts a sample with a pipe as its input, and waits for it."""
        program = netns.Program(*words, "talk", stdin=subprocess.PIPE)
        self.addCleanup(program.close)
        self.addCleanup(program.process.stdin.close)
        netns.until(lambda: program.process.poll() is not None or
                    netns.listeners(netns.GROUP, netns.PORT) == readers,
                    f"{words} listens")
        if program.process.poll() is not None:
            raise AssertionError(program.end(None).err)
        return program

    def say(self, program, text):
        program.process.stdin.write(text.encode() + b"\n")
        program.process.stdin.flush()

    def talk(self, a, b):
        """Lets both say something that the other hears, and both end."""
        for speaker, listener, text in ((a, b, "one"), (b, a, "two"),
                                        (a, b, "three")):
            self.say(speaker, text)
            netns.until(lambda: text.encode() in listener.output(), text)
        for program in a, b:
            program.process.stdin.close()
            program.end()

    def test_each_talks_to_the_poll_sample_and_ends_with_its_input(self):
        for name in SAMPLES:
            with self.subTest(name):
                if not os.path.exists(self.path_of(name)):
                    self.skipTest(f"{name} was not built")
                self.talk(self.sample(self.path_of("embed_poll"), readers=1),
                          self.sample(self.path_of(name), readers=2))

    def test_asyncio_talks_to_the_poll_sample(self):
        library = os.path.join(os.path.dirname(self.path_of("")), "..", "lib",
                               "libmultisock.so")
        with open(library, "rb") as file:
            content = file.read()
        if b"__asan_init" in content or b"__tsan_init" in content:
            self.skipTest("Python cannot load a library with a sanitizer")

        self.talk(self.sample(self.path_of("embed_poll"), readers=1),
                  self.sample(sys.executable, "-B", ASYNCIO, library,
                              readers=2))

    def test_nothing_runs_while_nobody_speaks(self):
        """No loop here polls: it sleeps until there is work."""
        names = [name for name in SAMPLES if os.path.exists(self.path_of(name))]
        programs = [self.sample(self.path_of(name), readers=i + 1)
                    for i, name in enumerate(names)]
        for program in programs:
            self.say(program, "hello")
        others = len(names) - 1
        netns.until(lambda: all(program.output().count(b"hello") == others
                                for program in programs), "all heard all")

        before = [effort(program) for program in programs]
        time.sleep(0.5)
        after = [effort(program) for program in programs]

        for name, start, end in zip(names, before, after):
            self.assertLess(end - start, 10, name)


def effort(program):
    """How often the program went to sleep by itself, and its processor time in
    ticks of 10 ms: a loop that polls has plenty of one or the other."""
    folder = f"/proc/{program.process.pid}/task"
    count = 0
    for task in os.listdir(folder):
        with open(f"{folder}/{task}/status", encoding="ascii") as file:
            count += sum(int(line.split()[1]) for line in file
                         if line.startswith("voluntary"))
        with open(f"{folder}/{task}/stat", encoding="ascii") as file:
            fields = file.read().rpartition(")")[2].split()
            count += int(fields[11]) + int(fields[12])
    return count


if __name__ == "__main__":
    netns.main()
