# SPDX-License-Identifier: Apache-2.0
"""The shared library exports the public functions and nothing else.

    symbols_test.py LIBRARY SOURCE_DIR
"""

import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import house


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


def faults(library, root):
    names, promised = exported(library), declared(root)
    for name in sorted(names - promised):
        yield f"{name} is exported, but no public header declares it"
    for name in sorted(promised - names):
        yield f"{name} is declared in a public header, but not exported"
    for name in sorted(names):
        if not name.startswith("msock_") or name.startswith("msock__"):
            yield f"{name} is exported, but it is not a public msock_ name"
    if "msock_open" not in names:
        yield "msock_open is not exported: is this the library?"


house.verdict(list(faults(sys.argv[1], sys.argv[2])))
