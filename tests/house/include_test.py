# SPDX-License-Identifier: Apache-2.0
"""Who may include whom: the table of docs/design.md, held.

    include_test.py SOURCE_DIR BUILD_DIR

Debian keeps all headers in one common folder, so the compiler cannot tell a
header that a folder may use from one that it may not. Two looks do:
  - the #include lines of every file, against what its folder may name;
  - the compiler's own dependency lists (ninja -t deps), against what an object
    of that folder may reach by any way.
"""

import os
import re
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import house

STANDARD = {name + ".h" for name in (
    "assert", "complex", "ctype", "errno", "fenv", "float", "inttypes",
    "iso646", "limits", "locale", "math", "setjmp", "signal", "stdalign",
    "stdarg", "stdatomic", "stdbool", "stddef", "stdint", "stdio", "stdlib",
    "stdnoreturn", "string", "tgmath", "threads", "time", "uchar", "wchar",
    "wctype")}
CLOCKS = {"time.h", "threads.h", "sys/time.h", "sys/timerfd.h"}
SOCKETS = re.compile(r"(sys/(socket|un)|netdb|ifaddrs)\.h$"
                     r"|(netinet|arpa|net|linux)/")
# As seen in dependency lists, where libc's own includes must not count.
SOCKETS_REACHED = re.compile(r"/(sys/(socket|un)|netdb|ifaddrs)\.h$"
                             r"|/(netinet|arpa)/")
LIBRARIES = re.compile(r"(?:^|/)(uv|sodium|uthash|cjson|cJSON|criterion|glib|"
                       r"sqlite3|curses)"
                       r"(\.h$|/|-)")


class Rule:
    """What one folder may use.

    names: beginnings of house paths that an #include line may name
    reach: beginnings of house paths that an object may reach
    libraries: third-party libraries
    system: "standard" (C's own headers without clocks), "posix" (all of libc
            without sockets) or "sockets" (all of libc)
    """

    def __init__(self, names, reach=None, libraries=(), system="posix"):
        self.names = tuple(names)
        self.reach = tuple(reach or names)
        self.libraries = set(libraries)
        self.system = system


RULES = {
    "include/": Rule(["include/"], system="standard"),
    "codec/": Rule(["include/", "codec/"], libraries=["sodium"]),
    "core/": Rule(["include/", "codec/", "core/"], libraries=["uthash"],
                  system="standard"),
    "transport/": Rule(["include/", "transport/", "core/driver.h",
                        "core/engine.h", "core/options.h", "codec/error.h"],
                       reach=["include/", "codec/", "core/", "transport/"],
                       libraries=["uv"], system="sockets"),
    "plugins/": Rule(["include/", "plugins/"]),
    "tools/": Rule(["include/", "tools/"]),
    "samples/": Rule(["include/", "samples/"]),
}

