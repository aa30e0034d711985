# SPDX-License-Identifier: LGPL-2.1-or-later
"""What check-hooks takes out, and when it says that a guard holds."""

import types
import unittest

from synthetic import StackTest
from guards import ADDED, PARTLY, examine, hook, read_guards, take_out
from stack import Patch, git, read_patches

DRIVER = "src/qemu/qemu_driver.c"


def patch_of(*paths):
    return Patch("x.patch", b"From: x\n\nx\n---\n\n" + b"".join(
        f"diff --git a/{p} b/{p}\n".encode() for p in paths))


class FakeWorkshop:
    """A tree that is not built: says what a build and its tests would."""

    def __init__(self, source, compiles=True, results=None, lab=True,
                 memcheck=None):
        self.source, self.log = source, "the log"
        self.compile = lambda: compiles
        self.test = lambda name: results or {}
        self.lab = lambda scenario: lab
        self.valgrind = lambda name: memcheck

    def checkout(self, commit):
        git("checkout", "--quiet", "--force", commit, cwd=self.source)


class HookTest(unittest.TestCase):

    def paths(self, *paths):
        return [section.paths[0] for section in hook(patch_of(*paths))]

    def test_code_goes_before_what_only_links_it(self):
        self.assertEqual(
            self.paths("src/a.c", "src/a.h", "src/meson.build", "tests/t.c"),
            ["src/a.c"])

    def test_a_patch_without_code_is_hooked_in_by_the_rest_of_src(self):
        self.assertEqual(self.paths("src/meson.build", "tests/meson.build"),
                         ["src/meson.build"])

    def test_documentation_has_no_hook(self):
        self.assertEqual(self.paths("docs/news.rst", "tests/t.c"), [])


