# SPDX-License-Identifier: Apache-2.0
"""What an ELF file has of cmake/Hardening.cmake, as readelf shows it."""

import os
import re
import subprocess

# Calls that glibc checks; a file that has one of them, and none that is
# checked, was compiled without _FORTIFY_SOURCE.
CHECKABLE = {"printf", "fprintf", "sprintf", "snprintf", "vsnprintf",
             "vfprintf", "memcpy", "memmove", "memset", "strcpy", "strcat",
             "strncpy", "read", "recv", "recvfrom", "poll", "readlink",
             "realpath", "getcwd"}
BRANCHES = {"Advanced Micro Devices X86-64": ("IBT", "SHSTK"),
            "AArch64": ("BTI", "PAC")}


def readelf(*words):
    return subprocess.run(["readelf", "-W", *words], text=True, check=True,
                          capture_output=True).stdout


def machine(path):
    return re.search(r"Machine: +(.+)", readelf("-h", path)).group(1)


def marks(notes):
    """What the property notes of readelf -n name."""
    found = re.findall(r"feature: ([^\n]+)", notes)
    return {word.strip() for line in found for word in line.split(",")}


def compiler_marks(compiler):
    """What the compiler's own start files let a linked file be marked with:
    the linker keeps what all parts have."""
    kept = None
    for name in ("crti.o", "crtn.o", "Scrt1.o"):
        path = subprocess.run([compiler, f"-print-file-name={name}"], text=True,
                              check=True, capture_output=True).stdout.strip()
        if os.path.isabs(path):
            found = marks(readelf("-n", path))
            kept = found if kept is None else kept & found
    return kept or set()


def branches(path, allowed):
    wanted = set(BRANCHES.get(machine(path), ())) & allowed
    for mark in sorted(wanted - marks(readelf("-n", path))):
        yield f"{path}: not marked {mark}"


def imports(path):
    names = set()
    for line in readelf("--dyn-syms", path).splitlines():
        fields = line.split()
        if len(fields) > 7 and fields[6] == "UND":
            names.add(fields[7].split("@")[0])
    return names


def calls(path):
    names = imports(path)
    if "__stack_chk_fail" not in names:
        yield f"{path}: no stack protector"
    plain = names & CHECKABLE
    if plain and not any(name.endswith("_chk") for name in names):
        yield f"{path}: unchecked calls: {', '.join(sorted(plain))}"


def linked(path, program, allowed=frozenset()):
    """Yields what a linked file lacks; `allowed` are the marks it can have."""
    segments = readelf("-l", path)
    dynamic = readelf("-d", path)
    if program and not re.search(r"FLAGS_1.*\bPIE\b", dynamic):
        yield f"{path}: not position independent"
    if "GNU_RELRO" not in segments:
        yield f"{path}: no RELRO"
    if not re.search(r"BIND_NOW|FLAGS_1.*\bNOW\b", dynamic):
        yield f"{path}: symbols are bound late"
    stack = re.search(r"GNU_STACK.* ([RWE]+) +0x", segments)
    if not stack or "E" in stack.group(1):
        yield f"{path}: an executable stack"
    if "TEXTREL" in dynamic:
        yield f"{path}: code that is written to"
    yield from calls(path)
    yield from branches(path, set(allowed))


def members(archive):
    """Yields name and rest of what readelf says of each object."""
    said = readelf("-h", "-S", "-n", "-s", archive)
    for part in said.split("\nFile: ")[1:]:
        name, rest = part.split("\n", 1)
        yield name, rest


def static(archive):
    """Yields what the objects of a static library lack."""
    protected = checked = False
    for name, said in members(archive):
        kind = re.search(r"Machine: +(.+)", said).group(1)
        for mark in BRANCHES.get(kind, ()):
            if mark not in marks(said):
                yield f"{name}: not marked {mark}"
        if not re.search(r"\.note\.GNU-stack +PROGBITS +0+ \w+ \w+ \w+ +\d",
                         said):
            yield f"{name}: says nothing of its stack, or wants to run it"
        protected |= "UND __stack_chk_fail" in said
        checked |= bool(re.search(r"UND __\w+_chk\b", said))
    if not protected:
        yield f"{archive}: no stack protector"
    if not checked:
        yield f"{archive}: no checked calls"


def build(folder, compiler):
    """Yields what the programs, the libraries and the plugins of a build
    lack."""
    allowed = compiler_marks(compiler)
    for name in sorted(os.listdir(os.path.join(folder, "bin"))):
        yield from linked(os.path.join(folder, "bin", name), True, allowed)
    shared = os.path.join(folder, "lib", "libmultisock.so")
    yield from linked(shared, False, allowed)
    yield from static(os.path.join(folder, "lib", "libmultisock.a"))
    for name in sorted(os.listdir(os.path.join(folder, "plugins"))):
        if name.endswith(".so"):
            path = os.path.join(folder, "plugins", name)
            yield from linked(path, False, allowed)
