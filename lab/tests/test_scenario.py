# SPDX-License-Identifier: LGPL-2.1-or-later
"""Scenarios fail when they should, and rows that nobody has are asked for in vain."""

import io
import pathlib
import sys
import time
import types
import unittest
from unittest import mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from lib import scenario, table  # noqa: E402
from lib.say import LabError  # noqa: E402
from lib.tap import Tap  # noqa: E402


class ScenarioTest(unittest.TestCase):
    """A scenario, played without a lab."""

    def play(self, run, limit=0, crashed=()):
        """What is printed of a scenario whose function is run(t)."""
        out = io.StringIO()
        with mock.patch.multiple(scenario, reset=mock.Mock(), state_of=str, collect=str,
                                 Scenario=lambda name, tap: tap), \
                mock.patch.object(scenario.crashes, "found", lambda: list(crashed)), \
                mock.patch.object(scenario.lost, "any_guest", lambda: False):
            scenario._run_one("thing", types.SimpleNamespace(__doc__="A thing", run=run), Tap(out), limit)
        return out.getvalue()

    def test_one_that_keeps_its_promises(self):
        said = self.play(lambda t: t.ok(True, "it does"), limit=5)
        self.assertIn("ok 1 - it does\n", said)
        self.assertNotIn("not ok", said)

    def test_one_in_which_a_daemon_crashes_unnoticed(self):
        said = self.play(lambda t: t.ok(True, "it does"), crashed=["a: virtqemud-signal11-1.core.gz"])
        self.assertIn("not ok 2 - thing: no program has crashed\n# a: virtqemud-signal11-1.core.gz\n", said)

    def test_one_without_results(self):
        self.assertIn("not ok 1 - thing has results\n", self.play(lambda t: None))

    def test_one_that_does_not_end(self):
        begin = time.monotonic()
        said = self.play(lambda t: time.sleep(30), limit=1)
        self.assertLess(time.monotonic() - begin, 10)
        self.assertIn("not ok 1 - thing runs to its end\n", said)
        self.assertIn("TooLong: not done after 1 s", said)


class RowsTest(unittest.TestCase):
    ROWS = [types.SimpleNamespace(name=name, always=name == "usual") for name in ("usual", "rare", "odd")]

    def chosen(self, *words, others=()):
        with mock.patch.object(table, "WORDS", words):
            return [row.name for row in table.chosen(self.ROWS, *others)]

    def test_rows_are_chosen_by_words(self):
        with mock.patch.object(table, "FULL", False):
            self.assertEqual(self.chosen(), ["usual"])
        self.assertEqual(self.chosen("are", "od"), ["rare", "odd"])

    def test_a_word_that_no_row_has_is_named(self):
        with self.assertRaisesRegex(LabError, "no row has 'raer' in its name; there are: usual; rare; odd"):
            self.chosen("usual", "raer")

    def test_what_is_played_beside_the_table_is_known(self):
        self.assertEqual(self.chosen("old", others=("old source",)), [])


if __name__ == "__main__":
    unittest.main()
