# SPDX-License-Identifier: LGPL-2.1-or-later
"""The patch stack as data: UPSTREAM, patches/, and the plain files.

A change to a file of libvirt's own is a hunk in a patch.  A new file is a
plain file in this tree; the patch that brings it names it in a line
" create mode 100644 PATH" (PATH as libvirt's tree has it) and holds no hunk
of it.  Everything that reads or writes that form is here; import-series,
export-series and check-series are thin commands over it and over git.

Patches and files are bytes; paths and file names are str.
"""

import argparse
import os
import re
import subprocess
import sys
from collections import Counter, namedtuple
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
REPO = TOP / "build" / "libvirt"
BRANCH = "npiv"
DATE = "2025-05-02T00:00:00Z"       # any will do; it must not change
IMPORTED = "refs/series/imported"   # what the stack made: see fresh.py
EXPORTED = "refs/series/exported"   # the branch that was last written back
KEYCODEMAP = "subprojects/keycodemapdb"     # a submodule upstream: untracked

# Pages about the stack, which are no part of it.
OWN = "docs/project"

# The folders of libvirt's tree in which the stack may have new files.
ROOTS = ("docs", "examples", "include", "po", "scripts", "src", "tests",
         "tools")


class Failure(Exception):
    """Something the user has to put right; the text says what and how."""


def git(*args, cwd, stdin=b""):
    """Run git in CWD, away from anybody's configuration, with that of this
    folder; return its output.

    Who commits and when is always the same, so that the same patches always
    make the same commits."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    env.update(GIT_CONFIG_GLOBAL=str(TOP / "build-aux" / "gitconfig"),
               GIT_CONFIG_NOSYSTEM="1",
               GIT_COMMITTER_NAME="NPIV for libvirt",
               GIT_COMMITTER_EMAIL="npiv@libvirt.invalid",
               GIT_COMMITTER_DATE=DATE, LC_ALL="C")
    done = subprocess.run(("git",) + args, cwd=cwd, env=env, input=stdin,
                          capture_output=True, check=False)
    if done.returncode:
        said = (done.stdout + done.stderr).decode(errors="replace").strip()
        raise Failure(f"git {args[0]} failed in {cwd}:\n{said}")
    return done.stdout


def arguments(doc):
    """The command line that all commands on the stack have in common."""
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("--top", type=Path, default=TOP,
                        help="the tree with patches/ (default: %(default)s)")
    parser.add_argument("--repo", type=Path, default=REPO,
                        help="libvirt's git tree (default: %(default)s)")
    return parser


def run(main):
    """Run the main function of a command; say a Failure in one line."""
    try:
        sys.exit(main())
    except Failure as failure:
        sys.exit(f"{Path(sys.argv[0]).name}: {failure}")


def git_line(*args, cwd):
    """Like git(), for commands that print one line of text."""
    return git(*args, cwd=cwd).decode().strip()


class Upstream:
    """The file UPSTREAM: which libvirt, from where, and renamed folders."""

    def __init__(self, top=TOP):
        self.renames = []
        for line in (top / "UPSTREAM").read_text().splitlines():
            key, *values = line.split("#")[0].split() or [None]
            if key == "rename":
                self.renames.append(tuple(values))
            elif key:
                setattr(self, key, values[0])

    def to_upstream(self, path):
        """The name in libvirt's tree of PATH in this one."""
        return _swap(path, self.renames)

    def to_plain(self, path):
        """The name in this tree of PATH in libvirt's."""
        return _swap(path, [(theirs, ours) for ours, theirs in self.renames])


def _swap(path, pairs):
    """PATH with its folder renamed; a "*" stands for any part of a path."""
    for old, new in pairs:
        head, star, tail = old.partition("*")
        if not star:
            head, new = head + "/", new + "/"
        if path.startswith(head) and path[len(head):].endswith(tail):
            kept = path[len(head):len(path) - len(tail)]
            return new.replace("*", kept) if star else new + kept
    return path


# One file's part of a diff.  PATHS: the file's name, and its old name too
# when it was renamed.  IS_NEW: the file did not exist before.
Section = namedtuple("Section", "text paths is_new")


