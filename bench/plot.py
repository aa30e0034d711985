# SPDX-License-Identifier: LGPL-2.1-or-later
"""How the cost of a lookup grows with the number of LUNs, as an SVG: both axes logarithmic."""

import math

WIDTH, HEIGHT = 640, 400
LEFT, RIGHT, TOP, BOTTOM = 80, 150, 40, 60
STYLES = {"ours": "#1b7837", "other": "#b2182b"}
NAMES = {"ours": "the index", "other": "libvirt's walks"}


class Axis:
    """Maps values to places, by their logarithm."""

    def __init__(self, low, high, start, end):
        self.low, self.high = math.log10(low), math.log10(high)
        self.start, self.end = start, end

    def __call__(self, value):
        part = (math.log10(value) - self.low) / (self.high - self.low)
        return self.start + part * (self.end - self.start)


def decades(low, high):
    """Powers of ten that reach around a range."""
    return [10.0 ** n for n in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)]


def time_text(microseconds):
    return f"{microseconds:g} µs" if microseconds < 1000 else f"{microseconds / 1000:g} ms"


def text(x, y, words, anchor="middle", colour="#333"):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{words}</text>'


def line(x1, y1, x2, y2):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#ccc"/>'


def curve(points, kind):
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    marks = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{STYLES[kind]}"/>' for x, y in points)
    x, y = points[-1]
    return (f'<polyline points="{path}" fill="none" stroke="{STYLES[kind]}" stroke-width="2"/>{marks}'
            + text(x + 10, y + 4, NAMES[kind], "start", STYLES[kind]))


def draw(growth, luns):
    """growth: {vHBAs: (ours, other)} in microseconds; luns: how many each vHBA shows."""
    times = [value for pair in growth.values() for value in pair]
    ticks = decades(min(times), max(times))
    x = Axis(min(growth) * luns, max(growth) * luns, LEFT, WIDTH - RIGHT)
    y = Axis(ticks[0], ticks[-1], HEIGHT - BOTTOM, TOP)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
             f'font-size="12"><rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
             text((LEFT + WIDTH - RIGHT) / 2, 22, "Time to find the device of one LUN")]
    for tick in ticks:
        parts += [line(LEFT, y(tick), WIDTH - RIGHT, y(tick)), text(LEFT - 8, y(tick) + 4, time_text(tick), "end")]
    for vhbas in sorted(growth):
        at = x(vhbas * luns)
        parts += [line(at, TOP, at, HEIGHT - BOTTOM), text(at, HEIGHT - BOTTOM + 18, f"{vhbas * luns:,}")]
    parts.append(text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 18, f"LUNs on the host ({luns} behind each vHBA)"))
    for at, kind in enumerate(("ours", "other")):
        parts.append(curve([(x(vhbas * luns), y(growth[vhbas][at])) for vhbas in sorted(growth)], kind))
    return "\n".join(parts) + "\n</svg>\n"
