# SPDX-License-Identifier: LGPL-2.1-or-later
"""A LUN behind a vHBA wherever a disk can appear: each form of the XML, and what is done with disks while they run.

What the guest writes, and what QEMU writes on its behalf, is read outside, at the storage. After each row the
claims on the vHBAs are what the disks in use need, no more and no less.
"""

import time
from dataclasses import dataclass
from typing import Callable
from xml.etree import ElementTree

from lib import fabric, guest, nodes, table, target, vhba
from lib.say import LabError

NAME = "matrix"
PAIR = vhba.number(0)
P, S = PAIR
Q, _ = vhba.number(1)
BIG = 8 << 20  # bytes; a qcow2 image of the guest's disk fits in
BOTH = {P.wwpn: [NAME], Q.wwpn: [NAME]}
ONE = {P.wwpn: [NAME]}
VIRTIO_SCSI = "<controller type='scsi' model='virtio-scsi'/>"
LSILOGIC = "<controller type='scsi' model='lsilogic'/>"
OVERLAY = f"/var/lib/libvirt/images/{NAME}.qcow2"


@dataclass(frozen=True)
class Row:
    """play: does it, given the scenario, with all checks. runs: the guest runs before and after it."""
    name: str
    play: Callable
    runs: bool = True
    always: bool = False  # even without LAB_FULL


def run(t):
    prepare(t)
    seconds = []
    with t.a.lun_timeout(10):
        for row in table.chosen(ROWS):
            t.say(f"row: {row.name}")
            begin = time.time()
            play(t, row)
            seconds.append((row.name, time.time() - begin))
        stop(t)
    t.equal(t.a.claims(), {}, "no claim is left")
    t.nothing_wrong(guest.check_disk(target.backing("disk")), "after all this the guest's disk is as it should be")
    t.no_double_login()
    for name, took in seconds:
        t.say(f"{took:6.1f} s  {name}")
    table.tell_left_out(t, ROWS)


def prepare(t):
    """The LUNs, and the vHBAs that show them: P and S the guest's own, Q three others."""
    t.a.run("mkdir", "-p", "/var/lib/libvirt/images")
    target.add("disk", guest.DISK_SIZE, guest.image())
    target.add("copy", guest.DISK_SIZE)
    target.add("big", BIG)
    target.add("late", guest.DISK_SIZE)
    for port in PAIR:
        target.show("disk", port.wwpn)
    target.show("big", Q.wwpn, 1)
    target.show("copy", Q.wwpn, 2)
    PAIR.define(t.a)
    t.a.virsh("nodedev-define", "/dev/stdin", stdin=Q.xml())


def play(t, row):
    """A row that fails is not the end: the next one begins with the guest anew."""
    try:
        if row.runs and NAME not in t.a.names("list", "--name"):
            t.a.virsh("define", "/dev/stdin", stdin=domain(P.source()))
            with guest.Watch(target.backing("disk")) as watch:
                t.a.virsh("start", NAME)
                watch.wait(5)
        row.play(t)
        t.equal(t.a.claims(), ONE if row.runs else {}, f"{row.name}: the claims are what the disks in use need")
    except LabError as error:
        t.ok(False, f"{row.name}: to its end", error)
        stop(t)


def stop(t):
    """Ends the guest, if there is one, with its definition."""
    t.a.attempt("virsh", "-q", "destroy", NAME)
    t.a.attempt("virsh", "-q", "undefine", NAME)


# XML


def domain(source, bus="virtio", device="disk", more="", controller=VIRTIO_SCSI):
    """The guest's domain; bus, device: its disk's; more: elements in the disk."""
    dev = "vda" if bus == "virtio" else "sda"
    return (guest.domain(NAME, source + more)
            .replace("<target dev='vda' bus='virtio'/>", f"<target dev='{dev}' bus='{bus}'/>")
            .replace("device='disk'", f"device='{device}'")
            .replace("cache='none'", "cache='none' error_policy='stop'")
            .replace("<on_reboot>destroy<", "<on_reboot>restart<")
            .replace("<serial ", controller + "<serial "))


