# SPDX-License-Identifier: Apache-2.0
"""samples/hub and samples/node: what one tells them, and what they answer."""

import os
import pty
import subprocess
import time

import netns

LO = f"udp://{netns.GROUP}:{netns.PORT}?iface=lo"


class House(netns.Case):
    def sample(self, name, *words, **options):
        path = os.path.join(os.path.dirname(netns.msock), name)
        program = netns.Program(path, *words, **options)
        self.addCleanup(program.close)
        return program

    def hub(self, *words, code=0):
        return self.sample("hub", "-c", LO, *words).end(code)

    def node(self, name, *words, **options):
        """Starts a node with an LED that is off, and waits for it."""
        self.led_of(name)
        node = self.sample("node", "--name", name, "--leds", self.path(name),
                           *(words or ("-c", LO)), **options)
        netns.until(lambda: b"ready" in node.output() or
                    node.process.poll() is not None, f"{name} is ready")
        return node

    def led_of(self, name):
        """Makes an LED that is off."""
        folder = self.path(os.path.join(name, "led0"))
        os.makedirs(folder)
        for file, value in (("max_brightness", 255), ("brightness", 0)):
            with open(os.path.join(folder, file), "w", encoding="ascii") as led:
                led.write(f"{value}\n")

    def led(self, name):
        path = self.path(f"{name}/led0/brightness")
        with open(path, encoding="ascii") as led:
            return led.read().strip()


class Commands(House):
    def test_lights_of_one_node_go_on(self):
        self.node("kitchen")
        self.node("porch")

        result = self.hub("kitchen lights on")

        self.assertEqual(result.out, "kitchen lights on: 1 of 1 report on\n")
        self.assertEqual((self.led("kitchen"), self.led("porch")), ("255", "0"))

    def test_a_number_is_how_bright_the_lights_are(self):
        self.node("kitchen")

        result = self.hub("kitchen lights 40")

        self.assertEqual(result.out, "kitchen lights on: 1 of 1 report on\n")
        self.assertEqual(self.led("kitchen"), "40")

    def test_commands_come_as_arguments_one_after_the_other(self):
        self.node("kitchen")

        result = self.hub("--expect", 1, "all lights on", "status",
                          "lights off")

        self.assertEqual(result.lines[0], "all lights on: 1 of 1 report on")
        self.assertRegex(result.lines[2], r"^kitchen +on +255 +\d+\.\d s ago$")
        self.assertEqual(result.lines[3], "all lights off: 1 of 1 report off")
        self.assertEqual(self.led("kitchen"), "0")

    def test_a_node_that_is_not_there_is_a_failure(self):
        result = self.hub("--wait", "0.1", "nobody lights on", code=1)

        self.assertIn("1 of 1 nodes did not report", result.err)

    def test_status_without_nodes_says_so(self):
        result = self.hub("--wait", "0.1", "status")

        self.assertEqual(result.lines[1:], ["(no node has reported)"])

    def test_a_line_that_is_no_command_is_told_and_the_others_obeyed(self):
        with open(self.path("input"), "w+", encoding="ascii") as file:
            file.write("dance\n\nlights on now please\nhelp\nquit\nstatus\n")
            file.seek(0)
            result = self.sample("hub", "-c", LO, stdin=file).end(1)

        self.assertIn("not understood: dance\n", result.err)
        self.assertIn("not understood: lights on now please\n", result.err)
        self.assertIn("NODE lights on|off", result.out)
        self.assertNotIn("REPORTED", result.out)

    def test_a_terminal_is_told_what_to_type(self):
        ours, theirs = pty.openpty()
        hub = self.sample("hub", "-c", LO, stdin=theirs)
        netns.until(lambda: b"type help" in hub.said(), "the greeting")

        os.write(ours, b"quit\n")

        hub.end()
        os.close(ours)
        os.close(theirs)


