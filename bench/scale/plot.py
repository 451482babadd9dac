# SPDX-License-Identifier: Apache-2.0
"""Charts as SVG files that read on light and on dark pages.

A chart is text: axes, lines with marks, bars. Colours change with the reader's
colour scheme; where a program knows none, they are legible on white.
"""

import html
import math

WIDTH, HEIGHT = 560, 340
LEFT, RIGHT, TOP, BOTTOM = 74, 24, 82, 52
COLOURS = 4
STYLE = """
text { font: 12px system-ui, sans-serif; fill: #24292f }
.title { font-size: 15px; font-weight: 600 }
.grid { stroke: #d0d7de; stroke-width: 1 }
.axis { stroke: #57606a; stroke-width: 1 }
.line { fill: none; stroke-width: 2 }
.s0 { stroke: #0969da } .f0 { fill: #0969da }
.s1 { stroke: #bc4c00 } .f1 { fill: #bc4c00 }
.s2 { stroke: #1a7f37 } .f2 { fill: #1a7f37 }
.s3 { stroke: #8250df } .f3 { fill: #8250df }
.paper { fill: #ffffff }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .grid { stroke: #30363d } .axis { stroke: #8b949e }
  .s0 { stroke: #58a6ff } .f0 { fill: #58a6ff }
  .s1 { stroke: #f0883e } .f1 { fill: #f0883e }
  .s2 { stroke: #3fb950 } .f2 { fill: #3fb950 }
  .s3 { stroke: #bc8cff } .f3 { fill: #bc8cff }
  .paper { fill: #0d1117 }
}
"""


def short(value):
    """A number as an axis shows it: 0.5, 20, 3 k, 1.5 M."""
    for unit, sign in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if value >= unit:
            return f"{value / unit:.3g}{sign}"
    return f"{value:.3g}"


class Log:
    """An axis of powers of ten, from the decade below to the one above."""

    def __init__(self, values):
        self.low = math.floor(math.log10(min(values)) + 1e-9)
        self.high = max(math.ceil(math.log10(max(values)) - 1e-9),
                        self.low + 1)
        self.ticks = [10 ** power for power in range(self.low, self.high + 1)]

    def share(self, value):
        return (math.log10(value) - self.low) / (self.high - self.low)


class Places:
    """An axis of the values themselves, as far apart as their logarithms, with
    some room at both ends."""

    def __init__(self, values):
        self.ticks = sorted(set(values))
        self.low, self.high = (math.log2(value) for value in
                               (self.ticks[0], self.ticks[-1]))

    def share(self, value):
        if self.high == self.low:
            return 0.5
        return 0.04 + 0.92 * ((math.log2(value) - self.low) /
                              (self.high - self.low))


class Even:
    """An axis that begins at nothing."""

    def __init__(self, values):
        step = 10 ** math.floor(math.log10(max(max(values), 1e-9)))
        count = next(count for count in (1, 2, 4, 5, 8, 10)
                     if count * step >= max(values) * (1 - 1e-9))
        self.high = count * step
        parts = 5 if count in (5, 10) else 4
        self.ticks = [self.high * part / parts for part in range(parts + 1)]

    def share(self, value):
        return value / self.high


class Chart:
    """Shapes within one frame; write() makes the file."""

    def __init__(self, title, across, up):
        self.shapes = []
        self.title, self.across, self.up = title, across, up

    def text(self, x, y, text, anchor="middle", more=""):
        self.shapes.append(f'<text x="{x:.1f}" y="{y:.1f}" '
                           f'text-anchor="{anchor}"{more}>'
                           f'{html.escape(text)}</text>')

    def rule(self, kind, *ends):
        self.shapes.append('<line class="{}" x1="{:.1f}" y1="{:.1f}" '
                           'x2="{:.1f}" y2="{:.1f}"/>'.format(kind, *ends))

    def frame(self, scale):
        """Draws titles and the upward axis."""
        right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
        self.text(LEFT, 22, self.title, "start", ' class="title"')
        for tick in scale.ticks:
            y = height_of(scale, tick)
            self.rule("grid", LEFT, y, right, y)
            self.text(LEFT - 8, y + 4, short(tick), "end")
        self.rule("axis", LEFT, bottom, right, bottom)
        middle = (TOP + bottom) / 2
        self.text(18, middle, self.up, "middle",
                  f' transform="rotate(-90 18 {middle:.1f})"')
        self.text((LEFT + right) / 2, HEIGHT - 12, self.across)

    def legend(self, names):
        """Two names a row."""
        for number, name in enumerate(names):
            kind = number % COLOURS
            x, y = LEFT + number % 2 * 230, 42 + number // 2 * 18
            self.rule(f"line s{kind}", x, y, x + 18, y)
            self.text(x + 24, y + 4, name, "start")

    def line(self, number, points):
        kind = number % COLOURS
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.shapes.append(f'<polyline class="line s{kind}" points="{path}"/>')
        for x, y in points:
            self.shapes.append(f'<circle class="f{kind}" cx="{x:.1f}" '
                               f'cy="{y:.1f}" r="3.5"/>')

    def bar(self, number, x, width, top):
        kind = number % COLOURS
        self.shapes.append(
            f'<rect class="f{kind}" x="{x:.1f}" y="{top:.1f}" '
            f'width="{width:.1f}" height="{HEIGHT - BOTTOM - top:.1f}"/>')

    def write(self, path):
        title = html.escape(self.title)
        text = [f'<svg xmlns="http://www.w3.org/2000/svg" role="img" '
                f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
                f'height="{HEIGHT}" aria-label="{title}">',
                f"<title>{title}</title>", f"<style>{STYLE}</style>",
                '<rect class="paper" width="100%" height="100%"/>',
                *self.shapes, "</svg>", ""]
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(text))


def height_of(scale, value):
    return HEIGHT - BOTTOM - scale.share(value) * (HEIGHT - BOTTOM - TOP)


def lines(path, title, across, up, series):
    """Writes a chart of `series`: name to points (x, y), both positive."""
    series = {name: [point for point in points if point[1] > 0]
              for name, points in series.items()}
    points = [point for line in series.values() for point in line]
    if not points:
        return
    places = Places([x for x, _ in points])
    scale = Log([y for _, y in points])
    chart = Chart(title, across, up)
    chart.frame(scale)
    chart.legend(series)

    def x_of(value):
        return LEFT + places.share(value) * (WIDTH - LEFT - RIGHT)

    for tick in places.ticks:
        chart.text(x_of(tick), HEIGHT - BOTTOM + 18, short(tick))
    for number, line in enumerate(series.values()):
        chart.line(number, [(x_of(x), height_of(scale, y)) for x, y in line])
    chart.write(path)


def bars(path, title, across, up, values):
    """Writes a chart of `values`: name to a number, 0 or more."""
    scale = Even([*values.values(), 0.01])
    chart = Chart(title, across, up)
    chart.frame(scale)
    room = (WIDTH - LEFT - RIGHT) / len(values)
    for number, (name, value) in enumerate(values.items()):
        x, top = LEFT + room * number, height_of(scale, value)
        chart.bar(number, x + room / 4, room / 2, top)
        chart.text(x + room / 2, top - 6, short(value))
        chart.text(x + room / 2, HEIGHT - BOTTOM + 18, name)
    chart.write(path)
