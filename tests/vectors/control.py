# SPDX-License-Identifier: Apache-2.0
"""Control messages (section 7): frames to be taken, with what they say, and
frames to be refused. Canonical data is JSON without white space, its keys in
the order of the protocol's table."""

import json

import encoder as e

MOST = 2**53 - 1
NONCES = ["00000000000000aa", "ffffffffffffffff", "0123456789abcdef"]
OTHER = "fedcba9876543210"

# topic, data
CANONICAL = {
    "hello, nothing sent yet":
        ("hello", {"age": 0, "every": 5000, "be": 0, "rel": [1, 0], "rev": 1}),
    "hello, reliable frames are held":
        ("hello", {"age": 86400000, "every": 6250, "be": 70000,
                   "rel": [41, 70], "rev": 2}),
    "hello at its bounds":
        ("hello", {"age": MOST, "every": 600000, "be": MOST,
                   "rel": [MOST, MOST], "rev": MOST}),
    "bye": ("bye", {"be": 12, "rel": [3, 9]}),
    "bye, nothing is held any more": ("bye", {"be": 12, "rel": [10, 9]}),
    "challenge":
        ("challenge", {"nonce": NONCES[0], "up": 1234, "sessions": [OTHER]}),
    "challenge at its bounds":
        ("challenge", {"nonce": NONCES[1], "up": 10000,
                       "sessions": [f"{n:016x}" for n in range(64)]}),
    "answer": ("answer", {"age": 20, "rel": [1, 0],
                          "floors": [[1, 1, NONCES[0]]]}),
    "answer with floors that several share":
        ("answer", {"age": 7001, "rel": [5, 8],
                    "floors": [[90, 5, NONCES[0], NONCES[1]],
                               [90, 9, NONCES[2]], [91, 9, OTHER]]}),
    "answer at its bounds":
        ("answer", {"age": MOST, "rel": [1, MOST],
                    "floors": [[MOST, MOST] + [f"{n:016x}"
                                               for n in range(128)]]}),
    "sync": ("sync", {"rel": [3, 9]}),
    "full hello of one part":
        ("hello", {"age": 12, "every": 6250, "be": 0, "rel": [1, 0], "rev": 1,
                   "version": "1.0", "part": [0, 1], "filters": ["home/#"],
                   "keys": ["0123abcd"]}),
    "full hello that has nothing to say":
        ("hello", {"age": 12, "every": 6250, "be": 0, "rel": [1, 0], "rev": 1,
                   "version": "1.0", "part": [0, 1]}),
    "full hello with all it may say":
        ("hello", {"age": 12, "every": 6250, "be": 9, "rel": [3, 9], "rev": 2,
                   "version": "1.0", "part": [1, 2],
                   "filters": ["home/+/lights", "$reply/a/#"],
                   "keys": ["ffffffff", "00000001"], "keeper": True,
                   "will": ["home/porch/up", {"up": [False, None]}]}),
    "full hello at its bounds":
        ("hello", {"age": MOST, "every": 600000, "be": MOST,
                   "rel": [MOST, MOST], "rev": MOST, "version": "v" * 63,
                   "part": [255, 256], "filters": ["f" * 255] * 32,
                   "keys": [f"{n:08x}" for n in range(8)], "keeper": True,
                   "will": ["a", "x" * 504]}),
    "ring": ("ring", {"to": "porch", "made": 1795400000000,
                      "box": "AQID/+8="}),
    "ring at its bounds": ("ring", {"to": "n" * 63, "made": MOST, "box": "A" * 408}),
    "query": ("query", {"who": [OTHER]}),
    "query at its bounds":
        ("query", {"who": [f"{n:016x}" for n in range(64)]}),
    "query for values":
        ("query", {"query": NONCES[2], "filters": ["home/#"]}),
    "query for values that some told, of one":
        ("query", {"query": NONCES[0], "done": [OTHER, NONCES[1]],
                   "of": [NONCES[2]], "filters": ["+/lamp", "a\"b"]}),
    "query for values at its bounds":
        ("query", {"query": NONCES[1],
                   "done": [f"{n:016x}" for n in range(16)],
                   "of": [f"{n:016x}" for n in range(16, 32)],
                   "filters": ["f" * 255] * 16}),
    "held": ("held", {"query": OTHER, "values": 3, "frames": [68, 70]}),
    "held, nothing": ("held", {"query": OTHER, "values": 0, "frames": [71, 70]}),
    "held at its bounds":
        ("held", {"query": OTHER, "values": MOST, "frames": [1, MOST]}),
    "sync that asks everyone who acted":
        ("sync", {"rel": [3, 9], "ack": [9]}),
    "sync that asks two who acted":
        ("sync", {"rel": [3, 9], "of": [OTHER, NONCES[0]], "ack": [9, 4]}),
    "sync at its bounds":
        ("sync", {"rel": [MOST, MOST], "of": [f"{n:016x}" for n in range(16)],
                  "ack": [MOST - n for n in range(16)]}),
    "ack": ("ack", {"session": OTHER, "acts": [[9, 0]]}),
    "ack of some that refused":
        ("ack", {"session": OTHER, "acts": [[9, 0], [4, 1], [5, 19]]}),
    "ack at its bounds":
        ("ack", {"session": OTHER,
                 "acts": [[MOST - n, 2**31 - 1] for n in range(64)]}),
    "nack": ("nack", {"session": OTHER, "ranges": [[4, 4]]}),
    "nack of neighbours":
        ("nack", {"session": OTHER, "ranges": [[4, 6], [7, 7], [100, 1118]]}),
    "nack of 96 ranges":
        ("nack", {"session": OTHER,
                  "ranges": [[n, n + 9] for n in range(1, 3072, 32)]}),
    "nack at the end":
        ("nack", {"session": OTHER, "ranges": [[MOST - 1023, MOST]]}),
    "nack that says what it can take":
        ("nack", {"session": OTHER, "take": [4, 259],
                  "ranges": [[4, 4], [9, 11]]}),
    "nack that says so at its bounds":
        ("nack", {"session": OTHER, "take": [MOST, MOST],
                  "ranges": [[MOST, MOST]]}),
    "take": ("take", {"session": OTHER, "take": [68, 2115]}),
    "take without room": ("take", {"session": OTHER, "take": [68, 67]}),
    "take of the first frame, without room":
        ("take", {"session": OTHER, "take": [1, 0]}),
    "take that is over": ("take", {"session": OTHER, "take": [68, MOST]}),
    "take at its bounds": ("take", {"session": OTHER, "take": [MOST, MOST]}),
}

