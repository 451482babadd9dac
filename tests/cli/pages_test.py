# SPDX-License-Identifier: Apache-2.0
"""What is made from the tables of msock's verbs: manual pages, help and
completions are those in the tree, and say the same."""

import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
BUILD = sys.argv.pop(1) if len(sys.argv) > 1 else "."
MSOCK = os.path.join(os.path.abspath(BUILD), "bin", "msock")
PAGES = os.path.join(ROOT, "docs", "man")
COMPLETIONS = {"bash": "msock", "zsh": "_msock", "fish": "msock.fish"}


def run(*words, stdin=None, env=None):
    return subprocess.run(words, input=stdin, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False,
                          timeout=60, env={**os.environ, **(env or {})})


def msock(*words):
    result = run(MSOCK, *words)
    if result.returncode != 0:
        raise AssertionError(f"{words}: {result.stdout}")
    return result.stdout


def read(*names):
    with open(os.path.join(*names), encoding="utf-8") as file:
        return file.read()


def words_of(verb):
    """The subverbs of a verb, [] if it has none."""
    text = msock("help", verb)
    if "WORD -h says more." not in text:
        return []
    return re.findall(r"(?m)^  ([a-z][a-z-]*)(?: |$)", text)


def options_of(text):
    """The spellings of options in a help."""
    found = []
    for letter, name in re.findall(
            r"(?m)^ {2}(?:(-\S)|    )(?:(?:, |(?<=    ))(--[a-z-]+))?", text):
        found += filter(None, (letter, name))
    return found


VERBS = msock("help", "--verbs").split()


class Pages(unittest.TestCase):
    def test_each_verb_has_its_page_as_its_table_says(self):
        for verb in VERBS:
            self.assertEqual(read(PAGES, f"msock-{verb}.1"),
                             msock("help", "--mdoc", verb),
                             f"{verb}: run tools/man.sh")

    def test_no_page_is_of_a_verb_that_is_gone(self):
        pages = [name for name in os.listdir(PAGES)
                 if name.startswith("msock-")]

        self.assertEqual(sorted(pages),
                         sorted(f"msock-{verb}.1" for verb in VERBS))

    def test_the_page_of_msock_names_each_verb(self):
        page = read(PAGES, "msock.1")

        for verb in VERBS:
            self.assertIn(f".Xr msock-{verb} 1", page)

    def test_each_option_stands_in_the_page(self):
        count = 0

        for verb in VERBS:
            page = read(PAGES, f"msock-{verb}.1").replace("\\-", "-")
            for word in words_of(verb) or [None]:
                text = msock("help", *filter(None, (verb, word)))
                for option in options_of(text):
                    self.assertRegex(page, rf"(?m)^\.It.* Fl {option[1:]}( |$)",
                                     f"{verb} {word}")
                    count += 1
        self.assertGreater(count, 100)

    def test_each_check_of_the_doctor_stands_in_its_document(self):
        text = read(ROOT, "docs", "troubleshooting.md")
        section = text.split("## What this host does to a channel\n")[1]
        rows = re.findall(r"(?m)^\| (`.*?) \|", section.split("\n## ")[0])
        checks = [line.split()[0]
                  for line in msock("doctor", "--list").splitlines()]

        self.assertEqual(re.findall(r"`([a-z-]+)`", " ".join(rows)), checks)
        self.assertIn(f"`msock doctor`: {len(checks)} checks",
                      read(ROOT, "CHANGELOG.md"))

    def test_mandoc_has_nothing_to_say(self):
        for verb in VERBS:
            page = os.path.join(PAGES, f"msock-{verb}.1")
            said = run("mandoc", "-Tlint", "-Wall", page).stdout
            said = "\n".join(line for line in said.split("\n")
                             if "referenced manual not found" not in line)
            self.assertEqual(said.strip(), "", verb)


