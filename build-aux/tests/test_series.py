# SPDX-License-Identifier: LGPL-2.1-or-later
"""import-series and export-series."""

import unittest

from synthetic import StackTest
from stack import git, git_line


class ExportTest(StackTest):

    def test_new_files_become_plain_and_leave_only_their_names(self):
        self.stack_of_two()
        patch = (self.top / "patches/util-Add-a-thing.patch").read_text()
        self.assertIn("\n---\n create mode 100644 src/conf/schemas/thing.rng",
                      patch)
        self.assertEqual(patch.count("diff --git"), 1)
        self.assertIn("diff --git a/src/qemu/qemu_driver.c", patch)
        self.assertTrue(patch.startswith("From " + 40 * "0" + " Mon Sep 17"))
        self.assertIn("\nSubject: [PATCH] util: Add a thing\n", patch)
        self.assertEqual((self.top / "docs/schemas/thing.rng").read_text(),
                         "<thing/>\n")
        self.assertFalse((self.top / "src/conf").exists())

    def test_series_lists_patches_under_their_groups(self):
        self.stack_of_two()
        self.assertEqual((self.top / "patches/series").read_text(),
                         "# util\nutil-Add-a-thing.patch\n\n"
                         "# qemu\nqemu-Use-the-thing-twice.patch\n")

    def test_a_patch_keeps_the_group_it_was_put_in(self):
        self.stack_of_two()
        order = "# fixes\nutil-Add-a-thing.patch\n" \
                "qemu-Use-the-thing-twice.patch\n"
        (self.top / "patches/series").write_text(order)
        self.run_tool("export-series")
        self.assertEqual((self.top / "patches/series").read_text(), order)

    def test_what_the_branch_no_longer_has_is_removed(self):
        self.stack_of_two()
        (self.top / "docs/notes.txt").write_text("not of the stack\n")
        self.run_tool("export-series", "HEAD~")
        self.assertEqual(list(self.top.glob("patches/qemu*")), [])
        self.assertFalse((self.top / "tests/thingtest.c").exists())
        self.assertTrue((self.top / "docs/notes.txt").exists())

    def test_files_that_stay_keep_their_times(self):
        self.stack_of_two()
        before = (self.top / "src/util/virthing.c").stat().st_mtime_ns
        self.run_tool("export-series")
        after = (self.top / "src/util/virthing.c").stat().st_mtime_ns
        self.assertEqual(before, after)

    def test_a_later_change_to_a_new_file_goes_to_its_creator(self):
        self.stack_of_two()
        self.commit("util: Mend the thing",
                    {**self.hook(50), "src/util/virthing.c": "int mended;\n"})
        self.commit("util: Mend it again",
                    {"src/util/virthing.c": "int done;\n"})
        with open(self.top / "patches/guards", "a") as guards:
            guards.write("util-Mend-the-thing.patch thingtest\n")
        said = self.run_tool("export-series")
        self.assertIn("goes into util-Add-a-thing.patch", said)
        self.assertIn("util-Mend-it-again.patch had nothing else", said)
        self.assertEqual((self.top / "src/util/virthing.c").read_text(),
                         "int done;\n")
        self.assertEqual(len(list(self.top.glob("patches/*.patch"))), 3)
        self.run_tool("check-series")

    def test_deleting_a_new_file_is_refused(self):
        self.stack_of_two()
        self.commit("util: Forget it", {"src/util/empty.h": None})
        said = self.run_tool("export-series", status=1)
        self.assertIn("deletes src/util/empty.h, which util-Add-a-thing", said)

    def test_uncommitted_work_is_mentioned(self):
        self.stack_of_two()
        (self.repo / "tests/meson.build").write_text("mine\n")
        self.assertIn("are not exported", self.run_tool("export-series"))


