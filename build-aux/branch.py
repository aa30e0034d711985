# SPDX-License-Identifier: LGPL-2.1-or-later
"""From the stack to a git branch, and back."""

import contextlib
import shutil
import tempfile
from pathlib import Path

from stack import (Failure, Patch, Upstream, format_order, git, git_line,
                   read_order, read_patches, whole)

MAIL_OPTIONS = ("--zero-commit", "--full-index", "--no-signature")
WRITTEN = ".full-series"    # what full_series() has written beside it


def base_of(repo, upstream):
    """The commit in REPO of the release that the stack applies to."""
    if not (Path(repo) / ".git").exists():
        raise Failure(f"There is no libvirt tree in {repo}; "
                      "'make fetch' makes one.")
    return git_line("rev-parse", "--verify", upstream.tag + "^{commit}",
                    cwd=repo)


@contextlib.contextmanager
def bare_worktree(repo, commit):
    """A worktree whose index holds COMMIT but which has no files yet: git
    writes the few that a patch touches by itself, which saves writing
    twenty thousand."""
    with tempfile.TemporaryDirectory(prefix="series-") as tmp:
        tree = Path(tmp) / "tree"
        git("worktree", "add", "--quiet", "--detach", "--no-checkout",
            str(tree), commit, cwd=repo)
        try:
            git("read-tree", "HEAD", cwd=tree)
            yield tree
        finally:
            git("worktree", "remove", "--force", str(tree), cwd=repo)


def apply_mails(repo, base, mails):
    """Apply MAILS, [(file name, text)], on BASE; return the last commit.
    No fuzz: git am wants every line of context in its place."""
    if not mails:
        return base
    with bare_worktree(repo, base) as tree, \
            tempfile.TemporaryDirectory(prefix="mails-") as tmp:
        names = []
        for name, text in mails:
            names.append(str(Path(tmp) / name))
            Path(names[-1]).write_bytes(text)
        git("am", "--quiet", "--keep-cr", "--no-3way", *names, cwd=tree)
        return git_line("rev-parse", "HEAD", cwd=tree)


def import_stack(repo, top):
    """Make commits of the stack in TOP; return the last one.  No branch and
    no file in REPO moves."""
    base = base_of(repo, Upstream(top))
    return apply_mails(repo, base, [(patch.name, whole(patch, top))
                                    for patch in read_patches(top)])


def full_series(repo, base, tip, out):
    """Write BASE..TIP into OUT as a reviewer or a packager wants it: every
    patch complete and numbered, and a file "series" for quilt.  What an
    earlier run has written there goes."""
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    remove_series(out)
    with tempfile.TemporaryDirectory(prefix="series-") as tmp:
        written = git_line("format-patch", *MAIL_OPTIONS, "-o", tmp,
                           f"{base}..{tip}", cwd=repo)
        names = [Path(path).name for path in written.splitlines()]
        lines = "".join(name + "\n" for name in names)
        (out / WRITTEN).write_text(lines + "series\n")
        (out / "series").write_text(lines)
        return [Path(shutil.copy(Path(tmp) / name, out)) for name in names]


def remove_series(out):
    """Remove what full_series() has written into OUT; refuse a series that
    is somebody else's."""
    note = out / WRITTEN
    ours = note.read_text().splitlines() if note.exists() else []
    for path in sorted(out.glob("[0-9][0-9][0-9][0-9]-*.patch")) + \
            sorted(out.glob("series")):
        if path.name not in ours:
            raise Failure(f"{path} is not of this series; remove it, or have "
                          "the series written into another folder")
    for name in ours:
        (out / name).unlink(missing_ok=True)


