# SPDX-License-Identifier: Apache-2.0
"""The lines that golden_test.py runs twice: with mosquitto's programs, and with
msock. A word list is written as a shell would have it."""

from dataclasses import dataclass, field

# Files that the lines name.
FILES = {
    "word": b"hello",
    "two": b"one\ntwo\n",
    "tabs": b"a\tb\n\n c",
    "binary": b"\xff\x00\x01\x1b[2J\xc3(\n\x7f" + bytes(range(256)),
    "object": b'{"on": [1, 2.50, null], "x": "\\u00e9 \\/"}\n',
    "empty": b"",
    "large": b"0123456789abcdef\n" * 6000,
}


@dataclass
class Pub:
    """mosquitto_pub and msock pub, with standard input."""
    words: str
    input: bytes = b""
    ours: str | None = None  # words of msock, if they differ
    code: int = 0


@dataclass
class Line:
    """A subscriber, if any, and what is published then."""
    sub: str | None
    pubs: list[Pub] = field(default_factory=list)
    before: list[Pub] = field(default_factory=list)  # it listens later
    code: int = 0


@dataclass
class Ask:
    """mosquitto_rr and msock req; who answers says `answer`, or nothing, and
    what it hears is compared, too, unless mosquitto_rr, which sends nothing of
    a file (2.0.11), is wrong."""
    words: str
    answer: str | None = "the answer"
    input: bytes = b""
    hears: bool = True
    code: int = 0


def said(sub, *pubs, **more):
    return Line(sub, [Pub(pub) if isinstance(pub, str) else pub
                      for pub in pubs], **more)


# msock holds states as long as a node that knows them is there; a broker
# always is. golden_test.py has a holder for these.
STALE = Pub("-t s -m stale -r", ours="-t s -m stale --state")

