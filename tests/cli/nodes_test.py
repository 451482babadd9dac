# SPDX-License-Identifier: Apache-2.0
"""msock nodes: who is there, as a table and as JSON."""

import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from delivery_test import LO, netns


class Nodes(netns.Case):
    def nodes(self, *words, code=0):
        return self.run_msock("nodes", "-c", LO, *words, code=code)

    def replier(self, name, topic, readers=1):
        self.start("reply", topic, "1", "--name", name, "-c", LO)
        netns.until(lambda: netns.listeners(netns.GROUP, netns.PORT) >= readers,
                    f"{name} listens")

    def test_each_node_has_a_line_with_what_it_listens_to(self):
        self.replier("porch", "lamp/+")
        self.replier("attic room", "door", readers=2)

        first, second = self.nodes().lines

        self.assertRegex(first, r"^attic room  +127\.0\.0\.1:\d+  "
                         r"\d+\.\d+\.\d+  open +door$")
        self.assertRegex(second, r"^porch +127\.0\.0\.1:\d+  "
                         r"\d+\.\d+\.\d+  open +lamp/\+$")
        self.assertEqual(first.index("127"), second.index("127"))

    def test_json_tells_everything(self):
        self.replier("porch", "lamp/+")

        one, = [json.loads(line) for line in self.nodes("--json").lines]

        self.assertEqual(one["node"], "porch")
        self.assertEqual(one["filters"], ["lamp/+"])
        self.assertEqual(one["keys"], [])
        self.assertNotIn("sealed_with", one)
        self.assertFalse(one["visitor"] or one["proved"] or one["keeper"])
        self.assertRegex(one["session"], "^[0-9a-f]{16}$")

    def test_visitors_are_told_when_asked_for(self):
        self.sub("#", "-c", LO)

        self.assertIn("nobody was heard", self.nodes(code=1).err)
        self.assertRegex(self.nodes("--all").out, r"(?m)^\$sub-")

    def test_words_that_do_not_fit_are_usage(self):
        for words in (["lamp"], ["-W", "0"], ["-W", "3601"], ["--bogus"]):
            self.assertEqual(self.nodes(*words, code=2).out, "")


if __name__ == "__main__":
    netns.main()
