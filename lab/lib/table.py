# SPDX-License-Identifier: LGPL-2.1-or-later
"""Scenarios that go through a table: which rows to take."""

import os

from .say import LabError

FULL = bool(os.environ.get("LAB_FULL"))
WORDS = [word for word in os.environ.get("LAB_ROWS", "").split(",") if word]


def chosen(rows, *others):
    """Rows, each with a name and `always`: those whose name has a word of LAB_ROWS in it, if that is set in the
    environment; all with LAB_FULL=1; otherwise those that are always taken. others: what else has such a name."""
    names = [*(row.name for row in rows), *others]
    strange = [word for word in WORDS if not any(word in name for name in names)]
    if strange:
        raise LabError(f"LAB_ROWS: no row has '{', '.join(strange)}' in its name; there are: {'; '.join(names)}")
    return list(filter(_is_taken, rows))


def _is_taken(row):
    return wanted(row.name) if WORDS else FULL or row.always


def wanted(name):
    """Whether a row has been asked for by a word of its name."""
    return any(word in name for word in WORDS)


def tell_left_out(t, rows):
    """Says which rows were not taken."""
    left = [row.name for row in rows if not _is_taken(row)]
    if left:
        t.say(f"not here: {', '.join(left)}; LAB_FULL=1 takes all, LAB_ROWS=WORD,… those with a word in their name")
