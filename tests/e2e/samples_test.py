# SPDX-License-Identifier: Apache-2.0
"""The sample programs do what their first lines say."""

import os
import re
import signal

import netns


class Samples(netns.Case):
    def sample(self, name, *words):
        path = os.path.join(os.path.dirname(netns.msock), name)
        program = netns.Program(path, *words)
        self.addCleanup(program.close)
        return program

    def test_the_picture_shows_readers_that_hear_all_writers(self):
        lines = self.sample("picture").end().lines

        heard = {tuple(found.groups()) for found in
                 (re.match(r'(\w) hears "word \d of (\w)"', line)
                  for line in lines) if found}
        self.assertLessEqual({("B", "A"), ("B", "C"), ("B", "E"), ("D", "C"),
                              ("D", "E")}, heard)

    def test_publish_is_heard_by_subscribe(self):
        reader = self.sample("subscribe", "home/#")
        netns.until(lambda: netns.listeners(netns.GROUP, netns.PORT) == 1,
                    "subscribe listens")

        self.sample("publish", "home/lights", '{"on":false}').end()

        netns.until(reader.output, "the line")
        self.assertEqual(reader.terminate(-signal.SIGTERM).out,
                         'home/lights: {"on":false}\n')

    def test_they_say_how_they_are_called(self):
        for name in ("publish", "subscribe"):
            self.assertIn("usage:", self.sample(name).end(2).err)


if __name__ == "__main__":
    netns.main()
