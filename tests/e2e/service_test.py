# SPDX-License-Identifier: Apache-2.0
"""msock hub as a service manager runs it: told, reloaded, ended in order."""

import json
import os
import re
import shutil
import signal
import socket
import time

import netns

LO = f"udp://{netns.GROUP}:{netns.PORT}?iface=lo"


class Manager:
    """The service manager's end of $NOTIFY_SOCKET."""

    def __init__(self, address):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address.replace("@", "\0", 1))
        self.socket.settimeout(netns.PATIENCE_S)
        self.environment = {"NOTIFY_SOCKET": address}
        self.heard = []

    def next(self):
        """The next notification, as a dictionary."""
        lines = self.socket.recv(4096).decode().split("\n")
        self.heard.append(dict(line.split("=", 1) for line in lines))
        return self.heard[-1]

    def until(self, name):
        """The next notification that has this variable, unless it ends."""
        while name not in self.next():
            if "STOPPING" in self.heard[-1]:
                raise AssertionError(f"it ended before {name}")
        return self.heard[-1]


class Service(netns.Case):
    def setUp(self):
        super().setUp()
        build = os.path.dirname(os.path.dirname(netns.msock))
        self.plugins = self.path("plugins")
        os.mkdir(self.plugins, 0o755)
        for folder, name in (("plugins", "lights"), ("tests/farewell", "early"),
                             ("tests/farewell", "late"),
                             ("tests/modules/v1", "bad")):
            shutil.copy(os.path.join(build, folder, name + ".so"),
                        self.plugins)
        self.status_file = self.path("status.json")
        self.manager = Manager(self.path("notify"))
        self.addCleanup(lambda: self.manager.socket.close())

    def led(self):
        """Makes a lamp.  Returns the configuration of lights for it."""
        os.makedirs(self.path("leds/lamp"))
        for name, value in (("brightness", 0), ("max_brightness", 255)):
            with open(self.path("leds/lamp/" + name), "w",
                      encoding="ascii") as file:
                file.write(f"{value}\n")
        return {"name": "lights", "config": {"directory": self.path("leds")}}

    def lamp(self):
        with open(self.path("leds/lamp/brightness"), encoding="ascii") as file:
            return int(file.read())

    def configure(self, *plugins, **more):
        """Writes the configuration; None leaves a key out."""
        config = {"channel": LO, "name": "hub", "key_file": None,
                  "plugins_directory": self.plugins,
                  "plugins": list(plugins),
                  "status": {"file": self.status_file, "every_s": 86400}}
        config.update(more)
        for name in [name for name in config if config[name] is Ellipsis]:
            del config[name]
        with open(self.path("hub.json"), "w", encoding="utf-8") as file:
            json.dump(config, file, indent=1)

    def hub(self, *plugins, environment=None, shell=None, **more):
        """Starts a hub and waits until it is ready."""
        self.configure(*plugins, **more)
        hub = self.begin(environment, shell)
        try:
            self.manager.until("READY")
        except AssertionError as error:
            raise AssertionError(hub.end(1).err) from error
        return hub

    def begin(self, environment=None, shell=None):
        """Starts a hub, if wanted by a line of the shell, which has it as $@."""
        through = ["sh", "-c", shell, "sh"] if shell else []
        program = netns.Program(
            *through, netns.msock, "hub", "--config", self.path("hub.json"),
            env={**os.environ, **self.manager.environment,
                 **(environment or {})})
        self.addCleanup(program.close)
        return program

    def reload(self, hub):
        """Has it read its configuration again.  Returns what it told last."""
        hub.process.send_signal(signal.SIGHUP)
        self.assertEqual(self.manager.next()["RELOADING"], "1")
        return self.manager.until("READY")

    def publish(self, topic, data, *words, name="py"):
        self.run_msock("pub", topic, data, "-c", LO, "--name", name, *words)

    def status(self):
        with open(self.status_file, encoding="utf-8") as file:
            return json.load(file)

    def report(self, hub):
        """Has it write the status, and reads it."""
        before = os.stat(self.status_file).st_ino
        hub.process.send_signal(signal.SIGUSR1)
        netns.until(lambda: os.stat(self.status_file).st_ino != before,
                    "another status")
        return self.status()

    def reported(self, hub):
        return {(entry["topic"], entry["sender"]): entry["data"]
                for entry in self.report(hub)["reports"]}


