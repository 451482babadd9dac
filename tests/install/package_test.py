# SPDX-License-Identifier: Apache-2.0
"""The Debian packages: what is in them, and that they work when unpacked.

    package_test.py BUILD_DIR

They are built in BUILD_DIR/package and unpacked into an empty root, with no
other multisock in sight. `sh tools/package.sh try` also installs them with apt
into a fresh Debian.
"""

import os
import re
import shutil
import sys
import tempfile
import unittest

import tree

sys.path.insert(0, os.path.join(tree.ROOT, "tests", "e2e"))
sys.path.insert(0, os.path.join(tree.ROOT, "tests", "house"))
import hardening
import netns

NAMES = ("libmultisock-dev", "libmultisock0", "multisock-tools")
LO = f"udp://{netns.GROUP}:{netns.PORT}?iface=lo"


def setUpModule():
    build = os.path.join(os.path.dirname(os.path.dirname(netns.msock)),
                         "package")
    scratch = tempfile.TemporaryDirectory()
    unittest.addModuleCleanup(scratch.cleanup)
    Case.build, Case.scratch = build, scratch.name
    Case.packages = os.path.join(scratch.name, "packages")
    tree.run("sh", os.path.join(tree.ROOT, "tools", "package.sh"), "build",
             Case.packages, env={**os.environ, "MSOCK_PACKAGE_BUILD": build})
    Case.root = os.path.join(scratch.name, "root")
    for name in NAMES:
        tree.run("dpkg-deb", "-x", Case.package(name), Case.root)
    Case.library = tree.library_folder(Case.root)
    netns.msock = os.path.join(Case.root, "usr", "bin", "msock")
    os.environ["LD_LIBRARY_PATH"] = Case.library


class Case(netns.Case):
    build = scratch = packages = root = library = None

    @classmethod
    def package(cls, name):
        """The path of the only package of that name."""
        path, = (os.path.join(cls.packages, file)
                 for file in os.listdir(cls.packages)
                 if file.startswith(name + "_"))
        return path

    def field(self, name, field):
        return tree.run("dpkg-deb", "-f", self.package(name), field).strip()

    def entries(self, name):
        """Yields mode, owner and path of all in a package."""
        for line in tree.run("dpkg-deb", "-c", self.package(name)).splitlines():
            mode, owner, _, _, _, path = line.split(maxsplit=5)
            yield mode, owner, path.split(" -> ")[0].removeprefix(".")

    def files(self, name):
        return {path for mode, _, path in self.entries(name)
                if not mode.startswith("d")}

    def binaries(self):
        """The paths of all unpacked programs, libraries and plugins."""
        yield netns.msock
        yield os.path.realpath(os.path.join(self.library, "libmultisock.so.0"))
        plugins = os.path.join(self.library, "multisock", "plugins")
        for name in os.listdir(plugins):
            yield os.path.join(plugins, name)


