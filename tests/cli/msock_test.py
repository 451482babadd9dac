# SPDX-License-Identifier: Apache-2.0
"""The command line of msock: words in, exit codes, and what it prints."""

import base64
import fcntl
import json
import os
import pty
import re
import signal
import socket
import struct
import subprocess
import sys
import termios

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "e2e"))
import netns

F_SETPIPE_SZ = 1031  # fcntl has its name since Python 3.10
LO = f"udp://{netns.GROUP}:{netns.PORT}?iface=lo"


class Usage(netns.Case):
    def test_wrong_calls_end_with_2_and_say_why_on_standard_error(self):
        for words, said in (
                ([], "no verb"),
                (["publish"], "unknown verb publish"),
                (["recrd"], "unknown verb recrd, perhaps record"),
                (["key", "rotat"], "unknown word rotat after key, perhaps "
                 "rotate; see msock key -h"),
                (["pub"], "no TOPIC"),
                (["pub", "t", "1", "2"], "more than TOPIC and DATA"),
                (["pub", "t", "1", "--raw", "f"], "--raw"),
                (["pub", "t", "--type", "a/b"], "--type"),
                (["pub", "t", "1", "--copies", "0"], "from 1 to 10, not 0"),
                (["pub", "t", "1", "--copies", "11"], "--copies wants"),
                (["pub", "t", "1", "--copies", ""], "--copies wants"),
                (["pub", "t", "1", "--expires", "0"], "--expires wants"),
                (["pub", "t", "1", "--expires", "1s"], "--expires wants"),
                (["pub", "t", "1", "--expires", "-1"], "--expires wants"),
                (["pub", "t", "1", "--expires", "4294967296"],
                 "to 4294967295"),
                (["pub", "t", "1", "--expires", "9" * 30], "--expires wants"),
                (["pub", "t", "1", "--after", "60001"], "from 0 to 60000"),
                (["pub", "t", "1", "--after", "9", "--expires", "8"],
                 "--expires below --after"),
                (["pub", "t", "1", "--reliable", "--copies", "2"],
                 "--reliable and --copies"),
                (["pub", "t", "1", "--reliable=1"], "--reliable=1"),
                (["pub", "t", "-5"], "unknown option -5"),
                (["pub", "--nonsense", "t"], "unknown option --nonsense"),
                (["pub", "--relaible", "t"], "perhaps --reliable"),
                (["pub", "t", "-c"], "-c needs a value"),
                (["pub", "t", "--key-file"], "--key-file needs a value"),
                (["pub", "t", "1", "--key-file", ""], "--key-file is empty"),
                (["pub", "t", "1", "--name="], "--name is empty"),
                (["pub", "t", "1", "-c", ""], "--channel is empty"),
                (["sub", "t", "--key-file="], "--key-file is empty"),
                (["sub"], "no FILTER"),
                (["sub", "#", "-C", "0"], "-C wants"),
                (["sub", "#", "-C", "-1"], "-C wants"),
                (["sub", "#", "-C", "1x"], "-C wants"),
                (["sub", "#", "-W", "0"], "-W wants"),
                (["sub", "#", "-W", "nan"], "-W wants"),
                (["sub", "#", "-W", "9" * 14], "at most 1000000000"),
                (["sub", "#", "-W", " 5"], "-W wants"),
                (["sub", "#", "-W", "0x10"], "-W wants"),
                (["sub", "#", "-W", "+5"], "-W wants"),
                (["pub", "t", "1", "--repeat", "2", "--repeat-delay", "0x1"],
                 "--repeat-delay wants"),
                (["bench", "pub", "--duration", " 1"], "--duration wants"),
                (["help", "sub", "x"], "no words after sub"),
                (["help", "key", "rotat"], "perhaps rotate; see msock key -h"),
                (["help", "key", "id", "x"], "x is one word too many"),
                (["help", "examples", "x"], "x is one word too many"),
                (["help", "--verbs", "x"], "x is one word too many"),
                (["help", "--mdoc", "sub", "x"], "x is one word too many"),
                (["help", "--mdoc", "recrod"], "perhaps record"),
                (["-h", "recrod"], "perhaps record"),
                (["version", "x"], "version takes no arguments"),
                (["-V", "x"], "version takes no arguments"),
                (["sub", "#", "--jso=1"], "--jso takes no value"),
                (["sub", "#", "--verbose=1"], "--verbose takes no value"),
                (["sub", "#", "--name=v", "-xv"], "unknown option -x"),
                (["key"], "no word after key"),
                (["key", "generate"], "unknown word generate"),
                (["key", "gen", "file"], "msock key gen"),
                (["key", "gen", "--json"], "see msock key gen -h"),
                (["key", "list", "--jso=1"], "--jso takes no value"),
                (["pub", "--reliable=yes", "t"],
                 "--reliable=yes: --reliable takes no value"),
                (["key", "show"], "usage: msock key show FILE"),
                (["key", "show", "a", "b"], "usage: msock key show FILE"),
                (["key", "show", "a", "--switch"], "see msock key show -h"),
                (["key", "rotate", "a", "0"], "an ID is for --switch"),
                (["key", "retire", "a"], "usage: msock key retire FILE ID"),
                (["key", "list", "a", "-c", ""], "--channel is empty"),
                (["key", "id", "a", "-c", LO], "see msock key id -h")):
            result = self.run_msock(*words, code=2)
            self.assertEqual(result.out, "", words)
            self.assertTrue(result.err.startswith("msock: "), words)
            self.assertIn(said, result.err, words)

    def test_an_empty_variable_opens_no_channel_without_a_key(self):
        environment = dict(os.environ, MSOCK_KEY_FILE="")
        for words in (["pub", "t", "1", "-c", LO], ["sub", "#", "-c", LO]):
            result = self.run_msock(*words, code=2, env=environment)
            self.assertEqual(result.out, "", words)
            self.assertIn("MSOCK_KEY_FILE is empty", result.err, words)

        self.run_msock("pub", "t", "1", "-c", LO, "--key-file", self.key(),
                       env=environment)

    def test_help_goes_to_standard_output(self):
        for words in (["help"], ["-h"], ["--help"], ["pub", "-h"],
                      ["sub", "--help"], ["key", "-h"], ["help", "help"],
                      ["key", "gen", "-h"], ["key", "gen", "--help"]):
            result = self.run_msock(*words)
            self.assertIn("usage: msock", result.out, words)
            self.assertEqual(result.err, "", words)

    def test_help_of_a_verb_is_what_the_verb_says(self):
        for verb in ("pub", "sub", "key", "hub"):
            result = self.run_msock("help", verb)
            self.assertIn(f"usage: msock {verb} ", result.out)
            self.assertEqual(result.out, self.run_msock(verb, "-h").out)
        self.assertIn("unknown verb x",
                      self.run_msock("help", "x", code=2).err)
        self.assertIn("perhaps record",
                      self.run_msock("help", "recrod", code=2).err)

    def test_examples_use_what_there_is(self):
        commands = [line.strip() for line in
                    self.run_msock("help", "examples").lines
                    if line.startswith("  ")]

        for command in commands:
            found = re.search(r"\bmsock (.*)", command)
            verb, *words = found[1].split()
            known = self.run_msock("help", verb).out
            if verb in ("bench", "key", "id"):
                known = self.run_msock("help", verb, words[0]).out
            for word in words:
                if re.match("--?[a-zA-Z]", word):
                    self.assertRegex(known, rf"(?m)(^|[ |\[]){word}\b",
                                     command)
        self.assertGreater(len(commands), 20)

    def test_the_version_is_told(self):
        for word in ("version", "--version", "-V"):
            self.assertRegex(self.run_msock(word).out,
                             r"^msock \d+\.\d+\.\d+\n$")
        told = json.loads(self.run_msock("version", "--json").out)
        self.assertRegex(told["version"], r"^\d+\.\d+\.\d+$")


