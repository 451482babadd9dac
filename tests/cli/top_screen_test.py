# SPDX-License-Identifier: Apache-2.0
"""msock top on a terminal, which is tmux, and what reaches terminals of what
others send.

tmux has a server of its own, in the network namespace of the test and with a
socket in its folder; it ends with the test. What it shows is looked at
(capture-pane), and the bytes that programs write to it (pipe-pane).
"""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import unicodedata

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from delivery_test import LO, netns

TITLE = "TOPIC"
# Allowed in topics, which may hold no control characters.
NAME = "\u202eev\u2066il\u200b\u200d\ufeff\u2028\u00ad\U000e0041x"
WIDE = "中文e\u0301\u0301\u0301\u0301\ufe0f" + "字" * 60
TEXT = "\x1b[7777mred\x1b]0;title\x07\x1b]8;;http://x\x1b\\\x9b7777m\x85\x7f\r\n"
RAW = TEXT.encode() + b"\x9b7777m\xff\xc3(\xed\xa0\x80\xf8"
# What ncurses and tmux say to a terminal.
SEQUENCES = re.compile(r"\x1b\[[0-9;?]{0,12}[A-Za-z]|\x1b[()][0AB]|\x1b[=>78M]")
CONTROLS = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")


def columns(char):
    """How many columns a terminal gives to a character."""
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def behind(line, column):
    """What of a line is from this column on; None if a letter straddles it."""
    at = 0
    for i, char in enumerate(line):
        if at >= column and columns(char):
            return line[i:] if at == column else None
        at += columns(char)
    return ""


class Terminal(netns.Case):
    def setUp(self):
        super().setUp()
        self.socket = None
        self.opened = 0
        os.environ.update(LC_ALL="C.UTF-8", TMUX="")
        os.environ.pop("NO_COLOR", None)

    @staticmethod
    def tmux_at(socket, *words, check=True):
        done = subprocess.run(["tmux", "-u", "-S", socket, "-f", "/dev/null",
                               *words], check=check, capture_output=True)
        return done.stdout.decode()

    def tmux(self, *words):
        return self.tmux_at(self.socket, *words)

    def children(self, socket):
        """The programs that run in a terminal."""
        shell = self.tmux_at(socket, "display-message", "-p", "#{pane_pid}",
                             check=False).strip()
        try:
            with open(f"/proc/{shell}/task/{shell}/children",
                      encoding="ascii") as file:
                return [int(pid) for pid in file.read().split()]
        except FileNotFoundError:
            return []

    def close(self, socket):
        """Ends the program before its terminal: a hang-up, while a sanitizer
        looks for leaks, has both wait for ever."""
        for pid in self.children(socket):
            os.kill(pid, signal.SIGTERM)
        netns.until(lambda: not self.children(socket), "the program's end")
        self.tmux_at(socket, "kill-server", check=False)

    def open(self, *words, size=(100, 20)):
        """Runs msock in a terminal; ends with a line about its exit code."""
        self.opened += 1
        self.socket = self.path(f"tmux{self.opened}")
        self.addCleanup(self.close, self.socket)
        program = shlex.join([netns.msock, *map(str, words)])
        script = (f"trap : INT QUIT; read go; stty -a >{self.path('before')}; {program}; "
                  f"echo ended with $?; stty -a >{self.path('after')}; "
                  "read end")
        self.tmux("new-session", "-d", "-x", str(size[0]), "-y", str(size[1]),
                  "exec sh -c " + shlex.quote(script))
        self.tmux("pipe-pane", "cat >" + shlex.quote(self.path("bytes")))
        self.press("Enter")
        netns.until(lambda: netns.listeners(netns.GROUP, netns.PORT) == 1,
                    f"{words} listens")

    def top(self, *words, **options):
        self.open("top", "-i", "0.25", "-c", LO, *words, **options)
        self.shows("q quit")

    def press(self, *keys):
        self.tmux("send-keys", *keys)

    def screen(self, *words):
        return self.tmux("capture-pane", "-p", *words)

    def shows(self, text, is_there=True):
        try:
            netns.until(lambda: (text in self.screen()) == is_there, text)
        except AssertionError as error:
            raise AssertionError(f"{error}:\n{self.screen()}") from None

    def say(self, *words, text=""):
        self.run_msock("pub", *words, "-c", LO, "--name", "hub", text=text)

    def say_hostile(self):
        """A message after the other, as anybody on the network can."""
        self.say("--raw", "-", "raw", text=RAW)
        self.say(f"hidden/{NAME}", json.dumps({TEXT: [TEXT, NAME]}))
        self.say("text", json.dumps(TEXT, ensure_ascii=False).replace(
            "\x7f", "\\u007f"))
        self.say(f"wide/{WIDE}", json.dumps(WIDE, ensure_ascii=False))
        self.say("x" * 255, json.dumps("y" * 3000))

    def topics(self):
        """The rows of the screen: their topics' first letters."""
        lines = self.screen().splitlines()
        at = [i for i, line in enumerate(lines) if line.startswith(TITLE)]
        return [line.split(" ")[0] for line in lines[at[0] + 1:-1]
                if line] if at else []

    def bytes(self):
        with open(self.path("bytes"), "rb") as file:
            return file.read()

    def assert_harmless(self, ends_lines):
        """Nothing obeys what came from the network."""
        # Python decodes strictly: no byte of a wrong UTF-8 is in it.
        text = SEQUENCES.sub("", self.bytes().decode("utf-8"))
        allowed = "\r\n" if ends_lines else "\r\n\b\t\x0e\x0f"
        self.assertEqual([char for char in text if char not in allowed and
                          unicodedata.category(char) in CONTROLS], [], text)
        self.assertNotIn(b"\x1b[7777m", self.bytes())
        self.assertNotIn(b"\x1b]", self.bytes())


