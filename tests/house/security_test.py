# SPDX-License-Identifier: Apache-2.0
"""What docs/security.md promises is proved: each test that it names exists,
and so does each counter and each section of the protocol.

    security_test.py SOURCE_DIR
"""

import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import house

PAGE = "docs/security.md"
NAMED = re.compile(r"`(\w+)/(\w+)\s+(\w+)`")
SECTION = re.compile(r"\b(\d+(?:\.\d+)?)\b")


def claims(root, folder, module):
    """The names of the tests of a module; None if there is none."""
    for ending, form in ((".c", r"\bTest\(\s*\w+,\s*(\w+)"),
                         (".py", r"^    def (test_\w+)\(")):
        path = f"tests/{folder}/{module}_test{ending}"
        if os.path.exists(os.path.join(root, path)):
            text = "\n".join(house.lines(root, path))
            return set(re.findall(form, text, re.M))
    return None


def test_faults(root, page):
    for folder, module, claim in NAMED.findall(page):
        known = claims(root, folder, module)
        if known is None:
            yield f"{PAGE}: there is no test {folder}/{module}"
        elif claim not in known:
            yield f"{PAGE}: {folder}/{module} claims no {claim}"


def section_faults(root, page):
    """The second column of a table with three is sections of the protocol."""
    known = set(re.findall(r"^###? (\d+(?:\.\d+)?)[. ]",
                           "\n".join(house.lines(root, "docs/protocol.md")),
                           re.M))
    for line in page.splitlines():
        cells = line.strip("|").split("|")
        if line.startswith("|") and re.fullmatch(r"[\d., ]+", cells[1]):
            for number in SECTION.findall(cells[1]):
                if number not in known:
                    yield f"{PAGE}: the protocol has no section {number}"


def proof_faults(page):
    """A promise stands with what proves it."""
    proved = False
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|"):
            proved = False
        elif cells[-1] == "proved by":
            proved = True
        elif proved and not cells[-1]:
            yield f"{PAGE}: nothing proves: {cells[0]}"


def counter_faults(root, page):
    header = "\n".join(house.lines(root, "include/multisock/counter.h"))
    for name in re.findall(r"`(drop_\w+)`", page):
        if f'"{name}"' not in header:
            yield f"{PAGE}: {name} is no counter"


def canary(root):
    """What is not there is missed."""
    page = ("| promised | by | proved by |\n"
            "| x | 1.99 | `core/window no_such_claim`, `core/nowhere x`, "
            "`drop_nothing` |\n"
            "| y | 9 | |\n")
    if len(list(faults(root, page))) != 5:
        yield "the check of docs/security.md misses what is not there"


def faults(root, page):
    yield from test_faults(root, page)
    yield from section_faults(root, page)
    yield from proof_faults(page)
    yield from counter_faults(root, page)


def main(root):
    page = "\n".join(house.lines(root, PAGE))
    found = list(faults(root, page)) + list(canary(root))
    if len(NAMED.findall(page)) < 50:
        found.append(f"{PAGE} names hardly any test")
    house.verdict(found)


main(sys.argv[1])