def disk(source, dev, bus="scsi", device="disk", more=""):
    return (f"<disk type='block' device='{device}'><driver name='qemu' type='raw' cache='none'/>{source}"
            f"<target dev='{dev}' bus='{bus}'/>{more}</disk>")


def lun(unit):
    """The source that is a LUN of Q."""
    return Q.source(f"<lun unit='{unit}'/>")


def by_path(path):
    return f"<source dev='{path}' model='vport'/>"


def optional(source):
    return source.replace("<source ", "<source startupPolicy='optional' ")


def dump(t, *flags):
    return ElementTree.fromstring(t.a.virsh("dumpxml", NAME, *flags))


def find_disk(t, dev, *flags):
    """The element of a disk, None if there is none."""
    found = [one for one in dump(t, *flags).iter("disk") if one.find("target").get("dev") == dev]
    return found[0] if found else None


def sources(t, *flags):
    """What the disks' sources say: sorted pairs of WWPN and dev."""
    return sorted((one.get("wwpn", ""), one.get("dev", "")) for one in dump(t, *flags).findall(".//disk/source"))


# Forms: the guest is not there before, nor after


def boots(xml):
    """A row's play: a guest with this XML, which xml(t) returns, boots from its LUN."""
    def play(t):
        with guest.Watch(target.backing("disk")) as watch:
            t.a.virsh("create", "/dev/stdin", stdin=xml(t))
            watch.wait(5)
        t.equal(t.a.claims(), ONE, "it boots from its LUN, whose vHBA is claimed")
        t.a.virsh("destroy", NAME)
    return play


def lun_on_lsilogic(t):
    """SeaBIOS does not boot from it: QEMU answers the BIOS's TEST UNIT READY too late for it when a real LUN is asked.
    So the guest boots from another vHBA's LUN, and QEMU tells of this one."""
    t.a.virsh("create", "/dev/stdin", stdin=domain(P.source(), controller=LSILOGIC + disk(lun(1), "sda", device="lun")))
    t.equal(t.a.claims(), BOTH, "two LUNs of two vHBAs: both are claimed")
    tree = t.a.virsh("qemu-monitor-command", NAME, "--hmp", "info qtree")
    t.ok("dev: scsi-block" in tree.partition("dev: lsi53c895a")[2], "it is a scsi-block on an lsi53c895a", tree)
    qemu_io(t, "sda", "write -P 0x33 4096 4096")
    t.ok(reads_back("big", 0x33), "what is written to it is on its LUN")
    t.a.virsh("destroy", NAME)


def offline_snapshot(t):
    t.a.virsh("define", "/dev/stdin", stdin=domain(P.source()))
    words = ("snapshot-create-as", NAME, "--disk-only", "--no-metadata", "--diskspec", f"vda,file={OVERLAY}")
    t.contains(t.a.virsh_refuses(*words), "start the domain, paused if need be",
               "a guest that is shut off: refused, and the error says what to do")
    t.a.virsh("start", "--paused", NAME)
    t.a.virsh(*words)
    t.a.virsh("destroy", NAME)
    t.equal(find_disk(t, "vda").find("backingStore/source").get("wwpn"), P.wwpn, "started paused: the overlay is there")
    t.a.virsh("undefine", NAME)
    t.a.run("rm", OVERLAY)


def device_of(t, port):
    """The block device that a vHBA shows the LUN as."""
    return t.a.shell(f"""
        for dir in /sys/class/fc_host/{t.a.fc_host(port.wwpn)}/device/rport-*/target*/*/block/*; do
            echo /dev/${{dir##*/}}
        done""").strip()


def definitions(t):
    t.a.virsh("define", "--validate", "/dev/stdin", stdin=domain(P.source("<lun unit='0'/>")))
    inactive = t.a.virsh("dumpxml", "--inactive", NAME)
    t.a.virsh("define", "--validate", "/dev/stdin", stdin=inactive)
    t.equal(t.a.virsh("dumpxml", "--inactive", NAME), inactive, "what define was given back is the same definition")
    t.a.shell(f"EDITOR=\"sed -i s/unit=.0./unit=\\'5\\'/\" virsh edit {NAME}")
    t.equal(find_disk(t, "vda").find(".//lun").get("unit"), "5", "virsh edit changes the LUN")
    t.a.virsh("undefine", NAME)
    argv = t.a.virsh("domxml-to-native", "qemu-argv", "/dev/stdin", stdin=domain(P.source()))
    t.ok(device_of(t, P) in argv and t.a.claims() == {}, "domxml-to-native finds the device and claims nothing", argv)


