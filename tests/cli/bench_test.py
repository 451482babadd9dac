# SPDX-License-Identifier: Apache-2.0
"""msock bench: what it counts is exact, what it sends is announced."""

import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "e2e"))
import netns

LO = f"udp://{netns.GROUP}:{netns.PORT}?iface=lo"
BEGIN, LOAD, END, ASK, ANSWER = 1, 2, 3, 4, 5
BEST_EFFORT = 0  # stream
HOUR_NS = 3600 * 10**9


class Peer:
    """A publisher of an open channel that says what a test gives it."""

    def __init__(self, case):
        self.session = os.urandom(16)
        self.counter = 0
        self.udp = netns.speaker()
        case.addCleanup(self.udp.close)

    def say(self, kind, number=0, ago_ns=0, topic="bench/load"):
        self.counter += 1
        sent_ns = time.time_ns() - ago_ns
        data = b"msB1" + struct.pack(">B3xQQQ", kind, number, sent_ns, 7)
        head = {"topic": topic, "sender": "fake", "len": len(data)}
        self.udp.sendto(
            struct.pack(">HBBL", 0x4D53, 1, 0, 0) + self.session +
            struct.pack(">QQ", BEST_EFFORT << 62 | self.counter, 0) +
            json.dumps(head, separators=(",", ":")).encode() + b"\n" + data,
            (netns.GROUP, netns.PORT))


class Case(netns.Case):
    def listen(self, *words, readers=1, channel=LO):
        """Starts a bench that listens, and waits until it does."""
        program = self.start("bench", *words, "-c", channel)
        netns.until(lambda: program.process.poll() is not None or
                    netns.listeners(netns.GROUP, netns.PORT) >= readers,
                    f"bench {words} listens")
        return program

    def pub(self, *words, code=0):
        return self.run_msock("bench", "pub", *words, "-c", LO, code=code)

    def objects(self, result):
        """What was printed, by kind."""
        found = {}
        for line in result.lines:
            item = json.loads(line)
            found.setdefault(item["kind"], []).append(item)
        return found

    def publisher(self, result):
        """The only publisher that a sub heard."""
        return self.objects(result)["publisher"][0]

    def counts(self, result):
        item = self.publisher(result)
        return {key: item[key] for key in (
            "received", "lost", "early", "duplicates", "reordered", "stale",
            "sent")}


class Counts(Case):
    def whole(self, count):
        return {"received": count, "lost": 0, "early": 0, "duplicates": 0,
                "reordered": 0, "stale": 0, "sent": count}

    def test_all_that_was_sent_is_received(self):
        sub = self.listen("sub", "--json", "--require-lossless")

        sent = self.pub("-C", 1000, "-r", 5000, "-s", 100, "--json")

        result = sub.end()
        self.assertEqual(self.counts(result), self.whole(1000))
        self.assertEqual(self.publisher(result)["bytes"], 100000)
        item = self.objects(sent)["sent"][0]
        self.assertEqual((item["messages"], item["size"], item["reliable"]),
                         (1000, 100, False))

    def test_a_duration_has_as_many_as_are_due_in_it(self):
        sub = self.listen("sub", "--json", "--require-lossless")

        began = time.monotonic()
        pub = self.pub("--duration", 0.5, "-r", 200, "--json")

        self.assertGreaterEqual(time.monotonic() - began, 0.495)
        self.assertIn("publishes 100 messages", pub.err)
        sent = self.objects(pub)["sent"][0]["messages"]
        self.assertLessEqual(sent, 100)  # a busy machine makes no burst of it
        self.assertEqual(self.counts(sub.end()), self.whole(sent))

    def test_reliable_at_full_speed_loses_nothing(self):
        sub = self.listen("sub", "--json", "--require-lossless")

        self.pub("-C", 20000, "--full-speed", "--reliable")

        self.assertEqual(self.counts(sub.end()), self.whole(20000))

    def test_large_messages_are_counted_too(self):
        sub = self.listen("sub", "--json", "--require-lossless")

        self.pub("-C", 3, "-s", 1 << 20, "--reliable", "-r", 10)

        result = sub.end()
        self.assertEqual(self.counts(result), self.whole(3))
        self.assertEqual(self.publisher(result)["bytes"], 3 << 20)

    def test_a_sealed_channel_is_whole_from_the_first(self):
        key = self.key()
        sub = self.listen("sub", "--json", "--require-lossless", "--key-file",
                          key)

        self.pub("-C", 200, "-r", 1000, "--key-file", key)

        self.assertEqual(self.counts(sub.end()), self.whole(200))

    def test_publishers_are_told_apart(self):
        sub = self.listen("sub", "--json", "-n", 2, "--require-lossless")

        pubs = [self.start("bench", "pub", "-C", count, "-r", 500, "-c", LO)
                for count in (100, 200)]
        for pub in pubs:
            pub.end()

        items = self.objects(sub.end())["publisher"]
        self.assertEqual(sorted(item["received"] for item in items),
                         [100, 200])
        self.assertEqual(len({item["session"] for item in items}), 2)

    def test_who_comes_late_tells_it(self):
        pub = self.start("bench", "pub", "-r", 1000, "--duration", 3,
                         "--progress", "-c", LO)
        netns.until(lambda: b"1 s: " in pub.said(), "pub is on its way")
        sub = self.listen("sub", "--json", "--require-lossless")

        pub.end()

        item = self.publisher(sub.end(1))
        self.assertGreater(item["early"], 500)
        self.assertEqual(item["lost"], 0)
        self.assertEqual(item["early"] + item["received"], item["sent"])

    def test_an_interrupted_publisher_says_how_many_it_was(self):
        sub = self.listen("sub", "--json", "--require-lossless")
        pub = self.start("bench", "pub", "-r", 500, "--duration", 60,
                         "--progress", "--json", "-c", LO)
        netns.until(lambda: b"1 s: " in pub.said(), "pub is on its way")

        pub.process.send_signal(signal.SIGINT)

        sent = self.objects(pub.end())["sent"][0]["messages"]
        self.assertEqual(self.counts(sub.end()), self.whole(sent))

    def test_a_count_ends_it(self):
        sub = self.listen("sub", "--json", "-C", 10)

        self.pub("-C", 50, "-r", 1000)

        self.assertGreaterEqual(self.publisher(sub.end())["received"], 10)


