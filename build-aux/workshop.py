# SPDX-License-Identifier: LGPL-2.1-or-later
"""A second libvirt tree, in which commits are built and tested one after the
other while build/libvirt stays as it is."""

import os
import shutil
import subprocess
from pathlib import Path

import mesonlog
from stack import KEYCODEMAP, TOP, git

CONFIGURE = TOP / "build-aux" / "configure"
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"  # the system's python3, as configure
GOOD = ("OK", "EXPECTEDFAIL", "SKIP")


def is_configured(build):
    """Whether CONFIGURE, as it is now, has made the folder BUILD.  What an
    older one has made is removed."""
    made = build / "build.ninja"
    if not made.exists():
        return False
    if made.stat().st_mtime < CONFIGURE.stat().st_mtime:
        shutil.rmtree(build)
        return False
    return True


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
        part = self.folder / "libvirt.part"
        shutil.rmtree(part, ignore_errors=True)
        git("clone", "--quiet", "--shared", "--no-checkout", str(repo),
            str(part), cwd=self.folder)
        with open(part / ".git" / "info" / "exclude", "a") as exclude:
            exclude.write(f"/{KEYCODEMAP}/\n")
        shutil.copytree(repo / KEYCODEMAP, part / KEYCODEMAP)
        part.rename(self.source)

    def checkout(self, commit):
        """Make the tree that of COMMIT; other files keep their times."""
        git("checkout", "--quiet", "--force", "--detach", commit,
            cwd=self.source)
        git("clean", "--quiet", "--force", "-d", cwd=self.source)

    def compile(self, *targets):
        """Return whether everything compiles, or the targets of ninja's."""
        if not is_configured(self.build) and not self._run(
                CONFIGURE, self.source, self.build, *self.options):
            return False
        return self._run("ninja", "-C", self.build, *targets)

    def test(self, *arguments, setup=""):
        """Run 'meson test' with ARGUMENTS, and with --setup if SETUP says
        which; return {test: result}."""
        mesonlog.path(self.build, setup).unlink(missing_ok=True)
        self._run("meson", "test", "-C", self.build, "--no-rebuild",
                  "--quiet", *(["--setup", setup] if setup else []),
                  *arguments)
        return {name: result for name, (result, _)
                in mesonlog.read(self.build, setup).items()}

    def valgrind(self, test):
        """Return the result of a test under memcheck, as upstream sets it up;
        None if there is no valgrind."""
        if not shutil.which("valgrind", path=PATH):
            return None
        return self.test(test, setup="valgrind").get(test)

    def lab(self, scenario):
        """Install, with nothing left of an earlier tree, and return whether
        a scenario passes in a lab of its own; None if it could not be
        played."""
        lab = TOP / "lab" / "lab"
        env = {"LAB_LIBVIRT_ROOT": self.root,
               "LAB_LIVE": f"live-{self.folder.name}"}
        shutil.rmtree(self.root, ignore_errors=True)
        if not (self._run("meson", "install", "-C", self.build, "--quiet",
                          "--no-rebuild", "--destdir", self.root)
                and self._run(lab, "build", **env)):
            return None
        begin = self.log.stat().st_size
        if self._run(lab, "run", scenario, **env):
            return True
        return False if b"\nnot ok " in self.log.read_bytes()[begin:] else None

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
