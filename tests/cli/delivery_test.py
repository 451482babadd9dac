# SPDX-License-Identifier: Apache-2.0
"""How messages are delivered: --reliable, --copies, --expires, --after, and
what sub tells about it."""

import itertools
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "e2e"))
import netns

LO = f"udp://{netns.GROUP}:{netns.PORT}?iface=lo"
RELIABLE, CONTROL = 1, 2  # streams


def message(topic, data):
    return json.dumps({"topic": topic, "sender": "py", "data": data},
                      separators=(",", ":")).encode() + b"\n"


class Peer:
    """A node of an open channel that sends the frames a test gives it."""

    def __init__(self, case):
        self.session = os.urandom(16)
        self.udp = netns.speaker()
        case.addCleanup(self.udp.close)

    def send(self, stream, counter, text):
        frame = (struct.pack(">HBBL", 0x4D53, 1, 0, 0) + self.session +
                 struct.pack(">QQ", stream << 62 | counter, 0) + text)
        self.udp.sendto(frame, (netns.GROUP, netns.PORT))


class Case(netns.Case):
    def talker(self, *words):
        """Starts a pub that sends what say() gives it."""
        return self.start("pub", "t", *words, "-c", LO, stdin=subprocess.PIPE)

    def say(self, talker, line):
        talker.process.stdin.write(line.encode() + b"\n")
        talker.process.stdin.flush()

    def await_lines(self, sub, count):
        netns.until(lambda: sub.output().count(b"\n") >= count,
                    f"sub prints {count} lines")

    def listener(self):
        """A socket that hears the channel's datagrams."""
        udp = netns.hearer()
        self.addCleanup(udp.close)
        return udp


class Reliable(Case):
    def test_all_lines_come_once_in_order_and_are_marked(self):
        sub = self.sub("t", "--json", "-C", 2000, "-c", LO)

        self.run_msock("pub", "t", "--reliable", "-c", LO,
                       text="".join(f"{i}\n" for i in range(2000)))

        lines = [json.loads(line) for line in sub.end().lines]
        self.assertEqual([line["data"] for line in lines], list(range(2000)))
        self.assertTrue(all(line["reliable"] is True for line in lines))

    def test_what_is_not_reliable_is_not_marked(self):
        sub = self.sub("t", "--json", "-C", 1, "-c", LO)

        self.run_msock("pub", "t", "1", "-c", LO)

        self.assertNotIn("reliable", json.loads(sub.end().out))

    def test_raw_bytes_come_whole(self):
        sub = self.sub("t", "-C", 1, "-c", LO)
        data = os.urandom(1 << 20)

        self.run_msock("pub", "t", "--reliable", "--raw", "-", "-c", LO,
                       text=data)

        self.assertEqual(sub.end().raw, data)

    def test_a_sealed_channel_has_it_too(self):
        key = self.key()
        sub = self.sub("t", "-C", 3, "-c", LO, "--key-file", key)

        self.run_msock("pub", "t", "--reliable", "-c", LO, "--key-file", key,
                       text="1\n2\n3\n")

        self.assertEqual(sub.end().lines, ["1", "2", "3"])

    def test_a_loss_is_told_when_it_is_certain(self):
        sub = self.sub("t", "-C", 2, "-c", LO)
        peer = Peer(self)
        peer.send(RELIABLE, 1, message("t", "first"))
        self.await_lines(sub, 1)

        peer.send(RELIABLE, 5, message("t", "last"))
        counters = itertools.count(1)

        def give_up():
            peer.send(CONTROL, next(counters),
                      message("$ms/sync", {"rel": [5, 5]}))
            return sub.process.poll() is not None

        netns.until(give_up, "sub goes on behind the gap")
        result = sub.end()
        self.assertEqual(result.lines, ["first", "last"])
        self.assertIn("msock: lost 3 reliable frames of py, from number 2 on\n",
                      result.err)


