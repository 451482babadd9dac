# SPDX-License-Identifier: Apache-2.0
"""Hostile bytes go in at every door, and none comes out: docs/security.md,
"Output".

What is safe is decided here by Python's own tables of Unicode. A line that is
safe holds no character that controls, hides, turns round or breaks; and there
are exactly as many lines as there were things to tell.
"""

import json
import os
import shutil
import signal
import socket
import unicodedata

import netns

LO = f"udp://{netns.GROUP}:{netns.PORT}?iface=lo"
# Allowed in names and topics, which may hold no control characters.
NAME = "\u202eev\u2066il\u200b\u200d\ufeff\u2028\u2029\u00ad\U000e0041x"
TEXT = ("\x1b[2J\x1b]0;title\x07\x1b]8;;http://x\x1b\\ \x9b31m\x9d0;t\x9c"
        "\x85\x7f\r\n2026-11-22 00:00:00.000 FATAL hub: forged\n"
        '{"topic":"forged"}\n<0>forged\n' + NAME)
RAW = TEXT.encode() + b"\x9b31m\xff\xc3(\xed\xa0\x80\xf8"
WORD = os.fsdecode(RAW)  # as an argument: the same bytes
CONTROLS = ("Cc", "Cf", "Cs", "Zl", "Zp")
FORGED = "forged"


def harmful(text):
    return [char for char in text if unicodedata.category(char) in CONTROLS]


class Hostile(netns.Case):
    def safe_lines(self, raw, count=None):
        """The lines of an output, which must be safe, and so many."""
        lines = raw.decode("utf-8").split("\n")
        self.assertEqual(lines.pop(), "", raw)
        for line in lines:
            self.assertEqual(harmful(line), [], raw)
            self.assertFalse(line.startswith((FORGED, "<0>", "{\"topic\":\"f",
                                              "2026-11-22 00:00:00.000")), raw)
        if count is not None:
            self.assertEqual(len(lines), count, raw)
        return lines

    @staticmethod
    def tell(topic, data, sender=NAME, **more):
        """Sends a message as anybody on the network can."""
        text = json.dumps({"topic": topic, "sender": sender, "data": data,
                           **more}, ensure_ascii=False)
        Hostile.throw(text.replace("\x7f", "\\u007f").encode())

    @staticmethod
    def throw(datagram, port=netns.PORT):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF,
                              socket.inet_aton("127.0.0.1"))
            sender.sendto(datagram, (netns.GROUP, port))

    def sample(self, name, *words, **options):
        program = netns.Program(
            os.path.join(os.path.dirname(netns.msock), name), *words, **options)
        self.addCleanup(program.close)
        return program

    def listens(self, program, readers=1):
        netns.until(lambda: program.process.poll() is not None or
                    netns.listeners(netns.GROUP, netns.PORT) >= readers,
                    "it listens")


class Sub(Hostile):
    def test_plain_text_is_one_safe_line_a_message(self):
        sub = self.sub("#", "-C", 3, "-c", LO)

        self.tell("t", TEXT)
        self.tell(NAME, {TEXT: [TEXT]})
        self.tell("t", 1)

        lines = self.safe_lines(sub.end().raw, 3)
        self.assertTrue(lines[0].startswith(r"\x1b[2J\x1b]0;title\x07"), lines)
        self.assertIn(r"\u{009b}31m", lines[0])
        self.assertIn(r"\x0a2026-11-22", lines[0])
        self.assertIn(r"\u{202e}ev\u{2066}il\u{200b}", lines[0])
        self.assertIn(r"\u{2028}\u{2029}\u{00ad}\u{e0041}x", lines[1])

    def test_topics_are_safe(self):
        sub = self.sub("-v", "#", "-C", 2, "-c", LO)

        self.tell(f"a/{NAME}", TEXT)
        self.run_msock("pub", f"b/{NAME}", "1", "-c", LO)

        lines = self.safe_lines(sub.end().raw, 2)
        self.assertTrue(lines[0].startswith(r"a/\u{202e}ev\u{2066}il"), lines)
        self.assertTrue(lines[1].endswith(r"\u{e0041}x 1"), lines)

    def test_json_stays_json_and_the_same_value(self):
        sub = self.sub("--json", "#", "-C", 1, "-c", LO)

        self.tell(NAME, {TEXT: [TEXT, {"deep": TEXT}]})

        line, = self.safe_lines(sub.end().raw, 1)
        self.assertEqual(json.loads(line), {
            "topic": NAME, "sender": NAME,
            "data": {TEXT: [TEXT, {"deep": TEXT}]}})

    def test_raw_bytes_are_safe(self):
        for words in (["-v"], ["--json"]):
            sub = self.sub("t", "-C", 1, "-c", LO, *words)

            self.run_msock("pub", "--raw", "-", "t", "-c", LO, text=RAW)

            line, = self.safe_lines(sub.end().raw, 1)
            self.assertNotIn("\\xe2", line)  # what is UTF-8 is shown as such

    def test_datagrams_of_the_original_library_are_safe(self):
        sub = self.sub("raw", "-C", 1, "-c", LO + "&codec=raw")

        self.throw(RAW)

        line, = self.safe_lines(sub.end().raw, 1)
        self.assertTrue(line.endswith(r"\x9b31m\xff\xc3(\xed\xa0\x80\xf8"),
                        line)

    def test_what_it_tells_of_others_is_safe(self):
        sub = self.sub("#", "-c", LO)

        twins = [self.sub("#", "-c", LO, "--name", NAME, readers=count)
                 for count in (2, 3)]

        netns.until(lambda: b"two programs speak" in sub.said() or
                    b"two programs speak" in twins[0].said(), "the conflict")
        for program in (sub, *twins):
            self.safe_lines(program.said())