class Telling(Service):
    def test_ready_means_joined_and_plugins_started(self):
        self.hub(self.led())

        self.assertEqual(self.manager.heard[-1]["STATUS"],
                         "serving, plugins: 1")
        self.assertEqual(netns.listeners(netns.GROUP, netns.PORT), 1)
        self.publish("lights", '{"on":true}')
        netns.until(lambda: self.lamp() == 255, "the lamp is on")

    def test_an_abstract_socket_is_told_too(self):
        self.manager.socket.close()
        self.manager = Manager(f"@multisock-test-{os.getpid()}")

        self.hub()

        self.assertEqual(self.manager.heard, [
            {"READY": "1", "STATUS": "serving, plugins: 0"}])

    def test_without_a_manager_it_serves_as_well(self):
        self.configure()
        self.manager.environment = {}

        hub = self.begin()

        netns.until(lambda: os.path.exists(self.status_file), "the status")
        hub.terminate()

    def test_a_manager_that_went_away_is_no_reason_to_end(self):
        hub = self.hub()
        self.manager.socket.close()

        hub.process.send_signal(signal.SIGHUP)

        netns.until(lambda: b"configuration reloaded" in hub.said(), "the log")
        self.assertIn("cannot notify the service manager", hub.terminate().err)

    def test_the_watchdog_is_fed_from_the_loop(self):
        self.hub(environment={"WATCHDOG_USEC": "20000"},
                 shell='WATCHDOG_PID=$$ exec "$@"')

        self.manager.until("WATCHDOG")
        self.manager.until("WATCHDOG")

    def test_a_watchdog_of_another_process_is_not(self):
        hub = self.hub(environment={"WATCHDOG_USEC": "2000",
                                    "WATCHDOG_PID": "1"})

        self.reload(hub)
        hub.terminate()
        self.manager.until("STOPPING")

        self.assertEqual([told for told in self.manager.heard
                          if "WATCHDOG" in told], [])

    def test_lines_for_the_journal_have_a_priority_and_no_time(self):
        with open(self.path("journal"), "wb") as journal:
            status = os.fstat(journal.fileno())
        hub = self.hub(
            environment={"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"},
            shell=f'exec "$@" 2>>{self.path("journal")}')
        self.configure(unknown=1)
        self.reload(hub)
        hub.terminate()

        with open(self.path("journal"), encoding="utf-8") as journal:
            lines = journal.read().splitlines()
        self.assertIn("<6>hub: hub is ready, plugins: 0, on an open channel",
                      lines)
        self.assertEqual([line for line in lines if line.startswith("<3>")], [
            f'<3>hub: {self.path("hub.json")}:11: unknown key "unknown"; leave '
            'it out',
            f'<3>hub: {self.path("hub.json")} is not taken: the hub goes on '
            'as before'])
        self.assertTrue(all(re.match("<[346]>hub: ", line) for line in lines),
                        lines)