class ImportTest(StackTest):

    def test_import_makes_the_tree_that_was_exported(self):
        self.stack_of_two()
        tree = git("rev-parse", "HEAD^{tree}", cwd=self.repo)
        self.run_tool("import-series")
        self.assertEqual(git("rev-parse", "npiv^{tree}", cwd=self.repo), tree)
        self.assertEqual(
            git_line("log", "--format=%s", "v1.0..npiv", cwd=self.repo),
            "qemu: Use the thing — twice\nutil: Add a thing")

    def test_import_twice_makes_the_same_commits(self):
        self.stack_of_two()
        self.run_tool("import-series")
        first = git("rev-parse", "npiv", cwd=self.repo)
        git("update-ref", "refs/series/imported", "v1.0", cwd=self.repo)
        self.run_tool("import-series")
        self.assertEqual(git("rev-parse", "npiv", cwd=self.repo), first)

    def test_export_of_import_changes_nothing(self):
        self.stack_of_two()
        before = self.snapshot()
        self.run_tool("import-series")
        self.run_tool("export-series")
        self.assertEqual(self.snapshot(), before)

    def test_a_plain_file_can_be_edited_in_place(self):
        self.stack_of_two()
        self.run_tool("import-series")
        (self.top / "src/util/virthing.c").write_text("a\nb\nc\nd\ne\nf\n")
        self.run_tool("import-series")
        self.assertEqual((self.repo / "src/util/virthing.c").read_text(),
                         "a\nb\nc\nd\ne\nf\n")
        self.run_tool("check-series")

    def test_files_that_stay_keep_their_times(self):
        self.stack_of_two()
        self.run_tool("import-series")
        path = self.repo / "tests/thingtest.c"
        before = path.stat().st_mtime_ns
        (self.top / "src/util/virthing.c").write_text("int other;\n")
        self.run_tool("import-series")
        self.assertEqual(path.stat().st_mtime_ns, before)

    def test_commits_that_were_not_exported_are_not_lost(self):
        self.stack_of_two()
        self.run_tool("import-series")
        self.commit("qemu: Work of a whole day", self.hook(50))
        said = self.run_tool("import-series", status=1)
        self.assertIn("export-series", said)
        self.run_tool("export-series")
        self.run_tool("import-series")
        self.assertIn("Work of a whole day",
                      git_line("log", "--format=%s", cwd=self.repo))

    def test_work_on_another_branch_is_not_interrupted(self):
        self.stack_of_two()
        git("checkout", "--quiet", "-b", "elsewhere", cwd=self.repo)
        said = self.run_tool("import-series", status=1)
        self.assertIn("is on elsewhere, not on npiv", said)

    def test_uncommitted_work_stays_and_is_mentioned(self):
        self.stack_of_two()
        self.run_tool("import-series")
        (self.repo / "tests/meson.build").write_text("mine\n")
        self.assertIn("uncommitted", self.run_tool("import-series"))
        self.assertEqual((self.repo / "tests/meson.build").read_text(),
                         "mine\n")

    def test_a_missing_plain_file_is_named(self):
        self.stack_of_two()
        (self.top / "docs/schemas/thing.rng").unlink()
        said = self.run_tool("import-series", status=1)
        self.assertIn("there is no docs/schemas/thing.rng", said)

    def test_a_patch_that_does_not_apply_is_named(self):
        self.stack_of_two()
        path = self.top / "patches/qemu-Use-the-thing-twice.patch"
        path.write_text(path.read_text().replace(" line 29", " line 2x"))
        said = self.run_tool("import-series", status=1)
        self.assertIn("Use the thing", said)

    def test_full_series_is_what_git_am_and_quilt_want(self):
        self.stack_of_two()
        out = self.top.parent / "full"
        self.run_tool("import-series", "--full", out)
        names = (out / "series").read_text().split()
        self.assertEqual(names, ["0001-util-Add-a-thing.patch",
                                 "0002-qemu-Use-the-thing-twice.patch"])
        self.assertIn("\n+int thing;\n", (out / names[0]).read_text("latin1"))
        tree = git("rev-parse", "HEAD^{tree}", cwd=self.repo)
        git("checkout", "--quiet", "--detach", "v1.0", cwd=self.repo)
        git("am", "--keep-cr", *(str(out / name) for name in names),
            cwd=self.repo)
        self.assertEqual(git("rev-parse", "HEAD^{tree}", cwd=self.repo), tree)


if __name__ == "__main__":
    unittest.main()
