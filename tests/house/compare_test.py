# SPDX-License-Identifier: Apache-2.0
"""No test asks Criterion whether something is greater than 0.

    compare_test.py SOURCE_DIR

Its gt() holds for equal values too (2.4.1): of 0 it says nothing at all if the
value has no sign. ge(…, 1) and ne(…, 0) do what they say.
"""

import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import house


def arguments(text, start):
    """The arguments of a call whose first one begins at `start`."""
    depth, parts = 1, [""]
    for letter in text[start:]:
        depth += (letter in "([{") - (letter in ")]}")
        if depth == 0:
            break
        if letter == "," and depth == 1:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]


def faults(root):
    for path in house.sources(root, ("tests",), (".c",)):
        text = "\n".join(house.lines(root, path))
        for call in re.finditer(r"\bgt\(", text):
            words = arguments(text, call.end())
            if re.fullmatch(r"0[ul]*", words[-1], re.I):
                line = 1 + text.count("\n", 0, call.start())
                yield f"{path}:{line}: write ge(…, 1) instead of gt(…, 0)"


if __name__ == "__main__":
    house.verdict(list(faults(sys.argv[1])))
