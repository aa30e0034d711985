# SPDX-License-Identifier: LGPL-2.1-or-later
"""A machine that cannot be made clean in time gets power again, and does not spoil the scenarios that come."""

import pathlib
import sys
import unittest
from unittest import mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from lib import reset, target  # noqa: E402
from lib.say import LabError, LabTimeout  # noqa: E402

STUCK = LabTimeout("waited 90 s for the end of `target del disk` on target")


class Reset(unittest.TestCase):
    def setUp(self):
        self.done, self.notes = [], []
        self.clear_target = self.clean_host = None  # what goes wrong there the first time
        for module, names in ((reset.cluster, ("kill", "start")), (reset.target, ("forget",))):
            for name in names:
                self.replace(module, name, lambda *words, name=name: self.done.append((name, *words)))
        self.replace(reset.cluster, "is_up", lambda _: True)
        self.replace(reset.daemon, "pid", lambda _: 1)
        self.replace(reset.fabric, "ALL", [])
        self.replace(reset.target, "clear", self.clear)
        self.replace(reset.ssh, "run", self.run_on_host)

    def replace(self, where, name, what):
        patch = mock.patch.object(where, name, what)
        patch.start()
        self.addCleanup(patch.stop)

    def clear(self):
        if self.clear_target:
            raise self.clear_target

    def run_on_host(self, host, *_, **__):
        self.done.append(("clean", host))
        if host == "a" and self.clean_host:
            wrong, self.clean_host = self.clean_host, None
            raise wrong
        return mock.Mock(returncode=0)

    def clean(self):
        reset.clean(self.notes.append)

    def test_nothing_is_stuck(self):
        self.clean()
        self.assertEqual(self.done, [("clean", "a"), ("clean", "b")])
        self.assertEqual(self.notes, [])

    def test_target(self):
        """It comes up without LUNs: they are forgotten before it has power."""
        self.clear_target = STUCK
        self.clean()
        self.assertEqual(self.done[2:], [("kill", "target"), ("forget",), ("start", "target")])
        self.assertIn("target del disk", self.notes[0])

    def test_host(self):
        self.clean_host = LabTimeout("waited")
        self.clean()
        self.assertEqual([what for what in self.done if what[1] == "a"],
                         [("clean", "a"), ("kill", "a"), ("start", "a"), ("clean", "a")])

    def test_whoever_uses_the_target_is_told_the_remedy(self):
        with mock.patch.object(target.ssh, "run", side_effect=STUCK), \
                self.assertRaisesRegex(LabTimeout, "target del disk.*lab kill target"):
            target._lio("del", "disk")

    def test_what_is_no_timeout_is_told(self):
        self.clear_target = LabError("the target could not")
        with self.assertRaisesRegex(LabError, "could not"):
            self.clean()


if __name__ == "__main__":
    unittest.main()
