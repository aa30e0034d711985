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

    def test_a_new_patch_amid_a_group_joins_it(self):
        self.stack_of_two()
        series = self.top / "patches/series"
        series.write_text(series.read_text().replace("# qemu\n", "")
                          .replace("# util", "# fixes"))
        qemu = git_line("rev-parse", "HEAD", cwd=self.repo)
        git("checkout", "--quiet", "HEAD~", cwd=self.repo)
        self.commit("conf: Mend one thing", self.hook(50))
        self.commit("conf: Mend another", self.hook(55))
        git("cherry-pick", qemu, cwd=self.repo)
        self.run_tool("export-series")
        self.assertEqual(series.read_text(), "# fixes\n"
                         "util-Add-a-thing.patch\n"
                         "conf-Mend-one-thing.patch\n"
                         "conf-Mend-another.patch\n"
                         "qemu-Use-the-thing-twice.patch\n")

    def test_section_headers_alone_are_left_as_they_are(self):
        self.stack_of_two()
        order = "# one\nutil-Add-a-thing.patch\n# two\n\n\n" \
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


class StaleTest(StackTest):
    """The stack has moved on since the branch was made of it."""

    THING = "src/util/virthing.c"

    def setUp(self):
        super().setUp()
        self.stack_of_two()
        self.run_tool("import-series")

    def edit(self, path, text):
        """Edit a plain file, as is done all the time."""
        (self.top / path).write_text(text)

    def test_what_is_newer_in_the_stack_is_not_overwritten(self):
        self.edit(self.THING, "int newer;\n")
        self.commit("qemu: Hook", self.hook(50))
        before = self.snapshot()
        said = self.run_tool("export-series", status=1)
        self.assertIn(f"\n  {self.THING}\n", said)
        self.assertIn("import-series --keep", said)
        self.assertEqual(self.snapshot(), before)

    def test_neither_is_a_patch(self):
        path = self.top / "patches/util-Add-a-thing.patch"
        path.write_text(path.read_text().replace("It has to be.", "Because."))
        said = self.run_tool("export-series", status=1)
        self.assertIn("messages or the order of patches", said)

    def test_keep_puts_it_on_top_of_the_branch(self):
        self.edit(self.THING, "int newer;\n")
        self.commit("qemu: Hook", self.hook(50))
        self.run_tool("import-series", "--keep")
        said = self.run_tool("export-series")
        self.assertIn("had nothing else in it", said)
        self.assertEqual((self.top / self.THING).read_text(), "int newer;\n")
        self.assertTrue((self.top / "patches/qemu-Hook.patch").exists())
        self.assertIn("nothing is newer",
                      self.run_tool("import-series", "--keep"))

    def test_keep_leaves_a_conflict_to_be_solved(self):
        self.edit(self.THING, "int newer;\n")
        self.commit("util: Other", {**self.hook(50), self.THING: "int o;\n"})
        said = self.run_tool("import-series", "--keep", status=1)
        self.assertIn("CONFLICT", said)
        said = self.run_tool("export-series", status=1)
        self.assertIn("cherry-pick --continue", said)
        (self.repo / self.THING).write_text("int both;\n")
        git("commit", "--quiet", "--all", "--no-edit", cwd=self.repo)
        self.run_tool("export-series")
        self.assertEqual((self.top / self.THING).read_text(), "int both;\n")

    def test_replace_overwrites_it(self):
        before = (self.top / self.THING).read_text()
        self.edit(self.THING, "int newer;\n")
        self.run_tool("export-series", "--replace")
        self.assertEqual((self.top / self.THING).read_text(), before)

    def test_a_tree_of_unknown_origin_is_refused(self):
        git("update-ref", "-d", "refs/series/imported", cwd=self.repo)
        self.assertIn("--replace", self.run_tool("export-series", status=1))

    def test_an_export_makes_the_stack_and_the_branch_one_again(self):
        self.commit("qemu: Hook", self.hook(50))
        self.run_tool("export-series")
        self.commit("qemu: Hook again", self.hook(52))
        self.run_tool("export-series")
        self.edit(self.THING, "int newer;\n")
        self.run_tool("import-series")
        self.assertEqual((self.repo / self.THING).read_text(), "int newer;\n")

    def test_in_the_middle_of_a_rebase_nothing_is_done(self):
        git("-c", "sequence.editor=sed -i s/pick/edit/", "rebase",
            "--quiet", "--interactive", "HEAD~", cwd=self.repo)
        before = self.snapshot()
        for tool in "export-series", "import-series":
            said = self.run_tool(tool, status=1)
            self.assertIn("a rebase is in progress", said)
            self.assertIn("rebase --continue", said)
        self.assertEqual(self.snapshot(), before)


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

    def test_full_series_takes_the_place_of_an_earlier_one(self):
        self.stack_of_two()
        out = self.top.parent / "full"
        self.run_tool("import-series", "--full", out)
        (out / "notes").write_text("mine\n")
        git("reset", "--quiet", "--hard", "HEAD~1", cwd=self.repo)
        self.run_tool("export-series", "--replace")
        self.run_tool("import-series", "--full", out)
        self.assertEqual(sorted(path.name for path in out.glob("[!.]*")),
                         ["0001-util-Add-a-thing.patch", "notes", "series"])

    def test_full_series_leaves_alone_what_is_somebody_elses(self):
        self.stack_of_two()
        out = self.top.parent / "full"
        out.mkdir()
        for name in "series", "0007-mine.patch":
            (out / name).write_text("mine\n")
            said = self.run_tool("import-series", "--full", out, status=1)
            self.assertIn(f"{out / name} is not of this series", said)
            self.assertEqual([(out / name).read_text()], ["mine\n"])
            (out / name).unlink()


if __name__ == "__main__":
    unittest.main()
