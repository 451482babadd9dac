# SPDX-License-Identifier: Apache-2.0
"""What names a channel: options, environment, contexts and files."""

import json
import os
import re
import resource
import signal
import stat
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from delivery_test import LO, netns

TEXTS = ("channel", "key_file", "name", "id_file", "trust_file")
FLAGS = {"channel": "--channel", "key_file": "--key-file", "name": "--name",
         "id_file": "--id-file", "trust_file": "--trust-file"}
COMMENTED = """// mine
{
  "name": "kitchen", // of the house
  // where "contexts" are, {
  "contexts": {
    // the first
    "home": {"channel": "udp://239.1.1.1:1"}, // http://x
    "work": {"quiet": true}
  } // end
} // of all
"""


class Config(netns.Case):
    def setUp(self):
        super().setUp()
        self.user = self.path("u/multisock/msock.json")
        self.system = self.path("s/msock.json")
        os.makedirs(os.path.dirname(self.user))
        os.makedirs(os.path.dirname(self.system))
        self.environment = dict(os.environ, XDG_CONFIG_HOME=self.path("u"),
                                MSOCK_SYSTEM_CONFIG=self.system)

    def write(self, path, content, mode=0o600):
        text = content if isinstance(content, str) else json.dumps(content)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode),
                  "w", encoding="utf-8") as file:
            file.write(text)

    def text(self):
        with open(self.user, encoding="utf-8") as file:
            return file.read()

    def msock(self, *words, code=0, variables=None, **options):
        return self.run_msock(*words, code=code, env=dict(
            self.environment, **(variables or {})), **options)

    def values(self, *words, variables=None):
        lines = self.msock("config", "show", "--json", *words,
                           variables=variables).lines
        return {one["key"]: one for one in map(json.loads, lines)}

    def context(self, *words, code=0, **options):
        return self.msock("context", *words, code=code, **options)