HELLO = CANONICAL["hello, nothing sent yet"][1]
FULL = {**HELLO, "version": "1.0", "part": [0, 1]}

# topic, data as text, what is read of it
TAKEN = {
    "any order and white space":
        ("sync", '{ "x" : {"rel":0} ,\t"rel" : [ 3 , 9 ] }', {"rel": [3, 9]}),
    "escapes":
        ("nack", '{"s\\u0065ssion":"\\u0066edcba9876543210","ranges":[]}',
         {"session": OTHER, "ranges": []}),
    "unknown keys, one of them twice":
        ("bye", '{"be":1,"why":"tired","rel":[1,0],"why":null}',
         {"be": 1, "rel": [1, 0]}),
    "key of another topic":
        ("sync", '{"rel":[1,0],"be":-1}', {"rel": [1, 0]}),
    "full hello": ("hello", json.dumps(FULL), FULL),
    "full hello, in any order and white space":
        ("hello", json.dumps({**FULL, "part": [1, 2],
                              "filters": ["home/#", "+"],
                              "keys": ["0123abcd"], "keeper": True,
                              "will": "W"}).replace(
                                  '"W"', '["home/porch/up",false]'),
         {**FULL, "part": [1, 2], "filters": ["home/#", "+"],
          "keys": ["0123abcd"], "keeper": True,
          "will": ["home/porch/up", False]}),
    "full hello with escapes, which says what it has none of":
        ("hello", json.dumps(FULL)[:-1] + ',"filters":["h\\u006fme/#"],'
                                          '"keys":[],"keeper":false}',
         {**FULL, "filters": ["home/#"]}),
    "take, in any order and white space":
        ("take", f'{{ "take" : [ 3,\t9 ], "ranges":[[0]], "session":"{OTHER}" }}',
         {"session": OTHER, "take": [3, 9]}),
    "nack of nothing that says what it can take":
        ("nack", f'{{"t\\u0061ke":[3,9],"ranges":[],"session":"{OTHER}"}}',
         {"session": OTHER, "take": [3, 9], "ranges": []}),
    "ring, escapes":
        ("ring", '{"box":"A\\u0041\\/=","made":0,"to":"p\\u006frch"}',
         {"to": "porch", "made": 0, "box": "AA/="}),
    "query of nobody": ("query", '{"who":[],"whom":1}', {"who": []}),
    "query for no values":
        ("query", f'{{"filters":[],"of":[],"done":[],"query":"{OTHER}"}}',
         {"query": OTHER, "filters": []}),
    "sync that asks for acknowledgements":
        ("sync", f'{{"rel":[1,9],"ack":[9],"of":["{OTHER}"]}}',
         {"rel": [1, 9], "of": [OTHER], "ack": [9]}),
    "sync that asks everyone, of nothing and of one twice":
        ("sync", '{"rel":[1,9],"of":[],"ack":[9,9]}',
         {"rel": [1, 9], "ack": [9, 9]}),
    "ack of nothing":
        ("ack", f'{{"acts":[ ],"session":"{OTHER}","rel":null}}',
         {"session": OTHER, "acts": []}),
    "challenge of nobody":
        ("challenge", f'{{"nonce":"{NONCES[0]}","up":0,"sessions":[]}}',
         {"nonce": NONCES[0], "up": 0, "sessions": []}),
    "answer to nobody":
        ("answer", '{"age":1,"rel":[1,0],"floors":[]}',
         {"age": 1, "rel": [1, 0], "floors": []}),
    "answer that names a nonce twice":
        ("answer", f'{{"age":1,"rel":[1,0],"floors":[[2,2,"{NONCES[0]}"],'
                   f'[1,3,"{NONCES[0]}"]]}}',
         {"age": 1, "rel": [1, 0],
          "floors": [[2, 2, NONCES[0]], [1, 3, NONCES[0]]]}),
}


