# SPDX-License-Identifier: Apache-2.0
"""Requests between hosts: one reply, many, none, late ones, and who may."""

import json
import os
import time

import netns
from hosts_test import Network

URL = f"udp://{netns.GROUP}:{netns.PORT}?iface=eth0"


class Requests(netns.Case):
    def setUp(self):
        super().setUp()
        self.network = Network(3)
        self.addCleanup(self.network.close)

    def replier(self, host, *words, url=URL):
        with self.network.hosts[host].inside():
            program = self.start("reply", *words, "-c", url)
            netns.until(lambda: netns.listeners(netns.GROUP, netns.PORT),
                        "reply listens")
        return program

    def req(self, *words, code=0, url=URL):
        with self.network.hosts[0].inside():
            return self.run_msock("req", *words, "-c", url, code=code)

    def exchange(self, *more):
        self.replier(1, "lamp", "1", "--name", "attic", *more)
        self.replier(2, "lamp", "2", "--name", "porch", *more)

        one = self.req("lamp", "-v", *more)
        both = self.req("lamp", "-v", "-C", "2", "-W", "20", *more)
        nobody = self.req("door", "-W", "2", *more, code=1)

        self.assertIn(one.out, ("attic 1\n", "porch 2\n"))
        self.assertEqual(sorted(both.lines), ["attic 1", "porch 2"])
        self.assertIn("nobody is there who listens to door", nobody.err)

    def test_one_many_and_nobody_on_an_open_channel(self):
        self.exchange()

    def test_one_many_and_nobody_on_a_sealed_channel(self):
        self.exchange("--key-file", self.key())

    def test_who_is_late_is_not_heard(self):
        self.replier(1, "lamp", "1", "--delay", "1200", "--name", "attic")
        self.replier(2, "lamp", "2", "--name", "porch")

        begin = time.monotonic()
        result = self.req("lamp", "-v", "-C", "2", code=27)

        self.assertEqual(result.out, "porch 2\n")
        self.assertGreater(time.monotonic() - begin, 1)

    def test_large_replies_arrive_whole(self):
        text = "x" * 100000
        self.replier(1, "lamp", "--echo")

        self.assertEqual(self.req("lamp", text, "-W", "20").out, text + "\n")

    def trust(self, rights):
        """Gives three names identities, and the trust file that tells what
        attic and porch may publish.  Returns the URLs by name."""
        names, lines = ("hub", "attic", "porch"), []
        for name in names:
            path = self.path(f"{name}.id")
            with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600),
                      "wb") as file:
                file.write(self.run_msock("id", "gen", name).raw)
            shown = self.run_msock("id", "show", path, "--name", name).out
            lines.append(f"{shown.strip()} publish {rights[name]}\n")
        with open(self.path("trust"), "w", encoding="ascii") as file:
            file.writelines(lines)
        os.chmod(self.path("trust"), 0o600)
        return {name: f"{URL}&id_file={self.path(name)}.id"
                      f"&trust_file={self.path('trust')}" for name in names}

    def test_who_has_no_right_to_reply_is_not_heard(self):
        urls = self.trust({"hub": "lamp", "attic": '"#" $reply/#',
                           "porch": '"#"'})
        key = ("--key-file", self.key())
        for host, name in ((1, "attic"), (2, "porch")):
            self.replier(host, "lamp", "1", "--name", name, *key,
                         url=urls[name])

        result = self.req("lamp", "--json", "-C", "2", "-W", "3", "--name",
                          "hub", *key, url=urls["hub"], code=27)

        self.assertEqual([json.loads(line)["sender"] for line in result.lines],
                         ["attic"])
        self.assertIn("drop_rights 1", result.err)


if __name__ == "__main__":
    netns.main()
