# SPDX-License-Identifier: Apache-2.0
"""msock key: what it makes of key files."""

import base64
import contextlib
import fcntl
import hashlib
import json
import os
import pathlib
import re
import signal
import stat
import sys
import termios

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
import netns

VECTORS = ROOT / "tests" / "vectors" / "keys.json"


def id_of(line):
    master = base64.b64decode(line)
    return hashlib.blake2b(b"multisock 1 id", key=master,
                           digest_size=32).hexdigest()[:8]


def full_pipe():
    """A pipe that blocks whoever writes to it."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writer, bytes(4096))
    os.set_blocking(writer, True)
    return reader, writer


def memory(pid):
    """What a process may write but its stack, over which what is printed passes
    piece by piece: the names of regions, whether they are locked, the bytes."""
    smaps = pathlib.Path(f"/proc/{pid}/smaps").read_text()
    regions = re.findall(r"^(\w+)-(\w+) rw\S+ \S+ \S+ \S+ *(.*)$"
                         r"(?:\n\w+:.*)*?\nVmFlags:(.*)$", smaps, re.M)
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as file:
        for first, last, name, flags in regions:
            size = int(last, 16) - int(first, 16)
            if name == "[stack]" or size > 1 << 30: # a sanitizer's shadow
                continue
            file.seek(int(first, 16))
            yield name, "lo" in flags.split(), file.read(size)


class CommandLine(netns.Case):
    def test_no_key_is_taken_from_the_command_line(self):
        key = base64.b64encode(bytes(32)).decode()
        url = "udp://239.255.77.83:7783?iface=lo"

        as_option = self.run_msock("pub", "t", "1", "-c", f"{url}&key={key}",
                                   code=2)
        as_words = self.run_msock("key", "from-passphrase", "one", "two",
                                  code=2)

        self.assertIn('"key": did you mean "key_file"?', as_option.err)
        self.assertNotIn(key, as_option.err)
        self.assertIn("from-passphrase < TEXTS", as_words.err)


    def test_a_key_in_place_of_a_file_is_told_and_not_shown(self):
        key = base64.b64encode(os.urandom(32)).decode()
        calls = [(("pub", "t", "1", "--key", key), {}),
                 (("sub", "t", "--key-file", key), {}),
                 (("pub", "t", "1", "--key-file=" + key), {}),
                 (("key", "show", key), {}),
                 (("key", "push", key, "--all", "--id-file", "a",
                   "--trust-file", "b"), {}),
                 (("pub", "t", "1"), {"MSOCK_KEY_FILE": key})]

        for words, environment in calls:
            result = self.run_msock(*words, code=2,
                                    env={**os.environ, **environment})
            self.assertIn("this looks like a key itself", result.err, words)
            self.assertNotIn(key, result.err)

    def test_a_file_that_is_called_like_a_key_is_one(self):
        key = "A" * 43 + "="
        os.rename(self.key(), self.path(key))

        shown = self.run_msock("key", "show", key, cwd=self.folder)

        self.assertEqual(len(shown.lines), 1)

    def test_hints_name_the_verb(self):
        for words in (("gen", "--wrong"), ("show", "f", "-x"),
                      ("rotate", "f", "--except")):
            result = self.run_msock("key", *words, code=2)
            self.assertIn(f"see msock key {words[0]} -h", result.err, words)

    def test_the_channel_names_no_other_keys(self):
        for word in ("list", "push"):
            result = self.run_msock(
                "key", word, self.key(), "-c",
                f"udp://{netns.GROUP}:{netns.PORT}?key_file=other", code=2)
            self.assertIn("names a key_file", result.err)


class Passphrase(netns.Case):
    def test_the_two_lines_make_the_key_that_belongs_to_them(self):
        case = json.loads(VECTORS.read_text())["cases"][0]
        lines = case["key_string"], case["passphrase"]

        for ending in ("\n", "\r\n"):
            result = self.run_msock("key", "from-passphrase",
                                    text=ending.join((*lines, "")))
            self.assertEqual(result.out, case["key"] + "\n")
            self.assertEqual(result.err, "")
        last = self.run_msock("key", "from-passphrase", text="\n".join(lines))
        self.assertEqual(last.out, case["key"] + "\n")

    def test_anything_but_two_lines_is_refused(self):
        for text, said in (("", "has no key string"),
                           ("home\n", "has no passphrase"),
                           ("\nsecret\n", "has no key string"),
                           ("home\nsecret\nmore", "more than two lines"),
                           ("home\nsecret\n\n", "more than two lines"),
                           ("ho\0me\nsecret\n", "holds a zero byte"),
                           ("h" * 1024 + "\nsecret\n", "longer than 1023")):
            result = self.run_msock("key", "from-passphrase", text=text, code=1)
            self.assertEqual(result.out, "", text)
            self.assertIn(said, result.err, text)
            self.assertNotIn("secret\n", result.err)

    def test_a_short_passphrase_is_refused(self):
        result = self.run_msock("key", "from-passphrase", text="home\n7 bytes",
                                code=1)

        self.assertEqual(result.out, "")
        self.assertIn("under 8 bytes", result.err)
        self.run_msock("key", "from-passphrase", text="home\n8 bytes!")


class Terminal(netns.Case):
    """What is typed is shown on a pseudo terminal, or not."""

    def setUp(self):
        super().setUp()
        self.far, near = os.openpty()
        self.addCleanup(os.close, self.far)
        self.program = self.start("key", "from-passphrase", stdin=near,
                                  start_new_session=True,
                                  preexec_fn=lambda: fcntl.ioctl(
                                      near, termios.TIOCSCTTY, 0))
        self.near = near
        self.addCleanup(os.close, near)

    def type(self, prompt, text):
        """Answers a question."""
        netns.until(lambda: prompt in self.program.said(), prompt)
        os.write(self.far, text)

    def echoes(self):
        return bool(termios.tcgetattr(self.near)[3] & termios.ECHO)

    def shown(self):
        os.set_blocking(self.far, False)
        return os.read(self.far, 4096)

    def test_a_passphrase_is_asked_for_and_not_shown(self):
        self.type(b"key string", b"home\n")
        self.type(b"not shown", b"correct horse battery staple\n")
        self.assertFalse(self.echoes())
        self.type(b"once more", b"correct horse battery staple\n")

        result = self.program.end()

        self.assertEqual(
            result.out, json.loads(VECTORS.read_text())["cases"][0]["key"] +
            "\n")
        self.assertTrue(self.echoes())
        self.assertEqual(self.shown(), b"home\r\n\r\n\r\n")

    def test_a_slip_is_noticed(self):
        self.type(b"key string", b"home\n")
        self.type(b"not shown", b"correct horse\n")
        self.type(b"once more", b"correct house\n")

        result = self.program.end(1)

        self.assertIn("another one", result.err)
        self.assertEqual(result.out, "")

    def test_who_is_interrupted_leaves_the_terminal_as_it_was(self):
        self.type(b"key string", b"home\n")
        netns.until(lambda: not self.echoes(), "it hides")

        os.write(self.far, b"\x03")

        self.program.end(-signal.SIGINT)
        self.assertTrue(self.echoes())

    def test_who_was_stopped_asks_again(self):
        self.type(b"key string", b"home\n")
        netns.until(lambda: not self.echoes(), "it hides")
        # Nobody could continue it here, so the system does not stop it.
        self.program.process.send_signal(signal.SIGTSTP)
        netns.until(lambda: self.program.said().count(b"not shown") == 2,
                    "it asks again")

        self.program.terminate(-signal.SIGTERM)
        self.assertTrue(self.echoes())


class Showing(netns.Case):
    def setUp(self):
        super().setUp()
        self.file = self.key()
        self.first = pathlib.Path(self.file).read_text().strip()
        second = self.run_msock("key", "gen").out.strip()
        with open(self.file, "a", encoding="utf-8") as file:
            file.write(f"# of the\n{second} # summer \x1b[2J\n")
        self.second = second

    def test_ids_are_shown_and_no_key(self):
        result = self.run_msock("key", "show", self.file)

        self.assertEqual(result.out, f"{id_of(self.first)}  seals\n"
                         f"{id_of(self.second)}  opens  summer \\x1b[2J\n")

    def test_json_says_the_same(self):
        result = self.run_msock("key", "show", self.file, "--json")

        self.assertNotIn("\x1b", result.out)
        self.assertEqual([json.loads(line) for line in result.lines], [
            {"id": id_of(self.first), "seals": True},
            {"id": id_of(self.second), "seals": False,
             "comment": "summer \x1b[2J"}])

    def test_keys_are_shown_when_that_is_asked_for(self):
        plain = self.run_msock("key", "show", self.file, "--secret")
        as_json = self.run_msock("key", "show", self.file, "--secret", "--json")

        self.assertIn(self.first, plain.lines[0])
        self.assertEqual([json.loads(line)["key"] for line in as_json.lines],
                         [self.first, self.second])

    def test_shown_keys_are_in_memory_that_is_not_swapped(self):
        program = pathlib.Path(netns.msock).read_bytes()
        if b"__asan_init" in program or b"__tsan_init" in program:
            self.skipTest("sanitizers lock no memory")
        reader, writer = full_pipe()
        self.addCleanup(os.close, reader)
        show = self.start("key", "show", self.file, "--secret", stdout=writer)
        os.close(writer)
        line = f"seals  {self.first}\n".encode()

        netns.until(lambda: any(line in text for _, _, text in
                                memory(show.process.pid)), "keys are at hand")

        for name, locked, text in memory(show.process.pid):
            self.assertTrue(locked or line not in text, name)

    def test_id_is_that_of_the_key_that_seals(self):
        result = self.run_msock("key", "id", self.file)

        self.assertEqual(result.out, id_of(self.first) + "\n")

    def test_a_file_that_cannot_be_used_is_told(self):
        os.chmod(self.file, 0o644)

        for words in (["show"], ["id"], ["rotate"]):
            result = self.run_msock("key", *words, self.file, code=1)
            self.assertIn("chmod 600", result.err)
            self.assertNotIn(self.first, result.err)


class Rotating(netns.Case):
    def setUp(self):
        super().setUp()
        self.file = self.key()
        text = pathlib.Path(self.file).read_text()
        pathlib.Path(self.file).write_text("# our house\n\n" + text)
        self.old = self.ids()[0]

    def ids(self):
        return [json.loads(line)["id"] for line in
                self.run_msock("key", "show", self.file, "--json").lines]

    def rotate(self, *words, code=0):
        return self.run_msock("key", "rotate", self.file, *words, code=code)

    def test_a_new_key_comes_behind_the_old_one(self):
        result = self.rotate()

        self.assertEqual(self.ids(), [self.old, result.out.strip()])
        text = pathlib.Path(self.file).read_text()
        self.assertRegex(text, r"^# our house\n\n\S{44}\n\S{44} # added 20")
        self.assertEqual(stat.S_IMODE(os.stat(self.file).st_mode), 0o600)
        self.assertIn("copy", result.err)

    def test_the_newest_key_seals_after_the_switch(self):
        new = self.rotate().out.strip()

        result = self.rotate("--switch", "--force")

        self.assertEqual(result.out, new + "\n")
        self.assertEqual(self.ids(), [new, self.old])

    def test_a_switch_is_not_taken_back_by_a_second_one(self):
        self.rotate()
        self.rotate("--switch", "--force")
        before = self.ids()

        result = self.rotate("--switch", "--force", code=1)

        self.assertIn("no key of", result.err)
        self.assertEqual(self.ids(), before)

    def test_the_newest_of_one_second_is_known(self):
        for _ in range(3):
            new = self.rotate("--force").out.strip()

        self.assertEqual(self.rotate("--switch", "--force").out, new + "\n")

    def test_a_key_may_be_switched_to_by_name(self):
        self.rotate()
        new = self.ids()[1]
        self.rotate("--switch", "--force")

        self.rotate(self.old, "--switch", "--force")

        self.assertEqual(self.ids(), [self.old, new])
        for name, said in ((self.old, "seals already"), ("0", "no key 0")):
            result = self.rotate(name, "--switch", "--force", code=1)
            self.assertIn(said, result.err)

    def test_one_new_key_at_a_time(self):
        new = self.rotate().out.strip()

        result = self.rotate(code=1)

        self.assertIn(new, result.err)
        self.assertEqual(len(self.ids()), 2)
        self.rotate("--force")
        self.assertEqual(len(self.ids()), 3)

    def test_nobody_is_left_out_of_a_new_key_by_name(self):
        result = self.rotate("--except", "lamp", code=2)

        self.assertIn("--except is for --switch", result.err)
        self.assertEqual(self.ids(), [self.old])

    def test_a_switch_that_may_lose_nodes_wants_force(self):
        self.rotate()

        result = self.rotate("--switch", code=1)

        self.assertIn("--force", result.err)
        self.assertIn("-c", result.err)
        self.assertEqual(self.ids()[0], self.old)

    def test_a_key_is_not_retired_before_anybody_was_asked(self):
        new = self.rotate().out.strip()

        result = self.run_msock("key", "retire", self.file, new, code=1)

        self.assertIn("-c", result.err)
        self.assertIn("--force", result.err)
        self.assertEqual(self.ids(), [self.old, new])

    def test_only_a_key_that_does_not_seal_is_retired(self):
        new = self.rotate().out.strip()

        for name, said in ((self.old, "seals"), ("0", "holds no key 0")):
            result = self.run_msock("key", "retire", self.file, name, code=1)
            self.assertIn(said, result.err)
        self.run_msock("key", "retire", self.file, new, "--force")

        self.assertEqual(self.ids(), [self.old])

    def test_retiring_waits_for_the_history_that_the_channel_has(self):
        self.rotate()
        self.rotate("--switch", "--force")

        lo = f"udp://{netns.GROUP}:{netns.PORT}?iface=lo"
        self.sub("#", "--name", "lamp", "-c", lo, "--key-file", self.file)

        waits = {"": "15.0 s", "&history_ms=60000": "65.0 s",
                 "&history_ms=2500": "7.5 s"}
        calls = {query: self.start("key", "retire", self.file, self.old, "-c",
                                   lo + query)
                 for query in waits}

        for query, call in calls.items():
            netns.until(lambda: f"came for {waits[query]}".encode() in
                        call.said(),
                        "it says how long it waits")
            call.terminate(-15)
        self.assertIn(self.old, self.ids())

    def test_writers_at_once_lose_no_key_of_each_other(self):
        writers = [self.start("key", "rotate", self.file, "--force")
                   for _ in range(7)]

        made = {writer.end().out.strip() for writer in writers}

        self.assertEqual(len(made), 7)
        self.assertEqual(set(self.ids()), {self.old, *made})
        writers = [self.start("key", "retire", self.file, name, "--force")
                   for name in made]
        for writer in writers:
            writer.end()
        self.assertEqual(self.ids(), [self.old])
        self.assertEqual(os.listdir(self.folder), ["home.key"])

    def test_what_comes_next_is_told(self):
        self.rotate()

        switched = self.rotate("--switch", "--force")
        retired = self.run_msock("key", "retire", self.file, self.old,
                                 "--force")

        self.assertIn(f"now push {self.file}, or copy it", switched.err)
        self.assertIn(f"retire {self.file} {self.old} -c URL", switched.err)
        self.assertIn(f"now push {self.file}, or copy it", retired.err)

    def test_a_second_writer_finds_no_half_file(self):
        self.rotate()

        names = os.listdir(os.path.dirname(self.file))

        self.assertEqual([n for n in names if re.match("home.key.", n)], [])


if __name__ == "__main__":
    netns.main()
