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
from hosts_test import Network

HOSTS = 8
URL = f"udp://{netns.GROUP}:{netns.PORT}?iface=eth0"
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

    def keeper(self, **more):
        """Starts a hub that keeps."""
        return self.hub({"name": "keeper", "config": {
            "file": self.file,
            "filters": ["t/+", "cellar/#", "+/temperature"]}}, **more)

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

    def late(self, topic, url=LO):
        """What somebody is told who comes now."""
        sub = self.sub("-c", url, "--json", "-C", 1, topic, readers=2)
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
        self.assertTrue(told["told"])
        self.assertTrue(told["owner_down"])


class Hosts(Keeper):
    """A hub that keeps and seven sensors, each on a host of its own."""

    def setUp(self):
        super().setUp()
        self.network = Network(HOSTS)
        self.addCleanup(self.network.close)

    def sensor(self, number):
        """Starts the sensor of a host, where it is as warm as its number."""
        with open(self.path(f"temp{number}"), "w", encoding="ascii") as file:
            file.write(f"{number}000\n")
        with self.network.hosts[number].inside():
            program = netns.Program(
                os.path.join(self.build, "bin", "sensor"), "--name",
                f"n{number}", "--file", self.path(f"temp{number}"), "-c", URL)
        self.addCleanup(program.close)
        return program

    def test_the_hub_tells_the_last_state_of_a_host_that_was_killed(self):
        with self.network.hosts[0].inside():
            hub = self.keeper(channel=URL, status={
                "file": self.status_file, "every_s": 86400,
                "filters": ["+/temperature"]})
        sensors = {number: self.sensor(number) for number in range(1, HOSTS)}
        netns.until(lambda: len(self.reported(hub)) == HOSTS - 1,
                    "the hub has all values")

        sensors[3].process.kill()
        sensors[3].process.wait()

        with self.network.hosts[HOSTS - 1].inside():
            told = self.late("n3/temperature", URL)
        self.assertEqual((told["sender"], told["data"]),
                         ("n3", {"celsius": 3}))
        self.assertTrue(told["told"])
        self.assertTrue(told["owner_down"])


if __name__ == "__main__":
    netns.main()
