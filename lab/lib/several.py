# SPDX-License-Identifier: LGPL-2.1-or-later
"""Scenarios in several labs at once, each lab with a `live` directory of its own.

Each needs two processors: with one for each, two labs were slower than one. Which lab plays what is decided as they
become free. The output of a scenario is shown when it has ended, in one piece, with its results numbered anew.
"""

import os
import queue
import re
import subprocess
import threading

from .paths import BUILD, LAB
from .say import say
from .tap import Tap

RESULT = re.compile(r"(not )?ok \d+ - (.*)")
PLAN = re.compile(r"1\.\.\d+$")


def call(live, *words, **options):
    """`lab WORDS` for the lab whose directory is named live; options and result are those of subprocess.run."""
    return subprocess.run([LAB / "lab", *words], check=False, text=True, errors="replace",
                          env={**os.environ, "LAB_LIVE": live}, **options)


class Labs:
    """`number` labs that share a list of scenarios."""

    def __init__(self, names, number, limit=0, tap=None, call=call):
        """limit: of each scenario, in seconds; 0 is none."""
        self.waiting = queue.SimpleQueue()
        for name in names:
            self.waiting.put(name)
        self.number = number
        self.limit = limit
        self.tap = tap or Tap()
        self.call = call
        self.lock = threading.Lock()

    def play(self):
        """Plays them all. True if all is well."""
        threads = [threading.Thread(target=self._work, args=(f"live{index or ''}",)) for index in range(self.number)]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                thread.join()
        except BaseException:
            list(iter(self._next, None))  # what has begun ends, and nothing begins any more
            raise
        for name in iter(self._next, None):
            self.tap.ok(False, f"{name} is played: there is no lab to play it in")
        self.tap.plan()
        return self.tap.failed == 0

    def _next(self):
        try:
            return self.waiting.get_nowait()
        except queue.Empty:
            return None

    def _work(self, live):
        """One lab, from its start to its end."""
        try:
            if self.call(live, "up").returncode == 0:
                for name in iter(self._next, None):
                    say(f"{live}: {name}")
                    done = self.call(live, "run", f"--limit={self.limit}", name, stdout=subprocess.PIPE)
                    with self.lock:
                        self._show(name, done)
        finally:
            self.call(live, "down")

    def _show(self, name, done):
        before = self.tap.failed
        for line in done.stdout.splitlines():
            result = RESULT.match(line)
            if result:
                self.tap.ok(not result[1], result[2])
            elif not PLAN.match(line):
                self.tap.note(line.removeprefix("# "))
        if done.returncode and self.tap.failed == before:
            self.tap.ok(False, f"{name} runs to its end")
            self.tap.note(f"`lab run {name}` ended with status {done.returncode}")


def down():
    """Ends all labs of this build tree. True if each of them has ended."""
    return all([call(live.name, "down").returncode == 0 for live in BUILD.glob("live*/")])
