# SPDX-License-Identifier: Apache-2.0
"""The manual pages are clean, refer to pages that are there, and say what the
protocol's text and the header of plugins say.

    man_test.py SOURCE_DIR C_COMPILER
"""

import glob
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import house

# Pages of others that ours may refer to, whether or not they are here.
FOREIGN = {"mosquitto_pub.1", "mosquitto_sub.1", "mosquitto_rr.1",
           "systemctl.1", "systemd.exec.5", "systemd.unit.5"}
WIDTH = 1000  # the most that mandoc takes, or nearly
ROFF = {"\\e": "\\", "\\-": "-", "\\&": "", "\\(aq": "'", "\\(dq": '"',
        "\\(ha": "^", "\\(ti": "~"}


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def lint_faults(pages):
    """What mandoc has to say, but for pages that are not installed."""
    done = subprocess.run(["mandoc", "-Tlint", *pages], check=False,
                          capture_output=True, text=True)
    for line in (done.stdout + done.stderr).splitlines():
        if not re.search(r"referenced manual not found|mandoc\.db", line):
            yield line


def reference_faults(pages):
    there = {os.path.basename(page) for page in pages}
    for page in pages:
        text = read(page)
        for name, section in re.findall(r"^\.(?:.* )?Xr (\S+) (\d)\b", text,
                                        re.M):
            if f"{name}.{section}" not in there | FOREIGN:
                yield f"{page}: no page {name}({section})"
        name, section = os.path.basename(page).rsplit(".", 1)
        if not re.search(rf"^\.Dt {re.escape(name.upper())} {section}$", text,
                         re.M):
            yield f"{page}: .Dt says something else"
        if ".Sh SEE ALSO\n" not in text:
            yield f"{page}: has no SEE ALSO"


def shown(page):
    """A page as it is shown, without fonts."""
    done = subprocess.run(
        ["mandoc", "-Tutf8", f"-Owidth={WIDTH}", page], check=True,
        capture_output=True, text=True,
        env={**os.environ, "LC_ALL": "C.UTF-8"})
    return re.sub(".\b", "", done.stdout)


def words(text):
    """The words of a text, without what marks, quotes or breaks them."""
    text = re.sub(r"^#+ |•|^\|[-:| ]+$|[-|]", " ", re.sub(
        "[`*‘’]", "", text), flags=re.M)
    return [word for word in (one.strip("();") for one in text.split())
            if word]


def protocol_faults(root):
    """The page is of the text, and shows each word of it, in its order."""
    done = subprocess.run(
        [sys.executable, "-B", os.path.join(root, "tools", "protocol_page.py"),
         "--check"], check=False, capture_output=True, text=True)
    if done.returncode != 0:
        yield done.stderr.strip()
    text = re.sub(r"\[([^][]+)\]\([^)\s]+\)", r"\1",
                  read(os.path.join(root, "docs", "protocol.md")))
    wanted = words(text.partition("\n")[2])
    page = os.path.join(root, "docs", "man", "multisock-protocol.7")
    found = words(re.split(r"\n(?:DESCRIPTION|SEE ALSO)\n", shown(page))[1])
    for number, (one, other) in enumerate(zip(wanted, found)):
        if one != other:
            yield ("multisock-protocol.7 shows "
                   f"{' '.join(found[number:number + 8])!r} for "
                   f"{' '.join(wanted[number:number + 8])!r}")
            return
    if len(wanted) != len(found) or len(wanted) < 10000:
        yield (f"multisock-protocol.7 shows {len(found)} words of "
               f"{len(wanted)}")


def declarations(header):
    """What a header declares, each as one line."""
    for part in re.split(r"[;{}]|(?<=\d),", re.sub(r"^#.*$", "", header,
                                                   flags=re.M)):
        part = " ".join(part.split())
        if re.search(r"\w", part) and "extern" not in part:
            yield part


def members(header):
    """The members of a header's structures."""
    for struct in re.findall(r"struct \w+ \{(.*?)^\}", header, re.M | re.S):
        for member in struct.split(";"):
            named = re.search(r"\(\*(\w+)\)|(\w+)\s*$", member)
            if named:
                yield named[1] or named[2]


def plugin_faults(root):
    header = re.sub(r"/\*.*?\*/", "", read(os.path.join(
        root, "include", "multisock", "plugin.h")), flags=re.S)
    page = read(os.path.join(root, "docs", "man", "multisock-plugins.7"))
    for mark, plain in ROFF.items():
        page = page.replace(mark, plain)
    line = " ".join(page.split())
    declared = list(declarations(header))
    for declaration in declared:
        if declaration not in line:
            yield f"multisock-plugins.7 lacks: {declaration}"
    names = set(re.findall(r"\bMSOCK_(?:PLUGIN|CONFIG)_\w+", header))
    for name in sorted(names):
        if name not in line:
            yield f"multisock-plugins.7 lacks {name}"
    if len(declared) < 50 or len(names) < 9:
        yield f"{len(declared)} declarations, {len(names)} names in plugin.h"
    abi = re.search(r"MSOCK_PLUGIN_ABI (\d+)", header)[1]
    if f"ABI version {abi}." not in line:
        yield f"multisock-plugins.7 is not of ABI version {abi}"
    # Each has an item that says what it is, and nothing else has one.
    items = set(re.findall(r"^\.It (?:Fa|Vt) (\w+)$", page, re.M))
    kinds = set(re.findall(r"typedef \w+ (msock_\w+)\(", header))
    for name in sorted(items ^ (set(members(header)) | kinds)):
        yield f"multisock-plugins.7 and plugin.h disagree about {name}"


def example_faults(root, compiler):
    """The example of the page of plugins compiles."""
    page = read(os.path.join(root, "docs", "man", "multisock-plugins.7"))
    for mark, plain in ROFF.items():
        page = page.replace(mark, plain)
    example = re.search(r"^#include .*?(?=^\.Ed)", page, re.M | re.S)[0]
    done = subprocess.run(
        [compiler, "-std=c11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only",
         f"-I{os.path.join(root, 'include')}", "-xc", "-"], input=example,
        check=False, capture_output=True, text=True)
    if done.returncode != 0:
        yield f"the example of multisock-plugins.7: {done.stderr}"


def faults(root, compiler):
    pages = sorted(glob.glob(os.path.join(root, "docs", "man", "*.[1-8]")))
    if len(pages) < 5:
        yield f"{len(pages)} pages found"
    yield from lint_faults(pages)
    yield from reference_faults(pages)
    yield from protocol_faults(root)
    yield from plugin_faults(root)
    yield from example_faults(root, compiler)


if shutil.which("mandoc") is None:
    house.skip("mandoc is not installed (sh tools/deps.sh test)")
house.verdict(list(faults(*sys.argv[1:3])))
