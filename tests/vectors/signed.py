# SPDX-License-Identifier: Apache-2.0
"""Signed frames whose signature is wrong (section 1.5). Who does not look at
signatures takes their message."""

import encoder as e


def wrong_cases(house, six, master, seed, session, other, lights):
    body = e.batch(e.message(lights))
    stranger = bytes(range(51, 83))
    plain = e.header(session, 2, id=e.key_id(master), flags=e.SEALED)

    def case(name, frame, deliver=(lights,), **counters):
        return {"name": name, "channel": house.described(),
                "keys": [e.key_text(master)], "public": e.public_text(seed),
                "frames": [frame.hex()], "deliver": list(deliver),
                "counters": counters, "valid": False}

    def frame(signs, by=seed):
        return e.signed_frame(house, master, by, session, 2, body, signs=signs)

    def header_of(session=session, counter=2, flags=0, **more):
        more = {"id": e.key_id(master), **more}
        return e.header(session, counter, flags=flags | e.SEALED | e.SIGNED,
                        **more)

    def over(head):
        return frame(lambda channel, _, text: (channel, head, text))

    def as_it_is(*parts):
        return parts

    def sealed(body):
        return e.sealed_frame(house, master, session, 2, body, flags=e.SIGNED)

    changed = bytes([body[-9] ^ 1])
    return [
        case("by another node", frame(as_it_is, by=stranger)),
        case("for another group", frame(lambda c, h, b: (six, h, b))),
        case("for another port", frame(
            lambda c, h, b: (e.Channel(house.group, house.port + 1), h, b))),
        case("for another session", over(header_of(session=other))),
        case("for another counter", over(header_of(counter=3))),
        case("for another stream", over(header_of(stream=e.RELIABLE))),
        case("for another key", over(header_of(id=e.key_id(stranger)))),
        case("for a piece", over(header_of(flags=e.FRAGMENT))),
        case("without the flag in the header", over(plain)),
        case("over another body", frame(
            lambda c, h, b: (c, h, b[:-9] + changed + b[-8:]))),
        case("over the messages alone", frame(lambda c, h, b: (c, h, b[8:]))),
        case("of zeros", sealed(body + bytes(64))),
        case("and nothing before it", sealed(bytes(64)), (), drop_body=1),
        case("a byte too short", sealed(bytes(63)), (), drop_body=1),
        case("in an empty frame", sealed(b""), (), drop_body=1),
    ]
