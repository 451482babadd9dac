# SPDX-License-Identifier: Apache-2.0
"""Keys are exchanged while everything runs, by the words of msock key."""

import json
import os
import shutil
import subprocess
import threading
import time

import netns

LO = f"udp://{netns.GROUP}:{netns.PORT}?iface=lo"
PER_TURN, TURN_S = 20, 0.02  # 1,000 messages a second


class Stream:
    """A publisher of numbers, until it is stopped."""

    def __init__(self, program):
        self.program = program
        self.count = 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        pipe = self.program.process.stdin
        due = time.monotonic()
        while not self.ended.is_set():
            turn = range(self.count, self.count + PER_TURN)
            pipe.write("".join(f"{n}\n" for n in turn).encode())
            pipe.flush()
            self.count += PER_TURN
            due += TURN_S
            self.ended.wait(max(0, due - time.monotonic()))
        pipe.close()

    def stop(self):
        self.ended.set()
        self.thread.join()


class Case(netns.Case):
    def keys(self, count):
        """Files of one key, a node each."""
        self.files = [self.key("0.key")]
        for n in range(1, count):
            self.files.append(self.path(f"{n}.key"))
        self.hand_out()

    def hand_out(self, files=None):
        """Copies the first file to the others, as configuration tools do."""
        for path in files or self.files[1:]:
            shutil.copy(self.files[0], path + ".new")
            os.chmod(path + ".new", 0o600)
            os.replace(path + ".new", path)

    def words(self, *words, code=0):
        result = self.run_msock("key", words[0], self.files[0], *words[1:],
                                code=code)
        return result

    def listed(self):
        return {node["node"]: node for node in
                map(json.loads, self.words("list", "-c", LO, "--json").lines)}

    def listen(self, n, name):
        return self.start("sub", "-W", 240, "home/#", "-c", LO, "--key-file",
                          self.files[n], "--name", name)


class Exchange(Case):
    def exchange(self):
        """One key for another, at all nodes."""
        old = self.words("id").out.strip()
        new = self.words("rotate").out.strip()
        self.assertEqual({node["node"]: node["lacks"]
                          for node in self.listed().values()},
                         {"hub": [], **{f"lamp{n}": [new]
                                        for n in range(1, 5)}})
        self.hand_out()
        self.assertEqual(self.words("rotate", "--switch", "-c", LO).out,
                         new + "\n")
        self.hand_out()
        self.words("retire", old, "-c", LO)
        self.hand_out()
        self.assertEqual(self.words("show").out.split()[0], new)
        self.assertEqual(len(self.words("show").lines), 1)

    def test_two_exchanges_under_1000_messages_a_second_lose_none(self):
        self.keys(5)
        lamps = [self.listen(n, f"lamp{n}") for n in range(1, 5)]
        netns.until(lambda: netns.listeners(netns.GROUP, netns.PORT) >= 4,
                    "the lamps listen")
        hub = self.start("pub", "home/n", "--reliable", "-c", LO, "--key-file",
                         self.files[0], "--name", "hub",
                         stdin=subprocess.PIPE)
        stream = Stream(hub)
        self.addCleanup(stream.stop)

        self.exchange()
        self.exchange()
        stream.stop()

        self.assertGreater(stream.count, 20000)
        hub.end()
        for lamp in lamps:
            netns.until(lambda: lamp.output().count(b"\n") >= stream.count,
                        "everything arrives")
            self.assertEqual(lamp.terminate().lines,
                             [str(n) for n in range(stream.count)])


class Nobody(Case):
    def test_where_nobody_answers_nothing_is_switched_or_retired(self):
        self.keys(1)
        new = self.words("rotate").out.strip()
        before = os.stat(self.folder).st_mtime_ns

        for words in (("rotate", "--switch"), ("retire", new)):
            refused = self.words(*words, "-c", LO, code=1)
            self.assertIn(f"no node answered on {LO}", refused.err)
            self.assertIn("--force", refused.err)
        self.assertIn("no node answered", self.words("list", "-c", LO).err)
        self.assertIn(new, self.words("show").out)
        self.assertEqual(os.stat(self.folder).st_mtime_ns, before,
                         "nothing was written beside the file")


class Left(Case):
    def publish(self, text):
        self.run_msock("pub", "home/n", text, "--reliable", "-c", LO,
                       "--key-file", self.files[0], "--name", "hub")

    def test_a_node_without_the_new_key_is_named_and_then_hears_nothing(self):
        self.keys(3)
        lamp, lost = self.listen(1, "lamp"), self.listen(2, "lost")
        netns.until(lambda: netns.listeners(netns.GROUP, netns.PORT) >= 2,
                    "both listen")
        self.publish("before")
        netns.until(lambda: lost.output() == b"before\n", "the first message")
        old = self.words("id").out.strip()
        new = self.words("rotate").out.strip()
        self.hand_out([self.files[1]])

        refused = self.words("rotate", "--switch", "-c", LO, code=1)
        self.assertIn(f"lost lacks the key {new}", refused.err)
        self.assertNotIn("lamp lacks", refused.err)
        self.words("rotate", "--switch", "--force")
        self.hand_out([self.files[1]])
        self.publish("after")
        netns.until(lambda: b"after" in lamp.output(), "the second message")

        self.assertEqual(self.listed()["lost"]["holds"], [old])
        refused = self.words("retire", old, "-c", LO, code=1)
        self.assertIn(f"lost lacks the key {new}", refused.err)
        self.assertEqual(lost.terminate().lines, ["before"])
        self.words("retire", old, "-c", LO)
        self.assertEqual(lamp.terminate().lines, ["before", "after"])
        refused = self.words("retire", new, code=1)
        self.assertIn("seals", refused.err)


if __name__ == "__main__":
    netns.main()
