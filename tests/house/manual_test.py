# SPDX-License-Identifier: Apache-2.0
"""The manual lists the keys that channels, plugins and the hub know, and no
others.

    manual_test.py SOURCE_DIR
"""

import glob
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import house


def read(root, path):
    return "\n".join(house.lines(root, path))


def listed(root, page, section):
    """The keys that a part of a page has, up to the next part."""
    text = read(root, os.path.join("docs", "man", page))
    part = re.split(r"^\.S[hs] ", text.split(f"{section}\n", 1)[1],
                    flags=re.M)[0]
    return set(re.findall(r"^\.It Cm (\w+)$", part, re.M))


def channel_keys(root):
    """The keys of a channel that msock.1 has."""
    text = read(root, os.path.join("docs", "man", "msock.1"))
    part = text.split(".Sh CHANNELS\n", 1)[1].split("\n.Sh ", 1)[0]
    items = re.findall(r"^\.It Cm (.+)$", part, re.M)
    for block in re.findall(r"^\.It Xo\n(.+?)\n\.Xc$", part, re.M | re.S):
        items += re.findall(r"^\.Cm (.+)$", block, re.M)
    return {key for item in items for key in re.findall(r"\w+", item)}


def known(root, pattern, paths):
    """The keys that the sources have."""
    return {key for path in paths
            for key in re.findall(pattern, read(root, path))}


def faults(root):
    folders = glob.glob(os.path.join(root, "plugins", "*", ""))
    names = [os.path.basename(os.path.dirname(folder)) for folder in folders]
    plugins = [(folder, name) for folder, name in zip(folders, names)
               if os.path.exists(os.path.join(folder, f"{name}.c"))]
    for folder, name in plugins:
        paths = [os.path.relpath(path, root)
                 for path in glob.glob(os.path.join(folder, "*.c"))]
        keys = known(root, r'\{\.name = "(\w+)"', paths)
        page = listed(root, "multisock-plugins.5", f".Ss {name}")
        for key in sorted(keys ^ page):
            yield f"multisock-plugins.5 and {name} disagree about {key}"
    if len(plugins) < 3:
        yield "no plugins found"
    keys = known(root, r'ENTRY\("(\w+)"', ["core/options_table.c"])
    for key in sorted(keys ^ channel_keys(root)):
        yield f"msock.1 and core/options_table.c disagree about {key}"
    keys = known(root, r'(?m)^    \{"(\w+)", [A-Z_]+,',
                 ["tools/msock/hub_fields.c"])
    for key in sorted(keys ^ listed(root, "multisock-hub.5",
                                    ".Sh DESCRIPTION")):
        yield f"multisock-hub.5 and the hub disagree about {key}"
    keys = known(root, r'(?m)^    \[CONFIG_\w+\] = \{"(\w+)", ',
                 ["tools/msock/config.c"]) | {"context", "contexts"}
    for key in sorted(keys ^ listed(root, "multisock-config.5",
                                    ".Ss The file")):
        yield f"multisock-config.5 and msock disagree about {key}"


house.verdict(list(faults(sys.argv[1])))
