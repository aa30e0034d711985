# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where this machine gets its Debian packages from; the hosts of the lab get theirs from the same place."""

import pathlib
import shlex
import subprocess

from .say import LabError

KEYRING = pathlib.Path("/usr/share/keyrings/debian-archive-keyring.gpg")
PASSED_ON = ("Acquire::http", "Acquire::https", "Acquire::Retries", "Acquire::Check", "Acquire::ForceIPv")


def codename():
    """The name of this machine's Debian release. libvirt is built here, so the hosts must be the same."""
    for line in pathlib.Path("/etc/os-release").read_text().splitlines():
        key, _, value = line.partition("=")
        if key == "VERSION_CODENAME":
            return shlex.split(value)[0]
    raise LabError("/etc/os-release names no VERSION_CODENAME; the lab's hosts are made on Debian")


def sources():
    """Lines for a sources.list: the Debian repositories that apt uses here."""
    columns = ("ORIGIN", "REPO_URI", "RELEASE", "COMPONENT")
    listing = subprocess.run(
        ["apt-get", "indextargets", "--format", "\t".join(f"$({column})" for column in columns),
         "Created-By: Packages"],
        check=True, capture_output=True, text=True).stdout
    signed = f" [signed-by={KEYRING}]" if KEYRING.exists() else ""
    lines = set()
    for origin, uri, release, component in (line.split("\t") for line in listing.splitlines()):
        if origin == "Debian" and release.startswith(codename()):
            lines.add(f"deb{signed} {uri} {release} {component}")
    if not lines:
        raise LabError(f"apt knows no Debian repository for {codename()}; run `apt-get update` as root")
    return sorted(lines)


def options():
    """apt options of this machine that say how to reach a repository, as for `apt -o`."""
    dump = subprocess.run(["apt-config", "dump", "Acquire"], check=True, capture_output=True, text=True).stdout
    pairs = (line.rstrip(";").split(" ", 1) for line in dump.splitlines())
    return [f"{key} {value}" for key, value in pairs if key.startswith(PASSED_ON) and value != '""']
