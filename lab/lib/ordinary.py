# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest as everybody has it, without vHBAs, on a LUN that both hosts see through their HBAs: to compare with."""

from . import fabric, guest, target

NAME = "ordinary"


def start(a, b):
    """Starts it on host a; returns the guest.Watch of its life."""
    target.add(NAME, guest.DISK_SIZE, guest.image())
    for host in (a, b):
        target.show(NAME, host.node.hba_wwpn)
        renew_hba(host)
    links = {host.wait_lun(target.identity(NAME)) for host in (a, b)}
    a.virsh("define", "/dev/stdin", stdin=guest.domain(NAME, f"<source dev='{links.pop()}'/>"))
    a.virsh("start", NAME)
    watch = guest.Watch(target.backing(NAME))
    watch.wait(20)
    return watch


def renew_hba(host):
    """An HBA to which the target had nothing to show when it logged in has been refused."""
    mark = fabric.mark()
    host.shell("echo fc0 > /sys/bus/fcoe/ctlr_destroy")
    fabric.wait_logout(host.node.hba_wwpn, since=mark)
    host.run("/usr/lib/lab/fc-up", "fc0")
    fabric.wait_login(host.node.hba_wwpn, host.name, since=mark)
