# SPDX-License-Identifier: LGPL-2.1-or-later
"""The small guest runs, migrates over a LUN that both hosts see, and is judged; no libvirt patch is needed."""

from lib import guest, target

NAME = "plain"
VPORTS = {"a": ("2101001b32a900f4", "2001001b32a900f4"), "b": ("2101001b32a900f6", "2001001b32a900f6")}


def run(t):
    link = shared_lun(t)
    disk = target.backing("disk")
    with guest.Watch(disk) as watch:
        t.a.virsh("define", "/dev/stdin", stdin=guest.domain(NAME, f"<source dev='{link}'/>"))
        t.a.virsh("start", NAME)
        watch.wait(40)
        t.ok(True, "the guest boots from its LUN and writes")
        migrate(t, watch)
        t.b.virsh("destroy", NAME)
    t.equal(watch.lost, [], "no write is lost")
    t.nothing_wrong(watch.problems, "nothing else is wrong with the writes")
    t.nothing_wrong(guest.check_disk(disk), "the guest's disk is as it should be")
    console = t.a.read(guest.console_path(NAME)) + t.b.read(guest.console_path(NAME))
    t.nothing_wrong(guest.check_console(console), "its console is as it should be")
    gap, _ = watch.longest_gap()
    t.say(f"{len(watch.times)} writes, longest gap {gap:.2f} s")


def shared_lun(t):
    """A LUN that a vport on each host sees; returns its link, the same on both."""
    target.add("disk", guest.DISK_SIZE, guest.image())
    for host in (t.a, t.b):
        wwpn, wwnn = VPORTS[host.name]
        target.show("disk", wwpn)
        host.vport_create(wwpn, wwnn)
        link = host.wait_lun(target.identity("disk"))
    return link


def migrate(t, watch):
    t.a.virsh("migrate", "--live", "--persistent", "--undefinesource", NAME, "qemu+ssh://b/system", timeout=300)
    t.equal(t.a.names("list", "--all", "--name"), [], "nothing is left on a")
    t.equal(t.b.names("list", "--name"), [NAME], "the guest runs on b")
    watch.wait(40)
    t.ok(True, "it writes on")
