# SPDX-License-Identifier: Apache-2.0
"""The program that the README shows is a program: it compiles and links.

    readme_test.py SOURCE_DIR C_COMPILER LIBRARY [FLAG...]
"""

import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import house

root, compiler, library = sys.argv[1:4]
readme = os.path.join(root, "README.md")
if not os.path.exists(readme):
    house.skip("there is no README.md")
with open(readme, encoding="utf-8") as file:
    block = re.search(r"^```c\n(.*?)^```$", file.read(), re.S | re.M)
if not block or "int main(" not in block.group(1):
    house.verdict(["README.md shows no whole program in a ```c block"])

with tempfile.TemporaryDirectory() as folder:
    program = os.path.join(folder, "program.c")
    with open(program, "w", encoding="utf-8") as file:
        file.write(block.group(1))
    sys.exit(subprocess.run(
        [compiler, "-std=c11", "-D_POSIX_C_SOURCE=200809L", "-Wall", "-Wextra",
         "-Wpedantic", "-Werror", "-I", os.path.join(root, "include"), program,
         library, *sys.argv[4:], "-o",
         os.path.join(folder, "program")]).returncode)
