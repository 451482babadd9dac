# SPDX-License-Identifier: Apache-2.0
"""The tests that tests/README.md names for the protocol's limits exist.

    limits_test.py SOURCE_DIR BUILD_DIR
"""

import glob
import os
import re
import sys
import unittest

SOURCE = sys.argv[1] if len(sys.argv) > 1 else "."
NAMED = re.compile(r"`(\w+)`,\s+`(\w+)`")
WRITTEN = re.compile(r"^Test\(\s*(\w+),\s*(\w+)", re.MULTILINE)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


class Limits(unittest.TestCase):
    def test_every_named_test_exists(self):
        tests = {found for path in glob.glob(
            os.path.join(SOURCE, "tests", "*", "*_test.c"))
            for found in WRITTEN.findall(read(path))}
        named = NAMED.findall(read(os.path.join(SOURCE, "tests", "README.md")))

        self.assertGreater(len(named), 50)
        self.assertEqual([pair for pair in named if pair not in tests], [])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
