# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a guest wrote is judged rightly: lost, misplaced and torn writes, and a guest that started anew, are seen."""

import pathlib
import struct
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from lib import guest  # noqa: E402


def sector(boot, place, count):
    return guest.MAGIC + struct.pack("<126I", boot, place, *[count] * 124)


class DiskTest(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.addCleanup(self.scratch.cleanup)
        self.path = pathlib.Path(self.scratch.name, "disk")
        self.path.write_bytes(bytes(guest.DISK_SIZE))

    def put(self, place, data):
        with open(self.path, "r+b") as disk:
            disk.seek(place * guest.SECTOR)
            disk.write(data)

    def boot(self, number=1):
        self.put(1, sector(number, 1, 0))

    def write(self, *counts, boot=1):
        for count in counts:
            self.put(guest.place(count), sector(boot, guest.place(count), count))

    def test_a_ring_without_gaps_is_good(self):
        self.boot()
        self.write(*range(1, 51))
        self.assertEqual(guest.check_disk(self.path), [])

    def test_a_ring_that_went_round_is_good(self):
        self.boot()
        self.write(*range(1, guest.RING + 100))
        self.assertEqual(guest.check_disk(self.path), [])

    def test_a_lost_write_is_seen(self):
        self.boot()
        self.write(*range(1, 20), *range(21, 51))
        self.assertIn("count 20", " ".join(guest.check_disk(self.path)))

    def test_a_misplaced_write_is_seen(self):
        self.boot()
        self.write(*range(1, 51))
        self.put(guest.place(30), sector(1, guest.place(31), 31))
        self.assertIn("count 30", " ".join(guest.check_disk(self.path)))

    def test_a_torn_write_is_seen(self):
        self.boot()
        self.write(*range(1, 51))
        self.put(guest.place(30), sector(1, guest.place(30), 30)[:400] + bytes(112))
        self.assertIn("count 30", " ".join(guest.check_disk(self.path)))

    def test_a_guest_that_wrote_nothing_is_seen(self):
        self.assertEqual(guest.check_disk(self.path), ["the guest has written nothing"])

    def test_a_watch_sees_every_write(self):
        with guest.Watch(self.path) as watch:
            self.boot()
            self.write(*range(1, 11))
            watch.wait_total(10, timeout=10)
        self.assertEqual((len(watch.times), watch.lost, watch.problems), (10, [], []))

    def test_a_watch_goes_on_where_the_guest_is(self):
        self.boot()
        self.write(*range(1, 8))
        with guest.Watch(self.path) as watch:
            self.assertEqual(watch.first, 8)
            self.write(8)
            watch.wait_total(1, timeout=10)
        self.assertEqual(watch.lost, [])

    def test_a_watch_sees_a_lost_write(self):
        self.boot()
        with guest.Watch(self.path) as watch:
            self.write(1, 2, 4, 5)
            watch.wait_total(5, timeout=10)
        self.assertEqual(watch.lost, [3])

    def test_what_comes_while_it_is_looked_for_is_not_lost(self):
        self.boot()
        with guest.Watch(self.path) as watch:
            record, early = watch.disk.record, [guest.place(1)]

            def look(sector):
                if sector in early:
                    early.remove(sector)
                    return None
                return record(sector)

            with watch.news:  # so that it looks when both are there
                watch.disk.record = look
                self.write(1, 2)
            watch.wait_total(2, timeout=10)
        self.assertEqual(watch.lost, [])

    def test_a_watch_sees_that_the_guest_started_anew(self):
        self.boot()
        with guest.Watch(self.path) as watch:
            self.write(1, 2)
            watch.wait_total(2, timeout=10)
            self.boot(2)
            self.write(1, 2, 3, boot=2)
            watch.wait_total(5, timeout=10)
        self.assertIn("started anew", " ".join(watch.problems))


class ConsoleTest(unittest.TestCase):
    GOOD = "\x1bcSeaBIOS\r\nb 00000001\nc 00000008\nc 00000010\n"

    def test_a_steady_count_is_good(self):
        self.assertEqual(guest.check_console(self.GOOD), [])

    def test_the_parts_of_two_hosts_join_in_the_middle_of_a_line(self):
        self.assertEqual(guest.check_console(self.GOOD + "c 000" + "00018\n"), [])

    def test_a_missing_or_repeated_line_is_seen(self):
        for more in ("c 00000020\n", "c 00000010\n"):
            self.assertIn("was due", " ".join(guest.check_console(self.GOOD + more)))

    def test_a_second_boot_a_failed_write_and_changed_memory_are_seen(self):
        for more, word in (("b 00000002\n", "anew"), ("e 00000010\n", "failed"), ("m 00000000\n", "memory")):
            self.assertIn(word, " ".join(guest.check_console(self.GOOD + more)))

    def test_silence_is_seen(self):
        self.assertEqual(guest.check_console("SeaBIOS\n"), ["the guest never said that it started"])


class ImageTest(unittest.TestCase):
    def test_the_guest_is_one_boot_sector(self):
        image = guest.image()
        self.assertEqual((len(image), image[-2:]), (512, b"\x55\xaa"))


if __name__ == "__main__":
    unittest.main()
