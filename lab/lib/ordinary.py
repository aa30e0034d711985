# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest as everybody has it, without vHBAs, on a LUN that both hosts see through their HBAs: to compare with."""

from concurrent import futures

from . import fabric, guest, target

NAME = "ordinary"


def start(a, b):
    """Starts it on host a; returns the guest.Watch of its life."""
    return start_on(a, show(a, b))


def show(*hosts):
    """Makes its LUN and shows it to hosts; returns the LUN's path there."""
    target.add(NAME, guest.DISK_SIZE, guest.image())
    for host in hosts:
        target.show(NAME, host.node.hba_wwpn)
    with futures.ThreadPoolExecutor() as pool:
        return set(pool.map(find, hosts)).pop()


def find(host):
    renew_hba(host)
    return host.wait_lun(target.identity(NAME))


def start_on(host, path):
    """Starts it on a host, on the LUN at that path; returns the guest.Watch of its life."""
    host.virsh("define", "/dev/stdin", stdin=guest.domain(NAME, f"<source dev='{path}'/>"))
    host.virsh("start", NAME)
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
