# SPDX-License-Identifier: Apache-2.0
"""msock doctor --peers and --serve: hosts on a switch, of which one thing is
broken at a time; exactly that is found.

The switch is a bridge in the namespace of the test, where nft can drop what
goes over it. Some tests answer in place of a host: the probe's every bit stands
in docs/troubleshooting.md.
"""

import json
import os
import select
import socket
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), "e2e"))
import netns

URL = f"udp://{netns.GROUP}:{netns.PORT}?iface=eth0"
URL6 = f"udp://[ff15::7783]:{netns.PORT}?iface=eth0"
PROBE_PORT = netns.PORT + 1
HERE, ASK, ANSWER = 1, 2, 3
MULTICAST = 1


class Switch:
    """Hosts on a bridge, each with an `eth0`."""

    def __init__(self, count, *options):
        netns.ip("link", "add", "switch", "type", "bridge", *options)
        netns.ip("link", "set", "switch", "up")
        self.hosts = [netns.Host() for _ in range(count)]
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
        subprocess.run(["nft", "flush", "ruleset"], check=True)


def nft(rules):
    subprocess.run(["nft", "-f", "-"], input=rules.encode(), check=True)


def on_the_way(rule):
    """Has the switch treat what goes over it by a rule."""
    nft("table bridge way {\nchain over {\n"
        f"type filter hook forward priority 0;\n{rule}\n}}\n}}\n")


def drop_multicast():
    """Has a host drop the multicast that comes in."""
    nft("table ip wall {\nchain inward {\n"
        "type filter hook input priority 0;\nip daddr 224.0.0.0/4 drop\n"
        "}\n}\n")


class Case(netns.Case):
    hosts, options = 2, ()

    def setUp(self):
        super().setUp()
        self.switch = Switch(self.hosts, *self.options)
        self.addCleanup(self.switch.close)

    def on(self, number, *words, **options):
        with self.switch.hosts[number - 1].inside():
            return self.start(*words, **options)

    def serve(self, *words, host=2, url=URL):
        program = self.on(host, "doctor", "--serve", "-c", url, *words)
        netns.until(lambda: b"answers msock doctor" in program.said() or
                    program.process.poll() is not None, "it serves")
        self.assertIsNone(program.process.poll(), program.said())
        return program

    def peers(self, *words, code=0, url=URL):
        """What `doctor --peers` on the first host found: {id: [object...]}."""
        result = self.on(1, "doctor", "--peers", "--json", "-c", url,
                         *words).end(code)
        self.found = {}
        for line in result.lines:
            one = json.loads(line)
            self.found.setdefault(one["check"], []).append(one)
        return self.found

    def bad(self, status=("fail",)):
        return sorted({name for name, all in self.found.items()
                       for one in all if one["status"] in status})

    def only(self, name, *words, **options):
        """Has exactly this check fail, and returns it."""
        self.peers(*words, code=1, **options)
        self.assertEqual(self.bad(), [name], self.found)
        for one in self.found[name]:
            if one["status"] == "fail":
                self.assertIn("mend", one)
        return self.found[name][0]["text"]