LINES = [
    # what is printed
    said("-t t -C 1", "-t t -m hello"),
    said("-t t -C 1 -v", "-t t -m hello"),
    said("-t t -C 1 -N", "-t t -m hello"),
    said("-t t -C 1 -v -N", "-t t -m hello"),
    said("-t t -C 2", "-t t -m hello", "-t t -m 'Grüße, € and 𝄞'"),
    said("-t t -C 1 -v", r"""-t a/b -m no""", r"""-t t -m 'say "hi" \there'"""),
    said("--topic t -C 1 --verbose", "--topic t --message long"),
    said("-t 'a b/ü' -C 1 -v", "-t 'a b/ü' -m blanks"),
    # what is JSON goes as it is, and looks the same
    said("-t t -C 3", "-t t -m 21.50", "-t t -m -5", "-t t -m true"),
    said("-t t -C 1", "-t t -m null"),
    said("-t t -C 1 -v", """-t t -m '{"on":false,"x":[1,{"a":[]}]}'"""),
    said("-t t -C 1", Pub("""-t t -m '"off"'""",
                          ours="""-t t --string -m '"off"'""")),
    said("-t t -C 1", Pub("""-t t -m ' {"on" : false}'""",
                          ours="""-t t --string -m ' {"on" : false}'""")),
    # without data
    said("-t t -C 1 -v", "-t t -n"),
    said("-t t -C 1 -v", "-t t -m ''"),
    said("-t t -C 1", "-t t -n"),
    said("-t t -C 1 -v -N", "-t t -n"),
    said("-t t -C 1 -v", "-t t --null-message"),
    # files and standard input; msock puts a newline that is in a message on
    # one line with the rest, unless -N or -F want it exactly
    said("-t t -C 1", "-t t -f word"),
    said("-t t -C 1 -F %p", "-t t -f two"),
    said("-t t -C 1 -N", "-t t --file tabs"),
    said("-t t -C 1 -F %p", "-t t -f tabs"),
    said("-t t -C 1 -N", "-t t -f binary"),
    said("-t t -C 1 -v", "-t t -f empty"),
    said("-t t -C 1 -v -N", "-t t -f large"),
    said("-t t -C 1 -N", Pub("-t t -f object", ours="-t t -f object --string")),
    said("-t t -C 1 -F %p", Pub("-t t -s", b"all of it\nis one\n")),
    said("-t t -C 1 -N", Pub("-t t --stdin-file", FILES["binary"])),
    said("-t t -C 3", Pub("-t t -l", b"one\ntwo\nthree\n")),
    said("-t t -C 4 -v", Pub("-t t --stdin-line", b"one\n\n two \nlast")),
    said("-t t -C 3 -v", "-t t -m again --repeat 3"),
    said("-t t -C 2 -v", "-t t -m again --repeat 2 --repeat-delay 0.1"),
    # filters
    said("-t a -t b/+ -C 2 -v", "-t a -m 1", "-t b -m 2", "-t b/c -m 3"),
    said("-t t/# -t t -t t/+ -C 2 -v", "-t t -m once", "-t t/u -m once"),
    said("-t a/+/c -C 1 -v", "-t a/b -m 1", "-t a/b/d -m 2", "-t a/b/c -m 3"),
    said("-t '#' -T a/# -T +/x -C 2 -v", "-t a -m 1", "-t a/b -m 2",
         "-t b/x -m 3", "-t b/y -m 4", "-t c -m 5"),
    said("-t '#' --filter-out a -C 1 -v", "-t a -m 1", "-t a/b -m 2"),
    # ending
    said("-t t -C 2", "-t t -m 1", "-t t -m 2", "-t t -m 3"),
    said("-t t -W 1", code=27),
    said("-t t -W 5 -v", "-t t -m heard", code=27),
    said("-t t -W 20 -C 1 -v", "-t t -m heard"),
    said("-t t -W 1 -v", Pub("-t t -l", b""), code=27),
    said(None, Pub("-t t -s", b"", code=1)),
    said(None, Pub("-t t -f missing", code=1)),
    said(None, Pub("-t 'a/#' -m 1", code=1)),
    said("-t 'a/#/b'", code=1),
    # formats
    said("-t t/u -C 1 -F '%t: %p'", "-t t/u -m hello"),
    said("-t t -C 1 -F '%%|%l|%x|%X'", "-t t -m 'né'"),
    said("-t t -C 1 -F '|%10p|%-10p|%3p|%010p|%.2p|'", "-t t -m hello"),
    said("-t top/ic -C 1 -F '|%10t|%-10t|%3t|%010t|%.2t|%9.2t|'",
         "-t top/ic -m 1"),
    said("-t t -C 1 -F '|%6l|%-6l|%06l|%4x|%-4X|'", "-t t -m hello"),
    said("-t t -C 1 -F '%r %q %m'", "-t t -m hello"),
    said(r"-t t -C 1 -F 'a\tb\nc\\d\e[1m\0\a\r\v'", "-t t -m 1"),
    said("-t t -C 1 -F '@Y-@m-@d @@ @s.@N @j@Z'", "-t t -m 1"),
    said("-t t -C 1 -F '%I %U'", "-t t -m 1"),
    said("-t t -C 1 -F '%p;' -N", "-t t -f two"),
    said("-t t -C 1 -v -F '<%p>'", "-t t -f binary"),
    said("-t t -C 2 -v -F '%t <%p> %l <%x>'", "-t t -n", "-t t -m ''"),
    said("-t t -C 1 -F %j", """-t t -m 'say "hello"'"""),
    said("-t t -C 1 -F %j", "-t t -m 7"),
    said("-t t -C 1 -F %j", """-t t -m '{"on":false}'"""),
    said("-t t -C 1 -F %j", "-t t -n"),
    said("-t t -C 1 -F %j", "-t t -f tabs"),
    said("-t t -C 1 -F %J", """-t t -m '{"on":[false,1.5,"x"]}'"""),
    said("-t t -C 1 -F %J", "-t t -m 7"),
    said("-t t -C 1 -F %J", "-t t -n"),
    said("-t t -C 1 -q 2 -F '%q %p'", Pub("-t t -m sure -q 2",
                                          ours="-t t -m sure --reliable")),
    said("-t t -C 1 -q 2 -F %j", Pub("-t t -m sure -q 2",
                                     ours="-t t -m sure --reliable")),
    # what is retained is a state here
    said("-t s -C 1 -F '%r %t %p'", before=[STALE]),
    said("-t s -C 1 -R -F '%r %p'", "-t s -m live", before=[STALE]),
    said("-t s -C 1 -F '%r %p'", Pub("-t s -m now -r",
                                     ours="-t s -m now --state")),
    said("-t s -W 2 -v", before=[STALE, Pub("-t s -n -r",
                                            ours="-t s -n --state")], code=27),
    # questions
    Ask("-t q -m 'how much?' -W 20"),
    Ask("-t q/r -m ask -W 20 -N"),
    Ask("-t q -m '' -W 20", answer="nothing was asked"),
    Ask("-t q -n -W 20", answer="21.5"),
    Ask("-t q -m 7 -W 20 -F '%p %l %x'"),
    Ask("-t q -m ask -W 20", answer='{"on":true}'),
    Ask("-t q -m ask -W 20 -F '%5p|%-12p|'"),
    Ask("--topic q --message '[1]' -W 20 -F '%l: %p' ", answer='[{"x":null}]'),
    Ask("-t q -f two -W 20", hears=False),
    Ask("-t q -s -W 20 -N", input=b"all of it", hears=False),
    Ask("-t q -m ask -W 1", answer=None, code=27),
]
