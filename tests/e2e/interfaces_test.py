# SPDX-License-Identifier: Apache-2.0
"""Networks that fail while messages flow: interfaces that are made again,
cables that are out, addresses that change, switches that snoop, and hosts that
multicast does not reach."""

import shutil
import subprocess
import threading
import unittest

import netns
from hosts_test import Network

URL = f"udp://{netns.GROUP}:{netns.PORT}"


class Flow:
    """A program that publishes numbered lines, one every few milliseconds, until
    it is ended."""

    def __init__(self, case, host, *words, every_s=0.005):
        with host.inside():
            self.program = case.start("pub", "n", *words,
                                      stdin=subprocess.PIPE)
        self.every_s = every_s
        self.count = 0
        self.done = threading.Event()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()
        case.addCleanup(self.end)

    def _run(self):
        while not self.done.wait(self.every_s):
            self.program.process.stdin.write(f"{self.count}\n".encode())
            self.program.process.stdin.flush()
            self.count += 1

    def pause(self):
        """Publishes no more, and stays."""
        self.done.set()
        self.thread.join()

    def end(self):
        """Ends it; where its network was gone for a while, it says so."""
        self.pause()
        if self.program.process.stdin.closed:
            return
        self.program.process.stdin.close()
        self.program.end(self.program.process.wait(netns.PATIENCE_S))


class Interfaces(netns.Case):
    hosts = 2

    def setUp(self):
        super().setUp()
        self.network = Network(self.hosts)
        self.addCleanup(self.network.close)

    def plug(self, number):
        """Gives a host its eth0."""
        host = self.network.hosts[number - 1]
        netns.ip("link", "add", "eth0", "netns", host.path(), "type", "veth",
                 "peer", f"port{number}")
        netns.ip("link", "set", f"port{number}", "master", "switch", "up")
        with host.inside():
            netns.ip("address", "add", f"192.0.2.{number}/24", "dev", "eth0")
            netns.ip("link", "set", "eth0", "up")

    def unplug(self, number):
        netns.ip("link", "delete", f"port{number}")

    def ip(self, number, *words):
        with self.network.hosts[number - 1].inside():
            netns.ip(*words)

    def reader(self, *words, number=1, channel=URL):
        with self.network.hosts[number - 1].inside():
            return self.start("sub", "n", "-c", channel, *words)

    def flow(self, *words, number=2, channel=URL, **options):
        return Flow(self, self.network.hosts[number - 1], "-c", channel, *words,
                    **options)

    def await_more(self, reader, flow):
        """Waits for a message that was published from now on."""
        now = flow.count
        netns.until(lambda: self.last(reader) >= now, "messages arrive")

    def last(self, reader):
        lines = reader.output().split(b"\n")
        return int(lines[-2]) if len(lines) > 1 else -1

    def check_numbers(self, reader):
        """No message came twice, or late."""
        numbers = [int(line) for line in reader.terminate().lines]
        self.assertEqual(numbers, sorted(set(numbers)))


class Reader(Interfaces):
    """The reader's interface fails; the writer's is fine."""

    def cycles(self, *words, channel=URL):
        reader = self.reader(*words, channel=channel)
        flow = self.flow(*words)
        self.await_more(reader, flow)

        for _ in range(30):
            self.unplug(1)
            self.plug(1)
            self.await_more(reader, flow)

        flow.end()
        self.check_numbers(reader)

    def test_thirty_times_made_again_it_still_receives(self):
        self.cycles()

    def test_thirty_times_made_again_by_name_and_sealed(self):
        self.cycles("--key-file", self.key(), channel=URL + "?iface=eth0")

    def test_a_cable_that_is_out_at_start_is_plugged_in_later(self):
        netns.ip("link", "set", "port1", "down")
        reader = self.reader()
        flow = self.flow()
        netns.until(lambda: flow.count > 20, "the writer writes")
        self.assertEqual(self.last(reader), -1)

        netns.ip("link", "set", "port1", "up")

        self.await_more(reader, flow)
        flow.end()
        self.check_numbers(reader)

    def test_a_network_that_is_missing_at_start_comes_later(self):
        self.unplug(1)
        reader = self.reader()
        flow = self.flow()
        netns.until(lambda: flow.count > 20, "the writer writes")

        self.plug(1)

        self.await_more(reader, flow)
        flow.end()
        self.check_numbers(reader)

    def test_an_address_changes(self):
        reader = self.reader()
        flow = self.flow()
        self.await_more(reader, flow)

        self.ip(1, "address", "delete", "192.0.2.1/24", "dev", "eth0")
        self.ip(1, "address", "add", "192.0.2.101/24", "dev", "eth0")
        self.await_more(reader, flow)
        self.ip(1, "address", "flush", "dev", "eth0")
        netns.until(lambda: self.members(1, "eth0") == 0, "it leaves")
        self.ip(1, "address", "add", "198.51.100.1/24", "dev", "eth0")
        self.await_more(reader, flow)

        flow.end()
        self.check_numbers(reader)

    def members(self, number, name):
        with self.network.hosts[number - 1].inside():
            shown = subprocess.run(["ip", "maddress", "show", "dev", name],
                                   check=True, capture_output=True, text=True)
            return shown.stdout.count(netns.GROUP)


