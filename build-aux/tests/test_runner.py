# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the runner of make check counts."""

import contextlib
import importlib.machinery
import importlib.util
import io
import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from synthetic import BUILD_AUX


def load(name):
    """The command NAME of build-aux as a module."""
    loader = importlib.machinery.SourceFileLoader(
        name.replace("-", "_"), str(BUILD_AUX / name))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


check = load("check")
tap_meson = load("tap-meson")


class StepTest(unittest.TestCase):

    def run_step(self, script, **options):
        """Run SCRIPT as a step; return the step and what it showed."""
        with tempfile.TemporaryDirectory() as tmp, \
                contextlib.redirect_stdout(io.StringIO()) as shown:
            check.LOGS = Path(tmp)
            step = check.Step("sample", "sh", "-c", script, **options)
            step.run()
        return step, shown.getvalue()

    def assertFails(self, script, what, **options):
        step, _ = self.run_step(script, **options)
        self.assertEqual(len(step.failed), 1, step.failed)
        self.assertIn(what, step.failed[0])

    def test_results_are_counted(self):
        step, _ = self.run_step("echo 1..3; echo ok 1 - a; echo 'ok 2 b'; "
                                "echo 'ok 3 - c # SKIP no disk'")
        self.assertEqual((step.passed, step.failed, step.skipped),
                         (2, [], ["c: no disk"]))

    def test_plans_of_several_programs_add_up(self):
        step, _ = self.run_step("for i in 1 2; do echo 1..1; echo ok 1; done")
        self.assertEqual((step.passed, step.failed), (2, []))

    def test_results_and_remarks_are_shown_and_noise_is_not(self):
        _, shown = self.run_step("echo 1..1; echo '# hello'; echo cc -o x; "
                                 "echo ok 1 - a")
        self.assertIn("# hello\nok 1 - a\n", shown)
        self.assertNotIn("cc -o x", shown.split("\n", 1)[1])

    def test_a_failure(self):
        self.assertFails("echo 1..1; echo not ok 1 - it broke; exit 1",
                         "it broke")

    def test_a_skip_needs_a_reason(self):
        self.assertFails("echo 1..1; echo 'ok 1 - a # SKIP'", "without a")

    def test_a_crash(self):
        self.assertFails("echo 1..1; echo ok 1; kill -9 $$", "status -9")

    def test_a_crash_shows_the_end_of_the_log(self):
        _, shown = self.run_step("echo cannot compile; exit 2")
        self.assertIn("# cannot compile", shown)

    def test_results_that_are_missing(self):
        self.assertFails("echo 1..2; echo ok 1", "1 results of 2 planned")

    def test_no_results_at_all(self):
        self.assertFails("true", "0 results of 0 planned")

    def test_a_command_that_hangs(self):
        self.assertFails("echo 1..1; sleep 60; echo ok 1", "not done after",
                         limit=0.2)

    def test_a_command_ends_when_the_runner_is_interrupted(self):
        seen = []

        def interrupt(_, line):
            seen.append(line)
            raise KeyboardInterrupt

        with tempfile.TemporaryDirectory() as tmp, \
                mock.patch.object(check.Step, "_read", interrupt):
            cleaned = Path(tmp) / "cleaned"
            with self.assertRaises(KeyboardInterrupt):
                self.run_step("echo $$; exec sleep 60", limit=20,
                              clean_up=("touch", cleaned))
            self.assertTrue(cleaned.exists())
        with self.assertRaises(ProcessLookupError):
            os.killpg(int(seen[0]), 0)


class MainTest(unittest.TestCase):

    def test_a_step_needs_no_tree_of_libvirt(self):
        with tempfile.TemporaryDirectory() as tmp, \
                contextlib.redirect_stdout(io.StringIO()), \
                mock.patch.multiple(
                    check, LOGS=Path(tmp), TOP=Path(tmp), long_steps=list,
                    report=lambda done: sum(len(step.failed) for step in done),
                    steps=lambda: [check.Step("sample", "echo", "1..1\nok 1")]
                ), \
                mock.patch.object(check.signal, "signal"), \
                mock.patch("sys.argv", ["check", "sample"]):
            self.assertEqual(check.main(), 0)


class ScenariosTest(unittest.TestCase):

    def test_what_is_played_by_name_only_is_left_out_and_told(self):
        lines = ["lun-disk      A guest boots from its LUN.",
                 "installation  The package. [by name only: it needs much]"]
        for full in "", "1":
            with contextlib.redirect_stdout(io.StringIO()) as said, \
                    mock.patch.object(check, "listed_scenarios",
                                      lambda: lines), \
                    mock.patch.dict(os.environ, LAB_FULL=full):
                step = [s for s in check.steps() if s.name == "scenarios"][0]
                check.report([])
            self.assertIn("lun-disk", step.command)
            self.assertNotIn("installation", step.command)
            self.assertIn("skipped: scenarios: installation: it needs much",
                          said.getvalue())


class MesonTest(unittest.TestCase):

    def judge(self, result, **known):
        results = {"t": (result, "")} if result else {}
        return tap_meson.judge("t", results, known)

    def test_what_passes_is_ok(self):
        self.assertEqual(self.judge("OK"), ("ok", ""))
        self.assertEqual(self.judge("EXPECTEDFAIL", t=""), ("ok", ""))

    def test_what_the_bare_release_skips_may_be_skipped(self):
        self.assertEqual(self.judge("SKIP", t="no locale"),
                         ("ok", " # SKIP no locale"))

    def test_nothing_else_may(self):
        self.assertEqual(self.judge("SKIP", t="")[0], "not ok")
        self.assertEqual(self.judge("SKIP")[0], "not ok")

    def test_failures_and_lost_tests(self):
        for result in ("FAIL", "TIMEOUT", "ERROR", None):
            self.assertEqual(self.judge(result, t="")[0], "not ok")

    def test_the_table_of_the_bare_release_is_complete(self):
        self.assertEqual(len(tap_meson.read_known("test")), 139)
        self.assertEqual(len(tap_meson.read_known("syntax")), 138)


if __name__ == "__main__":
    unittest.main()
