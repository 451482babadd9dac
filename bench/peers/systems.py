# SPDX-License-Identifier: Apache-2.0
"""What is compared: systems, what they are asked to do, and the goals."""

import dataclasses

BIG = 4194304  # bytes of receive buffer that the variants "4M" ask for


@dataclasses.dataclass
class Scenario:
    """What publishers and listeners do."""
    title: str
    size: int = 64
    listeners: int = 1
    kind: str = "flow"  # or "ping", or "lossless": the greatest rate that is
    rate: int = 0       # 0: as fast as it goes
    loss: int = 0       # per cent of what arrives, where that can be lost
    busy: int = 0       # us that a listener takes for each message


SCENARIOS = {
    "64": Scenario("64 B"),
    "1k": Scenario("1 KiB", 1024),
    "64x8": Scenario("64 B to 8", listeners=8),
    "1m": Scenario("1 MiB", 1 << 20),
    "l64": Scenario("64 B, lossless", kind="lossless"),
    "l1k": Scenario("1 KiB, lossless", 1024, kind="lossless"),
    "l64x8": Scenario("64 B to 8, lossless", listeners=8, kind="lossless"),
    "l1m": Scenario("1 MiB, lossless", 1 << 20, kind="lossless"),
    "64loss": Scenario("64 B, 1 % of the datagrams lost", loss=1),
    "64loss5": Scenario("64 B, 5 % of the datagrams lost", loss=5),
    "64slow": Scenario("64 B, a listener that takes 5 µs for each", busy=5),
    "64slow1": Scenario("64 B, the same with 1 % lost", busy=5, loss=1),
    "rtt": Scenario("round trip", kind="ping"),
    "10k": Scenario("10,000 messages/s", rate=10000),
}


@dataclasses.dataclass
class System:
    """A program, its settings, and the scenarios that it plays."""
    program: str
    scenarios: str
    settings: dict = dataclasses.field(default_factory=dict)
    sealed: bool = False
    broker: str = ""
    environment: dict = dataclasses.field(default_factory=dict)


DDS = ('<CycloneDDS><Domain><General><Interfaces><NetworkInterface name="lo" '
       'multicast="true"/></Interfaces>%s</General></Domain></CycloneDDS>')
DDS_SMALL = {"CYCLONEDDS_URI": DDS % ""}
DDS_BIG = {"CYCLONEDDS_URI":
           DDS % "<MaxMessageSize>65000B</MaxMessageSize>"
                 "<FragmentSize>64000B</FragmentSize>"}
FLOW = "64 1k 64x8"
LOSSLESS = "l64 l1k l64x8"
PACE = 1 << 30  # bytes/s: the pace is no limit here
URL = "udp://239.255.76.93:7786?iface=lo"
# The default history of 16 MiB lasts 125 ms at 1 Gbit/s; here more is sent.
PACED = f"{URL}&pace={PACE}&history_max=64M"

# Lossless by themselves: those that wait, and those that repair.
SYSTEMS = {
    "multisock": System("multisock", f"{FLOW} {LOSSLESS} rtt 10k",
                        {"url": URL, "rcvbuf": BIG}),
    "multisock reliable": System(
        "multisock", f"{FLOW} 1m 64loss 64loss5 64slow 64slow1",
        {"url": PACED, "rcvbuf": BIG, "reliable": 1}),
    "multisock reliable, default": System(
        "multisock", "64 64loss 64loss5 64slow 64slow1",
        {"url": URL, "rcvbuf": BIG, "reliable": 1}),
    "multisock without GSO": System("multisock_single",
                                    "64 64x8 l64 l64x8",
                                    {"url": URL, "rcvbuf": BIG}),
    "multisock reliable without GSO": System(
        "multisock_single", "64 64x8",
        {"url": PACED, "rcvbuf": BIG, "reliable": 1}),
    "multisock sealed": System("multisock", "64 1k l64 l1k rtt",
                               {"url": URL, "rcvbuf": BIG}, sealed=True),
    "multisock sealed reliable": System(
        "multisock", "64 1k",
        {"url": PACED, "rcvbuf": BIG, "reliable": 1}, sealed=True),
    "udp": System("udp", f"{FLOW} {LOSSLESS}", {"rcvbuf": BIG}),
    "udp packed": System("udp", f"{FLOW} l64",
                         {"rcvbuf": BIG, "pack": 1400}),
    "udp packed, GSO": System("udp", f"{FLOW} l64",
                              {"rcvbuf": BIG, "pack": 1400, "segments": 46}),
    "libuv": System("uv", "64 rtt 10k", {"rcvbuf": BIG}),
    "LCM": System("lcm", f"{FLOW} rtt 10k"),
    "LCM 4M": System("lcm", f"{FLOW} {LOSSLESS} 1m l1m", {"rcvbuf": BIG}),
    "ZeroMQ": System("zmq", "rtt 10k"),
    "ZeroMQ blocking": System("zmq", f"{FLOW} 1m", {"block": 1}),
    "ZeroMQ CURVE": System("zmq", "64 1k rtt", {"block": 1, "curve": 1},
                           sealed=True),
    "Cyclone DDS": System("dds", "rtt 10k", environment=DDS_SMALL),
    "Cyclone DDS reliable": System("dds", f"{FLOW} 64loss", {"reliable": 1},
                                   environment=DDS_SMALL),
    "Cyclone DDS reliable, big": System("dds", "1m", {"reliable": 1},
                                        environment=DDS_BIG),
    "NORM 4 Gbit/s": System("norm", f"{FLOW} 64loss", {"rate": 4e9}),
    "NORM 1 Gbit/s": System("norm", f"{FLOW} 64loss", {"rate": 1e9}),
    "mosquitto": System("mosquitto", f"{FLOW} rtt", broker="mosquitto"),
    "NATS": System("nats", FLOW, broker="nats"),
    "NATS at once": System("nats", "rtt 10k", {"asap": 1}, broker="nats"),
    "NATS TLS": System("nats", "64 1k", {"tls": 1, "port": 4223},
                       broker="nats-tls"),
}


