# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Makefile, where it must not go on."""

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from synthetic import BUILD_AUX


class MakeTest(unittest.TestCase):
    """A tree with the Makefile, and a lab that can be ended, or cannot."""

    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.top = Path(scratch.name)

    def make(self, *words, top=None, **env):
        """Run make in the tree; return its status and what it prints."""
        top = top or self.top
        shutil.copy(BUILD_AUX.parent / "Makefile", top)
        done = subprocess.run(["make", "-C", top, *words], check=False,
                              env={"PATH": os.environ["PATH"], **env},
                              stdout=subprocess.PIPE, text=True,
                              stderr=subprocess.STDOUT)
        return done.returncode, done.stdout

    def clean(self, status):
        for name in "lab", "build/lab", "build/sanitized/lab":
            (self.top / name).mkdir(parents=True)
        lab = self.top / "lab" / "lab"
        lab.write_text(f'#!/bin/sh\necho "$LAB_BUILD $@"\nexit {status}\n')
        lab.chmod(0o755)
        return self.make("clean")

    def test_clean_ends_all_labs(self):
        status, said = self.clean(0)
        self.assertEqual(status, 0, said)
        self.assertIn("build/lab down --all\nbuild/sanitized/lab down --all",
                      said)
        self.assertFalse((self.top / "build").exists())

    def test_clean_leaves_the_files_of_a_lab_that_it_cannot_end(self):
        self.assertNotEqual(self.clean(1)[0], 0)
        self.assertTrue((self.top / "build" / "lab").exists())

    def test_a_path_with_a_blank_is_refused(self):
        (self.top / "a b").mkdir()
        self.assertIn("move the tree to a place without one",
                      self.make("clean", top=self.top / "a b")[1])

    def test_python_writes_nothing_beside_the_sources(self):
        show = "--eval=show: ; @python3 -c 'import sys; " \
               "print(sys.dont_write_bytecode)'"
        self.assertIn("True", self.make(show, "show")[1])

    def test_a_cache_that_the_user_has_is_used(self):
        (self.top / ".cache" / "ccache").mkdir(parents=True)
        show = "--eval=show: ; @echo cache: $(CCACHE_DIR)"
        self.assertIn("/build/ccache", self.make(show, "show", HOME="/none")[1])
        if shutil.which("ccache"):
            self.assertIn("cache:\n", self.make(show, "show",
                                                HOME=str(self.top))[1])
        self.assertIn("cache: /mine\n",
                      self.make(show, "show", CCACHE_DIR="/mine")[1])


if __name__ == "__main__":
    unittest.main()
