# SPDX-License-Identifier: LGPL-2.1-or-later
"""libvirt's daemons may be restarted under a running guest, in any order: its disks stay as they are, and its vHBA."""

from xml.etree import ElementTree

from lib import guest, target, vhba

NAME = "restarts"
PAIR = vhba.number(0)
P, S = PAIR
SCSI = "<controller type='scsi' model='virtio-scsi'/>"
PLUGGED = (f"<disk type='block' device='disk'><driver name='qemu' type='raw'/>{P.source('''<lun unit='1'/>''')}"
           "<target dev='sda' bus='scsi'/></disk>")

SOCKETS = "{0}.socket {0}-ro.socket {0}-admin.socket"
WAYS = {
    "virtqemud restarts, then virtnodedevd": "systemctl restart virtqemud; systemctl restart virtnodedevd",
    "virtnodedevd restarts, then virtqemud": "systemctl restart virtnodedevd; systemctl restart virtqemud",
    "both are killed": "systemctl kill -s KILL virtqemud virtnodedevd; systemctl restart virtqemud virtnodedevd",
    "both reload": "systemctl reload virtqemud virtnodedevd",
    "both are replaced, virtqemud first": f"""
        systemctl stop virtqemud virtnodedevd {SOCKETS.format('virtqemud')} {SOCKETS.format('virtnodedevd')}
        systemctl daemon-reload
        systemctl start virtqemud; systemctl start virtnodedevd""",
    "both are replaced, virtnodedevd first": f"""
        systemctl stop virtnodedevd virtqemud {SOCKETS.format('virtnodedevd')} {SOCKETS.format('virtqemud')}
        systemctl daemon-reload
        systemctl start virtnodedevd; systemctl start virtqemud""",
}


def run(t):
    target.add("disk", guest.DISK_SIZE, guest.image())
    target.add("more", guest.DISK_SIZE)
    for port in PAIR:
        target.show("disk", port.wwpn, 0)
        target.show("more", port.wwpn, 1)
    PAIR.define(t.a, autostart=False)
    xml = guest.domain(NAME, P.source("<lun unit='0'/>")).replace("<controller", SCSI + "<controller", 1)
    t.a.virsh("define", "/dev/stdin", stdin=xml)
    with guest.Watch(target.backing("disk")) as watch:
        t.a.virsh("start", NAME)
        watch.wait(10)
        for what, script in WAYS.items():
            restart(t, watch, what, script)
        t.say(f"longest gap in the guest's writes: {watch.longest_gap()[0]:.1f} s")
    t.a.virsh("destroy", NAME)
    t.equal(watch.lost + watch.problems, [], "no write of the guest is lost")
    t.nothing_wrong(guest.check_disk(target.backing("disk")), "its disk is as it should be")
    t.a.virsh("nodedev-destroy", P.name)
    t.ok(True, "the vHBA is free when the guest is gone")
    t.no_double_login()


def restart(t, watch, what, script):
    t.a.virsh("attach-device", NAME, "/dev/stdin", "--live", stdin=PLUGGED)
    before = state(t)
    t.a.shell(script)
    t.equal(state(t), before, f"{what}: the domain, its disks and its vHBAs are as before")
    error = t.a.virsh_refuses("nodedev-destroy", P.name)
    t.contains(error, NAME, f"{what}: the vHBA is still known to be in use")
    t.a.virsh("detach-disk", NAME, "sda", "--live")
    t.equal(list(disks(t)), ["vda"], f"{what}: a disk that was plugged in before is unplugged")
    watch.wait(10)
    t.ok(True, f"{what}: the guest goes on writing")


def disks(t, *options):
    """The <disk> elements of the domain: {target: text}."""
    domain = ElementTree.fromstring(t.a.run("virsh", "dumpxml", *options, NAME))
    return {disk.find("target").get("dev"): ElementTree.tostring(disk) for disk in domain.findall(".//disk")}


def state(t):
    """What libvirt tells of the domain, of its disks and of its vHBAs."""
    return [t.a.run("virsh", "domstate", "--reason", NAME), disks(t), disks(t, "--inactive"),
            *(t.a.run("virsh", command, port.name) for port in PAIR for command in ("nodedev-dumpxml", "nodedev-info"))]
