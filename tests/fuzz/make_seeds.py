# SPDX-License-Identifier: Apache-2.0
"""Makes what the fuzz targets begin with, of the test vectors.

    make_seeds.py VECTORS_DIR SEEDS_DIR

Each target has a folder of its name; what the bytes of a seed mean is said at
the top of the target. Targets that are held against a model read choices, not
texts: theirs are drawn from a generator with a fixed seed.
"""

import json
import os
import random
import shutil
import struct
import sys

HEADER, SENT = 32, 8
FRAGMENT = 2
WORDS = ["hello", "bye", "challenge", "answer", "sync", "nack", "query", "held",
         "ring", "ack", "take"]

KEYS = ["AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=",
        "shA1z21Yt9gGOYR5QeQp5n14jCNzpdC7LNiVwaqEQ4M="]

URLS = [
    "udp://239.255.77.83:7783",
    "udp://[ff15::4d53]:7783?iface=eth0,10.0.0.0/8&ttl=2&mtu=1400&dscp=46",
    "udp://239.255.77.83:7783?name=porch&key_file=/etc/multisock/key",
    "udp://239.255.77.83:7783?codec=raw&topic=cam%2F1",
    "udp://239.1.2.3:1?rcvbuf=4M&message_max=1K&head_max=512&queue_max=64K"
    "&sessions_max=1&assemblies_max=1024&reassembly_max=1G",
    "udp://239.1.2.3:65535?history_ms=100&history_max=64K&reorder_max=64K"
    "&reorder_all_max=64K&pending_max=1&held_max=64K&held_all_max=1G",
    "udp://239.1.2.3:9?pace=16K&late_ms=1&copies_ms=1000&scheduled_max=4K"
    "&post_max=64K&listen=7784&peer=10.0.0.1,[fe80::1%25eth0]:7,h:65535",
    "sim://house?loss=10%&dup=0.5&reorder=3%25&delay=1ms&jitter=250us&seed=7",
    "sim://h?name=caf%C3%A9&delay=60s&loss=100",
    "udp://host", "sim://", "http://x", "udp://239.1.2.3:0", "udp://[::1",
    "udp://239.1.2.3:7?ttl=256", "udp://239.1.2.3:7?tll=1",
    "udp://239.1.2.3:7?ttl=1&ttl=1", "udp://239.1.2.3:7?name=%zz",
    "\nU\nG239.255.1.1\nP7000", "udp://239.1.2.3:7\n\0porch\n\2eth1\n\0051",
]

JSON = [
    "null", "true", "false", "0", "-0", "-1.5e+3", "1E-7", '""', "[]", "{}",
    '[1,[2,[3,{"a":[{}]}]]]', '{"a":1,"a":2}', ' [ 1 , 2 ] ',
    r'"\"\\\/\b\f\n\r\t\u00e9\ud83d\udca1"', '"caf\u00e9 \U0001f4a1"',
    '"' + "x" * 70 + '"', "1" * 64, "1" * 65, "1e308", "1e309", "[" * 32 +
    "]" * 32, "[" * 33 + "]" * 33, r'"\ud83d"', r'"\u0000"', "01", "[1,]",
    '{"on":false,"at":[1,2.5,null],"who":"hub"}',
]

CONFIGS = [
    '{"sync":true}',
    '{"filter":["a/#","b"],"limit":16,"sync":false,"commands":['
    '{"on":"x/y","run":["/bin/true"],"timeout_ms":600000}]}',
    '{"on":"x","run":[]}', '{"on":"x","run":[1],"timeout_ms":1}',
    '{"inner":{"inner":{"number":-1.5},"list":[{},{"number":2}]}}',
    "{}", ' { "filter" : "a" , "sync" : true } ', '{"synk":true}',
    '{"sync":1}', '{"sync":true,"sync":true}', "[]", '{"commands":[1]}',
]

