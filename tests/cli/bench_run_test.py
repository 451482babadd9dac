# SPDX-License-Identifier: Apache-2.0
"""The benchmarks of bench/ run, and print their tables.

    bench_run_test.py BUILD_DIR

With the least that they can do: what they measure is not looked at.
"""

import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.dom.minidom

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
import netns

BOUND_S = 150

build = os.path.realpath(sys.argv[1])


def bench(*words):
    """What it prints, as a list of tables, which are lists of rows."""
    done = subprocess.run(
        [sys.executable, "-B", os.path.join(ROOT, "bench", words[0]), build,
         *words[1:]], capture_output=True, text=True, timeout=BOUND_S,
        check=False)
    assert done.returncode == 0, done.stderr
    return [[[cell.strip() for cell in line.strip("|").split("|")]
             for line in table.splitlines()]
            for table in done.stdout.split("\n\n")], done.stderr


def column(table, number):
    return [row[number] for row in table[2:]]


class Run(unittest.TestCase):
    def test_it_prints_medians_and_ratios(self):
        (medians, ratios), err = bench("run", "-r", "1", "-s", "10k", "-y",
                                       "multisock,libuv")

        self.assertNotIn("run 1, ", err)
        self.assertEqual(column(medians, 0),
                         ["**10,000 messages/s**", "multisock", "libuv"])
        self.assertEqual(column(ratios, 0), ["10,000/s, one way, p50",
                                             "10,000/s, listener's CPU"])

    def test_it_prints_what_an_idle_subscriber_costs(self):
        (_, idle, ratios), err = bench("run", "-r", "1", "-s", "idle")

        self.assertEqual(column(idle, 0), ["multisock", "libuv"])
        self.assertNotIn("idle, ", err)
        self.assertEqual(column(ratios, 0), [
            "idle subscriber, memory",
            "idle subscriber, exec to first message",
            "idle subscriber, threads", "idle subscriber, wake-ups a second",
            "the library, stripped, KiB"])


class Scale(unittest.TestCase):
    def test_it_prints_tables_and_draws_them(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)

        (to, by, memory, idle), err = bench(
            "scale/run.py", "-r", "1", "--subscribers", "1,2", "--publishers",
            "1,2", "--seconds", "0.1", "--known", "0,2,20", "--idle", "0.5",
            "--held", "10,1000", "-o", folder.name)

        self.assertNotIn("publishers, ", err)
        self.assertEqual(column(to, 0), ["1", "2", "1", "2"])
        self.assertEqual(column(by, 0), ["1", "2", "1", "2"])
        self.assertEqual(column(memory, 0), ["known session", "subscription",
                                             "state value"])
        self.assertEqual(column(idle, 0), ["0", "2", "20"])
        plots = glob.glob(os.path.join(folder.name, "*.svg"))
        self.assertEqual(len(plots), 7)
        for plot in plots:
            self.assertTrue(xml.dom.minidom.parse(plot).getElementsByTagName(
                "text"))


@unittest.skipUnless(shutil.which("valgrind"), "no valgrind")
class Profile(unittest.TestCase):
    def setUp(self):
        with open(os.path.join(build, "CMakeCache.txt"),
                  encoding="utf-8") as file:
            if re.search(r"^MSOCK_SANITIZE:\w+=.", file.read(), re.M):
                self.skipTest("callgrind runs no programs with sanitizers")

    def test_every_instruction_is_in_a_group(self):
        (shares, _), _ = bench("profile/run.py", "-n", "2000")

        for first, width in ((1, 2), (4, 2)):
            for kind in range(first, first + width):
                *parts, other, total = column(shares, kind)
                self.assertGreater(int(total.replace(",", "")), 500)
                self.assertIn(other, ("", "< 1 %", "1 %", "2 %"))
                sums = sum(int(part.split()[0]) for part in parts
                           if part and not part.startswith("<"))
                self.assertTrue(95 <= sums <= 103, sums)


class Record(unittest.TestCase):
    def test_it_tells_what_stands_in_the_file(self):
        for words in ((), ("--db",)):
            (lines,), _ = bench("record/run.py", "--rate", "500", "--duration",
                                "1", *words)

            self.assertRegex(lines[1][0], "^500 messages of the publisher")


class Interfaces(unittest.TestCase):
    def test_it_prints_how_long_a_network_takes_to_come_back(self):
        (_, table), _ = bench("interfaces/run.py", "-n", "1")

        self.assertEqual(column(table, 1),
                         ["floods", "floods", "snoops", "snoops"])
        self.assertTrue(all(int(text) >= 0 for text in column(table, 2)))


def missing():
    """Why nothing can be said here, or None."""
    programs = [os.path.join(build, "bench", "bin", name)
                for name in ("scale_node", "idle_multisock", "idle_uv")]
    if not all(os.access(program, os.X_OK) for program in programs):
        return "the benchmarks are not built: configure with -DMSOCK_BENCH=ON"
    for program in ("nft", "strip"):
        if not shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin"):
            return f"{program} is not installed"
    return None


if __name__ == "__main__":
    why = missing()
    if why:
        print(why)
        sys.exit(netns.SKIPPED)
    netns.main()
