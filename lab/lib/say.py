# SPDX-License-Identifier: LGPL-2.1-or-later
"""How the lab talks: progress on standard error, and errors that name the object and the remedy."""

import sys
import time

START = time.monotonic()


class LabError(Exception):
    """Something the user can act upon. The message names the object and the remedy."""


class LabTimeout(LabError):
    """A wait that ended without what it waited for."""


def say(text):
    print(f"lab: {time.monotonic() - START:6.1f} s  {text}", file=sys.stderr, flush=True)
