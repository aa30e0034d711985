# SPDX-License-Identifier: LGPL-2.1-or-later
"""virtlockd holds a lease for a LUN, whatever its path, as long as a guest uses it, and where it uses it."""

from lib import guest, handover, target, vhba
from lib.handover import NAME

PAIR = vhba.number(0)
OTHER = vhba.number(1).primary
LEASES = "/var/lib/libvirt/lockd/scsivolumes"
QEMU, LOCKD = "/etc/libvirt/qemu.conf", "/etc/libvirt/qemu-lockd.conf"


def run(t):
    hosts = (t.a, t.b)
    try:
        for host in hosts:
            host.shell(f"""
                for file in {QEMU} {LOCKD}; do cp $file $file.was; done
                mkdir -p {LEASES}
                echo 'lock_manager = "lockd"' >> {QEMU}
                echo 'scsi_lockspace_dir = "{LEASES}"' >> {LOCKD}
                systemctl restart virtqemud.service""")
        with handover.prepare(t.a, PAIR) as watch:
            story(t, watch)
    finally:
        for host in hosts:
            host.shell(f"""
                for domain in $(virsh -q list --name); do virsh -q destroy $domain; done
                for file in {QEMU} {LOCKD}; do mv $file.was $file; done
                systemctl restart virtqemud.service""")


def story(t, watch):
    lease = f"3{target.identity('disk')}"
    t.equal(leases(t.a), [lease], "the lease is the LUN's, by its SCSI identity")
    other_guest(t)
    t.a.virsh("migrate", "--live", "--persistent", "--undefinesource", NAME, "qemu+ssh://b/system", timeout=300)
    t.equal((leases(t.a), leases(t.b)), ([], [lease]), "the lease goes with the guest to another host")
    watch.wait(20)
    t.b.virsh("destroy", NAME)
    t.equal(leases(t.b), [], "and is gone when the guest is")
    t.equal(watch.lost + watch.problems, [], "no write of the guest is lost")
    t.nothing_wrong(guest.check_disk(target.backing("disk")), "its disk is as it should be")
    t.no_double_login()


def leases(host):
    return host.shell(f"ls {LEASES}").split()


def other_guest(t):
    """One that sees the same LUN by another vHBA, hence as another device."""
    target.show("disk", OTHER.wwpn)
    t.a.virsh("nodedev-define", "/dev/stdin", stdin=OTHER.xml())
    t.a.virsh("define", "/dev/stdin", stdin=guest.domain("other", OTHER.source()))
    error = t.a.virsh_refuses("start", "other")
    t.contains(error, "Lockspace resource", "no other guest starts from that LUN, be it by another path")
    t.equal(t.a.names("list", "--name"), [NAME], "the first one runs on")
    t.a.virsh("nodedev-destroy", OTHER.name)
    t.ok(True, "the vHBA of the one that was refused is free again")
    t.a.virsh("undefine", "other")
