# SPDX-License-Identifier: Apache-2.0
"""The protocol's table of drops has each counter of drops, in their order.

    counter_test.py SOURCE_DIR
"""

import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import house

FIRST = "drop_short"


def known(root):
    """The names of the header, from the first drop on."""
    text = "\n".join(house.lines(root, "include/multisock/counter.h"))
    names = re.findall(r'XX\([A-Z_]+, "(\w+)"', text)
    return names[names.index(FIRST):]


def listed(root):
    """The first column of the table."""
    text = "\n".join(house.lines(root, "docs/protocol.md"))
    part = re.split(r"^## ", text, flags=re.M)
    section = next(one for one in part if one.startswith("9. "))
    return re.findall(r"^\| `(\w+)` \|", section, re.M)


def faults(root):
    counters, table = known(root), listed(root)
    for name in counters:
        if name not in table:
            yield f"docs/protocol.md 9 lacks {name}"
    for name in table:
        if name not in counters:
            yield f"docs/protocol.md 9 has {name}, which is no counter"
    if sorted(counters) == sorted(table) and counters != table:
        yield "docs/protocol.md 9 is not in the order of counter.h"


house.verdict(list(faults(sys.argv[1])))
