# SPDX-License-Identifier: Apache-2.0
"""The plugin keeper in a hub: what outlives owners, and hubs."""

import contextlib
import json
import os
import random
import shutil
import sqlite3

import netns
import service_case

LO = service_case.LO
KILLS = 50
TOPICS = 5


class Keeper(service_case.Service):
    def setUp(self):
        super().setUp()
        self.build = os.path.dirname(os.path.dirname(netns.msock))
        shutil.copy(os.path.join(self.build, "plugins", "keeper.so"),
                    self.plugins)
        self.file = self.path("states.db")

    def keeper(self):
        """Starts a hub that keeps."""
        return self.hub({"name": "keeper", "config": {"file": self.file}})

    def program(self, name, *words):
        path = os.path.join(self.build, "tests", "bin", name)
        program = netns.Program(path, *words)
        self.addCleanup(program.close)
        return program

    def stored(self):
        """The states in the file of a hub that was killed."""
        with contextlib.closing(sqlite3.connect(self.file)) as database:
            return dict(database.execute("SELECT topic, data FROM state"))

    def confirmed(self, owner):
        """The numbers that an owner knows to be stored."""
        lines = owner.output().decode().split("\n")[:-1]
        return [int(line) for line in lines]

    def expect_nothing_lost(self, owner):
        confirmed = self.confirmed(owner)
        stored = self.stored()
        for topic in range(TOPICS):
            newest = max((number for number in confirmed
                          if number % TOPICS == topic), default=0)
            self.assertGreaterEqual(int(stored.get(f"t/{topic}", 0)), newest)

    def late(self, topic):
        """What somebody is told who comes now."""
        sub = self.sub("-c", LO, "--json", "-C", 1, topic, readers=2)
        return json.loads(sub.end().out)


class Confirmed(Keeper):
    def test_a_hub_that_is_killed_loses_nothing_that_was_confirmed(self):
        dice = random.Random(1)
        owner = self.program("owner", LO)
        for _ in range(KILLS):
            hub = self.keeper()
            wanted = len(self.confirmed(owner)) + dice.randrange(1, 60)
            netns.until(lambda: len(self.confirmed(owner)) >= wanted,
                        "states are confirmed")
            hub.process.kill()
            hub.process.wait()
            self.expect_nothing_lost(owner)

        owner.close()


class Late(Keeper):
    def test_a_state_is_told_when_its_owner_is_gone(self):
        self.keeper()
        self.run_msock("pub", "-c", LO, "--name", "cellar", "--state",
                       "cellar/pump", '"on"')

        told = self.late("cellar/pump")

        self.assertEqual((told["data"], told["sender"]), ("on", "cellar"))
        self.assertTrue(told["told"])
        self.assertTrue(told["owner_down"])

    def test_a_state_is_told_when_owner_and_hub_were_gone(self):
        hub = self.keeper()
        self.run_msock("pub", "-c", LO, "--name", "cellar", "--state",
                       "cellar/pump", '"on"')
        hub.terminate()
        self.manager.until("STOPPING")
        self.keeper()

        told = self.late("cellar/pump")

        self.assertEqual((told["data"], told["sender"]), ("on", "cellar"))
        self.assertEqual(told["version"], 1)
        self.assertTrue(told["told"])
        self.assertTrue(told["owner_down"])


if __name__ == "__main__":
    netns.main()
