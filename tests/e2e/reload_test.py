# SPDX-License-Identifier: Apache-2.0
"""msock hub reloads 200 times under 1,000 messages a second over the kernel's
multicast. Nothing is timed: messages are counted."""

import os
import shutil
import subprocess
import threading

import netns
from service_case import LO, Service

RELOADS, EACH = 200, 10  # messages between two reloads, at least
# One message fills more than half of a frame, so that a frame that the kernel
# drops is one message.
LINE = b"%d" + 700 * b"." + b"\n"


class Storm(threading.Thread):
    """Publishes 1, 2, 3 and on, about one a millisecond, until end()."""

    def __init__(self, stream):
        super().__init__(daemon=True)
        self.stream, self.sent, self.over = stream, 0, threading.Event()

    def run(self):
        while not self.over.wait(0.001):
            self.stream.write(LINE % (self.sent + 1))
            self.stream.flush()
            self.sent += 1

    def end(self):
        """Returns how many were sent."""
        self.over.set()
        self.join()
        self.stream.close()
        return self.sent


class ReloadUnderLoad(Service):
    def setUp(self):
        super().setUp()
        self.put(0)

    def put(self, turn):
        """Another version of the plugin takes the place of the one before."""
        build = os.path.dirname(os.path.dirname(netns.msock))
        new = self.path("turn.so")
        shutil.copy(os.path.join(build, "tests", "modules",
                                 f"v{turn % 2 + 1}", "turn.so"), new)
        os.rename(new, os.path.join(self.plugins, "turn.so"))

    def asked(self, hub):
        """What the plugin tells, and what the kernel dropped until then."""
        self.publish("ask", "1")
        netns.until(lambda: self.reported(hub), "the plugin tells its count")
        status = self.status()
        return (status["reports"][0]["data"],
                status["counters"].get("drop_kernel", 0),
                status["plugins"][0])

    def test_each_message_is_counted_once(self):
        hub = self.hub({"name": "turn"}, status={
            "file": self.status_file, "every_s": 86400,
            "filters": ["turn/told"]})
        pub = self.start("pub", "storm", "-c", LO, "--name", "storm",
                         stdin=subprocess.PIPE)
        storm = Storm(pub.process.stdin)
        self.addCleanup(storm.end)
        storm.start()

        for turn in range(1, RELOADS + 1):
            netns.until(lambda: storm.sent >= turn * EACH, "the storm goes on")
            self.put(turn)
            self.assertEqual(self.reload(hub)["STATUS"],
                             "serving, plugins: 1")
        sent = storm.end()
        pub.end()

        told, dropped, plugin = self.asked(hub)
        self.assertEqual((told["starts"], plugin["reloads"]),
                         (RELOADS + 1, RELOADS))
        self.assertEqual(told["count"] + dropped, sent)
        self.assertLessEqual(told["gaps"], dropped)
        hub.terminate()


if __name__ == "__main__":
    netns.main()