KEYFILES = [
    f"{KEYS[0]}\n", f"# of the house\n{KEYS[0]} # since May\n",
    f"# head\n\n# the new one\n{KEYS[1]}\n# the old one\n{KEYS[0]}#x\r\n\n#end",
    f"  {KEYS[0]}\t\r\n{KEYS[0]}\n", "", "#\n", KEYS[0][:-1] + "\n",
    f"# the\0house\n{KEYS[0]}\n", f"\ufeff{KEYS[0]}\n", f"{KEYS[0]}{KEYS[1]}\n",
]

ID = "ed25519-secret nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A="

IDENTITIES = [
    ID + "\n", "# of the hub\n  " + ID + "\r\n\n#", ID + "\n" + ID, "", "#\n",
    "ed25519-secret\n", ID.replace("secret", "public"), ID[:-1], ID[15:],
    ID + "\0" + "A" * 172, ID + "\0" + ID[15:] * 3,
]

PUBLIC = ["ed25519 11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
          "ed25519 PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw="]

TRUST = [
    f"hub {PUBLIC[0]} publish lights/# keep admin\n* - unsigned a/+ lights\n",
    f"# the house\r\n\r\nhub\t{PUBLIC[0]} publish lights/# \"a b/+\" keep "
    f"admin\r\nbulb7 {PUBLIC[1]} unsigned sensors/bulb7 \"#\" publish /\n",
    f'"a \\"b\\" \\\\ c" {PUBLIC[0]} unsigned "publish" "keep" publish $x/#',
    f"caf\u00e9 {PUBLIC[1]}", "* - unsigned \"#\"\n", "* - \n", "", "#\n",
    f"hub {PUBLIC[0]}\nhub {PUBLIC[1]}\n", f"hub {PUBLIC[0]} admim\n",
    f"* {PUBLIC[0]}\n", f"hub {PUBLIC[0]} publish\n", "hub ed25519 AAAA\n",
    f"hub {PUBLIC[0]} publish $ms/#\n", f"hub {PUBLIC[0]} publish a # no\n",
    f'"hub {PUBLIC[0]}\n', f'"hub"x {PUBLIC[0]}\n', "* - publish a\n",
]

LISTS = ["auto", "all", "eth0,lo", "10.0.0.0/8", "fe80::/10,eth0", "10.0.0.1",
         "10.0.0.2:7784,[fe80::1]:9,fe80::2", "eth0,eth0", "10.0.0.0/33", ","]

FILTERS = [
    ("a/b", "a/b"), ("a/+", "a/b"), ("a/#", "a"), ("#", "$ms/hello"),
    ("$ms/#", "$ms/hello"), ("+/+/#", "//"), ("a//b", "a//b"), ("/", "/"),
    ("+", "caf\u00e9"), ("a/#/b", "a/x/b"), ("a+", "a+"), ("#a", "x"),
    ("/".join("abcdefghijklmnop"), "/".join("abcdefghijklmnop")),
    ("+/" * 16 + "#", "a/" * 16), ("x" * 255, "x" * 256), ("\x01", "\x7f"),
    ("$x/+", "$x/y"), ("+/y", "$x/y"), ("#", "a\u0085"),
]


def attribute(kind, data):
    """One of rtnetlink, in the machine's own byte order."""
    padding = bytes(-len(data) % 4)
    return struct.pack("=HH", 4 + len(data), kind) + data + padding


def netlink(kind, data):
    return struct.pack("=IHHII", 16 + len(data), kind, 2, 1, 0) + data


def interface(index, name, flags, kind=b""):
    """RTM_NEWLINK with name, MTU, master and kind."""
    data = struct.pack("=BxHiII", 0, 1, index, flags, 0)
    data += attribute(3, name + b"\0") + attribute(4, struct.pack("=I", 1500))
    if kind:
        data += attribute(10, struct.pack("=I", 1))
        data += attribute(18, attribute(1, kind + b"\0"))
    return netlink(16, data)