def without(kind, key):
    return {name: value for name, value in sample(kind).items() if name != key}


def sample(kind):
    return next(data for topic, data in CANONICAL.values() if topic == kind)


def changed(kind, **more):
    return {**sample(kind), **more}


def refusals():
    """reason, topic, data (an object or a text)"""
    for kind in ("hello", "bye", "challenge", "answer", "sync", "nack",
                 "take", "query", "ring", "held", "ack"):
        for key in sample(kind):
            yield f"{kind} without {key}", kind, without(kind, key)
        yield f"{kind}: no object", kind, "[]"
    yield "unknown topic", "unheard-of", {}
    yield "key twice", "sync", '{"rel":[1,0],"rel":[1,0]}'
    yield "key twice, once escaped", "sync", '{"rel":[1,0],"r\\u0065l":[1,0]}'
    yield "integer as a fraction", "bye", '{"be":1.0,"rel":[1,0]}'
    yield "integer with an exponent", "bye", '{"be":1e3,"rel":[1,0]}'
    yield "integer below 0", "bye", changed("bye", be=-1)
    yield "integer over 2^53-1", "bye", changed("bye", be=MOST + 1)
    yield "integer as text", "bye", changed("bye", be="1")
    yield "every 0", "hello", changed("hello", every=0)
    yield "every too long", "hello", changed("hello", every=600001)
    yield "up too long", "challenge", changed("challenge", up=10001)
    for pair in ([0, 0], [2, 0], [9, 7], [1], [1, 2, 3], [1, "2"], 1):
        yield f"rel {pair}", "sync", changed("sync", rel=pair)
    for text in ("", "0123456789abcde", "0123456789abcdef0",
                 "0123456789ABCDEF", "0123456789abcdeg", 1234567890123456):
        yield f"nonce {text}", "challenge", changed("challenge", nonce=text)
    yield "65 sessions", "challenge", changed("challenge",
                                              sessions=[OTHER] * 65)
    yield "query of 65 sessions", "query", {"who": [OTHER] * 65}
    yield "query of a short session", "query", {"who": [OTHER[1:]]}
    asks = {"query": OTHER, "filters": []}
    for more in ({"who": []}, {"query": OTHER[1:]}, {"filters": ["#"] * 17},
                 {"filters": [""]}, {"done": [OTHER] * 17},
                 {"of": [OTHER] * 17}, {"done": ["hub"]}, {"of": OTHER}):
        yield (f"query for values with {json.dumps(more)[:60]}", "query",
               {**asks, **more})
    yield "query without filters", "query", {"query": OTHER}
    yield "filters without a query", "query", {"filters": ["#"]}
    yield "query for hellos, of one", "query", {"who": [], "of": [OTHER]}
    for more in ({"query": OTHER[1:]}, {"values": -1}, {"frames": [3, 1]}):
        yield f"held with {json.dumps(more)}", "held", changed("held", **more)
    for more in ({"to": ""}, {"to": "n" * 64}, {"to": ["porch"]},
                 {"made": -1}, {"made": "1"}, {"made": MOST + 1},
                 {"box": ""}, {"box": "A" * 409}, {"box": "AQ.="},
                 {"box": "AQ =="}, {"box": 1}):
        yield f"ring with {json.dumps(more)[:60]}", "ring", changed("ring",
                                                                    **more)
    yield "session as a number", "challenge", changed("challenge",
                                                      sessions=[1])
    for entry in ([], [1, 1], [0, 1, OTHER], [1, 0, OTHER], [1, OTHER, 1],
                  [1, 1, OTHER, 2], [1, MOST + 1, OTHER], OTHER):
        yield f"floors {entry}", "answer", changed("answer", floors=[entry])
    for ranges in ([[0, 1]], [[2, 1]], [[1, 2], [2, 3]], [[3, 4], [1, 2]],
                   [[1, 1025]], [[1, 1], [3, 1026]], [[1]], [[1, 2, 3]],
                   [1, 2]):
        yield f"ranges {ranges}", "nack", changed("nack", ranges=ranges)
    for take in ([0, 0], [0, 5], [2, 0], [9, 7], [MOST + 1, MOST],
                 [1, MOST + 1], [1], [1, 2, 3], [1, "2"], [1, -1], 1, None):
        for kind in ("take", "nack"):
            yield f"{kind} with {take}", kind, changed(kind, take=take)
    yield "take of a short session", "take", changed("take",
                                                     session=OTHER[1:])
    yield "take twice", "nack", (f'{{"session":"{OTHER}","take":[1,2],'
                                 '"take":[1,2],"ranges":[]}')
    yield "97 ranges", "nack", changed(
        "nack", ranges=[[n, n] for n in range(1, 195, 2)])
    for more in full_refusals():
        yield f"hello with {json.dumps(more)[:60]}", "hello", {**HELLO, **more}
    for acts in (9, [9], [[9]], [[9, 0, 0]], [[0, 0]], [[9, -1]],
                 [[9, 2**31]], [[MOST + 1, 0]], [[9, 0]] * 65):
        yield f"acts {json.dumps(acts)[:60]}", "ack", changed("ack", acts=acts)
    for more in ({"of": [OTHER]}, {"ack": 9}, {"ack": [0]},
                 {"ack": [1] * 17}, {"ack": [1], "of": ["hub"]},
                 {"ack": [1], "of": [OTHER] * 17}):
        yield f"sync with {json.dumps(more)[:60]}", "sync", changed("sync",
                                                                    **more)


