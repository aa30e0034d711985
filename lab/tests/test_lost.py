# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest that QEMU has lost is told from one that waits, works, or has stopped."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from lib import lost  # noqa: E402

LINES = """0
EAX=0000d980 EBX=90900000 ECX=00000000 EDX=0000d980
ESI=00010000 EDI=00000000 EBP=00000000 ESP=0000000a
EIP={eip} EFL={flags} [--S----] CPL=0 II=0 A20=1 SMM=0 HLT=0
ES =0000 00000000 0000ffff 00009300
CS ={segment} 000f0000 0000ffff 00009b00
"""


class Lost(unittest.TestCase):
    def check(self, wanted, eip, segment, flags):
        self.assertEqual(lost.is_lost(LINES.format(eip=eip, segment=segment, flags=flags)), wanted)

    def test_lost(self):
        self.check(True, "00000000", "f000", "00000082")

    def test_in_the_bios(self):
        self.check(False, "00007a3f", "f000", "00000002")

    def test_in_its_own_program(self):
        self.check(False, "00000000", "0000", "00000082")

    def test_interrupts_are_on(self):
        self.check(False, "00000000", "f000", "00000282")

    def test_no_registers(self):
        self.assertFalse(lost.is_lost("error: Requested operation is not valid: domain is not running"))


if __name__ == "__main__":
    unittest.main()