class Writer(Interfaces):
    """The writer's interface fails; the reader's is fine."""

    def test_ten_times_made_again_it_still_sends(self):
        reader = self.reader()
        flow = self.flow()
        self.await_more(reader, flow)

        for _ in range(10):
            self.unplug(2)
            self.plug(2)
            self.await_more(reader, flow)

        flow.end()
        self.check_numbers(reader)

    def test_an_address_changes(self):
        reader = self.reader()
        flow = self.flow()
        self.await_more(reader, flow)

        self.ip(2, "address", "delete", "192.0.2.2/24", "dev", "eth0")
        self.ip(2, "address", "add", "192.0.2.102/24", "dev", "eth0")
        self.await_more(reader, flow)

        flow.end()
        self.check_numbers(reader)


class Snooping(Interfaces):
    """A switch that sends a group only where it is asked for."""

    def setUp(self):
        super().setUp()
        netns.ip("address", "add", "192.0.2.254/24", "dev", "switch")
        netns.ip("link", "set", "switch", "type", "bridge", "mcast_snooping",
                 "1", "mcast_query_response_interval", "10",
                 "mcast_startup_query_interval", "10", "mcast_querier", "1")

    def asked_for(self, port):
        shown = subprocess.run(["bridge", "mdb", "show", "dev", "switch"],
                               check=True, capture_output=True, text=True)
        return any(f"port {port} grp {netns.GROUP}" in line
                   for line in shown.stdout.splitlines())

    def test_the_switch_is_asked_for_the_group(self):
        reader = self.reader()
        netns.until(lambda: self.asked_for("port1"), "the switch learns")
        flow = self.flow()

        self.await_more(reader, flow)

        flow.end()
        self.check_numbers(reader)

    def test_after_a_cable_was_out_the_switch_is_asked_again(self):
        reader = self.reader()
        netns.until(lambda: self.asked_for("port1"), "the switch learns")
        flow = self.flow()
        netns.ip("link", "set", "port1", "down")
        netns.until(lambda: not self.asked_for("port1"), "the switch forgets")

        netns.ip("link", "set", "port1", "up")

        netns.until(lambda: self.asked_for("port1"), "the switch learns")
        self.await_more(reader, flow)
        flow.end()
        self.check_numbers(reader)


class Several(Interfaces):
    """Two networks between the same two hosts."""

    def setUp(self):
        super().setUp()
        netns.ip("link", "add", "other", "type", "bridge", "stp_state", "0")
        self.addCleanup(netns.ip, "link", "delete", "other")
        netns.ip("link", "set", "other", "up")
        for number, host in enumerate(self.network.hosts, 1):
            netns.ip("link", "add", "eth1", "netns", host.path(), "type",
                     "veth", "peer", f"other{number}")
            netns.ip("link", "set", f"other{number}", "master", "other", "up")
            self.ip(number, "address", "add", f"198.51.100.{number}/24", "dev",
                    "eth1")
            self.ip(number, "link", "set", "eth1", "up")

    def test_each_message_comes_once(self):
        reader = self.reader()
        flow = self.flow()
        self.await_more(reader, flow)
        start = flow.count

        netns.until(lambda: flow.count > start + 200, "the writer writes")
        flow.end()
        netns.until(lambda: self.last(reader) == flow.count - 1, "all is here")

        numbers = [int(line) for line in reader.terminate().lines]
        self.assertEqual(numbers, list(range(numbers[0], flow.count)))

    def test_while_one_fails_nothing_is_missing(self):
        reader = self.reader()
        flow = self.flow()
        self.await_more(reader, flow)

        for number in (1, 2):
            self.unplug(number)
            self.await_more(reader, flow)
            self.plug(number)
            self.await_more(reader, flow)
        flow.end()
        netns.until(lambda: self.last(reader) == flow.count - 1, "all is here")

        numbers = [int(line) for line in reader.terminate().lines]
        self.assertEqual(numbers, list(range(numbers[0], flow.count)))


