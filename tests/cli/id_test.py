# SPDX-License-Identifier: Apache-2.0
"""msock id: identities, and what they do between programs."""

import os
import pathlib
import re
import socket
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
import netns

LO = f"udp://{netns.GROUP}:{netns.PORT}?iface=lo"
SECRET = re.compile(r"ed25519-secret [A-Za-z0-9+/]{43}=\n")


class Id(netns.Case):
    def make(self, name, *words):
        path = self.path(f"{name}.id")
        result = self.run_msock("id", "gen", *words)
        with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
            file.write(result.out)
        return path

    def trust_line(self, path, name):
        return self.run_msock("id", "show", path, "--name", name).out.rstrip()


class Files(Id):
    def test_gen_prints_the_line_of_an_id_file(self):
        first = self.run_msock("id", "gen")
        named = self.run_msock("id", "gen", "the hub\n\x1b")

        self.assertRegex(first.out, rf"^{SECRET.pattern}$")
        self.assertRegex(named.out, r"^# the hub\\x0a\\x1b\n" +
                         SECRET.pattern + "$")
        self.assertEqual(first.err, "")
        self.assertNotIn(first.out, named.out)

    def test_an_empty_name_is_refused(self):
        for words in ([""], ["--name", ""]):
            result = self.run_msock("id", "gen", *words, code=2)
            self.assertEqual(result.out, "")
            self.assertIn("the name is empty", result.err)

    def test_show_prints_a_line_of_a_trust_file(self):
        path = self.make("hub")

        line = self.run_msock("id", "show", path, "--name", "hub").out
        host = self.run_msock("id", "show", path).out
        quoted = self.run_msock("id", "show", path, "--name", 'a "b" \\').out

        self.assertRegex(line, r"^hub ed25519 [A-Za-z0-9+/]{43}=\n$")
        self.assertEqual(host, line.replace("hub", socket.gethostname(), 1))
        self.assertEqual(quoted, line.replace("hub", r'"a \"b\" \\"', 1))

    def test_show_knows_the_name_that_gen_wrote(self):
        for name in ("porch light", "k\u00fcche"):
            for words in ([name], ["--name", name]):
                path = self.make("node", *words)
                shown = self.run_msock("id", "show", path).out
                other = self.run_msock("id", "show", path, "--name", "x").out
                os.unlink(path)

                self.assertEqual(shown, self.quoted(name) + other[1:])

    def test_a_comment_that_is_no_name_is_none(self):
        secret = self.run_msock("id", "gen").out
        for comment in ("#hub\n", "# \n", "# a\x1bb\n", "# " + "x" * 300 + "\n",
                        "\n# hub\n"):
            path = self.path("odd.id")
            with open(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC,
                              0o600), "w", encoding="utf-8") as file:
                file.write(comment + secret)

            line = self.run_msock("id", "show", path).out

            self.assertTrue(line.startswith(socket.gethostname() + " "), line)

    def quoted(self, name):
        return f'"{name}"' if " " in name else name

    def test_a_file_that_others_may_read_is_refused_and_warned_of(self):
        path = self.path("open.id")
        with open(path, "w") as file:
            os.fchmod(file.fileno(), 0o644)
            result = self.start("id", "gen", stdout=file)
            result.process.wait()
        self.assertIn(b"chmod 600", result.said())

        refused = self.run_msock("id", "show", path, code=1)
        self.assertIn("open to group or others", refused.err)

    def test_what_is_no_identity_is_told(self):
        key = self.key()
        for words, code, said in (
                (("show", self.path("none.id")), 1, "msock id gen"),
                (("show", key), 1, "ed25519-secret"),
                (("show",), 2, "usage"), (("gen", "a", "b"), 2, "usage"),
                (("gen", "x", "--name", "x"), 2, "usage"),
                ((), 2, "see msock id -h"),
                (("show", key, "--name", "a\nb"), 2, "control")):
            result = self.run_msock("id", *words, code=code)
            self.assertIn(said, result.err)
            self.assertEqual(result.out, "")
        self.assertIn("usage: msock id", self.run_msock("id", "-h").out)


class House(Id):
    def test_a_stolen_bulb_turns_no_lights_off(self):
        key, trust = self.key(), self.path("trust")
        ids = {name: self.make(name) for name in ("hub", "bulb7")}
        with open(trust, "w") as file:
            file.write(self.trust_line(ids["hub"], "hub") +
                       ' publish "lights/#"\n' +
                       self.trust_line(ids["bulb7"], "bulb7") +
                       " publish sensors/bulb7\n")
        sub = self.sub("#", "-C", 2, "--json", "-c",
                       f"{LO}&trust_file={trust}", "--key-file", key)

        def pub(topic, data, id, name):
            self.run_msock("pub", topic, data, "-c", f"{LO}&id_file={ids[id]}",
                           "--key-file", key, "--name", name)

        pub("lights/all/off", "1", "bulb7", "bulb7")
        pub("lights/all/off", "2", "bulb7", "hub")
        pub("sensors/bulb7", "3", "bulb7", "bulb7")
        self.run_msock("pub", "lights/all/off", "4", "-c", LO, "--key-file",
                       key, "--name", "hub")
        pub("lights/all/off", "5", "hub", "hub")

        lines = sub.end().lines
        self.assertEqual([re.search(r'"data":(\d)', line).group(1)
                          for line in lines], ["3", "5"])

    def test_an_identity_without_a_name_has_that_of_its_host(self):
        key, identity = self.key(), self.make("hub")
        sub = self.sub("#", "-C", 1, "--json", "-c", LO, "--key-file", key)

        self.run_msock("pub", "t", "1", "-c", f"{LO}&id_file={identity}",
                       "--key-file", key)

        self.assertIn(f'"sender":"{socket.gethostname()}"', sub.end().out)


if __name__ == "__main__":
    netns.main()