class Status(Service):
    def test_it_shows_what_each_node_last_reported(self):
        hub = self.hub()

        self.publish("kitchen/lights/state", '{"on":true}', name="kitchen")
        self.publish("porch/lights/state", '{"on":true}', name="porch")
        self.publish("kitchen/lights/state", '{"on":false}', name="kitchen")
        self.publish("kitchen/lights/state", '"\u202e"', name="impostor")
        self.publish("kitchen/lights", "7", name="kitchen")

        self.assertEqual(self.reported(hub), {
            ("kitchen/lights/state", "impostor"): "\u202e",
            ("kitchen/lights/state", "kitchen"): {"on": False},
            ("porch/lights/state", "porch"): {"on": True}})
        with open(self.status_file, "rb") as file:
            self.assertIn(b'"\\u202e"', file.read())
        self.assertEqual(os.stat(self.status_file).st_mode & 0o137, 0)
        self.assertFalse(os.path.exists(self.status_file + ".new"))

    def test_it_shows_the_hub_and_its_plugins(self):
        hub = self.hub({"name": "early"}, self.led())
        self.publish("lights", '{"on":true}')
        self.publish("lights", '"dim"')

        status = self.report(hub)

        self.assertEqual(
            (status["state"], status["name"], status["channel"],
             status["pid"], status["interfaces"]),
            ("running", "hub", LO, hub.process.pid, 1))
        self.assertEqual([(plugin["name"], plugin["condition"],
                           plugin["calls"], plugin["refused"])
                          for plugin in status["plugins"]],
                         [("early", "running", 0, 0),
                          ("lights", "running", 2, 1)])
        self.assertEqual(status["counters"]["refused"], 1)

    def test_it_is_written_after_a_report_without_being_asked(self):
        self.hub(status={"file": self.status_file, "every_s": 1})

        self.publish("kitchen/lights/state", "true", name="kitchen")

        netns.until(lambda: self.status()["reports"], "the report is written")

    def test_filters_say_what_it_shows(self):
        hub = self.hub(status={"file": self.status_file, "every_s": 86400,
                               "filters": ["door/#", "door/+", "cam"]})

        self.publish("door/front", '"open"')
        self.publish("kitchen/lights/state", "true")
        self.publish("big/door", "1")
        self.publish("door/log", json.dumps("x" * 5000))
        self.run_msock("pub", "cam", "--raw", "-", "-c", LO, text=b"\xff" * 9)

        entries = {entry["topic"]: entry
                   for entry in self.report(hub)["reports"]}
        self.assertEqual(set(entries), {"door/front", "door/log", "cam"})
        self.assertEqual(entries["door/front"]["data"], "open")
        self.assertEqual(entries["door/log"]["size"], 5002)
        self.assertEqual(entries["cam"]["raw_size"], 9)

    def test_a_file_that_cannot_be_written_is_told_once_and_no_end(self):
        hub = self.hub(status={"file": self.path("none/status.json"),
                               "every_s": 86400})

        self.reload(hub)

        self.assertEqual(
            hub.terminate().err.count("cannot write the status file"), 1)


class GuardRails(Service):
    """The plugin `bad` does on each message on `storm` what it is told."""

    def storm(self, does, count, **rails):
        """Starts a hub with it, and sends messages.  Returns the hub and, when
        it has taken all, the plugin's status."""
        hub = self.hub({"name": "bad", "config": {"does": does}}, **rails)
        for _ in range(count):
            self.publish("storm", "1")
        status = {}

        def taken():
            status.update(self.report(hub)["plugins"][0])
            return status["calls"] + status["dropped"] == count
        netns.until(taken, "the messages are taken")
        return hub, status

    def test_garbage_and_leaks_are_counted_in_the_status(self):
        _, bad = self.storm("garbage", 2)

        self.assertEqual((bad["garbage"], bad["failed"], bad["leaked"]),
                         (2, 2, 0))

    def test_a_leak_shows_after_a_reload(self):
        hub, _ = self.storm("leak", 1)
        self.reload(hub)

        bad = self.status()["plugins"][0]

        self.assertEqual((bad["leaked"], bad["reloads"]), (3, 1))

    def test_slow_max_calls_in_a_row_are_the_end(self):
        _, bad = self.storm("sleep", 3, slow_ms=1, slow_max=2)

        self.assertEqual((bad["condition"], bad["slow"], bad["dropped"]),
                         ("quarantined", 2, 1))

    def test_a_quarantine_is_written_without_being_asked(self):
        self.hub({"name": "bad", "config": {"does": "fail"}}, fail_max=1,
                 status={"file": self.status_file, "every_s": 1})

        self.publish("storm", "1")

        netns.until(lambda: self.status()["plugins"][0]["condition"] ==
                    "quarantined", "the quarantine is written")

    def test_timers_max_bounds_what_it_has(self):
        _, bad = self.storm("hoard", 3, timers_max=2)

        self.assertEqual((bad["calls"], bad["failed"]), (3, 1))

    def test_subscriptions_max_bounds_what_it_has(self):
        self.hub(self.led(), subscriptions_max=2)

        lights, = self.status()["plugins"]
        self.assertEqual(lights["condition"], "failed")
        self.assertIn("plugin lights did not start", lights["error"])


