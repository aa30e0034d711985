# SPDX-License-Identifier: LGPL-2.1-or-later
"""A second libvirt tree, in which commits are built and tested one after the
other while build/libvirt stays as it is."""

import json
import os
import shutil
import subprocess
from pathlib import Path

from stack import TOP, git

KEYCODEMAP = "subprojects/keycodemapdb"
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"  # the system's python3, as configure
GOOD = ("OK", "EXPECTEDFAIL", "SKIP")


class Workshop:
    """A clone of REPO in FOLDER, with a build and an installed tree."""

    def __init__(self, repo, folder, *options):
        self.folder = Path(folder).resolve()
        self.source = self.folder / "libvirt"
        self.build = self.folder / "obj"
        self.root = self.folder / "root"
        self.log = self.folder / "log"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log.write_text("")
        if not self.source.exists():
            self._clone(Path(repo).resolve())
        self.options = options

    def _clone(self, repo):
        git("clone", "--quiet", "--shared", "--no-checkout", str(repo),
            str(self.source), cwd=self.folder)
        with open(self.source / ".git" / "info" / "exclude", "a") as exclude:
            exclude.write(f"/{KEYCODEMAP}/\n")
        shutil.copytree(repo / KEYCODEMAP, self.source / KEYCODEMAP)

    def checkout(self, commit):
        """Make the tree that of COMMIT; other files keep their times."""
        git("checkout", "--quiet", "--force", "--detach", commit,
            cwd=self.source)
        git("clean", "--quiet", "--force", "-d", cwd=self.source)

    def compile(self, *targets):
        """Return whether everything compiles, or the targets of ninja's."""
        if not (self.build / "build.ninja").exists():
            if not self._run(TOP / "build-aux" / "configure", self.source,
                             self.build, *self.options):
                return False
        return self._run("ninja", "-C", self.build, *targets)

    def test(self, *arguments):
        """Run 'meson test' with ARGUMENTS; return {test: result}."""
        results = self.build / "meson-logs" / "testlog.json"
        results.unlink(missing_ok=True)
        self._run("meson", "test", "-C", self.build, "--no-rebuild",
                  "--quiet", *arguments)
        if not results.exists():
            return {}
        tests = [json.loads(line) for line in open(results)]
        return {test["name"].split(" / ")[-1]: test["result"]
                for test in tests}

    def lab(self, scenario):
        """Install, and return whether a scenario of the lab passes."""
        return self._run("meson", "install", "-C", self.build, "--quiet",
                         "--no-rebuild", "--only-changed",
                         "--destdir", self.root) and \
            self._run(TOP / "lab" / "lab", "build",
                      LAB_LIBVIRT_ROOT=self.root) and \
            self._run(TOP / "lab" / "lab", "run", scenario,
                      LAB_LIBVIRT_ROOT=self.root)

    def _run(self, *command, **env):
        with open(self.log, "a") as log:
            print("+", *command, file=log, flush=True)
            return subprocess.run(
                command, env={**os.environ, "PATH": PATH, **env},
                stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, check=False).returncode == 0


def bad(results):
    """The tests of {test: result} that are not as they should be."""
    return sorted(t for t, result in results.items() if result not in GOOD)
