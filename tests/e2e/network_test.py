# SPDX-License-Identifier: Apache-2.0
"""Networks that are missing, come late, or come back."""

import netns

URL = f"udp://{netns.GROUP}:{netns.PORT}"


class Network(netns.Case):
    def setUp(self):
        super().setUp()
        self.host = netns.Host()
        self.addCleanup(self.host.close)

    def ip(self, *words):
        with self.host.inside():
            netns.ip(*words)

    def members(self):
        with self.host.inside():
            return netns.listeners(netns.GROUP, netns.PORT)

    def await_members(self, count):
        netns.until(lambda: self.members() == count, f"{count} members")

    def add_interface(self):
        self.ip("link", "add", "home0", "type", "veth", "peer", "cable0")
        self.ip("address", "add", "192.0.2.1/24", "dev", "home0")
        self.ip("link", "set", "cable0", "up")
        self.ip("link", "set", "home0", "up")

    def test_a_channel_opens_without_network_and_joins_when_it_comes(self):
        self.ip("link", "set", "lo", "down")
        with self.host.inside():
            sub = self.start("sub", "#", "-C", 1, "-W", netns.PATIENCE_S,
                             "-c", URL)
        self.ip("link", "set", "lo", "up")
        self.await_members(1)

        with self.host.inside():
            self.run_msock("pub", "lights", "off", "-c", URL)

        self.assertEqual(sub.end().out, "off\n")

    def test_an_interface_that_is_made_again_is_joined_again(self):
        url = URL + "?iface=home0"
        self.add_interface()
        with self.host.inside():
            sub = self.sub("#", "-C", 1, "-c", url)
        self.ip("link", "delete", "home0")
        self.await_members(0)
        self.add_interface()
        self.await_members(1)

        with self.host.inside():
            self.run_msock("pub", "lights", "off", "-c", url)

        self.assertEqual(sub.end().out, "off\n")

    def test_a_writer_without_network_says_so(self):
        self.ip("link", "set", "lo", "down")

        with self.host.inside():
            result = self.run_msock("pub", "lights", "off", "-c", URL, code=1)

        self.assertIn("no network", result.err)

    def test_a_writer_waits_a_little_for_a_network(self):
        self.ip("link", "set", "lo", "down")
        with self.host.inside():
            pub = self.start("pub", "lights", "off", "-c", URL)
        netns.until(lambda: pub.process.poll() is None and self.sockets() > 0,
                    "pub opens its sockets")
        self.ip("link", "set", "lo", "up")

        pub.end(0)

    def sockets(self):
        with self.host.inside(), open("/proc/net/udp", encoding="ascii") as f:
            return len(f.readlines()) - 1


if __name__ == "__main__":
    netns.main()
