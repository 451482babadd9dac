#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the test vectors beside it; README.md describes the format.

    make_vectors.py           writes the files
    make_vectors.py --check   exits 1 if a file is not what would be written
"""

import json
import pathlib
import sys

import control
import encoder as e
import refused
import signed

HERE = pathlib.Path(__file__).parent
HOUSE = e.Channel("239.255.77.83", 7783)
SIX = e.Channel("ff12::4d53", 50000)
LAB = e.Channel("sim://lab", 0)
MASTER = bytes(range(1, 33))
SECOND = bytes(range(101, 133))
SEED = bytes(range(201, 233))
SESSION = bytes.fromhex("0123456789abcdef8899aabbccddeeff")
SIGNERS = e.session_of(SEED, SESSION[:8])
OTHER = bytes.fromhex("fedcba98765432100f1e2d3c4b5a6978")
LIGHTS = {"topic": "home/kitchen/lights", "sender": "hub",
          "data": "{\"on\":false}"}

MESSAGES = [
    LIGHTS,
    {"topic": "t", "sender": "s"},
    {"topic": "home", "sender": "hub", "data": " [ 1 , 2.50 , \"a b\" ] "},
    {"topic": "caf\u00e9/\U0001f4a1", "sender": "K\u00fcche \"1\"\\",
     "data": "\"\\u00e9\\/\""},
    {"topic": "a/b", "sender": "hub", "id": "tab\tbell\u0007del\u007f",
     "reply_to": "$reply/0123456789abcdef/42", "expires": 60000,
     "after": 60000, "data": "null"},
    {"topic": "lamp", "sender": "hub", "state": 9007199254740991,
     "origin": "[\"porch\", \"fedcba98765432100f1e2d3c4b5a6978\", null]",
     "data": "1e308"},
    {"topic": "cam", "sender": "porch", "type": "image/png",
     "raw": "89504e470d0a1a0a007b7d"},
    {"topic": "nothing", "sender": "porch", "raw": ""},
    {"topic": "/" * 15, "sender": "n" * 63, "data": "[" * 31 + "]" * 31},
]


def frame_spec(counter, messages, sent=0, session=SESSION, stream=0):
    return {"session": session.hex(), "stream": stream, "counter": counter,
            "sent": sent, "messages": messages}


def build(channel, master, spec, seed=None):
    """The bytes of one frame of a case's `send`."""
    body = (e.piece(spec["index"], spec["count"], bytes.fromhex(spec["piece"]),
                    spec["sent"]) if "piece" in spec else
            e.batch(*map(e.message, spec["messages"]), sent=spec["sent"]))
    flags = e.FRAGMENT if "piece" in spec else 0
    session = bytes.fromhex(spec["session"])
    more = {"flags": flags, "stream": spec["stream"]}
    if master is None:
        return e.open_frame(session, spec["counter"], body, **more)
    if seed is not None:
        return e.signed_frame(channel, master, seed, session, spec["counter"],
                              body, **more)
    return e.sealed_frame(channel, master, session, spec["counter"], body,
                          **more)


def delivered(fields):
    """What a receiver sees of a message that was sent."""
    seen = dict(fields)
    for name in ("data", "origin"):
        if name in seen:
            seen[name] = e.compact(seen[name])
    return seen


def sent_case(name, channel, master, specs, deliver, seed=None, **more):
    """A case whose frames an encoder must make byte for byte."""
    return {"name": name, "channel": channel.described(),
            "keys": [e.key_text(master)] if master else [],
            "send": specs,
            "frames": [build(channel, master, spec, seed).hex()
                       for spec in specs],
            "deliver": [delivered(fields) for fields in deliver],
            "counters": {}, **more}


def message_cases(master):
    cases = []
    for number, fields in enumerate(MESSAGES):
        spec = frame_spec(number + 1, [fields], sent=1000 * number)
        cases.append(sent_case(f"message {number}", HOUSE, master, [spec],
                               [fields]))
    several = [MESSAGES[0], {**MESSAGES[6], "sender": "hub"}, MESSAGES[2]]
    cases.append(sent_case("three messages in one frame", HOUSE, master,
                           [frame_spec(1, several)], several))
    last = frame_spec(2**53 - 1, [LIGHTS], sent=2**53 - 1)
    cases.append(sent_case("largest counter and time", HOUSE, master, [last],
                           [LIGHTS]))
    two = [frame_spec(1, [LIGHTS]),
           frame_spec(1, [{**LIGHTS, "sender": "porch"}], session=OTHER)]
    cases.append(sent_case("two sessions", HOUSE, master, two,
                           [LIGHTS, {**LIGHTS, "sender": "porch"}]))
    return cases