class Contents(Case):
    def test_there_are_these_packages_and_no_others(self):
        self.assertEqual(sorted(file.split("_")[0]
                                for file in os.listdir(self.packages)),
                         list(NAMES))
        for name in NAMES:
            self.assertEqual(self.field(name, "Version"),
                             ".".join(str(part) for part in tree.version()))

    def test_all_that_is_installed_is_in_one_package(self):
        stage = os.path.join(self.folder, "stage")
        tree.run("cmake", "--install", self.build,
                 env={**os.environ, "DESTDIR": stage})
        installed = {os.path.join(here, file).removeprefix(stage)
                     for here, _, files in os.walk(stage) for file in files}

        packed = [path for name in NAMES for path in self.files(name)]

        self.assertEqual(sorted(packed), sorted(installed))

    def test_each_kind_of_file_is_in_its_package(self):
        for name, wanted in (
                ("libmultisock0", r"/libmultisock\.so\.0"),
                ("libmultisock-dev", r"/include/multisock/multisock\.h"),
                ("libmultisock-dev", r"/libmultisock\.so"),
                ("libmultisock-dev", r"/libmultisock\.a"),
                ("libmultisock-dev", r"/pkgconfig/multisock\.pc"),
                ("libmultisock-dev", r"/cmake/multisock/multisockConfig.cmake"),
                ("multisock-tools", r"/usr/bin/msock"),
                ("libmultisock-dev", r"/libmultisock-dev/docs/plugins\.md"),
                ("libmultisock-dev", r"/libmultisock-dev/samples/hub\.c"),
                ("multisock-tools", r"/man1/msock\.1\.gz"),
                ("multisock-tools", r"/man1/msock-doctor\.1\.gz"),
                ("multisock-tools", r"/man5/multisock-config\.5\.gz"),
                ("multisock-tools", r"/man5/multisock-plugins\.5\.gz"),
                ("multisock-tools", r"/man7/multisock-plugins\.7\.gz"),
                ("multisock-tools", r"/man7/multisock-protocol\.7\.gz"),
                ("multisock-tools", r"/bash-completion/completions/msock"),
                ("multisock-tools", r"/zsh/vendor-completions/_msock"),
                ("multisock-tools", r"/fish/vendor_completions\.d/msock\.fish"),
                ("multisock-tools", r"/multisock/plugins/lights\.so")):
            self.assertTrue(any(re.search(wanted + "$", path)
                                for path in self.files(name)), wanted)
        for name in NAMES:
            for document in ("copyright", "changelog.gz"):
                self.assertIn(f"/usr/share/doc/{name}/{document}",
                              self.files(name))

    def test_all_belongs_to_root_who_alone_may_write(self):
        modes = {"d": "drwxr-xr-x", "l": "lrwxrwxrwx", "-": "-rw-r--r--"}
        for name in NAMES:
            for mode, owner, path in self.entries(name):
                wanted = modes[mode[0]]
                if "/bin/" in path and not path.endswith("/"):
                    wanted = "-rwxr-xr-x"
                self.assertEqual((mode, owner), (wanted, "root/root"), path)

    def test_packages_depend_on_what_they_need(self):
        same = r"libmultisock0 \(= [0-9.]+\)"
        for name, *needs in (
                ("libmultisock0", r"libc6 \(>=", r"libuv1 \(>=",
                 r"libsodium23 \(>="),
                ("libmultisock-dev", same, "libuv1-dev", "libsodium-dev"),
                ("multisock-tools", same, r"libc6 \(>=", "libncursesw6",
                 "libsqlite3-0", "libtinfo6")):
            for need in needs:
                self.assertRegex(self.field(name, "Depends"), need)

    def test_programs_of_others_depend_on_a_compatible_library(self):
        major, minor, _ = tree.version()
        following = f"0.{minor + 1}" if major == 0 else f"{major + 1}"

        shlibs = tree.run("dpkg-deb", "-I", self.package("libmultisock0"),
                          "shlibs")

        self.assertRegex(shlibs, r"^libmultisock 0 libmultisock0 \(>= [0-9.]+\)"
                         rf", libmultisock0 \(<< {following}~\)$")

    def test_binaries_search_nowhere_else_and_are_stripped(self):
        for path in self.binaries():
            self.assertEqual(tree.run_path(path), [])
            self.assertNotIn(".debug_info", tree.run("readelf", "-SW", path))

    def test_what_was_built_is_hardened(self):
        self.assertEqual(list(hardening.build(self.build, "cc")), [])

    def test_what_was_packed_is_hardened(self):
        allowed = hardening.compiler_marks("cc")
        for path in self.binaries():
            self.assertEqual(list(hardening.linked(
                path, path == netns.msock, allowed)), [])
        self.assertEqual(list(hardening.static(os.path.join(
            self.library, "libmultisock.a"))), [])

    def test_nothing_names_the_place_of_the_build(self):
        for here, _, names in os.walk(self.root):
            for name in names:
                path = os.path.join(here, name)
                with open(path, "rb") as file:
                    content = file.read()
                for place in (tree.ROOT, self.build, self.scratch):
                    self.assertNotIn(place.encode(), content, path)


    def test_the_unit_names_the_program(self):
        with open(os.path.join(self.root, "usr/lib/systemd/system",
                               "multisock-hub.service"),
                  encoding="utf-8") as file:
            self.assertIn("\nExecStart=/usr/bin/msock hub ", file.read())


class Use(Case):
    def test_a_sealed_message_passes_between_unpacked_programs(self):
        key = self.key()
        sub = self.sub("-v", "lights", "-C", 1, "-c", LO, "--key-file", key)

        self.run_msock("pub", "lights", '{"on":false}', "-c", LO,
                       "--key-file", key)

        self.assertEqual(sub.end().out, 'lights {"on":false}\n')

    def check_programs(self, programs):
        for program in programs:
            self.assertEqual(tree.run(program), tree.HEARD)

    def test_cmake_builds_against_the_unpacked_package(self):
        self.check_programs(tree.build_by_cmake(
            self.folder, os.path.join(self.root, "usr"),
            tree.Compilers("cc")))

    def test_pkg_config_builds_against_the_unpacked_package(self):
        self.check_programs(tree.build_by_make(
            self.folder, self.root, tree.Compilers("cc"),
            PKG_CONFIG_SYSROOT_DIR=self.root))


if __name__ == "__main__":
    if not shutil.which("dpkg-shlibdeps"):
        print("skipped: dpkg-dev is not installed")
        sys.exit(netns.SKIPPED)
    netns.main()