class Hub(Hostile):
    def setUp(self):
        super().setUp()
        build = os.path.dirname(os.path.dirname(netns.msock))
        os.mkdir(self.path("plugins"), 0o755)
        for name in ("lights", "journal", "exec"):
            shutil.copy(os.path.join(build, "plugins", name + ".so"),
                        self.path("plugins"))
        os.makedirs(self.path("leds/lamp"))
        with open(self.path("leds/lamp/brightness"), "w",
                  encoding="ascii") as file:
            file.write("0\n")
        os.mkdir(self.path("books"))

    def hub(self, **more):
        """Starts a hub with all its plugins, and waits until it serves."""
        plugins = [
            {"name": "lights", "config": {"directory": self.path("leds")}},
            {"name": "journal", "config": {"directory": self.path("books")}},
            {"name": "exec", "config": {"input_max": 64, "commands": [
                {"filter": "run/#", "program": "/bin/cat",
                 "reply": "reply"}]}}]
        with open(self.path("hub.json"), "w", encoding="utf-8") as file:
            json.dump({"channel": LO, "name": "hub", "key_file": None,
                       "plugins_directory": self.path("plugins"),
                       "plugins": plugins, "log_level": "debug",
                       "status": {"file": self.path("status.json"),
                                  "every_s": 86400, "filters": ["#"]},
                       **more}, file)
        hub = self.start("hub", "--config", self.path("hub.json"))
        netns.until(lambda: b"is ready" in hub.said() or
                    hub.process.poll() is not None, "the hub is ready")
        self.assertIsNone(hub.process.poll(), hub.said())
        return hub

    def test_its_log_is_safe(self):
        hub = self.hub()

        self.tell("lights", TEXT)
        self.tell("lights", {"brightness": 5000})
        self.tell(f"run/{NAME}", TEXT * 3)
        netns.until(lambda: b"refused what" in hub.said() and
                    b": over 64" not in hub.said() and
                    b"over 64" in hub.said(), "the refusals")
        hub.process.terminate()

        lines = self.safe_lines(hub.end().err.encode())
        told = [line for line in lines if r"\u{202e}ev\u{2066}il" in line]
        self.assertGreaterEqual(len(told), 2, lines)

    def test_its_status_is_safe_json(self):
        hub = self.hub()
        netns.until(lambda: os.path.exists(self.path("status.json")),
                    "the first status")
        before = os.stat(self.path("status.json")).st_ino

        self.tell(NAME, {TEXT: TEXT})
        self.tell("last", 1)
        netns.until(lambda: b'"topic":"last"' in self.book(), "the last")
        hub.process.send_signal(signal.SIGUSR1)
        netns.until(lambda: os.stat(self.path("status.json")).st_ino != before,
                    "the status")

        with open(self.path("status.json"), "rb") as file:
            raw = file.read()
        self.safe_lines(raw)
        report = json.loads(raw)["reports"][-1]
        self.assertEqual((report["topic"], report["sender"], report["data"]),
                         (NAME, NAME, {TEXT: TEXT}))

    def book(self):
        """What the journal holds."""
        names = [name for name in os.listdir(self.path("books"))
                 if name.endswith(".jsonl")]
        content = b""
        for name in names:
            with open(os.path.join(self.path("books"), name), "rb") as file:
                content += file.read()
        return content

    def test_its_journal_is_safe_json(self):
        self.hub()

        self.tell(NAME, {TEXT: [TEXT]})
        self.run_msock("pub", "raw", "--raw", "-", "-c", LO, "--name", NAME,
                       text=RAW)
        netns.until(lambda: self.book().count(b"\n") == 3, "three lines")

        # The hub's own lamp has told its state before.
        _, first, second = (json.loads(line)
                            for line in self.safe_lines(self.book(), 3))
        self.assertEqual((first["topic"], first["sender"], first["data"]),
                         (NAME, NAME, {TEXT: [TEXT]}))
        self.assertEqual(second["sender"], NAME)

    def test_a_hostile_configuration_is_told_safely(self):
        for more in ({TEXT: 1}, {"name": TEXT}, {"channel": TEXT},
                     {"key_file": TEXT.replace("\n", "")},
                     {"plugins": [{"name": TEXT}]},
                     {"plugins": [{"name": "lights", "config": {TEXT: 1}}]},
                     {"plugins": [{"name": "lights", "config": {
                         "directory": TEXT}}]},
                     {"status": {"file": TEXT, "filters": [TEXT]}},
                     {"log_level": TEXT}):
            with open(self.path("hub.json"), "w", encoding="utf-8") as file:
                json.dump({"channel": LO, "key_file": None,
                           "plugins_directory": self.path("plugins"), **more},
                          file, ensure_ascii=False)
            result = self.start("hub", "--test-config", "--config",
                                self.path("hub.json"))
            result.process.wait(netns.PATIENCE_S)

            for line in self.safe_lines(result.said()):
                self.assertTrue(line.startswith("msock: "), line)
            self.assertNotEqual(result.said(), b"", more)