class Precedence(Config):
    def test_each_key_comes_from_the_first_that_says_it(self):
        for key in TEXTS:
            variable = {f"MSOCK_{key.upper()}": "/environment"}
            flag = (FLAGS[key], "/flag")
            self.write(self.system, {key: "/system"})
            self.write(self.user, {key: "/user"})
            for words, variables, value, origin in (
                    (flag, variable, "/flag", "flag"),
                    ((), variable, "/environment", "environment"),
                    ((), {}, "/user", "file")):
                one = self.values(*words, variables=variables)[key]
                self.assertEqual((one["value"], one["origin"]),
                                 (value, origin), key)
            self.write(self.user, {})
            one = self.values()[key]
            self.assertEqual((one["value"], one["file"], one["line"]),
                             ("/system", self.system, 1), key)
            self.write(self.system, {})
            self.assertEqual(self.values()[key]["origin"], "default", key)

    def test_quiet_comes_from_the_first_that_says_it(self):
        self.write(self.system, {"quiet": True})
        self.assertEqual(self.values()["quiet"]["file"], self.system)
        self.write(self.user, {"quiet": False})
        self.assertIs(self.values()["quiet"]["value"], False)
        said = self.values(variables={"MSOCK_QUIET": "true"})["quiet"]
        self.assertEqual((said["value"], said["origin"]),
                         (True, "environment"))
        said = self.values("-q", variables={"MSOCK_QUIET": "false"})["quiet"]
        self.assertEqual((said["value"], said["origin"]), (True, "flag"))
        self.assertIn("true or false", self.msock(
            "config", "show", code=2, variables={"MSOCK_QUIET": "yes"}).err)

    def test_contexts_stand_before_files_and_named_ones_before_variables(self):
        variables = {"MSOCK_CHANNEL": "udp://239.9.9.9:9"}
        self.write(self.system, {"contexts": {
            "home": {"channel": "udp://239.1.1.1:1", "name": "system"}}})
        self.write(self.user, {
            "name": "user", "channel": "udp://239.2.2.2:2", "context": "home",
            "contexts": {"home": {"name": "home"}, "work": {"name": "work"}}})

        found = self.values()
        self.assertEqual(found["name"]["value"], "home")
        self.assertEqual(found["name"]["context"], "home")
        self.assertEqual(found["channel"]["value"], "udp://239.1.1.1:1")

        found = self.values(variables=variables)
        self.assertEqual(found["channel"]["origin"], "environment")
        found = self.values("--context", "home", variables=variables)
        self.assertEqual(found["channel"]["value"], "udp://239.1.1.1:1")
        self.assertEqual(found["context"]["origin"], "flag")

        found = self.values(variables={"MSOCK_CONTEXT": "work"})
        self.assertEqual(found["name"]["value"], "work")
        self.assertEqual(found["context"]["origin"], "environment")
        self.assertEqual(found["channel"]["value"], "udp://239.2.2.2:2")

    def test_null_is_the_default_whatever_stands_behind(self):
        self.write(self.system, {"key_file": "/k"})
        self.write(self.user, {"key_file": None})
        self.assertIsNone(self.values()["key_file"]["value"])
        self.assertEqual(self.values()["key_file"]["file"], self.user)

    def test_a_file_is_beside_the_one_that_names_it(self):
        self.write(self.user, {"key_file": "home.key", "id_file": "/x/id"})
        found = self.values()
        self.assertEqual(found["key_file"]["value"],
                         self.path("u/multisock/home.key"))
        self.assertEqual(found["id_file"]["value"], "/x/id")

    def test_a_file_may_be_below_the_home(self):
        self.write(self.user, {"key_file": "~/home.key", "id_file": "~x/id"})
        found = self.values(variables={"HOME": "/h"})
        self.assertEqual(found["key_file"]["value"], "/h/home.key")
        self.assertEqual(found["id_file"]["value"],
                         self.path("u/multisock/~x/id"))

    def test_who_replaces_a_context_is_told_that_its_key_is_gone(self):
        self.msock("context", "add", "attic", "--key-file", "/attic.key")
        self.assertEqual("", self.msock(
            "context", "add", "attic", "--force", "--key-file", "/b").err)
        self.assertIn("had the key file /b, and has none now", self.msock(
            "context", "add", "attic", "--force", "-c", LO).err)

    def test_a_context_keeps_the_home(self):
        self.msock("context", "add", "attic", "--key-file", "~/attic.key")
        with open(self.user, encoding="utf-8") as file:
            self.assertIn('"~/attic.key"', file.read())

    def test_origins_are_told(self):
        self.write(self.user, '{\n  "context": "home",\n  "contexts": {\n'
                   '    "home": {"name": "me"}\n  }\n}\n')
        said = self.msock("config", "show", "--origin", "--key-file", "/k",
                          variables={"MSOCK_CHANNEL": "udp://239.1.1.1:1"}).out
        for pattern in (rf"(?m)^context +home  \({self.user}:2\)$",
                        r"(?m)^channel +udp\S+  \(\$MSOCK_CHANNEL\)$",
                        r"(?m)^key_file +/k  \(--key-file\)$",
                        rf"(?m)^name +me  \({self.user}:4, context home\)$",
                        r"(?m)^quiet +false  \(default\)$"):
            self.assertRegex(said, pattern)
        self.assertNotIn("(", self.msock("config", "show").out)

    def test_verbs_use_it(self):
        self.write(self.user, {"channel": LO, "key_file": self.key(),
                               "name": "kitchen"})
        hearer = self.sub("#", "-C", "1", "--json", env=self.environment)
        self.msock("pub", "t", "1")
        self.assertEqual(json.loads(hearer.end().out)["sender"], "kitchen")

    def test_keys_are_exchanged_on_the_channel_of_a_context(self):
        key = self.key()
        self.sub("#", "--name", "lamp", "-c", LO, "--key-file", key)
        self.write(self.user, {"channel": "udp://239.1.1.1:1?iface=lo",
                               "key_file": "/none",
                               "contexts": {"home": {"channel": LO}}})
        said = self.msock("key", "list", key, "--context", "home", "--json").out
        self.assertIn('"lamp"', said)

    def test_paths_are_told(self):
        self.assertEqual(self.msock("config", "path").lines,
                         [self.user, self.system])
        named = self.path("x.json")
        said = self.msock("config", "path", "--json",
                          variables={"MSOCK_CONFIG": named}).lines
        self.assertEqual(json.loads(said[0]), {"whose": "user", "file": named})
        home = {"XDG_CONFIG_HOME": "relative", "HOME": "/h"}
        self.assertEqual(self.msock("config", "path", variables=home).lines[0],
                         "/h/.config/multisock/msock.json")
        home["HOME"] = ""
        said = self.msock("config", "path", "--json", variables=home).lines
        self.assertEqual(json.loads(said[0]), {"whose": "user", "file": None})

    def test_what_is_long_is_told_whole(self):
        path = "/" + "long/" * 400 + "ü\x1b"
        self.write(self.user, {"key_file": path, "contexts": {
            "a": {"channel": f"udp://239.1.1.1:1?key_file={path}"}}})
        shown = path.replace("\x1b", "\\x1b")

        key, = (line for line in self.msock("config", "show", "--origin").lines
                if line.startswith("key_file "))
        self.assertEqual(key, f"key_file    {shown}  ({self.user}:1)")
        self.assertTrue(self.context("ls").lines[0].endswith(shown))


