# SPDX-License-Identifier: Apache-2.0
"""msock doctor on one host: a host of which one thing is broken at a time;
exactly that is found. A second host, at the other end of its wire, sends what
a broken network would."""

import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), "e2e"))
import netns

URL = f"udp://{netns.GROUP}:{netns.PORT}?iface=eth0"
URL6 = f"udp://[ff15::7783]:{netns.PORT}?iface=eth0"
PEER = "192.0.2.2"
SYSTEM_FILES = ("/proc/net/netstat", "/proc/net/snmp", "/proc/sys",
                "/proc/cpuinfo", "/proc/net/wireless")


def sysctl(name, value):
    with open(f"/proc/sys/net/ipv4/{name}", "w", encoding="ascii") as file:
        file.write(str(value))


def sent():
    """How many datagrams this host has sent."""
    with open("/proc/net/snmp", encoding="ascii") as file:
        names, values = [line.split() for line in file
                         if line.startswith("Udp:")]
    return int(values[names.index("OutDatagrams")])


class Case(netns.Case):
    def setUp(self):
        super().setUp()
        self.host, self.peer = netns.Host(), netns.Host()
        self.addCleanup(self.host.close)
        self.addCleanup(self.peer.close)
        with self.host.inside():
            netns.ip("link", "add", "eth0", "type", "veth", "peer", "eth0",
                     "netns", self.peer.path())
            netns.ip("address", "add", "192.0.2.1/24", "dev", "eth0")
            netns.ip("-6", "address", "add", "fd00::1/64", "dev", "eth0",
                     "nodad")
            netns.ip("link", "set", "eth0", "up")
            sysctl("conf/all/rp_filter", 0)
            sysctl("conf/eth0/rp_filter", 0)
        with self.peer.inside():
            netns.ip("address", "add", f"{PEER}/24", "dev", "eth0")
            netns.ip("link", "set", "eth0", "up")
        with self.host.inside():
            netns.ip("route", "add", "224.0.0.0/4", "dev", "eth0")
        self.root = self.path("root")
        for name in SYSTEM_FILES:
            os.makedirs(os.path.dirname(self.root + name), exist_ok=True)
            if name not in ("/proc/cpuinfo", "/proc/net/wireless"):
                os.symlink(name.replace("/proc/net", "/proc/thread-self/net"),
                           self.root + name)

    def doctor(self, *words, url=URL, code=0, env=None, **options):
        """What the doctor found: {id: object}."""
        with self.host.inside():
            result = self.run_msock(
                "doctor", "--json", "-c", url, *words, code=code,
                env={**os.environ, "MSOCK_DOCTOR_ROOT": self.root,
                     **(env or {})}, **options)
        self.found = {one["check"]: one
                      for one in map(json.loads, result.lines)}
        return self.found

    def bad(self):
        """All that is not well, but for what this machine itself grants."""
        return sorted(name for name, one in self.found.items()
                      if one["status"] in ("warn", "fail") and
                      (name, one["status"]) != ("receive-buffer", "warn"))

    def only(self, name, status="fail", **options):
        """Has exactly this check be ill, and returns what it says."""
        self.doctor(code=1 if status == "fail" else 0, **options)
        self.assertEqual(self.bad(), [name], self.found)
        self.assertEqual(self.found[name]["status"], status)
        self.assertIn("mend", self.found[name])
        return self.found[name]["text"]

    def sender(self):
        """A socket of the peer for datagrams to the group."""
        with self.peer.inside():
            made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF,
                            struct.pack("=4s4si", bytes(4), bytes(4),
                                        socket.if_nametoindex("eth0")))
        self.addCleanup(made.close)
        return made

    def while_sent(self, send, name, status="fail", **options):
        """As only(), while `send()` is called again and again."""
        stop = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(stop[1])
            os.set_blocking(stop[0], False)
            while True:
                try:
                    if os.read(stop[0], 1) == b"":
                        os._exit(0)
                except BlockingIOError:
                    pass
                try:
                    send()
                except OSError:
                    pass
                time.sleep(0.02)
        os.close(stop[0])
        try:
            return self.only(name, status, **options)
        finally:
            os.close(stop[1])
            os.waitpid(child, 0)

    def publisher(self, *words):
        """A peer that publishes until it is ended."""
        with self.peer.inside():
            before = sent()
            program = self.start("bench", "pub", "-C", 10**9, *words)
            netns.until(lambda: sent() >= before + 20, "it publishes")
        self.addCleanup(program.process.kill)
        return program


