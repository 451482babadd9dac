# SPDX-License-Identifier: Apache-2.0
"""msock topics, hz and bw: what goes by, how often, and how much of it."""

import json
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from delivery_test import LO, netns


class Watch(netns.Case):
    def watch(self, verb, *words):
        program = self.start(verb, *words, "-c", LO)
        netns.until(lambda: netns.listeners(netns.GROUP, netns.PORT) == 1,
                    f"{verb} listens")
        return program

    def say(self, topic, data, *words):
        self.run_msock("pub", topic, data, "-c", LO, "--name", "hub", *words)

    @staticmethod
    def await_messages(program, count):
        """Waits until so many were told of, a second's line at a time."""
        netns.until(lambda: sum(json.loads(line)["messages"] for line in
                                program.output().splitlines()) == count,
                    f"{count} messages are told")


class Topics(Watch):
    def test_each_topic_has_a_line_with_what_came(self):
        topics = self.watch("topics", "-W", "60")
        self.say("b", "1")
        self.say("a/x", '{"on":true}', "--state")
        self.say("b", "22", "--reliable")

        first, second = topics.terminate().lines

        self.assertRegex(first, r"^a/x sr +1 +\d+\.\d/s +\d+ B/s  hub$")
        self.assertRegex(second, r"^b    r +2 +\d+\.\d/s +\d+ B/s  hub$")

    def test_json_tells_the_same(self):
        topics = self.watch("topics", "a/#", "--json", "-W", "60")
        self.say("b", "1")
        self.say("a/\u202ex", "1")

        result = topics.terminate()
        one, = [json.loads(line) for line in result.lines]

        self.assertEqual((one["topic"], one["messages"], one["sender"]),
                         ("a/\u202ex", 1, "hub"))
        self.assertFalse(one["state"] or one["reliable"])
        self.assertNotIn("\u202e", result.out)

    def test_it_ends_by_itself(self):
        self.assertEqual(self.run_msock("topics", "-W", "0.2", "-c", LO).out,
                         "")


class Rates(Watch):
    def test_messages_and_their_gaps_are_told(self):
        hz = self.watch("hz", "a/#", "a/b", "--json")
        for _ in range(3):
            self.say("a/b", "1")
            self.say("c", "1")
        self.await_messages(hz, 3)

        *_, end = [json.loads(line) for line in hz.terminate().lines]

        self.assertEqual((end["messages"], end["end"]), (3, True))
        gap = end["gap_ms"]
        self.assertLessEqual(gap["min"], gap["mean"])
        self.assertLessEqual(gap["mean"], gap["max"])

    def test_bytes_and_sizes_are_told(self):
        bw = self.watch("bw", "#", "--json")
        self.say("a/b", "1")
        self.say("a/b", '"123"')
        self.await_messages(bw, 2)

        *_, end = [json.loads(line) for line in bw.terminate().lines]

        self.assertEqual((end["messages"], end["bytes"]), (2, 4 + 8))
        self.assertEqual(end["size"], {"min": 4, "mean": 6, "max": 8})

    def test_lines_are_for_people(self):
        for verb, pattern in (("hz", r"^ +1 messages +\d+\.\d{3}/s  in all$"),
                              ("bw", r"^ +1 messages +4 bytes +\d+ B/s  "
                               r"sizes 4 / 4\.0 / 4  in all$")):
            program = self.watch(verb, "#")
            self.say("a/b", "1")
            netns.until(lambda: re.search(rb" 1 messages", program.output()),
                        "it is told")

            self.assertRegex(program.terminate().lines[-1], pattern)

    def test_words_that_do_not_fit_are_usage(self):
        for words in (["hz"], ["bw"], ["hz", "#", "-W", "0"],
                      ["topics", "--bogus"]):
            self.assertEqual(self.run_msock(*words, code=2).out, "")


if __name__ == "__main__":
    netns.main()
