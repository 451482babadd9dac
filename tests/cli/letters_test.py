# SPDX-License-Identifier: Apache-2.0
"""The letters of mosquitto's programs where golden_test.py cannot compare:
what msock refuses, what terminals see, and what only msock has."""

import base64
import json
import os
import pty
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "e2e"))
import netns

LO = f"udp://{netns.GROUP}:{netns.PORT}?iface=lo"
NASTY = "\x1b[2J\x9b1m\u202eüber\n"


class Usage(netns.Case):
    def refused(self, *lines):
        for words, said in lines:
            result = self.run_msock(*words, code=2)
            self.assertEqual(result.out, "", words)
            self.assertTrue(result.err.startswith("msock: "), words)
            self.assertIn(said, result.err, words)

    def test_a_message_has_one_of_its_sources(self):
        self.refused(
            (["pub", "-t", "t", "-m", "1", "-n"], "-m and -n both"),
            (["pub", "-t", "t", "-m", "1", "2"], "-m and DATA both"),
            (["pub", "-t", "t", "-f", "x", "-l"], "-f and -l both"),
            (["pub", "t", "-s", "--raw", "x"], "-s and --raw both"),
            (["pub", "t", "-n", "--clear"], "-n and --clear both"),
            (["pub", "-t", "t", "-t", "u", "-m", "1"], "-t twice"),
            (["pub", "-m", "1"], "no TOPIC"),
            (["req", "-t", "t", "-t", "u"], "-t twice"),
            (["req", "-n", "2", "t"], "-C N waits for N replies"),
            (["reply", "t", "1", "--raw", "f"], "--raw and DATA both"),
            (["reply", "t", "--raw", "f", "--echo"], "--raw and --echo both"),
            (["reply", "t", "--type", "a/b", "--echo"], "--type is for --raw"))

    def test_what_goes_not_together(self):
        self.refused(
            (["pub", "t", "--string", "--raw", "f"], "--string is for text"),
            (["pub", "t", "-n", "--string"], "--string is for text"),
            (["pub", "t", "-f", "x", "--type", "a/b"], "--type is for --raw"),
            (["pub", "t", "-l", "--repeat", "2"], "--repeat is for one"),
            (["pub", "t", "1", "--repeat", "0"], "--repeat wants"),
            (["pub", "t", "1", "--repeat-delay", "1"], "is for --repeat"),
            (["pub", "t", "1", "--repeat", "2", "--repeat-delay", "-1"],
             "--repeat-delay wants"),
            (["pub", "t", "1", "--repeat", "2", "--confirm"], "--confirm"),
            (["sub", "t", "--json", "-N"], "--json goes without"),
            (["sub", "t", "--json", "-F", "%p"], "--json goes without"),
            (["req", "t", "--json", "-N"], "--json goes without"),
            (["sub", "t", "-T", "a/#/b"], "-T a/#/b is not a filter"),
            (["sub", "t", "-T", "a+"], "is not a filter"),
            (["sub", "t", "-T", ""], "is not a filter"),
            (["sub", "-T", "t"], "no FILTER"))

    def test_formats_are_looked_at_first(self):
        self.refused(
            (["sub", "t", "-F", "%"], "ends in the midst of %"),
            (["sub", "t", "-F", "a%-05."], "ends in the midst of %"),
            (["sub", "t", "-F", "a@"], "ends in the midst of @"),
            (["sub", "t", "-F", "%z"], "no %z here, but %t %p"),
            (["sub", "t", "-F", "%z"], "%q %m %x"),
            (["sub", "t", "-F", "\\q"], "\\q"),
            (["sub", "t", "-F", "a\\"], "not what it was given"),
            (["sub", "t", "-F", "%10000p"], "up to 9999"),
            (["req", "t", "-F", "%99999999999999999999t"], "up to 9999"))

    def test_what_is_mosquittos_alone_is_told(self):
        self.refused(
            (["pub", "-t", "t", "-m", "1", "-r"], "--state makes"),
            (["pub", "-t", "t", "-m", "1", "--retain"], "--state makes"),
            (["pub", "-t", "t", "-m", "1", "-q", "1"], "--reliable"),
            (["sub", "-q", "2", "-t", "t"], "--reliable"),
            (["sub", "-h", "localhost", "-t", "t"], "there is no broker"),
            (["sub", "-t", "t", "-p", "1883"], "-c URL names the channel"),
            (["sub", "-vp", "1883", "-t", "t"], "-c URL names the channel"),
            (["sub", "-t", "t", "-i", "me"], "--name NAME"),
            (["sub", "-t", "t", "--id=me"], "--name NAME"),
            (["pub", "-t", "t", "-m", "1", "-q1"], "--reliable"),
            (["sub", "-hlocalhost", "-t", "t"], "there is no broker"),
            (["sub", "-t", "t", "--key", "client.key"], "there is no TLS"),
            (["sub", "-t", "t", "--cert=c.pem"], "there is no TLS"),
            (["req", "-t", "t", "-m", "1", "-e", "r"], "for replies"))

    def test_a_password_is_not_told_again(self):
        result = self.run_msock("sub", "-t", "t", "--pw=opensesame", code=2)

        self.assertIn("--pw is mosquitto's", result.err)
        self.assertNotIn("opensesame", result.err)

    def test_values_are_not_taken_for_mosquittos(self):
        sub = self.sub("-t", "t", "-C", 2, "-c", LO)

        self.run_msock("pub", "-t", "t", "-m", "-r", "-c", LO)
        self.run_msock("pub", "-tt", "-c", LO, "--", "-i")

        self.assertEqual(sub.end().lines, ["-r", "-i"])


