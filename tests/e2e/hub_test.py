# SPDX-License-Identifier: Apache-2.0
"""samples/hub and samples/node: what one tells them, and what they answer."""

import os
import pty
import re
import signal
import subprocess

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

    def live_hub(self, count, *words):
        """Starts a hub that reads lines, and waits until it knows so many
        nodes with lights."""
        hub = self.sample("hub", "-c", LO, *words, stdin=subprocess.PIPE)
        shown = re.compile(r"(?m)^\S+ +up +\w+ +(on|off) ")
        netns.until(lambda: len(shown.findall(self.table(hub))) >= count,
                    f"the hub knows {count}")
        return hub

    def table(self, hub):
        """Asks a hub for its table, and for its help as its end."""
        before = len(hub.output())
        self.tell(hub, "status")
        self.tell(hub, "help")
        netns.until(lambda: b"help, quit\n" in hub.output()[before:],
                    "the table and the help")
        return hub.output()[before:].decode()

    def tell(self, hub, line):
        hub.process.stdin.write(f"{line}\n".encode())
        hub.process.stdin.flush()

    def shows(self, hub, pattern):
        netns.until(lambda: re.search(pattern, hub.output().decode()), pattern)

    def node(self, name, *words, maximum=255, **options):
        """Starts a node with an LED that is off, and waits for it."""
        self.led_of(name, maximum)
        node = self.sample("node", "--name", name, "--leds", self.path(name),
                           *(words or ("-c", LO)), **options)
        netns.until(lambda: b"ready" in node.output() or
                    node.process.poll() is not None, f"{name} is ready")
        return node

    def led_of(self, name, maximum=255):
        """Makes an LED that is off."""
        folder = self.path(os.path.join(name, "led0"))
        os.makedirs(folder, exist_ok=True)
        for file, value in (("max_brightness", maximum), ("brightness", 0)):
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

        self.assertRegex(result.out,
                         r"^kitchen lights on: 1 of 1 acted in \d+ ms\n$")
        self.assertEqual((self.led("kitchen"), self.led("porch")), ("255", "0"))

    def test_a_number_is_how_bright_the_lights_are(self):
        self.node("kitchen")

        result = self.hub("--expect", 1, "kitchen lights 40")

        self.assertRegex(result.out, r"^kitchen lights 40: 1 of 1 acted in ")
        self.assertEqual(self.led("kitchen"), "40")

    def test_commands_come_as_arguments_one_after_the_other(self):
        self.node("kitchen")

        result = self.hub("--expect", 1, "all lights on", "lights off",
                          "status")

        self.assertRegex(result.lines[0], "^all lights on: 1 of 1 acted in ")
        self.assertRegex(result.lines[1], "^lights off: 1 of 1 acted in ")
        self.assertRegex(result.lines[3], "^kitchen +up ")
        self.assertEqual(self.led("kitchen"), "0")

    def test_a_node_that_is_not_there_is_a_failure(self):
        result = self.hub("--wait", "0.1", "nobody lights on", code=1)

        self.assertEqual(result.out, "nobody lights on: nobody listens\n")
        self.assertIn("1 of 1 nodes are not there", result.err)

    def test_fewer_nodes_than_expected_are_a_failure(self):
        self.node("kitchen")

        result = self.hub("--expect", 2, "lights on", "status", code=1)

        self.assertRegex(result.lines[0], "^lights on: 1 of 1 acted in ")
        self.assertEqual(
            result.err.count("hub: 1 of 2 nodes are not there\n"), 2)

    def test_who_refuses_is_told_with_the_code(self):
        self.node("kitchen")
        self.node("porch", maximum=40)

        result = self.hub("--expect", 2, "lights 41", code=1)

        self.assertRegex(result.out, r"^lights 41: 1 of 2 acted in \d+ ms; "
                         r"porch refused \(MSOCK_EINVAL\)\n$")
        self.assertEqual((self.led("kitchen"), self.led("porch")), ("41", "0"))

    def test_who_does_not_answer_is_told_as_silent(self):
        self.node("kitchen")
        porch = self.node("porch")
        hub = self.live_hub(2)
        porch.process.send_signal(signal.SIGSTOP)

        self.tell(hub, "lights on")
        self.shows(hub, r"(?m)^lights on: 1 of 2 acted in \d+ ms; "
                   "porch silent$")
        porch.process.send_signal(signal.SIGCONT)

        self.assertEqual(self.led("kitchen"), "255")

    def test_status_without_nodes_says_so(self):
        result = self.hub("--wait", "0.1", "status")

        self.assertEqual(result.lines[1:], ["(no node is there)"])

    def test_a_line_that_is_no_command_is_told_and_the_others_obeyed(self):
        with open(self.path("input"), "w+", encoding="ascii") as file:
            file.write("dance\n\nlights on now please\nhelp\nquit\nstatus\n")
            file.seek(0)
            result = self.sample("hub", "-c", LO, stdin=file).end(1)

        self.assertIn("not understood: dance\n", result.err)
        self.assertIn("not understood: lights on now please\n", result.err)
        self.assertIn("NODE lights on|off", result.out)
        self.assertNotIn("BRIGHTNESS", result.out)

    def test_a_terminal_is_told_what_to_type(self):
        ours, theirs = pty.openpty()
        hub = self.sample("hub", "-c", LO, stdin=theirs)
        netns.until(lambda: b"type help" in hub.said(), "the greeting")

        os.write(ours, b"quit\n")

        hub.end()
        os.close(ours)
        os.close(theirs)

    def test_lines_do_not_wait_for_an_order_that_is_under_way(self):
        porch = self.node("porch")
        hub = self.live_hub(1, "--expect", 1, "--wait", netns.PATIENCE_S)
        porch.process.send_signal(signal.SIGSTOP)

        self.tell(hub, "lights on")
        self.tell(hub, "status")
        self.shows(hub, r"(?m)^porch +up ")
        self.assertNotIn(b"lights on:", hub.output())
        porch.process.send_signal(signal.SIGCONT)

        self.shows(hub, "(?m)^lights on: 1 of 1 acted in ")

    def test_the_end_waits_for_orders_that_are_under_way(self):
        self.node("porch")
        with open(self.path("input"), "w+", encoding="ascii") as file:
            file.write("lights on\nquit\n")
            file.seek(0)
            result = self.sample("hub", "-c", LO, "--expect", 1,
                                 stdin=file).end()

        self.assertRegex(result.out, "(?m)^lights on: 1 of 1 acted in ")


