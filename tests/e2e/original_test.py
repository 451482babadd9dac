# SPDX-License-Identifier: Apache-2.0
"""The original Python library and `codec=raw` understand each other.

Its sockets are set up here as it does: join on INADDR_ANY, one socket bound to
the wildcard address, reads of 4096 bytes, TTL 32. That needs a route for
multicast, as its users had one.
"""

import socket
import struct

import netns

GROUP, PORT = "224.1.1.1", 1234
URL = f"udp://{GROUP}:{PORT}?codec=raw"
MTU_READ = 4096


def original_socket():
    """A member of the group as the original library makes it."""
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM,
                         socket.IPPROTO_UDP)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 32)
    made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)
    made.bind(("", PORT))
    made.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                    struct.pack("4sl", socket.inet_aton(GROUP),
                                socket.INADDR_ANY))
    made.settimeout(netns.PATIENCE_S)
    return made


class Loopback(netns.Case):
    """Both on one host, multicast routed to `lo`."""

    def setUp(self):
        super().setUp()
        route = ("224.0.0.0/4", "dev", "lo")
        netns.ip("route", "add", *route)
        self.addCleanup(netns.ip, "route", "del", *route)
        self.original = original_socket()
        self.addCleanup(self.original.close)

    def test_the_original_hears_msock(self):
        self.run_msock("pub", "raw", "Hello World", "-c", URL)

        self.assertEqual(self.original.recv(MTU_READ), b"Hello World")

    def test_msock_hears_the_original(self):
        sub = self.sub("raw", "-C", 1, "-c", URL, group=GROUP, port=PORT)

        self.original.sendto(b"Hello World", (GROUP, PORT))

        self.assertEqual(sub.end().out, "Hello World\n")

    def test_the_sender_is_its_address_and_the_topic_is_an_option(self):
        sub = self.sub("old/#", "--json", "-C", 1, "-c", URL + "&topic=old/a",
                       group=GROUP, port=PORT)

        self.original.sendto(b"\x00\xff", (GROUP, PORT))

        self.assertRegex(sub.end().out,
                         r'^{"topic":"old/a","sender":"[0-9.]+:1234",'
                         r'"raw":"AP8="}\n$')

    def test_json_and_bytes_go_as_they_are(self):
        for words, text, sent in ((['{"on": true}'], "", b'{"on": true}'),
                                  (["--raw", "-"], "\x01\x02", b"\x01\x02")):
            self.run_msock("pub", "raw", *words, "-c", URL, text=text)

            self.assertEqual(self.original.recv(MTU_READ), sent)


class Cable(netns.Case):
    """Two hosts on one cable; the original's has a default route."""

    def setUp(self):
        super().setUp()
        self.old, self.new = netns.Host(), netns.Host()
        for host in (self.old, self.new):
            self.addCleanup(host.close)
        netns.ip("link", "add", "old0", "type", "veth", "peer", "new0")
        for number, (host, name) in enumerate(((self.old, "old0"),
                                               (self.new, "new0")), 1):
            netns.ip("link", "set", name, "netns", host.path())
            with host.inside():
                netns.ip("link", "set", name, "name", "eth0", "up")
                netns.ip("address", "add", f"192.0.2.{number}/24", "dev",
                         "eth0")
                netns.ip("route", "add", "default", "dev", "eth0")
        with self.old.inside():
            self.original = original_socket()
        self.addCleanup(self.original.close)
        self.url = URL + "&iface=eth0"

    def test_hello_world_goes_both_ways(self):
        with self.new.inside():
            sub = self.sub("raw", "--json", "-C", 1, "-c", self.url,
                           group=GROUP, port=PORT)
            self.run_msock("pub", "greeting", "Hello World", "-c", self.url)
        heard = self.original.recv(MTU_READ)
        sub.terminate()
        with self.new.inside():
            sub = self.sub("raw", "-C", 1, "-c", self.url, group=GROUP,
                           port=PORT)
        self.original.sendto(b"Hello World", (GROUP, PORT))

        self.assertEqual(heard, b"Hello World")
        self.assertEqual(sub.end().out, "Hello World\n")


if __name__ == "__main__":
    netns.main()