# The running guest


def wait(t, event, done, timeout=60):
    """Waits until done(), which comes with an event of the domain. timeout in seconds."""
    t.a.wait_until(done, event, timeout, lambda: f"what the event {event} of {NAME} tells", domain=NAME)


def wait_console(t, timeout=60):
    """Waits until the guest says that it has written again. timeout in seconds."""
    t.a.shell(f"timeout {timeout} tail -n 0 -F {guest.console_path(NAME)} | grep -q -m 1 '^c '", timeout=timeout + 30)


def told(t):
    device = device_of(t, P)
    t.equal(sources(t), [(P.wwpn, device)], "the live XML tells WWPN and device")
    t.equal([sources(t, flag) for flag in ("--inactive", "--migratable")], [[(P.wwpn, "")]] * 2,
            "the inactive and the migratable XML tell no device")
    t.contains(t.a.virsh("domblklist", NAME), device, "domblklist tells the device")
    t.contains(t.a.virsh("domblkinfo", NAME, "vda"), str(guest.DISK_SIZE), "domblkinfo tells its size")
    t.equal(t.a.virsh("domblklist", NAME, "--inactive").split()[-1], f"vhba://{P.wwnn}:{P.wwpn}/",
            "and of the definition, which has none, the vHBA")
    before = writes(t)
    wait_console(t)
    t.ok(writes(t) > before, "domblkstat counts the guest's writes")


def writes(t):
    lines = t.a.virsh("domblkstat", NAME, "vda").splitlines()
    return next(int(line.split()[2]) for line in lines if " wr_req " in line)


def plug(t, xml, *flags):
    t.a.virsh("attach-device", NAME, "/dev/stdin", "--live", *flags, stdin=xml)


def unplug(t, dev):
    xml = ElementTree.tostring(find_disk(t, dev), encoding="unicode")
    t.a.virsh("detach-device", NAME, "/dev/stdin", "--live", stdin=xml)


def qemu_io(t, dev, command):
    """Does I/O on a disk as its guest would; returns what QEMU says of it."""
    alias = find_disk(t, dev).find("alias").get("name")
    return t.a.virsh("qemu-monitor-command", NAME, "--hmp", f'qemu-io -d {alias} "{command}"')


def reads_back(name, byte):
    return target.backing(name).read_bytes()[4096:8192] == bytes([byte]) * 4096


def plugged(t):
    error = t.a.virsh_refuses("attach-device", NAME, "/dev/stdin", "--live", stdin=disk(Q.source(), "sda"))
    t.contains(error, "several LUNs", "of several LUNs one has to be named")
    t.equal(t.a.claims(), ONE, "what could not be plugged in is not claimed")
    for device in ("disk", "lun"):
        plug(t, disk(lun(1), "sda", device=device))
        if device == "disk":
            qemu_io(t, "sda", "write -P 0x5a 4096 4096")
            t.ok(reads_back("big", 0x5A), "what is written to a plugged disk is on its LUN")
        t.equal(t.a.claims(), BOTH, f"device='{device}': its vHBA is claimed")
        unplug(t, "sda")
        t.equal((find_disk(t, "sda"), t.a.claims()), (None, ONE), f"device='{device}': unplugged by its XML")
    t.a.virsh("nodedev-destroy", Q.name)
    plug(t, disk(lun(1), "sda"))
    t.equal(fabric.where(Q.wwpn), "a", "to plug a disk starts its vHBA")
    plug(t, disk(lun(2), "sdb"))
    unplug(t, "sda")
    t.equal(t.a.claims(), BOTH, "the vHBA is claimed as long as one disk is left")
    unplug(t, "sdb")
    t.a.virsh("attach-device", NAME, "/dev/stdin", "--config", stdin=disk(lun(1), "sda"))
    t.equal((find_disk(t, "sda"), find_disk(t, "sda", "--inactive").find("source").get("dev")), (None, None),
            "plugged in for the next start only: no device yet")
    t.a.virsh("detach-disk", NAME, "sda", "--config")