def address(index, family, data):
    """RTM_NEWADDR with one address."""
    head = struct.pack("=BBBBI", family, 8, 0, 0, index)
    return netlink(20, head + attribute(1, data) + attribute(2, data))


def add_hosts(seeds):
    news = (interface(1, b"lo", 0x9) + interface(2, b"eth0", 0x1003) +
            interface(7, b"veth1", 0x1003, b"veth") +
            address(2, 2, bytes([10, 0, 0, 1])) +
            address(2, 10, bytes([0xfe, 0x80] + [0] * 13 + [1])) +
            netlink(3, bytes(4)))
    for text in LISTS:
        seeds.add("host", text.encode() + b"\0" + news)
    seeds.add("host", b"all\0" + news[:100])


class Seeds:
    """The folders, and how many seeds each has."""

    def __init__(self, folder):
        self.folder, self.counts = folder, {}

    def add(self, target, data):
        if isinstance(data, str):
            data = data.encode()
        number = self.counts.get(target, 0)
        self.counts[target] = number + 1
        path = os.path.join(self.folder, target)
        os.makedirs(path, exist_ok=True)
        with open(os.path.join(path, f"{number:04}"), "wb") as file:
            file.write(data)


def datagrams(frames, member=False):
    """Frames as the target `frame` reads them."""
    mark = 0x8000 if member else 0
    return b"".join(struct.pack(">H", len(frame) | mark) + frame
                    for frame in frames if len(frame) < 0x8000)


def cut_batch(frame):
    """The messages of an open frame that is no piece, or None."""
    if frame[:2] != b"MS" or len(frame) <= HEADER + SENT or frame[3] != 0:
        return None
    return frame[HEADER + SENT:]


def add_frames(seeds, case):
    frames = [bytes.fromhex(frame) for frame in case["frames"]]
    if sum(map(len, frames)) > 4096:
        return
    seeds.add("frame", datagrams(frames))
    if not case["keys"]:
        seeds.add("frame", datagrams(frames, member=True))
    for frame in frames:
        messages = cut_batch(frame)
        if frame[:1] == b"{":
            seeds.add("envelope", b"\x01" + frame)
            seeds.add("json", frame)
        elif messages:
            seeds.add("envelope", b"\x00" + messages)
            seeds.add("batch", messages)
            seeds.add("seal", seal_seed(frame, 0))
            seeds.add("seal", seal_seed(frame, 32))


def seal_seed(frame, how):
    """A frame as its choices: no change, then the counter and the body."""
    how |= 4 if frame[3] & FRAGMENT else 0
    return bytes([how, 0, 0, 0]) + frame[25:33] + frame[HEADER:]


def add_control(seeds, case):
    lines = [cut_batch(bytes.fromhex(frame)) for frame in case["frames"]]
    live = b"\x01"
    for item in case["control"] or filter(None, lines):
        if isinstance(item, bytes):  # a refused one
            topic, _, data = item.partition(b'"data":')
            word = next((w for w in WORDS if w.encode() in topic), "query")
            data = data[:-2]
        else:
            word = item["topic"].partition("/")[2]
            data = json.dumps(item["data"], separators=(",", ":")).encode()
        number = WORDS.index(word)
        seeds.add("control", bytes([number, 4, 0]) + data)
        if len(data) < 1400:
            live += live_step(number, data)
    if len(live) > 1:
        seeds.add("live", live)


def live_step(word, data, who=1, since=128):
    """A forged control message, as the target `live` reads it."""
    kinds = len(WORDS)
    word += (since + kinds - 1) // kinds * kinds  # from 128 on: sent just now
    return bytes([2, who, word]) + struct.pack(">H", len(data)) + data


