# SPDX-License-Identifier: Apache-2.0
"""All C files are as clang-format 14 writes them.

    format_test.py SOURCE_DIR

Versions of clang-format disagree with each other, so another one is no judge.
"""

import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import house


def find_clang_format():
    for name in ("clang-format-14", "clang-format"):
        program = shutil.which(name)
        if program:
            shown = subprocess.run([program, "--version"], check=True,
                                   capture_output=True, text=True).stdout
            if " version 14." in shown:
                return program
    return None


root = sys.argv[1]
program = find_clang_format()
if not program:
    house.skip("clang-format 14 is not installed")
folders = house.FOLDERS + ("tests", "bench")
files = list(house.sources(root, folders))
sys.exit(subprocess.run([program, "--dry-run", "-Werror", *files],
                        cwd=root).returncode)