class Failure(netns.Case):
    def fails(self, code, *cases):
        for words, said in cases:
            result = self.run_msock(*words, code=code)
            self.assertEqual(result.out, "", words)
            self.assertTrue(result.err.startswith("msock: "), words)
            self.assertIn(said, result.err, words)

    def test_what_cannot_be_done_ends_with_1_and_says_why(self):
        self.fails(
            1,
            (["pub", "t", "--raw", "/nonexistent", "-c", LO],
             "/nonexistent: No such file"),
            (["pub", "t", "--raw", "/", "-c", LO], "/: Is a directory"),
            (["pub", "t", "1", "--key-file", "/nonexistent", "-c", LO],
             "/nonexistent"))

    def test_a_wrong_address_or_name_ends_with_2(self):
        self.fails(
            2,
            (["pub", "t", "-c", "http://x"], "udp://"),
            (["pub", "t", "-c", "udp://10.0.0.1:7783"], "10.0.0.1"),
            (["pub", "t", "-c", LO + "&ttl=0"], "ttl"),
            (["pub", "t", "-c", LO + "&ifcae=lo"], "iface"),
            (["top", "--once", "-c", LO + "&ifac=1"], "iface"),
            (["sub", "#", "--name", "n" * 64, "-c", LO], "63"))
        for verb in ("sub", "hz", "bw", "echo", "reply", "topics"):
            words = ["1"] if verb == "reply" else []
            self.fails(2, ([verb, "a", *words, "-c", LO + "&ifac=1"],
                           'did you mean "iface"?'))
        for verb in (["nodes"], ["bench", "sub"], ["bench", "rtt"]):
            self.fails(2, ([*verb, "-c", "udp://239.1.1.1"], "port"))

    def test_a_wrong_topic_or_filter_ends_with_1_as_mosquittos_do(self):
        self.fails(
            1,
            (["pub", "t/#", "1", "-c", LO], '"t/#" is not a topic'),
            (["pub", "t/+", "-l", "-c", LO], '"t/+" is not a topic'),
            (["pub", "", "-l", "-c", LO], '"" is not a topic'),
            (["pub", "t" * 256, "1", "-c", LO], "255"),
            (["pub", "$ms/x", "1", "-c", LO], "the protocol's own"),
            (["req", "t/#", "1", "-c", LO], "#"))
        for verb in ("sub", "hz", "bw", "echo", "reply", "topics"):
            words = ["1"] if verb == "reply" else []
            self.fails(1, ([verb, "a/#/b", *words, "-c", LO], "#"))
        self.fails(1, (["top", "--once", "a/#/b", "-c", LO], "#"))

    def test_words_are_told(self):
        self.fails(
            2,
            (["pbu", "t", "1"], "unknown verb pbu, perhaps pub"),
            (["publish", "t", "1"], "perhaps pub"),
            (["key", "gne"], "perhaps gen"),
            (["key"], "no word after key: gen"),
            (["bench"], "no word after bench: pub"),
            (["pub", "t", "two", "words"],
             "words is one word more than TOPIC and DATA: text with blanks"))

    def test_a_key_file_that_others_may_read_is_refused(self):
        key = self.key()
        os.chmod(key, 0o644)

        result = self.run_msock("pub", "t", "1", "--key-file", key, "-c", LO,
                                code=1)

        self.assertIn(key, result.err)

    def test_an_interface_that_does_not_exist_is_told(self):
        channel = LO + "f,127.0.0.9"

        pub = self.run_msock("pub", "t", "1", "-c", channel, code=1)
        sub = self.start("sub", "#", "-c", channel)
        netns.until(lambda: b"interface lof" in sub.said(), "sub tells it")

        for said in (pub.err, sub.terminate().err):
            self.assertIn("iface=lof,127.0.0.9 has not joined", said)
            self.assertIn("there is no interface lof now", said)
            self.assertEqual(said.count("there is no interface"), 1)

    def test_a_reader_that_has_gone_is_no_news(self):
        for words, code in (
                (["help"], 1), (["help", "examples"], 1),
                (["completion", "bash"], 1), (["version"], 1),
                (["topics", "-W", "0.1", "--json", "-c", LO], 0),
                (["hz", "#", "-c", LO], 0), (["bw", "#", "-c", LO], 0),
                (["hz", "-W", "0.1", "#", "-c", LO], 0)):
            reader, writer = os.pipe()
            os.close(reader)
            with open(writer, "wb") as gone:
                program = subprocess.run(
                    [netns.msock, *words], stdout=gone, check=False,
                    stderr=subprocess.PIPE, timeout=netns.PATIENCE_S,
                    preexec_fn=lambda: signal.signal(signal.SIGPIPE,
                                                     signal.SIG_IGN))
            self.assertNotIn(b"cannot write", program.stderr, words)
            self.assertEqual(program.returncode, code, words)

    def test_a_full_disk_is_told(self):
        with open("/dev/full", "wb") as full:
            for words in (["key", "gen"], ["help"]):
                result = self.run_msock(*words, stdout=full, code=1)
                self.assertIn("cannot write standard output", result.err)


