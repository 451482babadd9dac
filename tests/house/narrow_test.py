# SPDX-License-Identifier: Apache-2.0
"""The library and its programs compile where size_t has 32 bits.

    narrow_test.py SOURCE_DIR BUILD_DIR

A look that costs seconds: with the build's own commands and warnings, but
nothing is made or run; tools/cross.sh does that. On x86, the C library's
headers serve both sizes of word, but for a list of missing functions, which is
empty here, and the folder that holds them.
"""

import json
import os
import shlex
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import house

PROBE = """#include <stdio.h>
#include <sys/socket.h>
_Static_assert(sizeof(size_t) == 4, "size");
"""


def commands(root, build):
    """Yields path and words of the command for each source of the house."""
    with open(os.path.join(build, "compile_commands.json"),
              encoding="utf-8") as file:
        for entry in json.load(file):
            path = os.path.relpath(entry["file"], root)
            if path.split("/")[0] in house.FOLDERS and path.endswith(".c"):
                words = shlex.split(entry["command"])
                yield path, [word for word in words[:words.index("-o")]
                             if not word.startswith("-fsanitize")]


def compile_narrow(words, source, headers):
    multiarch = subprocess.run(
        [words[0], "-m64", "-print-multiarch"],
        capture_output=True, text=True).stdout.strip()
    return subprocess.run(
        words + ["-m32", "-Werror", "-fsyntax-only", "-isystem", headers,
                 "-idirafter", "/usr/include/" + multiarch, source],
        capture_output=True, text=True)


def faults(root, build):
    every = dict(commands(root, build))
    with tempfile.TemporaryDirectory() as headers:
        os.mkdir(os.path.join(headers, "gnu"))
        open(os.path.join(headers, "gnu", "stubs-32.h"), "w").close()
        probe = os.path.join(headers, "probe.c")
        with open(probe, "w", encoding="utf-8") as file:
            file.write(PROBE)
        compiler = every["core/engine.c"][0]
        if compile_narrow([compiler], probe, headers).returncode:
            house.skip(compiler + " has no -m32 here")
        for path, words in every.items():
            done = compile_narrow(words, os.path.join(root, path), headers)
            if done.returncode:
                yield done.stderr


house.verdict(list(faults(sys.argv[1], sys.argv[2])))