class Reload(Service):
    def test_plugins_come_and_go_and_get_their_new_configuration(self):
        hub = self.hub({"name": "early", "config": {"number": 1}},
                       {"name": "late"})
        farewells = self.sub("farewell/#", "-v", "-c", LO, readers=2)
        self.configure({"name": "early", "config": {"number": 2}}, self.led())

        told = self.reload(hub)

        self.assertEqual(told["STATUS"], "serving, plugins: 2")
        self.publish("lights", '{"on":true}')
        netns.until(lambda: self.lamp() == 255, "the lamp is on")
        self.assertEqual([(plugin["name"], plugin["reloads"])
                          for plugin in self.report(hub)["plugins"]],
                         [("early", 1), ("lights", 0)])
        netns.until(lambda: len(farewells.output().splitlines()) == 2,
                    "both farewells")
        self.assertEqual(farewells.terminate().lines,
                         ["farewell/late true", "farewell/early true"])

    def test_it_says_when_it_began(self):
        hub = self.hub()
        before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000

        self.reload(hub)

        began = [int(told["MONOTONIC_USEC"]) for told in self.manager.heard
                 if "RELOADING" in told]
        after = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self.assertEqual(len(began), 1)
        self.assertTrue(before <= began[0] <= after)

    def test_other_filters_forget_what_they_do_not_match(self):
        hub = self.hub()
        self.publish("kitchen/lights/state", "1", name="kitchen")
        self.publish("porch/lights/state", "2", name="porch")
        self.configure(status={"file": self.status_file, "every_s": 86400,
                               "filters": ["porch/#"]})

        self.reload(hub)
        self.publish("kitchen/lights/state", "3", name="kitchen")

        self.assertEqual(self.reported(hub),
                         {("porch/lights/state", "porch"): 2})

    def test_a_wrong_configuration_changes_nothing(self):
        hub = self.hub(self.led())
        cases = (
            ({"plugins": [{"name": "nobody"}]}, "nobody.so"),
            ({"plugins": [{"name": "early", "config": {"nmber": 1}}]},
             "number"),
            ({"log_level": "loud"}, "log_level"),
            ({"channel": LO + "&ttl=7"}, '"channel" needs a restart'),
            ({"name": "another"}, '"name" needs a restart'),
            ({"key_file": self.key()}, '"key_file" needs a restart'),
            ({"plugins_directory": self.folder},
             '"plugins_directory" needs a restart'),
            ({"slow_ms": 7}, '"slow_ms" needs a restart'),
            ({"slow_max": 7}, '"slow_max" needs a restart'),
            ({"fail_max": 7}, '"fail_max" needs a restart'),
            ({"subscriptions_max": 7}, '"subscriptions_max" needs a restart'),
            ({"timers_max": 7}, '"timers_max" needs a restart'))
        for more, _ in cases:
            self.configure(**more)
            self.assertIn("; ", self.reload(hub)["STATUS"], more)
        os.unlink(self.path("hub.json"))
        self.reload(hub)

        self.publish("lights", '{"on":true}')
        netns.until(lambda: self.lamp() == 255, "the lamp is on")
        plugins = self.report(hub)["plugins"]
        said = hub.terminate().err

        self.assertEqual([(plugin["name"], plugin["reloads"])
                          for plugin in plugins], [("lights", 0)])
        for _, expected in cases:
            self.assertIn(expected, said)
        self.assertIn("No such file", said)

    def test_a_plugin_that_does_not_start_is_told_and_the_others_do(self):
        hub = self.hub({"name": "early"})
        lights = self.led()
        self.configure({"name": "lights", "config": {"directory": "/none"}},
                       {"name": "late"})

        told = self.reload(hub)

        self.assertEqual(told["STATUS"], "serving, plugins: 1, failed: 1; not "
                         "all could be reloaded")
        self.assertEqual([(plugin["name"], plugin["condition"])
                          for plugin in self.report(hub)["plugins"]],
                         [("late", "running"), ("lights", "failed")])
        self.configure(lights, {"name": "late"})
        self.assertEqual(self.reload(hub)["STATUS"], "serving, plugins: 2")

    def test_a_plugin_that_runs_on_is_one_error_and_no_failure(self):
        hub = self.hub(self.led())
        self.configure({"name": "lights", "config": {"directory": "/none"}})

        told = self.reload(hub)

        self.assertEqual(told["STATUS"],
                         "serving, plugins: 1; not all could be reloaded")
        self.publish("lights", '{"on":true}')
        netns.until(lambda: self.lamp() == 255, "the lamp is on")
        lights, = self.report(hub)["plugins"]
        self.assertEqual(lights["condition"], "running")
        said = hub.terminate().err.splitlines()
        error, = (line for line in said if " ERROR " in line)
        self.assertRegex(error, "plugin lights: not reloaded, the old code was "
                         "started again: .*/none")
        self.assertTrue(any("plugins that run on as before: 1, that are "
                            "failed: 0" in line for line in said), said)

    def test_a_plugin_of_another_folder_takes_the_place(self):
        hub = self.hub({"name": "early"})
        other = self.path("other")
        os.mkdir(other, 0o755)
        shutil.copy(os.path.join(self.plugins, "early.so"), other)
        self.configure({"name": os.path.join(other, "early.so")})

        self.reload(hub)

        self.assertEqual([(plugin["name"], plugin["reloads"])
                          for plugin in self.report(hub)["plugins"]],
                         [("early", 0)])