class Screen(Terminal):
    def test_topics_nodes_and_drops_are_shown_by_their_keys(self):
        self.top("--name", "looker")
        self.say("kitchen/temp", "21.5")
        self.say("kitchen/light", '"on"', "--state")
        self.shows("kitchen/light")
        self.shows("kitchen/temp")

        head, totals, views, *_ = self.screen().splitlines()
        self.assertEqual(head, f"{LO}  open  1 interface")
        self.assertRegex(totals, r"msg/s +[\d.]+ bytes/s +loss +0\.0 %  lost 0"
                         r"  drops 0$")
        self.assertTrue(views.startswith("[1 topics 2] "), views)
        self.assertRegex(self.screen(), r"kitchen/temp +[\d.]+ +[\d.]+ +16 +"
                         r"0\.0 +[\d.]+s hub +21\.5\n")
        self.assertRegex(self.screen(), r"kitchen/light +sr +[\d.]+ .* on\n")

        self.press("Tab")
        self.shows("[2 nodes")
        self.assertRegex(self.screen(), r"hub +(gone|up) +127\.0\.0\.1:\d+ ")
        self.press("3")
        self.shows("drop_own")
        self.assertIn("one's own frame, looped back", self.screen())
        self.press("1")
        self.shows("kitchen/temp")
        self.assertIn("\x1b[7mTOPIC", self.screen("-e"))

    def test_keys_sort_filter_and_pause(self):
        self.top()
        for topic, count in (("b", 1), ("a", 2), ("c", 3)):
            for _ in range(count):
                self.say(topic, "1")
        self.shows("1 topics 3")
        netns.until(lambda: self.topics() == ["c", "a", "b"], "by rate")

        self.press("<")
        netns.until(lambda: self.topics() == ["a", "b", "c"], "by name")
        self.press("r")
        netns.until(lambda: self.topics() == ["c", "b", "a"], "reversed")
        self.press("/", "b")
        self.shows("filter: b_")
        netns.until(lambda: self.topics() == ["b"], "filtered")
        self.press("Enter")
        self.shows("q quit")
        self.press("Escape")
        netns.until(lambda: len(self.topics()) == 3, "not filtered")

        self.press("p")
        self.shows("PAUSED")
        self.say("late", "1")
        self.say("later", "1")
        self.press("h")
        self.shows("reverse the order")
        self.press("h")
        self.shows("reverse the order", False)
        self.assertNotIn("late", self.screen())
        self.press("Space")
        self.shows("late")
        self.assertNotIn("PAUSED", self.screen())

    def test_it_follows_the_size_and_scrolls(self):
        self.top(size=(100, 9))
        for i in range(6):
            self.say(f"topic/{i}", "1")
        self.shows("1 topics 6")
        self.press("<")
        netns.until(lambda: len(self.topics()) == 4, "four rows fit")
        self.press("NPage", "NPage")
        netns.until(lambda: self.topics()[-1:] == ["topic/5"], "the last page")
        self.press("Home")
        netns.until(lambda: self.topics()[:1] == ["topic/0"], "the first page")

        self.tmux("resize-window", "-x", "60", "-y", "20")
        netns.until(lambda: len(self.topics()) == 6, "all rows fit")
        netns.until(lambda: self.screen().splitlines()[-1].startswith("q quit"),
                    "the foot is at the end")
        self.assertIn(">", self.screen().splitlines()[3])
        self.tmux("resize-window", "-x", "1", "-y", "1")
        self.tmux("resize-window", "-x", "120", "-y", "10")
        self.shows("h help")

    def test_colours_are_left_out_if_that_is_asked_for(self):
        for asked in (False, True):
            if asked:
                os.environ["NO_COLOR"] = "1"
            self.top("--key-file", self.key(f"{asked}.key"))
            self.say("a", "1")  # open: it is dropped
            netns.until(lambda: re.search(r"lost 0  drops [1-9]",
                                          self.screen()), "the drop")

            coloured = re.search(r"\x1b\[[0-9;]*31m", self.screen("-e"))
            self.assertEqual(coloured is None, asked)
            self.assertIn("  sealed  ", self.screen())
            self.press("q")
            self.shows("ended with 0")
            self.press("Enter")

    def test_the_terminal_is_given_back_however_it_ends(self):
        ends = [lambda: self.press("q"), lambda: self.press("C-c"),
                lambda: self.press("C-\\")]
        ends += [lambda number=number: os.kill(self.children(self.socket)[0], number)
                 for number in (signal.SIGTERM, signal.SIGHUP)]
        for end in ends:
            self.top()
            end()
            self.shows("ended with 0")
            self.assertNotIn("q quit", self.screen())
            self.assertEqual(self.tmux("display-message", "-p",
                                       "#{cursor_flag}#{alternate_on}"), "10\n")
            netns.until(lambda: os.path.exists(self.path("after")) and
                        os.path.getsize(self.path("after")) > 0, "stty")
            with open(self.path("before"), encoding="utf-8") as before, \
                    open(self.path("after"), encoding="utf-8") as after:
                self.assertEqual(before.read(), after.read())
            os.unlink(self.path("after"))