# What single files may use beyond their folder, and why.
EXTRA = {
    # the one file that names concrete transports and stages
    "transport/open.c": {"codec/seal.h", "codec/keyring.h", "codec/ring.h",
                         "codec/identity.h", "codec/sign.h", "codec/hash.h"},
    # the host's errors carry a detail as those of the channel do
    "plugins/check.c": {"codec/error.h"},
    "plugins/config.c": {"codec/error.h"},
    "plugins/grants.c": {"codec/error.h"},
    "plugins/host.c": {"codec/error.h"},
    "plugins/image.c": {"codec/error.h"},
    "plugins/plugin.c": {"codec/error.h"},
    "plugins/reload.c": {"codec/error.h"},
    "plugins/services.c": {"codec/error.h"},
    # the one file that loads shared objects
    "plugins/library.c": {"codec/error.h", "dlfcn.h"},
    # what is kept is kept by SQLite
    "plugins/keeper/store.c": {"sqlite3"},
    "plugins/keeper/store_open.c": {"sqlite3"},
    "plugins/keeper/store_state.h": {"sqlite3"},
    # two samples live in the loop of another library, which sees sockets
    "samples/embed_uv.c": {"uv", "sys/socket.h", "netdb.h", "netinet/in.h",
                           "netinet/tcp.h", "arpa/inet.h"},
    "samples/embed_glib.c": {"glib"},
    # the one file that knows a terminal
    "tools/msock/top/terminal.c": {"curses"},
    # probes go beside the channel, on sockets of their own
    "tools/msock/doctor/probe_socket.c": {"sys/socket.h", "arpa/inet.h",
                                          "netinet/in.h", "net/if.h"},
    "tools/msock/doctor/local_look.c": {
        "sys/socket.h", "arpa/inet.h", "netinet/in.h", "net/if.h",
        "ifaddrs.h", "linux/wireless.h"},
    "tools/msock/doctor/queries.c": {"sys/socket.h", "netinet/in.h"},
    # recordings may be SQLite files
    "tools/msock/record/recording.c": {"sqlite3"},
    "tools/msock/record/sink_db.c": {"sqlite3"},
    # names of interfaces are asked of the system
    "tools/msock/unjoined.c": {"net/if.h", "sys/socket.h"},
    # the service manager listens on a socket of this host
    "tools/msock/hub_notify.c": {"sys/socket.h", "sys/un.h"},
}


def rule_of(path):
    for folder, rule in RULES.items():
        if path.startswith(folder):
            return rule
    return None


def system_allowed(rule, header):
    if header == "dlfcn.h":
        return False
    if rule.system == "standard":
        return header in STANDARD - CLOCKS
    return rule.system == "sockets" or not SOCKETS.search(header)


def named_allowed(path, header, quoted):
    """Whether the file `path` may have an #include line for `header`."""
    rule, extra = rule_of(path), EXTRA.get(path, set())
    if header in extra:
        return True
    if quoted:
        return header.startswith(rule.names) and "../" not in header
    if header.startswith("multisock/"):
        return "include/" in rule.names
    library = LIBRARIES.search(header)
    if library:
        return library.group(1) in rule.libraries | extra
    return system_allowed(rule, header)


def named_faults(path, text):
    """Yields a sentence for each #include line that breaks the table."""
    folder = path.split("/")[0]
    for line in text:
        found = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if found and not named_allowed(path, found.group(2),
                                       found.group(1) == '"'):
            shown = line.split("include", 1)[1].strip()
            yield f"{path} includes {shown}: {folder}/ may not use it"


def reached_allowed(path, header, root):
    """Whether an object of `path` may reach the file `header`."""
    rule, extra = rule_of(path), EXTRA.get(path, set())
    if header.startswith(root + "/"):
        inside = header[len(root) + 1:]
        return inside.startswith(rule.reach) or inside in extra
    library = LIBRARIES.search(header)
    if library:
        return library.group(1) in rule.libraries | extra
    return (rule.system == "sockets" or not SOCKETS_REACHED.search(header) or
            header.endswith(tuple("/" + name for name in extra)))


def dependencies(text, root, build):
    """Reads the output of `ninja -t deps`: {source path: [header, ...]}. Paths
    may be relative to the build: ccache can make them so."""
    result = {}
    for block in text.split("\n\n"):
        files = [os.path.normpath(os.path.join(build, line.strip()))
                 for line in block.splitlines()[1:]]
        if files and files[0].startswith(root + "/"):
            result.setdefault(files[0][len(root) + 1:], files[1:])
    return result


def reached_faults(dependency_lists, root):
    for path, headers in sorted(dependency_lists.items()):
        if rule_of(path):
            for header in headers:
                if not reached_allowed(path, header, root):
                    yield (f"{path} reaches {header}: "
                           f"{path.split('/')[0]}/ may not use it")


