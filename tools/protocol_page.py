#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes docs/man/multisock-protocol.7 of docs/protocol.md.

    python3 tools/protocol_page.py            writes the page
    python3 tools/protocol_page.py --check    exit 1 if it is not of that text

It knows the Markdown that docs/protocol.md is written in, and refuses what it
does not know: headings, paragraphs, indented blocks, lists of one level,
tables, code, emphasis and links. A page whose text did not change keeps its
date.
"""

import datetime
import os
import re
import sys
import textwrap

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SOURCE = os.path.join(ROOT, "docs", "protocol.md")
PAGE = os.path.join(ROOT, "docs", "man", "multisock-protocol.7")
WIDTH = 78
TAG_MAX = 14  # of a table; what is longer has a line of its own
HEAD = """.Dt MULTISOCK-PROTOCOL 7
.Os
.Sh NAME
.Nm multisock-protocol
.Nd {title}
.Sh DESCRIPTION
"""
TAIL = """.Sh SEE ALSO
.Xr msock 1 ,
.Xr multisock-hub 5 ,
.Xr multisock-plugins 7
"""
SPAN = re.compile(r"(`[^`]+`|\*[^*\s][^*]*\*|\[[^][]+\]\([^)\s]+\))")
LISTED = re.compile(r"(-|\d+\.) +")
OPENING = "(["
CLOSING = ".,:;)]?!"


# -- Within a line --

def escaped(text):
    """Text in which nothing means anything to roff."""
    return text.replace("\\", "\\e").replace("^", "\\(ha").replace(
        "~", "\\(ti")


def literal(text):
    """The same of what is to be copied as it stands."""
    return escaped(text).replace("'", "\\(aq").replace("-", "\\-")


def argument(text):
    """One argument of a macro, and no macro or delimiter itself."""
    text = text.replace('"', "\\(dq")
    if " " in text:
        return f'"{text}"'
    if re.fullmatch(rf"[A-Z][a-z]|[{re.escape(OPENING + CLOSING)}|]", text):
        return f"\\&{text}"
    return text


def spans(text):
    """Splits a text into pairs: what a span is, and its characters."""
    for part in SPAN.split(text):
        if part.startswith("`") and len(part) > 1:
            yield "Ql", literal(part[1:-1])
        elif SPAN.fullmatch(part) and part.startswith("*"):
            yield "Em", escaped(part[1:-1])
        elif SPAN.fullmatch(part):
            yield from spans(part[1:part.index("](")])
        elif part:
            yield "No", escaped(part)


def chunks(text):
    """Splits a text at its blanks; each chunk is a list of spans."""
    chunk = []
    for kind, part in spans(text):
        if kind != "No":
            chunk.append((kind, part))
            continue
        words = part.split(" ")
        for index, word in enumerate(words):
            if index > 0 and chunk:
                yield chunk
                chunk = []
            if word:
                chunk.append((kind, word))
    if chunk:
        yield chunk


def macro(chunk):
    """A chunk with a marked span as a call of macros, without the dot."""
    words = []
    for index, (kind, text) in enumerate(chunk):
        last = index == len(chunk) - 1
        if kind == "No" and index == 0 and text in OPENING:
            words += ["No", f"\\&{text}"]
        elif kind == "No" and last and all(one in CLOSING for one in text):
            words += list(text)
            continue
        else:
            words += [kind, argument(text)]
        if not last:
            words.append("Ns")
    # What closes stands at what it closes without being told to.
    if words[-1] in CLOSING and "Ns" in words:
        at = len(words) - 1
        while words[at] in CLOSING:
            at -= 1
        if words[at] == "Ns":
            del words[at]
    return " ".join(words)


def filled(text):
    """The lines of a paragraph: a sentence begins a line, as mdoc has it."""
    lines = []
    plain = []

    def flush():
        if plain:
            for line in textwrap.wrap(" ".join(plain), WIDTH,
                                      break_long_words=False,
                                      break_on_hyphens=False):
                lines.append(f"\\&{line}" if line[0] in ".'" else line)
            plain.clear()

    for chunk in chunks(" ".join(text.split())):
        if any(kind != "No" for kind, _ in chunk):
            flush()
            lines.append(f".{macro(chunk)}")
            continue
        word = "".join(part for _, part in chunk)
        plain.append(word)
        if re.search(r"(^|[^.])[.?!]\)?$", word):
            flush()
    flush()
    return lines


# -- Blocks --

def verbatim(lines):
    yield ".Bd -literal -offset indent"
    for line in textwrap.dedent("\n".join(lines)).split("\n"):
        line = literal(line)
        yield f"\\&{line}" if line[:1] in (".", "'") else line
    yield ".Ed"


def tag(cell):
    """An item of a list, called as a cell says."""
    words = []
    for kind, text in spans(cell):
        if kind == "No":
            words += [argument(one) for one in text.split(" , ") if one]
        else:
            words += ["Cm" if kind == "Ql" else kind, argument(text)]
    return f".It {' '.join(words)}"


def row(cells, sections):
    """An item of a list that stands for a row of a table. A section at its
    end is put in parentheses."""
    texts = [cell for cell in cells[1:] if cell]
    if len(texts) > 1 and (sections or re.fullmatch(r"\d+\.\d+", texts[-1])):
        texts[-2:] = [f"{texts[-2]} ({texts[-1]})"]
    yield tag(cells[0])
    yield from filled("; ".join(texts))


def table(lines):
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")]
            for line in lines]
    if not all(re.fullmatch(r":?-+:?", cell) for cell in rows[1]):
        raise ValueError(f"no table: {lines[0]}")
    heads = [cell if "`" in cell or not cell else f"*{cell}*"
             for cell in rows.pop(0)]
    tags = [cells[0].strip("`") for cells in rows[1:]]
    longest = max((one for one in tags if len(one) <= TAG_MAX), key=len,
                  default="word")
    yield ".Pp"
    yield f".Bl -tag -width {argument(escaped(longest))} -compact"
    yield from row(heads, False)
    for cells in rows[1:]:
        yield from row(cells, heads[-1] == "*section*")
    yield ".El"


def listing(lines):
    """A list: items of paragraphs and indented blocks."""
    items = []
    for line in lines:
        match = LISTED.match(line)
        if match:
            items.append((match[1], [line[match.end():]]))
            indent = match.end()
        elif line and not line.startswith(" " * indent):
            raise ValueError(f"not indented as its item: {line}")
        else:
            items[-1][1].append(line[indent:])
    bullets = items[0][0] == "-"
    yield f".Bl {'-bullet' if bullets else '-tag -width Ds'}"
    for mark, text in items:
        yield ".It" if bullets else f".It {mark}"
        yield from body(text)
    yield ".El"


def goes_on(block, following):
    """Whether a block is not over though a blank line came."""
    listed = LISTED.match(block[0])
    return following.startswith(" " * listed.end() if listed else "    ") \
        and (listed or block[0].startswith("    "))


def parts(lines):
    """Splits lines into blocks, which blank lines part."""
    block = []
    for number, line in enumerate(lines):
        following = next((later for later in lines[number:] if later), "")
        if line or block and goes_on(block, following):
            block.append(line)
        elif block:
            yield block
            block = []
    if block:
        yield block


def paragraph(block):
    """A paragraph, and the list that may follow it without a blank line."""
    at = next((index for index, line in enumerate(block)
               if LISTED.match(line)), len(block))
    yield from filled(" ".join(block[:at]))
    if at < len(block):
        yield from listing(block[at:])


def body(lines):
    """The macros of some blocks."""
    apart = False
    for block in parts(lines):
        first = block[0]
        heading = re.fullmatch(r"(##|###) (.+)", first)
        if heading:
            if len(block) > 1:
                raise ValueError(f"no blank line behind {first}")
            name = ".Sh" if heading[1] == "##" else ".Ss"
            yield f"{name} {escaped(heading[2])}"
            apart = False
            continue
        if first.startswith(("#", ">", "```", "*", "+ ")):
            raise ValueError(f"unknown: {first}")
        if apart:
            yield ".Pp"
        apart = True
        if first.startswith("    "):
            yield from verbatim(block)
        elif first.startswith("|"):
            yield from table(block)
        elif LISTED.match(first):
            yield from listing(block)
        else:
            yield from paragraph(block)


def neat(lines):
    """Without each .Pp that its neighbours make superfluous."""
    lines = list(lines)
    for before, line, behind in zip([""] + lines, lines, lines[1:] + [""]):
        if line == ".Pp" and (before.startswith(".S") or behind == ".Pp" or (
                behind.startswith(".B") and "-compact" not in behind)):
            continue
        yield line


def page(text):
    """The page of a text, without its date."""
    lines = text.split("\n")
    if not lines[0].startswith("# "):
        raise ValueError("no title")
    title = lines[0][2:].replace("The multisock", "the multisock", 1)
    return HEAD.format(title=escaped(title)) + "\n".join(
        neat(body(lines[1:]))) + "\n" + TAIL


def main():
    check = sys.argv[1:] == ["--check"]
    if sys.argv[1:] and not check:
        print(__doc__.split("\n\n")[1], file=sys.stderr)
        return 2
    with open(SOURCE, encoding="utf-8") as file:
        made = page(file.read())
    there = ""
    if os.path.exists(PAGE):
        with open(PAGE, encoding="utf-8") as file:
            there = file.read()
    if there.partition("\n.Dt")[2] == made.partition(".Dt")[2]:
        return 0
    if check:
        print("docs/man/multisock-protocol.7 is not of docs/protocol.md: run "
              "python3 tools/protocol_page.py", file=sys.stderr)
        return 1
    today = datetime.date.today()
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write(".\\\" SPDX-License-Identifier: Apache-2.0\n"
                   ".\\\" Of docs/protocol.md, by tools/protocol_page.py\n"
                   f".Dd {today:%B} {today.day}, {today.year}\n{made}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
