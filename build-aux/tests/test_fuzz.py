# SPDX-License-Identifier: LGPL-2.1-or-later
"""What fuzz/fuzz builds anew."""

import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from test_runner import load

fuzz = load("../fuzz/fuzz")


class BuildTest(unittest.TestCase):
    """Targets in folders where every file is as old as all others, but one."""

    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.top = Path(scratch.name)
        self.called = []
        for name, value in {
                "BUILD": self.top, "OBJ": self.top, "HERE": self.top,
                "FABRIC": self.top / "fcf", "library": lambda: "src/libvirt.so.0.1.0",
                "link_command": lambda _: "cc a.o -o made src/b.a".split(),
                "call": self.call}.items():
            patch = mock.patch.object(fuzz, name, value)
            patch.start()
            self.addCleanup(patch.stop)

    def call(self, *command, **_):
        if command[0] == "ar":
            return "a/member.o\n"
        self.called.append(command)
        return ""

    def files(self, newest, *names):
        for name in names:
            path = self.top / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            os.utime(path, (3, 3) if name == newest else (1, 1))

    def made(self, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        os.utime(path, (2, 2))

    def fabric(self, newest):
        self.files(newest, "targets/fabric.c", "fcf/fip.c", "fcf/fip.h",
                   "fuzz.h")
        target = fuzz.FabricTarget()
        self.made(target.program)
        target.build()
        return bool(self.called)

    def test_the_fabric_is_built_anew_for_a_header(self):
        self.assertFalse(self.fabric(None))
        for newest in "fcf/fip.c", "fcf/fip.h", "fuzz.h":
            self.called.clear()
            self.assertTrue(self.fabric(newest), newest)

    def library(self, newest):
        self.files(newest, "a.o", "src/b.a", "again.o")
        target = fuzz.LibvirtTarget("domain", "twin")
        self.made(target.library)
        target.link_library({"other.o": self.top / "again.o"})
        return bool(self.called)

    def test_the_library_is_linked_anew_for_each_of_its_members(self):
        self.assertFalse(self.library(None))
        for newest in "a.o", "src/b.a", "again.o":
            self.called.clear()
            self.assertTrue(self.library(newest), newest)


if __name__ == "__main__":
    unittest.main()
