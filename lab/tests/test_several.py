# SPDX-License-Identifier: LGPL-2.1-or-later
"""Several labs share the scenarios: each is played once, and none is forgotten."""

import io
import pathlib
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from lib import several  # noqa: E402
from lib.tap import Tap  # noqa: E402


class SeveralTest(unittest.TestCase):
    """Labs that are not there; self.results says what each scenario prints."""

    def setUp(self):
        self.calls, self.out, self.results, self.broken = [], io.StringIO(), {}, set()
        patch = mock.patch.object(several, "say")
        patch.start()
        self.addCleanup(patch.stop)

    def call(self, live, *words, **_):
        self.calls.append((live, *words))
        if words[0] != "run":
            return subprocess.CompletedProcess(words, int(live in self.broken))
        name = words[-1]
        text = self.results.get(name, f"# scenario {name}\nok 1 - {name} works\n1..1\n")
        return subprocess.CompletedProcess(words, int("not ok" in text or "1.." not in text), text)

    def play(self, *names):
        return several.Labs(names, 2, 600, Tap(self.out), self.call).play()

    def test_each_scenario_is_played_once_and_every_lab_ends(self):
        self.assertTrue(self.play("one", "two", "three"))
        played = sorted(words[3] for words in self.calls if words[1:3] == ("run", "--limit=600"))
        self.assertEqual(played, ["one", "three", "two"])
        self.assertEqual({live for live, word, *_ in self.calls if word == "down"}, {"live", "live1"})

    def test_results_are_numbered_through(self):
        self.play("one", "two")
        lines = self.out.getvalue().splitlines()
        self.assertEqual([line.split(" - ")[0] for line in lines if line.startswith("ok")], ["ok 1", "ok 2"])
        self.assertEqual(lines[-1], "1..2")

    def test_a_failure_stays_one(self):
        self.results["two"] = "ok 1 - first\nnot ok 2 - second\n# why\n1..2\n"
        self.assertFalse(self.play("one", "two"))
        self.assertRegex(self.out.getvalue(), r"not ok \d - second\n# why\n")

    def test_a_scenario_that_dies_has_failed(self):
        self.results["two"] = "ok 1 - first\n"
        self.assertFalse(self.play("one", "two"))
        self.assertRegex(self.out.getvalue(), r"not ok \d - two runs to its end\n")

    def test_one_lab_that_does_not_come_up_leaves_all_to_the_other(self):
        self.broken = {"live"}
        self.assertTrue(self.play("one", "two"))
        self.assertEqual({live for live, word, *_ in self.calls if word == "run"}, {"live1"})

    def test_without_any_lab_each_scenario_has_failed(self):
        self.broken = {"live", "live1"}
        self.assertFalse(self.play("one", "two"))
        self.assertIn("not ok 2 - two is played: there is no lab to play it in", self.out.getvalue())

    def test_down_tells_whether_each_lab_has_ended(self):
        with tempfile.TemporaryDirectory() as scratch, mock.patch.object(several, "call", self.call), \
                mock.patch.object(several, "BUILD", pathlib.Path(scratch)):
            for live in "live", "live1":
                (several.BUILD / live).mkdir()
            self.assertTrue(several.down())
            self.broken = {"live", "live1"}
            self.calls.clear()
            self.assertFalse(several.down())
        self.assertEqual(sorted(self.calls), [("live", "down"), ("live1", "down")])


if __name__ == "__main__":
    unittest.main()
