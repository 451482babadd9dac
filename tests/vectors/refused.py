# SPDX-License-Identifier: Apache-2.0
"""Frames that a receiver must refuse, each with the name of its counter."""

import encoder as e

NAMES = b'"topic":"a/b","sender":"hub"'
FIRST = {"topic": "first", "sender": "hub", "data": "1"}


def with_rest(rest):
    return b"{" + NAMES + rest + b"}\n"


# One message each; the counter is drop_json.
NOT_JSON = {
    "empty line": b"\n",
    "no newline": b"{" + NAMES + b"}",
    "blank line": b" \t\r\n",
    "not JSON": b"hello\n",
    "byte order mark": b"\xef\xbb\xbf" + with_rest(b""),
    "newline inside": b"{" + NAMES + b',\n"data":1}\n',
    "two values on a line": b"{" + NAMES + b"}{}\n",
    "trailing comma": with_rest(b","),
    "comment": with_rest(b"/*x*/"),
    "depth 33": with_rest(b',"data":' + b"[" * 32 + b"]" * 32),
    "depth 33 under an unknown key":
        with_rest(b',"x":' + b'{"a":' * 32 + b"1" + b"}" * 32),
    "number with a leading zero": with_rest(b',"data":01'),
    "number without a digit behind the point": with_rest(b',"data":1.'),
    "number with a plus": with_rest(b',"data":+1'),
    "number that is not finite": with_rest(b',"data":1e309'),
    "number that rounds to infinity":
        with_rest(b',"data":1.7976931348623159e308'),
    "number of 65 bytes": with_rest(b',"data":' + b"1" * 65),
    "NaN": with_rest(b',"data":NaN'),
    "NUL as an escape": with_rest(b',"data":"\\u0000"'),
    "NUL as an escape in an unknown key": with_rest(b',"\\u0000":1'),
    "NUL byte": with_rest(b',"data":"\0"'),
    "raw tab in a string": with_rest(b',"data":"\t"'),
    "lone high surrogate": with_rest(b',"data":"\\ud800"'),
    "lone low surrogate": with_rest(b',"data":"\\udc00x"'),
    "surrogate in UTF-8": with_rest(b',"data":"\xed\xa0\x80"'),
    "overlong UTF-8": with_rest(b',"data":"\xc0\xaf"'),
    "UTF-8 over U+10FFFF": with_rest(b',"data":"\xf4\x90\x80\x80"'),
    "cut UTF-8": with_rest(b',"data":"\xe2\x82"'),
    "unknown escape": with_rest(b',"data":"\\x41"'),
}

# The counter is drop_envelope.
NOT_ENVELOPE = {
    "not an object": b"[1]\n",
    "no topic": b'{"sender":"s"}\n',
    "no sender": b'{"topic":"t"}\n',
    "topic of a wrong type": b'{"topic":1,"sender":"s"}\n',
    "sender of a wrong type": b'{"topic":"t","sender":null}\n',
    "topic in another case": b'{"Topic":"t","sender":"s"}\n',
    "key twice": with_rest(b',"topic":"a/b"'),
    "key twice, once escaped": with_rest(b',"t\\u006fpic":"a/b"'),
    "data twice": with_rest(b',"data":1,"data":1'),
    "data with len": with_rest(b',"data":1,"len":0'),
    "type without len": with_rest(b',"type":"text/plain","data":1'),
    "type of a wrong type": with_rest(b',"type":1,"len":0'),
    "type of 128 bytes": with_rest(b',"type":"' + b"x" * 128 + b'","len":0'),
    "id of a wrong type": with_rest(b',"id":1'),
    "id of 65 bytes": with_rest(b',"id":"' + b"x" * 65 + b'"'),
    "len with a fraction": with_rest(b',"len":0.0'),
    "len with an exponent": with_rest(b',"len":1e0') + b"x",
    "expires of -0": with_rest(b',"expires":-0'),
    "expires over 2^53-1": with_rest(b',"expires":9007199254740992'),
    "expires as a string": with_rest(b',"expires":"1"'),
    "after over 60000": with_rest(b',"after":60001'),
    "state of a wrong type": with_rest(b',"state":true'),
    "origin without state": with_rest(b',"origin":[]'),
    "origin of a wrong type": with_rest(b',"state":1,"origin":{}'),
    "reply_to of another session":
        with_rest(b',"reply_to":"$reply/0123456789abcdee/1"'),
    "reply_to in upper case":
        with_rest(b',"reply_to":"$reply/0123456789ABCDEF/1"'),
    "reply_to with a leading zero":
        with_rest(b',"reply_to":"$reply/0123456789abcdef/01"'),
    "reply_to as a topic": with_rest(b',"reply_to":"answers"'),
}


