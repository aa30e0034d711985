# SPDX-License-Identifier: LGPL-2.1-or-later
"""patches/guards: which test fails when a patch's hook is taken out.

A line is PATCH-FILE GUARD..., where a guard is
  NAME            a test of libvirt's suite, as 'meson test' knows it
  valgrind:NAME   the same under memcheck (for what only leaks)
  lab:SCENARIO    a scenario of the lab
  compile         the tree no longer compiles (for what is only linked in)

The hook of a patch is what it changes in C files under src/; the headers
stay, since a declaration that nobody uses does nothing.  Where there is no
such change, the hook is all that the patch changes under src/.  A patch that
changes nothing there (documentation, tests) has no hook and needs no guard."""

import re
import subprocess

from stack import git
from workshop import GOOD


def hook(patch):
    """The sections of PATCH that are its hook: code under src/, else what
    builds it, else the same of a tool."""
    for place in ("src/", "tools/"):
        here = [s for s in patch.sections if s.paths[0].startswith(place)]
        code = [s for s in here if re.search(r"\.c$", s.paths[0])]
        if here:
            return code or here
    return []


def read_guards(top):
    """patches/guards as {patch file: [guard]}."""
    path = top / "patches" / "guards"
    guards = {}
    for line in path.read_text().splitlines() if path.exists() else []:
        words = line.split("#")[0].split()
        if words:
            guards.setdefault(words[0], []).extend(words[1:])
    return guards


def only_adds(hunk):
    """Whether a hunk of a patch takes no line away."""
    return not re.search(rb"^-", hunk, re.M)


def hunks(section):
    """What is before the first hunk of a section of a patch, and the hunks."""
    return re.split(rb"^(?=@@ )", section.text, flags=re.M)


def additions(section):
    """A section of a patch without the hunks that change or take away lines."""
    head, *rest = hunks(section)
    rest = [hunk for hunk in rest if only_adds(hunk)]
    return b"".join([head, *rest]) if rest else b""


def lines_of(source, commit, path):
    """The numbers, from 1, of the lines of PATH that COMMIT has written."""
    blame = git("blame", "--porcelain", "HEAD", "--", path, cwd=source)
    return {int(number) for number in re.findall(
        rb"^%s \d+ (\d+)" % commit.encode(), blame, re.M)}


def drop_lines(source, commit, section):
    """Drop from a file what COMMIT has added to it and still stands there."""
    path = section.paths[0]
    written = lines_of(source, commit, path)
    lines = (source / path).read_bytes().splitlines(keepends=True)
    (source / path).write_bytes(b"".join(
        line for number, line in enumerate(lines, 1) if number not in written))


# What is taken out of a tree: the hook; as much of it as later patches have
# not changed; as much of that as only adds lines.
ALL, PARTLY, ADDED = "all", "partly", "added"


def take_out(workshop, patch, how=ALL, commit=None):
    """Undo the hook of PATCH in the tree; return whether that was possible.
    Later patches may have changed lines beside it, so less context will do;
    so will the lines that COMMIT, that of the patch, has written, if it only
    adds."""
    text = b"".join(additions(section) if how == ADDED else section.text
                    for section in hook(patch))
    ways = [["-C3"], ["-C1"]] if how == ALL else [["-C1", "--reject"]]
    for way in ways:
        subprocess.run(["git", "apply", "--reverse", "--recount", *way, "-"],
                       cwd=workshop.source, input=text, check=False,
                       stderr=subprocess.DEVNULL)
        if git("diff", "--name-only", cwd=workshop.source):
            return True
    if commit and all(only_adds(hunk) for section in hook(patch)
                      for hunk in hunks(section)[1:]):
        for section in hook(patch):
            drop_lines(workshop.source, commit, section)
    return bool(git("diff", "--name-only", cwd=workshop.source))


def holds(workshop, guard, compiles):
    """Does GUARD notice that the hook is out? None if it is not there, or
    cannot be played."""
    if guard == "compile" or not compiles:
        return guard == "compile" and not compiles
    if guard.startswith("lab:"):
        passes = workshop.lab(guard[4:])
        return None if passes is None else not passes
    if guard.startswith("valgrind:"):
        result = workshop.valgrind(guard[9:])
    else:
        result = workshop.test(guard).get(guard)
    return None if result is None else result not in GOOD


def experiment(workshop, tree, own, how, patch, guards):
    """What is wrong with the guards of PATCH, whose commit is OWN, in a TREE:
    a list of sentences; None if the tree tells nothing about them."""
    workshop.checkout(tree)
    if not take_out(workshop, patch, how, own):
        return None
    compiles = workshop.compile()
    verdicts = [holds(workshop, guard, compiles) for guard in guards]
    unplayed = [f"{guard} could not be played (see {workshop.log})"
                for guard, verdict in zip(guards, verdicts)
                if guard.startswith("lab:") and verdict is None]
    if unplayed:
        return unplayed
    wrong = [f"{guard} passes without the hook"
             for guard, verdict in zip(guards, verdicts) if not verdict]
    silent = wrong and not compiles or None in verdicts
    return None if silent else wrong


def examine(workshop, tip, own, patch, guards):
    """What is wrong with the guards of PATCH: a list of sentences.  TIP is the
    complete tree.  Where later patches build on the hook, OWN, the tree that
    ends with PATCH, tells more, but for the lab, which needs all of it."""
    if not guards:
        return ["patches/guards names no test for it"]
    trees = [(tip, ALL), (own, ALL), (tip, PARTLY), (tip, ADDED)]
    if any(guard.startswith("lab:") for guard in guards):
        trees.remove((own, ALL))
    for tree, how in trees:
        wrong = experiment(workshop, tree, own, how, patch, guards)
        if wrong is not None:
            return wrong
    return ["there is no tree that can be compiled without the hook and has "
            f"the tests, so nothing is tested (see {workshop.log})"]