class Healthy(Case):
    def test_nothing_is_found(self):
        found = self.doctor()

        self.assertEqual(self.bad(), [], found)
        listed = [line.split()[0] for line in
                  self.run_msock("doctor", "--list").lines]
        self.assertEqual(list(found), listed)
        self.assertIn("eth0", found["joined"]["text"])

    def test_nor_on_ipv6(self):
        with self.host.inside():
            netns.ip("-6", "route", "add", "ff00::/8", "dev", "eth0", "table",
                     "local")

        self.doctor(url=URL6)

        self.assertEqual(self.bad(), [], self.found)

    def test_nor_with_friends_on_a_sealed_channel(self):
        key = self.key()
        self.publisher("-c", URL, "--key-file", key)

        self.doctor("--key-file", key)

        self.assertEqual(self.bad(), [], self.found)

    def test_text_names_each_check(self):
        with self.host.inside():
            result = self.run_msock("doctor", "-c", URL,
                                    env={**os.environ,
                                         "MSOCK_DOCTOR_ROOT": self.root})
        self.assertIn("ok    joined           239.255.77.83 on eth0",
                      result.lines)

    def test_only_what_is_asked_for(self):
        self.assertEqual(sorted(self.doctor("--only", "loop,joined")),
                         ["joined", "loop"])
        self.assertIn("no check x", self.run_msock(
            "doctor", "--only", "loop,x", code=2).err)
        self.assertIn("wants ids", self.run_msock(
            "doctor", "--only", "", code=2).err)

    def test_strict_takes_warnings_for_failures(self):
        with self.host.inside():
            netns.ip("route", "del", "224.0.0.0/4", "dev", "eth0")
        self.doctor("--strict", code=1)


class Interface(Case):
    def test_that_is_down(self):
        with self.host.inside():
            netns.ip("link", "set", "eth0", "down")
        self.assertIn("eth0 is down", self.only("interface"))
        self.assertEqual(self.found["interface"]["mend"],
                         "ip link set eth0 up")

    def test_that_is_not_there(self):
        self.assertIn("no interface eth7", self.only(
            "interface", url=URL.replace("eth0", "eth7")))

    def test_that_takes_no_multicast(self):
        with self.host.inside():
            netns.ip("link", "set", "eth0", "multicast", "off")
        self.assertIn("eth0 takes no multicast", self.only("interface"))

    def test_without_an_address(self):
        with self.host.inside():
            netns.ip("address", "flush", "dev", "eth0")
            netns.ip("route", "replace", "224.0.0.0/4", "dev", "eth0")
        self.assertIn("eth0 has no IPv4 address", self.only("address"))

    def test_that_may_join_nothing(self):
        with self.host.inside():
            sysctl("igmp_max_memberships", 0)
        self.assertIn("0 groups", self.only("membership-limit"))

    def test_without_a_route(self):
        with self.host.inside():
            netns.ip("route", "del", "224.0.0.0/4", "dev", "eth0")
        self.assertIn("no route", self.only("route", "warn"))
        self.assertEqual(self.found["route"]["mend"],
                         "ip route add 224.0.0.0/4 dev eth0")

    def test_beside_one_that_the_system_takes(self):
        with self.host.inside():
            netns.ip("link", "add", "tun0", "type", "veth", "peer",
                     "tun1")
            netns.ip("address", "add", "10.9.9.9/24", "dev", "tun0")
            netns.ip("link", "set", "tun0", "up")
            netns.ip("link", "set", "tun1", "up")
            netns.ip("route", "replace", "224.0.0.0/4", "dev", "tun0")
        self.assertIn("on tun0, which has not joined",
                      self.only("route", "warn"))

    def test_of_small_packets(self):
        with self.host.inside():
            netns.ip("link", "set", "eth0", "mtu", "1000")
        self.assertIn("1000 bytes", self.only("mtu", "warn"))

    def test_that_the_url_does_not_mean(self):
        self.assertIn("no interface has joined", self.only(
            "joined", url=URL.replace("eth0", "203.0.113.0/24")))

    def test_that_is_wireless(self):
        with open(self.root + "/proc/net/wireless", "w",
                  encoding="ascii") as file:
            file.write("Inter-| sta-|   Quality\n face | tus | link\n"
                       " wlan0: 0000   54.  -56.  -256\n"
                       "  eth0: 0000   54.  -56.  -256\n")
        self.assertIn("eth0 is wireless", self.only("wireless", "warn"))

    def test_that_is_wireless_without_the_old_extensions(self):
        os.makedirs(self.root + "/sys/class/net/eth0/phy80211")
        self.assertIn("eth0 is wireless", self.only("wireless", "warn"))
        self.assertEqual(self.found["wireless"]["mend"],
                         "iw dev eth0 set power_save off")

    def test_that_is_wireless_and_has_not_joined(self):
        os.makedirs(self.root + "/sys/class/net/wlan0/phy80211")
        self.assertEqual(self.doctor()["wireless"]["status"], "ok")


