# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a host says of vHBAs is read off what virsh prints."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from lib import vhba  # noqa: E402

ACTIVE = "Name:           vhba_2101001b32a90100\nActive:         yes\nPersistent:     no\nAutostart:      no"
DEFINED = "Name:           vhba_2101001b32a90101\nActive:         no\nPersistent:     yes\nAutostart:      no"
P, S = vhba.number(0)


class Host:
    """Answers questions as virsh would; '' where it knows no such vHBA."""

    def __init__(self, answers):
        self.answers = answers

    def ask(self, *commands):
        return [self.answers.get(command, "") for command in commands]


def knows(port, partner, info):
    return {("nodedev-info", port.name): info, ("nodedev-dumpxml", port.name): port.xml(partner)}


class States(unittest.TestCase):
    def test_the_roles_and_what_is_missing(self):
        host = Host(knows(P, f"<secondary wwpn='{S.wwpn}'/>", ACTIVE))
        primary, missing = vhba.states(host, P, S)
        self.assertEqual(primary, vhba.State(True, False, False, "primary", None))
        self.assertFalse(primary.survives)
        self.assertIsNone(missing)

    def test_a_mark(self):
        host = Host(knows(S, f"<primary wwpn='{P.wwpn}'/><handover state='lent'/>", DEFINED))
        self.assertEqual(vhba.states(host, S), [vhba.State(False, True, False, "secondary", "lent")])

    def test_only_vhbas_of_a_listing(self):
        self.assertEqual(vhba.in_listing("scsi_host0\nvhba_2\n vhba_1 \n"), ["vhba_1", "vhba_2"])


if __name__ == "__main__":
    unittest.main()