def read_only(t):
    plug(t, disk(lun(1), "sda", more="<readonly/>"))
    before = target.backing("big").read_bytes()
    answer = qemu_io(t, "sda", "write -P 0x11 4096 4096")
    t.contains(answer, "read-only", "to write to a read-only disk is refused")
    t.ok(target.backing("big").read_bytes() == before, "and nothing is written to its LUN")
    plug(t, disk(lun(2), "sdb", more="<shareable/>"))
    t.ok(find_disk(t, "sdb").find("shareable") is not None, "a shareable disk beside it")
    unplug(t, "sda")
    unplug(t, "sdb")


def media(t):
    plug(t, "<disk type='file' device='cdrom'><driver name='qemu' type='raw' cache='none'/>"
            "<target dev='sdc' bus='scsi'/><readonly/></disk>")
    for unit in (1, 2):
        t.a.virsh("update-device", NAME, "/dev/stdin", "--live", stdin=disk(lun(unit), "sdc", device="cdrom"))
        t.equal(t.a.claims(), BOTH, f"LUN {unit} is a medium that is put in: its vHBA is claimed")
    error = t.a.virsh_refuses("update-device", NAME, "/dev/stdin", "--live", stdin=disk(lun(9), "sdc", device="cdrom"))
    t.contains(error, "no usable LUN 9", "a medium that is not there is refused")
    t.equal(find_disk(t, "sdc").find(".//lun").get("unit"), "2", "and the old one stays")
    t.a.virsh("change-media", NAME, "sdc", "--eject", "--live")
    left = find_disk(t, "sdc").find("source")
    t.equal(({} if left is None else {**left.attrib, "index": ""}, t.a.claims()), ({"index": ""}, ONE),
            "ejected: no source is left but its number, and its vHBA is not claimed")
    unplug(t, "sdc")


def updated(t):
    xml = ElementTree.tostring(find_disk(t, "vda"), encoding="unicode")
    t.a.virsh("update-device", NAME, "/dev/stdin", "--live", stdin=optional(xml))
    t.equal(find_disk(t, "vda").find("source").get("startupPolicy"), "optional", "update-device takes the same LUN")
    error = t.a.virsh_refuses("update-device", NAME, "/dev/stdin", "--live", stdin=disk(lun(1), "vda", "virtio"))
    t.contains(error, "source can be changed only in removable", "and no other one")


def unplugged_at_reset(t):
    plug(t, disk(lun(2), "vdb", "virtio"))
    boot = guest.Disk(target.backing("disk")).boot()
    unplug(t, "vdb")
    t.equal((find_disk(t, "vdb") is None, t.a.claims()), (False, BOTH),
            "this guest does not let go of a PCI disk: it stays, and so does the claim")
    t.a.virsh("reset", NAME)
    wait(t, "device-removed", lambda: find_disk(t, "vdb") is None)
    with guest.Watch(target.backing("disk")) as watch:
        watch.wait(5)
        t.equal(watch.boot, boot + 1, "the guest is reset and boots from its LUN again")
    t.equal((find_disk(t, "vdb"), t.a.claims()), (None, ONE), "the reset has removed the disk and the claim")


def saved(t):
    with guest.Watch(target.backing("disk")) as watch:
        watch.wait(5)
        t.a.virsh("save", NAME, f"/var/lib/libvirt/images/{NAME}.save")
        t.equal(t.a.claims(), {}, "a saved guest claims nothing")
        t.a.virsh("restore", f"/var/lib/libvirt/images/{NAME}.save")
        watch.wait(5)
        t.a.virsh("managedsave", NAME)
        t.a.virsh("start", NAME)
        watch.wait(5)
    t.equal(watch.lost + watch.problems, [], "save and restore, managedsave and start: no write is lost")


