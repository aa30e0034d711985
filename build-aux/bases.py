# SPDX-License-Identifier: LGPL-2.1-or-later
"""The stack on another release of libvirt.

The folder bases/NAME of a release has
  UPSTREAM     which release it is, as the file of that name at the top
  packages     the Debian packages that only this release needs
  PATCH.patch  the difference: what PATCH of patches/ needs to be otherwise
  answered     the collisions that the differences take care of
  left-out     what of which patch does not go there, and why

A patch is carried file by file: what it changes in a file is merged into the
file that the other release has, as git merges.  Where both have changed the
same lines, those of the other release stay, and the difference, if there is
one, is applied on top.  So a difference holds no more than what a merge
cannot know, and an edit of the stack elsewhere needs no edit of it."""

import contextlib
import re
import subprocess
import tempfile
from collections import namedtuple
from pathlib import Path

from answers import fingerprint, read_answered, write_answered
from branch import bare_worktree, base_of, import_stack
from stack import (BRANCH, EXPORTED, Failure, Upstream, git, git_line,
                   read_patches)

NONE = 40 * "0"     # what git shows as the blob of a file that is not there
MADE_OF = "refs/series/stack"       # the stack that a branch was carried from

# A file that a commit changes: its blobs before and after, and its mode.
Change = namedtuple("Change", "path old new mode")


class Base:
    """The folder bases/NAME, next to the stack's own UPSTREAM."""

    def __init__(self, top, name):
        self.folder = top / "bases" / name
        if not (self.folder / "UPSTREAM").exists():
            known = [p.parent.name for p in top.glob("bases/*/UPSTREAM")]
            raise Failure(f"there is no base {name}; there are: "
                          + " ".join(sorted(known)))
        self.name = name
        self.upstream = Upstream(self.folder)
        self.stack = Upstream(top)
        self.left_out = read_left_out(self.folder / "left-out")
        self.answered = read_answered(self.folder / "answered")

    def place(self, path):
        """Where the release of this base has PATH of the stack's own."""
        return self.upstream.to_upstream(self.stack.to_plain(path))

    def difference(self, patch):
        return self.folder / patch.name

    def leaves_out(self, patch, path="*"):
        return path in self.left_out.get(patch.name, {})

    def answers(self, patch, path, marked):
        """Whether nothing is left to do about a collision."""
        known = self.answered.get((patch.name, path))
        return known == fingerprint(marked) or self.leaves_out(patch, path)


def read_left_out(path):
    """The file left-out as {patch: {path, or "*" for all of it: reason}}."""
    found = {}
    for line in path.read_text().splitlines() if path.exists() else []:
        what, _, reason = line.partition("#")
        if not what.strip():
            continue
        try:
            patch, file = what.split()
        except ValueError:
            raise Failure(f"{path}: not PATCH PATH # REASON: {line}") from None
        if not reason.strip():
            raise Failure(f"{path}: {patch} {file} without a reason")
        found.setdefault(patch, {})[file] = reason.strip()
    return found


def check_names(base, patches):
    """Refuse what is said about patches that the stack does not have."""
    known = {patch.name for patch in patches}
    said = {path.name for path in base.folder.glob("*.patch")}
    for name in sorted((said | set(base.left_out)) - known):
        raise Failure(f"bases/{base.name} knows {name}, which is not in the "
                      "series; rename it there, too, or drop it")


def stack_commits(repo, top):
    """The stack as [(patch, its commit in REPO)]."""
    base, tip = base_of(repo, Upstream(top)), import_stack(repo, top)
    commits = git_line("rev-list", "--reverse", f"{base}..{tip}", cwd=repo)
    return list(zip(read_patches(top), commits.split()))


# A patch of a stack that is not in patches/ any more
Former = namedtuple("Former", "name")


def note_stack(repo, commits):
    """Note in REPO that its branch has been carried from COMMITS."""
    git("update-ref", MADE_OF, commits[-1][1], cwd=repo)


