# SPDX-License-Identifier: Apache-2.0
"""msock echo: messages on several lines."""

import json
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from delivery_test import LO, netns

LARGE = {"name": "kitchen", "rgb": [255, 0, 10], "on": True, "empty": {},
         "lights": [{"id": i, "note": "n" * 40} for i in range(3)]}


class Echo(netns.Case):
    def echo(self, *words):
        program = self.start("echo", *words, "-c", LO)
        netns.until(lambda: netns.listeners(netns.GROUP, netns.PORT) == 1,
                    "it listens")
        return program

    def say(self, topic, *words, text=""):
        self.run_msock("pub", topic, *words, "-c", LO, "--name", "hub",
                       text=text)

    def once(self, data, *words):
        program = self.echo("--once", "#", *words)
        self.say("a/b", text=json.dumps(data, ensure_ascii=False) + "\n")
        return program.end().lines

    def test_a_message_has_a_head_and_indented_data(self):
        topic, sender, age, *data, end = self.once(LARGE)
        self.assertEqual((topic, sender, end),
                         ("topic:  a/b", "sender: hub", "---"))
        self.assertRegex(age, r"^age:    \d+\.\d{3} s$")
        self.assertEqual(json.loads("\n".join(data)), LARGE)
        self.assertIn('  "rgb": [255, 0, 10],', data)
        self.assertIn('  "empty": {},', data)
        self.assertIn('    {"id": 0, "note": "' + "n" * 40 + '"},', data)

    def test_deep_data_is_the_same_value(self):
        deep = "x" * 70
        for _ in range(28):
            deep = [deep, {"k": 1}]
        _, _, _, *data, _ = self.once(deep)
        self.assertEqual(json.loads("\n".join(data)), deep)

    def test_much_data_is_the_same_value(self):
        much = [[i, "{\"," * 30] for i in range(5000)]
        _, _, _, *data, _ = self.once(much)
        self.assertEqual(json.loads("\n".join(data)), much)

    def test_what_a_message_is_besides_is_told(self):
        program = self.echo("#")
        self.say("s", "1", "--state")
        self.say("s", "-n", "--state")
        self.say("e", "-n")
        netns.until(lambda: program.output().count(b"---\n") == 3, "all came")
        out = program.terminate().out
        self.assertIn("is:     reliable state\n1\n---\n", out)
        self.assertIn("(cleared)\n---\n", out)
        self.assertIn("(no data)\n---\n", out)

    def test_bytes_are_escaped_behind_a_name(self):
        raw = self.path("raw")
        with open(raw, "wb") as file:
            file.write(b"\n---\ntopic:  x\x1b[2J\xff")
        program = self.echo("#", "--once")
        self.say("r", "--raw", raw, "--type", "a/b")
        lines = program.end().lines
        self.assertEqual(lines[-3:], [
            "type:   a/b", "bytes:  \\x0a---\\x0atopic:  x\\x1b[2J\\xff",
            "---"])

    def test_hostile_messages_reach_no_terminal_raw(self):
        hostile = "\x1b]0;x\x07\x9b2J\u202e\u2028\u200b\x7f\U000e0041"
        program = self.echo("#")
        self.say("t/\u202e\u9b42", json.dumps({hostile: [hostile] * 9},
                                              ensure_ascii=False))
        self.say("t", json.dumps(hostile, ensure_ascii=False))
        with netns.speaker() as speaker:
            speaker.sendto(b"\x1b[2J\xff\xfe", (netns.GROUP, netns.PORT))
        netns.until(lambda: program.output().count(b"---\n") >= 2, "it came")
        out = program.terminate().raw.decode()
        for byte in out:
            self.assertTrue(byte == "\n" or byte.isprintable(), repr(out))
        self.assertNotRegex(out, "[\x7f-\x9f\u200b-\u202e]")
        self.assertIn("\\u001b", out)

    def test_a_field_is_printed_alone(self):
        for path, value in (("lights.1.id", "1"), ("/rgb/0", "255"),
                            ("on", "true"), ("name", '"kitchen"')):
            self.assertEqual(self.once(LARGE, "--field", path), [value, "---"])

    def test_messages_without_the_field_are_counted(self):
        program = self.echo("#", "--once", "--field", "a.b.0")
        for data in ('{"a":1}', "[1]", "3", '{"a":{"b":[]}}'):
            self.say("t", data)
        self.say("t", '{"a":{"b":["x",2]}}')
        result = program.end()
        self.assertEqual(result.lines, ['"x"', "---"])
        self.assertIn("4 messages had no a.b.0", result.err)

    def test_long_ones_are_cut(self):
        lines = self.once({"text": "\u00e9\x1b" + "x" * 99,
                           "list": list(range(100))}, "--truncate", "3")
        text = "\n".join(lines[3:])
        self.assertIn('"text": "\u00e9\\u001bx..." (98 bytes more)', text)
        self.assertRegex(text, r"\[\n    0,\n    1,\n    2,\n"
                         r"    \.\.\. \(97 more\)\n  \]")

    def test_json_is_that_of_sub(self):
        one = json.loads(self.once(LARGE, "--json")[0])
        self.assertEqual((one["topic"], one["data"]), ("a/b", LARGE))
        one = json.loads(self.once(LARGE, "--json", "--field", "rgb")[0])
        self.assertEqual(one["data"], [255, 0, 10])

    def test_it_ends_with_27_after_its_time_and_quietly_with_its_reader(self):
        self.run_msock("echo", "#", "-W", "0.2", "-c", LO, code=27)
        read, write = os.pipe()
        program = self.start("echo", "#", "-c", LO, stdout=write)
        netns.until(lambda: netns.listeners(netns.GROUP, netns.PORT) == 1,
                    "it listens")
        os.close(write)
        os.close(read)
        self.say("t", "1")
        self.assertEqual(program.end().err, "")

    def test_wrong_calls_are_usage(self):
        for words, said in (([], "no FILTER"), (["#", "--field="], "empty"),
                            (["#", "--truncate", "0"], "--truncate"),
                            (["#", "--json", "--truncate", "9"], "--json")):
            self.assertIn(said, self.run_msock("echo", *words, code=2).err)


if __name__ == "__main__":
    netns.main()