class Table(House):
    def row(self, hub, pattern):
        """Waits until the table has a row like this."""
        netns.until(lambda: re.search(rf"(?m)^{pattern}$", self.table(hub)),
                    pattern)

    def say(self, topic, value, name, *words):
        self.run_msock("pub", topic, value, "--name", name, "-c", LO, *words)

    def test_changes_are_told_as_they_come(self):
        hub = self.live_hub(0)
        self.node("kitchen")
        self.shows(hub, "(?m)^kitchen is up$")
        self.shows(hub, "(?m)^kitchen shows lights off, brightness 0$")

        self.run_msock("pub", "lights", "true", "-c", LO)

        self.shows(hub, "(?m)^kitchen shows lights on, brightness 255$")

    def test_who_says_bye_has_left(self):
        kitchen = self.node("kitchen")
        hub = self.live_hub(1)

        kitchen.terminate()

        self.row(hub, r"kitchen +left +no +off +0 +\d+\.\d s")
        self.assertIn(b"kitchen left\n", hub.output())

    def test_who_is_killed_is_down_and_its_will_is_shown(self):
        kitchen = self.node("kitchen", "-c", LO, "--will", "call the caretaker")
        hub = self.live_hub(1)

        kitchen.process.kill()

        self.shows(hub, "(?m)^kitchen is down: call the caretaker$")
        self.row(hub, r"kitchen +down +no +off +0 +\d+\.\d s"
                 "  call the caretaker")
        self.tell(hub, "lights on")
        self.shows(hub, "(?m)^lights on: nobody listens; kitchen is down$")
        self.node("kitchen")
        self.row(hub, r"kitchen +up +no +off +0 +\d+\.\d s")

    def test_a_hub_that_starts_later_has_the_states(self):
        self.node("kitchen")
        self.hub("--expect", 1, "lights on")

        self.row(self.live_hub(1), r"kitchen +up +no +on +255 +\d+\.\d s")

    def test_lights_that_are_not_known_are_neither_on_nor_off(self):
        hub = self.live_hub(0)
        for state, shown in (('{"on":null}', r"\?"), ('{"error":5}', r"\?"),
                             ('"on"', "on"), ('{"on":false}', "off")):
            self.say("hall/lights/state", state, "hall", "--state")
            self.row(hub, rf"hall +\w+ +no +{shown} +- +\d+\.\d s")
        self.say("hall/lights/state", "5", "hall", "--state")
        self.say("hall/lights/state", "true", "porch", "--state")

        self.row(hub, r"hall +\w+ +no +off +- +\d+\.\d s")
        self.run_msock("pub", "hall/lights/state", "--clear", "--name", "hall",
                       "-c", LO)
        self.row(hub, "hall +left +no +- +- +-")

    def test_a_watcher_that_is_no_terminal_is_told_lines(self):
        hub = self.sample("hub", "-c", LO, "--wait", "0.1", "watch")
        netns.until(lambda: netns.listeners(netns.GROUP, netns.PORT) == 1,
                    "the hub listens")
        self.shows(hub, "LAST WILL\n")
        node = self.node("kitchen")
        self.run_msock("pub", "lights", "true", "-c", LO)
        self.shows(hub, "(?m)^kitchen shows lights on, brightness 255$")
        node.terminate()
        self.shows(hub, "(?m)^kitchen left$")

        self.assertNotIn(b"\033", hub.terminate().raw)

    def test_a_terminal_is_drawn_the_table_anew(self):
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        hub = self.sample("hub", "-c", LO, "watch", stdout=theirs)
        os.close(theirs)
        self.node("kitchen")

        drawn = b""
        while not re.search(rb"\033\[H\033\[J[^\033]*\nkitchen +up ", drawn):
            drawn += os.read(ours, 4096)
        hub.terminate()


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

        self.assertRegex(result.lines[1], r"^hub +up +no +off +0 ")

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
        self.assertRegex(told.out, "^lights on: 1 of 1 acted in ")
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
