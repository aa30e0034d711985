# SPDX-License-Identifier: LGPL-2.1-or-later
"""The libvirt clients of this machine's own Debian release, driven from this machine.

They are unpacked into a place of their own, with their libvirt.so, and not installed: nothing of theirs shadows what is
under test, nor the other way round. They reach the hosts by ssh, as an administrator's do.
"""

import os
import pathlib
import re
import shlex
import shutil
import subprocess
import tempfile
from urllib.parse import quote

from . import digest
from .paths import BUILD, LIVE
from .say import LabError, say

CLIENTS = ("libvirt0", "libvirt-clients", "python3-libvirt", "virtinst")
PYTHON = "/usr/bin/python3"  # the release's: its modules are for no other

# Runs the statements of an argument on a connection; an error is one line, as of virsh.
PROLOGUE = """
import sys, libvirt
libvirt.registerErrorHandler(lambda *_: None, None)
try:
    conn = libvirt.open(sys.argv[1])
    exec(sys.argv[2])
except (libvirt.libvirtError, AttributeError) as error:
    sys.exit(f"error: {error}")
"""


class Clients:
    """The unpacked clients. root: where they are."""

    def __init__(self):
        self.root = _unpacked()
        libraries, = self.root.glob("usr/lib/*-linux-gnu")
        modules = (self.root / "usr/share/virt-manager", self.root / "usr/lib/python3/dist-packages")
        self.environment = {
            **os.environ,
            "LC_ALL": "C",
            "LD_LIBRARY_PATH": str(libraries),
            "PYTHONPATH": ":".join(map(str, modules)),
            "GI_TYPELIB_PATH": str(libraries / "girepository-1.0"),
            "OSINFO_SYSTEM_DIR": str(self.root / "usr/share/osinfo"),
            "XDG_CACHE_HOME": str(LIVE / "cache"),
        }

    def virsh(self, uri, *words):
        """A command line."""
        return [str(self.root / "usr/bin/virsh"), "-q", "-c", uri, *words]

    def python(self, uri, statements):
        """A command line that runs Python statements, with `libvirt`, and `conn` connected."""
        return [PYTHON, "-c", PROLOGUE, uri, statements]

    def tool(self, name, *words):
        """A command line: virt-xml or virt-install."""
        return [PYTHON, str(self.root / "usr/bin" / name), *words]

    def run(self, argv, stdin="", timeout=300, **environment):
        """Runs a command line, whatever comes of it: a CompletedProcess with text. timeout in seconds."""
        try:
            return subprocess.run(argv, env={**self.environment, **environment}, input=stdin, text=True,
                                  capture_output=True, timeout=timeout, check=False)
        except subprocess.TimeoutExpired:
            raise LabError(f"waited {timeout:g} s for the end of `{shlex.join(argv)}`") from None

    def start(self, argv):
        """Starts a command line that goes on meanwhile: a Popen with text pipes."""
        return subprocess.Popen(argv, env=self.environment, text=True, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def follow(self, argv, output):
        """Starts a command line that goes on meanwhile: a Popen that writes its lines to a file as they come."""
        with open(output, "w", encoding="utf-8") as file:
            return subprocess.Popen(["stdbuf", "-oL", *argv], env=self.environment, stdin=subprocess.DEVNULL,
                                    stdout=file, stderr=subprocess.STDOUT)


def uri(host, driver="qemu"):
    """Of a driver on a host of the lab, for clients on this machine."""
    wrapper = LIVE / "ssh-for-clients"
    if not wrapper.exists():
        # ssh_config names everything relative to LIVE. A client's ssh must not become the one that others share.
        wrapper.write_text(f"#!/bin/sh\ncd {shlex.quote(str(LIVE))} || exit\n"
                           "exec ssh -F ssh_config -o ControlMaster=no \"$@\"\n")
        wrapper.chmod(0o755)
    return f"{driver}+ssh://{host.name}/system?command={quote(str(wrapper))}"


def _unpacked():
    """Where the clients are; fetches them, and what they need and is not installed here, if that was not done yet."""
    packages = _missing()
    home = BUILD / f"clients-{digest.of(*packages)}"
    if not home.exists():
        say(f"fetching {', '.join(CLIENTS)} and what they need, to be unpacked only")
        BUILD.mkdir(parents=True, exist_ok=True)
        partial = pathlib.Path(tempfile.mkdtemp(prefix="clients.", dir=BUILD))
        try:
            _fetch(sorted({package.split()[0] for package in packages} | set(CLIENTS)), partial)
            partial.rename(home)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return home


def _missing():
    """What apt would install, as lines of name and version."""
    return to_install(_apt(["apt-get", "install", "--simulate", "--no-install-recommends", *CLIENTS]))


def fetch_for(host, packages, home, *options):
    """Fetches the .debs that apt-get, with options, would install on a host of the lab for `packages`.

    home: the directory for them. Returns their paths.
    """
    status = home / "status"
    status.write_text(host.read("/var/lib/dpkg/status"))
    lines = to_install(_apt(["apt-get", "install", "--simulate", "--no-install-recommends", *options,
                             "-o", f"Dir::State::status={status}", *packages]))
    _apt(["apt-get", "download", "-q", *(line.split()[0] for line in lines)], home)
    return sorted(home.glob("*.deb"))


def to_install(simulated):
    """Lines of name and version from the output of `apt-get install --simulate`."""
    return sorted(f"{name} {version}" for name, version in re.findall(r"^Inst (\S+) .*?\((\S+)", simulated, re.M))


def _fetch(packages, home):
    debs = home / "debs"
    debs.mkdir()
    _apt(["apt-get", "download", "-q", *packages], debs)
    for deb in sorted(debs.glob("*.deb")):
        subprocess.run(["dpkg-deb", "-x", deb, home], check=True)
    shutil.rmtree(debs)


def _apt(argv, directory=None):
    done = subprocess.run(argv, cwd=directory, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LabError(f"`{shlex.join(argv)}` failed; does `apt-get update` help? {done.stderr.strip()}")
    return done.stdout
