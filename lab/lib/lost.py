# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest whose processor QEMU has lost on its way, which says nothing of libvirt.

Once in a few hundred migrations QEMU 7.2, in emulation inside emulation, leaves the guest with its processor at
f000:0000 and interrupts off, where no program has sent it. It does so without libvirt as well: the scenario
`qemu-alone` shows it.
"""

import re

from . import daemon, nodes, ssh
from .say import LabError

WHY = "QEMU has lost the processor of a guest (lab/lib/lost.py), so the scenario is played once more"
REGISTERS = ("for domain in $(virsh -q list --name); do "
             "virsh -q qemu-monitor-command \"$domain\" --hmp info registers; done")
FLAG_IF = 0x200


def is_lost(registers):
    """Whether `info registers` tells of such a processor."""
    at = re.search(r"^EIP=(\w+) EFL=(\w+)", registers, re.M)
    segment = re.search(r"^CS =(\w+)", registers, re.M)
    return bool(at and segment and segment[1] == "f000" and int(at[1], 16) == 0 and not int(at[2], 16) & FLAG_IF)


def any_guest():
    """Whether one of the guests that run on the hosts is lost."""
    return any(is_lost(processor) for node in nodes.HOSTS for processor in _processors(node))


def _processors(node):
    """What QEMU says of each guest's processor on a host; nothing of one that does not answer."""
    if not daemon.pid(node.name):
        return []
    try:
        return ssh.run(node.name, ["sh", "-c", REGISTERS], timeout=60).stdout.split("CPU#")
    except LabError:
        return []
