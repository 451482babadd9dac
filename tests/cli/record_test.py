# SPDX-License-Identifier: Apache-2.0
"""msock record and replay: what is written is what came, and comes again."""

import collections
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "e2e"))
import netns

MANY = 20000


def listening():
    """How many sockets hear the default channel."""
    return netns.listeners(netns.GROUP, netns.PORT)


def lines(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def by_sender(messages, keys=("topic", "data", "raw", "type", "version",
                              "empty", "reliable")):
    """What each sender said, in its order."""
    found = collections.defaultdict(list)
    for message in messages:
        found[message["sender"]].append(
            tuple(json.dumps(message.get(key)) for key in keys))
    return dict(found)


def said(messages):
    """What was said, whoever said it; versions and times are new each time."""
    return [(m["topic"], m.get("data"), m.get("raw"), m.get("type"),
             m.get("empty"), "version" in m, m.get("reliable"))
            for m in messages]


class Record(netns.Case):
    def record(self, *words, **options):
        """Starts a recording and waits until it listens."""
        readers = listening() + 1
        program = self.start("record", *words, **options)
        netns.until(lambda: program.process.poll() is not None or
                    listening() >= readers, f"record {words} listens")
        return program

    def say_all_kinds(self, *channel):
        self.run_msock("pub", *channel, "a/b", '{"x":[1,2,"é"]}')
        self.run_msock("pub", *channel, "--reliable", "a/c", 'a "text"')
        self.run_msock("pub", *channel, "--raw", "-", "--type", "image/x",
                       "a/raw", text=bytes(range(256)))
        self.run_msock("pub", *channel, "--state", "a/state", '"on"')
        self.run_msock("pub", *channel, "--clear", "a/state")
        return 5

    def round_trip(self, *words, channel=()):
        first, again = self.path("first.jsonl"), self.path("again.jsonl")
        recording = self.record(*channel, *words, "-C", "5", first)
        self.assertEqual(self.say_all_kinds(*channel), 5)
        recording.end(0)

        recording = self.record(*channel, "-C", "5", again)
        self.run_msock("replay", *channel, "-s", "0", first)
        recording.end(0)
        return first, again

    def test_lines_are_played_as_they_were(self):
        first, again = self.round_trip()

        self.assertEqual(said(lines(again)), said(lines(first)))
        self.assertEqual([m["topic"] for m in lines(first)],
                         ["a/b", "a/c", "a/raw", "a/state", "a/state"])
        self.assertTrue(lines(first)[4]["empty"])
        self.assertEqual(len({m["sender"] for m in lines(again)}), 1)

    def test_a_sealed_channel_is_played_as_it_was(self):
        key = self.key()

        first, again = self.round_trip(channel=("--key-file", key))

        self.assertEqual(said(lines(again)), said(lines(first)))
        self.assertTrue(all(m["sealed"] for m in lines(first)))

    def test_sqlite_is_played_as_it_was(self):
        first, again = self.round_trip("--db")

        rows = sqlite3.connect(first).execute(
            "SELECT topic, type, data FROM messages ORDER BY rowid").fetchall()
        self.assertEqual(rows[0], ("a/b", None, '{"x":[1,2,"é"]}'.encode()))
        self.assertEqual(rows[2], ("a/raw", "image/x", bytes(range(256))))
        self.assertEqual([m["topic"] for m in lines(again)],
                         [row[0] for row in rows])

    def test_nothing_is_missing_of_many(self):
        path = self.path("many.jsonl")
        recording = self.record("-C", MANY, path)

        text = "\n".join(str(i) for i in range(MANY))
        self.run_msock("pub", "--reliable", "n", text=text)

        recording.end(0)
        found = lines(path)
        self.assertEqual([m["data"] for m in found], list(range(MANY)))
        self.assertEqual(sorted(m["sequence"] for m in found),
                         [m["sequence"] for m in found])
        self.assertEqual(sorted(m["at"] for m in found),
                         [m["at"] for m in found])

    def test_senders_keep_their_order(self):
        first, again = self.path("f.jsonl"), self.path("a.jsonl")
        recording = self.record("-C", "300", first)
        publishers = [self.start("pub", "--reliable", "--name", f"n{i}", "n",
                                 stdin=subprocess.PIPE) for i in range(3)]
        for number in range(100):
            for publisher in publishers:
                publisher.process.stdin.write(b"%d\n" % number)
        for publisher in publishers:
            publisher.process.stdin.close()
            publisher.end(0)
        recording.end(0)

        recording = self.record("-C", "300", again)
        self.run_msock("replay", "-s", "0", first)
        recording.end(0)

        for sender, messages in by_sender(lines(first)).items():
            self.assertEqual([m[1] for m in messages],
                             [str(i) for i in range(100)], sender)
        self.assertEqual(said(lines(again)), said(lines(first)))

    def test_killed_it_leaves_whole_lines(self):
        path = self.path("killed.jsonl")
        recording = self.record(path)
        publisher = self.start("pub", "--reliable", "n",
                               stdin=subprocess.PIPE)
        for number in range(5000):
            publisher.process.stdin.write(b'"%050d"\n' % number)
        publisher.process.stdin.close()
        netns.until(lambda: os.path.getsize(path) > 20000, "it writes")
        recording.process.send_signal(signal.SIGKILL)
        recording.process.wait()
        publisher.end(0)

        with open(path, "rb") as file:
            *whole, torn = file.read().split(b"\n")
        self.assertGreater(len(whole), 50)
        for number, line in enumerate(whole):
            self.assertEqual(json.loads(line)["data"], f"{number:050d}")
        if torn:
            with self.assertRaises(ValueError):
                json.loads(torn)

    def test_a_torn_line_is_ended_and_told(self):
        path = self.path("torn.jsonl")
        recording = self.record("-C", "1", path)
        self.run_msock("pub", "a", "1")
        recording.end(0)
        with open(path, "ab") as file:
            file.write(b'{"at":"2026-11-23T22:32')
        recording = self.record("-C", "1", path)
        self.run_msock("pub", "a", "2")
        recording.end(0)

        with open(path, "rb") as file:
            written = file.read().split(b"\n")
        self.assertEqual(len(written), 4)
        self.assertEqual(json.loads(written[2])["data"], 2)
        played = self.run_msock("replay", "--dry-run", path, code=1)
        self.assertEqual(len(played.lines), 2)
        self.assertIn(f"{path}:2: not a JSON object", played.err)

    def test_a_full_disk_is_told_and_leaves_whole_lines(self):
        """In a mount namespace of its own: a disk of 256 KiB."""
        script = (
            "mount -t tmpfs -o size=256k none \"$1\" && shift && exec \"$@\"")
        folder = self.path("disk")
        os.mkdir(folder)
        path = os.path.join(folder, "full.jsonl")
        readers = listening() + 1
        recording = subprocess.Popen(
            ["unshare", "-m", "sh", "-c", script, "sh", folder, netns.msock,
             "record", path], stderr=subprocess.PIPE)
        self.addCleanup(recording.kill)
        netns.until(lambda: listening() >= readers, "record listens")

        text = "\n".join('"%0200d"' % i for i in range(3000))
        self.run_msock("pub", "--reliable", "n", text=text)
        netns.until(lambda: os.path.getsize(
            f"/proc/{recording.pid}/root{path}") > 200000, "it is full")
        with open(f"/proc/{recording.pid}/root{path}", "rb") as file:
            recording.send_signal(signal.SIGTERM)
            err = recording.communicate(timeout=netns.PATIENCE_S)[1].decode()
            written = file.read()

        self.assertEqual(recording.returncode, 1, err)
        self.assertEqual(err.count("No space left on device"), 1, err)
        totals = re.search(
            r"3000 messages came, (\d+) written to 1 file, (\d+) missing", err)
        self.assertTrue(totals, err)
        self.assertEqual(int(totals[1]) + int(totals[2]), 3000)
        self.assertGreater(int(totals[2]), 0)
        self.assertEqual(written[-1:], b"\n")
        found = [json.loads(line) for line in written.splitlines()]
        self.assertEqual(len(found), int(totals[1]))

    def test_files_rotate_within_a_quota(self):
        path = self.path("r.jsonl")
        recording = self.record("--rotate-size", "4K", "--quota", "40K",
                                "-C", "3000", path)

        for part in range(6):
            text = "\n".join('"%0100d"' % i
                             for i in range(500 * part, 500 * part + 500))
            self.run_msock("pub", "--reliable", "n", text=text)

        result = recording.end(0)
        names = sorted(os.listdir(os.path.dirname(path)))
        names = [name for name in names if name.endswith(".jsonl")]
        self.assertRegex(result.err, r"3000 written to \d+ files, 0 missing")
        for name in names:
            self.assertRegex(name, r"^r-\d{8}T\d{6}\.\d{6}Z\.jsonl$")
        found = [m["data"] for name in names
                 for m in lines(self.path(name))]
        self.assertEqual(found, [f"{i:0100d}" for i in
                                 range(3000 - len(found), 3000)])
        self.assertLess(len(found), 3000)

    @staticmethod
    def is_open(folder, path):
        """Whether one of a program's descriptors is of this file."""
        for fd in os.listdir(folder):
            try:
                if os.readlink(os.path.join(folder, fd)) == path:
                    return True
            except FileNotFoundError:
                pass  # it was closed meanwhile
        return False

    def test_hangup_opens_the_file_again(self):
        path = self.path("moved.jsonl")
        recording = self.record("-C", "2", path)
        self.run_msock("pub", "a", "1")
        netns.until(lambda: os.path.getsize(path) > 0, "it writes")
        os.rename(path, path + ".1")
        recording.process.send_signal(signal.SIGHUP)
        folder = f"/proc/{recording.process.pid}/fd"
        moved = os.path.realpath(path + ".1")
        netns.until(lambda: not self.is_open(folder, moved),
            "the old file is closed")
        self.run_msock("pub", "a", "2")
        recording.end(0)

        self.assertEqual([m["data"] for m in lines(path + ".1")], [1])
        self.assertEqual([m["data"] for m in lines(path)], [2])

    def test_a_trigger_writes_what_was_before(self):
        folder = self.path("ring")
        os.mkdir(folder)
        recording = self.record("--ring", "10m", "--trigger", "alarm/#",
                                os.path.join(folder, "b.jsonl"))
        for number in range(3):
            self.run_msock("pub", "a", str(number))
        self.assertEqual(os.listdir(folder), [])
        self.run_msock("pub", "alarm/door", "true")
        netns.until(lambda: len(os.listdir(folder)) == 1, "it is written")
        self.run_msock("pub", "a", "4")
        recording.process.send_signal(signal.SIGUSR1)
        netns.until(lambda: len(os.listdir(folder)) == 2, "and again")
        recording.process.send_signal(signal.SIGTERM)
        recording.end(0)

        names = sorted(os.listdir(folder))
        found = [[m["data"] for m in lines(os.path.join(folder, name))]
                 for name in names]
        self.assertEqual(found, [[0, 1, 2, True], [4]])

    def test_the_other_kind_of_file_is_left_alone(self):
        base, text = self.path("a.db"), self.path("b.jsonl")
        sqlite3.connect(base).execute("CREATE TABLE t(x)").connection.commit()
        with open(text, "w", encoding="ascii") as file:
            file.write("{}\n" * 200)
        for words, path, why in (((), base, "--db"),
                                 (("--db",), text, "not a database")):
            before = os.path.getsize(path)
            self.assertIn(why, self.run_msock("record", *words, path,
                                              code=1).err)
            self.assertEqual(os.path.getsize(path), before)

    def test_a_wrong_filter_leaves_no_file(self):
        path = self.path("a.jsonl")

        result = self.run_msock("record", path, "a", "a/#/b", code=1)

        self.assertIn('"a/#/b" is not a filter', result.err)
        self.assertFalse(os.path.exists(path))

    def test_the_last_line_names_the_file(self):
        path = self.path("a.jsonl")

        result = self.run_msock("record", path, "-W", "0.1")

        self.assertIn("0 messages came, 0 written to 1 file, 0 missing "
                      f"({path})", result.err)

    def test_wrong_calls_say_why(self):
        for words, why in (((), "no FILE"),
                           (("f", "--trigger", "a"), "--trigger is for"),
                           (("f", "--quota", "1M"), "--quota is for"),
                           (("-", "--rotate-size", "1M"), "standard output"),
                           (("f", "--rotate-size", "1x"), "number of bytes"),
                           (("f", "--rotate-size", "12"), "4096"),
                           (("f", "--ring", "0"), "wants a time"),
                           (("f", "--quota", "1M", "--rotate-size", "2M"),
                            "less than --rotate-size"),
                           (("#",), "the name of the FILE comes before"),
                           (("home/+",), "the name of the FILE comes before"),
                           (("f", "--ring", "1h", "--rotate-every", "1d"),
                            "does not rotate")):
            self.assertIn(why, self.run_msock("record", *words, code=2).err)
        none = self.path("none/file")
        self.assertIn("No such file",
                      self.run_msock("record", none, code=1).err)


class Replay(netns.Case):
    def recording(self, *messages):
        path = self.path("made.jsonl")
        with open(path, "w", encoding="utf-8") as file:
            for at_s, topic, data in messages:
                file.write(json.dumps({
                    "at": f"2026-11-23T10:00:{at_s:09.6f}Z", "topic": topic,
                    "sender": "n", "data": data}) + "\n")
        return path

    def test_it_asks_before_it_gives_orders(self):
        path = self.recording((0, "lamp", "on"))
        readers = listening() + 1
        lamp = self.start("reply", "--name", "lamp", "lamp", "ok")
        netns.until(lambda: listening() >= readers, "the lamp listens")
        listener = self.sub("-C", "1", "lamp", readers=readers + 1)

        refused = self.run_msock("replay", path, code=1)
        self.assertIn("1 node would hear it, and obey: lamp", refused.err)
        self.assertIn("--yes", refused.err)
        self.run_msock("replay", "--yes", path)

        self.assertEqual(listener.end(0).lines, ["on"])
        lamp.process.send_signal(signal.SIGTERM)
        lamp.end(0)

    def test_range_filter_and_prefix(self):
        path = self.recording((0, "a", 0), (1, "b", 1), (2, "a", 2),
                              (3, "a", 3), (9, "a", 9))

        played = self.run_msock("replay", "--dry-run", "-t", "a", "--from",
                                "1.5", "--to", "3", path)

        self.assertEqual(played.lines, ["2.000 a", "3.000 a"])
        listener = self.sub("-v", "-C", "1", "test/b")
        self.run_msock("replay", "-s", "0", "--prefix", "test/", "-t", "b",
                       path)
        self.assertEqual(listener.end(0).lines, ["test/b 1"])

    def test_it_is_played_as_often_as_asked(self):
        path = self.recording((0, "a", 0), (0.001, "a", 1))
        listener = self.sub("-C", "6", "a")

        self.run_msock("replay", "--loop", "3", path)

        self.assertEqual(listener.end(0).lines, ["0", "1"] * 3)

    def test_for_ever_ends_where_there_is_nothing_to_play(self):
        path = self.recording((0, "a", 0))

        played = self.run_msock("replay", "--loop", "0", "-t", "b", path)

        self.assertIn("0 messages published", played.err)

    def test_bad_lines_are_told_and_passed_over(self):
        path = self.recording((0, "a", 0))
        with open(path, "a", encoding="utf-8") as file:
            file.write('[]\n{"at":"x","topic":"a","sender":"n","data":1}\n'
                       '{"at":"2026-11-23T10:00:00.000000Z","sender":"n"}\n'
                       '{"at":"2026-11-23T10:00:00.000000Z","topic":"a",'
                       '"sender":"n","raw":"?"}\n\x1b[31m\n')

        played = self.run_msock("replay", "--dry-run", path, code=1)

        self.assertEqual(played.lines, ["0.000 a"])
        for number, why in ((2, "object"), (3, "time"), (4, "topic"),
                            (5, "raw"), (6, "object")):
            self.assertRegex(played.err, rf"made.jsonl:{number}: .*{why}")
        self.assertIn("5 lines are no messages", played.err)
        self.assertNotIn("\x1b", played.err)

    def test_hostile_topics_are_escaped(self):
        path = self.recording((0, "a/\u202e\x9b31m", 0))

        played = self.run_msock("replay", "--dry-run", path)

        self.assertEqual(played.out, "0.000 a/\\u{202e}\\u{009b}31m\n")

    def test_a_damaged_database_is_told(self):
        path = self.path("bad.db")
        with open(path, "wb") as file:
            file.write(b"SQLite format 3\0" + bytes(200))

        self.assertIn(path, self.run_msock("replay", "--dry-run", path,
                                           code=1).err)

    def test_wrong_calls_say_why(self):
        for words, why in (((), "no FILE"), (("-s", "-1", "f"), "--speed"),
                           (("--from", "x", "f"), "--from wants"),
                           (("--loop", "-1", "f"), "--loop wants"),
                           (("-s", "0x10", "f"), "--speed"),
                           (("-t", "a/#/b", "f"), "not a filter"),
                           (("-t", "a/" * 16 + "#", "f"), "not a filter"),
                           (("-t", "a/b+", "f"), "not a filter"),
                           (("-t", "", "f"), "not a filter"),
                           (("--prefix", "a#/", "f"), "--prefix begins"),
                           (("--from", "5", "--to", "2", "f"), "before")):
            self.assertIn(why, self.run_msock("replay", *words, code=2).err)
        gone = self.run_msock("replay", self.path("none"), code=1)
        self.assertIn("No such file", gone.err)
        self.assertNotIn("published", gone.err)


if __name__ == "__main__":
    netns.main()
