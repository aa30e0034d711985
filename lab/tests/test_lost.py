# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest that QEMU has lost is told from one that waits, works, or has stopped."""

import io
import pathlib
import sys
import unittest
from unittest import mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from lib import lost, scenario  # noqa: E402
from lib.say import LabError  # noqa: E402
from lib.tap import Tap  # noqa: E402

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


class PlayedAgain(unittest.TestCase):
    """A scenario that ends with such a guest gets one more chance, and no other scenario gets one."""

    def play(self, *lost_after):
        """The results that fail of a scenario which fails as often as there are answers to: is a guest lost?"""
        left = list(lost_after)

        def run(_):
            if left:
                raise LabError("no write came")
            tap.ok(True, "a write came")

        tap = Tap(io.StringIO())
        with mock.patch.multiple(scenario, reset=mock.DEFAULT, collect=mock.DEFAULT, state_of=mock.DEFAULT,
                                 Scenario=mock.DEFAULT), \
                mock.patch.object(lost, "any_guest", lambda: left.pop(0)):
            scenario._run_one("some", mock.Mock(__doc__="Some.", run=run), tap)
        return tap.failed

    def test_once(self):
        self.assertEqual(self.play(True), 0)

    def test_not_twice(self):
        self.assertEqual(self.play(True, True), 1)

    def test_not_for_another_reason(self):
        self.assertEqual(self.play(False), 1)


if __name__ == "__main__":
    unittest.main()
