# SPDX-License-Identifier: Apache-2.0
"""msock hub as a service manager runs it: started, reloaded, ended in order."""

import os
import re
import shutil
import signal
import time

import netns
from service_case import LO, Service


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
