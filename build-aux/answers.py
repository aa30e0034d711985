# SPDX-License-Identifier: LGPL-2.1-or-later
"""The collisions of a base that its differences answer.

bases/NAME/answered has a line for each: PATCH PATH FINGERPRINT.  The
fingerprint is of the lines that collide, so that a hook which collides in the
same file later on is not taken for answered."""

import hashlib
import re

HEAD = "# What collides and is answered; carry --export writes this file.\n"


def fingerprint(marked):
    """Of a file with git's marks; None is one that is missing, or is there
    already."""
    if marked is None:
        return "-"
    hunks = re.findall(rb"^<{7} .*?^>{7} ", marked, re.M | re.S)
    return hashlib.sha256(b"".join(hunks)).hexdigest()[:12]


def read_answered(path):
    """The file answered as {(patch file name, path): fingerprint}."""
    found = {}
    for line in path.read_text().splitlines() if path.exists() else []:
        if line and not line.startswith("#"):
            patch, file, lines = line.split()
            found[patch, file] = lines
    return found


def write_answered(path, answered):
    """The reverse of read_answered()."""
    path.write_text(HEAD + "".join(
        f"{patch} {file} {lines}\n"
        for (patch, file), lines in sorted(answered.items())))
