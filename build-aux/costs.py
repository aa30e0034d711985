# SPDX-License-Identifier: LGPL-2.1-or-later
"""What it costs to carry the stack to another release: how many of its hooks,
the runs of changed lines in files of libvirt's own, are the same there."""

import re
from collections import Counter, namedtuple

from bases import NONE, changes
from stack import git, git_line

CONTEXT = 3

# A run of changed lines, and the lines that git shows before and after it.
Hook = namedtuple("Hook", "path lines before after")

Cost = namedtuple("Cost", "same moved changed gone more files adapted")
TITLES = ("same", "moved", "changed", "left out", "only here", "new files",
          "adapted")


def hooks(tree, commit, place=str):
    """The hooks of COMMIT; PLACE(path): its path in the release to compare."""
    diff = git("diff-tree", "-p", "-r", "--no-renames", "--diff-filter=M",
               f"-U{CONTEXT}", "--no-commit-id", commit, cwd=tree)
    found = []
    for file in re.split(r"^diff --git ", diff.decode(errors="replace"),
                         flags=re.M)[1:]:
        path = place(re.match(r"a/(.*) b/", file)[1])
        for hunk in re.split(r"^@@ .*\n", file, flags=re.M)[1:]:
            found += _runs(path, hunk.splitlines())
    return found


def _runs(path, lines):
    start = None
    for number, line in enumerate(lines + [" "]):
        if line[:1] in "+-" and line and start is None:
            start = number
        elif not line[:1] in "+-\\" and start is not None:
            yield Hook(path, tuple(lines[start:number]),
                       tuple(lines[max(start - CONTEXT, 0):start]),
                       tuple(lines[number:number + CONTEXT]))
            start = None


def compare(there, here):
    """Sort the hooks THERE by what has become of them HERE; the numbers of
    the same, the moved, the changed and the gone, and of those more."""
    here = list(here)
    counts = Counter()
    ways = (("same", lambda a, b: a == b),
            ("moved", lambda a, b: (a.path, a.lines) == (b.path, b.lines)),
            ("moved", lambda a, b: a.lines == b.lines),
            ("changed", lambda a, b: a.path == b.path))
    for way, alike in ways:
        rest = []
        for hook in there:
            match = next((h for h in here if alike(hook, h)), None)
            if match:
                here.remove(match)
                counts[way] += 1
            else:
                rest.append(hook)
        there = rest
    return (counts["same"], counts["moved"], counts["changed"], len(there),
            len(here))


def cost(base, tree, there, here):
    """The Cost of one patch: its commit in the stack, and HERE or None."""
    new = {base.place(c.path): c.new for c in changes(tree, there)
           if c.old == NONE}
    kept = {c.path: c.new for c in changes(tree, here)} if here else {}
    adapted = sum(kept.get(path) != blob for path, blob in new.items())
    return Cost(*compare(hooks(tree, there, base.place),
                         hooks(tree, here) if here else []),
                len(new), adapted if here else 0)


def report(base, repo, commits, pairs):
    """Print the table.  PAIRS: [(patch, commit in the stack, and here)]."""
    here = {patch.name: commit for patch, _, commit in pairs}
    total = Counter()
    print("| patch | hooks | " + " | ".join(TITLES) + " |\n|---"
          + "|---:" * (len(TITLES) + 1) + "|")
    for patch, commit in commits:
        this = cost(base, repo, commit, here.get(patch.name))
        total.update(this._asdict())
        title = git_line("log", "-1", "--format=%s", commit, cwd=repo)
        print(_row(title, this))
    print(_row("together", Cost(**total)))


def _row(title, this):
    return (f"| {title} | {sum(this[:4])} | "
            + " | ".join(str(number or "") for number in this) + " |")
