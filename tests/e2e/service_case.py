# SPDX-License-Identifier: Apache-2.0
"""msock hub and a service manager, for tests."""

import json
import os
import shutil
import signal
import socket

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
