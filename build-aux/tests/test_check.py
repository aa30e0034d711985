# SPDX-License-Identifier: LGPL-2.1-or-later
"""check-series: every rule, kept and broken."""

import unittest

from synthetic import StackTest

UTIL = "patches/util-Add-a-thing.patch"
QEMU = "patches/qemu-Use-the-thing-twice.patch"


class CheckTest(StackTest):

    def edit(self, path, old, new):
        target = self.top / path
        text = target.read_text()
        self.assertIn(old, text)
        target.write_text(text.replace(old, new, 1))

    def complaints(self):
        """{rule: complaint} of the rules that fail."""
        said = self.run_tool("check-series", status=1)
        blocks = said.split("\nnot ok ")[1:]
        return {block.split(" - ")[1].split("\n")[0]: block
                for block in blocks}

    def assertBreaks(self, rule, text):
        found = self.complaints()
        self.assertIn(rule, found)
        self.assertIn(text, found[rule])

    def test_a_good_stack_passes(self):
        self.stack_of_two()
        self.assertNotIn("not ok", self.run_tool("check-series"))

    def test_an_empty_stack_passes(self):
        self.run_tool("check-series")

    def test_unlisted_patch(self):
        self.stack_of_two()
        (self.top / "patches/stray.patch").write_text("")
        self.assertBreaks("series lists the patches", "stray.patch")

    def test_patch_listed_twice(self):
        self.stack_of_two()
        self.edit("patches/series", "# qemu", "util-Add-a-thing.patch\n# q")
        self.assertBreaks("series lists the patches", "2 times")

    def test_hunk_of_a_plain_file(self):
        self.stack_of_two()
        self.edit(QEMU, "diff --git", "diff --git a/src/util/virthing.c "
                  "b/src/util/virthing.c\n--- a/src/util/virthing.c\n"
                  "+++ b/src/util/virthing.c\n@@ -1 +1,2 @@\n int thing;\n"
                  "+int more;\ndiff --git")
        self.assertBreaks("a path is patched or plain", "virthing.c")

    def test_new_file_inside_a_patch(self):
        self.stack_of_two()
        (self.top / QEMU).write_text(
            (self.top / QEMU).read_text() + "diff --git a/src/x.c b/src/x.c\n"
            "new file mode 100644\n--- /dev/null\n+++ b/src/x.c\n"
            "@@ -0,0 +1 @@\n+int x;\n")
        self.assertBreaks("a path is patched or plain", "src/x.c")

    def test_plain_file_that_libvirt_has(self):
        self.stack_of_two()
        (self.top / "tests/meson.build").write_text("")
        self.assertBreaks("plain files are new", "tests/meson.build")

    def test_plain_file_under_libvirts_name_of_its_folder(self):
        self.stack_of_two()
        (self.top / "src/conf/schemas").mkdir(parents=True)
        (self.top / "src/conf/schemas/other.rng").write_text("")
        self.assertBreaks("plain files have one name",
                          "docs/schemas/other.rng")

    def test_plain_file_that_no_patch_brings(self):
        self.stack_of_two()
        (self.top / "tests/stray.c").write_text("")
        self.assertBreaks("one patch brings each plain file",
                          "tests/stray.c is brought by 0 patches")

    def test_plain_file_that_two_patches_bring(self):
        self.stack_of_two()
        self.edit(QEMU, " create mode",
                  " create mode 100644 src/util/empty.h\n create mode")
        self.assertBreaks("one patch brings each plain file",
                          "brought by 2 patches")

    def test_plain_file_gone(self):
        self.stack_of_two()
        (self.top / "tests/thingtest.c").unlink()
        self.assertBreaks("brought files are here", "tests/thingtest.c")

    def test_plain_file_of_another_mode(self):
        self.stack_of_two()
        (self.top / "tests/thingtest.c").chmod(0o755)
        self.assertBreaks("brought files are here", "not of mode 100644")

    def test_file_outside_of_the_stacks_folders(self):
        self.commit("lab: Add a thing", {**self.hook(5), "lab/x": "x\n"})
        self.run_tool("export-series")
        self.assertBreaks("brought files are here", "lab/x, outside")

    def test_patch_without_a_hook(self):
        self.commit("util: Nobody calls it", {"src/util/virthing.c": "int\n"})
        self.run_tool("export-series")
        self.assertBreaks("each patch hooks into libvirt", "Nobody-calls-it")

    def test_patch_without_a_reason(self):
        self.commit("util: Because", self.hook(5), why="Fixes: abcdef")
        self.run_tool("export-series")
        self.assertBreaks("each patch says why", "util-Because.patch")

    def test_patch_that_is_not_signed_off(self):
        self.commit("util: Unsigned", self.hook(5), sign=False)
        self.run_tool("export-series")
        self.assertBreaks("each patch is signed off", "Zoë Tester")

    def test_hook_without_a_guard(self):
        self.stack_of_two()
        (self.top / "patches/guards").write_text("gone.patch thingtest\n")
        self.assertBreaks("each hook is guarded", "of util-Add-a-thing.patch")
        self.assertBreaks("each hook is guarded", "gone.patch, which is not")

    def test_fat_hook_over_several_patches(self):
        self.commit("qemu: Start small", self.hook(5, 25 * "hook();\n"))
        self.commit("qemu: Grow", self.hook(50, 25 * "hook();\n"))
        self.run_tool("export-series")
        self.assertBreaks("hooks are thin",
                          "src/qemu/qemu_driver.c gets 50 lines")

    def test_what_a_later_patch_takes_away_is_not_left(self):
        self.commit("qemu: Stand in", self.hook(5, 25 * "instead();\n"))
        path, text = self.hook(5, 30 * "hook();\n").popitem()
        self.commit("qemu: Do it", {path: text.replace("instead();\n", "")})
        self.run_tool("export-series")
        self.assertNotIn("hooks are thin", self.complaints())

    def test_a_fix_is_no_hook(self):
        self.commit("qemu: Mend", self.hook(5, 50 * "hook();\n"))
        (self.top / "patches").mkdir()
        (self.top / "patches/guards").write_text("qemu-Mend.patch t\n")
        (self.top / "patches/series").write_text("# fixes\nqemu-Mend.patch\n")
        (self.top / "patches/qemu-Mend.patch").write_text("")
        self.run_tool("export-series", "--replace")
        self.run_tool("check-series")

    def test_a_page_about_the_stack_is_no_part_of_it(self):
        self.stack_of_two()
        (self.top / "docs/project").mkdir()
        (self.top / "docs/project/letter.md").write_text("Dear all\n")
        self.run_tool("check-series")

    def test_fuzz(self):
        self.stack_of_two()
        self.edit(QEMU, " line 29", " line 2x")
        self.assertBreaks("the round trip changes nothing", "git am failed")

    def test_offset(self):
        self.stack_of_two()
        self.edit(QEMU, "@@ -28,", "@@ -26,")
        self.assertBreaks("the round trip changes nothing", QEMU)

    def test_hand_made_patch(self):
        self.stack_of_two()
        self.edit(UTIL, "\n---\n", "\n---\nA note.\n")
        self.assertBreaks("the round trip changes nothing", UTIL)


if __name__ == "__main__":
    unittest.main()