class Words(Hostile):
    """Arguments and files that come from elsewhere."""

    def check(self, program):
        program.process.wait(netns.PATIENCE_S)
        said = program.said()
        self.assertNotEqual(program.process.returncode, 0, program.words)
        self.assertNotEqual(said, b"", program.words)
        self.safe_lines(program.output())
        self.safe_lines(said)
        program.close()

    def test_errors_of_the_command_are_safe(self):
        for words in ([WORD], ["sub", WORD, "-c", LO], ["sub", f"--{WORD}"],
                      ["sub", "t", "-c", WORD], ["sub", "t", "-c", LO + WORD],
                      ["sub", "t", "-c", LO, "--key-file", WORD],
                      ["sub", "t", "-c", LO, "--name", WORD],
                      ["sub", "t", "-W", WORD], ["sub", "t", "-C", WORD],
                      ["pub", "t", WORD, "-c", LO],
                      ["pub", WORD, "1", "-c", LO],
                      ["pub", "t", "--raw", WORD, "-c", LO],
                      ["hub", "--config", WORD], ["hub", WORD], ["key", WORD],
                      ["help", WORD]):
            self.check(self.start(*words))

    def test_a_hostile_key_file_is_told_safely(self):
        path = self.path(NAME + ".key")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
            file.write(RAW)

        self.check(self.start("sub", "t", "-c", LO, "--key-file", path))

    def test_comments_of_a_key_file_are_shown_safely(self):
        path = self.key()
        with open(path, "ab") as file:
            key = self.run_msock("key", "gen").raw.rstrip(b"\n")
            file.write(key + b" # " + RAW.replace(b"\n", b" ") + b"\n")

        for words in ([], ["--json"]):
            result = self.run_msock("key", "show", path, *words)

            lines = self.safe_lines(result.raw, 2)
            self.assertIn("forged", lines[1])

    def test_errors_of_the_samples_are_safe(self):
        for words in (
                ("publish", WORD, "1"), ("publish", "t", WORD),
                ("publish", "t", "1", WORD), ("subscribe", WORD),
                ("subscribe", "t", WORD), ("embed_poll", WORD),
                ("embed_poll", "t", WORD), ("hub", WORD),
                ("hub", "--expect", WORD), ("hub", "-c", WORD, "status"),
                ("hub", "--plugins", WORD, "--load", "lights", "-c", LO),
                ("hub", "--load", WORD, "-c", LO),
                ("node", "--name", WORD, "-c", LO),
                ("node", "--name", "n", "--plugins", WORD, "-c", LO),
                ("node", "--name", "n", "--leds", WORD, "-c", LO),
                ("picture", "reader", WORD, "1", LO)):
            self.check(self.sample(*words))


