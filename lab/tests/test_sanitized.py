# SPDX-License-Identifier: LGPL-2.1-or-later
"""lab/sanitized says what there is against a host, and never takes silence for good news."""

import contextlib
import importlib.machinery
import importlib.util
import io
import pathlib
import subprocess
import tempfile
import unittest
from unittest import mock

LAB = pathlib.Path(__file__).resolve().parents[1]
loader = importlib.machinery.SourceFileLoader("sanitized", str(LAB / "sanitized"))
sanitized = importlib.util.module_from_spec(importlib.util.spec_from_loader("sanitized", loader))
loader.exec_module(sanitized)


class SanitizedTest(unittest.TestCase):
    """A lab that is not there: its commands end as `answers` says, (status, output) by their first word."""

    def play(self, **answers):
        """The status of `sanitized x`, and what it prints. self.called: the lab's commands."""
        self.called = []

        def lab(*words, **_):
            self.called.append(words[0])
            return subprocess.CompletedProcess(words, *answers.get(words[0], (0, "")))

        with tempfile.TemporaryDirectory() as scratch, contextlib.redirect_stdout(io.StringIO()) as said, \
                mock.patch.multiple(sanitized, lab=lab, configure=lambda: None, REPORTS=pathlib.Path(scratch)), \
                mock.patch.object(sanitized.signal, "signal"), mock.patch("sys.argv", ["sanitized", "x"]):
            try:
                return sanitized.main(), said.getvalue()
            except SystemExit as end:
                return end.code, said.getvalue()

    def test_nothing_to_say(self):
        self.assertEqual(self.play()[0], 0)
        self.assertEqual(self.called, ["status", "up", "run", "exec", "exec", "down"])

    def test_what_is_said_is_shown(self):
        status, said = self.play(exec=(0, "virtqemud is not sanitized\n"))
        self.assertEqual(status, 1)
        self.assertIn("not ok 1 - the sanitizers have nothing to say on a\n# virtqemud is not sanitized\n", said)

    def test_a_warning_of_a_stack_that_libvirt_has_made_itself_is_nothing(self):
        odd = "==> /var/log/libvirt/sanitizer.virtqemud.25%d <==\n" \
            "==virtqemud==250==WARNING: ASan is ignoring requested __asan_handle_no_return: " \
            "stack type: default top: 0x7f; bottom 0x62; size: 0x1d (29)\n" \
            "False positive error reports may follow\nFor details see https://example.org\n"
        self.assertEqual(self.play(exec=(0, odd % 0 + "\n" + odd % 1))[0], 0)
        leak = odd % 0 + "\n" + odd % 1 + "==virtqemud==251==ERROR: LeakSanitizer: detected memory leaks\n"
        status, said = self.play(exec=(0, leak))
        self.assertEqual(status, 1)
        self.assertIn("detected memory leaks", said)

    def test_a_host_that_cannot_be_asked(self):
        status, said = self.play(exec=(255, ""))
        self.assertEqual(status, 1)
        self.assertIn("# asking b ends with status 255\n", said)

    def test_machines_that_have_started_end_with_the_lab_that_does_not_come_up(self):
        self.assertEqual(self.play(up=(1, ""))[0], 1)
        self.assertEqual(self.called, ["status", "up", "down"])

    def test_a_lab_that_runs_already_is_left_alone(self):
        self.assertIn("is running already", self.play(status=(0, "a        runs\n"))[0])
        self.assertEqual(self.called, ["status"])


if __name__ == "__main__":
    unittest.main()
