# SPDX-License-Identifier: LGPL-2.1-or-later
"""walk-series and check-hooks on a project that builds in a second."""

import os
import re
import shutil
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from synthetic import BUILD_AUX, StackTest
import workshop
from stack import Failure, git

MESON = """\
project('libvirt', 'c')
test('sumtest', executable('sumtest', 'tests/sumtest.c', 'src/sum.c'))
"""
TEST = """\
int sum(int a, int b);
int main(void) { return sum(2, 3) != %d; }
"""
SUM = """\
int sum(int a, int b);

int sum(int a, int b)
{
%s}
"""


class WorkshopTest(StackTest):

    def setUp(self):
        super().setUp()
        names = re.findall(r"-D(\w+)=",
                           (BUILD_AUX / "configure").read_text())
        builtin = {"werror", "auto_features", "buildtype"}
        self.commit("a project", {
            "meson.build": MESON,
            "meson_options.txt": "".join(
                f"option('{name}', type: 'string')\n"
                for name in sorted({"json_c", *names} - builtin)),
            "src/sum.c": SUM % "    return b;\n",
            "tests/sumtest.c": TEST % 3})
        git("tag", "--force", "v1.0", cwd=self.repo)
        keys = self.repo / "subprojects" / "keycodemapdb"
        keys.mkdir(parents=True)

    def export(self, summary, body, result):
        self.commit(summary, {"src/sum.c": SUM % body,
                              "tests/sumtest.c": TEST % result})
        self.run_tool("export-series")

    def guard(self, table):
        (self.top / "patches" / "guards").write_text(table)

    def test_a_patch_that_builds_and_passes(self):
        self.export("util: Add", "    return a + b;\n", 5)
        self.assertIn("\nok 1 - util: Add", self.run_tool("walk-series"))

    def test_patches_that_do_not(self):
        self.export("util: Fail", "    return a + b;\n", 6)
        self.export("util: Break", "    return a + c;\n", 5)
        self.export("util: Mend", "    return a + b;\n", 5)
        said = self.run_tool("walk-series", status=1)
        self.assertIn("not ok 1 - util: Fail", said)
        self.assertIn("# sumtest; see", said)
        self.assertIn("not ok 2 - util: Break", said)
        self.assertIn("# does not compile; see", said)
        self.assertIn("\nok 3 - util: Mend", said)

    def test_a_hook_that_is_guarded(self):
        self.export("util: Add", "    return a + b;\n", 5)
        self.guard("util-Add.patch sumtest\n")
        self.assertIn("\nok 1 - util-Add", self.run_tool("check-hooks"))

    def test_a_hook_that_nobody_would_miss(self):
        self.export("util: Add", "    return a + b;\n", 5)
        self.export("util: Fuss", "    a = a + 0;\n    return a + b;\n", 5)
        self.guard("util-Add.patch compile\nutil-Fuss.patch sumtest\n")
        said = self.run_tool("check-hooks", "util-Fuss.patch", status=1)
        self.assertIn("# sumtest passes without the hook", said)

    def test_a_clone_that_was_broken_off_is_made_anew(self):
        keys = self.repo / "subprojects" / "keycodemapdb"
        folder = self.top.parent / "shop"
        shutil.rmtree(keys)
        with self.assertRaises(FileNotFoundError):
            workshop.Workshop(self.repo, folder)
        keys.mkdir()
        shop = workshop.Workshop(self.repo, folder)
        shop.checkout("v1.0")
        self.assertTrue((shop.source / keys.relative_to(self.repo)).is_dir())


class ConfiguredTest(unittest.TestCase):

    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.build = Path(scratch.name) / "obj"
        self.build.mkdir()
        patch = mock.patch.object(workshop, "CONFIGURE",
                                  Path(scratch.name) / "configure")
        patch.start()
        self.addCleanup(patch.stop)
        workshop.CONFIGURE.touch()

    def test_what_is_no_build_folder_stays(self):
        (self.build / "mine").touch()
        self.assertFalse(workshop.is_configured(self.build))
        self.assertTrue((self.build / "mine").exists())

    def test_a_folder_that_configure_has_made(self):
        (self.build / "build.ninja").touch()
        self.assertTrue(workshop.is_configured(self.build))

    def test_one_that_an_older_configure_has_made_goes(self):
        (self.build / "build.ninja").touch()
        os.utime(self.build / "build.ninja", (1, 1))
        self.assertFalse(workshop.is_configured(self.build))
        self.assertFalse(self.build.exists())


class LabTest(StackTest):
    """A scenario in a workshop whose commands say what they are told to."""

    def setUp(self):
        super().setUp()
        (self.repo / "subprojects" / "keycodemapdb").mkdir(parents=True)
        self.shop = workshop.Workshop(self.repo, self.top.parent / "shop")
        self.lives = set()

    def play(self, said, fails):
        """What Workshop.lab() says when a command that has the word FAILS in
        it fails; SAID is the scenario's output."""
        def run(*command, **env):
            self.lives.add(env.get("LAB_LIVE"))
            with open(self.shop.log, "a") as log:
                log.write(f"+ {command}\n" + said * ("run" in command))
            return fails not in command

        self.shop._run = run
        return self.shop.lab("thing")

    def test_one_that_passes(self):
        self.assertIs(self.play("ok 1 - a\n1..1\n", fails=None), True)

    def test_one_that_fails(self):
        self.assertIs(self.play("not ok 1 - a\n1..1\n", fails="run"), False)

    def test_one_that_is_not_played(self):
        for what in "install", "build", "run":
            self.assertIsNone(self.play("lab: no boot\n", fails=what), what)

    def test_what_an_earlier_tree_has_installed_is_not_played_with(self):
        tool = self.shop.root / "usr" / "bin" / "tool"
        tool.parent.mkdir(parents=True)
        tool.touch()
        self.play("ok 1 - a\n1..1\n", fails=None)
        self.assertFalse(tool.exists())

    def test_a_lab_that_runs_for_somebody_else_is_left_alone(self):
        self.play("ok 1 - a\n1..1\n", fails=None)
        self.assertEqual(self.lives, {None, "live-shop"})


@unittest.skipUnless(os.geteuid() == 0, "only root can give a tree away")
class OwnerTest(StackTest):

    def test_a_tree_of_another_user_can_be_read_and_cloned(self):
        shutil.chown(self.repo, 65534)
        shutil.chown(self.repo / ".git", 65534)
        (self.repo / "subprojects" / "keycodemapdb").mkdir(parents=True)
        try:
            workshop.Workshop(self.repo, self.top.parent / "shop")
        except Failure as failure:
            self.fail(failure)


if __name__ == "__main__":
    unittest.main()
