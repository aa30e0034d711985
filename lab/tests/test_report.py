# SPDX-License-Identifier: LGPL-2.1-or-later
"""The report of a hand-over says what the fabric and the guest's disk saw, and fails when something is wrong."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from lib import vhba  # noqa: E402
from lib.report import Handover  # noqa: E402

PAIR = vhba.number(0)
P, S = (port.wwpn for port in PAIR)


class FakeWatch:
    def __init__(self, lost=()):
        self.lost = list(lost)

    def longest_gap(self, since):
        return 0.3, since + 4.0


def log(*extra):
    steps = [(90, "login", P, "a"), (91, "login", S, "a"), (100.5, "logout", S, "a"), (101, "login", S, "b"),
             (105, "logout", P, "a"), (106, "login", P, "b"), *extra]
    return [{"t": t, "event": event, "wwpn": wwpn, "port": port} for t, event, wwpn, port in sorted(steps)]


def handover(events, watch=None):
    return Handover(PAIR, "a", "b", 100.0, 107.5, 110.0, events, watch or FakeWatch())


class ReportTest(unittest.TestCase):
    def test_phases_come_in_the_order_of_the_protocol(self):
        times = handover(log()).phases().values()
        self.assertEqual(list(times), [0.5, 1.0, 4.0, 4.3, 5.0, 6.0])

    def test_a_good_hand_over_is_ok(self):
        report = handover(log()).report([])
        self.assertEqual(report["result"], "ok")
        self.assertEqual(report["longest_gap_s"], 0.3)

    def test_the_migration_took_until_its_command_came_back(self):
        self.assertEqual(handover(log()).report([])["migration_s"], 7.5)

    def test_a_lost_write_a_double_login_a_leftover_or_a_missing_phase_fails(self):
        self.assertEqual(handover(log(), FakeWatch([7])).report([])["result"], "failed")
        self.assertEqual(handover(log((103, "double_login", P, "b"))).report([])["result"], "failed")
        self.assertEqual(handover(log()).report(["vhba_" + P])["result"], "failed")
        self.assertEqual(handover(log()[:-1]).report([])["result"], "failed")

    def test_logins_are_spans_within_the_migration(self):
        self.assertEqual(handover(log()).logins(P), [("a", 100.0, 105), ("b", 106, 110.0)])

    def test_the_timeline_has_a_bar_for_each_login(self):
        text = handover(log()).timeline("t", [(100.0, "a", "virsh migrate")]).text()
        for word in ("P at a", "S at a", "S at b", "P at b", "virsh migrate", "writes on b"):
            self.assertIn(word, text)


if __name__ == "__main__":
    unittest.main()
