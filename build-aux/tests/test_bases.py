# SPDX-License-Identifier: LGPL-2.1-or-later
"""carry, and what it counts."""

import unittest

from synthetic import UPSTREAM, StackTest
from bases import read_left_out
from costs import Hook, compare
from stack import Failure, git, git_line

DRIVER = "src/qemu/qemu_driver.c"
OLDER = "".join(f"line {n}\n" for n in range(5, 60))
USES = "qemu-Use-the-thing-twice.patch"


class CarryTest(StackTest):
    """A base v0.9, whose driver begins later and has other lines at 28."""

    def setUp(self):
        super().setUp()
        self.stack_of_two()
        self.folder = self.top / "bases" / "v0.9"
        self.folder.mkdir(parents=True)
        (self.folder / "UPSTREAM").write_text(
            UPSTREAM.replace("v1.0", "v0.9")
            + "rename tests/thingdata tests/olddata\n")
        self.older = self.repo.parent / "bases" / "v0.9" / "libvirt"

    def release(self, driver):
        """Make the release v0.9 with DRIVER."""
        self.older.mkdir(parents=True)
        stack, self.repo = self.repo, self.older
        git("init", "--quiet", "--initial-branch=base", cwd=self.repo)
        self.commit("the older release", {DRIVER: driver})
        git("tag", "v0.9", cwd=self.repo)
        self.repo = stack

    def carry(self, *args, status=0):
        return self.run_tool("carry", *args, "v0.9", status=status)

    def edit_driver(self, old, new):
        """Change the driver in the last commit on the base."""
        path = self.older / DRIVER
        path.write_text(path.read_text().replace(old, new, 1))
        git("commit", "--quiet", "--all", "--amend", "--no-edit",
            cwd=self.older)

    def add_to_stack(self, old, new):
        """Change the driver in the last patch of the stack."""
        path = self.repo / DRIVER
        path.write_text(path.read_text().replace(old, new, 1))
        git("commit", "--quiet", "--all", "--amend", "--no-edit",
            cwd=self.repo)
        self.run_tool("export-series")

    def differences(self):
        return sorted(path.name for path in self.folder.glob("*.patch"))

    def test_hooks_that_have_only_moved_need_no_difference(self):
        self.release(OLDER)
        self.assertIn("2 of 2 patches", self.carry())
        text = (self.older / DRIVER).read_text()
        self.assertEqual(text.count("hook();\n"), 2)
        self.assertIn("line 9\nhook();\nline 10\n", text)

    def test_new_files_come_along_under_the_names_they_have_there(self):
        self.release(OLDER)
        self.carry()
        self.assertTrue((self.older / "tests/olddata/crlf.xml").exists())
        self.assertTrue((self.older / "src/conf/schemas/thing.rng").exists())
        self.assertEqual((self.older / "src/util/no-newline.h").read_text(),
                         "last")

    def test_a_collision_is_named_and_kept_with_marks(self):
        self.release(OLDER.replace("line 29\n", "other\n"))
        said = self.carry(status=1)
        self.assertIn(f"{USES} {DRIVER}", said)
        marked = self.older.parent / "collisions" / USES / DRIVER
        self.assertIn("<<<<<<<", marked.read_text())
        self.assertNotIn("<<<<<<<", (self.older / DRIVER).read_text())

    def test_an_exported_answer_settles_a_collision(self):
        self.release(OLDER.replace("line 29\n", "other\n"))
        self.carry(status=1)
        self.edit_driver("other\n", "other\nold_hook();\n")
        self.carry("--export")
        self.assertEqual(self.differences(), [USES])
        self.assertIn("2 of 2", self.carry())
        self.assertIn("other\nold_hook();\n",
                      (self.older / DRIVER).read_text())

    def test_a_hook_that_collides_in_an_answered_file_is_named(self):
        self.test_an_exported_answer_settles_a_collision()
        self.add_to_stack("line 28\n", "line 28\nlater_hook();\n")
        self.assertIn(f"{USES} {DRIVER}", self.carry(status=1))

    def test_an_export_takes_back_nothing_of_a_newer_stack(self):
        self.release(OLDER)
        self.carry()
        self.add_to_stack("line 50\n", "line 50\nlater_hook();\n")
        self.edit_driver("line 20\n", "mine\n")
        self.carry("--export")
        self.assertNotIn("later_hook",
                         (self.folder / USES).read_text())
        text = (self.older / DRIVER).read_text()
        self.assertIn("line 50\nlater_hook();\n", text)
        self.assertIn("mine\n", text)

    def test_the_reason_above_a_difference_stays(self):
        self.test_an_exported_answer_settles_a_collision()
        path = self.folder / USES
        path.write_text("Because.\n\n" + path.read_text())
        self.edit_driver("old_hook", "older_hook")
        self.carry("--export")
        self.assertTrue(path.read_text().startswith("Because.\n\ndiff --git"))
        self.assertIn("+older_hook();", path.read_text())

    def test_work_that_was_not_exported_is_not_dropped(self):
        self.release(OLDER)
        self.carry()
        self.edit_driver("line 20\n", "mine\n")
        self.assertIn("carry --export v0.9", self.carry(status=1))

    def test_a_difference_that_does_not_fit_is_named(self):
        self.test_an_exported_answer_settles_a_collision()
        path = self.folder / USES
        path.write_text(path.read_text().replace(" other", " another"))
        self.assertIn(f"bases/v0.9/{USES} does not fit",
                      self.carry(status=1))

    def test_a_difference_of_no_patch_is_named(self):
        self.release(OLDER)
        (self.folder / "gone.patch").write_text("")
        self.assertIn("knows gone.patch", self.carry(status=1))

    def test_what_is_left_out_with_a_reason_is_no_collision(self):
        self.release(OLDER.replace("line 29\n", "other\n"))
        (self.folder / "left-out").write_text(f"{USES} {DRIVER} # why\n")
        self.assertIn("2 of 2", self.carry())
        (self.folder / "left-out").write_text(f"{USES} * # why\n")
        self.assertIn("1 of 2", self.carry())
        self.assertFalse((self.older / "tests/thingtest.c").exists())

    def test_leaving_out_takes_a_reason(self):
        path = self.folder / "left-out"
        path.write_text("some.patch *\n")
        self.assertRaisesRegex(Failure, "without a reason", read_left_out,
                               path)

    def test_the_same_stack_makes_the_same_commits(self):
        self.release(OLDER)
        self.carry()
        before = git_line("rev-parse", "npiv", cwd=self.older)
        self.carry()
        self.assertEqual(git_line("rev-parse", "npiv", cwd=self.older), before)

    def test_the_table_counts(self):
        self.release(OLDER)
        self.carry()
        said = self.carry("--costs")
        self.assertIn("| util: Add a thing | 1 | 1 |", said)
        self.assertIn("| together | 2 | 2 |", said)


class CompareTest(unittest.TestCase):

    def test_a_hook_is_the_same_moved_changed_or_gone(self):
        def hook(line, path="a.c", before="x"):
            return Hook(path, (f"+{line}",), (before,), ())
        there = [hook("same"), hook("moved"), hook("old"), hook("z", "b.c")]
        here = [hook("same"), hook("moved", before="y"), hook("new"),
                hook("more")]
        self.assertEqual(compare(there, here), (1, 1, 1, 1, 1))


if __name__ == "__main__":
    unittest.main()