class Printing(netns.Case):
    def seen(self, *words, data=NASTY, topic="t", pub=()):
        """What a terminal is shown of a message."""
        ours, theirs = pty.openpty()
        sub = self.sub("#", "-C", 1, "-c", LO, *words, stdout=theirs)
        self.run_msock("pub", topic, "-s", *pub, "-c", LO, text=data)
        sub.end()
        shown = os.read(ours, 4096)
        os.close(ours)
        os.close(theirs)
        return shown

    def test_a_terminal_gets_nothing_raw(self):
        escaped = rb"\x1b[2J\u{009b}1m\u{202e}" + "über".encode() + rb"\x0a"
        for words, shown in (
                ([], escaped + b"\r\n"),
                (["-N"], escaped),
                (["-v", "-N"], b"t " + escaped),
                (["-F", "%p|%t"], escaped + b"|t\r\n"),
                (["-F", "%.1t<%-5p>", "-N"], rb"t<\x1b[2J\xc2>")):
            self.assertEqual(self.seen(*words), shown)

    def test_a_terminal_gets_no_raw_bytes_either(self):
        shown = self.seen("-F", "%p", data=b"\xff\x1b[2J\x00")

        self.assertEqual(shown, b"\\xff\\x1b[2J\\x00\r\n")

    def test_json_of_a_format_harms_no_terminal(self):
        shown = self.seen("-F", "%j", topic="x/\u202e")

        self.assertEqual(json.loads(shown)["payload"], NASTY)
        for raw in (b"\x1b", "\x9b".encode(), "\u202e".encode()):
            self.assertNotIn(raw, shown)

    def test_the_format_itself_is_the_users(self):
        self.assertEqual(self.seen("-F", r"\e[1m%p\e[0m", "-N", data="bold"),
                         b"\x1b[1mbold\x1b[0m")

    def printed(self, *words, pub=(), text=""):
        """What a file gets of a message."""
        sub = self.sub("#", "-C", 1, "-c", LO, *words)
        self.run_msock("pub", "t", *pub, "-c", LO, text=text)
        return sub.end().raw

    def test_a_pipe_gets_lines_and_without_newlines_what_came(self):
        for words, out in (([], b"a\\x09b\\x0a\\x1b\n"),
                           (["-v"], b"t a\\x09b\\x0a\\x1b\n"),
                           (["-N"], b"a\tb\n\x1b"),
                           (["-v", "-F", "%p"], b"a\tb\n\x1b\n")):
            self.assertEqual(self.printed(*words, pub=["-s"],
                                          text="a\tb\n\x1b"), out)

    def test_bytes_that_are_no_text_are_numbers_in_json(self):
        out = self.printed("-F", "%j", pub=["-f", "-"], text=b"\xff\x00a")

        self.assertEqual(json.loads(out)["payload"], [255, 0, 97])

    def test_text_is_json_as_text(self):
        out = self.printed("-F", "%J", pub=["-m", "say \"hi\""])

        self.assertEqual(json.loads(out)["payload"], 'say "hi"')

    def test_bytes_that_are_no_json_are_told(self):
        sub = self.sub("#", "-C", 1, "-c", LO, "-F", "<%J>")
        self.run_msock("pub", "t", "--raw", "-", "-c", LO, text="no")

        result = sub.end()
        self.assertEqual(result.out, "<>\n")
        self.assertIn("bytes on topic t are not JSON", result.err)

    def test_sender_and_media_type(self):
        out = self.printed("-F", "%s %C %l", pub=["--raw", "-", "--type",
                                                 "a/b", "--name", "me"],
                           text="123")
        self.assertEqual(out, b"me a/b 3\n")


