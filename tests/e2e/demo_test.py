# SPDX-License-Identifier: Apache-2.0
"""samples/demo.sh with the programs of this build: all lights off; and a node
with another key, which is not moved and says so."""

import os
import subprocess

import netns

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                      "..", "..", "samples", "demo.sh")

DEMO_WAIT_S = 30  # how long it waits for a node that lives


class Demo(netns.Case):
    build = None

    def setUp(self):
        super().setUp()
        self.build = os.path.dirname(os.path.dirname(netns.msock))

    def demo(self, *words, timeout=2 * netns.PATIENCE_S):
        return subprocess.run(
            ["sh", SCRIPT, *words],
            env=dict(os.environ, MSOCK_BUILD=self.build),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=timeout, check=False)

    def test_all_lights_go_off(self):
        done = self.demo()

        self.assertEqual(done.returncode, 0, done.stdout)
        for node in ("kitchen", "porch", "hall"):
            self.assertRegex(done.stdout, rf"(?m)^.*\b{node}\b.*\boff\b")

    def test_a_node_with_another_key_is_not_moved(self):
        done = self.demo("--wrong-key", "kitchen")

        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertRegex(done.stdout, r"(?m)^.*\bporch\b.*\boff\b")
        self.assertNotRegex(done.stdout, r"(?m)^.*\bkitchen\b.*\boff\b")
        self.assertRegex(done.stdout, r"(?m)^kitchen: refused [1-9]")

    def test_a_node_that_ends_early_is_not_waited_for(self):
        os.mkdir(self.path("bin"))
        os.symlink(netns.msock, self.path("bin/msock"))
        with open(os.open(self.path("bin/node"), os.O_WRONLY | os.O_CREAT,
                          0o755), "w", encoding="ascii") as node:
            node.write("#!/bin/sh\necho broken\n")
        self.build = self.folder

        done = self.demo(timeout=DEMO_WAIT_S / 2)

        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("node kitchen did not start: broken", done.stdout)


if __name__ == "__main__":
    netns.main()