class Reports(House):
    def test_lights_that_are_not_known_count_neither_as_on_nor_as_off(self):
        hub = self.sample("hub", "-c", LO, "--wait", netns.PATIENCE_S,
                          "--expect", 1, stdin=subprocess.PIPE)
        netns.until(lambda: netns.listeners(netns.GROUP, netns.PORT) == 1,
                    "the hub listens")

        told = self.sub("lights", "lights/query", "-v", "-c", LO, readers=2)
        self.tell(hub, "lights off")
        netns.until(lambda: b"lights {" in told.output(), "the order")
        for report in ('{"on":null}', '{"error":5}', '{"on":false}'):
            self.report(report)
        netns.until(lambda: b"report off" in hub.output(), "lights are off")
        # The hub counts in whole milliseconds who reported since it asked.
        begin = time.monotonic()
        netns.until(lambda: time.monotonic() > begin + 0.002, "a later time")
        self.tell(hub, "status")
        netns.until(lambda: b"lights/query" in told.output(), "the question")
        self.report('{"on":null}')
        self.tell(hub, "quit")

        result = hub.end()
        self.assertEqual(result.lines[0], "all lights off: 1 of 1 report off")
        self.assertRegex(result.lines[2], r"^hall +\? +- ")

    def tell(self, hub, line):
        hub.process.stdin.write(f"{line}\n".encode())
        hub.process.stdin.flush()

    def report(self, state):
        self.run_msock("pub", "hall/lights/state", state, "--name", "hall",
                       "-c", LO)


class Options(House):
    def test_bad_options_are_told_without_a_wall_of_words(self):
        for words, said in ((["--wait", "x"], "--wait wants"),
                            (["--wait", "0"], "--wait wants"),
                            (["--wait", "nan"], "--wait wants"),
                            (["--expect", "0"], "--expect wants"),
                            (["--expect", "1.5"], "--expect wants"),
                            (["--key-file", ""], "--key-file is empty"),
                            (["--nonsense"], "nonsense")):
            result = self.hub(*words, "status", code=2)
            self.assertIn(said, result.err)
            self.assertEqual(len(result.err.splitlines()), 1, result.err)

    def test_an_argument_that_is_no_command_is_told(self):
        for word in ("dance", "lights 4x", "lights 4000000000", "lights"):
            result = self.hub("status", word, code=2)
            self.assertIn(f"not understood: {word}\n", result.err)
            self.assertEqual(result.out, "")

    def test_the_hub_loads_a_plugin_and_is_a_node_itself(self):
        self.led_of("hub")

        result = self.hub("--load", self.lights("hub"), "--expect", 1, "status")

        self.assertRegex(result.lines[1], r"^hub +off +0 ")

    def lights(self, name):
        return f'lights={{"directory":"{self.path(name)}"}}'

    def test_a_plugin_that_cannot_be_loaded_is_named(self):
        for load in ("nothing", "lights={bad}"):
            result = self.hub("--load", load, "status", code=1)
            name = load.partition("=")[0]
            self.assertRegex(result.err, rf"--load {name}, from /.*/plugins:")

    def test_a_folder_of_plugins_that_is_not_there_is_named(self):
        result = self.hub("--plugins", "nodir", "--load", "lights", "status",
                          code=1)

        self.assertEqual(
            result.err, "hub: --plugins nodir: No such file or directory\n")

    def test_node_says_what_is_wrong_with_its_folders(self):
        for words, said, code in (
                (["--plugins", "nodir"], "node: --plugins nodir: ", 1),
                (["--key-file", ""], "--key-file is empty", 2),
                (["--leds", "/nonexistent"], "/nonexistent", 1)):
            node = self.sample("node", "--name", "a", *words, "-c", LO)
            self.assertIn(said, node.end(code).err)


class Environment(House):
    def test_channel_and_key_come_from_it_and_are_told(self):
        key = self.key()
        environment = dict(os.environ, MSOCK_CHANNEL=LO, MSOCK_KEY_FILE=key)
        node = self.node("kitchen", "--plugins", self.plugins(),
                         env=environment)

        told = self.sample("hub", "--expect", 1, "lights on",
                           env=environment).end()
        refused = self.hub("--wait", "0.1", "--expect", 1, "lights off", code=1)

        self.assertIn(b"ready, sealed", node.output())
        self.assertEqual(told.err, "")
        self.assertEqual(told.out, "all lights on: 1 of 1 report on\n")
        self.assertIn("hub: ready, open: no key\n", refused.err)
        self.assertEqual(self.led("kitchen"), "255")

    def test_an_empty_name_of_a_key_opens_no_channel_without_one(self):
        for words in (("hub", "status"), ("node", "--name", "kitchen")):
            said = self.sample(*words, env=dict(
                os.environ, MSOCK_CHANNEL=LO, MSOCK_KEY_FILE="")).end(2).err
            self.assertEqual(said, f"{words[0]}: MSOCK_KEY_FILE is empty: "
                             "name a key file, or leave it out\n")

    def plugins(self):
        return os.path.join(os.path.dirname(os.path.dirname(netns.msock)),
                            "plugins")


if __name__ == "__main__":
    netns.main()
