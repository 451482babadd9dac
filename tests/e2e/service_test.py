# SPDX-License-Identifier: Apache-2.0
"""msock hub as a service manager runs it: what it tells of itself."""

import json
import os
import re
import signal

import netns
from service_case import LO, Manager, Service


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

    def test_a_second_hub_does_not_write_the_first_ones(self):
        first = self.hub()

        second = self.begin().end(1)

        self.assertIn("another hub writes the status file", second.err)
        self.assertEqual(self.report(first)["state"], "running")


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


if __name__ == "__main__":
    netns.main()