class GuardTest(StackTest):

    def setUp(self):
        super().setUp()
        self.stack_of_two()
        self.tip = git("rev-parse", "HEAD", cwd=self.repo).decode().strip()
        self.patch = read_patches(self.top)[0]

    def examine(self, *guards, **world):
        own = git("rev-parse", "HEAD~1", cwd=self.repo).decode().strip()
        return examine(FakeWorkshop(self.repo, **world), self.tip, own,
                       self.patch, guards)

    def test_the_table_is_read(self):
        self.assertEqual(read_guards(self.top), {
            "util-Add-a-thing.patch": ["thingtest"],
            "qemu-Use-the-thing-twice.patch": ["thingtest", "lab:thing"]})

    def test_only_the_hook_is_taken_out(self):
        before = (self.repo / DRIVER).read_text()
        take_out(types.SimpleNamespace(source=self.repo), self.patch)
        after = (self.repo / DRIVER).read_text()
        self.assertEqual(before.count("hook();") - 1, after.count("hook();"))
        self.assertTrue((self.repo / "src/util/virthing.c").exists())

    def test_a_later_patch_close_to_it_does_not_matter(self):
        self.commit("qemu: Crowd it", self.hook(9, "left();\n"))
        self.commit("qemu: Crowd it more", self.hook(13, "right();\n"))
        self.assertTrue(take_out(types.SimpleNamespace(source=self.repo),
                                 self.patch))
        self.assertIn("left();\nline 9\nline 10\nright();",
                      (self.repo / DRIVER).read_text())

    def test_a_later_patch_right_beside_it_does_not_matter(self):
        own = git("rev-parse", "HEAD~1", cwd=self.repo).decode().strip()
        crowded = (self.repo / DRIVER).read_text().replace(
            "line 9\nhook();", "line 9\nleft();\nhook();\nright();")
        self.commit("qemu: Crowd it", {DRIVER: crowded})
        tree = types.SimpleNamespace(source=self.repo)
        self.assertFalse(take_out(tree, self.patch))
        self.assertTrue(take_out(tree, self.patch, commit=own))
        self.assertEqual((self.repo / DRIVER).read_text(),
                         crowded.replace("left();\nhook();", "left();"))

    def test_lines_that_a_later_patch_changed_stay(self):
        changed = (self.repo / DRIVER).read_text().replace(
            "line 9\nhook();", "line 9\nbetter_hook();")
        self.commit("qemu: Better it", {DRIVER: changed})
        both = self.patch
        both.sections += read_patches(self.top)[1].sections
        tree = types.SimpleNamespace(source=self.repo)
        self.assertFalse(take_out(tree, both))
        self.assertTrue(take_out(tree, both, PARTLY))
        after = (self.repo / DRIVER).read_text()
        self.assertIn("better_hook", after)
        self.assertNotIn("\nhook();", after)

    def test_a_hook_that_is_all_changed_cannot_be_taken_out(self):
        changed = (self.repo / DRIVER).read_text().replace(
            "line 9\nhook();", "line 9\nbetter_hook();")
        self.commit("qemu: Better it", {DRIVER: changed})
        self.assertFalse(take_out(types.SimpleNamespace(source=self.repo),
                                  self.patch, PARTLY))

    def test_a_test_that_fails_holds(self):
        self.assertEqual(self.examine("t", results={"t": "FAIL"}), [])

    def test_a_test_that_passes_does_not(self):
        self.assertIn("t passes", self.examine("t", results={"t": "OK"})[0])

    def test_a_test_that_is_not_there_tells_nothing(self):
        self.assertIn("nothing is tested", self.examine("t", results={})[0])

    def test_a_leak_is_seen_by_memcheck_alone(self):
        seen = {"results": {"t": "OK"}, "memcheck": "FAIL"}
        self.assertEqual(self.examine("valgrind:t", **seen), [])
        self.assertIn("t passes", self.examine("t", **seen)[0])
        self.assertIn("valgrind:t passes",
                      self.examine("valgrind:t", memcheck="OK")[0])

    def test_without_valgrind_nothing_is_tested(self):
        self.assertIn("nothing is tested", self.examine("valgrind:t")[0])

    def test_what_only_adds_may_be_all_that_can_be_taken_out(self):
        changed = (self.repo / DRIVER).read_text().replace(
            "line 2\n", "line two\n").replace("line 17\n", "line 17\nadded();\n")
        self.commit("qemu: Change and add", {DRIVER: changed})
        git("format-patch", "-1", "--no-signature", "-o", self.top,
            cwd=self.repo)
        patch = Patch("x.patch", next(self.top.glob("*.patch")).read_bytes())
        self.assertTrue(take_out(types.SimpleNamespace(source=self.repo),
                                 patch, ADDED))
        self.assertEqual((self.repo / DRIVER).read_text(),
                         changed.replace("added();\n", ""))

    def test_a_tree_that_does_not_compile_counts_only_if_announced(self):
        self.assertIn("nothing is tested", self.examine("t", compiles=False)[0])
        self.assertEqual(self.examine("compile", compiles=False), [])
        self.assertIn("compile passes", self.examine("compile")[0])

    def test_a_hook_that_others_build_on_is_taken_out_of_its_own_tree(self):
        workshop = FakeWorkshop(self.repo, results={"t": "FAIL"})
        seen = []
        workshop.compile = lambda: seen.append(git(
            "rev-parse", "HEAD", cwd=self.repo)) or len(seen) > 1
        own = git("rev-parse", "HEAD~1", cwd=self.repo).decode().strip()
        self.assertEqual(examine(workshop, self.tip, own, self.patch, ["t"]),
                         [])
        self.assertEqual(seen[1].decode().strip(), own)

    def test_the_lab_has_nothing_to_do_with_a_part_of_the_stack(self):
        workshop = FakeWorkshop(self.repo, compiles=False)
        self.assertIn("nothing is tested",
                      examine(workshop, self.tip, "no commit", self.patch,
                              ["lab:x"])[0])

    def test_a_scenario_that_fails_holds(self):
        self.assertEqual(self.examine("lab:x", lab=False), [])
        self.assertIn("lab:x passes", self.examine("lab:x", lab=True)[0])

    def test_a_scenario_that_cannot_be_played_does_not_hold(self):
        self.assertEqual(self.examine("lab:x", lab=None),
                         ["lab:x could not be played (see the log)"])

    def test_no_guard(self):
        self.assertIn("names no test", self.examine()[0])


if __name__ == "__main__":
    unittest.main()
