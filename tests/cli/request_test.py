# SPDX-License-Identifier: Apache-2.0
"""msock req and msock reply: what they print, and how they end."""

import json
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "e2e"))
import netns

LO = f"udp://{netns.GROUP}:{netns.PORT}?iface=lo"


class Requests(netns.Case):
    def replier(self, *words, readers=1):
        """Starts a reply that listens."""
        program = self.start("reply", *words, "-c", LO)
        netns.until(lambda: netns.listeners(netns.GROUP, netns.PORT) >= readers,
                    "reply listens")
        return program

    def req(self, *words, code=0):
        return self.run_msock("req", *words, "-c", LO, code=code)

    def test_the_reply_is_printed(self):
        self.replier("lamp", '{"on": true}')

        self.assertEqual(self.req("lamp", "1").out, '{"on":true}\n')
        self.assertEqual(self.req("lamp").out, '{"on":true}\n')

    def test_who_replies_and_when_is_told(self):
        self.replier("lamp", "bright as day", "--name", "porch")

        self.assertEqual(self.req("lamp", "-v").out, "porch bright as day\n")
        told = json.loads(self.req("lamp", "--json").out)

        self.assertRegex(told.pop("topic"), r"^\$reply/[0-9a-f]{16}/\d+$")
        self.assertGreater(told.pop("ms"), 0)
        self.assertGreaterEqual(told.pop("age_ms"), 0)
        self.assertEqual(told, {"sender": "porch", "reliable": True,
                                "data": "bright as day"})

    def test_requests_are_echoed(self):
        self.replier("a/#", "--echo")

        self.assertEqual(self.req("a/b", "[1, 2]").out, "[1,2]\n")
        self.assertEqual(self.req("a", "hi \x1b there").out,
                         "hi \\x1b there\n")

    def test_requests_are_printed_and_counted(self):
        replier = self.replier("a/#", "1", "-v", "-C", "2")
        self.run_msock("pub", "a/none", "0", "-c", LO)

        self.req("a/b", "x")
        self.req("a/c", "y")

        self.assertEqual(replier.end().lines, ["a/b x", "a/c y"])

    def test_what_is_no_request_is_not_obeyed(self):
        self.replier("a/b", "1", "--name", "attic")

        result = self.run_msock("pub", "a/b", "x", "--confirm", "-c", LO,
                                code=1)

        self.assertRegex(result.lines[0],
                         r"^attic +refused +\d+\.\d ms, MSOCK_ENOTSUP: .+$")

    def test_many_replies_are_waited_for(self):
        self.replier("lamp", "1", "--name", "attic")
        self.replier("lamp", "2", "--name", "porch", readers=2)

        two = self.req("lamp", "-v", "-C", "2", "-W", "20")
        most = self.req("lamp", "-v", "-C", "all", "-W", "2")
        three = self.req("lamp", "-C", "3", "-W", "2", code=27)

        self.assertEqual(sorted(two.lines), ["attic 1", "porch 2"])
        self.assertEqual(sorted(most.lines), ["attic 1", "porch 2"])
        self.assertEqual(sorted(three.lines), ["1", "2"])
        self.assertIn("2 replies in 2 s, where 2 nodes are known"
                      " to listen to lamp",
                      three.err)

    def test_a_reply_that_is_late_is_none(self):
        self.replier("lamp", "1", "--delay", "1500")

        late = self.req("lamp", "-W", "0.3", code=27)
        self.assertEqual(late.out, "")
        self.assertIn("0 replies in 0.3 s, where 1 node is known", late.err)
        self.assertEqual(self.req("lamp", "-W", "20").out, "1\n")

    def test_where_nobody_listens_it_fails(self):
        self.replier("lamp", "1")

        result = self.req("door", "-W", "2", code=1)
        self.assertIn("nobody is there who listens to door", result.err)

    def test_a_replier_ends_after_its_time_or_when_asked(self):
        self.run_msock("reply", "lamp", "1", "-W", "0.2", "-c", LO, code=27)
        replier = self.replier("lamp", "1")
        replier.process.send_signal(signal.SIGINT)
        replier.end(0)

    def test_words_that_do_not_fit_are_usage(self):
        for words in (["req"], ["req", "a", "b", "c"], ["req", "a", "-C", "0"],
                      ["req", "a", "-W", "601"], ["req", "a", "-C", "5e9"],
                      ["req", "a", "-C", "4294967295"],
                      ["reply"], ["reply", "a"], ["reply", "a", "b", "c"],
                      ["reply", "a", "b", "--echo"], ["reply", "a", "1", "-C",
                                                      "x"],
                      ["reply", "a", "1", "--delay", "600001"]):
            result = self.run_msock(*words, "-c", LO, code=2)
            self.assertTrue(result.err.startswith("msock: "), words)

    def test_a_topic_that_is_none_fails(self):
        self.assertIn("not a topic", self.req("a/#", code=1).err)


if __name__ == "__main__":
    netns.main()
