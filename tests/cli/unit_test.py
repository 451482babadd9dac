# SPDX-License-Identifier: Apache-2.0
"""The unit of the hub, as systemd reads it.

    unit_test.py BUILD_DIR
"""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

SKIPPED = 77  # exit code that ctest reports as "skipped"
EXPOSURE_MAX = 2.0
UNIT = "multisock-hub.service"

build = sys.argv.pop(1)


def analyze(*words):
    done = subprocess.run(["systemd-analyze", *words], text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout


def setUpModule():
    """Installs the unit, and the program that it names."""
    folder = tempfile.TemporaryDirectory()
    unittest.addModuleCleanup(folder.cleanup)
    subprocess.run(["cmake", "--install", build, "--component", "tools",
                    "--prefix", folder.name],
                   check=True, stdout=subprocess.DEVNULL)
    Unit.prefix = folder.name


class Unit(unittest.TestCase):
    prefix = None

    def setUp(self):
        self.program = os.path.join(self.prefix, "bin", "msock")
        self.file = os.path.join(self.prefix, "lib/systemd/system", UNIT)
        with open(self.file, encoding="utf-8") as file:
            self.text = file.read()

    def changed(self, text):
        """Writes another unit of this name."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = os.path.join(folder.name, UNIT)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def test_nothing_in_it_is_complained_of(self):
        self.assertEqual(analyze("verify", "--man=no", self.file), (0, ""))

    def test_it_names_the_program_beside_it(self):
        self.assertIn(f"\nExecStart={self.program} hub --config", self.text)
        self.assertEqual(self.text.count(self.program), 2)

    def test_it_makes_the_folders_that_a_test_does_not_miss(self):
        for kind in ("Runtime", "State"):
            self.assertIn(f"\n{kind}Directory=multisock-hub\n", self.text)

    def test_a_mistake_would_be_complained_of(self):
        text = self.text.replace("PrivateTmp=", "PrivateTemp=")

        self.assertIn("PrivateTemp",
                      analyze("verify", "--man=no", self.changed(text))[1])

    def test_a_wrong_configuration_is_not_tried_again(self):
        program = os.path.join(os.path.realpath(build), "bin", "msock")
        done = subprocess.run([program, "hub", "--config", "/nonexistent"],
                              check=False, stderr=subprocess.PIPE)

        self.assertIn(f"\nRestartPreventExitStatus={done.returncode}\n",
                      self.text)
        self.assertIn("\nRestart=on-failure\n", self.text)
        self.assertNotIn(done.returncode, (0, 1, 2, 27))

    def test_its_exposure_is_small(self):
        code, text = analyze("security", "--offline=true", "--no-pager",
                             f"--threshold={int(10 * EXPOSURE_MAX)}",
                             self.file)

        print(text.strip().splitlines()[-1])
        self.assertEqual(code, 0, text)


if not shutil.which("systemd-analyze"):
    print("skipped: systemd-analyze is not installed")
    sys.exit(SKIPPED)
unittest.main()