def former_commits(base, repo, stack_repo):
    """The stack that the branch in REPO was carried from, as stack_commits()
    gives that of today."""
    tip = git_line("for-each-ref", "--format=%(objectname)", MADE_OF, cwd=repo)
    if not tip:
        raise Failure(f"nothing in {repo} tells which stack its branch was "
                      f"made of; carry it anew:\n  build-aux/carry {base.name}")
    release = base_of(stack_repo, base.stack)
    log = git_line("log", "--reverse", "--format=%H %f", f"{release}..{tip}",
                   cwd=stack_repo)
    return [(Former(title + ".patch"), commit) for commit, title in
            (line.split() for line in log.splitlines())]


def borrow_objects(repo, lender):
    """Let REPO read the files and commits of LENDER."""
    path = Path(repo) / ".git" / "objects" / "info" / "alternates"
    path.write_text(f"{(Path(lender) / '.git' / 'objects').resolve()}\n")


def changes(tree, commit):
    """What COMMIT changes, as [Change]."""
    raw = git("diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev",
              "--no-commit-id", commit, cwd=tree).decode()
    words = raw.split("\0")[:-1]
    return [Change(path, *_blobs(status))
            for status, path in zip(words[::2], words[1::2])]


def _blobs(status):
    _, mode, old, new, _ = status.split()
    return old, new, mode


def read_blobs(tree, names):
    """The contents of the blobs NAMES: {name: bytes}."""
    names = sorted(set(names) - {NONE})
    out = git("cat-file", "--batch", cwd=tree, stdin="\n".join(names).encode())
    found = {}
    for name in names:
        head, _, out = out.partition(b"\n")
        size = int(head.split()[2])
        found[name], out = out[:size], out[size + 1:]
    return found


def merge_text(here, old, new, folder):
    """Merge the step from the text OLD to NEW into HERE.  Return the result,
    in which what collides stays as it is HERE, and the result with git's marks
    if anything collides."""
    names = ("here", "old", "new")
    for name, text in zip(names, (here, old, new)):
        (folder / name).write_bytes(text)
    command = ("git", "merge-file", "-p", "--diff3", *names)
    marked = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE,
                            check=False)
    if marked.returncode == 0:
        return marked.stdout, None
    return git("merge-file", "-p", "--ours", *names, cwd=folder), marked.stdout


def merge(base, patch, commit, tree):
    """Merge COMMIT of the stack into the index of TREE; return what that is
    not enough for as {path: the text with git's marks, or None where a file
    is missing, or is there already}."""
    has, collisions, same, steps = index_of(tree), {}, [], []
    for change in changes(tree, commit):
        place = base.place(change.path)
        here = has.get(place, NONE)
        if here == change.old:
            same.append((change, place, change.new))
        elif NONE not in (here, change.old, change.new):
            steps.append((change, place, here))
        elif not base.leaves_out(patch, place):
            collisions[place] = None
    with tempfile.TemporaryDirectory(prefix="merge-") as tmp:
        merged = merge_steps(tree, steps, Path(tmp), collisions)
    git("update-index", "--add", "--index-info", cwd=tree,
        stdin="".join(f"{change.mode} {blob}\t{place}\n" for
                      change, place, blob in same + merged).encode())
    return collisions


def merge_steps(tree, steps, tmp, collisions):
    """Merge files, STEPS: [(change, place, blob that is there)]; return the
    same with the blobs that there will be, and note COLLISIONS."""
    text = read_blobs(tree, [blob for change, _, here in steps
                             for blob in (here, change.old, change.new)])
    paths = []
    for change, place, here in steps:
        merged, marked = merge_text(text[here], text[change.old],
                                    text[change.new], tmp)
        if marked:
            collisions[place] = marked
        paths.append(tmp / f"merged-{len(paths)}")
        paths[-1].write_bytes(merged)
    blobs = git("hash-object", "-w", "--no-filters", "--stdin-paths", cwd=tree,
                stdin="".join(f"{path}\n" for path in paths).encode())
    return [(change, place, blob) for (change, place, _), blob
            in zip(steps, blobs.decode().split())]


def index_of(tree):
    """The index of TREE as {path: blob}."""
    lines = git("ls-files", "-s", "-z", cwd=tree).decode().split("\0")[:-1]
    return {path: words.split()[1]
            for words, _, path in (line.partition("\t") for line in lines)}


