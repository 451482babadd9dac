# SPDX-License-Identifier: Apache-2.0
"""msock pub --confirm: who acted, as lines and as JSON."""

import json
import os
import re
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from delivery_test import CONTROL, LO, Peer, message, netns


class Confirm(netns.Case):
    def setUp(self):
        super().setUp()
        build = os.path.dirname(os.path.dirname(netns.msock))
        self.plugins = self.path("plugins")
        os.makedirs(self.plugins)
        shutil.copy(os.path.join(build, "plugins/journal.so"), self.plugins)

    def hub(self, name):
        """Starts a hub that writes down what it hears."""
        books = self.path(name)
        os.makedirs(books, exist_ok=True)
        with open(self.path(f"{name}.json"), "w", encoding="ascii") as file:
            json.dump({"channel": LO, "name": name, "key_file": None,
                       "plugins_directory": self.plugins,
                       "plugins": [{"name": "journal",
                                    "config": {"directory": books}}]}, file)
        hub = self.start("hub", "--config", file.name)
        netns.until(lambda: b"is ready" in hub.said(), f"{name} is ready")
        return hub

    def confirm(self, *words, code=0):
        return self.run_msock("pub", "a/b", "1", "--confirm", "-c", LO,
                              *words, code=code)

    def test_each_node_has_a_line_and_all_have_one(self):
        self.hub("porch")
        self.hub("attic")

        lines = sorted(self.confirm().lines)

        self.assertRegex(lines[0], r"^2 of 2 acted in \d+ ms$")
        self.assertRegex(lines[1], r"^attic +acted +\d+\.\d ms$")
        self.assertRegex(lines[2], r"^porch +acted +\d+\.\d ms$")
        self.assertEqual(len(lines), 3)

    def test_who_listens_and_says_nothing_is_silent(self):
        self.hub("porch")
        mute = Peer(self)
        pub = self.start("pub", "a/b", "1", "--confirm", "--json",
                         "--deadline", "300", "-c", LO)
        netns.until(lambda: netns.listeners(netns.GROUP, netns.PORT) == 2,
                    "pub listens")
        mute.send(CONTROL, 1, message("$ms/hello", {
            "age": 1000, "every": 5000, "be": 0, "rel": [1, 0], "rev": 1,
            "version": "1", "part": [0, 1], "filters": ["a/#"]}))

        *nodes, end = [json.loads(line) for line in pub.end(1).lines]

        self.assertEqual({one["node"]: one["state"] for one in nodes},
                         {"porch": "acted", "py": "silent"})
        self.assertGreaterEqual(end.pop("ms"), 300)
        self.assertEqual(end, {"expected": 2, "acted": 1, "refused": 0})

    def test_states_of_visitors_are_confirmed_one_after_another(self):
        self.hub("porch")

        for _ in range(4):
            self.confirm("--state")

    def test_nobody_there_is_a_failure(self):
        result = self.confirm(code=1)

        self.assertRegex(result.out, r"^0 of 0 acted in \d+ ms\n$")
        self.assertIn("nobody who is up listens", result.err)

    def test_fewer_than_expected_are_a_failure(self):
        self.hub("porch")

        result = self.confirm("--expect", "2", code=1)

        self.assertRegex(result.lines[-1], r"^1 of 2 acted in \d+ ms$")
        self.assertIn("1 acted where 2 should (--expect)", result.err)
        self.confirm("--expect", "1")

    def test_options_belong_together(self):
        for words in (["t", "--confirm"], ["t", "1", "--json"],
                      ["t", "1", "--deadline", "5"],
                      ["t", "1", "--expect", "5"],
                      ["t", "1", "--confirm", "--expect", "0"],
                      ["t", "1", "--confirm", "--expect", "2x"],
                      ["t", "1", "--confirm", "--expect", "100001"],
                      ["t", "1", "--confirm", "--deadline", "0"],
                      ["t", "1", "--confirm", "--deadline", "600001"],
                      ["t", "1", "--confirm", "--copies", "2"]):
            result = self.run_msock("pub", *words, "-c", LO, code=2)
            self.assertTrue(re.search("--(confirm|deadline|expect|copies)",
                                      result.err), result.err)


if __name__ == "__main__":
    netns.main()
