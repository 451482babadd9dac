# SPDX-License-Identifier: Apache-2.0
"""A project outside of the tree builds against an installed multisock.

    consumer_test.py BUILD_DIR C_COMPILER [FLAG...]

What BUILD_DIR has built is installed, and the tree moved somewhere else before
anything uses it. The flags are those of sanitizers: a program must be linked
with what its library was built with.
"""

import json
import os
import re
import shutil
import sys
import tempfile
import unittest

import tree

HEADERS_TEST = os.path.join(tree.ROOT, "tests", "house", "headers_test.py")
ANSWER = "cmake_minimum_required(VERSION 3.18)\nproject(answer LANGUAGES C)\n"


def setUpModule():
    Case.scratch = tempfile.TemporaryDirectory()
    unittest.addModuleCleanup(Case.scratch.cleanup)
    first = os.path.join(Case.scratch.name, "first")
    Case.prefix = os.path.join(Case.scratch.name, "else", "where")
    # A user's own umask, under which folders of plugins must do all the same.
    tree.run("cmake", "--install", Case.build, "--prefix", first, umask=0o002)
    os.mkdir(os.path.dirname(Case.prefix))
    os.rename(first, Case.prefix)
    Case.library = tree.library_folder(Case.prefix)


class Case(unittest.TestCase):
    build = compilers = scratch = prefix = library = None

    def setUp(self):
        self.folder = tempfile.mkdtemp(dir=self.scratch.name)

    def installed(self, *names):
        return os.path.join(self.prefix, *names)

    def configure(self, text, code=0):
        """Configures a project of these lines; returns what CMake said."""
        path = os.path.join(self.folder, "CMakeLists.txt")
        with open(path, "w", encoding="utf-8") as file:
            file.write(ANSWER + text)
        shutil.rmtree(os.path.join(self.folder, "b"), ignore_errors=True)
        return tree.run("cmake", "-G", "Ninja", "-S", self.folder, "-B",
                        os.path.join(self.folder, "b"),
                        f"-DCMAKE_PREFIX_PATH={self.prefix}",
                        f"-DCMAKE_C_COMPILER={self.compilers.c}", code=code)

    def check_programs(self, programs):
        """All four pass a message; two of them without the shared library."""
        path = {"LD_LIBRARY_PATH": self.library}
        for program in programs:
            self.assertEqual(
                tree.run(program, env={**os.environ, **path}), tree.HEARD)
            self.assertEqual("libmultisock.so.0" in tree.needed(program),
                             not program.endswith("_static"), program)

    def check_hub(self, plugin, code, config=None):
        """Lets the hub check a configuration that loads this plugin."""
        path = os.path.join(self.folder, "hub.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"channel": "udp://239.255.77.83:7783?iface=lo",
                       "key_file": None,
                       "plugins": [{"name": plugin, "config": config or {}}]},
                      file)
        tree.run(self.installed("bin", "msock"), "hub", "--test-config",
                 "--config", path, code=code)


class Consumers(Case):
    def test_cmake_builds_both_kinds_in_both_languages(self):
        self.check_programs(tree.build_by_cmake(
            self.folder, self.prefix, self.compilers))

    def test_pkg_config_builds_both_kinds_in_both_languages(self):
        self.check_programs(tree.build_by_make(
            self.folder, self.prefix, self.compilers))

    def test_the_plugin_of_the_page_builds_as_the_page_says(self):
        page = os.path.join(tree.ROOT, "docs", "plugins.md")
        with open(page, encoding="utf-8") as file:
            text = file.read()
        with open(os.path.join(self.folder, "doorbell.c"), "w",
                  encoding="utf-8") as file:
            file.write(text.split("```c\n")[1].split("```")[0])
        line, = (line for line in text.splitlines()
                 if line.startswith("    cc ") and "pkg-config" in line)

        tree.run("sh", "-c", "umask 022 &&" + line, cwd=self.folder,
                 env=tree.package_path(self.prefix))

        self.check_hub(os.path.join(self.folder, "doorbell.so"), 0)

    def test_each_header_compiles_alone(self):
        tree.run(sys.executable, "-B", HEADERS_TEST, self.prefix,
                 self.compilers.c)


