# SPDX-License-Identifier: LGPL-2.1-or-later
"""Is a branch what the stack here makes, or has one of the two moved on?

refs/series/imported is what the stack made when the branch was last made of
it, or written back; refs/series/exported is the branch that was written back.
"""

from branch import import_stack
from stack import (BRANCH, EXPORTED, Failure, IMPORTED, Upstream, git,
                   git_line, read_patches)

NEWER = "Take over what is newer in the stack"


def revision(repo, name):
    """The commit that NAME stands for in REPO, or "" if there is none."""
    return git_line("for-each-ref", "--format=%(objectname)", name, cwd=repo)


def refuse_unfinished(repo):
    """Refuse to work with a branch that is being rebased: it is the old one
    until the rebase is over, and what is checked out is half of the new."""
    for state, what in ("rebase-merge", "rebase"), ("rebase-apply", "rebase"), \
            ("CHERRY_PICK_HEAD", "cherry-pick"):
        path = git_line("rev-parse", "--git-path", state, cwd=repo)
        if (repo / path).exists():
            raise Failure(f"a {what} is in progress in {repo}; end it with"
                          f"\n  git -C {repo} {what} --continue    (or --abort)")


def refuse_older(repo, top):
    """Refuse to write a branch over a stack that it was not made of; return
    without a word if there is no stack yet."""
    if not read_patches(top):
        return
    made_of, now = revision(repo, IMPORTED), import_stack(repo, top)
    if made_of == now:
        return
    if not made_of:
        raise Failure(f"nothing in {repo} tells what its branch was made of; "
                      f"what the stack in {top} has and the branch has not "
                      "would be lost.\nIf that is what you want, add "
                      "--replace.")
    raise Failure(
        f"the branch was not made of the stack as it is in {top} now; these "
        "would become what they were:"
        + "".join(f"\n  {path}" for path in newer(repo, top, now))
        + "\nPut what is newer there on top of the branch, look, and export "
        "again:\n  build-aux/import-series --keep"
        "\nor let the branch replace it all: build-aux/export-series --replace")


def newer(repo, top, now):
    """The paths, as TOP has them, in which NOW, what its stack makes, is
    another tree than the one that the branch in REPO was made of."""
    upstream = Upstream(top)
    changed = git_line("diff", "--name-only", IMPORTED, now, cwd=repo)
    return [upstream.to_plain(path) for path in changed.splitlines()] or \
        ["messages or the order of patches"]


def refuse_unexported(repo, new, exporter):
    """Refuse to drop commits that are on the branch and not in the stack, or
    to interrupt work on another branch; EXPORTER is the command that keeps
    them."""
    refuse_unfinished(repo)
    at = git_line("rev-parse", "--abbrev-ref", "HEAD", cwd=repo)
    if at not in (BRANCH, "base"):
        raise Failure(f"{repo} is on {at}, not on {BRANCH}; finish there, "
                      f"then\n  git -C {repo} checkout {BRANCH}")
    ours = revision(repo, f"refs/heads/{BRANCH}")
    if ours in ("", revision(repo, IMPORTED), revision(repo, EXPORTED)):
        return
    if git("rev-parse", ours + "^{tree}", cwd=repo) != \
            git("rev-parse", new + "^{tree}", cwd=repo):
        raise Failure(
            f"branch {BRANCH} in {repo} has commits that are not in patches/."
            f"\nTake them over with {exporter}, or drop them with"
            f"\n  git -C {repo} reset --hard {IMPORTED}")


def move_branch(repo, new, exporter="build-aux/export-series"):
    """Check NEW out as the branch; EXPORTER: see refuse_unexported."""
    refuse_unexported(repo, new, exporter)
    head = git_line("rev-parse", "HEAD", cwd=repo)
    if head != new or not revision(repo, f"refs/heads/{BRANCH}"):
        git("checkout", "--quiet", "-B", BRANCH, new, cwd=repo)
    git("update-ref", IMPORTED, new, cwd=repo)
    dirty = git_line("status", "--porcelain", cwd=repo)
    if dirty:
        print(f"{repo} has uncommitted changes; they are left as they are:\n"
              + dirty)


def keep(repo, new):
    """Leave the branch's own commits, and put all that NEW, what the stack
    makes now, has and the branch was not made of on top of them, as one
    commit.  Return whether there was anything."""
    refuse_unfinished(repo)
    old = revision(repo, IMPORTED)
    if not old:
        raise Failure(f"nothing in {repo} tells what its branch was made of")
    if git("diff", "--name-only", old, new, cwd=repo):
        commit = git_line("-c", "user.name=NPIV for libvirt",
                          "-c", "user.email=npiv@libvirt.invalid",
                          "commit-tree", "-p", old, "-m", NEWER,
                          f"{new}^{{tree}}", cwd=repo)
        git("update-ref", IMPORTED, new, cwd=repo)
        git("cherry-pick", commit, cwd=repo)
        return True
    git("update-ref", IMPORTED, new, cwd=repo)
    return False
