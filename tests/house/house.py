# SPDX-License-Identifier: Apache-2.0
"""The house's files, as the tests of this folder look at them."""

import os
import sys

FOLDERS = ("include", "codec", "core", "transport", "plugins", "tools",
           "samples")
SKIPPED = 77  # exit code that ctest reports as "skipped"


def sources(root, folders=FOLDERS, endings=(".c", ".h")):
    """Yields the paths, relative to `root`, of all files of these folders."""
    for folder in folders:
        for here, _, names in os.walk(os.path.join(root, folder)):
            for name in sorted(names):
                if name.endswith(endings):
                    path = os.path.join(here, name)
                    yield os.path.relpath(path, root)


def lines(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return file.read().splitlines()


def skip(reason):
    print("skipped:", reason)
    sys.exit(SKIPPED)


def verdict(faults):
    """Prints the faults and ends the program."""
    for fault in faults:
        print(fault)
    sys.exit(1 if faults else 0)
