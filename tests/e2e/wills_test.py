# SPDX-License-Identifier: Apache-2.0
"""Eight hosts on one switch, each with a node that leaves a last will."""

import json
import re
import signal
import socket
import struct

import netns
from hosts_test import Network

COUNT = 8
URL = f"udp://{netns.GROUP}:{netns.PORT}?iface=eth0"
WILL = re.compile(rb'"sender":"n(\d)".*"will":\["will/n\1","gone"\]')


class Wills(netns.Case):
    def setUp(self):
        super().setUp()
        self.network = Network(COUNT)
        self.addCleanup(self.network.close)

    def node(self, number, *words):
        """Starts the node of a host, which has a will of its own."""
        url = f"{URL}&will_topic=will/n{number}&will=%22gone%22"
        with self.network.hosts[number].inside():
            return self.start("sub", "will/#", "end", "--json", "--name",
                              f"n{number}", "-c", url, *words)

    def tap(self, number):
        """A socket that hears the channel on a host."""
        with self.network.hosts[number].inside():
            made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.addCleanup(made.close)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind((netns.GROUP, netns.PORT))
            made.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                            struct.pack("4s4si",
                                        socket.inet_aton(netns.GROUP),
                                        bytes(4),
                                        socket.if_nametoindex("eth0")))
            made.settimeout(netns.PATIENCE_S)
            return made

    def know_each_other(self, nodes):
        """Waits until each said its will while all others listened: it does
        for whoever is new, as the program that says that it starts."""
        netns.until(lambda: all(self.listens(i) for i in range(COUNT)),
                    "all listen")
        tap = self.tap(0)
        with self.network.hosts[0].inside():
            self.run_msock("pub", "end", '"start"', "-c", URL)
        told = set()
        while len(told) < COUNT:
            told.update(WILL.findall(tap.recv(2048)))
        for node in nodes:
            netns.until(lambda node=node: b'"start"' in node.output(),
                        "the start")

    def listens(self, number):
        with self.network.hosts[number].inside():
            return netns.listeners(netns.GROUP, netns.PORT) > 0

    def everybody_hears(self, nodes, word):
        """Says something that comes behind all that was said before."""
        with self.network.hosts[0].inside():
            self.run_msock("pub", "end", f'"{word}"', "--reliable", "-c", URL)
        for node in nodes:
            netns.until(lambda node=node: f'"{word}"'.encode() in
                        node.output(), word)

    def expect_one_will(self, node):
        wills = [json.loads(line) for line in node.output().splitlines()
                 if b"will/" in line]
        self.assertEqual(
            [(will["topic"], will["sender"], will["data"], will["will"])
             for will in wills], [("will/n3", "n3", "gone", True)])
        self.assertGreater(wills[0]["age_ms"], 10000)

    def test_who_is_killed_leaves_its_will_once_to_each_of_the_others(self):
        nodes = [self.node(i) for i in range(COUNT)]
        self.know_each_other(nodes)

        nodes[3].process.send_signal(signal.SIGKILL)
        others = nodes[:3] + nodes[4:]
        for node in others:
            netns.until(lambda node=node: b"will/n3" in node.output(),
                        "the will")
        self.everybody_hears(others, "mourned")
        for node in others:
            self.expect_one_will(node)
        nodes[5].terminate()
        others.remove(nodes[5])

        self.everybody_hears(others, "left")
        for node in others:
            self.expect_one_will(node)


if __name__ == "__main__":
    netns.main()