class Package(Case):
    def test_another_minor_version_is_refused_before_1_0(self):
        _, minor, _ = tree.version()
        self.configure(f"find_package(multisock 0.{minor} REQUIRED)\n")
        for version in (f"0.{minor - 1}", f"0.{minor + 1}", "1.0"):
            said = self.configure(
                f"find_package(multisock {version} REQUIRED)\n", code=1)
            self.assertIn(f'requested version "{version}"', said)

    def test_an_unknown_component_is_refused(self):
        said = self.configure(
            "find_package(multisock REQUIRED COMPONENTS shard)\n", code=1)

        self.assertIn('there is no component "shard"; the components are',
                      " ".join(said.split()))

    def test_the_shared_library_is_found_without_pkg_config(self):
        said = self.configure(
            "set(CMAKE_DISABLE_FIND_PACKAGE_PkgConfig ON)\n"
            "find_package(multisock REQUIRED)\n"
            'message("static: ${multisock_static_FOUND}")\n')

        self.assertIn("static: FALSE", said)

    def test_what_the_static_library_lacks_is_named(self):
        said = self.configure(
            "set(CMAKE_DISABLE_FIND_PACKAGE_PkgConfig ON)\n"
            "find_package(multisock REQUIRED COMPONENTS static)\n", code=1)

        self.assertIn("multisock::static needs pkg-config with libuv>=", said)

    def test_finding_it_twice_is_harmless(self):
        self.configure("find_package(multisock REQUIRED COMPONENTS static)\n"
                       "find_package(multisock REQUIRED COMPONENTS shared)\n")

    def test_headers_alone_bring_no_library(self):
        said = self.configure(
            "find_package(multisock REQUIRED)\n"
            "file(WRITE ${CMAKE_BINARY_DIR}/x.c \"#include "
            "<multisock/plugin.h>\\nint x;\\n\")\n"
            "add_library(x MODULE ${CMAKE_BINARY_DIR}/x.c)\n"
            "target_link_libraries(x PRIVATE multisock::headers)\n")
        tree.run("cmake", "--build", os.path.join(self.folder, "b"))

        self.assertNotIn("Warning", said)
        self.assertEqual(
            tree.needed(os.path.join(self.folder, "b", "libx.so"))
            - {"libc.so.6"}, set())

    def test_plugins_lie_where_both_packages_say(self):
        said = self.configure("find_package(multisock REQUIRED)\n"
                              'message("<${multisock_PLUGIN_DIR}>")\n')
        folder = said.split("<")[1].split(">")[0]
        named = tree.run("pkg-config", "--variable=plugindir", "multisock",
                         env=tree.package_path(self.prefix)).strip()

        self.assertTrue(os.path.exists(os.path.join(folder, "lights.so")))
        self.assertEqual(os.path.realpath(named), os.path.realpath(folder))


class Tree(Case):
    def test_the_program_finds_its_library_where_it_was_moved(self):
        program = self.installed("bin", "msock")
        number = ".".join(str(part) for part in tree.version())

        self.assertEqual(tree.run(program, "version"), f"msock {number}\n")
        self.assertIn("[$ORIGIN/../lib", tree.run_path(program)[0])

    def test_the_hub_finds_its_plugins_where_they_were_moved(self):
        self.check_hub("journal", 0, {"directory": self.folder})
        self.check_hub("nonsuch", 78)

    def test_the_library_has_the_name_of_its_interface(self):
        library = os.path.join(self.library, "libmultisock.so")

        self.assertIn("soname: [libmultisock.so.0]",
                      tree.run("readelf", "-d", library))
        self.assertEqual(tree.run_path(library), [])

    def test_every_public_header_is_there_and_no_other(self):
        source = os.path.join(tree.ROOT, "include", "multisock")

        self.assertEqual(
            sorted(os.listdir(self.installed("include", "multisock"))),
            sorted(os.listdir(source)))

    def test_what_headers_name_is_there(self):
        documents = self.installed("share", "doc", "multisock")
        headers = self.installed("include", "multisock")
        named = set()
        for name in os.listdir(headers):
            with open(os.path.join(headers, name), encoding="utf-8") as file:
                named.update(re.findall(r"docs/[\w/-]+\.md", file.read()))

        self.assertIn("docs/plugins.md", named)
        for name in sorted(named):
            self.assertTrue(os.path.exists(os.path.join(documents, name)), name)
        consumer = os.path.join(documents, "samples", "consumer")
        self.assertEqual(
            sorted(os.listdir(consumer)), sorted(os.listdir(os.path.join(
                tree.ROOT, "samples", "consumer"))))

    def test_every_page_of_the_manual_is_there(self):
        for name in os.listdir(os.path.join(tree.ROOT, "docs", "man")):
            path = self.installed("share", "man", "man" + name[-1], name)
            self.assertTrue(os.path.exists(path), path)

    def test_the_completion_of_every_shell_is_there(self):
        for path in (("bash-completion", "completions", "msock"),
                     ("zsh", "vendor-completions", "_msock"),
                     ("fish", "vendor_completions.d", "msock.fish")):
            path = self.installed("share", *path)
            self.assertTrue(os.path.exists(path), path)

    def test_no_text_names_the_place_of_the_build(self):
        for here, _, names in os.walk(self.prefix):
            for name in names:
                if name.endswith((".cmake", ".pc", ".h")):
                    path = os.path.join(here, name)
                    with open(path, encoding="utf-8") as file:
                        text = file.read()
                    for place in (tree.ROOT, self.build, self.scratch.name):
                        self.assertNotIn(place, text, path)


if __name__ == "__main__":
    Case.build = os.path.realpath(sys.argv[1])
    Case.compilers = tree.Compilers(sys.argv[2], sys.argv[3:])
    unittest.main(argv=sys.argv[:1])