def overlay(t):
    t.a.virsh("snapshot-create-as", NAME, "--disk-only", "--no-metadata", "--diskspec", f"vda,file={OVERLAY}")
    t.equal(find_disk(t, "vda").find("backingStore/source").get("wwpn"), P.wwpn, "the LUN is below the overlay")
    t.equal(find_disk(t, "vda", "--inactive").find("backingStore/source").get("dev"), None,
            "in the definition without a device")
    t.equal(t.a.claims(), ONE, "and its vHBA is claimed")
    t.a.virsh("destroy", NAME)
    t.a.virsh("start", NAME)
    wait_console(t)
    t.equal(find_disk(t, "vda").find("backingStore/source").get("dev"), device_of(t, P),
            "the next start finds the LUN below the overlay again")
    t.equal(t.a.claims(), ONE, "and claims its vHBA")
    with guest.Watch(target.backing("disk")) as watch:
        t.a.virsh("blockcommit", NAME, "vda", "--active", "--pivot", "--wait")
        watch.wait(5)
    t.a.run("rm", OVERLAY)
    t.equal(sources(t), [(P.wwpn, device_of(t, P))], "committed and pivoted: the guest writes to its LUN again")


def image_on_lun(t):
    xml = ("<domainsnapshot><disks><disk name='vda' type='block'><driver type='qcow2'/>%s</disk></disks>"
           "</domainsnapshot>")
    words = ("snapshot-create", NAME, "/dev/stdin", "--disk-only", "--no-metadata")
    t.contains(t.a.virsh_refuses(*words, stdin=xml % lun(9)), "no usable LUN 9", "no snapshot to a LUN that is missing")
    t.a.virsh(*words, stdin=xml % lun(1))
    t.equal(t.a.claims(), BOTH, "a snapshot whose image is a LUN: both vHBAs are claimed")
    t.equal(target.backing("big").read_bytes()[:4], b"QFI\xfb", "the LUN has the image")
    t.a.virsh("blockpull", NAME, "vda", "--wait")
    t.equal(t.a.claims(), {Q.wwpn: [NAME]}, "pulled into the image: the LUN below is not claimed any more")
    t.a.virsh("destroy", NAME)
    t.a.virsh("start", NAME)
    wait_console(t)
    t.ok(writes(t) > 0, "the guest starts from the image on the LUN, and writes")
    t.equal(sources(t, "--inactive"), [(Q.wwpn, "")], "the definition names that LUN, and no device")
    copy_back(t)


def block_copy(t, to, *options):
    return t.a.virsh("blockcopy", NAME, "vda", "--xml", "/dev/stdin", "--transient-job", *options,
                     stdin=disk(to, "vda", "virtio"))


def copy_back(t):
    with guest.Watch(target.backing("disk")) as watch:
        block_copy(t, P.source(), "--wait", "--pivot")
        watch.wait(5)
    t.equal((sources(t), sources(t, "--inactive")), ([(P.wwpn, device_of(t, P))], [(P.wwpn, "")]),
            "copied from LUN to LUN and pivoted: the guest writes to the new one")
    t.equal(t.a.claims(), ONE, "the vHBA of the old one is not claimed any more")


def copied(t):
    error = t.a.virsh_refuses("blockcopy", NAME, "vda", "--xml", "/dev/stdin", "--transient-job",
                              stdin=disk(lun(9), "vda", "virtio"))
    t.contains(error, "no usable LUN 9", "no copy to a LUN that is not there")
    block_copy(t, lun(2), "--wait")
    t.equal(t.a.claims(), BOTH, "while it is copied, both are claimed")
    t.equal(find_disk(t, "vda").find("mirror/source").get("wwpn"), Q.wwpn, "the live XML tells where it is copied to")
    t.a.virsh("blockjob", NAME, "vda", "--abort")
    t.equal(target.backing("copy").read_bytes()[:512], target.backing("disk").read_bytes()[:512], "the copy is there")


def backed_up(t):
    xml = (f"<domainbackup mode='push'><disks><disk name='vda' type='block'><driver type='qcow2'/>"
           f"{lun(1).replace('source', 'target')}</disk></disks></domainbackup>")
    with open(target.backing("big"), "r+b") as file:
        file.write(bytes(4096))
    t.a.virsh("backup-begin", NAME, "/dev/stdin", stdin=xml)
    wait(t, "job-completed", lambda: "None" in t.a.virsh("domjobinfo", NAME))
    t.equal(target.backing("big").read_bytes()[:4], b"QFI\xfb", "a backup that is pushed to a LUN is there")