class Wrong(Config):
    def test_what_is_wrong_is_told_with_its_line(self):
        for text, said in (
                ('{\n "channl": "x"}', ':2: unknown key "channl"; the nearest '
                 'is "channel"'),
                ('{"contexts": {"a": {\n"keyfile": "x"}}}',
                 ':2: unknown key "keyfile"; the nearest is "key_file"'),
                ('{"contexts": {"a": {"context": "a"}}}',
                 ':1: unknown key "context"'),
                ('{\n\n"name": 1}', ':3: "name" must be a text'),
                ('{"key_file": ""}', ':1: "key_file" must be a text'),
                ('{"quiet": "true"}', ':1: "quiet" must be true, false'),
                ('{"name": "a",\n"name": "b"}', ':2: "name" comes twice'),
                ('{"contexts": {"a": {},\n"a": {}}}', ':2: context "a" comes'),
                ('{"contexts": []}', ':1: "contexts" must be an object'),
                ('{"contexts": {"a": 1}}', ':1: context "a" must be an object'),
                ('{"contexts": {"": {}}}', ':1: a context needs a name'),
                ('[]', ':1: the configuration must be an object'),
                ('{\n"name": "a",\n}', ':3: '),
                ('{\n# no\n}', ":2: "), ('{ /* no */ }', ":1: "),
                ("", ":1: not valid JSON at byte 0: nothing is in it"),
                ("// no\n", ":2: not valid JSON at byte 6: nothing is in it"),
                ("\ufeff{}", ":1: not valid JSON at byte 0: it begins with a "
                 "byte order mark"),
                ('{\n"name": "\udcff"}', ":2: ")):
            with open(self.user, "wb") as file:
                file.write(text.encode(errors="surrogateescape"))
            for words in (("config", "show"), ("pub", "t", "1"),
                          ("context", "ls"), ("context", "use", "a")):
                result = self.msock(*words, code=1)
                self.assertIn(f"{self.user}{said}", result.err, words)
                self.assertEqual(result.out, "")

    def test_all_problems_of_both_files_are_told(self):
        self.write(self.user, '{"nam": 1, "quit": 1}')
        self.write(self.system, '{"chanel": 1}')
        said = self.msock("config", "show", code=1).err
        self.assertEqual(said.count("unknown key"), 3, said)

    def test_files_that_others_may_write_are_refused(self):
        self.write(self.user, {})
        os.chmod(self.user, 0o620)
        self.assertIn("chmod go-w",
                      self.msock("config", "show", code=1).err)
        os.chmod(self.user, 0o602)
        self.assertIn("chmod go-w", self.context("add", "a", "-q", code=1).err)

    def test_what_is_no_file_is_refused(self):
        os.mkdir(self.user)
        self.assertIn("not a regular file",
                      self.msock("config", "show", code=1).err)
        os.rmdir(self.user)
        os.mkfifo(self.user)
        self.assertIn("not a regular file",
                      self.msock("config", "show", code=1).err)
        os.remove(self.user)
        self.write(self.user, " " * 262145)
        self.assertIn("over 262144 bytes",
                      self.msock("config", "show", code=1).err)
        os.remove(self.user)
        os.symlink(self.user, self.user)
        self.assertIn(self.user, self.msock("config", "show", code=1).err)

    def test_a_file_that_is_named_must_be_there(self):
        variables = {"MSOCK_CONFIG": self.path("none")}
        said = self.msock("config", "show", code=1, variables=variables).err
        self.assertIn("No such file", said)
        self.assertIn("is empty", self.msock(
            "config", "show", code=2, variables={"MSOCK_CONFIG": ""}).err)

    def test_unknown_contexts_name_the_nearest(self):
        self.write(self.user, {"contexts": {"home": {}}})
        for words, variables, where in (
                (("config", "show", "--context", "hoem"), {}, "--context"),
                (("config", "show"), {"MSOCK_CONTEXT": "hoem"},
                 "MSOCK_CONTEXT"),
                (("context", "use", "hoem"), {}, "use"),
                (("context", "rm", "hoem"), {}, "rm")):
            said = self.msock(*words, code=2, variables=variables).err
            self.assertIn(f'{where}: no context "hoem"; the nearest is "home"',
                          said)
        self.write(self.user, '{"contexts": {"home": {}},\n"context": "hom"}')
        self.assertIn(f"{self.user}:2: no context",
                      self.msock("pub", "t", code=2).err)

    def test_a_key_in_place_of_its_file_is_not_shown(self):
        key = self.run_msock("key", "gen").out.strip()
        self.write(self.user, {"key_file": key})
        said = self.msock("config", "show", code=1).err
        self.assertIn(f'{self.user}:1: "key_file": this looks like a key',
                      said)
        self.assertNotIn(key, said)
        self.write(self.user, {})
        said = self.msock("config", "show", code=2,
                          variables={"MSOCK_KEY_FILE": key}).err
        self.assertIn("looks like a key", said)
        self.assertNotIn(key, said)


