# SPDX-License-Identifier: Apache-2.0
"""samples/demo.sh with the programs of this build: all lights off, though a
cable was pulled; and a node with another key, which is not moved and says so.
"""

import os
import re
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

    def demo(self, *words, timeout=4 * netns.PATIENCE_S, **environment):
        return subprocess.run(
            ["sh", SCRIPT, *words],
            env=dict(os.environ, MSOCK_BUILD=self.build, **environment),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=timeout, check=False)

    def test_all_lights_go_off(self):
        done = self.demo()

        self.assertEqual(done.returncode, 0, done.stdout)
        for node in ("kitchen", "porch", "hall"):
            self.assertIn(f"\n{node}: off\n", done.stdout)
        self.said_in_order(
            done.stdout,
            r"hub> lights on", r"     lights on: 3 of 3 acted in \d+ ms",
            r"     brightness: kitchen 255, porch 255, hall 255",
            r"\(the cable of porch is pulled out\)",
            r"hub> lights off",
            r"     lights off: 2 of 3 acted in \d+ ms; porch silent",
            r"     brightness: kitchen 0, porch 255, hall 0",
            r"     porch is down: cut off, or out of power",
            r"hub> status",
            r"     porch    down  no      on +255 +\d+\.\d s"
            r"  cut off, or out of power",
            r"\(the cable is put in again\)", r"     porch is up",
            r"hub> lights off", r"     lights off: 3 of 3 acted in \d+ ms",
            r"     brightness: kitchen 0, porch 0, hall 0",
            r"hub> status", r"     porch    up    no      off +0 +\d+\.\d s")

    def said_in_order(self, text, *patterns):
        """Looks for lines, each behind the one before."""
        lines = iter(text.splitlines())
        for pattern in patterns:
            self.assertTrue(any(re.fullmatch(pattern, line) for line in lines),
                            f"{pattern} in {text}")

    def test_without_namespaces_all_run_on_one_host(self):
        os.mkdir(self.path("bin"))
        with open(os.open(self.path("bin/unshare"), os.O_WRONLY | os.O_CREAT,
                          0o755), "w", encoding="ascii") as unshare:
            unshare.write("#!/bin/sh\nexit 1\n")

        done = self.demo(PATH=f"{self.path('bin')}:{os.environ['PATH']}")

        self.assertEqual(done.returncode, 0, done.stdout)
        self.said_in_order(
            done.stdout, r"\(no network namespace here: .*\)",
            r"     lights on: 3 of 3 acted in \d+ ms",
            r"     lights off: 3 of 3 acted in \d+ ms",
            r"     porch    up    no      off +0 +\d+\.\d s",
            r"All lights are off\.")

    def test_a_node_with_another_key_is_not_moved(self):
        done = self.demo("--wrong-key", "kitchen")

        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("\nporch: off\n", done.stdout)
        self.assertIn("\nkitchen: STILL ON: ", done.stdout)
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
