# SPDX-License-Identifier: Apache-2.0
"""Each public header compiles alone, as C99, C11 and C++, without a warning.

    headers_test.py ROOT C_COMPILER

ROOT holds the folder include/: it is the source, or where it was installed.
"""

import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import house

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wundef", "-Werror"]


def languages(compiler):
    yield [compiler, "-x", "c", "-std=c99"]
    yield [compiler, "-x", "c", "-std=c11"]
    for name in ("c++", "g++", "clang++"):
        if shutil.which(name):
            yield [name, "-x", "c++", "-std=c++11"]
            return
    print("no C++ compiler: tried as C only")


def faults(root, compiler):
    headers = [path[len("include/"):]
               for path in house.sources(root, ("include",), (".h",))]
    for command in languages(compiler):
        for header in headers:
            done = subprocess.run(
                command + WARNINGS + ["-fsyntax-only", "-I",
                                      os.path.join(root, "include"), "-"],
                input=f"#include <{header}>\n", text=True, capture_output=True)
            if done.returncode:
                yield f"{header} ({command[-1][5:]}):\n{done.stderr}"
    if not headers:
        yield "no public header found"


house.verdict(list(faults(sys.argv[1], sys.argv[2])))