def full_refusals():
    yield {"version": "1.0"}
    yield {"part": [0, 1]}
    yield {"filters": ["#"]}
    full = {"version": "1.0", "part": [0, 1]}
    for more in ({"version": ""}, {"version": "a\n"}, {"version": "v" * 64},
                 {"part": [1, 1]}, {"part": [0, 257]},
                 {"filters": [""]}, {"filters": ["f" * 256]},
                 {"filters": ["#"] * 33}, {"keys": ["0123ABCD"]},
                 {"keys": ["0123abcd"] * 9}, {"keeper": 1}, {"will": ["a"]},
                 {"will": ["a/+", 1]}, {"will": ["$ms/bye", 1]},
                 {"will": ["a", "x" * 506]}):
        yield {**full, **more}


class Maker:
    def __init__(self, channel, master, session):
        self.channel, self.master = channel, master
        self.session = session

    def case(self, name, sealed, counter, sent, kind, data, **more):
        text = data if isinstance(data, str) else json.dumps(
            data, separators=(",", ":"))
        line = (f'{{"topic":"$ms/{kind}","sender":"hub","data":{text}}}\n'
                ).encode()
        body = e.batch(line, sent=sent)
        frame = (e.sealed_frame(self.channel, self.master, self.session,
                                counter, body, stream=e.CONTROL) if sealed else
                 e.open_frame(self.session, counter, body, stream=e.CONTROL))
        return {"name": name, "channel": self.channel.described(),
                "keys": [e.key_text(self.master)] if sealed else [],
                "frames": [frame.hex()], **more}

    def cases(self):
        for number, (name, (kind, data)) in enumerate(CANONICAL.items(), 1):
            spec = {"session": self.session.hex(), "stream": e.CONTROL,
                    "counter": number, "sent": 1000 * number}
            for word in ("open", "sealed"):
                yield self.case(
                    f"{word}: {name}", word == "sealed", number,
                    spec["sent"], kind, data, send=[spec],
                    control=[{"topic": f"$ms/{kind}", "sender": "hub",
                              "data": data}], counters={})
        for name, (kind, text, data) in TAKEN.items():
            yield self.case(name, True, 1, 0, kind, text,
                            control=[{"topic": f"$ms/{kind}", "sender": "hub",
                                      "data": data}], counters={})
        for name, kind, data in refusals():
            yield self.case(name, True, 1, 0, kind, data, control=[],
                            counters={"drop_control": 1})


def cases(*parts):
    return list(Maker(*parts).cases())
