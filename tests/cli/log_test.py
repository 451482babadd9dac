# SPDX-License-Identifier: Apache-2.0
"""What goes wrong with a channel while a command runs is told as it happens."""

import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
import netns

LO = f"udp://{netns.GROUP}:{netns.PORT}?iface=lo"


class Case(netns.Case):
    def setUp(self):
        super().setUp()
        self.file, self.trust = self.key(), self.path("trust")
        pathlib.Path(self.trust).write_text('* - unsigned "#"\n')
        self.words = ("-c", LO, "--key-file", self.file)

    def told(self, program, text):
        netns.until(lambda: text in program.said(), text.decode())


class Told(Case):
    def test_a_trust_file_that_cannot_be_read_is_told(self):
        sub = self.sub("#", *self.words, "--trust-file", self.trust)

        pathlib.Path(self.trust).write_text("hub ed25519 \x1b[2J\n")

        self.told(sub, b"ERROR")
        said = sub.terminate().err
        self.assertIn("the old trust file stays", said)
        self.assertNotIn("\x1b", said)

    def test_a_key_file_that_is_gone_is_told(self):
        programs = [self.sub("#", *self.words),
                    self.start("pub", "t", *self.words, stdin=subprocess.PIPE)]
        netns.until(lambda: netns.listeners(netns.GROUP, netns.PORT) >= 2,
                    "both listen")

        shutil.move(self.file, self.path("elsewhere"))

        for program in programs:
            self.told(program, b"the old keys stay: ")
            self.assertEqual(program.said().count(b"the old keys stay"), 1)

    def test_two_programs_of_one_name_are_told_to_all_and_once(self):
        neighbour = self.sub("#", *self.words)

        twins = [self.sub("#", *self.words, "--name", "kitchen", readers=count)
                 for count in (2, 3)]

        self.told(neighbour, b"two programs speak as kitchen, one of them at ")
        for twin in twins:
            self.told(twin, b"kitchen is the name of another program, too, at ")
        for program in (neighbour, *twins):
            self.assertEqual(program.terminate().err.count("another name"), 1)

    def test_who_may_not_say_what_it_says_is_told(self):
        identity = self.path("lamp.id")
        with open(os.open(identity, os.O_CREAT | os.O_WRONLY, 0o600),
                  "wb") as file:
            file.write(self.run_msock("id", "gen", "lamp").raw)
        line = self.run_msock("id", "show", identity).out.strip()
        pathlib.Path(self.trust).write_text(f"{line} publish lamp\n")
        words = (*self.words, "--trust-file", self.trust)

        sub = self.sub("#", "-C", 1, *words)
        who = ("--id-file", identity, "--name", "lamp")
        wrong = self.run_msock("pub", "hub", "1", *words, *who)
        right = self.run_msock("pub", "lamp", "2", *words, *who)

        self.assertIn('does not hear it on "hub"', wrong.err)
        self.assertEqual(right.err, "")
        result = sub.end()
        self.assertEqual(result.out, "2\n")
        self.assertIn("WARNING msock: dropped 1: drop_rights", result.err)


class Silent(Case):
    def test_who_wants_no_warnings_gets_none(self):
        quiet = self.sub("#", "-q", *self.words, "--trust-file", self.trust)
        loud = self.sub("#", *self.words, "--trust-file", self.trust, readers=2)

        pathlib.Path(self.trust).write_text("nonsense\n")

        self.told(loud, b"the old trust file stays")
        # It has looked at its files, too, as it has the new key.
        self.run_msock("key", "rotate", self.file)
        self.run_msock("key", "rotate", self.file, "--switch", "--force")
        netns.until(lambda: self.run_msock("pub", "t", "1", *self.words) and
                    quiet.output() != b"", "it has the new key")
        self.assertEqual(quiet.said(), b"")

    def test_copies_are_no_news(self):
        sub = self.sub("#", "-C", 2, *self.words)

        self.run_msock("pub", "t", "1", "--copies", 3, *self.words)
        self.run_msock("pub", "t", "2", *self.words)

        self.assertEqual(sub.end().err, "")


if __name__ == "__main__":
    netns.main()