def carry_patch(base, patch, commit, tree):
    """Commit one patch of the stack in TREE; return unanswered collisions."""
    collisions = merge(base, patch, commit, tree)
    difference = base.difference(patch)
    if difference.exists():
        try:
            git("apply", "--cached", "--whitespace=nowarn",
                str(difference.resolve()), cwd=tree)
        except Failure as failure:
            raise Failure(
                f"bases/{base.name}/{patch.name} does not fit any more what "
                f"is in patches/:\n{failure}") from None
    if git("diff-index", "--cached", "HEAD", cwd=tree):
        git("commit", "--quiet", "--reuse-message", commit, cwd=tree)
    return {path: marked for path, marked in collisions.items()
            if not base.answers(patch, path, marked)}


Carried = namedtuple("Carried", "tip collisions pairs")


def carry(base, repo, commits):
    """Carry COMMITS to the release of BASE in REPO: the last commit, the
    unanswered collisions as [(patch, path, text)], and the commits of each patch
    that goes there as [(patch, of the stack, here)]."""
    release = base_of(repo, base.upstream)
    collisions, pairs, tip = [], [], release
    with bare_worktree(repo, release) as tree:
        for patch, commit in commits:
            if base.leaves_out(patch):
                continue
            found = carry_patch(base, patch, commit, tree)
            collisions += [(patch, *item) for item in found.items()]
            head = git_line("rev-parse", "HEAD", cwd=tree)
            pairs.append((patch, commit, head if head != tip else None))
            tip = head
    return Carried(tip, collisions, pairs)


def differences(base, repo, commits, tip="HEAD"):
    """What bases/NAME has to hold so that the result is TIP:
    {patch file: its difference without the text above it}, and which
    collisions that answers, as read_answered() gives them."""
    release = base_of(repo, base.upstream)
    ours = git_line("log", "--reverse", "--format=%H %f",
                    f"{release}..{tip}", cwd=repo).splitlines()
    here = {title + ".patch": commit
            for commit, title in (line.split() for line in ours)}
    known = [patch.name for patch, _ in commits]
    strange = [name for name in here if name not in known]
    if strange:
        raise Failure(f"{strange[0]} is a commit on this base and no patch of "
                      "the stack; squash it into one that is")
    found, answered = {}, {}
    with bare_worktree(repo, release) as tree:
        for patch, commit in commits:
            if patch.name in here:
                diff, collisions = _difference(base, patch, commit,
                                               here[patch.name], tree)
                found[patch.name] = diff
                answered.update(_answered(patch, diff, collisions))
    return found, answered


def _difference(base, patch, commit, here, tree):
    git("reset", "--soft", f"{here}^", cwd=tree)
    git("read-tree", "HEAD", cwd=tree)
    collisions = merge(base, patch, commit, tree)
    merged = git_line("write-tree", cwd=tree)
    diff = git("diff-tree", "-r", "-p", "--no-renames", merged, here, cwd=tree)
    return re.sub(rb"^index .*\n", b"", diff, flags=re.M), collisions


def _answered(patch, diff, collisions):
    """What of COLLISIONS the difference DIFF answers: a file in which it
    changes nothing has to be left out with a reason."""
    touched = re.findall(r"^diff --git a/\S+ b/(.*)$", diff.decode(errors="replace"),
                         re.M)
    return {(patch.name, path): fingerprint(marked)
            for path, marked in collisions.items() if path in touched}


def export(base, repo, commits):
    """Write what is different in the branch of REPO, which was carried from
    COMMITS, to bases/NAME."""
    found, base.answered = differences(base, repo, commits)
    write_differences(base, found)
    write_answered(base.folder / "answered", base.answered)
    git("update-ref", EXPORTED, f"refs/heads/{BRANCH}", cwd=repo)


def write_differences(base, found):
    """Write what differences() has FOUND; the text above a difference, which
    says why, stays."""
    for name, diff in found.items():
        path = base.folder / name
        old = path.read_bytes() if path.exists() else b""
        head = re.split(rb"^(?=diff --git )", old, maxsplit=1, flags=re.M)[0]
        if diff:
            path.write_bytes(head + diff)
        else:
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
