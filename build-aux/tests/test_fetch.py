# SPDX-License-Identifier: LGPL-2.1-or-later
"""fetch-upstream, from a file, a checkout and what looks like a mirror."""

import hashlib
import shutil
import subprocess
import unittest

from synthetic import StackTest
from stack import git, git_line

KEYCODEMAP = "subprojects/keycodemapdb/keymaps.csv"


class FetchTest(StackTest):

    def setUp(self):
        super().setUp()
        self.source = self.repo             # stands for a checkout upstream
        self.repo = self.top / "build" / "libvirt"
        path = self.source / KEYCODEMAP
        path.parent.mkdir(parents=True)
        path.write_text("keys\n")

    def tarball(self):
        """Pack the source as a release, and put its sum into UPSTREAM."""
        path = self.top / "release.tar.xz"
        subprocess.run(["tar", "--create", "--xz", "--file", path,
                        "--exclude=.git", "--directory", self.source,
                        "--transform=s,^[.],libvirt-1.0,", "."], check=True)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        (self.top / "UPSTREAM").write_text(
            f"tag v1.0\ntarball release.tar.xz\nsha256 {digest}\n"
            f"pool none\nurl {path.as_uri()}\n")
        return path

    def fetch(self, status=0, **env):
        return self.run_tool("fetch-upstream", status=status, env=env)

    def assertFetched(self):
        self.assertEqual(git_line("log", "--format=%s", "v1.0",
                                  cwd=self.repo), "libvirt v1.0")
        self.assertEqual(git("rev-parse", "v1.0^{tree}", cwd=self.repo),
                         git("rev-parse", "v1.0^{tree}", cwd=self.source))
        self.assertEqual((self.repo / KEYCODEMAP).read_text(), "keys\n")
        self.assertEqual(git_line("status", "--porcelain", cwd=self.repo), "")

    def test_from_a_file(self):
        self.fetch(LIBVIRT_TARBALL=str(self.tarball()))
        self.assertFetched()

    def test_from_a_checkout(self):
        self.tarball()
        self.fetch(LIBVIRT_GIT=str(self.source))
        self.assertFetched()

    def test_from_a_download_kept_for_the_next_time(self):
        path = self.tarball()
        self.repo.parent.mkdir()
        (self.repo.parent / "download").mkdir()
        shutil.move(path, self.repo.parent / "download")
        self.fetch()
        self.assertFetched()

    def test_the_commit_is_always_the_same(self):
        path = self.tarball()
        self.fetch(LIBVIRT_TARBALL=str(path))
        first = git("rev-parse", "v1.0", cwd=self.repo)
        shutil.rmtree(self.repo)
        self.fetch(LIBVIRT_TARBALL=str(path))
        self.assertEqual(git("rev-parse", "v1.0", cwd=self.repo), first)

    def test_a_tree_that_is_there_is_left_alone(self):
        path = self.tarball()
        self.fetch(LIBVIRT_TARBALL=str(path))
        path.unlink()
        self.fetch()
        self.assertFetched()

    def test_a_tree_of_another_release_is_refused(self):
        self.fetch(LIBVIRT_TARBALL=str(self.tarball()))
        (self.top / "UPSTREAM").write_text("tag v2.0\n")
        self.assertIn("is of another release", self.fetch(1))

    def test_another_sum_is_refused(self):
        path = self.tarball()
        path.write_bytes(path.read_bytes() + b"x")
        self.assertIn("is not the tarball with sha256",
                      self.fetch(1, LIBVIRT_TARBALL=str(path)))
        self.assertFalse(self.repo.exists())

    def test_a_checkout_without_its_submodule_is_refused(self):
        self.tarball()
        shutil.rmtree(self.source / "subprojects")
        self.assertIn("git submodule update",
                      self.fetch(1, LIBVIRT_GIT=str(self.source)))
        self.assertFalse(self.repo.exists())


if __name__ == "__main__":
    unittest.main()
