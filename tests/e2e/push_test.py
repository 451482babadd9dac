# SPDX-License-Identifier: Apache-2.0
"""Keys are exchanged by pushes alone, and a stolen node is left out."""

import json
import os
import shutil
import subprocess

import netns
from keys_test import LO, Stream

NODES = ("hub", "lamp1", "lamp2", "bulb", "bell")
STOLEN = ("--except", "bulb", "--except", "bell")


class Case(netns.Case):
    def house(self, names=NODES):
        """An identity and a key file for each node, the admin's too."""
        self.file = self.key("admin.key")
        self.trust = self.path("trust")
        for name in ("admin", *names):
            if name != "admin":
                shutil.copy(self.file, self.node_file(name))
            self.identity(name)
            rights = "admin" if name == "admin" else "publish home/#"
            line = self.run_msock("id", "show", self.path(f"{name}.id"),
                                  "--name", name).out.strip()
            with open(self.trust, "a", encoding="utf-8") as file:
                file.write(f"{line} {rights}\n")

    def identity(self, name):
        path = self.path(f"{name}.id")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
            file.write(self.run_msock("id", "gen").raw)

    def node_file(self, name):
        return self.path(f"{name}.key")

    def node(self, name):
        """The words that make a program this node."""
        url = f"{LO}&id_file={self.path(name)}.id&trust_file={self.trust}"
        return ("-c", url, "--key-file", self.node_file(name), "--name", name)

    def listen(self, name):
        return self.start("sub", "-v", "-W", 240, "home/#", *self.node(name))

    def words(self, word, *words, code=0):
        return self.run_msock("key", word, self.file, *words, code=code)

    def admin(self):
        """The words that say who asks, and whom it believes."""
        return ("-c", LO, "--id-file", self.path("admin.id"), "--trust-file",
                self.trust, "--name", "admin")

    def push(self, *words, code=0):
        return self.words("push", *self.admin(), *words, code=code)

    def states(self, *words, code=0):
        return {node["node"]: node["state"] for node in
                map(json.loads, self.push(*words, "--json", code=code).lines)}

    def ids(self, path):
        return [json.loads(line)["id"] for line in
                self.run_msock("key", "show", path, "--json").lines]


class Exchange(Case):
    def switch(self, left_out, push):
        """A new key seals.  Returns the id of the old one."""
        old = self.words("id").out.strip()
        self.words("rotate")
        self.push(*push)
        self.words("rotate", "--switch", *self.admin(), *left_out)
        self.push(*push)
        return old

    def retire(self, old, left_out, push):
        self.words("retire", old, *self.admin(), *left_out)
        self.push(*push)

    def heard(self, program, topic):
        """The numbers that a listener heard on a topic."""
        lines = program.output().decode().splitlines()
        return [int(line.split()[1]) for line in lines
                if line.split()[0] == topic]

    def speak(self, program, number):
        program.process.stdin.write(f"{number}\n".encode())
        program.process.stdin.flush()

    def test_two_exchanges_under_1000_messages_a_second_lose_none(self):
        self.house()
        lamps = [self.listen(name) for name in ("lamp1", "lamp2")]
        bulb = self.listen("bulb")
        netns.until(lambda: netns.listeners(netns.GROUP, netns.PORT) >= 3,
                    "they listen")
        bell = self.start("pub", "home/bell", "--reliable", *self.node("bell"),
                          stdin=subprocess.PIPE)
        hub = self.start("pub", "home/n", "--reliable", *self.node("hub"),
                         stdin=subprocess.PIPE)
        stream = Stream(hub)
        self.addCleanup(stream.stop)

        # All together.
        old = self.switch((), ("--all",))
        self.speak(bell, 1)
        self.retire(old, (), ("--all",))
        for name in NODES:
            self.assertEqual(self.ids(self.node_file(name)),
                             self.ids(self.file), name)

        # Bulb and bell were stolen: they hear nothing from the switch on.
        old = self.switch(STOLEN, STOLEN)
        switched = stream.count
        netns.until(lambda: stream.count > switched + 1000, "the hub speaks")
        last = self.heard(bulb, "home/n")[-1]
        self.assertLess(last, switched)
        self.speak(bell, 2)
        netns.until(lambda: all(self.heard(lamp, "home/bell") == [1, 2]
                                for lamp in lamps), "the old key still opens")
        # And nothing that they say is heard any more once it is retired.
        self.retire(old, STOLEN, STOLEN)
        self.speak(bell, 3)

        netns.until(lambda: stream.count > 20000, "enough was said")
        stream.stop()
        hub.end()
        for lamp in lamps:
            netns.until(lambda: self.heard(lamp, "home/n")[-1] ==
                        stream.count - 1, "everything arrives")
            self.assertEqual(self.heard(lamp, "home/n"),
                             list(range(stream.count)))
            self.assertEqual(self.heard(lamp, "home/bell"), [1, 2])
            self.assertIn("drop_key_id", lamp.terminate().err)
        self.assertEqual(self.heard(bulb, "home/n"), list(range(last + 1)))
        self.assertIn("drop_key_id", bulb.terminate().err)
        for name in NODES:
            stolen = name in STOLEN
            self.assertEqual(self.ids(self.node_file(name)),
                             [old] if stolen else self.ids(self.file), name)