class Completions(unittest.TestCase):
    def complete_bash(self, *words, env=None):
        """What bash offers for the last of the words."""
        script = read(ROOT, "tools", "completion", "msock")
        line = " ".join(f"'{word}'" for word in ("msock", *words))
        result = run("bash", "--norc", "-c",
                     f"{script}\nCOMP_WORDS=({line}); "
                     f"COMP_CWORD={len(words)}; _msock; "
                     "printf '%s\\n' \"${COMPREPLY[@]}\"", env=env)
        self.assertEqual(result.returncode, 0, result.stdout)
        return result.stdout.splitlines() if env else result.stdout.split()

    def complete_fish(self, *words):
        line = " ".join(("msock", *words))
        script = read(ROOT, "tools", "completion", "msock.fish")
        result = run("fish", "--no-config", "-c",
                     f"{script}\ncomplete -C '{line}'")
        self.assertEqual(result.returncode, 0, result.stdout)
        return [offer.split("\t")[0] for offer in result.stdout.splitlines()]

    def complete_zsh(self, *words):
        """What _msock hands on to the functions of zsh."""
        script = read(ROOT, "tools", "completion", "_msock")
        line = " ".join(f"'{word}'" for word in ("msock", *words))
        result = run("zsh", "-f", "-c",
                     "_describe() { print -l $2 ${(P)2} }\n"
                     "_arguments() { print -l $words $CURRENT \"$@\" }\n"
                     "compdef() { }\n"
                     f"{script}\nwords=({line}); CURRENT={len(words) + 1}; "
                     "_msock")
        self.assertEqual(result.returncode, 0, result.stdout)
        return result.stdout.splitlines()

    def test_they_are_as_the_tables_say(self):
        for shell, name in COMPLETIONS.items():
            self.assertEqual(read(ROOT, "tools", "completion", name),
                             msock("completion", shell),
                             f"{shell}: run tools/man.sh")

    def test_bash_offers_verbs_words_options_and_values(self):
        here = os.path.join(ROOT, "README")

        self.assertEqual(self.complete_bash("su"), ["sub"])
        self.assertEqual(self.complete_bash("key", "ro"), ["rotate"])
        self.assertEqual(self.complete_bash("hz", "--key"), ["--key-file"])
        self.assertEqual(self.complete_bash("key", "rotate", "--sw"),
                         ["--switch"])
        self.assertEqual(self.complete_bash("hz", "--key-file", here),
                         [here + ".md"])
        self.assertEqual(self.complete_bash("hz", "-W", ""), [])

    def test_bash_offers_the_names_of_contexts_and_runs_none(self):
        with tempfile.TemporaryDirectory() as folder:
            trace = os.path.join(folder, "trace")
            config = os.path.join(folder, "msock.json")
            with open(config, "w", encoding="utf-8") as file:
                json.dump({"contexts": {"home": {}, "two words": {},
                                        f"$(touch {trace})": {}}}, file)
            env = {"MSOCK_CONFIG": config,
                   "MSOCK_SYSTEM_CONFIG": os.path.join(folder, "none"),
                   "PATH": f"{os.path.dirname(MSOCK)}:{os.environ['PATH']}"}

            offered = self.complete_bash("sub", "--context", "", env=env)
            some = self.complete_bash("sub", "--context", "t", env=env)

            self.assertFalse(os.path.exists(trace))
        self.assertEqual(offered[:2], ["home", r"two\ words"])
        self.assertTrue(offered[2].startswith(r"\$\(touch\ "), offered)
        self.assertEqual(some, [r"two\ words"])

    def test_bash_offers_all_options_of_all_verbs(self):
        for verb in VERBS:
            for word in words_of(verb) or [None]:
                words = tuple(filter(None, (verb, word)))
                offered = self.complete_bash(*words, "-")
                self.assertEqual(sorted(offered),
                                 sorted(options_of(msock("help", *words))),
                                 words)

    def test_fish_offers_verbs_words_options_and_values(self):
        self.assertIn("sub", self.complete_fish("su"))
        self.assertEqual(self.complete_fish("key", "ro"), ["rotate"])
        self.assertEqual(self.complete_fish("hz", "--key"), ["--key-file"])
        self.assertEqual(self.complete_fish("key", "rotate", "--sw"),
                         ["--switch"])
        self.assertNotIn("--switch", self.complete_fish("key", "list", "--s"))

    def test_zsh_offers_verbs_words_and_options(self):
        self.assertIn("sub:print the messages that match filters",
                      self.complete_zsh("su"))
        self.assertIn("rotate:add a new key", self.complete_zsh("key", "ro"))
        offered = self.complete_zsh("key", "rotate", "--s")
        self.assertEqual(offered[:3], ["rotate", "--s", "2"])
        self.assertIn("*--switch[the second step]", offered)


if __name__ == "__main__":
    unittest.main()
