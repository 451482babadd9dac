# SPDX-License-Identifier: Apache-2.0
"""A channel in asyncio, by ctypes: a sketch of a binding.

    embed_asyncio.py LIBRARY TOPIC [CHANNEL]
"""

import asyncio
import ctypes
import json
import sys


class Message(ctypes.Structure):
    """The members of msock_message that are used here."""
    _fields_ = [("topic", ctypes.c_char_p), ("sender", ctypes.c_char_p),
                ("data", ctypes.c_char_p)]


CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p,
                            ctypes.POINTER(Message), ctypes.c_void_p)


class Channel:
    """A channel that the running event loop drives."""

    def __init__(self, library, url):
        self.lib, self.handle = library, ctypes.c_void_p()
        self.callbacks, self.timer = [], None
        self.loop = asyncio.get_running_loop()
        self.check(library.msock_open(ctypes.byref(self.handle), url, None))
        self.fd = library.msock_fd(self.handle)
        self.loop.add_reader(self.fd, self.dispatch)
        # Not before there are subscriptions: it may bring messages.
        self.timer = self.loop.call_soon(self.dispatch)

    def check(self, result):
        if result < 0:
            raise OSError(self.lib.msock_error_detail().decode())
        return result

    def dispatch(self):
        """After the descriptor, after the timeout, and after publishing."""
        self.check(self.lib.msock_dispatch(self.handle))
        if self.timer:
            self.timer.cancel()
        wait_ms = self.lib.msock_timeout(self.handle)
        self.timer = (self.loop.call_later(wait_ms / 1000, self.dispatch)
                      if wait_ms >= 0 else None)

    def subscribe(self, topic, function):
        def call(_channel, message, _user):
            function(message.contents)
            return 0
        self.callbacks.append(CALLBACK(call))  # as long as the channel
        self.check(self.lib.msock_subscribe(
            self.handle, topic, self.callbacks[-1], None, None))

    def publish(self, topic, value):
        self.check(self.lib.msock_publish(
            self.handle, topic, json.dumps(value).encode(), None))
        self.dispatch()

    def close(self):
        if self.timer:
            self.timer.cancel()
        self.loop.remove_reader(self.fd)
        self.lib.msock_close(self.handle, None, None)


def load(path):
    library = ctypes.CDLL(path)
    pointer, text = ctypes.c_void_p, ctypes.c_char_p
    library.msock_open.argtypes = [pointer, text, pointer]
    library.msock_subscribe.argtypes = [pointer, text, CALLBACK, pointer,
                                        pointer]
    library.msock_publish.argtypes = [pointer, text, text, pointer]
    library.msock_close.argtypes = [pointer, pointer, pointer]
    library.msock_error_detail.restype = text
    for name in ("msock_fd", "msock_timeout", "msock_dispatch"):
        getattr(library, name).argtypes = [pointer]
    return library


def show(message):
    print(ascii(message.sender.decode()), ascii(message.data.decode()),
          flush=True)


async def main(path, topic, url=None):
    channel = Channel(load(path), url and url.encode())
    channel.subscribe(topic.encode(), show)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        channel.publish(topic.encode(), line.rstrip("\n"))
    channel.close()


asyncio.run(main(*sys.argv[1:]))