class Healthy(Case):
    CHECKS = ["peer-duplicates", "peer-key", "peer-loss", "peer-mtu",
              "peer-multicast", "peer-name", "peer-rtt", "peer-unicast",
              "peer-version"]

    def test_nothing_is_found(self):
        server = self.serve("--name", "porch")

        found = self.peers("--strict")

        self.assertEqual(sorted(found), self.CHECKS)
        self.assertEqual(self.bad(("fail", "warn")), [])
        self.assertEqual({one["peer"] for name, all in found.items()
                          for one in all if name != "peer-name"}, {"porch"})
        self.assertRegex(found["peer-mtu"][0]["text"],
                         "unicast 1500, multicast to it 1500, multicast from "
                         "it 1500")
        self.assertIn("192.0.2.1 asks", server.terminate().err)

    def test_nothing_is_found_over_ipv6(self):
        self.serve(url=URL6)

        self.assertEqual(sorted(self.peers("--strict", url=URL6)), self.CHECKS)
        self.assertEqual(self.bad(("fail", "warn")), [])

    def test_nothing_is_found_of_a_sealed_channel(self):
        key = ("--key-file", self.key())
        self.serve(*key)

        found = self.peers("--strict", *key)

        self.assertEqual(self.bad(("fail", "warn")), [])
        self.assertRegex(found["peer-key"][0]["text"],
                         "^it seals with [0-9a-f]{8}$")

    def test_text_is_a_line_for_each_check(self):
        self.serve("--name", "porch")

        result = self.on(1, "doctor", "--peers", "-c", URL).end()

        self.assertRegex(result.out, r"(?m)^ok    peer-multicast   porch: "
                         "multicast passes both ways$")
        self.assertEqual(len(result.lines), len(self.CHECKS))

    def test_nobody_serves(self):
        self.assertIn("nobody answered on UDP port 7784",
                      self.only("peers-none"))

    def test_a_named_host_does_not_serve(self):
        self.serve()

        self.assertIn("did not answer",
                      self.only("peer-silent", "--peer", "192.0.2.9"))

    def test_a_signal_ends_it_quietly(self):
        self.serve()
        program = self.on(1, "doctor", "--peers", "-c", URL)
        netns.until(lambda: b"measures" in program.said(), "it measures")

        self.assertEqual(program.terminate().out, "")

    def test_a_host_serves_once(self):
        self.serve()

        said = self.on(2, "doctor", "--serve", "-c", URL).end(1).err

        self.assertIn("does msock doctor run already?", said)

    def test_a_server_ends_by_itself(self):
        self.assertIn("answered 0 questions",
                      self.serve("-W", "0.5").end().err)

    def test_words_that_do_not_fit_are_usage(self):
        for words in (["--serve", "--peers"], ["--peers", "x"], ["x"],
                      ["--soak", "0"], ["--soak", "x"], ["--serve", "-W", "0"],
                      ["--peer", "x", "-c", URL]):
            self.on(1, "doctor", *words).end(2)


class Broken(Case):
    def test_multicast_dropped_by_the_switch(self):
        self.serve()
        on_the_way("ip daddr 224.0.0.0/4 drop")

        text = self.only("peer-multicast", "--peer", "192.0.2.2")

        self.assertEqual(text, "unicast passes but multicast does not, either "
                         "way")

    def test_multicast_dropped_by_the_other_host(self):
        self.serve()
        with self.switch.hosts[1].inside():
            drop_multicast()

        text = self.only("peer-multicast")

        self.assertEqual(text, "unicast passes but multicast does not, from "
                         "here to it")

    def test_multicast_dropped_by_this_host(self):
        self.serve()
        with self.switch.hosts[0].inside():
            drop_multicast()

        text = self.only("peer-multicast")

        self.assertEqual(text, "unicast passes but multicast does not, from "
                         "it to here")

    def test_unicast_dropped(self):
        self.serve()
        on_the_way(f"ip daddr != 224.0.0.0/4 udp dport {PROBE_PORT} drop")

        self.assertEqual(self.only("peer-unicast"),
                         "multicast passes but unicast does not")

    def test_a_host_that_nothing_reaches(self):
        self.serve()
        with self.switch.hosts[1].inside():
            nft("table ip wall {\nchain inward {\n"
                "type filter hook input priority 0;\nmeta l4proto udp drop\n"
                "}\n}\n")

        self.assertEqual(self.only("peer-multicast"), "it is heard by "
                         "multicast, but nothing reaches it")

    def test_loss(self):
        self.serve()
        on_the_way(f"udp dport {PROBE_PORT} udp length < 200 "
                   "ip daddr 224.0.0.0/4 numgen random mod 100 < 30 drop")

        text = self.only("peer-loss")

        self.assertRegex(text, r"multicast to it [1-5]\d\.\d% of \d+")
        self.assertRegex(text, r"unicast to it 0\.0% of \d+")

    def test_a_link_of_1280_bytes(self):
        self.serve()
        netns.ip("link", "set", "port2", "mtu", "1280")

        self.assertIn("unicast 1280, multicast to it 1280",
                      self.only("peer-mtu"))
        self.assertIn("mtu=1280", self.found["peer-mtu"][0]["mend"])

    def test_another_key(self):
        self.serve("--key-file", self.key("other.key"))

        text = self.only("peer-key", "--key-file", self.key())

        self.assertRegex(text, "this node lacks; .* that one lacks$")

    def test_a_channel_that_is_open(self):
        self.serve()

        self.assertEqual(self.only("peer-key", "--key-file", self.key()),
                         "its channel is open, this one is sealed")

    def test_a_channel_that_does_not_hear(self):
        self.serve()
        on_the_way(f"udp dport {netns.PORT} drop")

        self.peers()

        self.assertEqual(self.bad(("fail", "warn")), ["peer-channel"])