class Faults(Case):
    def test_gaps_repetitions_and_order_are_told_exactly(self):
        sub = self.listen("sub", "--json", "--require-lossless")
        peer = Peer(self)

        peer.say(BEGIN)
        for number in (0, 1, 4, 3, 4, 9):
            peer.say(LOAD, number)
        peer.say(END, 12)

        self.assertEqual(self.counts(sub.end(1)), {
            "received": 5, "lost": 7, "early": 0, "duplicates": 1,
            "reordered": 1, "stale": 0, "sent": 12})

    def test_times_of_another_host_are_above_the_quickest(self):
        sub = self.listen("sub", "--json")
        peer = Peer(self)

        for number in range(5):
            peer.say(LOAD, number, ago_ns=HOUR_NS)
        peer.say(END, 5)

        times = self.publisher(sub.end())["one_way_us"]
        self.assertFalse(times["one_clock"])
        self.assertGreaterEqual(times["least"], HOUR_NS / 1000)
        self.assertLess(times["max"], HOUR_NS / 1000)

    def test_times_of_this_host_are_as_they_are(self):
        sub = self.listen("sub", "--json")

        self.pub("-C", 100, "-r", 1000)

        times = self.publisher(sub.end())["one_way_us"]
        self.assertTrue(times["one_clock"])
        self.assertGreater(times["least"], 0)
        self.assertLessEqual(times["least"], times["max"])
        self.assertLessEqual(times["p50"], times["p99"])
        self.assertLessEqual(times["p99"], times["p999"])
        self.assertLessEqual(times["p999"], times["max"])

    def test_what_is_no_such_message_is_passed_by(self):
        sub = self.listen("sub", "--json")
        peer = Peer(self)

        peer.say(0)
        peer.say(6)
        peer.say(LOAD, 1 << 53)
        self.run_msock("pub", "bench/load", "hello", "-c", LO)
        peer.say(LOAD, 0)
        peer.say(END, 1)

        self.assertEqual(self.publisher(sub.end())["received"], 1)

    def test_what_the_kernel_drops_is_lost_and_counted(self):
        sub = self.listen("sub", "--json", "--require-lossless",
                          channel=LO + "&rcvbuf=64K")
        sub.process.send_signal(signal.SIGSTOP)
        pub = self.start("bench", "pub", "-r", 5000, "-s", 1000, "--duration",
                         2, "--progress", "-c", LO)
        netns.until(lambda: b"1 s: " in pub.said(), "much was sent")
        sub.process.send_signal(signal.SIGCONT)
        pub.end()

        result = sub.end(1)
        item = self.publisher(result)
        self.assertGreater(item["lost"], 0)
        self.assertEqual(item["received"] + item["lost"] + item["early"],
                         item["sent"])
        drops = self.objects(result)["channel"][0]["drops"]
        self.assertGreater(drops["drop_kernel"], 0)
        self.assertIn("drop_kernel", result.err)

    @unittest.skipUnless(shutil.which("nft"), "no nft(8): install nftables")
    def test_a_network_that_loses_is_seen_through_and_reliable_mends_it(self):
        rules = ("chain input { type filter hook input priority 0; meta "
                 "l4proto udp numgen random mod 100 < 20 drop; }")
        subprocess.run(["nft", f"table ip hall {{ {rules}; }}"], check=True)
        self.addCleanup(subprocess.run, ["nft", "delete table ip hall"],
                        check=True)

        sub = self.listen("sub", "--json")
        self.pub("-C", 500, "-r", 1000)
        item = self.publisher(sub.end())
        self.assertGreater(item["lost"], 0)
        self.assertEqual(item["received"] + item["lost"] + item["early"], 500)

        sub = self.listen("sub", "--json", "--require-lossless")
        self.pub("-C", 500, "-r", 1000, "--reliable")
        self.assertEqual(self.counts(sub.end())["received"], 500)

    def test_silence_is_a_failure(self):
        result = self.run_msock("bench", "sub", "--duration", 0.2, "-c", LO,
                                code=1)

        self.assertEqual(result.out, "")
        self.assertIn("nothing came on bench/load", result.err)


