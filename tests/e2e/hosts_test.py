# SPDX-License-Identifier: Apache-2.0
"""Three hosts on one switch: the picture of the original README.

Writers A, C and E and readers B and D share a channel and know nothing of each
other. A and B run on the first host, C and D on the second, E on the third.
"""

import json

import netns

GROUP6 = "ff15::7783"


class Network:
    """Hosts on a bridge, each with an `eth0`."""

    def __init__(self, count):
        self.hosts = [netns.Host() for _ in range(count)]
        netns.ip("link", "add", "switch", "type", "bridge", "stp_state", "0")
        netns.ip("link", "set", "switch", "up")
        for number, host in enumerate(self.hosts, 1):
            netns.ip("link", "add", "eth0", "netns", host.path(), "type",
                     "veth", "peer", f"port{number}")
            netns.ip("link", "set", f"port{number}", "master", "switch", "up")
            with host.inside():
                netns.ip("address", "add", f"192.0.2.{number}/24", "dev",
                         "eth0")
                netns.ip("-6", "address", "add", f"fd00::{number}/64", "dev",
                         "eth0", "nodad")
                netns.ip("link", "set", "eth0", "up")

    def close(self):
        for number, host in enumerate(self.hosts, 1):
            netns.ip("link", "delete", f"port{number}")
            host.close()
        netns.ip("link", "delete", "switch")


class Picture(netns.Case):
    def setUp(self):
        super().setUp()
        self.network = Network(3)
        self.addCleanup(self.network.close)

    def reader(self, host, *words, **options):
        with self.network.hosts[host].inside():
            return self.sub(*words, **options)

    def writer(self, host, name, *words, lines=10, code=0):
        with self.network.hosts[host].inside():
            self.run_msock("pub", f"from/{name}", "--name", name, *words,
                           text="".join(f"{n}\n" for n in range(lines)),
                           code=code)

    def picture(self, *channel, **where):
        readers = [self.reader(host, "from/#", "--json", "-C", 30, *channel,
                               **where) for host in (0, 1)]

        for host, name in ((0, "A"), (1, "C"), (2, "E")):
            self.writer(host, name, *channel)

        for reader in readers:
            messages = [json.loads(line) for line in reader.end().lines]
            for name in "ACE":
                self.assertEqual(
                    [m["data"] for m in messages if m["sender"] == name and
                     m["topic"] == f"from/{name}"], list(range(10)))

    def test_all_readers_hear_all_writers(self):
        self.picture("-c", f"udp://{netns.GROUP}:{netns.PORT}?iface=eth0")

    def test_all_readers_hear_all_writers_sealed(self):
        self.picture("-c", f"udp://{netns.GROUP}:{netns.PORT}?iface=eth0",
                     "--key-file", self.key())

    def test_all_readers_hear_all_writers_over_ipv6(self):
        self.picture("-c", f"udp://[{GROUP6}]:{netns.PORT}?iface=eth0",
                     "--key-file", self.key(), group=GROUP6)

    def test_an_interface_is_found_by_its_network(self):
        self.picture("-c", f"udp://{netns.GROUP}:{netns.PORT}"
                     "?iface=192.0.2.0/24")

    def test_nodes_come_and_go(self):
        channel = ("-c", f"udp://{netns.GROUP}:{netns.PORT}?iface=eth0")
        early = self.reader(0, "from/#", "-C", 3, *channel)
        self.writer(1, "C", *channel, lines=1)
        late = self.reader(1, "from/#", "-v", "-C", 1, *channel)
        self.writer(2, "E", *channel, lines=1)
        self.assertEqual(late.end().out, "from/E 0\n")
        self.writer(2, "E", *channel, lines=1)

        self.assertEqual(early.end().lines, ["0", "0", "0"])

    def test_a_wrong_key_is_not_heard_and_is_counted(self):
        channel = ("-c", f"udp://{netns.GROUP}:{netns.PORT}?iface=eth0")
        home = ("--key-file", self.key("home.key"))
        foreign = ("--key-file", self.key("foreign.key"))
        reader = self.reader(0, "from/#", "-v", "-C", 1, *channel, *home)

        self.writer(1, "C", *channel, *foreign, lines=1)
        self.writer(1, "C", *channel, lines=1)
        self.writer(2, "E", *channel, *home, lines=1)

        result = reader.end()
        self.assertEqual(result.out, "from/E 0\n")
        self.assertRegex(result.err, "drop_key_id [1-9]")
        self.assertRegex(result.err, "drop_open [1-9]")

    def test_a_mebibyte_crosses_the_switch(self):
        channel = ("-c", f"udp://{netns.GROUP}:{netns.PORT}?iface=eth0")
        data = bytes(range(256)) * 4096
        reader = self.reader(0, "file", "-C", 1, *channel)

        with self.network.hosts[2].inside():
            self.run_msock("pub", "file", "--raw", "-", *channel, text=data)

        self.assertEqual(reader.end().raw, data)


if __name__ == "__main__":
    netns.main()