class Names(Case):
    hosts = 3

    def test_a_name_twice(self):
        self.serve("--name", "porch")
        self.serve("--name", "porch", host=3)

        self.assertEqual(self.only("peer-name"), "two nodes speak as porch")

    def test_each_host_that_serves_is_measured(self):
        self.serve("--name", "porch")
        self.serve("--name", "attic", host=3)

        found = self.peers()

        self.assertEqual({one["peer"] for one in found["peer-multicast"]},
                         {"porch", "attic"})


class Stranger(Case):
    """Who answers is the test itself, by docs/troubleshooting.md."""

    def answering(self, twice=False, version=1, library=(9, 9, 9)):
        """Answers on the second host in a process of its own."""
        with self.switch.hosts[1].inside():
            program = netns.Program(
                sys.executable, "-B", os.path.abspath(__file__), "answer",
                int(twice), version, *library)
        self.addCleanup(program.close)
        netns.until(lambda: b"ready" in program.output(), "it answers")

    def test_datagrams_that_come_twice(self):
        self.answering(twice=True, library=self.version())

        self.assertRegex(self.only("peer-duplicates"),
                         r"^[1-9]\d\d datagrams came twice")

    def test_another_version_of_the_library(self):
        self.answering()

        self.peers()
        self.assertEqual(self.bad(("fail", "warn")),
                         ["peer-channel", "peer-version"])
        self.assertIn("its library is 9.9.9",
                      self.found["peer-version"][0]["text"])

    def test_another_version_of_the_probe(self):
        self.answering(version=2)

        self.assertIn("it speaks version 2 of the probe",
                      self.only("peer-version"))

    def version(self):
        text = self.run_msock("version").out.split()[1]
        return [int(part) for part in text.split(".")]

    def test_a_server_is_silent_to_what_is_no_question(self):
        self.serve()
        with self.switch.hosts[0].inside():
            asks = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        asks.settimeout(netns.PATIENCE_S)
        question = probe(ASK, asker=7, number=1)
        to = ("192.0.2.2", PROBE_PORT)

        for junk in (b"", b"MSDP", question[:79], b"x" + question[1:],
                     probe(ANSWER, asker=7, number=2),
                     probe(ASK, asker=7, number=3, server=5),
                     question, question):
            asks.sendto(junk, to)
        asks.sendto(probe(ASK, asker=7, number=4) + bytes(20), to)

        answers = [asks.recv(2000) for _ in range(2)]
        asks.close()
        self.assertEqual([len(one) for one in answers], [80, 100])
        self.assertEqual([struct.unpack(">I", one[24:28])[0]
                          for one in answers], [1, 4])
        self.assertEqual(struct.unpack(">3I", answers[1][32:44]), (2, 1, 2))


def probe(kind, back=0, asker=0, server=0, number=0, version=1,
          library=(0, 0, 0), counts=(0,) * 6):
    return struct.pack(">4sBBBBQQI3Bx6I16x8x", b"MSDP", version, kind, back, 0,
                       asker, server, number, *library, *counts)


def answer(twice, version, *library):
    """Serves as a host whose every datagram leaves twice, or of another
    version."""
    group = socket.inet_aton(netns.GROUP)
    member = group + bytes(4) + struct.pack("=i",
                                            socket.if_nametoindex("eth0"))
    sockets = []
    for way, address in enumerate(("", netns.GROUP)):
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.setsockopt(socket.IPPROTO_IP, 49, 0)  # IP_MULTICAST_ALL
        made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, member)
        made.bind((address, PROBE_PORT))
        sockets.append(made)
    sockets[1].setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
    print("ready", flush=True)
    counts, asker = [0] * 6, None
    while True:
        for made in select.select(sockets, [], [])[0]:
            data, source = made.recvfrom(10000)
            if data[:4] != b"MSDP" or data[5] != ASK:
                continue
            back, who = data[6], struct.unpack(">QQI", data[8:28])
            if who[0] != asker:
                counts, asker = [0] * 6, who[0]
            counts[3 * sockets.index(made)] += 1
            counts[3 * back + 2] += 1
            packet = probe(ANSWER, back, who[0], 77, who[2], version, library,
                           counts)
            packet += bytes(len(data) - len(packet))
            to = (netns.GROUP, PROBE_PORT) if back == MULTICAST else source
            for _ in range(1 + twice):
                sockets[0].sendto(packet, to)


if __name__ == "__main__":
    if sys.argv[1] == "answer":
        answer(*[int(word) for word in sys.argv[2:]])
    netns.main()