class End(Service):
    def test_it_ends_in_order(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            hub = self.hub({"name": "early"}, {"name": "late"})
            farewells = self.sub("farewell/#", "-v", "-C", 2, "-c", LO,
                                 readers=2)

            hub.process.send_signal(number)

            self.assertEqual(farewells.end().lines,
                             ["farewell/late true", "farewell/early true"])
            said = hub.end().err
            self.assertEqual(self.manager.until("STOPPING")["STATUS"],
                             "stopping")
            steps = [said.index(step) for step in (
                "plugin late stopped", "plugin early stopped",
                "channel closed")]
            self.assertEqual(steps, sorted(steps))
            status = self.status()
            self.assertEqual(
                (status["state"], [(plugin["name"], plugin["condition"])
                                   for plugin in status["plugins"]]),
                ("stopped", [("early", "running"), ("late", "running")]))
            self.assertEqual(status["counters"]["tx_messages"], 2)
            self.assertGreaterEqual(status["counters"]["tx_frames"], 1)

    def test_its_last_status_has_the_counts_of_the_plugins(self):
        hub = self.hub(self.led())
        self.publish("lights", '"dim"')
        netns.until(lambda: self.report(hub)["plugins"][0]["refused"] == 1,
                    "the refusal")

        hub.terminate()

        lights, = self.status()["plugins"]
        self.assertEqual((lights["calls"], lights["refused"]), (1, 1))


class Start(Service):
    def test_a_plugin_that_does_not_start_is_left_out(self):
        hub = self.hub(
            {"name": "late", "config": {"nmber": 1}}, {"name": "nobody"},
            {"name": "lights", "config": {"directory": "/none"}},
            {"name": "early"})

        self.assertEqual(self.manager.heard[-1]["STATUS"],
                         "serving, plugins: 1, failed: 3")
        plugins = self.status()["plugins"]
        self.assertEqual([(plugin["name"], plugin["condition"])
                          for plugin in plugins],
                         [("early", "running"), ("late", "failed"),
                          ("nobody", "failed"), ("lights", "failed")])
        for plugin, said in zip(plugins[1:], ("nmber", "nobody.so", "/none")):
            self.assertIn(said, plugin["error"])
        told = hub.terminate().err
        for line, said in ((9, '"nmber"'), (13, "nobody.so"), (16, "/none")):
            self.assertRegex(told, re.escape(self.path("hub.json")) +
                             rf":{line}: .*{said}")
        self.assertEqual(len(self.status()["plugins"]), 4)


class Keys(Service):
    def test_the_key_is_a_credential_of_the_service(self):
        key = self.key("key")
        os.chmod(key, 0o440)
        hub = self.hub(key_file=Ellipsis,
                       environment={"CREDENTIALS_DIRECTORY": self.folder})
        os.chmod(key, 0o400)

        self.publish("kitchen/lights/state", "1", "--key-file", key,
                     name="kitchen")
        self.publish("porch/lights/state", "1", name="porch")

        entries = self.report(hub)["reports"]
        self.assertEqual([(entry["sender"], entry["sealed"])
                          for entry in entries], [("kitchen", True)])

    def test_without_a_key_it_does_not_start_unless_told_to(self):
        self.configure(key_file=Ellipsis)

        self.assertIn("there is no key", self.begin().end(78).err)


if __name__ == "__main__":
    netns.main()
