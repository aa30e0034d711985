# SPDX-License-Identifier: LGPL-2.1-or-later
"""What Debian's clients need is read off apt; what came of them is a table."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from lib import debian  # noqa: E402
from lib.matrix import WORKS, Matrix  # noqa: E402

SIMULATED = """\
The following NEW packages will be installed:
  libvirt0 virtinst
Inst virtinst (1:4.1.0-2 Debian:12.15/oldstable [all])
Inst libvirt0 [9.0.0-3] (9.0.0-4+deb12u2 Debian:12.15/oldstable [amd64])
Conf libvirt0 (9.0.0-4+deb12u2 Debian:12.15/oldstable [amd64])
"""


class Packages(unittest.TestCase):
    def test_what_is_new_and_what_is_newer(self):
        self.assertEqual(debian.to_install(SIMULATED), ["libvirt0 9.0.0-4+deb12u2", "virtinst 1:4.1.0-2"])

    def test_nothing_is_missing(self):
        self.assertEqual(debian.to_install("0 upgraded, 0 newly installed.\n"), [])


class Table(unittest.TestCase):
    def test_a_client_that_cannot_try_has_an_empty_cell(self):
        matrix = Matrix("action", ("virsh", "Python"))
        matrix.put("start", "virsh", WORKS)
        matrix.put("edit", "virsh", "refused")
        matrix.put("start", "Python", WORKS)
        self.assertEqual(str(matrix), "| action | virsh | Python |\n| --- | --- | --- |\n"
                                      "| start | works | works |\n| edit | refused |  |\n")


if __name__ == "__main__":
    unittest.main()
