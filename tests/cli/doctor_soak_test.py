# SPDX-License-Identifier: Apache-2.0
"""msock doctor --soak: a switch that snoops and has nobody who asks.

A bridge of Linux floods while it never heard a querier. So the test asks it once
in place of a querier that then is gone; no host hears that, and what they said
when they joined is forgotten after 2 s in place of 260.
"""

import json
import socket
import struct
import sys

from doctor_peers_test import Case, URL, netns, on_the_way

MEMBERSHIP_S = 2


def query():
    """An IGMPv2 query for all groups, to be answered within 0.1 s."""
    words = struct.pack(">BBH4s", 0x11, 1, 0, bytes(4))
    total = sum(struct.unpack(">4H", words))
    return words[:2] + struct.pack(">H", ~(total + (total >> 16)) & 0xffff) + \
        words[4:]


class Soak(Case):
    hosts = 3
    options = ("mcast_snooping", "1", "mcast_igmp_version", "2",
               "mcast_querier_interval", "25500", "mcast_query_interval", "50",
               "mcast_query_response_interval", "10",
               "mcast_startup_query_interval", "50",
               "mcast_membership_interval", str(100 * MEMBERSHIP_S))

    def querier(self, on):
        netns.ip("link", "set", "switch", "type", "bridge", "mcast_querier",
                 str(int(on)))

    def ask_once(self):
        """Asks who listens, as a querier on the third host would."""
        with self.switch.hosts[2].inside():
            asks = socket.socket(socket.AF_INET, socket.SOCK_RAW,
                                 socket.IPPROTO_IGMP)
        asks.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF,
                        socket.inet_aton("192.0.2.3"))
        asks.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
        asks.sendto(query(), ("224.0.0.1", 0))
        asks.close()

    def soak(self, seconds):
        program = self.on(1, "doctor", "--soak", seconds, "--json", "-c", URL)
        netns.until(lambda: b"soak: listens" in program.said() or
                    program.process.poll() is not None, "it listens")
        return program

    def results(self, program, code):
        self.found = {}
        for line in program.end(code).lines:
            one = json.loads(line)
            self.found.setdefault(one["check"], []).append(one)

    def test_a_switch_without_querier(self):
        self.querier(False)
        on_the_way("igmp type membership-query drop")
        self.serve()
        program = self.soak(25)
        self.ask_once()

        self.results(program, 1)

        self.assertEqual(self.bad(), ["querier-missing"], self.found)
        self.assertIn("unicast went on; no query of a querier was seen",
                      self.found["querier-missing"][0]["text"])
        self.assertIn("mcast_querier 1",
                      self.found["querier-missing"][0]["mend"])

    def test_a_switch_with_querier(self):
        self.querier(True)
        self.serve()

        self.results(self.soak(3 * MEMBERSHIP_S), 0)

        self.assertEqual(self.bad(), [], self.found)
        self.assertIn("a querier asks",
                      self.found["querier-missing"][0]["text"])


if __name__ == "__main__":
    netns.main()
