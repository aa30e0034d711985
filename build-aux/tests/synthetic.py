# SPDX-License-Identifier: LGPL-2.1-or-later
"""A libvirt of three files, and a stack on it, for the tests."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

BUILD_AUX = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(BUILD_AUX))

from stack import git, git_line  # noqa: E402

AUTHOR = "Zoë Tester <zoe@test.invalid>"
RELEASE = {"src/qemu/qemu_driver.c": "".join(f"line {n}\n" for n in range(60)),
           "src/conf/schemas/nodedev.rng": "<grammar/>\n",
           "tests/meson.build": "tests = []\n"}
UPSTREAM = """\
tag v1.0       # a comment
tarball libvirt.tar.xz
sha256 0
rename docs/schemas src/conf/schemas
"""


class StackTest(unittest.TestCase):
    """Gives each test a REPO with the release in it and an empty TOP."""

    def setUp(self):
        tmp = Path(tempfile.mkdtemp(prefix="stack-test-"))
        self.addCleanup(shutil.rmtree, tmp)
        self.top, self.repo = tmp / "top", tmp / "libvirt"
        self.top.mkdir()
        self.repo.mkdir()
        (self.top / "UPSTREAM").write_text(UPSTREAM)
        git("init", "--quiet", "--initial-branch=base", cwd=self.repo)
        self.commit("the release", RELEASE)
        git("tag", "v1.0", cwd=self.repo)

    def commit(self, summary, files, why="It has to be.", sign=True):
        """Commit FILES, {path: contents or None to delete}, to the repo."""
        for path, contents in files.items():
            target = self.repo / path
            target.parent.mkdir(parents=True, exist_ok=True)
            if contents is None:
                target.unlink()
            elif isinstance(contents, bytes):
                target.write_bytes(contents)
            else:
                target.write_text(contents)
        message = f"{summary}\n\n{why}\n\n"
        if sign:
            message += f"Signed-off-by: {AUTHOR}\n"
        git("add", "--all", cwd=self.repo)
        git("commit", "--quiet", "--author", AUTHOR, "--message", message,
            cwd=self.repo)
        return git_line("rev-parse", "HEAD", cwd=self.repo)

    def hook(self, number, text="hook();\n"):
        """The driver's contents, with TEXT put before line NUMBER."""
        path = "src/qemu/qemu_driver.c"
        lines = (self.repo / path).read_text().splitlines(keepends=True)
        return {path: "".join(lines[:number]) + text
                + "".join(lines[number:])}

    def run_tool(self, name, *args, status=0, env=None):
        """Run a command on the stack; return what it prints."""
        done = subprocess.run(
            [BUILD_AUX / name, "--top", self.top, "--repo", self.repo, *args],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
            stderr=subprocess.STDOUT, env={**os.environ, **(env or {})},
            check=False)
        self.assertEqual(done.returncode, status, done.stdout)
        return done.stdout

    def snapshot(self):
        """All files of TOP: {path: contents}."""
        return {str(path.relative_to(self.top)): path.read_bytes()
                for path in self.top.rglob("*") if path.is_file()}

    def stack_of_two(self):
        """Export two patches, of which the first brings a folder that has
        another name upstream, and an awkward set of contents."""
        self.commit("util: Add a thing", {
            **self.hook(10),
            "src/util/virthing.c": "int thing;\n\nFrom the start\n-- \n",
            "src/util/empty.h": "",
            "src/util/no-newline.h": "last",
            "tests/thingdata/crlf.xml": b"<a>\r\n<b/>\r\n",
            "tests/thingdata/latin1.txt": b"caf\xe9\n\x0cpage\n",
            "src/conf/schemas/thing.rng": "<thing/>\n"})
        self.commit("qemu: Use the thing — twice",
                    {**self.hook(30), "tests/thingtest.c": "test\n"})
        (self.top / "patches").mkdir()
        (self.top / "patches" / "guards").write_text(
            "util-Add-a-thing.patch thingtest\n"
            "qemu-Use-the-thing-twice.patch thingtest lab:thing\n")
        return self.run_tool("export-series")
