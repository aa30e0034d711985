# SPDX-License-Identifier: LGPL-2.1-or-later
"""The timeline tells what happened, in order, in the lane where it happened."""

import pathlib
import sys
import unittest
import xml.dom.minidom

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from lib.timeline import Timeline  # noqa: E402


def example():
    line = Timeline("hand-over", 100.0, 110.0)
    guest = line.lane("guest")
    guest.bar(100.0, 104.0, "runs on a", "a")
    guest.bar(104.2, 110.0, "runs on b", "b")
    line.lane("host a").mark(101.5, "S is lent & destroyed")
    return line


class TimelineTest(unittest.TestCase):
    def test_rows_are_in_order_and_count_from_zero(self):
        rows = example().rows()
        self.assertEqual(rows, sorted(rows))
        self.assertEqual(rows[0][0], 0.0)
        self.assertIn((1.5, 1, "S is lent & destroyed"), rows)

    def test_what_lies_outside_is_left_out(self):
        line = example()
        line.lanes[0].mark(99.0, "too early")
        self.assertNotIn("too early", line.text())

    def test_text_puts_a_mark_below_its_lane(self):
        lines = example().text().splitlines()
        column = lines[1].index("host a")
        mark = next(line for line in lines if "lent" in line)
        self.assertEqual(mark.index("S is lent"), column)

    def test_svg_is_well_formed_and_escaped(self):
        svg = example().svg()
        xml.dom.minidom.parseString(svg)
        self.assertIn("lent &amp; destroyed", svg)


if __name__ == "__main__":
    unittest.main()