@unittest.skipUnless(shutil.which("nft"), "no nft(8): install nftables")
class Lossy(Interfaces):
    """One of three hosts loses every fifth frame, in each direction."""

    hosts = 3

    def setUp(self):
        super().setUp()
        rules = "; ".join(
            f"chain {way} {{ type filter hook {way} priority 0; meta l4proto "
            "udp numgen random mod 100 < 20 drop; }" for way in
            ("input", "output"))
        with self.network.hosts[0].inside():
            subprocess.run(["nft", f"table ip hall {{ {rules}; }}"],
                           check=True)

    def check(self, *words):
        readers = [self.reader(*words, number=number) for number in (1, 3)]
        for host in (self.network.hosts[0], self.network.hosts[2]):
            with host.inside():
                netns.until(lambda: netns.listeners(netns.GROUP, netns.PORT),
                            "it listens")

        flow = self.flow("--reliable", *words, every_s=0.001)
        netns.until(lambda: flow.count >= 1000, "the writer writes")
        flow.pause()

        for reader in readers:
            netns.until(lambda: self.last(reader) == flow.count - 1,
                        "the last arrives")
            numbers = [int(line) for line in reader.terminate().lines]
            self.assertEqual(numbers, list(range(flow.count)))
        flow.end()

    def test_nothing_is_lost_on_the_reliable_stream(self):
        self.check()

    def test_nothing_is_lost_on_the_reliable_stream_sealed(self):
        self.check("--key-file", self.key())


class Reliable(Interfaces):
    """The reader's interface fails, and nothing is missing."""

    def check(self, *words):
        reader = self.reader(*words)
        flow = self.flow("--reliable", *words)
        self.await_more(reader, flow)

        for _ in range(10):
            self.unplug(1)
            self.plug(1)
            self.await_more(reader, flow)

        flow.end()
        netns.until(lambda: self.last(reader) == flow.count - 1, "all is here")
        numbers = [int(line) for line in reader.terminate().lines]
        self.assertEqual(numbers, list(range(numbers[0], flow.count)))

    def test_ten_times_made_again_nothing_is_missing(self):
        self.check()

    def test_ten_times_made_again_nothing_is_missing_sealed(self):
        self.check("--key-file", self.key())


@unittest.skipUnless(shutil.which("nft"), "no nft(8): install nftables")
class Peers(Interfaces):
    """Hosts whose firewalls let no multicast in."""

    hosts = 3
    ALL = URL + ("?listen=7790&peer=192.0.2.1:7790,192.0.2.2:7790,"
                 "192.0.2.3:7790")

    def setUp(self):
        super().setUp()
        rules = ("table ip hall { chain input { type filter hook input "
                 "priority 0; ip daddr 224.0.0.0/4 drop; }; }")
        for host in self.network.hosts:
            with host.inside():
                subprocess.run(["nft", rules], check=True)

    def check(self, *words, channel=ALL):
        readers = [self.reader(*words, number=number, channel=channel)
                   for number in (1, 3)]
        flow = self.flow(*words, channel=channel)

        for reader in readers:
            self.await_more(reader, flow)

        flow.end()
        for reader in readers:
            self.check_numbers(reader)

    def test_without_peers_nothing_arrives(self):
        reader = self.reader()
        flow = self.flow()
        netns.until(lambda: flow.count > 50, "the writer writes")

        flow.end()

        self.assertEqual(reader.terminate().out, "")

    def test_one_list_of_peers_serves_all_hosts(self):
        self.check()

    def test_sealed(self):
        self.check("--key-file", self.key())

    def test_raw(self):
        readers = [self.reader_of_all(number) for number in (1, 3)]
        flow = self.flow(channel=self.ALL + "&codec=raw")

        for reader in readers:
            self.await_more(reader, flow)

        flow.end()

    def reader_of_all(self, number):
        with self.network.hosts[number - 1].inside():
            return self.start("sub", "#", "-c", self.ALL + "&codec=raw")


if __name__ == "__main__":
    netns.main()