class RoundTrips(Case):
    def ask(self, *words, code=0):
        return self.run_msock("bench", "rtt", *words, "-c", LO, code=code)

    def responder(self, result):
        return self.objects(result)["responder"][0]

    def check(self, *words, count=200):
        server = self.listen("rtt", "--serve", "--json", "-C", count)

        result = self.ask("-C", count, "--json", "--require-lossless", *words)

        item = self.responder(result)
        self.assertEqual((item["received"], item["lost"], item["sent"]),
                         (count, 0, count))
        times = item["round_trip_us"]
        self.assertGreater(times["least"], 0)
        self.assertLessEqual(times["p50"], times["p99"])
        self.assertLessEqual(times["p999"], times["max"])
        served = self.objects(server.end())["served"][0]
        self.assertEqual((served["answered"], served["unanswered"]),
                         (count, 0))

    def test_at_a_rate_every_question_is_answered(self):
        self.check("-r", 1000)

    def test_one_after_the_other_too(self):
        self.check("--full-speed", "-s", 1000)

    def test_and_reliably(self):
        self.check("-r", 1000, "--reliable")

    def test_all_who_serve_are_told_apart(self):
        servers = [self.listen("rtt", "--serve", "-C", 50, readers=number)
                   for number in (1, 2)]

        result = self.ask("-C", 50, "-r", 500, "--json", "--require-lossless")

        items = self.objects(result)["responder"]
        self.assertEqual([item["received"] for item in items], [50, 50])
        for server in servers:
            server.end()

    def test_an_answer_that_does_not_come_is_lost(self):
        self.listen("rtt", "--serve", "-C", 20)

        result = self.ask("-C", 40, "-r", 100, "--json", "--require-lossless",
                          code=1)

        item = self.responder(result)
        self.assertEqual(item["received"] + item["lost"], 40)
        self.assertGreater(item["lost"], 0)
        self.assertIn("not every question was answered", result.err)

    def test_answers_go_as_the_questions_came(self):
        for words in ((), ("--reliable",)):
            server = self.listen("rtt", "--serve", "-C", 5)
            reader = self.sub("bench/answer", "--json", "-c", LO, readers=2)

            self.ask("-C", 5, "-r", 100, "-s", 100, *words)

            server.end()
            lines = [json.loads(line) for line in reader.terminate().lines]
            answers = [line for line in lines if len(line["raw"]) > 100]
            self.assertEqual([line.get("reliable", False) for line in answers],
                             [words != ()] * 5)

    def test_answers_to_others_are_none(self):
        peer = Peer(self)
        asker = self.listen("rtt", "--duration", 1.5, "-r", 100, "--progress")
        netns.until(lambda: b"1 s: " in asker.said(), "it asks")

        for number in range(5):
            peer.say(ANSWER, number, topic="bench/answer",
                     ago_ns=time.time_ns() - time.monotonic_ns())

        self.assertIn("nobody answered", asker.end(1).err)

    def test_nobody_asked_is_a_failure(self):
        result = self.run_msock("bench", "rtt", "--serve", "--duration", 0.2,
                                "-c", LO, code=1)

        self.assertIn("nobody asked", result.err)