def topic(text):
    return b'{"topic":"' + text + b'","sender":"s"}\n'


def sender(text):
    return b'{"topic":"t","sender":"' + text + b'"}\n'


NOT_TOPIC = {
    "empty topic": topic(b""),
    "topic of 256 bytes": topic(b"x" * 256),
    "topic of 17 levels": topic(b"/" * 16),
    "topic with +": topic(b"a/+"),
    "topic with an escaped #": topic(b"a/\\u0023"),
    "topic with a control character": topic(b"a\\n"),
    "topic with DEL": topic(b"a\x7f"),
    "topic with C1": topic(b"a\xc2\x85"),
}

NOT_SENDER = {
    "empty sender": sender(b""),
    "sender of 64 bytes": sender(b"x" * 64),
    "sender with a control character": sender(b"a\\u0001"),
}

RAW_SHORT = {
    "one raw byte is missing": with_rest(b',"len":4') + b"abc",
    "a len beyond everything": with_rest(b',"len":9007199254740991') + b"abc",
}

def with_head(size):
    """A message without data, so that all of it is head."""
    shortest = len(with_rest(b',"x":""'))
    return with_rest(b',"x":"' + b"x" * (size - shortest) + b'"')


TOO_BIG = {
    "head of 2049 bytes": with_head(2049),
}

BARE = {
    "len": with_rest(b',"len":0'),
    "state": with_rest(b',"state":1,"data":1'),
    "after": with_rest(b',"after":1'),
    "expires": with_rest(b',"expires":1'),
    "topic of the protocol": topic(b"$ms/hello"),
}


