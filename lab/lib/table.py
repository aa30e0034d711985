# SPDX-License-Identifier: LGPL-2.1-or-later
"""Scenarios that go through a table: which rows to take."""

import os

FULL = bool(os.environ.get("LAB_FULL"))
WORD = os.environ.get("LAB_ROWS", "")


def chosen(rows):
    """Rows, each with a name and `always`: all with LAB_FULL=1 in the environment, those whose name has LAB_ROWS in it
    if that is set, otherwise those that are always taken."""
    if WORD:
        return [row for row in rows if WORD in row.name]
    return [row for row in rows if FULL or row.always]


def tell_left_out(t, rows):
    """Says which rows were not taken."""
    left = [row.name for row in rows if row not in chosen(rows)]
    if left:
        t.say(f"not here: {', '.join(left)}; LAB_FULL=1 takes all, LAB_ROWS=WORD those with that in their name")
