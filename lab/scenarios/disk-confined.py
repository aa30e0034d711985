# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest gets at its LUNs and at no other: its /dev, cgroup, AppArmor profile and device owners follow the LUN.

AppArmor's profile has the volumes of storage pools, too.
"""

import re

from lib import guest, target, vhba

NAME = "confined"
P, _ = vhba.number(0)
LUNS = ("disk", "plugged", "strange")  # their units are 0, 1 and 2
PROFILES = "/etc/apparmor.d/usr.sbin.virtqemud /etc/apparmor.d/usr.lib.libvirt.virt-aa-helper"
CONFIG = "/etc/libvirt/qemu.conf"

SCSI = "<controller type='scsi' model='virtio-scsi'/>"
POOL = "<pool type='dir'><name>shelf</name><target><path>/var/tmp/shelf</path></target></pool>"
VOLUME = """
    <disk type='volume' device='disk'>
      <driver name='qemu' type='raw'/>
      <source pool='shelf' volume='book'/>
      <target dev='vdb' bus='virtio'/>
    </disk>
"""


def run(t):
    for unit, name in enumerate(LUNS):
        target.add(name, guest.DISK_SIZE, guest.image())
        target.show(name, P.wwpn, unit)
    t.a.virsh("nodedev-define", "/dev/stdin", stdin=P.xml())
    t.a.virsh("nodedev-start", P.name)
    disk, plugged, _ = (t.a.run("readlink", "-f", t.a.wait_lun(target.identity(name))).strip() for name in LUNS)
    xml = guest.domain(NAME, P.source("<lun unit='0'/>")).replace("<controller", SCSI + "<controller", 1)
    t.a.virsh("define", "/dev/stdin", stdin=xml)
    try:
        t.a.shell(f"apparmor_parser --replace {PROFILES}; systemctl restart virtqemud.service")
        everything_on(t, disk, plugged)
        volume_of_a_pool(t)
    finally:
        t.a.shell(f"apparmor_parser --remove {PROFILES}; systemctl restart virtqemud.service")
    try:
        t.a.shell(f"cp {CONFIG} {CONFIG}.was; echo 'namespaces = []' >> {CONFIG}; systemctl restart virtqemud.service")
        without_namespace(t, disk, plugged)
    finally:
        t.a.shell(f"mv {CONFIG}.was {CONFIG}; systemctl restart virtqemud.service")


def plugged_xml():
    return (f"<disk type='block' device='disk'><driver name='qemu' type='raw'/>{P.source('<lun unit=%r/>' % '1')}"
            "<target dev='sda' bus='scsi'/></disk>")


def pid(t):
    return t.a.read(f"/run/libvirt/qemu/{NAME}.pid").strip()


def block_devices(t):
    """The LUNs' devices on the host."""
    return t.a.shell("ls /dev/sd*").split()


def in_namespace(t):
    """The block devices in the guest's /dev, with their owners: {path: user}."""
    listing = t.a.run("nsenter", "-t", pid(t), "-m", "find", "/dev", "-type", "b", "-printf", "%p %u\n")
    return dict(line.split() for line in listing.splitlines())


def on_host(t):
    return dict(line.split() for line in t.a.shell("stat -c '%n %U' /dev/sd*").splitlines())


def by_cgroup(t):
    """The devices that a process in the guest's cgroup can open, be it root's."""
    return t.a.shell(f"""
        cgroup=/sys/fs/cgroup$(cut -d: -f3 /proc/{pid(t)}/cgroup)
        sh -c 'echo $$ > '$cgroup'/cgroup.procs
               for device in /dev/sd*; do
                   head -c 512 $device > /dev/null 2>&1 && echo $device
               done; true'""").split()


def profile(t):
    """The AppArmor profile of the guest's QEMU: (name, mode)."""
    return re.fullmatch(r"(\S+) \((\w+)\)\s*", t.a.read(f"/proc/{pid(t)}/attr/current")).groups()


def by_profile(t):
    """The devices that the profile of the guest allows."""
    name, _ = profile(t)
    return re.findall(r'"(/dev/sd\w+)" rwk', t.a.read(f"/etc/apparmor.d/libvirt/{name}.files"))