class Firewall(Case):
    def drop(self):
        with self.host.inside():
            subprocess.run(["nft", "-f", "-"], check=True, input=(
                "table ip wall {\nchain inward {\n"
                "type filter hook input priority 0;\n"
                f"ip daddr {netns.GROUP} drop\n}}\n}}\n").encode())

    def test_chain_that_drops_is_named_with_its_mend(self):
        self.drop()

        self.assertIn("the chain inward of the table ip wall",
                      self.only("firewall"))
        mend = self.found["firewall"]["mend"]
        with self.host.inside():
            subprocess.run(mend.split(), check=True)
        self.doctor()
        self.assertEqual(self.bad(), [], mend)

    def test_that_cannot_be_read_is_inferred(self):
        self.drop()

        text = self.only("loop", env={"PATH": "/nowhere"})

        self.assertRegex(text, r"\d+ frames were sent on eth0, and none")


class Traffic(Case):
    def test_from_addresses_that_a_strict_filter_drops(self):
        with self.host.inside():
            sysctl("conf/eth0/rp_filter", 1)
        with self.peer.inside():
            netns.ip("address", "flush", "dev", "eth0")
            netns.ip("address", "add", "198.51.100.7/24", "dev", "eth0")
        self.publisher("-c", URL)

        self.assertIn("strict rp_filter", self.only("reverse-path"))
        self.assertIn("net.ipv4.conf.eth0.rp_filter=2",
                      self.found["reverse-path"]["mend"])

    def test_sealed_on_an_open_channel(self):
        self.publisher("-c", URL, "--key-file", self.key())
        self.assertIn("this channel is open", self.only("wrong-key"))

    def test_open_on_a_sealed_channel(self):
        self.publisher("-c", URL)
        with self.host.inside():
            key = self.key()
        self.doctor("--key-file", key, code=1)
        self.assertEqual(self.bad(), ["wrong-key"], self.found)
        self.assertIn("this channel is sealed",
                      self.found["wrong-key"]["text"])

    def test_sealed_with_another_key(self):
        self.publisher("-c", URL, "--key-file", self.key("other.key"))
        self.doctor("--key-file", self.key(), code=1)
        self.assertEqual(self.bad(), ["wrong-key"], self.found)
        self.assertIn("another key", self.found["wrong-key"]["text"])

    def test_of_another_protocol(self):
        sender = self.sender()
        self.while_sent(lambda: sender.sendto(
            b"hello, is anybody there? " * 4, (netns.GROUP, netns.PORT)),
            "other-protocol", "warn")

    def test_of_another_version(self):
        sender = self.sender()
        self.while_sent(lambda: sender.sendto(
            b"MS\x02" + bytes(61), (netns.GROUP, netns.PORT)),
            "other-version", "warn")

    def test_in_fragments_that_are_incomplete(self):
        with self.host.inside():
            sysctl("ipfrag_time", 1)
        with self.peer.inside():
            raw = socket.socket(socket.AF_INET, socket.SOCK_RAW,
                                socket.IPPROTO_RAW)
        self.addCleanup(raw.close)
        header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 0, 1, 0x2000, 64, 17, 0,
                             socket.inet_aton(PEER),
                             socket.inet_aton("192.0.2.1"))
        raw.sendto(header + bytes(64), ("192.0.2.1", 0))

        self.while_sent(lambda: raw.sendto(header + bytes(64),
                                           ("192.0.2.1", 0)),
                        "reassembly", "warn")

    def test_more_than_the_buffer_holds(self):
        self.publisher("-c", URL, "--full-speed", "-s", 1200)
        self.only("kernel-drops", url=URL + "&rcvbuf=4K")

    def test_buffer_smaller_than_asked_for(self):
        self.doctor(url=URL + "&rcvbuf=1G")
        self.assertEqual(self.bad(), [], self.found)
        self.assertEqual(self.found["receive-buffer"]["status"], "warn")
        self.assertEqual(self.found["receive-buffer"]["mend"],
                         "sysctl -w net.core.rmem_max=1073741824")


