# SPDX-License-Identifier: Apache-2.0
"""A program that gets more than it can read still hears those it knows."""

import signal
import socket
import subprocess

import netns

URL = f"udp://{netns.GROUP}:{netns.PORT}?iface=lo"
BUFFER = 16384  # bytes of the listener's receive buffer
JUNK = 400      # datagrams of 200 bytes: far more than fit


class Flood(netns.Case):
    def setUp(self):
        super().setUp()
        self.words = ("--key-file", self.key())
        self.junk = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(self.junk.close)
        self.junk.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF,
                             socket.inet_aton("127.0.0.1"))

    def flood(self, count):
        for _ in range(count):
            self.junk.sendto(b"junk" * 50, (netns.GROUP, netns.PORT))

    def say(self, line):
        self.pub.process.stdin.write(f"{line}\n".encode())
        self.pub.process.stdin.flush()

    def say_alone(self, line):
        """In a frame of its own, which has left."""
        sent = self.counted()
        self.say(line)
        netns.until(lambda: self.counted() > sent, f"{line} leaves")

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

    @staticmethod
    def counted():
        """Datagrams that this host has sent."""
        with open("/proc/net/snmp", encoding="ascii") as file:
            names, values = [line.split() for line in file
                             if line.startswith("Udp:")]
        return int(values[names.index("OutDatagrams")])


if __name__ == "__main__":
    netns.main()