class Contexts(Config):
    def test_they_live_and_die(self):
        os.rmdir(os.path.dirname(self.user))
        self.context("add", "home", "-c", "udp://239.1.1.1:1", "--key-file",
                     "home.key", "--name", "é\"\\", cwd=self.folder)
        self.context("add", "work", "-q", "--id-file", "/x/id")
        self.assertEqual(stat.S_IMODE(os.stat(self.user).st_mode), 0o600)
        self.assertEqual(
            stat.S_IMODE(os.stat(os.path.dirname(self.user)).st_mode), 0o700)
        self.assertEqual(json.loads(self.text()), {"contexts": {
            "home": {"channel": "udp://239.1.1.1:1",
                     "key_file": self.path("home.key"), "name": "é\"\\"},
            "work": {"id_file": "/x/id", "quiet": True}}})

        self.context("use", "home")
        self.assertEqual(self.context("ls").lines,
                         ["home             * sealed udp://239.1.1.1:1",
                          "work               -      -"])
        self.assertEqual(self.context("ls", "--names").lines,
                         ["home", "work"])
        self.assertIn("in use", self.context("rm", "home", code=1).err)
        self.context("rm", "work")
        self.assertIn("--force", self.context("add", "home", "-q",
                                              code=1).err)
        self.context("add", "home", "-q", "--force")
        one, = map(json.loads, self.context("ls", "--json").lines)
        self.assertEqual(one, {"context": "home", "in_use": True,
                               "quiet": True, "file": self.user, "line": 3})
        self.context("use", "--none")
        self.context("rm", "home")
        self.assertEqual(json.loads(self.text()), {"contexts": {}})
        self.assertEqual(self.context("ls").out, "")
        self.context("add", "again", "-q")
        self.assertEqual(json.loads(self.text()),
                         {"contexts": {"again": {"quiet": True}}})

    def test_comments_and_order_stay(self):
        self.write(self.user, COMMENTED, 0o640)
        self.context("add", "boat", "--name", "b")
        self.context("use", "boat")
        self.context("use", "home")
        self.context("rm", "work")
        self.assertEqual(self.text(), """// mine
{
  "name": "kitchen", // of the house
  // where "contexts" are, {
  "contexts": {
    // the first
    "home": {"channel": "udp://239.1.1.1:1"}, // http://x
    "boat": {
      "name": "b"
    }
  }, // end
  "context": "home"
} // of all
""")
        self.context("use", "--none")
        self.context("rm", "boat")
        self.context("rm", "home")
        self.assertEqual(self.text(), """// mine
{
  "name": "kitchen", // of the house
  // where "contexts" are, {
  "contexts": {
    // the first
 // http://x
  } // end
} // of all
""")
        self.assertEqual(stat.S_IMODE(os.stat(self.user).st_mode), 0o640)

    def test_files_on_one_line_are_edited(self):
        self.write(self.user, '{"contexts":{"a":{},"b":{},"c":{}}}')
        self.context("rm", "b")
        self.context("rm", "a")
        self.context("rm", "c")
        self.context("use", "--none")
        self.assertEqual(self.text(), '{"contexts":{}}')
        self.context("add", "d", "-q")
        self.context("use", "d")
        self.assertEqual(json.loads(self.text()), {
            "contexts": {"d": {"quiet": True}}, "context": "d"})

    def test_a_link_stays_one(self):
        real = self.path("real.json")
        self.write(real, {})
        os.symlink(real, self.user)
        self.context("add", "a", "-q")
        self.assertTrue(os.path.islink(self.user))
        self.assertEqual(self.context("ls").out.split(), ["a", "-", "-"])

    def test_those_of_the_system_can_be_used_but_not_removed(self):
        self.write(self.system, {"contexts": {"all": {"name": "x"}}})
        self.context("use", "all")
        self.assertEqual(self.values()["name"]["value"], "x")
        self.assertIn("is the system's", self.context("rm", "all", code=1).err)

    def test_wrong_calls_change_nothing(self):
        for words, code, said in (
                (("add",), 2, "usage"), (("add", "a", "b"), 2, "usage"),
                (("add", "a b", "-q"), 2, "letters"),
                (("add", "x" * 64, "-q"), 2, "letters"),
                (("add", "a", "--context", "b"), 2, "--context"),
                (("add", "a", "-c", "http://x"), 2, "udp://"),
                (("add", "a"), 2, "without an option says nothing"),
                (("add", "a", "--key-file", "\udce9.key"), 1, "UTF-8"),
                (("add", "a", "--id-file", "/\udce9.id"), 1, "UTF-8"),
                (("use",), 2, "usage"), (("use", "a", "--none"), 2, "usage"),
                (("ls", "--json", "--names"), 2, "usage"),
                (("rm",), 2, "usage"), (("ls", "a"), 2, "usage"),
                (("copy",), 2, "unknown word copy")):
            result = self.context(*words, code=code)
            self.assertIn(said, result.err, words)
        self.assertFalse(os.path.exists(self.user))