class Signals(Case):
    def test_an_interrupt_ends_it_quietly(self):
        with self.host.inside():
            program = self.start("doctor", "-c", URL)
            netns.until(lambda: netns.listeners(netns.GROUP, netns.PORT),
                        "it listens")
        program.process.send_signal(signal.SIGINT)
        result = program.end(0)
        self.assertEqual((result.out, result.err), ("", ""))


class Host(Case):
    def test_foreign_program_on_the_port(self):
        with self.host.inside():
            other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(other.close)
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("", netns.PORT))

        self.assertIn(f"(process {os.getpid()}) has the port",
                      self.only("port", "warn"))

    def test_programs_of_multisock_are_not_foreign(self):
        with self.host.inside():
            program = self.start("sub", "-c", URL, "#")
            netns.until(lambda: netns.listeners(netns.GROUP, netns.PORT),
                        "it listens")
        self.addCleanup(program.process.kill)
        self.doctor()
        self.assertEqual(self.bad(), [], self.found)

    def test_key_file_that_others_may_read(self):
        key = self.key()
        os.chmod(key, 0o644)

        self.doctor("--key-file", key, code=1)

        self.assertEqual(list(self.found), ["files"])
        self.assertEqual(self.found["files"]["status"], "fail")
        self.assertIn("chmod 600", self.found["files"]["mend"])

    def test_container(self):
        with open(self.root + "/.dockerenv", "w", encoding="ascii"):
            pass
        self.assertIn("container", self.only("container", "warn"))

    def test_clock_that_is_years_off(self):
        with open(self.root + "/clock", "w", encoding="ascii") as file:
            file.write("1000\n")
        self.assertIn("wrong by years", self.only("clock", "warn"))

    def test_plugins_that_others_may_write(self):
        binary = self.path("bin/msock")
        os.makedirs(os.path.dirname(binary))
        shutil.copy(netns.msock, binary)
        beside = subprocess.run(
            ["grep", "-aoE", "[.][.]/lib[a-z0-9_/-]*/multisock/plugins",
             binary], stdout=subprocess.PIPE, check=True
            ).stdout.decode().split()[0]
        plugins = os.path.normpath(self.path("bin/" + beside))
        os.makedirs(plugins)
        built = netns.msock
        self.addCleanup(setattr, netns, "msock", built)
        netns.msock = binary

        self.doctor()
        self.assertEqual(self.found["plugins"]["status"], "ok")
        os.chmod(plugins, 0o777)
        self.assertIn(plugins, self.only("plugins"))


if __name__ == "__main__":
    netns.main()