class Proved(Case):
    """With a trust file, a name counts if its key vouches for it."""

    def setUp(self):
        super().setUp()
        self.house(("hub", "lamp1"))
        self.hub = self.listen("hub")
        netns.until(lambda: netns.listeners(netns.GROUP, netns.PORT) >= 1,
                    "the hub listens")
        self.who = ("-c", LO, "--trust-file", self.trust)

    def test_a_name_that_nothing_vouches_for_holds_up_nothing(self):
        mate = self.start("sub", "#", "-W", 240, "-c", LO, "--key-file",
                          shutil.copy(self.file, self.path("mate.key")),
                          "--name", "porch")
        self.words("rotate")
        self.push("--to", "hub")

        blind = self.words("rotate", "--switch", "-c", LO, code=1)
        listed = self.words("list", *self.who, "--id-file",
                            self.path("admin.id"), "--name", "admin")
        seen = self.words("rotate", "--switch", *self.who, "--except", "bulb")

        self.assertIn("porch lacks the key", blind.err)
        self.assertRegex(listed.out, r"hub  seals .*  proved\n"
                         r"porch.*  lacks .*  not proved\n")
        self.assertIn("not heard (1 of the trust file): lamp1", listed.err)
        self.assertIn("vouches for the name (1): porch", seen.err)
        self.assertIn("nobody called bulb was heard", seen.err)
        self.hub.terminate()
        mate.terminate()

    def test_who_never_switches_is_named_in_the_end(self):
        old = self.words("id").out.strip()
        self.words("rotate")
        self.push("--to", "hub")
        self.words("rotate", "--switch", "--force")

        result = self.words("retire", old, *self.who, "--timeout", 1, code=1)

        self.assertIn(f"hub still seals with {old}", result.err)
        self.assertIn("nothing was retired in 1 s", result.err)
        self.assertIn(old, self.ids(self.file))
        self.hub.terminate()

    def test_an_unproved_name_alone_is_nobody(self):
        self.hub.terminate()
        mate = self.start("sub", "#", "-W", 240, "-c", LO, "--key-file",
                          self.node_file("hub"), "--name", "hub")
        self.words("rotate")

        result = self.words("rotate", "--switch", *self.who, code=1)

        self.assertIn("no node answered", result.err)
        self.assertIn("whose name is proved", result.err)
        mate.terminate()