def open_cases():
    return message_cases(None) + [
        {"name": "any order and white space",
         "channel": HOUSE.described(), "keys": [],
         "frames": [e.open_frame(SESSION, 1, e.batch(
             b' { "data" :\t[1, 2] ,\r"x":{},"sender":"h\\u0075b", '
             b'"t\\u006fpic" : "a\\/b" } \r\n')).hex()],
         "deliver": [{"topic": "a/b", "sender": "hub", "data": "[1, 2]"}],
         "counters": {}},
        {"name": "duplicate keys inside of data pass",
         "channel": HOUSE.described(), "keys": [],
         "frames": [e.open_frame(SESSION, 1, e.batch(
             b'{"topic":"t","sender":"s","data":{"a":1,"a":2}}\n')).hex()],
         "deliver": [{"topic": "t", "sender": "s",
                      "data": "{\"a\":1,\"a\":2}"}],
         "counters": {}},
        {"name": "bare datagrams, with and without a newline",
         "channel": HOUSE.described(), "keys": [],
         "frames": [b'{"topic":"lights","sender":"py","data":1}'.hex(),
                    b'{"topic": "lights", "sender": "py"}\r\n'.hex()],
         "deliver": [{"topic": "lights", "sender": "py", "data": "1",
                      "bare": True},
                     {"topic": "lights", "sender": "py", "bare": True}],
         "counters": {}},
    ]


def sealed_cases():
    rotated = e.sealed_frame(HOUSE, SECOND, SESSION, 1,
                             e.batch(e.message(LIGHTS)))
    one = [frame_spec(1, [LIGHTS], sent=123456)]
    return message_cases(MASTER) + [
        sent_case("IPv6 group", SIX, MASTER, one, [LIGHTS]),
        sent_case("simulated network", LAB, MASTER, one, [LIGHTS]),
        {"name": "sealed with an accepted key that does not send",
         "channel": HOUSE.described(),
         "keys": [e.key_text(MASTER), e.key_text(SECOND)],
         "frames": [rotated.hex()], "deliver": [LIGHTS], "counters": {}},
    ]


def piece_specs(fields, size, first=1, session=SESSION):
    data = e.message(fields)
    parts = [data[i:i + size] for i in range(0, len(data), size)]
    return [{"session": session.hex(), "stream": 0, "counter": first + index,
             "sent": 10 * index, "index": index, "count": len(parts),
             "piece": part.hex()} for index, part in enumerate(parts)]


def fragment_cases():
    long = {"topic": "cam", "sender": "porch", "type": "image/png",
            "raw": bytes(range(256)).hex()}
    cases = []
    for word, master in (("open", None), ("sealed", MASTER)):
        cases.append(sent_case(f"{word}: last piece shorter", HOUSE, master,
                               piece_specs(long, 100), [long]))
        even = len(e.message(LIGHTS)) // 2
        cases.append(sent_case(f"{word}: pieces of one size", HOUSE, master,
                               piece_specs(LIGHTS, even, first=77), [LIGHTS]))
    for order in ((2, 0, 1, 3), (3, 2, 1, 0)):
        case = sent_case(f"pieces in the order {order}", HOUSE, MASTER,
                         piece_specs(long, 100), [long], needs="engine")
        case["frames"] = [case["frames"][i] for i in order]
        del case["send"]
        cases.append(case)
    return cases


def key_cases():
    cases = []
    for key_string, passphrase in (("home", "correct horse battery staple"),
                                   ("k", "p"),
                                   ("Küche 💡", "  blanks count \t"),
                                   ("x" * 200, "y" * 200)):
        master = e.master_of_passphrase(key_string, passphrase)
        cases.append({"name": f"of {key_string[:10]}",
                      "key_string": key_string, "passphrase": passphrase,
                      "key": e.key_text(master), "id": e.key_id(master).hex()})
    return cases


def signed_cases():
    """Section 1.5."""
    def case(name, specs, deliver, channel=HOUSE):
        return sent_case(name, channel, MASTER, specs, deliver, seed=SEED,
                         id=e.id_text(SEED), public=e.public_text(SEED),
                         valid=True)

    one = [frame_spec(7, [LIGHTS], sent=123456, session=SIGNERS)]
    two = [frame_spec(1, [LIGHTS, LIGHTS], session=SIGNERS)]
    return [
        case("a message", one, [LIGHTS]),
        case("IPv6 group", one, [LIGHTS], channel=SIX),
        case("simulated network", one, [LIGHTS], channel=LAB),
        case("two messages", two, [LIGHTS, LIGHTS]),
        case("pieces", piece_specs(LIGHTS, 30, session=SIGNERS), [LIGHTS]),
    ] + signed.wrong_cases(HOUSE, SIX, MASTER, SEED, SIGNERS, OTHER, LIGHTS)


FILES = {
    "signed.json": signed_cases,
    "keys.json": key_cases,
    "open.json": open_cases,
    "sealed.json": sealed_cases,
    "fragments.json": fragment_cases,
    "refused.json": lambda: refused.cases(HOUSE, SIX, MASTER, SECOND, SESSION,
                                          OTHER, LIGHTS),
    "control.json": lambda: control.cases(HOUSE, MASTER, SESSION),
}


def main():
    wrong = []
    for name, cases in FILES.items():
        text = json.dumps({"cases": cases()}, indent=1) + "\n"
        path = HERE / name
        if "--check" not in sys.argv[1:]:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            wrong.append(name)
    for name in wrong:
        print(f"{name} is not what make_vectors.py makes", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