class Manners(Case):
    def test_it_says_what_it_will_send(self):
        result = self.pub("-C", 2, "-r", 10)

        self.assertIn("publishes 2 messages of 64 bytes on bench/load, 10 a "
                      f"second (0.00512 Mbit/s), on {LO}\n", result.err)

    def test_unless_told_otherwise_it_is_gentle(self):
        small = self.start("bench", "pub", "-c", LO)
        large = self.start("bench", "pub", "-s", 1 << 20, "-c", LO)

        netns.until(lambda: b"publishes" in small.said() and
                    b"publishes" in large.said(), "they tell")

        self.assertIn(b" 1000 messages of 64 bytes on bench/load, 100 a second",
                      small.said())
        self.assertIn(b" 10 messages of 1048576 bytes on bench/load, 1 a "
                      b"second (8.39 Mbit/s)", large.said())

    def test_it_speaks_on_topics_of_its_own_as_a_visitor(self):
        reader = self.sub("#", "--json", "-c", LO)
        self.listen("rtt", "--serve", readers=2)
        self.pub("-C", 2, "-r", 100)
        self.run_msock("bench", "rtt", "-C", 2, "-r", 100, "-c", LO)

        lines = [json.loads(line) for line in reader.terminate().lines]

        self.assertEqual({line["topic"] for line in lines},
                         {"bench/load", "bench/ask", "bench/answer"})
        self.assertEqual({line["sender"].split("-")[0] for line in lines},
                         {"$bench"})

    def test_it_listens_as_an_observer(self):
        self.listen("sub")
        self.listen("rtt", "--serve", readers=2)

        for topic in ("bench/load", "bench/ask"):
            result = self.run_msock("pub", topic, "1", "--confirm", "--json",
                                    "-c", LO, code=1)
            self.assertNotIn("silent", result.out)

    def test_progress_is_told_only_where_it_is_wanted(self):
        silent = self.start("bench", "pub", "--duration", 1.5, "-c", LO)
        loud = self.start("bench", "pub", "--duration", 1.5, "--progress",
                          "-c", LO)

        self.assertIn("msock: 1 s: 10", loud.end().err)
        self.assertNotIn("1 s:", silent.end().err)

    def test_the_report_is_for_people_if_nothing_else_is_said(self):
        sub = self.listen("sub")

        pub = self.pub("-C", 10, "-r", 100)

        self.assertRegex(pub.out, r"^sent +10 in 0\.\d\d s, ")
        lines = sub.end().lines
        self.assertRegex(lines[0], r"^\$bench-")
        self.assertRegex(lines[1], r"^  received +10, \d+\.\d messages/s, ")
        self.assertRegex(lines[2], r"^  lost +0 \(0 %\), early 0, ")
        self.assertRegex(lines[3], r"^  one way +p50 \d+\.\d +p99 ")


class Usage(Case):
    def refused(self, *words):
        result = self.run_msock("bench", *words, code=2)
        self.assertEqual(result.out, "")
        self.assertRegex(result.err, r"^msock: .+\n$")
        return result.err

    def test_words(self):
        self.refused()
        self.refused("load")
        self.refused("pub", "sub")
        self.refused("pub", "--what")
        self.refused("pub", "-C")

    def test_numbers(self):
        for words in (("-C", "0"), ("-C", "1e3"), ("-C", "1000000000001"),
                      ("-r", "0"), ("-r", "1000001"), ("-s", "31"),
                      ("-s", "8388609"), ("-s", "-64"), ("--duration", "0"),
                      ("--duration", "86401"), ("--duration", "x"),
                      ("--duration", "nan")):
            self.refused("pub", *words)
        for words in (("-n", "0"), ("-n", "65")):
            self.refused("sub", *words)

    def test_options_of_other_words(self):
        for words in (("sub", "--rate", "5"), ("sub", "--full-speed"),
                      ("sub", "--size", "64"), ("sub", "--reliable"),
                      ("pub", "--publishers", "2"), ("rtt", "-n", "2"),
                      ("pub", "--require-lossless"), ("pub", "--serve"),
                      ("rtt", "--serve", "--rate", "5"),
                      ("rtt", "--serve", "--require-lossless")):
            self.refused(*words)

    def test_what_contradicts(self):
        self.refused("pub", "--rate", "5", "--full-speed")
        self.assertIn("codec=raw",
                      self.refused("pub", "-c", LO + "&codec=raw"))

    def test_a_channel_that_is_none(self):
        for word in (("pub",), ("sub",), ("rtt",), ("rtt", "--serve")):
            self.run_msock("bench", *word, "-c", "udp://x", code=2)

    def test_help(self):
        for words in ((), ("pub",), ("sub",), ("rtt",)):
            self.assertIn(" ".join(("usage: msock bench", *words)),
                          self.run_msock("bench", *words, "-h").out)


if __name__ == "__main__":
    netns.main()
