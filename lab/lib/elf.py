# SPDX-License-Identifier: LGPL-2.1-or-later
"""The programs and libraries of an installed tree: which packages they need, and how to make them small."""

import os
import pathlib
import re
import subprocess

from .say import LabError


def files(root):
    """The ELF files under a directory."""
    for directory, _, names in os.walk(root):
        for name in names:
            path = pathlib.Path(directory, name)
            if path.is_file() and not path.is_symlink():
                with open(path, "rb") as file:
                    if file.read(4) == b"\x7fELF":
                        yield path


def packages(root):
    """The Debian packages of the libraries that the ELF files under `root` load, sorted."""
    elves = list(files(root))
    if not elves:
        raise LabError(f"{root} holds no programs; build libvirt and `DESTDIR={root} meson install` it, "
                       "or set LAB_LIBVIRT_ROOT")
    own = {str(path.parent) for path in elves if ".so" in path.name}
    loaded = subprocess.run(["ldd", *elves], env={**os.environ, "LD_LIBRARY_PATH": ":".join(sorted(own))},
                            check=False, capture_output=True, text=True).stdout
    missing = set(re.findall(r"^\s*(\S+) => not found", loaded, re.M))
    if missing:
        raise LabError(f"{root} needs {', '.join(sorted(missing))}, which this machine does not have")
    libraries = {path for path in re.findall(r"=> (/\S+)", loaded) if not path.startswith(str(root))}
    found = set()
    for library in libraries:
        found.add(_owner(library))
    return sorted(found)


def _owner(library):
    """The package that brought a library. dpkg may know it by either side of the /lib -> /usr/lib link."""
    real = os.path.realpath(library)
    for path in (library, real, real.removeprefix("/usr"), library.removeprefix("/usr")):
        query = subprocess.run(["dpkg-query", "--search", path], check=False, capture_output=True, text=True)
        if query.returncode == 0:
            return query.stdout.split(":")[0].split(",")[0]
    raise LabError(f"no package owns {library}, which libvirt uses; the lab's hosts could not have it")


def strip(root):
    """Drops the debugging information of the ELF files under `root`."""
    subprocess.run(["strip", "--strip-unneeded", *files(root)], check=True)
