# SPDX-License-Identifier: Apache-2.0
"""States: --state, --clear and --conflate, and what sub tells of them."""

import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import delivery_test
from delivery_test import LO, RELIABLE, Peer, netns

PORCH = "fedcba98765432100f1e2d3c4b5a6978"

# A version above what any clock gives.
AHEAD = 1 << 52


def told(topic, version, data, age_ms=None):
    """A state of the node porch, as another one tells it."""
    return json.dumps({"topic": topic, "sender": "py", "state": version,
                       "origin": ["porch", PORCH, age_ms], "data": data},
                      separators=(",", ":")).encode() + b"\n"


class State(delivery_test.Case):
    def listen(self, count, *words):
        return self.sub("t", "--json", "-C", count, "-c", LO, *words)

    def objects(self, sub):
        return [json.loads(line) for line in sub.end().lines]

    def test_states_have_versions(self):
        sub = self.listen(3)
        talker = self.talker("--state", "--name", "hub")
        for number, line in enumerate(("on", '{"x":[]}', "off"), 1):
            self.say(talker, line)
            self.await_lines(sub, number)

        objects = self.objects(sub)
        first = objects[0]["version"]
        self.assertEqual([one["version"] for one in objects],
                         [first, first + 1, first + 2])
        self.assertEqual([one["data"] for one in objects],
                         ["on", {"x": []}, "off"])
        self.assertTrue(all(one["reliable"] for one in objects))
        self.assertEqual(objects[0]["sender"], "hub")
        self.assertNotIn("told", objects[0])
        self.assertNotIn("owner_down", objects[0])

    def test_events_have_none(self):
        sub = self.listen(1)
        self.run_msock("pub", "t", "1", "-c", LO)

        self.assertNotIn("version", self.objects(sub)[0])

    def test_clearing_is_told(self):
        sub = self.listen(1)
        self.run_msock("pub", "t", "--clear", "-c", LO)

        one = self.objects(sub)[0]
        self.assertTrue(one["cleared"])
        self.assertIsNone(one["data"])

    def test_many_lines_may_be_conflated(self):
        sub = self.sub("t", "-c", LO)
        self.run_msock("pub", "t", "--state", "--conflate", "-c", LO,
                       text="".join(f"{i}\n" for i in range(5000)))
        netns.until(lambda: sub.output().split()[-1:] == [b"4999"],
                    "sub prints the last state")

        self.assertLess(len(sub.output().split()), 5000)
        sub.terminate()

    def test_owner_is_the_sender_and_its_age_may_be_unknown(self):
        sub = self.listen(2)
        peer = Peer(self)
        peer.send(RELIABLE, 1, told("t", 7, "on"))
        peer.send(RELIABLE, 2, told("t", 8, "off", 60000))

        first, second = self.objects(sub)
        self.assertEqual(first["sender"], "porch")
        self.assertIsNone(first["age_ms"])
        self.assertTrue(first["told"] and first["owner_down"])
        self.assertGreaterEqual(second["age_ms"], 60000)

    def test_lines_say_what_was_cleared_and_who_is_not_heard(self):
        sub = self.sub("t", "-v", "-C", "4", "-c", LO)
        peer = Peer(self)
        peer.send(RELIABLE, 1, told("t", 7, "on"))
        peer.send(RELIABLE, 2, told("t", 8, "off", 60000))
        self.await_lines(sub, 2)
        self.run_msock("pub", "t", "--clear", "-c", LO)
        self.await_lines(sub, 3)
        self.run_msock("pub", "t", "null", "--state", "-c", LO)

        first, second, third, fourth = sub.end().lines
        self.assertEqual(first, "t on (porch is not heard)")
        self.assertRegex(second, r"^t off \(porch is not heard, 6\d s old\)$")
        self.assertEqual(third, "t (cleared)")
        self.assertEqual(fourth, "t null")

    def test_late_listeners_are_not_told_what_was_cleared(self):
        first = self.sub("#", "-c", LO)
        self.run_msock("pub", "t", "--clear", "-c", LO)
        self.await_lines(first, 1)

        late = self.sub("#", "-v", "-C", "1", "-c", LO, readers=2)
        self.run_msock("pub", "u", "1", "-c", LO)

        self.assertEqual(late.end().lines, ["u 1"])
        first.terminate()

    def test_what_is_older_is_neither_shown_nor_a_loss(self):
        sub = self.listen(2)
        peer = Peer(self)
        peer.send(RELIABLE, 1, told("t", 7, "on"))
        peer.send(RELIABLE, 2, told("t", 6, "old"))
        peer.send(RELIABLE, 3, told("t", 8, "off"))

        result = sub.end()
        self.assertEqual([json.loads(line)["data"] for line in result.lines],
                         ["on", "off"])
        self.assertNotIn("drop", result.err)

    def test_a_new_writer_goes_above_what_is_known_of_before(self):
        sub = self.listen(3)
        pub = self.start("pub", "t", "new", "--state", "-c", LO,
                         stdin=subprocess.DEVNULL)
        self.await_lines(sub, 1)
        Peer(self).send(RELIABLE, 1, told("t", AHEAD, "old"))

        objects = self.objects(sub)
        self.assertEqual([(one["version"], one["data"]) for one in objects],
                         [(objects[0]["version"], "new"), (AHEAD, "old"),
                          (AHEAD + 1, "new")])
        pub.end()

    def test_what_goes_not_together_is_refused(self):
        for words in (["t", "1", "--state", "--copies", "2"],
                      ["t", "1", "--state", "--expires", "5"],
                      ["t", "1", "--state", "--after", "5"],
                      ["t", "1", "--conflate"],
                      ["t", "1", "--clear"],
                      ["t", "--clear", "--raw", "-"]):
            result = self.run_msock("pub", *words, "-c", LO, code=2)
            self.assertRegex(result.err, "state|clear")


if __name__ == "__main__":
    netns.main()