class Maker:
    def __init__(self, house, six, master, second, session, other, lights):
        self.house, self.six = house, six
        self.master, self.second = master, second
        self.session, self.other, self.lights = session, other, lights
        self.good = e.message(lights)

    def case(self, name, frames, counters, keys=(), deliver=(), **more):
        return {"name": name, "channel": self.house.described(),
                "keys": [e.key_text(key) for key in keys],
                "frames": [frame.hex() for frame in frames],
                "deliver": list(deliver), "counters": counters, **more}

    def open(self, body, counter=1, **more):
        return e.open_frame(self.session, counter, body, **more)

    def seal(self, body, counter=1, channel=None, master=None, **more):
        return e.sealed_frame(channel or self.house, master or self.master,
                              self.session, counter, body, **more)

    def headers(self):
        body = e.batch(self.good)
        good = self.open(body)
        tagless = self.seal(body)[:47]
        yield "no bytes", b"", "drop_short"
        yield "header cut", good[:31], "drop_short"
        yield "tag cut", tagless, "drop_short"
        yield "bad magic", self.open(body, magic=b"MT"), "drop_magic"
        yield "version 2", self.open(body, version=2), "drop_version"
        yield "version 0", self.open(body, version=0), "drop_version"
        yield "unknown flag", self.open(body, flags=8), "drop_flags"
        yield "highest flag", self.open(body, flags=128), "drop_flags"
        yield ("sealed without a key id",
               self.seal(body, id=b"\0\0\0\0"), "drop_flags")
        yield ("open with a key id",
               self.open(body, id=b"\0\0\0\1"), "drop_flags")
        yield "sequence 0", self.open(body, counter=0), "drop_sequence"
        yield "sequence 2^53", self.open(body, counter=2**53), "drop_sequence"
        yield "stream 3", self.open(body, stream=3), "drop_stream"
        yield ("signed on an open channel",
               self.open(body + b"\0" * 64, flags=e.SIGNED), "drop_signed")
        yield "sealed on an open channel", self.seal(body), "drop_sealed"

    def seals(self):
        body = e.batch(self.good)
        good = self.seal(body, counter=2)
        yield "open on a sealed channel", self.open(body), "drop_open"
        yield "bare on a sealed channel", self.good, "drop_open"
        yield ("another key", self.seal(body, master=self.second),
               "drop_key_id")
        yield ("another key under our key's id",
               self.seal(body, master=self.second, id=e.key_id(self.master)),
               "drop_auth")
        yield ("another group", self.seal(body, channel=self.six), "drop_auth")
        yield ("another port", self.seal(body, channel=e.Channel(
            self.house.group, self.house.port + 1)), "drop_auth")
        for name, at in (("session", 8), ("sequence", 31), ("body", 32),
                         ("last byte of the body", -17), ("tag", -16),
                         ("last byte of the tag", -1)):
            flipped = bytearray(good)
            flipped[at] ^= 1
            yield f"flipped bit in the {name}", bytes(flipped), "drop_auth"
        added = bytearray(good)
        added[3] |= e.FRAGMENT
        yield "flag added", bytes(added), "drop_auth"
        yield "last byte cut", good[:-1], "drop_auth"
        yield "byte added", good + b"\0", "drop_auth"
        yield "nothing but a tag of zeros", good[:32] + b"\0" * 16, "drop_auth"

    def bodies(self):
        part = self.good
        yield "empty batch", e.batch(), 0, "drop_body"
        yield "body of 7 bytes", b"\0" * 7, 0, "drop_body"
        yield "no body", b"", 0, "drop_body"
        yield "sent over 2^53-1", e.batch(part, sent=2**53), 0, "drop_body"
        yield "piece cut", e.piece(0, 2, b"")[:15], e.FRAGMENT, "drop_body"
        yield "empty piece", e.piece(0, 2, b""), e.FRAGMENT, "drop_piece"
        yield "count 0", e.piece(0, 0, part), e.FRAGMENT, "drop_piece"
        yield "count 1", e.piece(0, 1, part), e.FRAGMENT, "drop_piece"
        yield "index of count", e.piece(2, 2, part), e.FRAGMENT, "drop_piece"

    def lines(self):
        tables = ((NOT_JSON, "drop_json"), (NOT_ENVELOPE, "drop_envelope"),
                  (NOT_TOPIC, "drop_topic"), (NOT_SENDER, "drop_sender"),
                  (RAW_SHORT, "drop_raw_short"), (TOO_BIG, "drop_too_big"))
        for table, counter in tables:
            for name, line in table.items():
                yield name, line, counter

    def batches(self):
        first = e.message(FIRST)
        for name, bad, counter in self.lines():
            if name == "no newline":
                continue  # what follows would end the line
            short = counter == "drop_raw_short"  # or be taken for the payload
            rest = () if short else (self.good, bad)
            yield self.case(
                f"half-bad batch: {name}",
                [self.seal(e.batch(first, bad, *rest))],
                {counter: 1}, keys=[self.master], deliver=[FIRST])

    def alone(self):
        """Well-formed messages that are dropped without their batch."""
        stranger = e.message({**self.lights, "sender": "stranger"})
        reserved = e.message({**self.lights, "topic": "$ms/hello"})
        yield self.case(
            "another sender in a session",
            [self.open(e.batch(self.good, stranger, self.good))],
            {"drop_sender": 1}, deliver=[self.lights] * 2, needs="engine")
        yield self.case(
            "topic of the protocol off the control stream",
            [self.open(e.batch(reserved, self.good))],
            {"drop_reserved": 1}, deliver=[self.lights], needs="engine")
        yield self.case(
            "unknown control message",
            [self.seal(e.batch(e.message({"topic": "$ms/unheard-of",
                                          "sender": "hub", "data": "{}"})),
                       stream=e.CONTROL)],
            {"drop_control": 1}, keys=[self.master], needs="engine")

    def states(self):
        """States that are none, and one that is older than another."""
        porch = "fedcba98765432100f1e2d3c4b5a6978"
        none = {
            "of version 0": {"state": 0},
            "with after": {"state": 1, "after": 1},
            "with expires": {"state": 1, "expires": 1},
            "with len": {"state": 1, "raw": "00"},
            "with an empty origin": {"state": 1, "origin": "[]"},
            "told without an age":
                {"state": 1, "origin": f'["porch","{porch}"]'},
            "told by nobody":
                {"state": 1, "origin": f'["","{porch}",null]'},
            "told of a short session":
                {"state": 1, "origin": f'["porch","{porch[1:]}",null]'},
            "told of a session in upper case":
                {"state": 1, "origin": f'["porch","{porch.upper()}",null]'},
            "told with too large an age":
                {"state": 1, "origin": f'["porch","{porch}",{2**53}]'},
        }
        for name, fields in none.items():
            wrong = e.message({"topic": "t", "sender": self.lights["sender"],
                               **fields})
            yield self.case(f"state {name}",
                            [self.open(e.batch(wrong, self.good))],
                            {"drop_envelope": 1}, deliver=[self.lights],
                            needs="engine")
        one = {"topic": "t", "sender": self.lights["sender"], "data": "1"}
        new, old = ({**one, "state": 7},
                    {**one, "state": 6, "origin": f'["porch","{porch}",1500]'})
        yield self.case("older state",
                        [self.open(e.batch(e.message(new), e.message(old),
                                           e.message(new)))],
                        {"drop_state_old": 1}, deliver=[new], needs="engine")

    def windows(self):
        body = e.batch(self.good)
        frame = self.seal(body)
        yield self.case("frame repeated", [frame, frame, frame],
                        {"drop_duplicate": 2}, keys=[self.master],
                        deliver=[self.lights], needs="engine")
        yield self.case(
            "frame below the window",
            [self.seal(body, counter=c) for c in (5000, 905, 904)],
            {"drop_old": 1}, keys=[self.master], deliver=[self.lights] * 2,
            needs="engine")
        yield self.case(
            "forged frame does not use up its counter",
            [frame[:-1] + bytes([frame[-1] ^ 1]), frame], {"drop_auth": 1},
            keys=[self.master], deliver=[self.lights], needs="engine")
        yield self.case(
            "malformed frame uses up its counter",
            [self.open(e.batch(b"x\n")), self.open(body)],
            {"drop_json": 1, "drop_duplicate": 1}, needs="engine")

    def pieces(self):
        def frames(*parts):
            return [self.seal(e.piece(index, count, data), flags=e.FRAGMENT,
                              counter=100 + index)
                    for index, count, data in parts]

        cut = {"count differs": [(0, 2, b"x" * 10), (1, 3, b"x" * 10)],
               "piece longer": [(0, 3, b"x" * 10), (1, 3, b"x" * 11)],
               "piece shorter": [(0, 3, b"x" * 10), (1, 3, b"x" * 9)],
               "last longer": [(0, 2, b"x" * 10), (1, 2, b"x" * 11)],
               "last longer, and first": [(1, 2, b"x" * 11), (0, 2, b"x" * 10)]}
        for name, parts in cut.items():
            yield self.case(f"mismatched pieces: {name}", frames(*parts),
                            {"drop_piece": 1}, keys=[self.master],
                            needs="engine")
        half = len(self.good)
        yield self.case(
            "two messages in pieces",
            frames((0, 2, self.good), (1, 2, self.good[:half])),
            {"drop_body": 1}, keys=[self.master], needs="engine")
        yield self.case(
            "malformed message in pieces",
            frames((0, 2, b'{"topic":'), (1, 2, b"1}\n")),
            {"drop_envelope": 1}, keys=[self.master], needs="engine")

    def cases(self):
        for name, frame, counter in self.headers():
            yield self.case(name, [frame], {counter: 1})
        for name, frame, counter in self.seals():
            yield self.case(name, [frame], {counter: 1}, keys=[self.master])
        for name, body, flags, counter in self.bodies():
            for keys, make in (([], self.open), ([self.master], self.seal)):
                yield self.case(f"{name} ({'sealed' if keys else 'open'})",
                                [make(body, flags=flags)], {counter: 1},
                                keys=keys)
        for name, line, counter in self.lines():
            yield self.case(name, [self.open(e.batch(line))], {counter: 1})
        for name, line in BARE.items():
            yield self.case(f"bare with {name}", [line], {"drop_bare": 1})
        yield self.case("bare with something behind", [self.good + b"x"],
                        {"drop_json": 1})
        yield from self.batches()
        yield from self.alone()
        yield from self.states()
        yield from self.windows()
        yield from self.pieces()


def cases(*parts):
    return list(Maker(*parts).cases())
