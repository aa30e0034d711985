# SPDX-License-Identifier: LGPL-2.1-or-later
"""What counts as the end of a hand-over, and what does not."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from lib import vhba  # noqa: E402
from lib.faults import POINTS  # noqa: E402
from lib.outcome import Look, judge  # noqa: E402

PAIR = vhba.number(0)
P, S = (port.wwpn for port in PAIR)
NOTHING = Look({}, {}, {}, 0)


def look(marks, guest, up=(P, S)):
    """A host with both vHBAs; marks: of P and S."""
    definitions = {P: ("primary", marks[0]), S: ("secondary", marks[1])}
    return Look(definitions, {wwpn: "Active" for wwpn in up}, {"guest": guest}, int(guest in ("running", "paused")))


HAS_ALL = look(("none", "none"), "running")
PAUSED = look(("lent", "lent"), "paused", up=(P,))
ARRIVING = look(("borrowed", "none"), "running", up=(S,))


class Judge(unittest.TestCase):
    def test_before(self):
        self.assertEqual(judge(HAS_ALL, NOTHING, PAIR), "before")

    def test_after(self):
        self.assertEqual(judge(NOTHING, HAS_ALL, PAIR), "after")

    def test_a_definition_of_the_domain_is_no_harm(self):
        self.assertEqual(judge(Look({}, {}, {"guest": "shut off"}, 0), HAS_ALL, PAIR), "after")

    def test_paused_while_the_other_host_may_run_it(self):
        self.assertEqual(judge(PAUSED, ARRIVING, PAIR), "undecided")
        self.assertEqual(judge(PAUSED, NOTHING, PAIR), "undecided")

    def test_not_over_before_the_other_host_has_decided(self):
        self.assertEqual(judge(PAUSED, look(("borrowed", "borrowed"), "paused", up=(S,)), PAIR), "")

    def test_not_over_before_the_secondary_is_back(self):
        self.assertEqual(judge(look(("none", "borrowed"), "running", up=(P,)), NOTHING, PAIR), "")

    def test_a_pair_on_both_hosts_is_no_end(self):
        self.assertEqual(judge(HAS_ALL, HAS_ALL, PAIR), "")

    def test_an_orphan_is_no_end(self):
        self.assertEqual(judge(HAS_ALL, Look({}, {S: "Active"}, {}, 0), PAIR), "")

    def test_a_qemu_that_is_left_is_no_end(self):
        self.assertEqual(judge(NOTHING, HAS_ALL, PAIR), "after")
        self.assertEqual(judge(Look({}, {}, {}, 1), HAS_ALL, PAIR), "")


class Points(unittest.TestCase):
    def test_each_is_one_place(self):
        self.assertEqual(len({(point.host, point.daemon, point.text) for point in POINTS}), len(POINTS))


if __name__ == "__main__":
    unittest.main()