class Patch:
    """A mail-formatted patch, cut into MAIL (headers and message), NOTES
    (what stands between the line "---" and the diff) and SECTIONS."""

    def __init__(self, name, text):
        self.name = name
        head, *diffs = re.split(rb"^(?=diff --git )", text, flags=re.M)
        self.mail, _, self.notes = head.partition(b"\n---\n")
        self.sections = [_section(diff) for diff in diffs]

    @property
    def text(self):
        return (self.mail + b"\n---\n" + self.notes
                + b"".join(s.text for s in self.sections))

    @property
    def brings(self):
        """The new files of the patch: {path in libvirt's tree: mode}."""
        lines = re.findall(rb"^ create mode (\d+) (.+)$", self.notes, re.M)
        return {path.decode(): mode.decode() for mode, path in lines}

    @property
    def touches(self):
        return {path for s in self.sections for path in s.paths}

    def lines(self, sign):
        """The lines that the patch adds to each file that it touches, or
        takes away: {path: Counter}.  SIGN is b"+" or b"-"."""
        return {s.paths[0]: _lines(s.text, sign) for s in self.sections}


def _lines(diff, sign):
    return Counter(line.strip() for line in
                   re.findall(rb"^%b(?!%b%b [ab/])(.*)" % (3 * (re.escape(sign),)),
                              diff, re.M))


def _section(diff):
    old, new = re.match(rb"diff --git a/(.*) b/(.*)\n", diff).groups()
    paths = [new.decode()] + ([old.decode()] if old != new else [])
    header = diff.split(b"\n@@ ")[0]
    return Section(diff, paths, b"\nnew file mode " in header)


def read_order(top=TOP):
    """patches/series as [(group, patch file name)].  A line "# NAME" starts
    a group."""
    order, group = [], ""
    path = top / "patches" / "series"
    for line in path.read_text().splitlines() if path.exists() else []:
        if line.startswith("#"):
            group = line[1:].strip()
        elif line.strip():
            order.append((group, line.strip()))
    return order


def format_order(order):
    """The reverse of read_order(): the text of patches/series."""
    text, last = "", None
    for group, name in order:
        if group != last:
            text += ("\n" if text else "") + f"# {group}\n"
        text += name + "\n"
        last = group
    return text


def read_patches(top=TOP):
    """The patches of TOP in their order."""
    patches = []
    for _, name in read_order(top):
        path = top / "patches" / name
        if not path.exists():
            raise Failure(f"patches/series names {name}, which is not there")
        patches.append(Patch(name, path.read_bytes()))
    return patches


def plain_files(top=TOP):
    """The paths, relative to TOP, of all files in the stack's folders that
    are not OWN."""
    found = []
    for root in ROOTS:
        for folder, _, names in os.walk(top / root):
            if "__pycache__" not in folder and \
                    not Path(folder).is_relative_to(top / OWN):
                found += [os.path.relpath(os.path.join(folder, name), top)
                          for name in names if not name.endswith("~")]
    return sorted(found)


def addition(path, mode, data):
    """The diff that creates PATH with DATA as its contents."""
    *lines, rest = data.split(b"\n")
    diff = f"diff --git a/{path} b/{path}\nnew file mode {mode}\n".encode()
    if data:
        diff += (f"--- /dev/null\n+++ b/{path}\n"
                 f"@@ -0,0 +1,{len(lines) + bool(rest)} @@\n").encode()
    diff += b"".join(b"+" + line + b"\n" for line in lines)
    if rest:
        diff += b"+" + rest + b"\n\\ No newline at end of file\n"
    return diff


def whole(patch, top=TOP):
    """The text of PATCH together with the files that it brings, for git."""
    upstream = Upstream(top)
    text = patch.text
    for path, mode in patch.brings.items():
        plain = top / upstream.to_plain(path)
        if not plain.exists():
            raise Failure(f"patches/{patch.name} brings {path}, but there is "
                          f"no {plain.relative_to(top)}")
        text += addition(path, mode, plain.read_bytes())
    return text