class Samples(Hostile):
    def shown(self, name, *words, text=b"", sent=TEXT):
        """What a sample prints that hears a hostile message."""
        program = self.sample(name, *words)
        self.listens(program)
        self.tell("t", sent)
        netns.until(program.output, "it prints")
        raw = program.output()
        program.close()
        return raw

    def test_what_they_hear_is_one_safe_line(self):
        line, = self.safe_lines(self.shown("subscribe", "t", LO), 1)
        self.assertIn(r"\u{202e}ev", line)

    def test_what_the_embedded_ones_hear_is_one_safe_line(self):
        for name in ("embed_poll", "embed_uv", "embed_thread"):
            with open(self.path("input"), "w", encoding="ascii"):
                pass
            program = self.sample(name, "t", LO, stdin=-1)  # a pipe: no end
            self.listens(program)
            self.tell("t", TEXT)
            netns.until(lambda: b"\n" in program.output(), "it prints")

            line, = self.safe_lines(program.output(), 1)

            self.assertTrue(line.startswith(r"\u{202e}ev"), line)
            self.assertIn(r"\x1b[2J" if "\\x1b" in line else r"\u001b[2J", line)
            program.close()

    def test_the_picture_shows_safe_lines(self):
        program = self.sample("picture", "reader", "B", 2, LO)
        self.listens(program)
        self.tell("picture", TEXT)
        netns.until(lambda: b"hears" in program.output(), "it prints")

        self.safe_lines(program.output(), 2)
        program.end()

    def test_the_table_of_the_hub_is_safe(self):
        hub = self.sample("hub", "-c", LO, "--wait", "0.2", stdin=-1)
        self.listens(hub)
        self.tell(f"{NAME}/lights/state", {"on": True})
        hub.process.stdin.write(RAW.replace(b"\n", b"") + b"\nstatus\nquit\n")
        hub.process.stdin.flush()
        hub.process.wait(netns.PATIENCE_S)

        lines = self.safe_lines(hub.output(), 2)
        self.assertTrue(lines[1].startswith(r"\u{202e}ev\u{2066}il"), lines)
        self.safe_lines(hub.said())

    def node(self, *words):
        os.makedirs(self.path("leds/lamp"))
        with open(self.path("leds/lamp/brightness"), "w",
                  encoding="ascii") as file:
            file.write("0\n")
        node = self.sample("node", "--name", NAME, "--leds", self.path("leds"),
                           "-c", LO, *words)
        netns.until(lambda: b"ready" in node.output() or
                    node.process.poll() is not None, "the node is ready")
        return node

    def test_what_the_hub_tells_of_changes_and_wills_is_safe(self):
        hub = self.sample("hub", "-c", LO, "--wait", "0.2", "watch")
        netns.until(lambda: b"LAST WILL" in hub.output(), "the first table")
        node = self.node("--will", TEXT)
        netns.until(lambda: b"shows lights" in hub.output(), "the lights")

        node.process.kill()
        netns.until(lambda: b" is down: " in hub.output(), "the will")

        lines = self.safe_lines(hub.terminate().raw, 5)
        self.assertTrue(lines[-1].startswith(
            r"\u{202e}ev\u{2066}il"), lines)
        self.assertIn(r" is down: \x1b[2J\x1b]0;title\x07", lines[-1])

    def test_the_log_of_a_node_is_safe(self):
        node = self.node()

        self.tell("lights", TEXT)
        netns.until(lambda: b"refused what" in node.output(), "the refusal")
        self.throw(b"\x1b]0;t\x07" * 9)
        netns.until(lambda: b"drop_" in node.output(), "the drop")

        node.process.terminate()
        self.safe_lines(node.end().raw)


if __name__ == "__main__":
    netns.main()
