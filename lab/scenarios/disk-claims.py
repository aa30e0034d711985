# SPDX-License-Identifier: LGPL-2.1-or-later
"""A vHBA belongs to the guest that uses it, as long as that lives and no longer; a secondary's LUN is never used."""

from lib import guest, target, vhba

PAIR = vhba.number(0)
P, S = PAIR
SINGLE = vhba.number(1).primary
PAIRED = ("first", "second")
POOL = f"""<pool type='scsi'>
  <name>fc</name>
  <source><adapter type='fc_host' managed='yes' wwnn='{SINGLE.wwnn}' wwpn='{SINGLE.wwpn}'/></source>
  <target><path>/dev/disk/by-path</path></target>
</pool>
"""


def run(t):
    target.add("disk", guest.DISK_SIZE, guest.image())
    target.add("other", guest.DISK_SIZE, guest.image())
    for port in (P, S, SINGLE):
        for unit, name in enumerate(("disk", "other")):
            target.show(name, port.wwpn, unit)
    # The secondary last, so that udev's links by identity are its.
    for port, xml in PAIR.definitions():
        t.a.virsh("nodedev-define", "/dev/stdin", stdin=xml)
        t.a.virsh("nodedev-start", port.name)
        wait_luns(t, port)
    t.a.virsh("nodedev-define", "/dev/stdin", stdin=SINGLE.xml())
    idle_secondary(t)
    pair_serves_one(t)
    single_serves_many(t)
    pool_waits(t)
    deaths(t)
    power_cut(t)
    t.no_double_login()


# What is looked at

def wait_luns(t, port):
    """Waits until the LUNs of a vHBA have their devices."""
    host = t.a.fc_host(port.wwpn)
    for unit in (0, 1):
        t.a.shell(f"""
            udevadm settle
            udevadm wait --timeout=30 /sys/class/scsi_device/{host.removeprefix('host')}:0:0:{unit}/device/block/*""")


def device(t, port, unit=0):
    """The device of a LUN behind a vHBA."""
    number = t.a.fc_host(port.wwpn).removeprefix("host")
    return "/dev/" + t.a.shell(f"ls /sys/class/scsi_device/{number}:*:{unit}/device/block").strip()


def opened(t, name):
    """The SCSI disks that a guest's QEMU has open."""
    pid = t.a.read(f"/run/libvirt/qemu/{name}.pid").strip()
    return sorted(set(t.a.shell(f"readlink /proc/{pid}/fd/* | grep ^/dev/sd || true").split()))


def holders(t, port):
    """The domains that have a claim on a vHBA."""
    lines = t.a.shell(f"cat /run/libvirt/vhba/{port.wwpn} 2> /dev/null || true").splitlines()
    return sorted(line.split(" ", 1)[1] for line in lines)


def define(t, name, source):
    t.a.attempt("virsh", "-q", "undefine", name)
    t.a.virsh("define", "/dev/stdin", stdin=guest.domain(name, source))


def not_destroyed(t, port, names, what):
    """A vHBA is not destroyed, and the error says whose it is."""
    error = t.a.virsh_refuses("-c", "nodedev:///system", "nodedev-destroy", port.name)
    t.ok(any(name in error for name in names), f"{what}, the vHBA is not destroyed; the error says whose it is", error)


def is_free(t, port, what):
    t.equal(holders(t, port), [], f"{what}, nobody has a claim on the vHBA")
    t.a.virsh("nodedev-destroy", port.name)
    t.ok(True, f"{what}, the vHBA can be destroyed")


# The story

def idle_secondary(t):
    link = f"/dev/disk/by-id/wwn-0x{target.identity('disk')}"
    secondary = device(t, S)
    t.equal(t.a.run("readlink", "-f", link).strip(), secondary, "udev's link to the LUN leads to the idle secondary")
    lun = "<lun unit='0'/>"
    for what, source in (("the primary", P.source(lun)), ("the secondary", S.source(lun)),
                         ("that link", f"<source dev='{link}' model='vport'/>")):
        define(t, "first", source)
        t.a.virsh("start", "first")
        t.equal(opened(t, "first"), [device(t, P)], f"a disk that names {what} is the LUN behind the primary")
        t.equal((holders(t, P), holders(t, S)), (["first"], []), f"named by {what}, the primary is claimed")
        t.a.virsh("destroy", "first")


