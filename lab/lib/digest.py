# SPDX-License-Identifier: LGPL-2.1-or-later
"""Names for things made from other things: the same inputs give the same name."""

import hashlib
import os


def of(*parts):
    """A short name for strings and bytes."""
    total = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        total.update(len(data).to_bytes(8, "little") + data)
    return total.hexdigest()[:16]


def of_tree(root):
    """A short name for a directory tree: names and kinds, of files modes, sizes and times, of links the targets; not
    contents. (Who installs into the tree once more may make the links anew, and writes only the files that changed.)"""
    lines = []
    for directory, subdirs, files in os.walk(root):
        subdirs.sort()
        for name in sorted(files) + [d for d in subdirs if os.path.islink(os.path.join(directory, d))]:
            path = os.path.join(directory, name)
            info = os.lstat(path)
            what = (f"link {os.readlink(path)}" if os.path.islink(path) else
                    f"{info.st_mode:o} {info.st_size} {info.st_mtime_ns}")
            lines.append(f"{os.path.relpath(path, root)} {what}")
    return of("\n".join(lines))
