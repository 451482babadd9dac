# SPDX-License-Identifier: Apache-2.0
"""msock record and what it writes to: files that others may not read, disks
that are full, folders that are not there, and pipes that nobody reads."""

import json
import os
import re
import signal
import sqlite3
import stat
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "e2e"))
import netns

TEXT = "\n".join('"%0200d"' % i for i in range(3000))
MOMENT = r"\d{8}T\d{6}\.\d{6}Z"


def listening():
    """How many sockets hear the default channel."""
    return netns.listeners(netns.GROUP, netns.PORT)


def lines(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


class Files(netns.Case):
    def record(self, *words, **options):
        """Starts a recording and waits until it listens."""
        readers = listening() + 1
        program = self.start("record", *words, **options)
        netns.until(lambda: program.process.poll() is not None or
                    listening() >= readers, f"record {words} listens")
        return program

    def written(self, *words):
        """Records one message."""
        recording = self.record(*words, "-C", "1")
        self.run_msock("pub", "a", "1")
        recording.end(0)

    # -- Who may read them, and what they are called --

    def test_others_cannot_read_them(self):
        for words, name in (((), "a.jsonl"), (("--db",), "a.db")):
            path = self.path(name)
            self.written("-C", "1", *words, path)
            self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o640, name)

    def test_a_database_is_a_file_whatever_it_is_called(self):
        self.assertIn("directory",
                      self.run_msock("record", "--db", "", code=1).err)
        recording = self.record("--db", "-C", "1", ":memory:",
                                cwd=self.folder)
        self.run_msock("pub", "a", "1")
        recording.end(0)
        rows = sqlite3.connect(self.path(":memory:")).execute(
            "SELECT topic FROM messages").fetchall()
        self.assertEqual(rows, [("a",)])

    def test_a_new_file_is_the_newest_whatever_the_clock_says(self):
        future = self.path("r-20991231T235959.999998Z.jsonl")
        with open(future, "w", encoding="ascii") as file:
            file.write("x" * 7000)
        os.mkdir(self.path("r-19800101T000000.000000Z.jsonl"))

        recording = self.record("--rotate-size", "4K", "--quota", "8K",
                                "-C", "1", self.path("r.jsonl"))
        self.run_msock("pub", "a", "1")
        recording.end(0)

        names = [name for name in os.listdir(self.folder) if "2099" in name]
        self.assertEqual(names, ["r-20991231T235959.999999Z.jsonl"])
        self.assertEqual(lines(self.path(names[0]))[0]["data"], 1)

    def test_what_a_killed_one_left_beside_goes_with_its_file(self):
        old = self.path("r-20200101T000000.000000Z.db")
        for ending in ("", "-wal", "-shm"):
            with open(old + ending, "wb") as file:
                file.write(bytes(9000))

        self.written("--db", "--rotate-size", "4K", "--quota", "512K",
                     self.path("r.db"))
        self.assertTrue(os.path.exists(old + "-wal"))
        self.written("--db", "--rotate-size", "4K", "--quota", "32K",
                     self.path("r.db"))

        self.assertEqual([name for name in os.listdir(self.folder)
                          if "2020" in name], [])

    def test_all_files_stay_within_the_quota(self):
        """Without a size of the single file, too."""
        path = self.path("r.jsonl")
        recording = self.record("--rotate-every", "1d", "--quota", "400K",
                                "-C", "3000", path)
        self.run_msock("pub", "--reliable", "n", text=TEXT)
        recording.end(0)

        names = sorted(name for name in os.listdir(self.folder)
                       if re.fullmatch(f"r-{MOMENT}.jsonl", name))
        size = sum(os.path.getsize(self.path(name)) for name in names)
        self.assertGreater(len(names), 1)
        self.assertLess(size, 410000)
        self.assertEqual(lines(self.path(names[-1]))[-1]["data"],
                         f"{2999:0200d}")

    # -- Where it cannot write --

    def test_a_ring_looks_for_its_folder_before_it_is_needed(self):
        ended = self.run_msock("record", "--ring", "1m", "--trigger", "b",
                               self.path("none/b.jsonl"), code=1)
        self.assertIn("none/: No such file or directory", ended.err)

    def test_a_dump_that_failed_is_not_told_as_written(self):
        folder = self.path("gone")
        os.mkdir(folder)
        recording = self.record("--ring", "1m", os.path.join(folder, "b.jsonl"))
        self.run_msock("pub", "a", "1")
        os.rmdir(folder)
        recording.process.send_signal(signal.SIGUSR1)
        netns.until(lambda: b"No such file" in recording.said(), "it fails")

        said = recording.terminate(1).err
        self.assertNotRegex(said, r"jsonl: 1 messages")
        self.assertIn("1 message came, 0 written to 0 files, 1 missing", said)

    def test_a_state_that_was_there_before_triggers_nothing(self):
        folder = self.path("ring")
        os.mkdir(folder)
        keeper = self.start("sub", "--name", "keeper", "door")
        netns.until(lambda: listening() >= 1, "the keeper listens")
        owner = self.start("pub", "--name", "owner", "--state", "-l", "door",
                           stdin=subprocess.PIPE)
        owner.process.stdin.write(b'"open"\n')
        owner.process.stdin.flush()
        netns.until(lambda: keeper.output() == b"open\n", "the state is there")

        recording = self.record("--ring", "1m", "--trigger", "door", "-W", "3",
                                os.path.join(folder, "b.jsonl"))
        said = recording.end(0).err
        self.assertIn("1 message came", said)
        self.assertEqual(os.listdir(folder), [])
        owner.process.stdin.close()

    def test_what_is_no_recording_stays_as_it_is(self):
        path = self.path("notes")
        with open(path, "w", encoding="ascii") as file:
            file.write("precious")
        self.assertIn("this is no recording",
                      self.run_msock("record", path, code=1).err)
        with open(path, encoding="ascii") as file:
            self.assertEqual(file.read(), "precious")

    def test_a_pipe_is_played(self):
        path = self.path("p.jsonl")
        self.written(path)
        sub = self.sub("-v", "#", "-C", 1)
        with open(path, encoding="utf-8") as file:
            self.run_msock("replay", "--yes", "-", text=file.read())
        self.assertEqual(sub.end().lines, ["a 1"])
        self.assertIn("there once", self.run_msock("replay", "--loop", "2",
                                                   "-", code=2).err)

    def test_one_program_at_a_time_writes_a_file(self):
        path = self.path("one.jsonl")
        first = self.record(path)
        self.assertIn("another program is writing it",
                      self.run_msock("record", path, code=1).err)
        first.terminate(0)
        self.written(path)

    def full(self, *words):
        """A folder on a disk of 256 KiB, and a recording there."""
        script = (
            "mount -t tmpfs -o size=256k none \"$1\" && shift && exec \"$@\"")
        folder = self.path("disk")
        os.mkdir(folder)
        readers = listening() + 1
        recording = netns.Program(
            "unshare", "-m", "sh", "-c", script, "sh", folder, netns.msock,
            "record", *words[:-1], os.path.join(folder, words[-1]))
        self.addCleanup(recording.close)
        netns.until(lambda: listening() >= readers, "record listens")
        return recording, f"/proc/{recording.process.pid}/root{folder}"

    def test_a_file_that_was_cut_meanwhile_gets_no_hole(self):
        recording, folder = self.full("c.jsonl")
        path = os.path.join(folder, "c.jsonl")
        self.run_msock("pub", "--reliable", "n", text=TEXT[:100000])
        netns.until(lambda: os.path.getsize(path) > 100000, "it writes")
        os.truncate(path, 0)
        self.run_msock("pub", "--reliable", "n", text=TEXT)
        netns.until(lambda: b"No space" in recording.said(), "it is full")
        with open(path, "rb") as file:
            recording.terminate(1)
            written = file.read()
        self.assertEqual(written.count(b"\0"), 0)
        self.assertEqual(written[-1:], b"\n")

    # -- Pipes --

    def test_it_ends_quietly_when_its_reader_has_gone(self):
        reading, writing = os.pipe()
        recording = self.record("-", stdout=writing)
        os.close(writing)
        self.run_msock("pub", "a", "1")
        self.assertIn(b'"data":1', os.read(reading, 4096))
        os.close(reading)
        self.run_msock("pub", "a", "2")

        self.assertEqual(recording.end(0).err, "")

    def test_a_reader_that_takes_nothing_does_not_keep_it(self):
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        recording = self.record("-", stdout=writing)
        os.close(writing)
        self.run_msock("pub", "--reliable", "n", text=TEXT)

        recording.terminate(0)

    def test_too_little_memory_is_told_when_it_begins(self):
        reading, writing = os.pipe()
        recording = self.record("--memory", "1M", "-C", "9000", "-",
                                stdout=writing)
        os.close(writing)
        for _ in range(3):
            self.run_msock("pub", "--reliable", "n", text=TEXT)
        netns.until(lambda: b"from here on" in recording.said(), "it is told")
        with os.fdopen(reading, "rb") as file:
            written = sum(1 for line in file)

        said = recording.end(1).err
        self.assertEqual(said.count("the disk is too slow"), 1, said)
        totals = re.search(r"9000 messages came, (\d+) written to 1 file, "
                           r"(\d+) missing", said)
        self.assertEqual(int(totals[1]), written, said)
        self.assertEqual(int(totals[2]), 9000 - written, said)


if __name__ == "__main__":
    netns.main()
