# SPDX-License-Identifier: LGPL-2.1-or-later
"""install-packages, with a dpkg and an apt that know two packages."""

import os
import subprocess
import tempfile
import unittest
from pathlib import Path

from synthetic import BUILD_AUX

STATUS = """\
Package: here
Status: {} ok installed
Architecture: all
Version: 1

Package: gone
Status: deinstall ok config-files
Architecture: all
Version: 1
"""


class InstallTest(unittest.TestCase):

    def install(self, *packages, wanted="install"):
        """What it would install of PACKAGES, if 'here' is WANTED."""
        with tempfile.TemporaryDirectory() as tmp:
            tmp = Path(tmp)
            (tmp / "status").write_text(STATUS.format(wanted))
            (tmp / "list").write_text("\n".join(packages))
            for name in "apt-get", "sudo":
                (tmp / name).write_text("#!/bin/sh\n")
                (tmp / name).chmod(0o755)
            done = subprocess.run(
                [BUILD_AUX / "install-packages", tmp / "list"], check=True,
                env={"PATH": f"{tmp}:{os.environ['PATH']}",
                     "DPKG_ADMINDIR": str(tmp)},
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        return done.stdout.split()[1:]

    def test_what_is_installed_is_not_missing(self):
        self.assertEqual(self.install("here", "gone", "new"), ["gone", "new"])

    def test_nor_is_what_is_held(self):
        self.assertEqual(self.install("here", wanted="hold"), [])


if __name__ == "__main__":
    unittest.main()