def mapped_later(t):
    target.show("late", Q.wwpn, 5)
    plug(t, disk(lun(5), "sda"))
    qemu_io(t, "sda", "write -P 0x77 4096 4096")
    t.ok(reads_back("late", 0x77), "a LUN that was mapped while the guest ran is found, plugged, and written to")
    unplug(t, "sda")


def resized(t):
    plug(t, disk(lun(5), "sda"))
    larger = 2 * guest.DISK_SIZE
    target.resize("late", larger)
    device = find_disk(t, "sda").find("source").get("dev")
    t.a.shell(f"echo 1 > /sys/block/{device.rsplit('/', 1)[1]}/device/rescan")
    info = t.a.virsh("domblkinfo", NAME, "sda").split()
    t.equal(info[info.index("Physical:") + 1], str(larger), "domblkinfo tells the size that the host has asked for")
    t.a.virsh("blockresize", NAME, "sda", "--capacity")
    info = t.a.virsh("domblkinfo", NAME, "sda").split()
    t.equal(info[info.index("Capacity:") + 1], str(larger), "and blockresize --capacity tells the guest")
    unplug(t, "sda")


def unmapped(t):
    with guest.Watch(target.backing("disk")) as watch:
        watch.wait(5)
        target.unmap(P.wwpn, 0)
        wait(t, "io-error", lambda: t.a.virsh("domstate", NAME) == "paused")
        t.equal(t.a.virsh("domstate", NAME, "--reason"), "paused (I/O error)", "a LUN that is unmapped stops the guest")
        t.contains(t.a.virsh("domblkerror", NAME), "vda: unspecified error", "domblkerror tells which disk")
        target.show("disk", P.wwpn)
        t.a.virsh("resume", NAME)
        watch.wait(5)
    t.equal(watch.lost + watch.problems, [], "mapped again and resumed: the guest goes on and has lost no write")


ROWS = (
    Row("virtio, by WWNs", boots(lambda t: domain(P.source())), runs=False),
    Row("scsi, by the secondary's WWNs, boot order, shareable", boots(
        lambda t: domain(S.source(), "scsi", more="<boot order='1'/><shareable/>").replace("<boot dev='hd'/>", "")),
        runs=False, always=True),
    Row("sata, by a link that may lead to the idle secondary", boots(
        lambda t: domain(by_path(t.a.wait_lun(target.identity("disk"))), "sata")), runs=False, always=True),
    Row("sata, by the idle secondary's own device", boots(
        lambda t: domain(by_path(device_of(t, S)), "sata")), runs=False),
    Row("device='lun' on virtio-scsi, by unit and target", boots(
        lambda t: domain(P.source(f"<lun unit='0' target='{nodes.TARGET.hba_wwpn}'/>"), "scsi", "lun")), runs=False),
    Row("device='lun' on lsilogic, libvirt's default", lun_on_lsilogic, runs=False),
    Row("startupPolicy: an optional disk without a LUN is dropped", boots(
        lambda t: domain(P.source(), controller=VIRTIO_SCSI + disk(optional(lun(9)), "sdb"))), runs=False),
    Row("define, edit, domxml-to-native", definitions, runs=False),
    Row("offline snapshot", offline_snapshot, runs=False),
    Row("dumpxml, domblklist, domblkinfo, domblkstat", told, always=True),
    Row("plug and unplug", plugged, always=True),
    Row("read-only, shareable", read_only),
    Row("media", media, always=True),
    Row("update-device", updated),
    Row("unplug at reset", unplugged_at_reset),
    Row("save, restore, managedsave", saved),
    Row("overlay, commit", overlay, always=True),
    Row("snapshot and pull into a LUN, copy back", image_on_lun, always=True),
    Row("copy from LUN to LUN", copied),
    Row("backup to a LUN", backed_up, always=True),
    Row("mapped late", mapped_later),
    Row("resized", resized),
    Row("unmapped", unmapped),
)
