# SPDX-License-Identifier: Apache-2.0
"""The shared library exports what symbols.txt promises and nothing else, and
the public headers declare it.

    symbols_test.py LIBRARY SOURCE_DIR

symbols.txt is the binary interface: one name a line, in order. It is written by
hand, so that no name comes or goes by accident.
"""

import os
import re
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import house

LIST = "tests/house/symbols.txt"


def exported(library):
    text = subprocess.run(["nm", "-D", "--defined-only", library], check=True,
                          capture_output=True, text=True).stdout
    return {line.split()[-1].split("@")[0] for line in text.splitlines()}


def declared(root):
    """Names of the functions that the public headers declare."""
    names = set()
    for path in house.sources(root, ("include",)):
        text = "\n".join(house.lines(root, path))
        text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
        text = re.sub(r"^typedef\b[^;{]*;", "", text, flags=re.M)
        names |= set(re.findall(r"^\w[^;{}()#]*?\b(msock_\w+)\(", text, re.M))
    return names


def faults(names, headers, listed):
    """Yields a sentence for each name that is not in all three."""
    for name in sorted(names - headers):
        yield f"{name} is exported, but no public header declares it"
    for name in sorted(headers - names):
        yield f"{name} is declared in a public header, but not exported"
    for name in sorted(names & headers - set(listed)):
        yield (f"{name} is new: if it is to stay, add it to {LIST}, in order, "
               "and to CHANGELOG.md")
    for name in sorted(set(listed) - names):
        yield (f"{name} is promised by {LIST}, but not exported: programs "
               "break that use it. Bring it back; or take it out of the list, "
               "say so in CHANGELOG.md, and raise the version in version.h: "
               "the minor one before 1.0, the major one after")
    for name in sorted(names):
        if not name.startswith("msock_") or name.startswith("msock__"):
            yield f"{name} is exported, but it is not a public msock_ name"
    if listed != sorted(set(listed)):
        yield f"{LIST} is not in order, or names something twice"


class Canary(unittest.TestCase):
    """The comparison reports what it is there to find."""

    def faults(self, names, headers, listed):
        return list(faults(set(names.split()), set(headers.split()),
                           listed.split()))

    def test_what_is_in_all_three_passes(self):
        self.assertEqual(self.faults("msock_a msock_b", "msock_b msock_a",
                                     "msock_a msock_b"), [])

    def test_an_added_name_is_reported(self):
        fault, = self.faults("msock_a msock_b", "msock_a msock_b", "msock_a")
        self.assertIn("msock_b is new: if it is to stay, add it", fault)

    def test_a_removed_name_is_reported(self):
        fault, = self.faults("msock_a", "msock_a", "msock_a msock_b")
        self.assertIn("msock_b is promised", fault)

    def test_an_undeclared_name_is_reported(self):
        fault, = self.faults("msock_a", "", "msock_a")
        self.assertIn("no public header declares it", fault)

    def test_a_declaration_without_a_function_is_reported(self):
        fault, = self.faults("", "msock_a", "")
        self.assertIn("declared in a public header, but not exported", fault)

    def test_a_private_name_is_reported(self):
        self.assertTrue(self.faults("msock__a", "msock__a", "msock__a"))

    def test_disorder_is_reported(self):
        self.assertTrue(self.faults("msock_a msock_b", "msock_a msock_b",
                                    "msock_b msock_a"))


class House(unittest.TestCase):
    root = library = None

    def test_the_interface_is_the_promised_one(self):
        found = list(faults(exported(self.library), declared(self.root),
                            house.lines(self.root, LIST)))

        self.assertTrue(not found, "\n" + "\n".join(found))

    def test_the_list_is_that_of_the_library(self):
        self.assertIn("msock_open", house.lines(self.root, LIST))


if __name__ == "__main__":
    House.root = os.path.realpath(sys.argv.pop())
    House.library = sys.argv.pop()
    unittest.main()