class Key(netns.Case):
    def test_a_key_is_one_line_of_base64_and_never_the_same(self):
        first, second = (self.run_msock("key", "gen") for _ in range(2))

        self.assertEqual(len(base64.b64decode(first.out, validate=False)), 32)
        self.assertRegex(first.out, r"^[A-Za-z0-9+/]{43}=\n$")
        self.assertNotEqual(first.out, second.out)
        self.assertEqual(first.err, "")

    def test_a_key_written_where_others_may_read_it_is_told(self):
        file = os.open(self.path("key"), os.O_WRONLY | os.O_CREAT, 0o644)
        os.fchmod(file, 0o644)

        result = self.run_msock("key", "gen", stdout=file)

        os.close(file)
        self.assertIn("others may read", result.err)


class Printing(netns.Case):
    """What sub prints, for datagrams as nasty as the open channel allows."""

    def received(self, data, *words, topic="t", sender="py"):
        """Sends one bare message and returns what sub printed."""
        sub = self.sub("#", "-C", 1, "-c", LO, *words)
        message = (f'{{"topic":{json.dumps(topic)},'
                   f'"sender":{json.dumps(sender)},"data":{data}}}')
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF,
                           socket.inet_aton("127.0.0.1"))
            udp.sendto(message.encode(), (netns.GROUP, netns.PORT))
        return sub.end().raw.decode()

    def test_plain_prints_a_string_as_text_and_json_as_it_is(self):
        for data, line in (('"off"', "off"), ('""', ""), ('"\\u00e9"', "é"),
                           ("21.50", "21.50"), ("null", "null"),
                           ('{"on":"\\n"}', '{"on":"\\n"}')):
            self.assertEqual(self.received(data), line + "\n")

    def test_verbose_prints_the_topic_first(self):
        self.assertEqual(self.received('"a b"', "-v", topic="x/y"),
                         "x/y a b\n")

    def test_plain_keeps_control_characters_from_the_terminal(self):
        self.assertEqual(
            self.received('"a\\u001b[2J\\nb\u202e\x7f\u0085"', "-v",
                          topic="x/\u202e"),
            "x/\\u{202e} a\\x1b[2J\\x0ab\\u{202e}\\x7f\\u{0085}\n")

    def test_json_is_one_canonical_line(self):
        self.assertEqual(
            self.received('{"a" : [1, "b c\\" d"] }', "--json", topic="x/é"),
            '{"topic":"x/é","sender":"py","data":{"a":[1,"b c\\" d"]}}\n')

    def test_json_tells_the_age_of_what_came_framed(self):
        sub = self.sub("t", "--json", "-C", 1, "-c", LO)

        self.run_msock("pub", "t", "1", "--name", "hub", "-c", LO)

        self.assertRegex(
            sub.end().out,
            r'^\{"topic":"t","sender":"hub","age_ms":\d+,"data":1\}\n$')

    def test_json_escapes_what_could_harm_a_terminal(self):
        nasty = "a\x1b\x7f\u0085\u202e\u2066\u061cé€𝄞\\\""

        line = self.received(json.dumps(nasty, ensure_ascii=False), "--json")

        self.assertEqual(json.loads(line)["data"], nasty)
        self.assertIn("\\u001b\\u007f\\u0085\\u202e\\u2066\\u061cé€𝄞", line)

    def test_a_message_that_two_filters_match_is_printed_once(self):
        sub = self.sub("a/#", "a/b", "+/b", "-C", 2, "-c", LO)

        self.run_msock("pub", "a/b", "-c", LO, text="1\n2\n")

        self.assertEqual(sub.end().lines, ["1", "2"])

    def test_raw_bytes_of_any_length_are_base64_in_json(self):
        for size in (0, 1, 2, 3, 256):
            data = bytes(range(255, 255 - size, -1))
            sub = self.sub("cam", "--json", "-C", 1, "-c", LO)
            self.run_msock("pub", "cam", "--raw", "-", "-c", LO, text=data)
            self.assertEqual(json.loads(sub.end().out)["raw"],
                             base64.b64encode(data).decode())

    def test_raw_bytes_are_escaped_on_a_terminal(self):
        ours, theirs = pty.openpty()
        sub = self.sub("cam", "-C", 1, "-c", LO, stdout=theirs)

        self.run_msock("pub", "cam", "--raw", "-", "-c", LO, text=b"\x1b[2J\n")

        sub.end()
        self.assertEqual(os.read(ours, 100), b"\\x1b[2J\\x0a\r\n")
        os.close(ours)
        os.close(theirs)


