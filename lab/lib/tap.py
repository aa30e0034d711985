# SPDX-License-Identifier: LGPL-2.1-or-later
"""Results in the Test Anything Protocol."""

import sys


class Tap:
    def __init__(self, out=sys.stdout):
        self.out = out
        self.count = 0
        self.failed = 0

    def note(self, text):
        """A line for the reader: what happens now, or why something failed."""
        for line in str(text).splitlines():
            print(f"# {line}", file=self.out, flush=True)

    def ok(self, good, promise):
        """One result. Returns whether it is good."""
        self.count += 1
        if not good:
            self.failed += 1
        print(f"{'ok' if good else 'not ok'} {self.count} - {promise}", file=self.out, flush=True)
        return bool(good)

    def plan(self):
        """To be called last."""
        print(f"1..{self.count}", file=self.out, flush=True)
