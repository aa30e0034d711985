# SPDX-License-Identifier: LGPL-2.1-or-later
"""Programs that the lab starts are found again, and only they; waits end with what they waited for."""

import os
import pathlib
import signal
import sys
import tempfile
import threading
import unittest
from unittest import mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from lib import daemon, follow, ssh  # noqa: E402
from lib.say import LabError, LabTimeout  # noqa: E402


class Scratch(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.home = pathlib.Path(scratch.name)


class DaemonTest(Scratch):
    def setUp(self):
        super().setUp()
        patch = mock.patch.object(daemon, "LIVE", self.home)
        patch.start()
        self.addCleanup(patch.stop)
        self.addCleanup(lambda: daemon.stop("thing", (signal.SIGKILL,)))

    def start(self, *argv):
        daemon.start("thing", argv, self.home / "thing.log")

    def test_a_running_program_is_found_and_stopped(self):
        self.start("tail", "-f", "/dev/null")
        self.assertEqual(daemon.running(), ["thing"])
        self.assertTrue(daemon.stop("thing"))
        self.assertEqual((daemon.running(), daemon.pid("thing"), daemon.stop("thing")), ([], None, False))

    def test_one_that_ignores_a_polite_request_is_killed(self):
        ready = self.home / "thing.log"
        ready.touch()
        self.start("sh", "-c", "trap '' TERM; echo ready; exec tail -f /dev/null")
        follow.wait_line(ready, lambda line: line == "ready", 10, "the program to start")
        self.assertTrue(daemon.stop("thing", (signal.SIGTERM, signal.SIGKILL), grace=0.2))

    def test_a_second_one_of_the_same_name_is_refused(self):
        self.start("tail", "-f", "/dev/null")
        self.assertRaises(LabError, self.start, "tail", "-f", "/dev/null")

    def test_a_missing_program_is_named(self):
        with self.assertRaisesRegex(LabError, "no-such-program"):
            self.start("no-such-program")


class FollowTest(Scratch):
    def setUp(self):
        super().setUp()
        self.path = self.home / "log"
        self.path.write_text("old\n")

    def append(self, text):
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(text)

    def test_a_line_that_is_there_is_found_at_once(self):
        self.assertTrue(follow.wait_line(self.path, lambda line: line == "old", 0, "it"))

    def test_a_line_that_comes_later_in_pieces_ends_the_wait(self):
        end = follow.size(self.path)
        writers = [threading.Timer(0.05, self.append, ["ne"]), threading.Timer(0.1, self.append, ["w\n"])]
        for writer in writers:
            writer.start()
        found = follow.wait_line(self.path, lambda line: line == "new" and line, 10, "it", end)
        self.assertEqual(found, "new")
        for writer in writers:
            writer.join()

    def test_a_wait_in_vain_says_what_it_waited_for(self):
        with self.assertRaisesRegex(LabTimeout, "the moon"):
            follow.wait_line(self.path, lambda line: line == "new", 0.05, "the moon")

    def test_the_death_of_the_writer_ends_the_wait(self):
        process = os.posix_spawn("/bin/true", ["true"], {})
        pidfd = os.pidfd_open(process)
        with self.assertRaisesRegex(LabError, "ended while"):
            follow.wait_line(self.path, lambda line: line == "new", 10, "it", pidfd=pidfd)
        os.close(pidfd)
        os.waitpid(process, 0)


class SshTest(Scratch):
    def test_what_is_no_text_can_be_read_all_the_same(self):
        with mock.patch.multiple(ssh, LIVE=self.home, command=lambda *_: ["printf", "\\377x"]):
            self.assertEqual(ssh.run("a", []).stdout, "\ufffdx")
            with ssh.popen("a", []) as process:
                self.assertEqual(process.communicate()[0], "\ufffdx")


if __name__ == "__main__":
    unittest.main()
