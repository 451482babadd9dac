# SPDX-License-Identifier: Apache-2.0
"""What is built for users is hardened: docs/security.md, "The build".

    hardening_test.py C_COMPILER [BUILD_DIR]

With BUILD_DIR, the files of a build that is meant to be. The others have none:
there tests/install/package_test.py looks at the packages. In any build, files
are made that lack one property each, and it must be missed.
"""

import os
import platform
import subprocess
import sys
import tempfile
import unittest

import hardening

SOURCE = """
#include <stdio.h>
#include <string.h>
int main(int argc, char **argv)
{
    char line[64];
    snprintf(line, sizeof line, "%d %s", argc, argv[0]);
    return puts(line) < 0;
}
"""
ALL = {"protector": "-fstack-protector-strong",
       "calls": "-D_FORTIFY_SOURCE=2", "program": "-pie",
       "relro": "-Wl,-z,relro", "now": "-Wl,-z,now",
       "stack": "-Wl,-z,noexecstack"}
NONE = {"protector": ("-fno-stack-protector", "no stack protector"),
        "calls": ("-D_FORTIFY_SOURCE=0", "unchecked calls: snprintf"),
        "program": ("-no-pie", "not position independent"),
        "relro": ("-Wl,-z,norelro", "no RELRO"),
        "now": ("-Wl,-z,lazy", "symbols are bound late"),
        "stack": ("-Wl,-z,execstack", "an executable stack")}
BRANCHES = {"x86_64": ("-fcf-protection=", "full", "IBT"),
            "aarch64": ("-mbranch-protection=", "standard", "BTI")}


class Canary(unittest.TestCase):
    """Files that lack something."""
    compiler = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def run_in_folder(self, *words):
        subprocess.run(words, cwd=self.folder, check=True, input=SOURCE,
                       text=True)

    def program(self, flags):
        self.run_in_folder(self.compiler, "-O2", "-U_FORTIFY_SOURCE", "-fPIE",
                           *flags, "-x", "c", "-", "-o", "program")
        path = os.path.join(self.folder, "program")
        return list(hardening.linked(path, True))

    def library(self, *flags, without=".none"):
        """Faults of a static library of one object, less a section."""
        self.run_in_folder(self.compiler, "-O2", "-U_FORTIFY_SOURCE", "-fPIC",
                           *flags, "-c", "-x", "c", "-", "-o", "one.o")
        self.run_in_folder("objcopy", "-R", without, "one.o")
        self.run_in_folder("ar", "rc", "libone.a", "one.o")
        return list(hardening.static(os.path.join(self.folder, "libone.a")))

    def test_a_program_that_has_all_has_no_fault(self):
        self.assertEqual(self.program(ALL.values()), [])

    def test_what_one_flag_takes_away_is_missed(self):
        for key, (flag, fault) in NONE.items():
            faults = self.program({**ALL, key: flag}.values())
            self.assertEqual(len(faults), 1, (flag, faults))
            self.assertIn(fault, faults[0])

    def test_the_objects_of_a_static_library_are_looked_at(self):
        option, level, mark = BRANCHES.get(platform.machine(), (None,) * 3)
        whole = ["-fstack-protector-strong", "-D_FORTIFY_SOURCE=2"]
        if option:
            whole.append(option + level)
            faults = self.library(*whole[:2], option + "none")
            self.assertTrue(any(f"not marked {mark}" in f for f in faults))

        self.assertEqual(self.library(*whole), [])
        self.assertIn("no stack protector",
                      self.library(*whole, "-fno-stack-protector")[0])
        self.assertIn("no checked calls",
                      self.library(*whole, "-U_FORTIFY_SOURCE")[0])
        self.assertIn("of its stack",
                      self.library(*whole, without=".note.GNU-stack")[0])


class Build(unittest.TestCase):
    folder = None

    def test_every_file_of_the_build_is_hardened(self):
        if not self.folder:
            self.skipTest("no build for users: package_test.py has one")
        self.assertEqual(
            list(hardening.build(self.folder, Canary.compiler)), [])


if __name__ == "__main__":
    Canary.compiler = sys.argv[1]
    Build.folder = sys.argv[2] if len(sys.argv) > 2 else None
    unittest.main(argv=sys.argv[:1])