class Hostile(Terminal):
    def test_top_shows_nothing_of_it_raw_and_keeps_its_columns(self):
        self.top()
        self.say_hostile()
        for topic in ("raw", "hidden", "text", "wide", "xxx"):
            self.shows(topic)
        self.shows("wide/中文")

        lines = self.screen().splitlines()
        at, = [i for i, line in enumerate(lines) if line.startswith(TITLE)]
        column = lines[at].index("SENDER")
        rows = [line for line in lines[at + 1:-1] if line]
        self.assertEqual(len(rows), 5)
        for row in rows:
            self.assertTrue((behind(row, column) or "").startswith("hub "), row)
        self.press("2")
        self.shows("NODE")
        self.press("1", "/", "\u202e")
        self.shows("filter: ")
        self.press("Escape", "q")
        self.shows("ended with 0")
        self.assert_harmless(False)

    def test_in_another_locale_all_is_ascii(self):
        os.environ["LC_ALL"] = "C"
        self.top()
        self.say_hostile()
        self.shows("1 topics 5")
        self.shows("\\u{4e2d}")

        self.assertTrue(self.bytes().isascii())
        self.assert_harmless(False)

    def test_sub_and_echo_write_nothing_of_it_raw(self):
        for words in (["sub", "-v"], ["echo"]):
            self.open(*words, "#", "-c", LO, size=(200, 50))
            self.say_hostile()
            self.shows("yyyyy")
            self.shows(r"\x1b[7777mred")

            self.press("C-c")
            self.shows("ended with ")
            self.assert_harmless(True)
            self.press("Enter")


