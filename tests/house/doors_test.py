# SPDX-License-Identifier: Apache-2.0
"""Nothing reaches a terminal, a log or a file but through these doors, each of
which escapes by itself: docs/security.md, "Output".

    doors_test.py SOURCE_DIR

tests/e2e/hostile_test.py goes through them with hostile bytes.
"""

import os
import re
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import house

# What leaves a program by a function of the C library. The name of a member,
# as in `transport->send(`, is another thing.
WAYS = re.compile(
    r"(?<![\w.>])(?:stdout|stderr|STDOUT_FILENO|STDERR_FILENO|"
    r"(?:v?[fd]?printf|f?puts|f?putc|putchar|perror|psignal|v?syslog|fwrite|"
    r"(?:mv)?w?add(?:n?w?str|ch)|p?writev?|send|sendto|sendmm?sg|v?warnx?|v?errx?)(?=\())(?!\w)")
NOT_CODE = re.compile(r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"|^ *#.*?$', re.S | re.M)

DOORS = {
    # to terminals
    "tools/msock/cli.c": "each line by msock_text_escape()",
    "tools/msock/print.c": "messages: escaped, as JSON, or raw into a file",
    "tools/msock/top/terminal.c": "lines of cells.h, which escapes",
    "samples/say.c": "each line by msock_text_escape()",
    "samples/publish.c": "the detail of an error, which is escaped",
    "samples/subscribe.c": "each text by msock_text_escape()",
    "samples/consumer/main.c": "each text by msock_text_escape()",
    # to logs
    "transport/logger.c": "each line by msock_text_escape()",
    "tools/msock/hub_notify.c": "STATUS= by msock_text_escape()",
    # to files
    "tools/msock/hub_status.c": "JSON by json_out.h",
    "tools/msock/record/sink_lines.c": "JSON by json_out.h",
    "plugins/journal/files.c": "JSON by msock_json_escape()",
    # to nobody who reads text
    "tools/msock/main.c": "asks which descriptors are open",
    "tools/msock/key_make.c": "asks what standard output is",
    "tools/msock/cmd_id.c": "asks what standard output is",
    "tools/msock/key_ring.c": "takes the buffer off standard output",
    "plugins/exec/child.c": "a message as it is, for a program's input",
    "tools/msock/config_write.c": "a configuration, as it was but for values",
    "codec/keyfile.c": "a key file, with the comments that it had",
    "plugins/image.c": "a copy of a plugin",
    "plugins/lights/led.c": "numbers, for the kernel",
    "tools/msock/doctor/probe_socket.c": "datagrams of numbers",
    "transport/multicast_sender.c": "datagrams",
    "transport/netif_read.c": "questions to the kernel",
}


def ways(text):
    """What a source file uses of them."""
    return set(WAYS.findall(NOT_CODE.sub(" ", text)))


class Canary(unittest.TestCase):
    def test_each_way_out_is_seen(self):
        for line in ('printf("%s", x);', "if (puts(x) < 0) {",
                     "fputs(x, out);", 'perror("x");', "dprintf(2, x);",
                     "x = write(1, x, 1);", "f(stderr);", "putchar('x');",
                     "fwrite(x, 1, 1, out);", "vfprintf(out, x, y);",
                     "mvaddnstr(1, 0, x, 2);", "waddstr(window, x);",
                     "sendto(fd, x, 1, 0, a, b);", 'syslog(3, "x");'):
            self.assertTrue(ways(line), line)

    def test_other_words_are_not(self):
        for line in ("snprintf(x, 1, y);", "/* printf(x) to stdout */",
                     'say("puts(x)");', "self->send(x);", "ops.write(x);",
                     "msock__files_write(x);", "out_puts(x);",
                     "__attribute__((format(printf, 1, 2)))", "stderr_name();"):
            self.assertFalse(ways(line), line)


class House(unittest.TestCase):
    root = None

    def test_nothing_leaves_but_through_the_doors(self):
        found = {path for path in house.sources(self.root)
                 if ways("\n".join(house.lines(self.root, path)))}

        self.assertEqual(sorted(found - set(DOORS)), [],
                         "not a door: print by cli.h, say.h or the logger")
        self.assertEqual(sorted(set(DOORS) - found), [], "no door any more")


if __name__ == "__main__":
    House.root = sys.argv.pop()
    unittest.main()