class Ending(netns.Case):
    def test_sub_ends_well_while_its_reader_takes_nothing(self):
        reader, writer = os.pipe()
        size = fcntl.fcntl(writer, F_SETPIPE_SZ, 4096)
        sub = self.sub("#", "-c", LO, stdout=writer)
        self.run_msock("pub", "t", "-c", LO, text="x" * 3 * size)
        netns.until(lambda: unread(reader) == size, "the pipe is full")

        sub.terminate()

        os.close(reader)
        os.close(writer)

    def test_sub_waits_for_room_in_a_pipe_that_does_not_block(self):
        reader, writer = os.pipe()
        size = fcntl.fcntl(writer, F_SETPIPE_SZ, 4096)
        os.set_blocking(writer, False)
        sub = self.sub("#", "-C", 1, "-c", LO, stdout=writer)
        os.close(writer)

        self.run_msock("pub", "t", "-c", LO, text="x" * 3 * size)
        with open(reader, encoding="ascii") as file:
            self.assertEqual(file.read(), "x" * 3 * size + "\n")

        sub.end()

    def test_pub_gives_up_once_when_the_network_takes_nothing(self):
        if subprocess.run(
                ["tc", "qdisc", "add", "dev", "lo", "root", "tbf", "rate",
                 "8kbit", "burst", "4000", "latency", "9000s"],
                capture_output=True, check=False).returncode != 0:
            self.skipTest("this system slows no interface down")
        self.addCleanup(subprocess.run, ["tc", "qdisc", "del", "dev", "lo",
                                         "root"], check=True)

        result = self.run_msock("pub", "t", "-c", LO + "&queue_max=64K",
                                text=("x" * 1000 + "\n") * 2000, code=1)

        self.assertEqual(result.err.count("takes nothing"), 1, result.err)
        self.assertEqual(result.err.count("was not sent"), 1, result.err)

    def test_pub_sleeps_while_an_input_that_does_not_block_is_empty(self):
        sub = self.sub("t", "-C", 1, "-c", LO)
        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        pub = self.start("pub", "t", "--raw", "-", "-c", LO, stdin=reader)
        os.close(reader)

        with open(writer, "w", encoding="ascii") as file:
            netns.until(lambda: state(pub) == "S", "pub sleeps")
            file.write("at last")

        pub.end()
        self.assertEqual(sub.end().out, "at last")


