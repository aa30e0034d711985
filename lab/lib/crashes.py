# SPDX-License-Identifier: LGPL-2.1-or-later
"""Programs that have crashed on a host, which no scenario may overlook: a daemon that systemd starts again at once is
soon as good as new, and one RPC in a hundred has failed.

The kernel gives each core to `image/rootfs/usr/lib/lab/crashed`, which keeps it in /var/crash.
"""

import base64

from . import daemon, nodes, ssh
from .say import LabError

HOME = "/var/crash"
FORGET = f"rm -rf {HOME}"
LIST = f"mkdir -p {HOME} && cd {HOME} && ls"


def found():
    """What has crashed on the hosts since they were made clean: 'a: virtqemud-signal11-1700000000.core.gz'."""
    return [f"{node.name}: {core}" for node in nodes.HOSTS if daemon.pid(node.name) for core in _cores(node)]


def forget(host):
    """What has crashed on a Host until now was meant to."""
    host.shell(FORGET)


def _cores(node):
    done = ssh.run(node.name, ["sh", "-c", LIST])
    if done.returncode != 0:
        raise LabError(f"what has crashed on {node.name} cannot be told: {done.stderr.strip()}")
    return done.stdout.split()


def collect(node, home):
    """Copies the cores of a host to a directory."""
    for core in _cores(node):
        text = ssh.run(node.name, ["base64", f"{HOME}/{core}"], timeout=300).stdout
        (home / f"{node.name}.{core}").write_bytes(base64.b64decode(text))