class Text(netns.Case):
    def test_without_a_terminal_it_says_what_to_take(self):
        result = self.start("top", "-c", LO).end(2)

        self.assertIn("--once, -n COUNT or --json", result.err)

    def start_top(self, *words):
        top = self.start("top", "-c", LO, "-i", "0.25", *words)
        netns.until(lambda: netns.listeners(netns.GROUP, netns.PORT) == 1,
                    "it listens")
        return top

    def test_screens_are_text(self):
        top = self.start_top("-W", "60", "-n", "100000")
        self.run_msock("pub", "a/中", '"x"', "-c", LO, "--name", "hub")
        netns.until(lambda: "a/中".encode() in top.output(), "it is shown")

        lines = top.terminate().lines

        self.assertEqual(lines[0], f"{LO}  open  1 interface")
        self.assertTrue(lines[3].startswith(TITLE))
        row = next(line for line in lines if line.startswith("a/中"))
        self.assertRegex(row, r"^a/中 +[\d.]+ +[\d.]+ +8 +0\.0 +[\d.]+s hub "
                         r"+x$")

    def test_a_number_of_screens_ends_it(self):
        for words, count in ((["--once"], 1), (["-n", "3"], 3)):
            for view, title in (("nodes", "NODE"), ("drops", "REASON")):
                out = self.start_top(*words, "--view", view).end().lines
                self.assertEqual(sum(line.startswith(title) for line in out),
                                 count)

    def test_objects_have_all_views(self):
        top = self.start_top("--json", "a/#", "+/b", "--view", "drops")
        self.run_msock("pub", "a/b", "[1]", "-c", LO, "--name", "hub")
        self.run_msock("pub", "c", "1", "-c", LO, "--name", "hub")
        netns.until(lambda: b'"a/b"' in top.output(), "it is told")

        *_, last = [json.loads(line) for line in top.terminate().lines]

        topic, = last["topics"]
        self.assertEqual((topic["topic"], topic["messages"], topic["sender"],
                          topic["value"], topic["loss"]),
                         ("a/b", 1, "hub", "[1]", 0))
        self.assertIn("hub", [node["node"] for node in last["nodes"]])
        self.assertIn("drop_own", last["drops"])

    def test_loss_is_that_of_the_sender(self):
        top = self.start_top("--json")
        nft = ["nft", "table inet lossy { chain in { type filter hook input "
               f"priority 0; udp dport {netns.PORT} numgen inc mod 5 == 0 drop"
               "; }; }"]
        subprocess.run(nft, check=True)
        self.addCleanup(subprocess.run, ["nft", "delete table inet lossy"],
                        check=True)
        self.run_msock("bench", "pub", "-r", "200", "-C", "200", "-c", LO)
        netns.until(lambda: any(json.loads(line)["messages"] >= 130 for line in
                                top.output().split(b"\n")[:-1]),
                    "most of it came")

        last = json.loads(top.terminate().lines[-1])

        topic, = last["topics"]
        self.assertGreater(topic["loss"], 10)
        self.assertLess(topic["loss"], 30)
        self.assertEqual(topic["loss"], last["loss"])
        self.assertEqual(last["lost"], 0)

    def test_words_that_do_not_fit_are_usage(self):
        for words in (["-i", "0.1"], ["-i", "x"], ["-n", "0"], ["-s", "x"],
                      ["-s", "reason"], ["--view", "x"], ["-W", "0"]):
            self.assertEqual(self.run_msock("top", *words, code=2).out, "")


if __name__ == "__main__":
    if not shutil.which("tmux"):
        print("tmux is not installed: sh tools/deps.sh test")
        sys.exit(1 if os.environ.get("MSOCK_REQUIRE_NETNS") else netns.SKIPPED)
    netns.main()