def add_conversations(seeds):
    """Forged messages that the receiver has reason to take seriously."""
    me, peer, nonce = "SELF" * 4, "PEER" * 4, "NONCENONCENONCEN"
    talk = [
        (3, f'{{"age":10,"rel":[1,5],"floors":[[1,1,"{nonce}"]]}}'),
        (0, '{"age":20,"every":5000,"be":3,"rel":[1,5],"rev":0}'),
        (4, '{"rel":[3,9]}'),
        (5, f'{{"session":"{me}","ranges":[[1,1],[3,90]]}}'),
        (2, f'{{"nonce":"0123456789abcdef","up":10000,"sessions":["{me}",'
            f'"{peer}"]}}'),
        (0, '{"age":20,"every":1,"be":0,"rel":[1,0],"rev":1,"version":"1",'
            '"part":[0,1],"filters":["#"],"keys":["00000001"],"keeper":true,'
            '"will":["x",1]}'),
        (6, f'{{"who":["{me}"]}}'),
        (6, f'{{"query":"0123456789abcdef","done":["{peer}"],"of":["{me}"],'
            '"filters":["#","x/+"]}'),
        (7, '{"query":"0123456789abcdef","values":1,"frames":[2,5]}'),
        (4, f'{{"rel":[3,9],"of":["{me}"],"ack":[3,9]}}'),
        (9, f'{{"session":"{me}","acts":[[1,0],[2,5]]}}'),
        (10, f'{{"session":"{me}","take":[1,0]}}'),
        (5, f'{{"session":"{me}","ranges":[[1,1]],"take":[1,32]}}'),
        (10, f'{{"session":"{me}","take":[2,9007199254740991]}}'),
        (1, '{"be":3,"rel":[1,5]}'),
    ]
    for who in (0, 1, 4, 5, 8, 12):
        steps = b"".join(live_step(word, data.encode(), who)
                         for word, data in talk)
        publish, wait = b"\x09\x19", b"\x00\x20"
        for sealed in (b"\0", b"\1"):
            seeds.add("live", sealed + publish + steps + wait + steps + wait)


def add_texts(seeds):
    for text in JSON:
        seeds.add("json", text)
        seeds.add("scanner", text.strip())
        seeds.add("batch", f'{{"topic":"a","sender":"b","data":{text}}}\n' * 2)
    for url in URLS:
        seeds.add("options", url)
    for text in CONFIGS:
        for table in range(4):
            seeds.add("config", bytes([table]) + text.encode())
    for text in KEYFILES:
        seeds.add("keyfile", text)
    for text in IDENTITIES:
        seeds.add("identity", text)
    for text in TRUST:
        seeds.add("trust", text)
    for wanted, topic in FILTERS:
        seeds.add("topic", f"{wanted}\0{topic}")


def add_choices(seeds):
    draw = random.Random(5)
    for target, sizes in (("window", (64, 1024)), ("trie", (64, 1024)),
                          ("reorder", (64, 2048)), ("reassembly", (64, 1024)),
                          ("join", (32, 512)), ("rights", (48, 256)),
                          ("engine", (64, 400))):
        for number in range(24):
            seeds.add(target, draw.randbytes(sizes[number % 2]))


def main():
    vectors, folder = sys.argv[1:]
    shutil.rmtree(folder, ignore_errors=True)
    seeds = Seeds(folder)
    add_texts(seeds)
    add_choices(seeds)
    add_hosts(seeds)
    add_conversations(seeds)
    for name in sorted(os.listdir(vectors)):
        if not name.endswith(".json"):
            continue
        with open(os.path.join(vectors, name), encoding="utf-8") as file:
            cases = json.load(file)["cases"]
        for case in cases:
            if "key" in case:
                seeds.add("keyfile", case["key"] + "\n")
            if "frames" in case:
                add_frames(seeds, case)
            if "control" in case:
                add_control(seeds, case)
            for message in case.get("deliver", []):
                seeds.add("scanner", message.get("data", "null"))
    with open(os.path.join(folder, "made"), "w", encoding="utf-8") as file:
        file.write("".join(f"{name} {count}\n"
                           for name, count in sorted(seeds.counts.items())))


main()