class Canary(unittest.TestCase):
    """The checks report what they are there to find."""

    def named(self, path, line):
        return list(named_faults(path, [line]))

    def test_uv_in_core_is_reported(self):
        self.assertEqual(self.named("core/x.c", "#include <uv.h>"),
                         ["core/x.c includes <uv.h>: core/ may not use it"])

    def test_each_forbidden_line_is_reported(self):
        for path, line in (
                ("core/x.c", "#include <sys/socket.h>"),
                ("core/x.c", "#  include <time.h>"),
                ("core/x.c", "#include <sodium.h>"),
                ("core/x.h", '#include "transport/loop.h"'),
                ("codec/x.c", '#include "core/engine.h"'),
                ("codec/x.c", "#include <uthash.h>"),
                ("transport/loop.c", '#include "codec/seal.h"'),
                ("transport/open.c", '#include "core/session.h"'),
                ("transport/open.c", '#include "plugins/host.h"'),
                ("plugins/lights/lights.c", "#include <dlfcn.h>"),
                ("plugins/host.c", '#include "core/engine.h"'),
                ("tools/msock/x.c", '#include "codec/json.h"'),
                ("tools/msock/x.c", '#include "../core/topic.h"'),
                ("samples/hub.c", "#include <sodium/utils.h>"),
                ("samples/node.c", "#include <glib-unix.h>"),
                ("samples/embed_glib.c", "#include <uv.h>"),
                ("include/multisock/x.h", "#include <uv.h>"),
                ("include/multisock/x.h", "#include <unistd.h>")):
            self.assertTrue(self.named(path, line), (path, line))

    def test_what_the_table_allows_passes(self):
        for path, line in (
                ("core/x.c", "#include <uthash.h>"),
                ("core/x.c", '#include "codec/frame.h"'),
                ("core/x.c", "#include <multisock/error.h>"),
                ("codec/seal.c", "#include <sodium.h>"),
                ("transport/open.c", '#include "codec/seal.h"'),
                ("transport/netif.c", "#include <linux/rtnetlink.h>"),
                ("plugins/library.c", "#include <dlfcn.h>"),
                ("samples/embed_glib.c", "#include <glib-unix.h>"),
                ("tools/msock/x.c", "#include <poll.h>")):
            self.assertEqual(self.named(path, line), [], (path, line))

    def test_a_header_reached_by_another_is_reported(self):
        text = ("core/CMakeFiles/c.dir/x.c.o: #deps 3, deps mtime 1 (VALID)\n"
                "    ../core/x.c\n    /src/codec/seal.h\n"
                "    /usr/include/uv.h\n    /usr/include/uv/unix.h\n\n"
                "tools/CMakeFiles/m.dir/m.c.o: #deps 2, deps mtime 1 (VALID)\n"
                "    /src/tools/m.c\n    /src/core/topic.h\n")

        faults = list(reached_faults(dependencies(text, "/src", "/src/b"),
                                     "/src"))

        self.assertEqual(faults, [
            "core/x.c reaches /usr/include/uv.h: core/ may not use it",
            "core/x.c reaches /usr/include/uv/unix.h: core/ may not use it",
            "tools/m.c reaches /src/core/topic.h: tools/ may not use it"])


class House(unittest.TestCase):
    root = build = None

    def test_every_include_line_is_allowed(self):
        faults = [fault for path in house.sources(self.root)
                  for fault in named_faults(path, house.lines(self.root, path))]

        self.assertTrue(not faults, "\n" + "\n".join(faults))

    def test_every_object_reaches_only_what_it_may(self):
        text = subprocess.run(["ninja", "-C", self.build, "-t", "deps"],
                              check=True, capture_output=True, text=True)
        lists = dependencies(text.stdout, self.root, self.build)

        faults = list(reached_faults(lists, self.root))

        self.assertIn(f"{self.root}/core/engine.h", lists["core/engine.c"])
        self.assertTrue(not faults, "\n" + "\n".join(faults))


if __name__ == "__main__":
    House.build = os.path.realpath(sys.argv.pop())
    House.root = os.path.realpath(sys.argv.pop())
    unittest.main()
