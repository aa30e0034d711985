# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest boots from a LUN that its disk names by the WWNs of a vHBA; without a LUN the error says so."""

from lib import fabric, guest, target, vhba

NAME = "bywwn"
P, _ = vhba.number(0)


def run(t):
    target.add("disk", guest.DISK_SIZE, guest.image())
    target.add("other", guest.DISK_SIZE)
    t.a.virsh("nodedev-define", "/dev/stdin", stdin=P.xml())
    t.a.virsh("define", "/dev/stdin", stdin=guest.domain(NAME, P.source()))
    no_lun(t)
    boots(t)
    several_luns(t)
    t.no_double_login()


def no_lun(t):
    error = t.a.virsh_refuses("start", NAME)
    t.contains(error, P.wwpn, "without a LUN the domain does not start, and the error names the vHBA")
    t.equal(t.a.names("list", "--name"), [], "nothing runs")
    # Whatever the start left, what follows begins with an inactive vHBA.
    t.a.attempt("virsh", "-q", "nodedev-destroy", P.name)


def boots(t):
    target.show("disk", P.wwpn)
    with guest.Watch(target.backing("disk")) as watch:
        t.a.virsh("start", NAME)
        watch.wait(40)
    t.equal(fabric.where(P.wwpn), "a", "the start of the domain has started the vHBA")
    t.contains(t.a.virsh("dumpxml", NAME), f"wwpn='{P.wwpn}'", "the live XML names the WWPN")
    t.contains(t.a.virsh("dumpxml", NAME), " dev='/dev/", "the live XML names the device as well")
    t.ok(" dev='/dev/" not in t.a.virsh("dumpxml", "--inactive", NAME), "the inactive XML does not")
    error = t.a.virsh_refuses("nodedev-destroy", P.name)
    t.contains(error, NAME, "the vHBA of a running domain is not destroyed, and the error names the domain")
    t.a.virsh("destroy", NAME)
    t.equal(watch.lost, [], "no write of the guest is lost")
    t.nothing_wrong(guest.check_disk(target.backing("disk")), "its disk is as it should be")
    t.nothing_wrong(guest.check_console(t.a.read(guest.console_path(NAME))), "its console is as it should be")


def several_luns(t):
    t.a.virsh("nodedev-destroy", P.name)
    target.show("other", P.wwpn, 1)
    t.a.virsh("nodedev-start", P.name)
    for name in ("disk", "other"):
        t.a.wait_lun(target.identity(name))
    error = t.a.virsh_refuses("start", NAME)
    t.contains(error, P.wwpn, "with two LUNs and no <lun> the domain does not start, and the error names the vHBA")
    t.a.virsh("undefine", NAME)
    t.a.virsh("define", "/dev/stdin", stdin=guest.domain(NAME, P.source("<lun unit='0'/>")))
    with guest.Watch(target.backing("disk")) as watch:
        t.a.virsh("start", NAME)
        watch.wait(20)
    t.ok(True, "with <lun> it starts from that LUN")
    t.a.virsh("destroy", NAME)
