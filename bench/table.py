# SPDX-License-Identifier: LGPL-2.1-or-later
"""What was measured: rows, each of them ours against another way, and how they are judged, printed and kept."""

import json
import statistics
from dataclasses import asdict, dataclass


@dataclass
class Row:
    """One line of the table. ours, other: medians in `unit`; ratio: ours / other; spread: half of the samples lie
    within so much of the median, as a part of it, for ours and for the other; note: what else is to be said."""
    row: str
    ours: float
    other: float
    unit: str
    ratio: float
    spread: tuple
    goal: str
    met: bool
    note: str = ""


def median(samples):
    return statistics.median(samples)


def spread(samples):
    """The distance of the quartiles, as a part of the median."""
    middle = median(samples)
    if len(samples) < 2 or not middle:
        return 0.0
    low, _, high = statistics.quantiles(samples, n=4, method="inclusive")
    return (high - low) / middle


def compare(name, ours, other, unit, goal, met, note=""):
    """A Row from samples. met: what the goal is, a function of the two medians."""
    mine, theirs = median(ours), median(other)
    return Row(name, round(mine, 3), round(theirs, 3), unit, float(f"{mine / theirs:.4g}"),
               (round(spread(ours), 2), round(spread(other), 2)), goal, bool(met(mine, theirs)), note)


def compare_turns(name, ours, other, unit, goal, factor):
    """Likewise, but the ratio is the median of those of each turn, which a machine that is slower for a while does
    not change. It is to be at most factor."""
    row = compare(name, ours, other, unit, goal, lambda *_: False)
    ratios = [mine / theirs for mine, theirs in zip(ours, other, strict=True)]
    row.ratio, row.met = float(f"{median(ratios):.4g}"), median(ratios) <= factor
    row.note = "ours/other in each turn: " + " ".join(f"{ratio:.2f}" for ratio in ratios)
    return row


def write(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")


def show(rows):
    """The table as text."""
    lines = [("row", "ours", "other", "unit", "ours/other", "spread", "goal", "met")]
    for row in rows:
        lines.append((row.row, f"{row.ours:,}", f"{row.other:,}", row.unit, f"{row.ratio:g}",
                      " ".join(f"{part:.0%}" for part in row.spread), row.goal, "yes" if row.met else "NO"))
    widths = [max(len(line[at]) for line in lines) for at in range(len(lines[0]))]
    text = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines]
    return "\n".join(text + [f"  {row.row}: {row.note}" for row in rows if row.note])