class Refused(Case):
    def test_a_node_that_is_not_up_is_named(self):
        self.house(("hub", "lamp1"))
        hub = self.listen("hub")
        self.words("rotate")

        result = self.push("--all", "--timeout", 12, code=1)

        self.assertEqual(result.lines, [
            "hub  has the keys",
            "lamp1  not up, or it has none of the keys, or no id_file"])
        self.assertIn("1 of 2 nodes do not have the keys", result.err)
        self.assertEqual(self.states("--to", "hub"), {"hub": "has"})
        # It may lack the new key, so the others must not seal with it.
        self.words("rotate", "--switch", "--force")
        before = self.ids(self.node_file("hub"))
        self.assertEqual(self.states("--all", code=1),
                         {"hub": "waits", "lamp1": "absent"})
        self.assertEqual(self.ids(self.node_file("hub")), before)
        self.assertEqual(self.states("--all", "--force", "--timeout", 10,
                                     code=1),
                         {"hub": "has", "lamp1": "absent"})
        self.assertEqual(self.ids(self.node_file("hub")), before[::-1])
        hub.terminate()

    def test_a_node_that_lacks_the_key_is_not_switched(self):
        self.house(("hub", "lamp1"))
        old = self.path("old.key")
        shutil.copy(self.file, old)
        lamps = [self.listen("hub"), self.listen("lamp1")]
        self.words("rotate")
        self.words("rotate", "--switch", "--force")

        refused = self.states("--all", "--key-file", old, code=1)
        self.assertEqual(refused, {"hub": "lacks", "lamp1": "lacks"})
        for lamp in lamps:
            lamp.terminate()

    def test_what_keeps_a_node_from_the_keys_is_told(self):
        self.house(("hub", "lamp1"))
        blind = self.path("blind")
        with open(self.trust, encoding="utf-8") as file:
            lines = file.read().replace("admin\n", "publish t\n")
        with open(blind, "w", encoding="utf-8") as file:
            file.write(lines)
        url = f"{LO}&id_file={self.path('lamp1')}.id&trust_file={blind}"
        programs = [
            self.start("sub", "#", "-W", 240, "-c", url, "--key-file",
                       self.node_file("lamp1"), "--name", "lamp1"),
            self.start("sub", "#", "-W", 240, "-c", LO, "--key-file",
                       self.node_file("hub"), "--name", "hub")]
        self.words("rotate")

        result = self.push("--all", "--timeout", 10, code=1)

        self.assertIn("hub  not up, or it has none of the keys, or no id_file",
                      result.out)
        self.assertIn("lamp1  has other keys; it takes these from an admin of "
                      "its own trust file", result.out)
        for program in programs:
            program.terminate()

    def test_a_node_that_lost_its_old_key_on_the_way_is_still_heard(self):
        self.house(("hub",))
        old = self.path("old.key")
        shutil.copy(self.file, old)
        hub = self.listen("hub")
        before = self.words("id").out.strip()
        new = self.words("rotate").out.strip()
        self.words("rotate", "--switch", "--force")
        self.words("retire", before, "--force")

        pushed = self.states("--all", "--key-file", old, "--force")

        self.assertEqual(pushed, {"hub": "has"})
        self.assertEqual(self.ids(self.node_file("hub")), [new])
        hub.terminate()

    def test_who_is_no_admin_pushes_nothing(self):
        self.house(("hub", "lamp1"))
        before = self.ids(self.node_file("lamp1"))
        self.words("rotate")

        result = self.run_msock(
            "key", "push", self.file, "-c", LO, "--id-file",
            self.path("hub.id"), "--trust-file", self.trust, "--name", "hub",
            "--all", code=1)
        self.assertIn("hub has no right admin", result.err)
        self.assertEqual(self.ids(self.node_file("lamp1")), before)

    def test_how_it_was_called_is_checked(self):
        self.house(("hub",))
        for words, code, said in (
                ([], 2, "to whom?"),
                (["--all", "--to", "hub"], 2, "one of"),
                (["--to", "attic"], 1, "nobody is called attic"),
                (["--except", "attic"], 1, "gets nothing anyway"),
                (["--to", "admin"], 2, "this node itself"),
                (["--except", "hub"], 1, "nobody is left"),
                (["--all", "--timeout", "0"], 2, "from 1 to 3600"),
                (["attic"], 2, "usage: msock key push")):
            self.assertIn(said, self.push(*words, code=code).err, words)
        result = self.words("push", "--all", code=2)
        self.assertIn("--id-file", result.err)


if __name__ == "__main__":
    netns.main()