class Export:
    """A branch in the form of the stack: PATCHES, and FILES, {path in
    libvirt's tree: contents}.

    A new file has one state here, its last one, and belongs to the patch
    that creates it.  So a later commit's changes to it are folded into
    that patch, and a commit with nothing else in it disappears; NOTICES
    says so."""

    def __init__(self, repo, base, tip):
        self.patches, self.notices, self.creator = [], [], {}
        commits = git_line("rev-list", "--reverse", f"{base}..{tip}",
                           cwd=repo)
        for commit in commits.split():
            self._add(repo, commit)
        self.files = {path: git("cat-file", "blob", f"{tip}:{path}", cwd=repo)
                      for path in self.creator}

    def _add(self, repo, commit):
        title = git_line("log", "-1", "--format=%f", commit, cwd=repo)
        text = git("format-patch", "-1", "--stdout", "--no-numbered",
                   *MAIL_OPTIONS, commit, cwd=repo)
        if not text:
            raise Failure(f"{title} is a merge or changes nothing; "
                          "the stack is a straight line of patches.")
        patch = Patch(title + ".patch", text)
        if patch.name in [p.name for p in self.patches]:
            raise Failure(f"Two commits would be {patch.name}; "
                          "give one of them another summary.")
        patch.notes = _without_diffstat(patch.notes)
        patch.sections = [s for s in patch.sections if self._keep(s, patch)]
        if patch.sections or patch.brings:
            self.patches.append(patch)
        else:
            self.notices.append(f"{patch.name} had nothing else in it")

    def _keep(self, section, patch):
        """Is SECTION a change to a file of libvirt's own?"""
        path = section.paths[0]
        if section.is_new and path not in self.creator:
            self.creator[path] = patch.name
            return False
        ours = [p for p in section.paths if p in self.creator]
        if not ours:
            return True
        if len(section.paths) > 1 or b"\ndeleted file mode " in section.text:
            raise Failure(f"{patch.name} moves or deletes {ours[0]}, which "
                          f"{self.creator[ours[0]]} brings; squash the two.")
        self.notices.append(f"{path}: the change in {patch.name} goes into "
                            f"{self.creator[path]}")
        return False

    def write(self, top, groups_from):
        """Write the stack into TOP; a patch keeps the group that it has in
        GROUPS_FROM.  What the stack in TOP had and has no more is removed;
        a file that stays as it is is not written."""
        upstream = Upstream(groups_from)
        new = {upstream.to_plain(path): data
               for path, data in self.files.items()}
        new.update({f"patches/{p.name}": p.text for p in self.patches})
        new["patches/series"] = self._series(groups_from)
        for path in files_of_stack(top, upstream) - set(new):
            (top / path).unlink(missing_ok=True)
        for path, data in new.items():
            _write(top / path, data)
        for patch in self.patches:
            for path, mode in patch.brings.items():
                (top / upstream.to_plain(path)).chmod(int(mode[-3:], 8))

    def _series(self, groups_from):
        """The text of patches/series: the one in GROUPS_FROM, if it has the
        same patches in the same order."""
        old = read_order(groups_from)
        if old and [name for _, name in old] == [p.name for p in self.patches]:
            return (groups_from / "patches" / "series").read_bytes()
        known = {name: group for group, name in old}
        groups = [known.get(p.name) for p in self.patches]
        order = [(group or _group(p.name, groups[:n], groups[n:]), p.name)
                 for n, (p, group) in enumerate(zip(self.patches, groups))]
        return format_order(order).encode()


def files_of_stack(top, upstream):
    """The paths of all that makes up the stack in TOP."""
    patches = read_patches(top)
    return ({f"patches/{path.name}" for path in top.glob("patches/*.patch")}
            | {upstream.to_plain(path) for p in patches for path in p.brings}
            | ({"patches/series"} if patches else set()))


def _without_diffstat(notes):
    """The diffstat counts lines of new files, which may change without the
    patch; what follows it (created, renamed and removed files) stays."""
    return notes[notes.index(b"\n", notes.index(b" changed, ")) + 1:]


def _group(name, before, after):
    """The group of a new patch, which stands between patches of the groups
    BEFORE and AFTER: theirs, if it is amid one, else the first word of its
    summary."""
    last = next((group for group in reversed(before) if group), None)
    if last and last == next((group for group in after if group), None):
        return last
    word = name.split("-")[0].lower()
    return {"nodedev": "node_device"}.get(word, word)


def _write(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_bytes() != data:
        path.write_bytes(data)
