# SPDX-License-Identifier: LGPL-2.1-or-later
"""walk-series and check-hooks on a project that builds in a second."""

import re
import unittest

from synthetic import BUILD_AUX, StackTest
from stack import git

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


if __name__ == "__main__":
    unittest.main()
