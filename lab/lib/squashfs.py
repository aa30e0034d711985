# SPDX-License-Identifier: LGPL-2.1-or-later
"""Read-only disk images. lz4, because emulated processors read them."""

import os
import subprocess

from .say import LabError

OPTIONS = ["-comp", "lz4", "-quiet", "-no-progress", "-noappend"]


def _run(argv, image, **more):
    partial = image.with_name(image.name + ".partial")
    partial.unlink(missing_ok=True)
    try:
        done = subprocess.run([*argv[:2], partial, *argv[2:], *OPTIONS], capture_output=True, text=True,
                              check=False, **more)
    except FileNotFoundError:
        raise LabError("mksquashfs is missing; install squashfs-tools (see lab/packages)") from None
    if done.returncode != 0:
        partial.unlink(missing_ok=True)
        raise LabError(f"mksquashfs could not make {image}: {done.stderr.strip()}")
    os.rename(partial, image)


def from_tar(tar, image):
    """Makes `image` of a tar archive, owners and modes as in the archive."""
    with open(tar, "rb") as stdin:
        _run(["mksquashfs", "-", "-tar"], image, stdin=stdin)


def from_directory(directory, image):
    """Makes `image` of a directory; everything in it belongs to root."""
    _run(["mksquashfs", directory, "-all-root"], image)