def unread(pipe):
    """Bytes that wait in a pipe."""
    return struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, b"1234"))[0]


def state(program):
    """The letter of proc(5) for what the program does."""
    with open(f"/proc/{program.process.pid}/stat", encoding="ascii") as file:
        return file.read().rsplit(")", 1)[1].split()[0]


class ClosedStreams(netns.Case):
    def test_a_verb_does_its_work_without_standard_streams(self):
        for closed in ("<&-", ">&-", "2>&-", "<&- >&- 2>&-"):
            words = ["sh", "-c", f'exec "$0" pub t 1 -c sim://x {closed}',
                     netns.msock]
            self.assertEqual(subprocess.run(words, timeout=20).returncode, 0,
                             closed)


class Publishing(netns.Case):
    result = None

    def sent(self, *words, text="", code=0, count=1):
        """Publishes and returns the data of the messages that arrived."""
        sub = self.sub("t", "--json", "-C", count, "-c", LO)
        self.result = self.run_msock("pub", "t", "-c", LO, *words, text=text,
                                     code=code)
        return [json.loads(line)["data"] for line in sub.end().lines]

    def test_json_goes_as_it_is_and_anything_else_as_a_string(self):
        for data, value in (("off", "off"), ('"off"', "off"), ("7", 7),
                            ("true", True), ("01", "01"), ("", ""),
                            ('{"on": false}', {"on": False}),
                            ('{"on": false', '{"on": false'),
                            ('say "é"\n', 'say "é"\n')):
            self.assertEqual(self.sent(data), [value])

    def test_a_string_that_begins_like_json_is_told_of(self):
        for data, said in (('{"on":fals}', "begins with { is sent as a string"),
                           (' [1', "begins with [ is sent as a string"),
                           ("off", None), ('{"on":false}', None)):
            self.sent(data)
            self.assertEqual(said in self.result.err if said
                             else not self.result.err, True, self.result.err)

    def test_of_lines_that_begin_like_json_the_first_is_told_of(self):
        self.sent(text="{a\n[b\noff\n", count=3)

        self.assertEqual(self.result.err.count("sent as a string"), 1)

    def test_data_that_looks_like_an_option_comes_after_two_dashes(self):
        self.assertEqual(self.sent("--", "-5"), [-5])

    def test_each_line_is_a_message(self):
        for words in ([], ["-"]):
            self.assertEqual(
                self.sent(*words, text="on\n\n[1]\nlast", count=4),
                ["on", "", [1], "last"])

    def test_a_bad_line_is_told_and_the_others_are_sent(self):
        data = self.sent(text=b"good\n\xff\nnul\x00nul\n[2]\n", code=1, count=2)

        self.assertEqual(data, ["good", [2]])
        self.assertIn("line 2 was not sent", self.result.err)
        self.assertIn("line 3 was not sent", self.result.err)

    def test_a_message_over_the_limit_is_told(self):
        result = self.run_msock("pub", "t", "-c", LO + "&message_max=1K",
                                text="x" * 2000, code=1)

        self.assertIn("line 1 was not sent", result.err)

    def test_the_name_is_the_sender(self):
        sub = self.sub("t", "--json", "-C", 1, "-c", LO)

        self.run_msock("pub", "t", "1", "--name", "hub", "-c", LO)

        self.assertEqual(json.loads(sub.end().out)["sender"], "hub")

    def test_who_has_no_name_is_a_visitor(self):
        sub = self.sub("t", "--json", "-C", 1, "-c", LO)

        self.run_msock("pub", "t", "1", "-c", LO)

        self.assertRegex(json.loads(sub.end().out)["sender"],
                         r"^\$pub-[!-~]+-[0-9]+$")


if __name__ == "__main__":
    netns.main()
