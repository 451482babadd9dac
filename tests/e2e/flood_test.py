# SPDX-License-Identifier: Apache-2.0
"""A program that gets more than it can read still hears those it knows."""

import multiprocessing
import os
import re
import signal
import socket
import subprocess
import time

import netns

URL = f"udp://{netns.GROUP}:{netns.PORT}?iface=lo"
BUFFER = 16384  # bytes of the listener's receive buffer
JUNK = 400      # datagrams of 200 bytes: far more than fit
GAP_S = 0.01    # between messages: 100 a second, for two seconds
MESSAGES = 200
MEMORY_KB = 64 * 1024  # of a listener, 16 MiB of held_all_max among them
HEADER = 32
SEQUENCE = 24  # its offset
FRAME = 150    # bytes of one with a short message


def counted():
    """Bytes that this host has sent to groups: a train of datagrams counts as
    one of them."""
    with open("/proc/net/netstat", encoding="ascii") as file:
        names, values = [line.split() for line in file
                         if line.startswith("IpExt:")]
    return int(values[names.index("OutMcastOctets")])


class Flood(netns.Case):
    def setUp(self):
        super().setUp()
        self.words = ("--key-file", self.key())
        self.junk = netns.speaker()
        self.addCleanup(self.junk.close)

    def flood(self, count):
        for _ in range(count):
            self.junk.sendto(b"junk" * 50, (netns.GROUP, netns.PORT))

    def say(self, line):
        self.pub.process.stdin.write(f"{line}\n".encode())
        self.pub.process.stdin.flush()

    def say_alone(self, line):
        """In a frame of its own, which has left."""
        sent = counted()
        self.say(line)
        netns.until(lambda: counted() > sent, f"{line} leaves")

    def heard(self, line):
        netns.until(lambda: line in self.listener.output().decode().split(),
                    f"the listener hears {line}")

    def meet(self):
        """A listener and a publisher who know each other."""
        self.listener = self.sub("#", "--name", "listener", "-c",
                                 f"{URL}&rcvbuf={BUFFER}", *self.words)
        self.pub = self.start("pub", "a", "--name", "publisher", "-c", URL,
                              *self.words, stdin=subprocess.PIPE)
        self.say("met")
        self.heard("met")

    def sleep(self):
        self.listener.process.send_signal(signal.SIGSTOP)
        netns.until(lambda: self.state() == "T", "the listener sleeps")

    def wake(self):
        self.listener.process.send_signal(signal.SIGCONT)

    def state(self):
        path = f"/proc/{self.listener.process.pid}/stat"
        with open(path, encoding="ascii") as file:
            return file.read().rsplit(") ", 1)[1][0]

    def sockets(self):
        return netns.listeners(netns.GROUP, netns.PORT)

    def test_known_sessions_are_heard_past_a_full_buffer(self):
        self.meet()
        known = self.sockets()
        self.sleep()
        self.flood(JUNK)
        self.wake()
        # A loss shows with what comes after it.
        netns.until(lambda: self.flood(1) or self.sockets() > known,
                    "known sessions have a socket of their own")

        numbers = [str(number) for number in range(20)]
        self.sleep()
        self.flood(JUNK)
        for number in numbers:
            self.say_alone(number)
        self.wake()

        self.heard("19")
        heard = self.listener.output().decode().split()
        self.assertEqual(heard, ["met", *numbers])


def send_for_ever(datagrams):
    """As fast as it goes, until it is ended."""
    out = netns.speaker()
    while True:
        for datagram in datagrams:
            out.sendto(datagram, (netns.GROUP, netns.PORT))


def write_for_ever(fd):
    while True:
        os.write(fd, b"x\n" * 1000)


class FullRate(netns.Case):
    """Another's 100 messages a second keep arriving, whoever floods."""

    def setUp(self):
        super().setUp()
        self.words = ("-c", URL, "--key-file", self.key())
        self.recorder = netns.hearer()
        self.addCleanup(self.recorder.close)
        self.listener = self.sub("a", "--name", "listener", *self.words,
                                 readers=2)
        self.pub = self.start("pub", "a", "--reliable", "--name", "publisher",
                              *self.words, stdin=subprocess.PIPE)
        self.say("met")
        netns.until(lambda: self.heard() == ["met"], "they have met")

    def frame(self):
        """A reliable frame of the publisher's, as it went over the network."""
        while True:
            frame = self.recorder.recv(65536)
            if frame[SEQUENCE] >> 6 == 1:
                return frame

    def say(self, line):
        self.pub.process.stdin.write(f"{line}\n".encode())
        self.pub.process.stdin.flush()

    def heard(self):
        return self.listener.output().decode().split()

    def memory_kb(self):
        path = f"/proc/{self.listener.process.pid}/status"
        with open(path, encoding="ascii") as file:
            return int(re.search(r"VmHWM:\s+(\d+)", file.read())[1])

    def flood(self, datagrams):
        flooder = multiprocessing.Process(target=send_for_ever,
                                          args=(datagrams,), daemon=True)
        flooder.start()
        self.addCleanup(flooder.join)
        self.addCleanup(flooder.kill)

    def expect_service(self):
        before, sent = self.heard(), counted()
        numbers = [str(number) for number in range(MESSAGES)]
        for number in numbers:
            self.say(number)
            time.sleep(GAP_S)  # their rate
        netns.until(lambda: self.heard()[-1] == numbers[-1], "the last one")

        self.assertEqual(self.heard(), before + numbers)
        self.assertGreater(counted() - sent, 10 * MESSAGES * FRAME,
                           "it was a flood")
        self.assertLess(self.memory_kb(), MEMORY_KB)

    def test_an_outsider_keeps_nothing_away(self):
        header = self.frame()[:SEQUENCE]
        self.flood([header + (1 << 62 | counter).to_bytes(8, "big") +
                    os.urandom(100) for counter in range(2, 2000)])

        self.expect_service()

    def test_a_recorder_keeps_nothing_away(self):
        for number in range(10):
            self.say(f"recorded-{number}")
        netns.until(lambda: self.heard()[-1] == "recorded-9", "they came")
        self.flood([self.frame()])

        self.expect_service()

    def test_a_member_keeps_nothing_away(self):
        member = self.start("pub", "b", "--name", "member", *self.words,
                            stdin=subprocess.PIPE)
        lines = multiprocessing.Process(target=write_for_ever, daemon=True,
                                        args=(member.process.stdin.fileno(),))
        lines.start()
        self.addCleanup(lines.join)
        self.addCleanup(lines.kill)

        self.expect_service()


if __name__ == "__main__":
    netns.main()