class Publishing(netns.Case):
    def sent(self, *words, text=""):
        """The message that arrives, as an object."""
        sub = self.sub("t", "--json", "-C", 1, "-c", LO)
        self.run_msock("pub", "-t", "t", "-c", LO, *words, text=text)
        return json.loads(sub.end().out)

    def test_string_makes_text_of_json(self):
        for text in ("7", '{"on": false}', '"x"', "null"):
            self.assertEqual(self.sent("-m", text, "--string")["data"], text)
            self.assertEqual(self.sent("-l", "--string", text=text)["data"],
                             text)
        self.assertEqual(self.sent("-m", "", "--string")["data"], "")

    def test_a_file_is_json_or_text_or_bytes(self):
        for data, key, value in (
                (b'{"on":true}\n', "data", {"on": True}),
                (b"on\n", "data", "on\n"),
                (b"\xff", "raw", base64.b64encode(b"\xff").decode()),
                (b"a\x00", "raw", base64.b64encode(b"a\x00").decode())):
            self.assertEqual(self.sent("-s", text=data)[key], value)

    def test_bytes_are_no_string(self):
        result = self.run_msock("pub", "t", "-s", "--string", "-c", LO,
                                text=b"\xff", code=1)
        self.assertIn("UTF-8", result.err)

    def test_no_data_clears_a_state(self):
        self.assertTrue(self.sent("-n", "--state")["cleared"])


class Asking(netns.Case):
    def replier(self, *words, **options):
        program = self.start("reply", "q", *words, "-c", LO, **options)
        netns.until(lambda: netns.listeners(netns.GROUP, netns.PORT) >= 1,
                    "reply listens")
        return program

    def test_bytes_are_asked_with_and_replied(self):
        data = bytes(range(256))
        with open(self.path("bytes"), "wb") as file:
            file.write(data)
        self.replier("--raw", self.path("bytes"), "--type", "a/b",
                     "--delay", "1")

        for words in (["--raw", self.path("bytes")], ["-f",
                                                      self.path("bytes")]):
            result = self.run_msock("req", "q", *words, "-W", 20, "-c", LO)
            self.assertEqual(result.raw, data)
        told = json.loads(self.run_msock("req", "q", "--json", "-W", 20, "-c",
                                         LO).out)
        self.assertEqual(told["type"], "a/b")

    def test_bytes_of_a_question_are_heard(self):
        replier = self.replier("--echo", "-C", "1", "--json")

        out = self.run_msock("req", "q", "--raw", "-", "--type", "a/b", "-W",
                             20, "-N", "-c", LO, text=b"\xff\x00").raw

        self.assertEqual(out, b"\xff\x00")
        told = json.loads(replier.end().out)
        self.assertEqual((told["raw"], told["type"]), ("/wA=", "a/b"))

    def test_who_replies_is_in_a_format(self):
        self.replier("1", "--name", "porch", "--string")

        out = self.run_msock("req", "q", "-W", 20, "-F", "%s: %p %j", "-c",
                             LO).out

        self.assertTrue(out.startswith("porch: 1 {"), out)
        self.assertEqual(json.loads(out[9:])["payload"], "1")

    def test_a_file_that_is_not_there_is_told(self):
        for verb in ("req", "reply"):
            result = self.run_msock(verb, "q", "--raw", self.path("none"),
                                    "-c", LO, code=1)
            self.assertIn("No such file", result.err)


if __name__ == "__main__":
    netns.main()
