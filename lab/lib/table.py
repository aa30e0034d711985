# SPDX-License-Identifier: LGPL-2.1-or-later
"""Scenarios that go through a table: which rows to take."""

import os

FULL = bool(os.environ.get("LAB_FULL"))
WORDS = [word for word in os.environ.get("LAB_ROWS", "").split(",") if word]


def chosen(rows):
    """Rows, each with a name and `always`: those whose name has a word of LAB_ROWS in it, if that is set in the
    environment; all with LAB_FULL=1; otherwise those that are always taken."""
    if WORDS:
        return [row for row in rows if wanted(row.name)]
    return [row for row in rows if FULL or row.always]


def wanted(name):
    """Whether a row has been asked for by a word of its name."""
    return any(word in name for word in WORDS)


def tell_left_out(t, rows):
    """Says which rows were not taken."""
    left = [row.name for row in rows if row not in chosen(rows)]
    if left:
        t.say(f"not here: {', '.join(left)}; LAB_FULL=1 takes all, LAB_ROWS=WORD,… those with a word in their name")
