# SPDX-License-Identifier: LGPL-2.1-or-later
"""ssh into the machines of the lab, and between them. Keys are made at `up` and die with the lab."""

import shlex
import subprocess

from . import nodes
from .paths import LIVE
from .say import LabError, LabTimeout

# Paths are relative to LIVE, where ssh runs.
OPTIONS = """\
Host *
  User root
  HostName 127.0.0.1
  IdentityFile key
  IdentitiesOnly yes
  UserKnownHostsFile known_hosts
  StrictHostKeyChecking yes
  BatchMode yes
  LogLevel ERROR
  ControlMaster auto
  ControlPath %n.ssh
  ControlPersist yes
  ServerAliveInterval 15
"""


def make_keys():
    """One key for whoever logs in, one for each machine."""
    for name in ("key", *(f"{node}.hostkey" for node in nodes.NODES)):
        try:
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"lab {name}", "-f", LIVE / name],
                           check=True, stdin=subprocess.DEVNULL)
        except FileNotFoundError:
            raise LabError("ssh-keygen is missing; install openssh-client (see lab/packages)") from None
    (LIVE / "known_hosts").write_text(known_hosts())


def known_hosts():
    """Who is who, for the lab and for the hosts themselves."""
    return "".join(f"{name} {(LIVE / f'{name}.hostkey.pub').read_text()}" for name in nodes.NODES)


def set_ports(ports):
    """Writes the configuration; ports: machine -> TCP port on 127.0.0.1."""
    text = OPTIONS
    for name, port in ports.items():
        text += f"Host {name}\n  HostKeyAlias {name}\n  Port {port}\n"
    (LIVE / "ssh_config").write_text(text)


def command(host, argv, terminal=False):
    """The ssh command line that runs argv on a host, to be run in LIVE."""
    if not (LIVE / f"{host}.port").exists():
        raise LabError(f"{host} does not run; `lab up` starts the lab, `lab start {host}` gives a machine power again")
    ssh = ["ssh", "-F", "ssh_config"]
    if terminal:
        ssh.append("-t")
    return [*ssh, host, *(["--", shlex.join(argv)] if argv else [])]


def call(host, argv, terminal=False):
    """Runs argv on a host with our own three streams; returns its exit status."""
    return subprocess.run(command(host, argv, terminal), cwd=LIVE, check=False).returncode


def run(host, argv, stdin="", timeout=60):
    """Runs argv on a host; a CompletedProcess with text in stdout and stderr. timeout in seconds."""
    try:
        return subprocess.run(command(host, argv), cwd=LIVE, check=False, capture_output=True, text=True,
                              errors="replace", input=stdin, timeout=timeout)
    except subprocess.TimeoutExpired:
        raise LabTimeout(f"waited {timeout:g} s for the end of `{shlex.join(argv)}` on {host}") from None


def popen(host, argv):
    """Starts argv on a host: a Popen with text pipes."""
    return subprocess.Popen(command(host, argv), cwd=LIVE, text=True, errors="replace", stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def disconnect(host):
    """Ends the shared connection to a host, if there is one."""
    subprocess.run(["ssh", "-F", "ssh_config", "-O", "exit", host], cwd=LIVE, check=False,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=30)