def pair_serves_one(t):
    define(t, "first", P.source("<lun unit='0'/>"))
    define(t, "second", P.source("<lun unit='1'/>"))
    t.a.virsh("start", "first")
    error = t.a.virsh_refuses("start", "second")
    t.contains(error, "first", "a pair serves one domain; the error says which")
    t.equal(holders(t, P), ["first"], "the one that was refused has no claim")
    not_destroyed(t, P, ["first"], "in use")
    t.a.virsh("destroy", "first")
    t.equal(holders(t, P), [], "the claim goes with the domain")


def single_serves_many(t):
    define(t, "first", SINGLE.source("<lun unit='0'/>"))
    define(t, "second", SINGLE.source("<lun unit='1'/>"))
    for name in PAIRED:
        t.a.virsh("start", name)
    t.equal(holders(t, SINGLE), ["first", "second"], "a vHBA without a partner serves several domains")
    t.a.virsh("destroy", "first")
    not_destroyed(t, SINGLE, ["second"], "while one of two domains runs")
    t.a.virsh("destroy", "second")
    is_free(t, SINGLE, "when both are gone")


def pool_waits(t):
    """A storage pool that manages its vHBA would delete it, too."""
    storage = ("-c", "storage:///system")
    t.a.run("systemctl", "start", "virtstoraged.service")
    t.a.virsh(*storage, "pool-define", "/dev/stdin", stdin=POOL)
    t.a.virsh(*storage, "pool-start", "fc")
    t.a.virsh("start", "first")
    error = t.a.virsh_refuses(*storage, "pool-destroy", "fc")
    t.contains(error, "'first'", "a pool does not delete a vHBA that a domain uses; the error says which domain")
    t.equal(holders(t, SINGLE), ["first"], "and the domain has it still")
    t.a.virsh("destroy", "first")
    t.a.virsh(*storage, "pool-destroy", "fc")
    t.equal(t.a.fc_host(SINGLE.wwpn), "", "when the domain is gone, the pool deletes it")
    t.a.virsh(*storage, "pool-undefine", "fc")


def deaths(t):
    define(t, "first", P.source("<lun unit='0'/>"))
    t.a.virsh("start", "first")
    kill_qemu(t)
    t.a.wait_domain("first", "shut off")
    is_free(t, P, "when QEMU was killed")

    t.a.virsh("start", "first")
    t.a.shell("systemctl kill --signal=KILL virtqemud.service")
    not_destroyed(t, P, ["first"], "when virtqemud was killed")
    t.a.shell("systemctl restart virtqemud.service")
    t.equal(t.a.names("list", "--name"), ["first"], "it finds the guest when it is back")
    t.equal(holders(t, P), ["first"], "with its claim")

    t.a.shell("rm /run/libvirt/vhba/*; systemctl restart virtqemud.service")
    t.a.virsh("domblkinfo", "first", "vda")
    t.equal(holders(t, P), ["first"], "a claim that somebody has removed is made again")

    t.a.shell("systemctl stop virtqemud.service virtqemud.socket virtqemud-ro.socket virtqemud-admin.socket")
    kill_qemu(t)
    not_destroyed(t, P, ["first"], "while nobody can tell that the guest is gone")
    t.a.shell("systemctl start virtqemud.service")
    t.a.wait_domain("first", "shut off")
    is_free(t, P, "when virtqemud is back and has seen that QEMU is gone")


def kill_qemu(t):
    """Kills the guest's QEMU; returns when the process is gone."""
    t.a.shell("pid=$(cat /run/libvirt/qemu/first.pid); kill -KILL $pid; tail --pid=$pid -f /dev/null")


def power_cut(t):
    t.a.virsh("start", "first")
    t.a.kill()
    t.a.start()
    t.equal(holders(t, P), [], "claims do not outlive the host")
    with guest.Watch(target.backing("disk")) as watch:
        t.a.virsh("start", "first")
        watch.wait(10)
    t.ok(True, "after a power cut the guest starts again")
    t.a.virsh("destroy", "first")
    is_free(t, P, "in the end")
