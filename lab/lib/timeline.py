# SPDX-License-Identifier: LGPL-2.1-or-later
"""What happened when and where, as text for a terminal and as an SVG.

A timeline has lanes. A lane holds bars (something that lasted, such as a login) and marks (something
that happened, such as a command). Times are seconds on one clock; the earliest becomes zero.
"""

from dataclasses import dataclass, field
from xml.sax.saxutils import escape

COLOURS = {"a": "#2f6db5", "b": "#c8691c", "": "#777777"}
LANE_HEIGHT = 64
LEFT = 150
WIDTH = 900


@dataclass
class Mark:
    t: float
    text: str


@dataclass
class Bar:
    start: float
    end: float
    text: str
    host: str = ""  # chooses the colour


@dataclass
class Lane:
    name: str
    marks: list = field(default_factory=list)
    bars: list = field(default_factory=list)

    def mark(self, t, text):
        self.marks.append(Mark(t, text))

    def bar(self, start, end, text, host=""):
        self.bars.append(Bar(start, end, text, host))

    def happenings(self):
        """Every mark, and the beginning and end of every bar, as (time, text)."""
        for mark in self.marks:
            yield mark.t, mark.text
        for bar in self.bars:
            yield bar.start, f"{bar.text} …"
            yield bar.end, f"… {bar.text}"


class Timeline:
    def __init__(self, title, start, end):
        self.title, self.start, self.end = title, start, end
        self.lanes = []

    def lane(self, name):
        self.lanes.append(Lane(name))
        return self.lanes[-1]

    def rows(self):
        """(seconds since the start, lane index, text), in order; what lies outside is left out."""
        found = [
            (t - self.start, number, text)
            for number, lane in enumerate(self.lanes)
            for t, text in lane.happenings()
            if self.start <= t <= self.end
        ]
        return sorted(found)

    def text(self):
        """The table: a row a happening, a column a lane."""
        rows = self.rows()
        widths = [
            max([len(lane.name)] + [len(text) for _, n, text in rows if n == number])
            for number, lane in enumerate(self.lanes)
        ]
        names = "  ".join(lane.name.ljust(w) for lane, w in zip(self.lanes, widths))
        lines = [self.title, f"     s  {names}".rstrip()]
        for t, number, text in rows:
            indent = sum(w + 2 for w in widths[:number])
            lines.append(f"{t:6.2f}  {' ' * indent}{text}")
        return "\n".join(lines)

    def svg(self):
        """The picture: a row a lane, time to the right."""
        height = LANE_HEIGHT * len(self.lanes) + 70
        body = [_label(10, 22, self.title, 15)]
        for number, lane in enumerate(self.lanes):
            body += self._lane_svg(lane, 36 + number * LANE_HEIGHT)
        body += self._axis_svg(height - 26)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 30}" height="{height}"'
            ' font-family="sans-serif">\n'
            f'<rect width="100%" height="100%" fill="white"/>\n' + "\n".join(body) + "\n</svg>\n"
        )

    def _x(self, t):
        inside = min(max(t, self.start), self.end)
        return LEFT + WIDTH * (inside - self.start) / (self.end - self.start)

    def _lane_svg(self, lane, top):
        yield _label(10, top + 24, lane.name, 13)
        for bar in lane.bars:
            x, end = self._x(bar.start), self._x(bar.end)
            yield (
                f'<rect x="{x:.1f}" y="{top + 6}" width="{max(end - x, 1):.1f}" height="22" rx="3"'
                f' fill="{COLOURS.get(bar.host, COLOURS[""])}"><title>{escape(bar.text)}</title></rect>'
            )
            if end - x > 7 * len(bar.text):
                yield _label(x + 5, top + 21, bar.text, 11, "white")
        free_from = [LEFT, LEFT]
        for mark in sorted(lane.marks, key=lambda m: m.t):
            x = self._x(mark.t)
            row = 0 if x >= free_from[0] else 1
            free_from[row] = x + 6.2 * len(mark.text) + 10
            yield f'<circle cx="{x:.1f}" cy="{top + 17}" r="4" fill="#222"/>'
            yield _label(x + 2, top + 42 + 13 * row, mark.text, 11)

    def _axis_svg(self, y):
        yield f'<line x1="{LEFT}" y1="{y}" x2="{LEFT + WIDTH}" y2="{y}" stroke="#222"/>'
        span = self.end - self.start
        step = next(s for s in (0.5, 1, 2, 5, 10, 30, 60, 300, 3600) if span / s <= 16)
        for tick in range(int(span / step) + 1):
            x = self._x(self.start + tick * step)
            yield f'<line x1="{x:.1f}" y1="{y}" x2="{x:.1f}" y2="{y + 5}" stroke="#222"/>'
            yield _label(x - 6, y + 18, f"{tick * step:g} s", 11)


def _label(x, y, text, size, colour="#222"):
    return f'<text x="{x:.1f}" y="{y}" font-size="{size}" fill="{colour}">{escape(text)}</text>'