class Atomic(Config):
    """Whatever ends the writer, the file is the old one or the new one."""

    def large(self):
        self.write(self.user, {"contexts": {
            f"c{i}": {"name": "n" * 60} for i in range(200)}})
        return self.text()

    def test_an_end_in_the_middle_of_a_write_changes_nothing(self):
        before = self.large()

        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

        ended = subprocess.run(
            [netns.msock, "context", "add", "new", "-q"], check=False,
            env=self.environment, preexec_fn=limit, capture_output=True)
        self.assertEqual(ended.returncode, -signal.SIGXFSZ)
        self.assertEqual(self.text(), before)
        self.assertIn(".msock.json.new",
                      os.listdir(os.path.dirname(self.user)))

        self.context("add", "new", "-q")
        self.assertIn("new", json.loads(self.text())["contexts"])
        self.assertEqual(os.listdir(os.path.dirname(self.user)),
                         ["msock.json"])

    def test_kill_at_any_moment_leaves_a_whole_file(self):
        self.large()
        known = set(json.loads(self.text())["contexts"])
        killed = 0
        for i in range(40):
            program = subprocess.Popen(
                [netns.msock, "context", "add", f"k{i}", "-q"],
                env=self.environment, stderr=subprocess.DEVNULL)
            try:
                program.wait(i / 5000)
            except subprocess.TimeoutExpired:
                program.kill()
                killed += program.wait() < 0
            now = set(json.loads(self.text())["contexts"])
            self.assertIn(now - known, (set(), {f"k{i}"}))
            self.assertTrue(known <= now)
            known = now
        self.assertGreater(killed, 0)

    def test_a_full_disk_is_told(self):
        folder = self.path("full")
        os.mkdir(folder)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs",
                        folder], check=True)
        self.addCleanup(subprocess.run, ["umount", folder], check=True)
        self.user = os.path.join(folder, "msock.json")
        self.environment["MSOCK_CONFIG"] = self.user
        before = self.large()
        with open(os.path.join(folder, "rest"), "wb") as file:
            try:
                while True:
                    os.write(file.fileno(), b"x" * 4096)
            except OSError:
                pass
        said = self.context("add", "new", "-q", code=1).err
        self.assertIn("No space left", said)
        self.assertEqual(self.text(), before)
        self.assertEqual(sorted(os.listdir(folder)), ["msock.json", "rest"])

    def test_many_writers_lose_nothing(self):
        programs = [self.start("context", "add", f"w{i}", "-q",
                               env=self.environment) for i in range(12)]
        for program in programs:
            program.end()
        self.assertEqual(len(json.loads(self.text())["contexts"]), 12)


if __name__ == "__main__":
    netns.main()