@dataclasses.dataclass
class Goal:
    """A ratio that is to be reached: ours to theirs, the better of ours."""
    title: str
    scenario: str
    ours: tuple
    their_scenario: str
    theirs: str
    must: float
    moonshot: float = 0.0
    figure: str = "rate"
    less: bool = False  # less is better


def _ratios(title, scenario, ours, *goals, **more):
    return [Goal(title, scenario, ours, their_scenario, theirs, must, moonshot,
                 **more)
            for their_scenario, theirs, must, moonshot in goals]


OPEN = ("multisock", "multisock reliable")
SINGLE = ("multisock without GSO", "multisock reliable without GSO")
SEALED = ("multisock sealed", "multisock sealed reliable")

GOALS = [
    *_ratios("64 B, lossless", "l64|64", OPEN,
             ("64", "LCM 4M", 13, 30), ("64", "udp", 8, 17),
             ("64", "ZeroMQ blocking", 1.3, 2.8)),
    *_ratios("64 B without GSO, lossless", "l64|64", SINGLE,
             ("64", "LCM 4M", 10, 15), ("64", "udp", 6, 8.5),
             ("64", "ZeroMQ blocking", .9, 1.4)),
    *_ratios("1 KiB, lossless", "l1k|1k", OPEN,
             ("l1k", "LCM 4M", 3, 5.8), ("1k", "ZeroMQ blocking", .7, 1.5)),
    *_ratios("64 B to 8, lossless", "l64x8|64x8", OPEN,
             ("64x8", "LCM 4M", 6.5, 33),
             ("64x8", "ZeroMQ blocking", 1.4, 3.3)),
    *_ratios("64 B to 8 without GSO, lossless", "l64x8|64x8", SINGLE,
             ("64x8", "LCM 4M", 6.5, 0), ("64x8", "ZeroMQ blocking", .65, 0)),
    *_ratios("1 MiB, lossless", "1m", OPEN,
             ("l1m", "LCM 4M", .95, 1.25), ("1m", "ZeroMQ blocking", .85, 1.1)),
    *_ratios("round trip, p50", "rtt", ("multisock",),
             ("rtt", "libuv", 1.7, 1.2), ("rtt", "LCM", 1 / 7, 1 / 9),
             ("rtt", "Cyclone DDS", 1 / 7, 0), ("rtt", "ZeroMQ", 1 / 7, 0),
             figure="p50_us", less=True),
    *_ratios("round trip, p99", "rtt", ("multisock",),
             ("rtt", "libuv", 1.7, 1.1), ("rtt", "LCM", 1 / 7, 1 / 9),
             ("rtt", "Cyclone DDS", 1 / 7, 0), ("rtt", "ZeroMQ", 1 / 7, 0),
             figure="p99_us", less=True),
    *_ratios("10,000/s, one way, p50", "10k", ("multisock",),
             ("10k", "libuv", 1.9, 1.2), figure="p50_us", less=True),
    *_ratios("10,000/s, listener's CPU", "10k", ("multisock",),
             ("10k", "libuv", 1.7, 1.2), figure="listener_us", less=True),
    *_ratios("64 B sealed, lossless", "l64|64", SEALED,
             ("64", "NATS TLS", 1.6, 2.9), ("64", "ZeroMQ CURVE", 1.7, 3.1),
             ("64", "multisock reliable", .6, 0)),
    *_ratios("1 KiB sealed, lossless", "l1k|1k", SEALED,
             ("1k", "ZeroMQ CURVE", .95, 1.9), ("1k", "LCM 4M", 1, 0)),
    *_ratios("64 B, reliable", "64", ("multisock reliable",),
             ("64", "Cyclone DDS reliable", 3, 10),
             ("64", "NORM 4 Gbit/s", 1, 3)),
    *_ratios("64 B, reliable, 1 % loss", "64loss", ("multisock reliable",),
             ("64loss", "Cyclone DDS reliable", 3, 10),
             ("64loss", "NORM 4 Gbit/s", 1, 3)),
]