class Copies(Case):
    def test_the_same_datagram_leaves_so_many_times(self):
        udp = self.listener()

        self.run_msock("pub", "t", "1", "--copies", 3, "-c", LO)

        heard = []
        while len(heard) < 3:
            datagram = udp.recv(65536)
            if b'"topic":"t"' in datagram:
                heard.append(datagram)
        self.assertEqual(len(set(heard)), 1)

    def test_each_message_is_delivered_once(self):
        sub = self.sub("t", "-C", 20, "-c", LO)

        self.run_msock("pub", "t", "--copies", 4, "-c", LO,
                       text="".join(f"{i}\n" for i in range(20)))

        self.assertEqual(sub.end().lines, [str(i) for i in range(20)])


class Moments(Case):
    def test_what_comes_after_its_expiry_is_dropped_and_told(self):
        sub = self.sub("t", "-C", 2, "-c", LO)
        talker = self.talker("--expires", 1000)
        self.say(talker, "in time")
        self.await_lines(sub, 1)

        sub.process.send_signal(signal.SIGSTOP)
        self.say(talker, "too late")
        end = time.monotonic() + 1.5
        netns.until(lambda: time.monotonic() > end, "it is too old")
        sub.process.send_signal(signal.SIGCONT)
        netns.until(lambda: self.caught_up(sub), "sub has read it")
        self.say(talker, "in time again")

        result = sub.end()
        self.assertEqual(result.lines, ["in time", "in time again"])
        self.assertIn("drop_expired 1:", result.err)

    def caught_up(self, sub):
        """Whether nothing waits in the socket of the only subscriber."""
        with open("/proc/net/udp", encoding="ascii") as file:
            rows = [line.split() for line in file]
        address = socket.inet_aton(netns.GROUP)[::-1].hex().upper()
        return all(row[4].endswith(":00000000") for row in rows
                   if row[1] == f"{address}:{netns.PORT:04X}")

    def test_after_is_waited_for_even_if_the_sender_has_ended(self):
        sub = self.sub("t", "--json", "-C", 1, "-c", LO)
        began = time.monotonic()

        self.run_msock("pub", "t", "1", "--after", 1500, "-c", LO)
        self.assertEqual(sub.output(), b"")

        line = json.loads(sub.end().out)
        self.assertGreaterEqual(time.monotonic() - began, 1.5)
        self.assertGreaterEqual(line["age_ms"], 1490)

    def test_after_leaves_the_order_of_the_others(self):
        sub = self.sub("t", "-C", 2, "-c", LO)

        self.run_msock("pub", "t", "later", "--after", 1000, "-c", LO)
        self.run_msock("pub", "t", "now", "-c", LO)

        self.assertEqual(sub.end().lines, ["now", "later"])


class Names(Case):
    def test_two_living_programs_of_one_name_are_told(self):
        sub = self.sub("t", "-C", 4, "-c", LO)
        first = self.talker("--name", "twin")
        self.say(first, "1")
        self.await_lines(sub, 1)
        second = self.talker("--name", "twin")
        self.say(second, "2")
        self.await_lines(sub, 2)

        self.say(first, "3")
        self.await_lines(sub, 3)
        self.say(second, "4")

        self.assertIn("two programs speak as twin", sub.end().err)


class Whereto(Case):
    def test_who_speaks_is_not_answered_where_he_is(self):
        peer, heard = Peer(self), self.listener()
        self.sub("t", "-c", LO, readers=2)

        peer.send(CONTROL, 1, message("$ms/hello", {
            "age": 0, "every": 5000, "be": 0, "rel": [1, 3], "rev": 0}))
        netns.until(lambda: b"$ms/nack" in heard.recv(65536),
                    "sub asks for what it misses")

        peer.udp.setblocking(False)
        self.assertRaises(BlockingIOError, peer.udp.recv, 65536)


if __name__ == "__main__":
    netns.main()
