# SPDX-License-Identifier: Apache-2.0
"""The sample programs do what their first lines say."""

import os
import re
import shutil
import signal
import subprocess

import netns


def hears(reader, writer):
    """Whether a reader of the picture has heard a writer."""
    return re.search(rf'^\w hears "word \d+ of {writer}"$',
                     reader.output().decode(), re.MULTILINE) is not None


class Samples(netns.Case):
    def sample(self, name, *words):
        path = os.path.join(os.path.dirname(netns.msock), name)
        program = netns.Program(path, *words)
        self.addCleanup(program.close)
        return program

    def test_the_picture_shows_all_five_coming_and_going(self):
        picture = self.sample("picture")
        picture.process.wait(netns.PATIENCE_S)

        lines = picture.output().decode().splitlines()
        for role, names in (("reader", "BD"), ("writer", "ACE")):
            for name in names:
                self.assertIn(f"{name} comes, a {role}", lines)
                self.assertTrue(any(line.startswith(f"{name} goes: ")
                                    for line in lines), lines)

    def part(self, role, name):
        """Starts a part of the picture that stays until the test ends."""
        return self.sample("picture", role, name, netns.PATIENCE_S,
                           f"udp://{netns.GROUP}:{netns.PORT}?iface=lo")

    def test_readers_of_the_picture_hear_all_who_write_meanwhile(self):
        first = self.part("reader", "B")
        netns.until(lambda: self.listening(1), "B listens")
        writer = self.part("writer", "A")
        netns.until(lambda: hears(first, "A"), "B hears A")
        writer.terminate(-signal.SIGTERM)

        second = self.part("reader", "D")
        netns.until(lambda: self.listening(2), "D listens")
        self.part("writer", "C")
        self.part("writer", "E")

        netns.until(lambda: all(hears(reader, name) for reader in
                                (first, second) for name in "CE"),
                    "both hear C and E")
        self.assertFalse(hears(second, "A"))

    @staticmethod
    def listening(count):
        return netns.listeners(netns.GROUP, netns.PORT) == count

    def test_publish_is_heard_by_subscribe(self):
        reader = self.sample("subscribe", "home/#")
        netns.until(lambda: netns.listeners(netns.GROUP, netns.PORT) == 1,
                    "subscribe listens")

        self.sample("publish", "home/lights", '{"on":false}').end()

        netns.until(reader.output, "the line")
        self.assertEqual(reader.terminate(-signal.SIGTERM).out,
                         'home/lights: {"on":false}\n')

    def leds(self):
        """A folder with one LED, and its brightness."""
        led = self.path("leds/ACT")
        os.makedirs(led)
        with open(os.path.join(led, "brightness"), "w", encoding="ascii") as f:
            f.write("7\n")

        def brightness():
            with open(os.path.join(led, "brightness"), encoding="ascii") as f:
                return f.read()
        return self.path("leds"), brightness

    @staticmethod
    def maps(program):
        """What a program has mapped: a plugin is a copy in memory."""
        with open(f"/proc/{program.process.pid}/maps", encoding="utf-8") as f:
            return f.read()

    def test_node_reloads_its_plugin_on_sighup(self):
        leds, brightness = self.leds()
        node = self.sample("node", "--name", "porch", "--leds", leds,
                           "--led", "ACT")
        netns.until(lambda: b"ready" in node.output(), "node is ready")

        for count in (1, 2):
            node.process.send_signal(signal.SIGHUP)
            netns.until(lambda: node.output().count(b"lights: reloaded") ==
                        count, "the plugin is reloaded")
        self.run_msock("pub", "lights", "false")

        netns.until(lambda: brightness() == "0\n", "the new code obeys")
        node.terminate()

    def test_hub_keeps_its_plugin_when_it_cannot_be_reloaded(self):
        leds, brightness = self.leds()
        built = os.path.join(os.path.dirname(netns.msock), "..", "plugins")
        plugins = self.path("plugins")
        os.mkdir(plugins, 0o700)
        shutil.copy(os.path.join(built, "lights.so"), plugins)
        os.chmod(os.path.join(plugins, "lights.so"), 0o600)
        path = os.path.join(os.path.dirname(netns.msock), "hub")
        hub = netns.Program(path, "--plugins", plugins, "--load",
                            'lights={"directory":"%s"}' % leds,
                            stdin=subprocess.PIPE)
        self.addCleanup(hub.close)
        netns.until(lambda: "memfd:lights" in self.maps(hub), "it is loaded")
        os.unlink(os.path.join(plugins, "lights.so"))

        hub.process.send_signal(signal.SIGHUP)
        netns.until(lambda: b"cannot reload" in hub.said(), "hub says so")
        self.run_msock("pub", "lights", "false")

        netns.until(lambda: brightness() == "0\n", "the old code obeys")
        hub.terminate()

    def warm(self, text):
        """Lets the thermometer say this from now on."""
        with open(self.path("new"), "w", encoding="ascii") as file:
            file.write(text)
        os.rename(self.path("new"), self.path("temp"))

    def sensor(self, text):
        """A sensor `hall`, which looks at its thermometer each second."""
        self.warm(text)
        return self.sample("sensor", "--name", "hall", "--file",
                           self.path("temp"), "--every", 1)

    def test_sensor_tells_its_temperature_and_when_it_knows_none(self):
        told = self.sub("hall/temperature")
        sensor = self.sensor("21449\n")
        for count, text in ((1, "-50"), (2, "warm"), (3, "8000\n")):
            netns.until(lambda: told.output().count(b"\n") == count,
                        f"{count} values")
            self.warm(text)
        netns.until(lambda: told.output().count(b"\n") == 4, "the last")

        self.assertEqual(told.output().decode().splitlines(), [
            '{"celsius":21.4}', '{"celsius":-0.1}', '{"celsius":null}',
            '{"celsius":8.0}'])
        self.assertIn("that is no temperature", sensor.terminate().out)

    def test_who_listens_later_hears_what_the_sensor_said(self):
        sensor = self.sensor("21449\n")
        netns.until(lambda: b"ready" in sensor.output(), "sensor is ready")

        sub = self.sub("hall/temperature", "-C", 1, readers=2)

        self.assertEqual(sub.end().out, '{"celsius":21.4}\n')

    def test_sensor_says_what_it_lacks(self):
        for words, said, code in ((["--every", "0"], "--every 0: 1 to", 2),
                                  ([], "usage: sensor", 2)):
            result = self.sample("sensor", *words).end(code)
            self.assertIn(said, result.err)

    def test_publish_tells_that_there_is_no_network(self):
        publish = self.sample("publish", "lights", "1",
                              f"udp://{netns.GROUP}:{netns.PORT}?iface=lof")

        self.assertIn("publish: no network", publish.end(1).err)

    def test_they_say_how_they_are_called_when_asked(self):
        for name in ("publish", "subscribe", "hub", "node", "sensor"):
            self.assertIn("usage:", self.sample(name, "--help").end().out)

    def test_they_say_how_they_are_called(self):
        for name in ("publish", "subscribe"):
            self.assertIn("usage:", self.sample(name).end(2).err)


if __name__ == "__main__":
    netns.main()
