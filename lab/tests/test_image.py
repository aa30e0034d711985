# SPDX-License-Identifier: LGPL-2.1-or-later
"""The parts of the machines' images are what the kernel and systemd expect."""

import os
import pathlib
import sys
import tempfile
import unittest
from unittest import mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from lib import digest, image, target, units  # noqa: E402
from lib.cpio import Archive  # noqa: E402


class UnitsTest(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.root = pathlib.Path(scratch.name)
        directory = self.root / "usr/lib/systemd/system"
        directory.mkdir(parents=True)
        (directory / "d.service").write_text("[Unit]\nAlso=no.socket\n[Install]\nWantedBy=multi-user.target\n"
                                             "Also=d.socket\n")
        (directory / "d.socket").write_text("[Install]\nWantedBy=sockets.target\nAlso=d.service\n")
        (directory / "t@.service").write_text("[Install]\nRequiredBy=multi-user.target\n")

    def link(self, name):
        return str((self.root / "etc/systemd/system" / name).readlink())

    def test_enable_follows_wanted_by_and_also(self):
        units.enable(self.root, "d.service")
        self.assertEqual(self.link("multi-user.target.wants/d.service"), "/usr/lib/systemd/system/d.service")
        self.assertEqual(self.link("sockets.target.wants/d.socket"), "/usr/lib/systemd/system/d.socket")

    def test_an_instance_is_a_link_to_its_template(self):
        units.enable(self.root, "t@x.service")
        self.assertEqual(self.link("multi-user.target.requires/t@x.service"), "/usr/lib/systemd/system/t@.service")

    def test_a_masked_unit_leads_nowhere(self):
        units.mask(self.root, "d.service")
        self.assertEqual(self.link("d.service"), "/dev/null")

    def test_a_unit_that_is_not_there_is_an_error(self):
        self.assertRaises(FileNotFoundError, units.enable, self.root, "x.service")


class ArchiveTest(unittest.TestCase):
    def test_entries_are_aligned_and_parents_come_first(self):
        archive = Archive()
        archive.file("a/b/c", "text", 0o600)
        archive.symlink("a/l", "b")
        blob = archive.bytes()
        self.assertEqual(len(blob) % 4, 0)
        names = []
        at = 0
        while at < len(blob):
            self.assertEqual(blob[at:at + 6], b"070701")
            size, length = int(blob[at + 54:at + 62], 16), int(blob[at + 94:at + 102], 16)
            names.append(blob[at + 110:at + 110 + length - 1].decode())
            at = -(-(at + 110 + length) // 4) * 4
            at = -(-(at + size) // 4) * 4
        self.assertEqual(names, ["a", "a/b", "a/b/c", "a/l", "TRAILER!!!"])


class PackagesTest(unittest.TestCase):
    def test_an_answer_that_was_broken_off_does_not_count(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        with mock.patch.multiple(image, IMAGES=pathlib.Path(scratch.name), LIBVIRT_ROOT=pathlib.Path("/nowhere"),
                                 elf=mock.Mock(packages=lambda _: ["libc6"])):
            with mock.patch.object(pathlib.Path, "write_text", break_off), self.assertRaises(KeyboardInterrupt):
                image._libvirt_packages()
            self.assertEqual(image._libvirt_packages(), ["libc6"])


def break_off(path, _):
    path.touch()
    raise KeyboardInterrupt


class OrderTest(unittest.TestCase):
    def test_modules_come_after_what_they_need(self):
        dep = "k/a-a.ko: k/b.ko k/c.ko\nk/b.ko: k/c.ko\nk/c.ko:\nk/d.ko:\n"
        self.assertEqual(image._load_order(dep, ["a_a"]), ["k/c.ko", "k/b.ko", "k/a-a.ko"])


class NamesTest(unittest.TestCase):
    def test_a_link_made_anew_leaves_a_tree_the_same(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        tree = pathlib.Path(scratch.name)
        (tree / "file").write_text("x")
        (tree / "link").symlink_to("file")
        before = digest.of_tree(tree)
        (tree / "link").unlink()
        (tree / "link").symlink_to("file")
        os.utime(tree / "link", ns=(1, 1), follow_symlinks=False)
        self.assertEqual(digest.of_tree(tree), before)
        (tree / "link").unlink()
        (tree / "link").symlink_to("other")
        self.assertNotEqual(digest.of_tree(tree), before)

    def test_a_digest_keeps_its_parts_apart(self):
        self.assertNotEqual(digest.of("ab", "c"), digest.of("a", "bc"))

    def test_sizes(self):
        self.assertEqual([target.parse_size(text) for text in ("512", "4K", "16M")], [512, 4096, 16 << 20])

    def test_a_wwpn_as_configfs_wants_it(self):
        self.assertEqual(target.colons("2101001b32a90004"), "21:01:00:1b:32:a9:00:04")


if __name__ == "__main__":
    unittest.main()
