# SPDX-License-Identifier: Apache-2.0
"""An independent encoder of the multisock wire protocol, version 1.

Written from docs/protocol.md alone, over libsodium and nothing of ours, so that
what the library makes and takes can be compared with something else.
"""

import base64
import ctypes
import ipaddress
import json
import re

sodium = ctypes.CDLL("libsodium.so.23")
if sodium.sodium_init() < 0:
    raise SystemExit("libsodium does not start")

SEALED, FRAGMENT, SIGNED = 1, 2, 4
BEST_EFFORT, RELIABLE, CONTROL = 0, 1, 2


def blake2b(text, size, key=b""):
    out = ctypes.create_string_buffer(size)
    sodium.crypto_generichash(
        out, ctypes.c_size_t(size), text, ctypes.c_ulonglong(len(text)),
        key or None, ctypes.c_size_t(len(key)))
    return out.raw


def xchacha20poly1305(plain, associated, nonce, key):
    out = ctypes.create_string_buffer(len(plain) + 16)
    sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(
        out, None, plain, ctypes.c_ulonglong(len(plain)), associated,
        ctypes.c_ulonglong(len(associated)), None, nonce, key)
    return out.raw


class Channel:
    """Section 1.2: what a channel adds to a key."""

    def __init__(self, group, port):
        self.group, self.port = group, port
        if group.startswith("sim://"):
            self.group16 = blake2b(group[6:].encode(), 16)
        else:
            address = ipaddress.ip_address(group)
            mapped = b"\0" * 10 + b"\xff\xff" if address.version == 4 else b""
            self.group16 = mapped + address.packed

    def key(self, master):
        text = b"multisock 1 seal" + self.group16 + self.port.to_bytes(2, "big")
        return blake2b(text, 32, master)

    def described(self):
        return {"group": self.group, "port": self.port,
                "group16": self.group16.hex()}


def master_of_passphrase(key_string, passphrase):
    """Section 1.2: Argon2id, version 1.3, of two texts."""
    out = ctypes.create_string_buffer(32)
    salt = blake2b(b"multisock1" + key_string.encode(), 16)
    secret = passphrase.encode()
    if sodium.crypto_pwhash_argon2id(
            out, ctypes.c_ulonglong(32), secret,
            ctypes.c_ulonglong(len(secret)), salt, ctypes.c_ulonglong(3),
            ctypes.c_size_t(64 * 1024 * 1024), ctypes.c_int(2)) != 0:
        raise SystemExit("no memory for Argon2id")
    return out.raw


def key_id(master):
    return blake2b(b"multisock 1 id", 32, master)[:4]


def header(session, counter, stream=BEST_EFFORT, flags=0, id=b"\0\0\0\0",
           magic=b"MS", version=1):
    sequence = stream << 62 | counter
    return (magic + bytes([version, flags]) + id + session +
            sequence.to_bytes(8, "big"))


def open_frame(session, counter, body, flags=0, **more):
    return header(session, counter, flags=flags, **more) + body


def sealed_frame(channel, master, session, counter, body, flags=0, **more):
    head = header(session, counter, flags=flags | SEALED,
                  **{"id": key_id(master), **more})
    return head + xchacha20poly1305(body, head, head[8:32],
                                    channel.key(master))


def ed25519_pair(seed):
    """The public and the secret key of a seed."""
    public = ctypes.create_string_buffer(32)
    secret = ctypes.create_string_buffer(64)
    sodium.crypto_sign_seed_keypair(public, secret, seed)
    return public.raw, secret.raw


def session_of(seed, drawn):
    """Section 1.5: the session of a seed's node of which 8 bytes were drawn."""
    text = b"multisock 1 session" + ed25519_pair(seed)[0] + drawn
    return drawn + blake2b(text, 32)[:8]


def signature(channel, seed, head, body):
    """Section 1.5: of the body of a frame with this header."""
    text = (b"multisock 1 sign" + channel.group16 +
            channel.port.to_bytes(2, "big") + head + body)
    out = ctypes.create_string_buffer(64)
    sodium.crypto_sign_detached(out, None, text, ctypes.c_ulonglong(len(text)),
                                ed25519_pair(seed)[1])
    return out.raw


def signed_frame(channel, master, seed, session, counter, body, flags=0,
                 signs=lambda channel, head, body: (channel, head, body),
                 **more):
    """`signs` changes what the signature is over, for one that is wrong."""
    flags |= SEALED | SIGNED
    head = header(session, counter, flags=flags,
                  **{"id": key_id(master), **more})
    over, over_head, over_body = signs(channel, head, body)
    return sealed_frame(channel, master, session, counter,
                        body + signature(over, seed, over_head, over_body),
                        flags=flags, **more)


def batch(*messages, sent=0):
    return sent.to_bytes(8, "big") + b"".join(messages)


def piece(index, count, data, sent=0):
    return (sent.to_bytes(8, "big") + index.to_bytes(4, "big") +
            count.to_bytes(4, "big") + data)


def compact(text):
    """JSON without the white space outside of strings, otherwise as it is."""
    tokens = re.findall(r'"(?:[^"\\]|\\.)*"|[^\s"]+', text)
    return "".join(tokens)


def message(fields):
    """Section 2.2: the canonical form. `data` is JSON text, `raw` hex."""
    def string(text):
        return json.dumps(text, ensure_ascii=False)

    members = []
    for name in ("topic", "sender", "id", "reply_to"):
        if name in fields:
            members.append(f'"{name}":{string(fields[name])}')
    for name in ("expires", "after", "state"):
        if name in fields:
            members.append(f'"{name}":{fields[name]}')
    if "origin" in fields:
        members.append(f'"origin":{compact(fields["origin"])}')
    if "type" in fields:
        members.append(f'"type":{string(fields["type"])}')
    if "data" in fields:
        members.append(f'"data":{compact(fields["data"])}')
    raw = bytes.fromhex(fields.get("raw", ""))
    if "raw" in fields:
        members.append(f'"len":{len(raw)}')
    return ("{" + ",".join(members) + "}\n").encode() + raw


def id_text(seed):
    return "ed25519-secret " + base64.b64encode(seed).decode()


def public_text(seed):
    return base64.b64encode(ed25519_pair(seed)[0]).decode()


def key_text(master):
    return base64.b64encode(master).decode()
