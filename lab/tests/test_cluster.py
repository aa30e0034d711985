# SPDX-License-Identifier: LGPL-2.1-or-later
"""A lab that does not come up, or is somebody else's."""

import contextlib
import importlib.machinery
import importlib.util
import io
import pathlib
import sys
import tempfile
import unittest
from unittest import mock

LAB = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(LAB))

from lib import cluster, daemon  # noqa: E402
from lib.say import LabError  # noqa: E402


class UpTest(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.home = pathlib.Path(scratch.name)

    def test_the_logs_of_machines_that_do_not_come_up_outlive_the_lab(self):
        def fail(_):
            (live / "a.console").write_text("panic")
            raise LabError("a has not come up")

        live, runs, said = self.home / "live", self.home / "run", []
        with mock.patch.multiple(cluster, LIVE=live, RUNS=runs, BUILD=self.home, say=said.append, _build=mock.Mock(),
                                 vm=mock.Mock(prepare=fail), ssh=mock.Mock(), fabric=mock.Mock()), \
                mock.patch.object(daemon, "LIVE", live):
            self.assertRaises(LabError, cluster.up, ["a"])
            cluster.down()
        self.assertEqual((runs / "up-live" / "a.console").read_text(), "panic")
        self.assertIn(f"the logs are in {runs / 'up-live'}", said[-1])


class DemoTest(unittest.TestCase):
    def test_a_lab_that_runs_already_is_left_alone(self):
        loader = importlib.machinery.SourceFileLoader("demo", str(LAB / "demo"))
        demo = importlib.util.module_from_spec(importlib.util.spec_from_loader("demo", loader))
        loader.exec_module(demo)
        with mock.patch.multiple(demo, daemon=mock.Mock(running=lambda: ["a"]), cluster=mock.Mock()), \
                mock.patch.object(demo.signal, "signal"), \
                contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as said:
            self.assertEqual(demo.main(), 1)
            demo.cluster.down.assert_not_called()
        self.assertIn("a lab is running already", said.getvalue())


if __name__ == "__main__":
    unittest.main()
