# SPDX-License-Identifier: Apache-2.0
"""One host with nothing but `lo`: msock pub and msock sub as users run them."""

import contextlib
import hashlib
import json
import os
import random
import signal
import socket
import subprocess

import netns

LO = f"udp://{netns.GROUP}:{netns.PORT}?iface=lo"


class Stream(netns.Case):
    def test_a_thousand_lines_arrive_in_order_sealed(self):
        key = self.key()
        sub = self.sub("home/#", "--json", "-C", 1000, "-c", LO,
                       "--key-file", key)

        self.run_msock("pub", "home/n", "-c", LO, "--key-file", key,
                       "--name", "counter",
                       text="".join(f"{n}\n" for n in range(1, 1001)))

        lines = [json.loads(line) for line in sub.end().lines]
        self.assertTrue(all(line.pop("age_ms") >= 0 for line in lines))
        for n, line in enumerate(lines, 1):
            self.assertEqual(
                line, {"topic": "home/n", "sender": "counter", "data": n})
        self.assertEqual(len(lines), 1000)

    def test_the_default_channel_and_environment_reach_each_other(self):
        os.environ["MSOCK_KEY_FILE"] = self.key()
        self.addCleanup(os.environ.pop, "MSOCK_KEY_FILE")
        sub = self.sub("#", "-C", 1)

        self.run_msock("pub", "lights", "off")

        self.assertEqual(sub.end().out, "off\n")

    def test_a_line_is_sent_while_the_input_stays_open(self):
        sub = self.sub("log", "-C", 2, "-c", LO)
        pub = self.start("pub", "log", "-c", LO, stdin=subprocess.PIPE)

        pub.process.stdin.write(b"first\n")
        pub.process.stdin.flush()
        netns.until(lambda: sub.output() == b"first\n", "the first line")
        pub.process.stdin.write(b"second, without a newline")
        pub.process.stdin.close()

        self.assertEqual(sub.end().lines,
                         ["first", "second, without a newline"])
        pub.end()

    def test_more_than_the_queue_holds_is_sent_without_loss(self):
        line = "x" * 1000
        sub = self.sub("bulk", "-C", 150, "-c", LO)

        self.run_msock("pub", "bulk", "-c", LO + "&queue_max=64K",
                       text=f"{line}\n" * 150)

        self.assertEqual(sub.end().lines, [line] * 150)

    def test_two_readers_get_every_message(self):
        first = self.sub("home/+/lights", "-v", "-C", 1, "-c", LO)
        second = self.sub("home/#", "-C", 1, "-c", LO, readers=2)

        self.run_msock("pub", "home/kitchen/lights", "off", "-c", LO)

        self.assertEqual(first.end().out, "home/kitchen/lights off\n")
        self.assertEqual(second.end().out, "off\n")


class RawFile(netns.Case):
    def transfer(self, url, *options):
        data = random.Random(7).randbytes(1 << 20)
        with open(self.path("picture"), "wb") as file:
            file.write(data)
        sub = self.sub("cam/porch", "-C", 1, "-c", url, *options)

        self.run_msock("pub", "cam/porch", "--raw", self.path("picture"),
                       "-c", url, *options)

        self.assertEqual(hashlib.sha256(sub.end().raw).hexdigest(),
                         hashlib.sha256(data).hexdigest())

    def test_a_mebibyte_arrives_unchanged(self):
        self.transfer(LO)

    def test_a_mebibyte_arrives_unchanged_sealed(self):
        self.transfer(LO, "--key-file", self.key())

    def test_a_mebibyte_arrives_with_a_small_receive_buffer(self):
        self.transfer(LO + "&rcvbuf=212992&mtu=1500")

    def test_bytes_of_standard_input_arrive_with_their_type(self):
        sub = self.sub("cam", "--json", "-C", 1, "-c", LO)

        self.run_msock("pub", "cam", "--raw", "-", "--type", "image/png",
                       "--name", "porch", "-c", LO, text=b"\x89PNG\r\n\x00\xff")

        self.assertRegex(
            sub.end().out,
            r'^{"topic":"cam","sender":"porch","age_ms":\d+,'
            r'"type":"image/png","raw":"iVBORw0KAP8="}\n$')

    def test_an_empty_file_arrives_as_no_bytes(self):
        sub = self.sub("cam", "--json", "-C", 1, "-c", LO)

        self.run_msock("pub", "cam", "--raw", "-", "--name", "p", "-c", LO)

        self.assertRegex(
            sub.end().out,
            r'^{"topic":"cam","sender":"p","age_ms":\d+,"raw":""}\n$')


