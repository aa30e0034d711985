# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the hand-over scenarios share: a guest on a pair, and what must be true of two hosts afterwards."""

from . import fabric, guest, nodes, target, vhba

NAME = "guest"
LONGEST_GAP = 20.0  # seconds; two emulators deep on a busy machine, far below what a SCSI timeout would make


def define(host, pair, name=NAME, disk="disk", parent=""):
    """A LUN for both members of a pair, the pair, which is active, and the guest, which does not run yet.

    parent: of both vHBAs, as in vhba.Port.xml.
    """
    target.add(disk, guest.DISK_SIZE, guest.image())
    for port in pair:
        target.show(disk, port.wwpn)
    fabric.control("zone", "add", name, *(port.wwpn for port in pair), nodes.TARGET.hba_wwpn)
    pair.define(host, parent=parent)
    host.virsh("define", "/dev/stdin", stdin=guest.domain(name, pair.source()))


def prepare(host, pair):
    """As define, and the guest runs and has written: a guest.Watch."""
    define(host, pair)
    watch = guest.Watch(target.backing("disk"))
    try:
        host.virsh("start", NAME)
        watch.wait(20)
    except BaseException:
        watch.stop()
        raise
    return watch


def check_has_all(t, host, primary, secondary, when):
    """The guest runs on a host, on this primary; the secondary is idle beside it; no mark is left."""
    check_pair(t, host, primary, secondary, when)
    check_only(t, host, NAME, (primary, secondary), when)


def check_only(t, host, name, ports, when):
    """A host runs one guest, and knows these vHBAs and no others."""
    running, known = host.ask(("list", "--name"), ("nodedev-list", "--cap", "fc_host", "--all"))
    t.equal(running.split(), [name], f"{when}: the guest runs on {host.name}")
    t.equal(vhba.in_listing(known), sorted(port.name for port in ports), f"{when}: {host.name} knows no other vHBA")


def check_pair(t, host, primary, secondary, when, net=fabric.FIRST):
    """A pair is on a host, active and in these roles; no mark is left. net: the fabric that it is on."""
    states = vhba.wait_settled(host, primary, secondary)
    for port, role, state in zip((primary, secondary), ("primary", "secondary"), states):
        t.equal(net.where(port.wwpn), host.name, f"{when}: the fabric has {port.wwpn} at {host.name}")
        t.equal(state.role, role, f"{when}: {port.wwpn} is the {role} there")
        t.ok(state.survives, f"{when}: {port.wwpn} is active and will survive a boot", str(state))


def check_has_nothing(t, host, pair, when, others=()):
    """Nothing of the guest or its vHBAs is on a host; others: the domains that may be there."""
    left = [name for name in host.names("list", "--all", "--name") if name not in others]
    t.equal(left, [], f"{when}: no domain is on {host.name}")
    t.equal(vhba.left_on(host, pair), [], f"{when}: nothing of the pair is on {host.name}")


def check_writes(t, watch, since, when):
    """The guest has gone on writing since a time, without losing anything."""
    watch.wait(20)
    t.equal(watch.lost, [], f"{when}: no write is lost")
    t.nothing_wrong(watch.problems, f"{when}: the guest was never started anew")
    gap, _ = watch.longest_gap(since)
    t.ok(gap < LONGEST_GAP, f"{when}: the guest writes on", f"longest gap {gap:.2f} s")
    t.say(f"longest gap between two writes: {gap:.2f} s")


def take_console(host, name=NAME):
    """What the guest has said on a host since the last time; the file begins anew."""
    path = guest.console_path(name)
    return host.shell(f"cat {path}; : > {path}")


def finish(t, watch, last, consoles):
    """Stops the guest on its last host and judges its whole life; consoles: its hosts' parts, in order."""
    last.virsh("destroy", NAME)
    watch.stop()
    t.nothing_wrong(guest.check_disk(watch.path), "the guest's disk is as it should be")
    t.nothing_wrong(guest.check_console("".join(consoles)), "the guest's console is as it should be")
    t.no_double_login()
    no_contest(t)


def no_contest(t, *wwpns):
    """No host has asked for one of these WWPNs, of all if there are none, while another had it."""
    contests = [event for net, since in ((fabric.FIRST, t.fabric_mark), (fabric.SECOND, t.second_mark))
                for event in net.contests(since) if not wwpns or event["wwpn"] in wwpns]
    t.nothing_wrong(contests, "no host has asked for a WWPN while the other one had it")
