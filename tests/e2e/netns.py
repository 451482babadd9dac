# SPDX-License-Identifier: Apache-2.0
"""Hosts for tests: network namespaces, and real programs that run in them.

A test program calls main(), which moves it into a network namespace of its own
before the tests run: no datagram of a test leaves it. More hosts are further
namespaces, kept by a descriptor each, so all is gone when the program ends,
however it ends.
"""

import contextlib
import ctypes
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

SKIPPED = 77  # exit code that ctest reports as "skipped"
GROUP, PORT = "239.255.77.83", 7783  # the default channel
CLONE_NEWNET = 0x40000000
PATIENCE_S = 30  # no test waits longer for anything; most wait milliseconds

msock = None  # path of the program, set by main()
_libc = ctypes.CDLL(None, use_errno=True)


def main(inside="MSOCK_TEST_NETNS"):
    """Runs the unit tests of the calling program: PROGRAM BUILD_DIR."""
    global msock
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    if inside not in os.environ:
        os.environ[inside] = "1"
        _exec_in_namespace()
    ip("link", "set", "lo", "up")
    for name in ("CHANNEL", "KEY_FILE", "NAME", "ID_FILE", "TRUST_FILE",
                 "QUIET", "CONTEXT", "CONFIG"):
        os.environ.pop(f"MSOCK_{name}", None)
    # Whoever runs the tests may have files of these.
    os.environ["XDG_CONFIG_HOME"] = "/nonexistent"
    os.environ["MSOCK_SYSTEM_CONFIG"] = "/nonexistent/msock.json"
    msock = os.path.join(os.path.realpath(sys.argv.pop(1)), "bin", "msock")
    unittest.main()


def _exec_in_namespace():
    """Starts this program anew in a namespace; as root or as anybody."""
    for flags in ("-n", "-rn"):
        if shutil.which("unshare") and subprocess.run(
                ["unshare", flags, "true"], capture_output=True,
                check=False).returncode == 0:
            os.execvp("unshare", ["unshare", flags, sys.executable, "-B",
                                  *sys.argv])
    print("this system lets the tests make no network namespace")
    sys.exit(1 if os.environ.get("MSOCK_REQUIRE_NETNS") else SKIPPED)


def ip(*words):
    subprocess.run(["ip", *words], check=True)


def speaker():
    """A socket whose datagrams to the group stay on `lo`."""
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF,
                    socket.inet_aton("127.0.0.1"))
    return made


def hearer():
    """A socket that hears the datagrams of the default channel on `lo`."""
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((GROUP, PORT))
    made.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                    socket.inet_aton(GROUP) + socket.inet_aton("127.0.0.1"))
    made.settimeout(PATIENCE_S)
    return made


def until(condition, what):
    """Waits until `condition()` is true."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"waited {PATIENCE_S} s in vain: {what}")
        time.sleep(0.005)


class Host:
    """A network namespace with its `lo` up."""

    def __init__(self):
        with open("/proc/self/ns/net", "rb") as home:
            if _libc.unshare(CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "unshare")
            self.fd = os.open("/proc/self/ns/net", os.O_RDONLY)
            _libc.setns(home.fileno(), CLONE_NEWNET)
        with self.inside():
            ip("link", "set", "lo", "up")

    def close(self):
        os.close(self.fd)

    def path(self):
        return f"/proc/{os.getpid()}/fd/{self.fd}"

    @contextlib.contextmanager
    def inside(self):
        """Sockets and programs that are made here belong to this host."""
        with open("/proc/self/ns/net", "rb") as home:
            if _libc.setns(self.fd, CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
            try:
                yield self
            finally:
                _libc.setns(home.fileno(), CLONE_NEWNET)


class Result:
    """How a program ended."""

    def __init__(self, code, out, err):
        self.code, self.raw, self.err = code, out, err

    @property
    def out(self):
        return self.raw.decode("utf-8", "backslashreplace")

    @property
    def lines(self):
        return self.out.splitlines()


class Program:
    """A running program. Its output goes to files, so it never has to wait
    for the test."""

    def __init__(self, *words, stdin=subprocess.DEVNULL, **options):
        self.words = [str(word) for word in words]
        self.out = tempfile.TemporaryFile()
        self.err = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            self.words, stdin=stdin, stdout=options.pop("stdout", self.out),
            stderr=self.err, **options)

    def output(self):
        return _content(self.out)

    def said(self):
        return _content(self.err)

    def end(self, code=0):
        """Waits for the end, which must be with this exit code."""
        try:
            self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        result = Result(self.process.returncode, _content(self.out),
                        _content(self.err).decode("utf-8", "replace"))
        self.close()
        if result.code != code:
            raise AssertionError(
                f"{self.words} ended with {result.code}, not {code};\n"
                f"it said: {result.err}\nand wrote: {result.out[-2000:]}")
        return result

    def terminate(self, code=0):
        """Asks it to end, and waits."""
        self.process.terminate()
        return self.end(code)

    def close(self):
        """Kills what still runs."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.process.stdin:
            self.process.stdin.close()
        self.out.close()
        self.err.close()


def _content(file):
    return os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0)


class Case(unittest.TestCase):
    """A test with a folder of its own, whose programs end with it."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, name):
        return os.path.join(self.folder, name)

    def start(self, *words, **options):
        program = Program(msock, *words, **options)
        self.addCleanup(program.close)
        return program

    def run_msock(self, *words, text="", code=0, **options):
        """Runs msock to its end with `text` (or bytes) as standard input."""
        data = text if isinstance(text, bytes) else text.encode()
        with tempfile.TemporaryFile() as file:
            file.write(data)
            file.seek(0)
            return self.start(*words, stdin=file, **options).end(code)

    def sub(self, *words, group=GROUP, port=PORT, readers=1, **options):
        """Starts `msock sub` and waits until it listens, as one of `readers`
        sockets on that channel of this host."""
        program = self.start("sub", "-W", PATIENCE_S, *words, **options)
        until(lambda: program.process.poll() is not None or
              listeners(group, port) >= readers, f"sub {words} listens")
        if program.process.poll() is not None:
            raise AssertionError(program.end(None).err)
        return program

    def key(self, name="home.key"):
        """Makes a key file."""
        path = self.path(name)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
            file.write(self.run_msock("key", "gen").raw)
        return path


def listeners(group, port):
    """Number of sockets here that are bound to the group and have joined."""
    if ":" in group:
        packed = socket.inet_pton(socket.AF_INET6, group)
        words = [packed[i:i + 4][::-1] for i in range(0, 16, 4)]
        address, table = b"".join(words).hex().upper(), "/proc/net/udp6"
        members = [int(fields[3]) for fields in _table("/proc/net/igmp6")
                   if fields[2] == packed.hex()]
    else:
        address = socket.inet_aton(group)[::-1].hex().upper()
        table = "/proc/net/udp"
        members = [int(fields[1]) for fields in _table("/proc/net/igmp")
                   if fields[0] == address]
    bound = [fields for fields in _table(table)
             if len(fields) > 1 and fields[1] == f"{address}:{port:04X}"]
    return min(len(bound), max(members, default=0))


def _table(path):
    try:
        with open(path, encoding="ascii") as file:
            return [line.split() for line in file if line.strip()]
    except FileNotFoundError:
        return []
