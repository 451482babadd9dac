# SPDX-License-Identifier: Apache-2.0
"""Programs outside of the tree, built against an installed multisock."""

import os
import re
import shutil
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
WARNINGS = "-Wall -Wextra -Wpedantic -Werror"
PROGRAMS = ("consumer_c", "consumer_cc", "consumer_c_static",
            "consumer_cc_static")
HEARD = "lamp: lights off, says hub\n"


def version():
    """The version as three numbers."""
    path = os.path.join(ROOT, "include", "multisock", "version.h")
    with open(path, encoding="utf-8") as file:
        return [int(number) for number in re.findall(
            r"#define MSOCK_VERSION_[A-Z]+ (\d+)", file.read())]


def run(*words, code=0, **options):
    """Runs a program to its end, which must be with this exit code."""
    done = subprocess.run([str(word) for word in words], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False, **options)
    if done.returncode != code:
        raise AssertionError(f"{words} ended with {done.returncode}, not "
                             f"{code}:\n{done.stdout}")
    return done.stdout


def library_folder(prefix):
    """lib, or what Debian makes of it under /usr."""
    for here, _, names in os.walk(prefix):
        if "libmultisock.so.0" in names:
            return here
    raise AssertionError(f"no library under {prefix}")


def package_path(prefix):
    """The environment in which pkg-config finds what is under `prefix`."""
    path = os.path.join(library_folder(prefix), "pkgconfig")
    rest = os.environ.get("PKG_CONFIG_PATH", "")
    return {**os.environ, "PKG_CONFIG_PATH": f"{path}:{rest}"}


class Compilers:
    """The compilers of a build and the flags that its library asks for."""

    def __init__(self, c_compiler, flags=()):
        self.c = c_compiler
        self.cc = c_plus_plus(c_compiler)
        self.flags = " ".join(flags)

    def cmake(self):
        flags = f"{WARNINGS} {self.flags}"
        return [f"-DCMAKE_C_COMPILER={self.c}", f"-DCMAKE_C_FLAGS={flags}",
                f"-DCMAKE_CXX_COMPILER={self.cc}",
                f"-DCMAKE_CXX_FLAGS={flags}"]

    def make(self):
        return [f"CC={self.c}", f"CXX={self.cc}", f"LDFLAGS={self.flags}",
                f"CFLAGS={WARNINGS} {self.flags}",
                f"CXXFLAGS={WARNINGS} {self.flags}"]


def c_plus_plus(c_compiler):
    """The C++ compiler of the same family: they must share a sanitizer."""
    name = os.path.basename(c_compiler)
    names = ["clang++"] if "clang" in name else ["g++", "c++"]
    found = [shutil.which(name) for name in names]
    return next(path for path in found if path)


def copy_consumer(folder):
    copy = os.path.join(folder, "consumer")
    shutil.copytree(os.path.join(ROOT, "samples", "consumer"), copy)
    return copy


def build_by_cmake(folder, prefix, compilers):
    """Yields the paths of the built programs."""
    copy = copy_consumer(folder)
    build = os.path.join(copy, "build")
    run("cmake", "-G", "Ninja", "-S", copy, "-B", build,
        f"-DCMAKE_PREFIX_PATH={prefix}", *compilers.cmake())
    run("cmake", "--build", build)
    return [os.path.join(build, name) for name in PROGRAMS]


def build_by_make(folder, prefix, compilers, **environment):
    """The same with pkg-config."""
    copy = copy_consumer(folder)
    run("make", "-C", copy, *compilers.make(),
        env={**package_path(prefix), **environment})
    return [os.path.join(copy, name) for name in PROGRAMS]


def needed(program):
    """Names of the shared libraries that it needs."""
    text = run("readelf", "-d", program)
    return {line.split("[")[1].rstrip("]") for line in text.splitlines()
            if "(NEEDED)" in line}


def run_path(program):
    """The lines that say where it looks for libraries first."""
    return [line for line in run("readelf", "-d", program).splitlines()
            if "(RUNPATH)" in line or "(RPATH)" in line]