def opens_under_profile(t):
    """The devices that another QEMU under the guest's profile can open, be it root's."""
    name, _ = profile(t)
    return [device for device in block_devices(t) if t.a.attempt(
        "aa-exec", "-p", name, "--", "qemu-system-x86_64", "-M", "none", "-display", "none", "-nodefaults",
        "-blockdev", f"host_device,node-name=it,filename={device},read-only=on", "-qmp", "stdio",
        stdin='{"execute": "qmp_capabilities"}\n{"execute": "quit"}\n').returncode == 0]


def is_confined(t, when, devices, left=()):
    """left: devices that have been unplugged; libvirt leaves their nodes in the guest's /dev, to nobody's use."""
    t.equal(in_namespace(t), {**dict.fromkeys(devices, "libvirt-qemu"), **dict.fromkeys(left, "root")},
            f"{when}: in its /dev its LUNs alone are QEMU's, and no other LUN was ever there")
    t.equal(by_cgroup(t), devices, f"{when}: the cgroup lets it open its LUNs alone")
    t.equal(by_profile(t), devices, f"{when}: its AppArmor profile names its LUNs alone")


def everything_on(t, disk, plugged):
    with guest.Watch(target.backing("disk")) as watch:
        t.a.virsh("start", NAME)
        watch.wait(10)
        t.equal(profile(t)[1], "enforce", "the guest runs under AppArmor")
        is_confined(t, "started", [disk])
        t.a.virsh("attach-device", NAME, "/dev/stdin", "--live", stdin=plugged_xml())
        is_confined(t, "plugged", sorted([disk, plugged]))
        t.equal(opens_under_profile(t), sorted([disk, plugged]), "plugged: the profile is what the kernel enforces")
        t.a.virsh("detach-disk", NAME, "sda", "--live")
        is_confined(t, "unplugged", [disk], [plugged])
        watch.wait(10)
    t.equal(on_host(t), dict.fromkeys(block_devices(t), "root"), "on the host the devices are root's all the time")
    t.a.virsh("destroy", NAME)
    t.nothing_wrong(guest.check_disk(target.backing("disk")), "the guest has written as it should")


def volume_of_a_pool(t):
    storage = ("-c", "storage:///system")
    t.a.run("systemctl", "start", "virtstoraged.service")
    t.a.virsh(*storage, "pool-create", "/dev/stdin", "--build", stdin=POOL)
    t.a.virsh(*storage, "vol-create-as", "shelf", "book", "1M")
    t.a.virsh("attach-device", NAME, "/dev/stdin", "--config", stdin=VOLUME)
    t.a.virsh("start", NAME)
    name, mode = profile(t)
    t.equal((mode, '"/var/tmp/shelf/book" rwk' in t.a.read(f"/etc/apparmor.d/libvirt/{name}.files")),
            ("enforce", True), "the profile names the volume of a pool")
    t.a.virsh("destroy", NAME)
    t.a.virsh("detach-disk", NAME, "vdb", "--config")
    t.a.virsh(*storage, "vol-delete", "book", "--pool", "shelf")
    t.a.virsh(*storage, "pool-destroy", "shelf")


def without_namespace(t, disk, plugged):
    others = dict.fromkeys(block_devices(t), "root")
    t.a.virsh("start", NAME)
    t.equal(on_host(t), {**others, disk: "libvirt-qemu"}, "without a namespace the LUN's device is QEMU's")
    t.a.virsh("attach-device", NAME, "/dev/stdin", "--live", stdin=plugged_xml())
    t.equal(on_host(t), {**others, disk: "libvirt-qemu", plugged: "libvirt-qemu"}, "and that of one that is plugged in")
    t.a.virsh("detach-disk", NAME, "sda", "--live")
    t.equal(on_host(t), {**others, disk: "libvirt-qemu"}, "it is root's again when it is unplugged")
    t.a.virsh("destroy", NAME)
    t.equal(on_host(t), others, "and so is the other when the guest ends")