class Wire(netns.Case):
    """What a listener on the cable sees."""

    def sniff(self, *options):
        # With its usual MTU of 65536 two IGMP reports would fill the buffer.
        netns.ip("link", "set", "lo", "mtu", "1500")
        self.addCleanup(netns.ip, "link", "set", "lo", "mtu", "65536")
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW,
                           socket.htons(3)) as sniffer:
            sniffer.bind(("lo", 0))
            sub = self.sub("secret/topic", "-C", 1, "-c", LO, *options)
            self.run_msock("pub", "secret/topic", '{"door":"unlocked"}', "-c",
                           LO, "--name", "grandmother", *options)
            self.assertEqual(sub.end().out, '{"door":"unlocked"}\n')
            sniffer.setblocking(False)
            seen = b""
            try:
                while True:
                    seen += sniffer.recv(65536)
            except BlockingIOError:
                return seen

    def test_an_open_channel_shows_its_json(self):
        self.assertIn(b'{"topic":"secret/topic","sender":"grandmother",'
                      b'"data":{"door":"unlocked"}}\n', self.sniff())

    def test_a_sealed_channel_shows_no_topic_sender_or_data(self):
        seen = self.sniff("--key-file", self.key())

        self.assertIn(b"MS\x01\x01", seen)
        for word in (b"secret", b"topic", b"grandmother", b"sender", b"door",
                     b"unlocked", b"data"):
            self.assertNotIn(word, seen)


class Bare(netns.Case):
    def test_four_lines_of_python_are_received(self):
        sub = self.sub("lights", "--json", "-C", 1, "-c", LO)

        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF,
                          socket.inet_aton("127.0.0.1"))
        sender.sendto(b'{"topic":"lights","sender":"py","data":1}',
                      (netns.GROUP, netns.PORT))
        sender.close()

        self.assertEqual(sub.end().out,
                         '{"topic":"lights","sender":"py","data":1}\n')

    def test_noise_is_counted_and_changes_nothing(self):
        sub = self.sub("lights", "-C", 1, "-c", LO)

        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF,
                              socket.inet_aton("127.0.0.1"))
            for noise in (b"", b"MS", b"hello " * 10,
                          b'{"topic":"lights","sender":"py","data":01}'):
                sender.sendto(noise, (netns.GROUP, netns.PORT))
        self.run_msock("pub", "lights", "off", "-c", LO)

        result = sub.end()
        self.assertEqual(result.out, "off\n")
        for reason in ("drop_short", "drop_magic", "drop_json"):
            self.assertIn(reason, result.err)


    def test_copies_are_no_drops(self):
        sub = self.sub("lights", "-C", 2, "-c", LO)

        self.run_msock("pub", "lights", "1", "--copies", 3, "-c", LO)
        self.run_msock("pub", "lights", "2", "-c", LO)

        self.assertEqual(sub.end().err, "")

    def test_a_recording_is_told_of_when_the_reader_ends(self):
        key = ("--key-file", self.key())
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as tape:
            tape.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tape.bind((netns.GROUP, netns.PORT))
            tape.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                            socket.inet_aton(netns.GROUP) +
                            socket.inet_aton("127.0.0.1"))
            tape.settimeout(0.1)
            self.run_msock("pub", "lights", "off", "-c", LO, *key)
            frames = []
            with contextlib.suppress(TimeoutError):
                while True:
                    frames.append(tape.recv(2000))
            tape.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF,
                            socket.inet_aton("127.0.0.1"))
            sub = self.sub("lights", "-W", 1, "-c", LO, *key, readers=2)
            for frame in frames:
                tape.sendto(frame, (netns.GROUP, netns.PORT))
            result = sub.end(27)

        self.assertEqual(result.out, "")
        self.assertRegex(result.err, "held 1: ")


class Ending(netns.Case):
    def test_signals_end_a_reader_cleanly(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            sub = self.sub("#", "-c", LO)
            sub.process.send_signal(number)
            self.assertEqual(sub.end(0).err, "")

    def test_waiting_in_vain_ends_with_27(self):
        self.assertEqual(
            self.run_msock("sub", "#", "-W", "0.1", "-c", LO, code=27).err, "")

    def test_a_reader_whose_output_is_gone_ends_cleanly(self):
        reading, writing = os.pipe()
        sub = self.sub("#", "-c", LO, stdout=writing)
        os.close(writing)
        os.close(reading)

        self.run_msock("pub", "lights", "off", "-c", LO)

        self.assertEqual(sub.end(0).err, "")

    def test_every_line_is_flushed(self):
        sub = self.sub("#", "-c", LO)

        self.run_msock("pub", "lights", "off", "-c", LO)

        netns.until(lambda: sub.output() == b"off\n", "the line")
        sub.terminate()


if __name__ == "__main__":
    netns.main()
